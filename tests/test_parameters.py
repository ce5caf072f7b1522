"""Which of a notebook's values count: papermill's, a changed one, the run's, the preset's, its own.

The notebooks' own cells are run, and the cell that papermill itself puts behind them.
"""

import dataclasses

import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from mwwkit import presets
from mwwkit.cli import chain, run_folder
from mwwkit.presets.notebooks import of_section
from mwwkit.presets.parameters import (
    DECIDED,
    DEFAULT,
    HANDED,
    NOWHERE,
    RUN_WIDE,
    SET,
    Parameters,
    resolve,
)
from mwwkit.run import fresh_session
from mwwkit.run.decisions import decide_parameters
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.run.settings import RunSettings, keep
from mwwkit.stages import acquire, export, featurize, mine, train, triples

STAGES = {"acquire": acquire, "featurize": featurize, "train": train, "mine": mine}
STAGES["export"] = export
NUMBERS = {section: stage for stage, section in chain.SECTIONS.items()}


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def cells(section: str, handed: dict, changed: dict) -> dict:
    """A kernel's names after both cells of parameters, edited, and the one by papermill."""
    notebook = load_notebook_node(str(chain.notebook(NUMBERS[section])))
    if handed:
        notebook = parameterize_notebook(notebook, handed)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    sources = code[: 3 if handed else 2]
    for name, value in changed.items():
        lines = [line for cell in sources[:2] for line in cell.splitlines()]
        [line] = [line for line in lines if line.startswith(f"{name} = ")]
        sources = [cell.replace(line, f"{name} = {value!r}") for cell in sources]
    names = {"In": ["", *sources]}
    for source in sources:
        exec(source, names)
    return names


def resolved(section: str, run: Run, handed: dict | None = None, **changed) -> Parameters:
    names = cells(section, handed or {}, changed)
    configs = (acquire.Config, triples.Config) if section == "acquire" else [config(section)]
    return resolve(names["PRESET"], section, names, run, *configs)


@pytest.fixture
def fresh(monkeypatch):
    """A session on Kaggle; what pip would be asked for, as extras."""
    asked = []
    monkeypatch.setenv("MWWKIT_PLATFORM", "kaggle")
    monkeypatch.setattr(fresh_session, "lacking", lambda chosen: asked.append(chosen) or [])
    return asked


