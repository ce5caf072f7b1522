"""The notebooks stay thin, in step with their .py and with the stages, and safe to run twice."""

import ast
import dataclasses
import hashlib
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
import papermill
import pytest
import warm
from attach_pictures import attachments
from jupyter_client.provisioning import local_provisioner
from stamp_address import badges, source, stamped
from triples_world import write_world
from varied import seed

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.esphome.certificate import certify
from mwwkit.evaluation.exported import Exported
from mwwkit.presets.parameters import RUN_WIDE
from mwwkit.report.key_facts import read_report
from mwwkit.run.checkpoint import completed
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.run.settings import RunSettings

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = [FOLDER / f"{name}.py" for name in chain.NOTEBOOKS.values()]
COMMON = {"RUN_DIR", "PREVIOUS", "PRESET", "BUDGET_GB", "SESSION_HOURS", "WORKERS", "MWWKIT"}
ORDER = [
    "Parameters",
    "Setup",
    "Record",
    "Compare",
    "Plan",
    "Listen",
    "Run",
    "Look",
    "Check",
    "Good enough?",
    "Next",
    "Triples",
]
each_notebook = pytest.mark.parametrize("py", NOTEBOOKS, ids=lambda p: p.stem)
each_stage = pytest.mark.parametrize("stage", chain.NOTEBOOKS)


def code(py: Path) -> list[str]:
    return [cell.source for cell in jupytext.read(py).cells if cell.cell_type == "code"]


def parameter_cells(py: Path) -> list[list[str]]:
    """The lines of the few that people change, and those of the rest, which are tagged."""
    cells = [cell for cell in jupytext.read(py).cells if cell.cell_type == "code"][:2]
    assert [cell.metadata.get("tags", []) for cell in cells] == [[], ["parameters"]]
    lines = [cell.source.splitlines() for cell in cells]
    return [[line for line in each if line and not line.startswith("# ")] for each in lines]


def parameter_lines(py: Path) -> list[str]:
    return sum(parameter_cells(py), [])


def test_there_are_five_and_no_others():
    assert sorted(FOLDER.glob("*.py")) == NOTEBOOKS
    assert sorted(FOLDER.glob("*.ipynb")) == [py.with_suffix(".ipynb") for py in NOTEBOOKS]


@each_notebook
def test_the_ipynb_is_its_py_without_outputs(py):
    def content(notebook):
        return [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in notebook.cells]

    ipynb = nbformat.read(py.with_suffix(".ipynb"), as_version=4)
    assert content(ipynb) == content(jupytext.read(py)), "run: make notebooks"
    assert not any(c.get("outputs") or c.get("execution_count") for c in ipynb.cells)
    assert ipynb.metadata.kernelspec.name == "python3"
    pictures = [cell.get("attachments", {}) for cell in ipynb.cells]
    assert pictures == [attachments(c.source) for c in ipynb.cells], "run: make notebooks"
    assert sum(map(len, pictures)) >= 2


@each_notebook
def test_cells_call_mwwkit_and_define_nothing(py):
    logic = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.With)
    for cell in code(py):
        assert not [n.lineno for n in ast.walk(ast.parse(cell)) if isinstance(n, logic)]
        is_table = "\nRUN_DIR = " in f"\n{cell}"  # the rest: literals only, as tested below
        assert cell.count("\n") < 40 or is_table
        assert not re.search(r"^[!%]", cell, re.MULTILINE), "a shell line goes on after a failure"


@each_notebook
def test_the_cells_come_in_the_same_order(py):
    notebook = jupytext.read(py)
    title, *rest = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    for column in ("**Reads**", "**Writes**", "**Takes**"):
        assert column in title
    heads = [text.splitlines()[0][3:] for text in rest if text.startswith("## ")]
    assert [h for h in ORDER if h in heads] == heads
    assert {"Parameters", "Setup", "Plan", "Run", "Check", "Good enough?", "Next"} <= set(heads)


def test_the_install_cell_is_the_same_text_in_all_five():
    cells = {next(c for c in code(py) if "find_spec" in c) for py in NOTEBOOKS}
    assert len(cells) == 1


@each_notebook
def test_the_project_s_address_is_pyproject_s(py):
    assert stamped(py) == py.read_text(encoding="utf-8"), "run: make notebooks"
    title = jupytext.read(py).cells[0].source
    assert badges(py) in title.splitlines()
    assert source() in code(py)[2].splitlines()


