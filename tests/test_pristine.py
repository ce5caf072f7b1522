"""What somebody writes into a notebook's cells counts for that notebook, and for no command."""

import json
from pathlib import Path

import keep_cells
import nbformat
import pytest

from mwwkit import __main__ as cli
from mwwkit.cli import chain
from mwwkit.presets import PresetError
from mwwkit.presets.notebooks import CELLS, notebook
from mwwkit.presets.pristine import as_it_came, edited, told_of_edits


@pytest.fixture
def edit(tmp_path, monkeypatch):
    """Copies of the notebooks, one of them edited: `edit("05", '"Unknown"', '"bob"')`."""

    def put(stage: str, *changes: tuple[str, str], probe: str = "") -> Path:
        path = tmp_path / "notebooks" / notebook(stage).name
        content = nbformat.read(notebook(stage), 4)
        code = [cell for cell in content.cells if cell.cell_type == "code"]
        for old, new in changes:
            [cell] = [cell for cell in code[:2] if old in cell.source]
            cell.source = cell.source.replace(old, new)
        if probe:
            content.cells = [*code[:2], nbformat.v4.new_code_cell(probe)]
        path.parent.mkdir(exist_ok=True)
        nbformat.write(content, path)
        there = {s: notebook(s) for s in chain.NOTEBOOKS} | {stage: path}
        monkeypatch.setattr(chain, "notebook", there.get)
        for module in ("notebooks", "pristine"):
            monkeypatch.setattr(f"mwwkit.presets.{module}.notebook", there.get)
        return path

    return put


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, 4).cells]


def test_the_cells_that_are_kept_are_those_of_the_notebooks():
    assert json.loads(CELLS.read_text(encoding="utf-8")) == keep_cells.cells(), "make notebooks"
    for stage in chain.NOTEBOOKS:
        assert edited(notebook(stage)) == {}
        assert as_it_came(notebook(stage), Path("/nowhere")) == notebook(stage)


def test_an_edited_notebook_runs_by_a_command_as_it_came_and_a_line_says_so(edit, tmp_path):
    before = sources(notebook("05"))
    path = edit(
        "05", ('AUTHOR = "me"', 'AUTHOR = "bob"'), ('RUN_DIR = "auto"', 'RUN_DIR = "run/x"')
    )
    assert edited(path) == {"AUTHOR": "'bob'", "RUN_DIR": "'run/x'"}
    assert chain.parameters("05")["AUTHOR"] == "me"
    (tmp_path / "copy").mkdir()
    copy = as_it_came(path, tmp_path / "copy")
    assert sources(copy) == before != sources(path)
    assert told_of_edits(["05"]) == [
        "05_export.ipynb was edited: AUTHOR = 'bob' counts where that notebook itself is run, not "
        "here; to have it here, say it: -p NAME=value"
    ]
    assert told_of_edits(["05"], ["AUTHOR"]) == [] == told_of_edits(["01", "02"])


def test_a_comment_changes_no_value_and_cells_of_ones_own_stay(edit, tmp_path):
    path = edit("02", ("\nEQ = ", "\nEQ  =  "))
    assert edited(path) == {} and as_it_came(path, tmp_path) == path
    path = edit("03", ("STEPS = 12000", "import os\nSTEPS = int(os.environ['N'])"))
    assert edited(path) == {"STEPS": "int(os.environ['N'])"}
    content = nbformat.read(path, 4)
    content.cells.insert(0, nbformat.v4.new_code_cell("import math\nmine = math.pi"))
    nbformat.write(content, path)
    [first, *_] = [c for c in sources(as_it_came(path, tmp_path)) if c.startswith("import math")]
    assert first == "import math\nmine = math.pi"


def test_a_line_that_was_taken_out_is_there_for_a_command(edit, tmp_path):
    path = edit("03", ("STEPS = 12000", "# STEPS = 12000"))
    assert edited(path) == {"STEPS": ""} and "without STEPS counts" in told_of_edits(["03"])[0]
    assert sources(as_it_came(path, tmp_path)) == sources(
        notebook("02").with_name("03_train.ipynb")
    )


def test_a_cell_that_is_no_python_is_told_and_one_without_its_tag_refused(edit, tmp_path):
    path = edit("03", ("STEPS = 12000", "STEPS = = 5"))
    [line] = told_of_edits(["03"])
    assert "(what is no Python) counts where" in line
    assert "STEPS = 12000 " in "".join(sources(as_it_came(path, tmp_path)))
    content = nbformat.read(path, 4)
    for cell in content.cells:
        cell.metadata.pop("tags", None)
    nbformat.write(content, path)
    with pytest.raises(PresetError, match="has no cells with the tag parameters"):
        edited(path)


def test_mwwkit_run_takes_nothing_from_an_edited_notebook(edit, tmp_path, capsys, monkeypatch):
    edit("03", ("STEPS = 12000", "STEPS = 77"), ("BATCH = 8", "BATCH = 9"), probe="STEPS, BATCH")
    (tmp_path / "mine.yaml").write_text("train: {}")
    words = ["run", "--stages", "03", "--run-dir", str(tmp_path / "run"), "-p", "BATCH=16"]
    assert cli.main([*words, "--preset", str(tmp_path / "mine.yaml")]) == cli.OK
    err = capsys.readouterr().err
    assert err.startswith("03_train.ipynb was edited: STEPS = 77 counts where that notebook itself")
    [_, _, handed, probe] = nbformat.read(tmp_path / "run/executed/03_train.ipynb", 4).cells
    assert probe.outputs[0].data["text/plain"] == "(12000, 16)"
    assert "STEPS" not in handed.source and "BATCH = 16" in handed.source