def test_extras_are_those_of_the_values_that_count(run, fresh, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("export: {onnx: true, arena_bytes: 30000}\nacquire: {tts_negative: 0}\n")
    resolved("export", run, PRESET=str(mine))
    resolved("export", run, {"ONNX": "true", "ARENA_BYTES": "0"})  # papermill -r gives texts
    resolved("export", run, {"ONNX": "no", "ARENA_BYTES": "1"}, PRESET=str(mine))
    spoken = {"TTS_POSITIVE": "0", "TTS_HARD_NEGATIVE": "0", "TTS_AMBIENT_MINUTES": "0"}
    resolved("acquire", run, spoken | {"WORD": "glide"}, PRESET=str(mine))
    resolved("acquire", run, {"WORD": "glide", "PIPER_VOICES": ""})
    assert fresh == [["onnx"], ["tflm", "onnx"], [], [], ["tts"]]


def test_a_gpu_that_a_preset_asks_for_is_looked_for(run, tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("train: {device: gpu}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fresh_session.Unfit, match="DEVICE is 'gpu' and there is no NVIDIA GPU"):
        resolved("train", run, PRESET=str(tmp_path / "mine.yaml"))
    resolved("train", run, {"DEVICE": "cpu"}, PRESET=str(tmp_path / "mine.yaml"))


def config(section: str):
    return STAGES[section].Config


def origin(found: Parameters, name: str) -> tuple:
    return found[name], found.found[name].origin


def test_papermills_value_wins_over_a_preset_even_where_it_is_the_default(run):
    found = resolved("train", run, {"STEPS": 12000, "BATCH": 4}, PRESET="demo", BATCH=32)
    assert origin(found, "STEPS") == (12000, HANDED)
    assert origin(found, "BATCH") == (4, HANDED)


def test_what_the_command_line_hands_over_of_a_preset_is_told_as_the_presets(run):
    [job] = chain.assembled(
        ["02"], presets.load("demo"), {"SCENES": "70"}, run.folder, named="demo"
    )
    found = resolved("featurize", run, job.given)
    assert origin(found, "CONDITIONS") == (["clean", "babble10"], "preset demo")
    assert origin(found, "SCENES") == (70, HANDED)
    [job] = chain.assembled(["02"], presets.load("fast_test"), {}, run.folder, named="fast_test")
    told = resolved("featurize", run, job.given).found
    assert {told[n].origin for n in ("SCENES", "SCENE_SECONDS")} == {"preset fast_test"}


def test_a_value_that_is_changed_wins_over_the_preset_and_the_preset_over_the_default(run):
    found = resolved("featurize", run, PRESET="demo", SCENES=70)
    assert origin(found, "SCENES") == (70, SET)
    assert origin(found, "CONDITIONS") == (["clean", "babble10"], "preset demo")
    assert origin(found, "RIR") == (0.5, DEFAULT)
    assert featurize.Config.from_parameters(found).conditions == ("clean", "babble10")
    assert Limits.from_parameters(found) == Limits()


def test_a_list_that_stands_as_in_the_notebook_is_no_change(run):
    assert origin(resolved("featurize", run), "CONDITIONS")[1] == DEFAULT


def test_a_preset_can_be_handed_over_by_name(run):
    found = resolved("train", run, {"PRESET": "fast_test"})
    assert origin(found, "SHAPE") == ("tiny", "preset fast_test")


def test_somebodys_recordings_are_not_called_by_the_word_of_a_preset(run):
    for given in ({"RECORDINGS": "mine"}, {"POSITIVE": ["mine"]}, {"TABLE": "mine.csv"}):
        with pytest.raises(presets.PresetError, match="is 'computer' by the preset fast_test, and"):
            resolved("acquire", run, PRESET="fast_test", **given)
        found = resolved("acquire", run, PRESET="fast_test", WORD="marvin", **given)
        assert found["WORD"] == "marvin"
    assert resolved("acquire", run, PRESET="fast_test")["WORD"] == "computer"


@pytest.mark.parametrize("name", presets.names())
@pytest.mark.parametrize("section", STAGES)
def test_a_notebook_takes_from_a_preset_what_the_command_line_hands_it(run, section, name):
    words = {} if presets.load(name).get("all") else {"WORD": "marvin"}
    [job] = (
        chain.plan([NUMBERS[section]], presets.load(name), {}, run.folder, (), name)
        if not words
        else [
            job
            for job in chain.plan(
                list(NUMBERS.values()), presets.load(name), words, run.folder, (), name
            )
            if chain.SECTIONS[job.stage] == section
        ]
    )
    takes_a_word = words.keys() & chain.parameters(NUMBERS[section]).keys()
    found = resolved(section, run, words if takes_a_word else {}, PRESET=name)
    by_hand = config(section).from_parameters(found)
    by_command = config(section).from_parameters(chain.every_value([job])[section])
    assert dataclasses.asdict(by_hand) == dataclasses.asdict(by_command)


def test_the_table_says_where_each_value_comes_from_and_how_many_are_defaults(run):
    keep(run, RunSettings("marvin", 7))
    found = resolved("train", run, {"THREADS": 2}, PRESET="demo", DROPOUT=0.2)
    lines = repr(found).splitlines()
    shown = [line.split(maxsplit=2) for line in lines[:-1]]
    assert ["STEPS", "6000", "preset demo"] in shown and ["DROPOUT", "0.2", SET] in shown
    assert ["THREADS", "2", HANDED] in shown
    assert ["SEED", "7", "the run (settings.json)"] in shown
    assert lines[-1].startswith(f"{len(found) - len(shown)} others ")
    assert "<td" in found._repr_html_() and "preset demo" in found._repr_html_()
    assert "{" not in repr(found)


def test_an_unknown_preset_is_refused_with_the_list(run):
    with pytest.raises(presets.PresetError) as refused:
        resolved("train", run, PRESET="dmeo")
    assert "no preset 'dmeo'; did you mean demo? There are " in str(refused.value)
    assert all(name in str(refused.value) for name in presets.names())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train: {stpes: 5}", "section train has a key 'stpes' that nothing takes"),
        ("all: {stpes: 5}", "section all has a key 'stpes' that nothing takes"),
        ("featurize: {stpes: 5}", "section featurize has a key 'stpes' that nothing takes"),
        ("train: {previous: there}", "has previous, which a notebook cannot take from a preset"),
        ("train: {learning_rate: 7}", "learning_rate is 7.*; wanted 0 to 1"),
    ],
)
def test_a_preset_of_ones_own_is_refused_as_by_the_command_line(run, tmp_path, text, told):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(WrongInput, match=told):
        train.Config.from_parameters(resolved("train", run, PRESET=str(tmp_path / "mine.yaml")))


def test_the_runs_settings_are_the_default_of_every_later_notebook(run, capsys):
    keep(run, RunSettings("marvin", 7, 2.0, 0.05, ("de",)))
    assert featurize.Config.from_parameters(resolved("featurize", run)).seed == 7
    of_train = train.Config.from_parameters(resolved("train", run))
    of_mine = mine.Config.from_parameters(resolved("mine", run))
    for made in (of_train, of_mine):
        assert (made.seed, made.target_fah, made.max_clip_fpr) == (7, 2.0, 0.05)
    made = export.Config.from_parameters(resolved("export", run, PRESET="demo"))
    assert (made.word, made.languages, made.target_fah) == ("marvin", ("de",), 2.0)
    assert capsys.readouterr().out.startswith("WORD stays 'marvin', as the run has it")


def test_a_setting_of_the_run_is_overridden_with_a_word_about_it(run, capsys):
    keep(run, RunSettings("marvin", 7))
    assert origin(resolved("mine", run, {"TARGET_FAH": 2.0}, SEED=8), "SEED") == (8, SET)
    told = capsys.readouterr().out.splitlines()
    assert "SEED is 8 here; the run has 7 (settings.json)" in told
    assert "TARGET_FAH is 2.0 here; the run has 0.5 (settings.json)" in told and len(told) == 2
    resolved("mine", run, {"TARGET_FAH": 0.5})
    assert not capsys.readouterr().out


def test_a_setting_of_the_run_in_a_preset_wins_with_a_word_about_it(run, tmp_path, capsys):
    keep(run, RunSettings("marvin"))
    (tmp_path / "mine.yaml").write_text(
        "all: {seed: 7, max_clip_fpr: 0.01, languages: [de]}\ntrain: {target_fah: 0.2}\n"
    )
    preset = str(tmp_path / "mine.yaml")
    made = train.Config.from_parameters(found := resolved("train", run, PRESET=preset))
    assert (made.seed, made.target_fah, made.max_clip_fpr) == (7, 0.2, 0.01)
    assert origin(found, "SEED") == (7, f"preset {preset}")
    assert capsys.readouterr().out.splitlines() == [
        "SEED is 7 here; the run has 42 (settings.json)",
        "TARGET_FAH is 0.2 here; the run has 0.5 (settings.json)",
    ]
    assert resolved("export", run, PRESET=preset)["LANGUAGES"] == ["de"]


def test_texts_from_papermill_are_compared_as_what_they_say(run, capsys):
    keep(run, RunSettings("marvin", languages=("de", "en")))
    handed = {"TARGET_FAH": "0.50", "LANGUAGES": "de, en", "WORD": "marvin"}
    resolved("export", run, handed)
    assert not capsys.readouterr().out
    resolved("export", run, {"TARGET_FAH": "0.20"})
    assert capsys.readouterr().out == "TARGET_FAH is 0.2 here; the run has 0.5 (settings.json)\n"


def test_a_value_put_back_to_the_cells_default_is_told_to_stay_the_runs(run, capsys):
    keep(run, RunSettings("marvin", target_fah=0.3))
    assert resolved("acquire", run, WORD="marvin")["TARGET_FAH"] == 0.3
    assert capsys.readouterr().out == (
        "TARGET_FAH stays 0.3, as the run has it (settings.json); the cell's 0.5 is its default, "
        "which counts as not said; to have it, hand it over (-p TARGET_FAH=...) or change it in "
        "settings.json\n"
    )
    assert resolved("acquire", run, {"TARGET_FAH": 0.5}, WORD="marvin")["TARGET_FAH"] == 0.5


def test_a_stage_is_told_that_one_before_it_was_made_with_another_value(run, capsys):
    keep(run, RunSettings("marvin", 7))
    state = {"settings": {"seed": 7, "target_fah": 2.0}, "done": {}, "complete": None}
    write_json(run / "training/checkpoint.json", state)
    resolved("mine", run)
    told = "TARGET_FAH is 0.5 here; training/checkpoint.json was made with 2.0\n"
    assert capsys.readouterr().out == told


def test_a_run_without_a_file_says_where_it_takes_them_from(run, capsys):
    state = {"settings": {"seed": 9}, "done": {}, "complete": None}
    write_json(run / "features/checkpoint.json", state)
    found = resolved("train", run)
    assert origin(found, "SEED") == (9, "the run (features/checkpoint.json)")
    assert origin(found, "TARGET_FAH") == (0.5, NOWHERE)
    told = capsys.readouterr().out
    assert "the run has no settings.json: SEED is 9, as features/checkpoint.json has it" in told
    assert "nothing in the run says TARGET_FAH: it is 0.5, the default" in told


def test_01_goes_on_with_what_the_run_has_and_a_new_word_is_told(run, capsys):
    keep(run, RunSettings("marvin", 7))
    found = resolved("acquire", run, PRESET="demo")
    assert origin(found, "WORD") == ("marvin", "the run (settings.json)")
    assert acquire.Config.from_parameters(found).for_the_run() == RunSettings(
        "marvin", 7, preset="demo"
    )
    word, seed = capsys.readouterr().out.splitlines()
    assert word.startswith("WORD stays 'marvin', as the run has it (settings.json); the preset has")
    assert seed.startswith(
        "SEED stays 7, as the run has it (settings.json); the cell's 42 is its d"
    )
    assert resolved("acquire", run, WORD="computer")["WORD"] == "computer"
    assert "WORD is 'computer' here; the run has 'marvin'" in capsys.readouterr().out


def test_earlier_runs_that_disagree_are_refused_unless_a_value_is_said(tmp_path):
    first, second = Run(tmp_path / "first"), Run(tmp_path / "second")
    keep(first, RunSettings("marvin", 7))
    keep(second, RunSettings("marvin", 8))
    both = Run(tmp_path / "third", (first.folder, second.folder))
    with pytest.raises(WrongInput, match="says seed 8 and .* 7; leave one of the two runs out"):
        resolved("featurize", both)
    assert resolved("featurize", both, SEED=7)["SEED"] == 7


def test_01_says_all_that_a_later_notebook_leaves_to_the_run():
    first = chain.parameters("01")
    for stage in ("02", "03", "04", "05"):
        left = {name for name, default in chain.parameters(stage).items() if default is None}
        assert left and left <= set(RUN_WIDE) & first.keys()
    assert all(first[name] is not None for name in RUN_WIDE)


def test_a_value_that_was_decided_on_counts_before_the_preset_and_after_a_changed_cell(run, capsys):
    decide_parameters(run, "featurize", {"EQ": 0.9, "BAND_STOP": 0.2, "GAIN_DB": 7.0})
    given = resolved("featurize", run, {"BAND_STOP": 0.3}, GAIN_DB=8.0, PRESET="max_quality")
    assert (given["EQ"], given.found["EQ"].origin) == (0.9, DECIDED)
    assert (given["BAND_STOP"], given.found["BAND_STOP"].origin) == (0.3, HANDED)
    assert (given["GAIN_DB"], given.found["GAIN_DB"].origin) == (8.0, SET)
    assert ("EQ", "0.9", "decided on (decisions/parameters.json)") in given.rows()
    told, file = capsys.readouterr().out, "decided on (decisions/parameters.json)"
    assert f"BAND_STOP is 0.3 here, said for this run; not 0.2, as {file}" in told
    assert f"GAIN_DB is 8.0 here, set in this notebook; not 7.0, as {file}" in told
    assert "EQ is" not in told
    decide_parameters(run, "featurize", {"EQ": None, "EQS": 1})
    with pytest.raises(WrongInput, match="has EQS under featurize.*did you mean EQ"):
        resolved("featurize", run)
    decide_parameters(run, "featurize", {"EQS": None})
    decide_parameters(run, "featurise", {"EQ": 0.9})
    with pytest.raises(WrongInput, match="has 'featurise', which no.*did you mean featurize"):
        resolved("train", run)


@pytest.mark.parametrize(("decided", "handed"), [(0.9, "0.9"), ("0.9", 0.9), ("0.9", "0.90")])
def test_a_text_is_the_number_that_was_decided_on(run, capsys, decided, handed):
    decide_parameters(run, "featurize", {"EQ": decided, "SNR_DB": [-3, 12]})
    resolved("featurize", run, {"EQ": handed, "SNR_DB": [-3.0, 12.0]})
    assert DECIDED not in capsys.readouterr().out
    resolved("featurize", run, {"EQ": "0.8"})
    assert f"EQ is '0.8' here, said for this run; not {decided!r}" in capsys.readouterr().out


def test_what_01_began_with_is_what_later_notebooks_begin_with(run):
    first = resolved("acquire", run, PRESET="fast_test", WORD="marvin")
    assert origin(first, "PRESET") == ("fast_test", SET)
    keep(run, acquire.Config.from_parameters(first).for_the_run())
    later = resolved("train", run)
    assert origin(later, "PRESET") == ("fast_test", "the run (settings.json)")
    whose = "preset fast_test, as the run (settings.json) has it"
    assert origin(later, "SHAPE") == ("tiny", whose)
    assert whose in repr(later)
    assert origin(resolved("train", run, STEPS=70), "STEPS") == (70, SET)
    assert origin(resolved("train", run, {"STEPS": 12000}), "STEPS") == (12000, HANDED)
    again = resolved("acquire", run, WORD="marvin")
    assert origin(again, "TTS_POSITIVE") == (60, whose)


def test_what_01_settled_for_the_run_wins_over_the_runs_own_preset(run, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("all: {word: computer, seed: 7}\ntrain: {steps: 9}\n")
    keep(run, RunSettings("marvin", 8, preset=str(tmp_path / "mine.yaml")))
    found = resolved("train", run)
    assert (found["SEED"], found["STEPS"]) == (8, 9)
    assert capsys.readouterr().out.startswith("SEED stays 8, as the run has it (settings.json); ")
    assert resolved("export", run)["WORD"] == "marvin"
    assert not capsys.readouterr().out
    assert resolved("train", run, PRESET=str(tmp_path / "mine.yaml"))["SEED"] == 7
    keep(run, RunSettings("marvin", preset="fast_test"))
    assert resolved("acquire", run, RECORDINGS="mine")["WORD"] == "marvin"


def test_another_preset_or_none_counts_for_its_notebook_which_says_so(run, capsys):
    keep(run, RunSettings("marvin", preset="fast_test"))
    assert origin(resolved("train", run, PRESET="demo"), "STEPS") == (6000, "preset demo")
    told = "PRESET is 'demo' here; the run has 'fast_test' (settings.json)\n"
    assert capsys.readouterr().out == told
    assert origin(resolved("train", run, {"PRESET": ""}), "STEPS") == (12000, DEFAULT)
    assert "PRESET is '' here; the run has 'fast_test'" in capsys.readouterr().out


def test_a_notebook_is_told_that_none_of_the_runs_preset_is_wanted(run):
    keep(run, RunSettings("marvin", preset="fast_test"))
    assert origin(resolved("train", run, PRESET=""), "STEPS") == (12000, DEFAULT)


def test_a_run_without_a_preset_goes_on_without_a_word_about_it(run, capsys):
    keep(run, RunSettings("marvin"))
    found = resolved("train", run)
    assert origin(found, "PRESET") == ("", DEFAULT) and "PRESET" not in repr(found)
    assert not capsys.readouterr().out


def test_a_preset_of_the_run_that_is_not_here_is_told_with_where_it_is_said(run):
    keep(run, RunSettings("marvin", preset="/elsewhere/mine.yaml"))
    with pytest.raises(presets.PresetError) as refused:
        resolved("train", run)
    assert str(refused.value) == (
        "PRESET is as the run (settings.json) has it: there is no file /elsewhere/mine.yaml; set "
        "PRESET here"
    )


def test_what_is_handed_over_beside_a_preset_is_not_refused_for_standing_in_it(run, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("all: {word: marvin}\nacquire: {product: clips, tts_positive: 7}\n")
    handed = {"PRESET": str(mine), "PRODUCT": "clips", "WORD": "marvin", "TTS_POSITIVE": 7}
    assert resolved("acquire", run, handed)["TTS_POSITIVE"] == 7
    del handed["PRODUCT"]
    with pytest.raises(presets.PresetError, match="has product, which a notebook cannot take"):
        resolved("acquire", run, handed)


def test_the_command_line_hands_over_the_presets_name_or_that_there_is_none(tmp_path):
    def handed(*named):
        jobs = chain.plan(list(NUMBERS.values()), presets.load("demo"), {}, tmp_path, (), *named)
        return [job.given["PRESET"] for job in jobs]

    assert handed("demo") == ["demo"] * 5 and handed() == [""] * 5


@pytest.fixture
def recorded(run, tmp_path):
    """Recordings that a run was begun with."""
    (tmp_path / "mine").mkdir()
    keep(run, RunSettings("marvin", recordings=str(tmp_path / "mine")))
    return str(tmp_path / "mine")


def test_01_goes_on_with_the_recordings_that_it_began_with_and_says_so_once(run, recorded, capsys):
    for changed in ({}, {"PRESET": "fast_test"}):
        assert resolved("acquire", run, **changed)["RECORDINGS"] == recorded
        [told] = [line for line in capsys.readouterr().out.splitlines() if "RECORDINGS" in line]
        others = "others: set RECORDINGS (-p RECORDINGS=...)"
        assert told == f"Recordings as before: {recorded} (settings.json); {others}"


def test_recordings_that_are_handed_over_or_set_count_over_those_of_the_run(run, recorded, capsys):
    for given in ({"handed": {"RECORDINGS": "others"}}, {"RECORDINGS": "others"}):
        assert resolved("acquire", run, **given)["RECORDINGS"] == "others"
        assert f"here; the run has {recorded!r}" in capsys.readouterr().out
    assert resolved("acquire", run, {"RECORDINGS": recorded})["RECORDINGS"] == recorded
    assert "RECORDINGS" not in capsys.readouterr().out


def test_a_preset_that_is_named_again_leaves_a_run_its_word_and_its_recordings(run, recorded):
    values = run_folder.beside(run, presets.load("fast_test"))
    of_01 = of_section(values, "acquire")
    assert not {"WORD", "RECORDINGS"} & of_01.keys() and of_01["TTS_POSITIVE"]
    for own in ({"recordings": "others", "word": "cat"}, {"RECORDINGS": "others", "WORD": "cat"}):
        [(_, left)] = of_section(run_folder.beside(run, {"acquire": own}), "acquire").items()
        assert left == "others"
    own = {"acquire": own}
    assert run_folder.beside(Run(run / "new"), own) == own


def test_what_01_keeps_of_its_recordings_is_where_they_lie(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert acquire.Config("cat", "mine").for_the_run().recordings == str(tmp_path / "mine")
    assert acquire.Config("cat", "").for_the_run().recordings == ""
    assert acquire.Config("cat").for_the_run().recordings == ""  # "auto" found none
    (tmp_path / "recordings").mkdir()
    assert acquire.Config("cat").for_the_run().recordings == "auto"