@each_notebook
def test_next_says_what_to_attach_to_the_next(py):
    number = int(py.stem[:2])
    [told] = [c.source for c in jupytext.read(py).cells if c.source.startswith("## Next")]
    wanted = f"Then {number + 1:02d}." if number < 5 else "`export/`"
    assert wanted in told and "ttach" in told


@each_notebook
def test_a_parameter_is_a_literal_on_a_line_of_its_own_and_is_read(py):
    for line in parameter_lines(py):
        assert line.count("=") == 1, "papermill drops it: " + line
        assert re.fullmatch(r"[A-Z0-9_]+ = \S.*  # \S.*", line), (
            "a comment tells its meaning: " + line
        )
        ast.literal_eval(ast.parse(line).body[0].value)
    few, rest = ([line.split(" = ")[0] for line in lines] for lines in parameter_cells(py))
    assert set(papermill.inspect_notebook(str(py.with_suffix(".ipynb")))) == set(rest)
    assert 3 <= len(few) <= 8 and not set(few) & set(rest)
    names = {*few, *rest}
    tree = ast.parse("\n".join(code(py)))
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    assert names <= read | set(taken(tree)), "a parameter that nothing reads"


@each_stage
def test_what_papermill_hands_over_counts_over_both_cells_of_parameters(
    stage, tmp_path, monkeypatch
):
    notebook = nbformat.read(chain.notebook(stage), 4)
    last = next(
        n for n, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", [])
    )
    probe = nbformat.v4.new_code_cell("print((PRESET, MWWKIT, PREVIOUS))")
    notebook.cells = [*notebook.cells[: last + 1], probe]
    nbformat.write(notebook, tmp_path / "small.ipynb")
    monkeypatch.setattr(chain, "notebook", lambda stage: tmp_path / "small.ipynb")
    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    here = Run.of(str(tmp_path / "run"))
    list(chain.execute([chain.Job(stage, {"PRESET": "demo", "MWWKIT": "a.whl"})], here))
    few, rest = ("\n".join(lines) for lines in parameter_cells(NOTEBOOKS[int(stage) - 1]))
    assert "PRESET = " in few and "MWWKIT = " in rest
    log = (here / "logs" / f"{chain.NOTEBOOKS[stage]}.log").read_text("utf-8").splitlines()
    assert "('demo', 'a.whl', 'auto')" in log
    assert not any("unknown parameter" in line for line in log)


def taken(tree: ast.Module) -> Iterator[str]:
    """The parameters that a notebook's `Config.from_parameters(globals())` read."""
    known = {}  # what the notebook's own imports bring
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("mwwkit."):
            for name in node.names:
                module = importlib.import_module(node.module)
                found = getattr(module, name.name, None)
                known[name.name] = found or importlib.import_module(f"{node.module}.{name.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "from_parameters":
            config = eval(ast.unparse(node.value), known)
            yield from (field.name.upper() for field in dataclasses.fields(config))


def test_a_parameter_that_is_left_out_is_told():
    cells = "from mwwkit.run.session import Limits\nlimits = Limits.from_parameters(globals())"
    assert set(taken(ast.parse(cells))) == {"BUDGET_GB", "SESSION_HOURS", "WORKERS"}
    given = {"BUDGET_GB": 1.0, "SESSION_HOURS": 0.0}
    told = "^the parameter WORKERS is missing, which mwwkit.run.session.Limits reads; put its line"
    with pytest.raises(ValueError, match=told):
        Limits.from_parameters(given)


def fields(stage):
    """name -> default of all that a notebook can set: of its stage, in 01 of both products."""
    modules = [chain.SECTIONS[stage], *(["triples"] if stage == "01" else [])]
    configs = [importlib.import_module(f"mwwkit.stages.{name}").Config for name in modules]
    given = {"PRODUCT": "clips"} if stage == "01" else {}
    return given | {f.name.upper(): f.default for c in configs for f in dataclasses.fields(c)}


@each_stage
def test_a_notebook_can_set_what_its_stage_can_and_starts_from_the_same(stage):
    cell = chain.parameters(stage)
    wanted = fields(stage)
    assert cell.keys() - COMMON == wanted.keys() - {"PRESET"}
    assert COMMON <= cell.keys()
    for name, default in wanted.items():
        value = tuple(cell[name]) if isinstance(cell[name], list) else cell[name]
        said_by_run = stage != "01" and name in RUN_WIDE
        stands_for = "" if default is dataclasses.MISSING else default
        assert value == (None if said_by_run else stands_for), name


@each_stage
def test_the_four_names_of_a_stage_are_there(stage):
    module = importlib.import_module(f"mwwkit.stages.{chain.SECTIONS[stage]}")
    for name in ("Config", "plan", "run", "check"):
        assert getattr(module, name).__doc__


@pytest.mark.parametrize("name", presets.names())
def test_every_key_of_a_preset_is_taken_by_its_notebook_and_is_no_nonsense(name, tmp_path):
    preset = {"all": {"word": "computer"}} | presets.load(name)
    for job in chain.plan(list(chain.NOTEBOOKS), preset, {}, tmp_path):
        config = importlib.import_module(f"mwwkit.stages.{chain.SECTIONS[job.stage]}").Config
        fields = {field.name.upper() for field in dataclasses.fields(config)}
        config(**{n.lower(): v for n, v in job.given.items() if n in fields})


def digests(run: Path) -> dict[str, str]:
    """SHA-256 of every file the stages made; executed notebooks and logs are made anew."""
    files = [f for f in sorted(run.rglob("*")) if f.is_file()]
    made = [f for f in files if f.relative_to(run).parts[0] not in chain.OUR_OWN]
    return {str(f.relative_to(run)): hashlib.sha256(f.read_bytes()).hexdigest() for f in made}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """All five notebooks with the smallest preset."""
    pytest.importorskip("espeakng_loader", reason="install the extra tts")
    pytest.importorskip("tflite_micro", reason="install the extra tflm")
    folder = tmp_path_factory.mktemp("notebooks") / "a run"
    given = {"SEED": str(seed(42)), "WORKERS": "1"}
    return chain.plan(list(chain.NOTEBOOKS), presets.load("fast_test"), given, folder)


@pytest.fixture(scope="module")
def whole(jobs):
    """The run after all five, in kernels that are warm, and their executed copies."""
    here = Run.of(jobs[0].given["RUN_DIR"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_provisioner, "launch_kernel", warm.launch)
        return here, list(chain.execute(jobs, here))


def test_all_stages_end_to_end_and_a_second_run_makes_nothing(jobs, whole, monkeypatch):
    here, done = whole
    assert [one.name for one in done] == list(chain.NOTEBOOKS.values())
    first, state = digests(here.folder), chain.snapshot(here)
    [manifest] = [f for f in (here / "export").glob("*.json") if certify(f).ok]
    assert manifest.with_suffix(".tflite").is_file()

    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    list(chain.execute(jobs, here))
    assert digests(here.folder) == first
    assert chain.snapshot(here) == state, "a file was written again"


def test_each_plan_says_where_its_values_come_from_and_the_run_keeps_what_is_its_own(whole, jobs):
    here, done = whole
    kept = read_json(here / "settings.json")
    assert (kept["word"], kept["seed"]) == ("computer", seed(42))
    for job, one in zip(jobs, done, strict=True):
        [cell] = [c for c in nbformat.read(one.notebook, 4).cells if c.source == "given"]
        told = cell.outputs[0].data["text/plain"]
        rows = {line.split()[0]: line for line in told.splitlines()}
        handed = job.given.keys() - {"RUN_DIR", "PREVIOUS"}
        assert all("said for this run" in rows[name] for name in handed), told
        if job.stage in ("03", "04", "05"):
            assert "the run (settings.json)" in rows["TARGET_FAH"]


def test_no_cell_of_an_executed_copy_shows_a_dictionary_or_a_wall_of_text(whole):
    for done in whole[1]:
        cells = [c for c in nbformat.read(done.notebook, 4).cells if c.cell_type == "code"]
        for cell in cells:
            told = [o.get("text", o.get("data", {}).get("text/plain", "")) for o in cell.outputs]
            assert not any("\r" in text or text.startswith(("{", "(", "False")) for text in told)
            assert not any("Run(" in text for text in told), cell.source
            assert sum(text.count("\n") + 1 for text in told) <= 60, cell.source


@pytest.mark.parametrize("stage", chain.NOTEBOOKS)
def test_no_cell_ends_with_several_values_which_would_be_shown_as_python_has_them(stage):
    cells = [c for c in nbformat.read(chain.notebook(stage), 4).cells if c.cell_type == "code"]
    ends = [ast.parse(cell.source).body[-1] for cell in cells]
    assert not [e for e in ends if isinstance(e, ast.Expr) and isinstance(e.value, ast.Tuple)]


def results(notebook: Path) -> list[str]:
    """What the cells of an executed notebook end with, as text."""
    outputs = [o for c in nbformat.read(notebook, 4).cells for o in c.get("outputs", [])]
    return [o.data["text/plain"] for o in outputs if o.output_type == "execute_result"]


def test_no_cell_ends_with_a_word_that_says_nothing(whole):
    told = {one.name: results(one.notebook) for one in whole[1]}
    assert all(told.values())
    nothing = {"True", "False", "None", "''", "()", "[]", "{}", "(False, False)"}
    assert not {name: nothing & set(texts) for name, texts in told.items() if nothing & set(texts)}


def test_each_ends_with_sentences_on_whether_it_is_good_enough(whole):
    here, done = whole
    told = {}
    for one in done:
        [cell] = [
            c
            for c in nbformat.read(one.notebook, 4).cells
            if " good_enough." in c.source and "import" not in c.source
        ]
        told[one.name[:2]] = cell.outputs[0].data["text/plain"]
        assert 2 <= told[one.name[:2]].count("\n") + 1 <= 3
    assert told["01"].startswith("The wake word is there 60 times, 0 from people and 60 from")
    assert f"{RunSettings().target_fah:g} an hour takes 6 h to prove" in told["02"]
    kept = completed(here, "tuned")["weights"].startswith("tuned/")
    assert ("the tuned weights are taken" in told["04"]) == told["04"].endswith("They go to 05.")
    assert told["04"].endswith("They go to 05.") == kept
    assert ("03's weights stay" in told["04"]) != kept
    assert told["05"].startswith(read_report(Exported(here)).verdict.headline)


def test_05_under_papermill_has_the_picture_and_the_player(whole):
    [done] = [one for one in whole[1] if one.name == chain.NOTEBOOKS["05"]]
    [cell] = [c for c in nbformat.read(done.notebook, 4).cells if "audition.audition" in c.source]
    data = [output.data for output in cell.outputs if "data" in output]
    assert any("image/png" in d for d in data)
    assert any('<audio controls src="data:' in d.get("text/html", "") for d in data)


def test_executed_copies_hold_nothing_that_only_a_live_notebook_can_show(whole):
    for one in whole[1]:
        outputs = [o for c in nbformat.read(one.notebook, 4).cells for o in c.get("outputs", [])]
        for data in (output.data for output in outputs if "data" in output):
            assert "application/vnd.jupyter.widget-view+json" not in data, one.name
            assert not re.search("<svg|<script|<button|<source", data.get("text/html", "")), (
                one.name
            )
            assert "HBox(" not in data["text/plain"], one.name


def test_01_makes_triples_and_shows_one_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    write_world(tmp_path, n_speech=3, n_rooms=1)
    given = {"PRODUCT": "triples", "EMBEDDINGS": "none", "TRIPLES_PER_FILE": 2, "WORKERS": 1}
    given |= {"BAD_IRS": [str(tmp_path / "bad")], "TARGET_IRS": [str(tmp_path / "target")]}
    given |= {"DRY_SPEECH": [str(tmp_path / "dry")]}
    here = Run.of(str(tmp_path / "run"))
    [done] = chain.execute([chain.Job("01", given | {"RUN_DIR": str(here.folder)})], here)
    outputs = [o for c in nbformat.read(done.notebook, 4).cells for o in c.get("outputs", [])]
    shown = [output.data for output in outputs if "data" in output]
    assert sum("image/png" in data for data in shown) == 1
    [players] = [data["text/html"] for data in shown if "<audio" in data.get("text/html", "")]
    assert players.count("<audio") == 4
    [told] = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert "* dry: `s" in told and "in the room `room0.irs`" in told
    texts = [data.get("text/plain", "") for data in shown]
    assert any("Every batch file is what was written." in text for text in texts)
    assert sum("triples" in text and " 3" in text for text in texts) >= 1
    assert "False" not in results(done.notebook) and "None" not in results(done.notebook)
