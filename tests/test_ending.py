"""At a limit of its session a notebook ends without an error, and says what the next one takes."""

import ast

import jupytext
import nbformat
import pytest
from small_run import write_corpus
from test_notebooks import FOLDER

from mwwkit.cli import chain
from mwwkit.run import ending
from mwwkit.run.ending import Ending, next_session
from mwwkit.run.paths import Run
from mwwkit.run.session import DiskIsFull, Limits, StoppedEarly, stops_are_raised


def stops(kind=StoppedEarly):
    raise kind("04 mine stopped early: 3 units are left")


def test_a_stop_ends_well_and_what_comes_after_it_is_skipped(tmp_path, capsys):
    end = Ending(Run(tmp_path))
    assert end.of(dict, units=3) == {"units": 3} and not end.stopped
    assert end.of(stops) is None
    assert "the next one shows" in end.stopped
    said = capsys.readouterr().out
    assert "3 units are left" in said
    assert f"RUN_DIR = {str(tmp_path)!r}" in said and "PREVIOUS = ''" in said
    assert end.of(dict) == {} and not end.stopped, "run again, it went on"


def test_under_the_command_line_a_stop_is_raised(tmp_path):
    with stops_are_raised(), pytest.raises(DiskIsFull):
        Ending(Run(tmp_path)).of(stops, DiskIsFull)


def test_another_error_stays_one(tmp_path):
    with pytest.raises(ZeroDivisionError):
        Ending(Run(tmp_path)).of(lambda: 1 / 0)


def test_the_lines_of_the_next_session_can_be_pasted(tmp_path, monkeypatch):
    monkeypatch.delenv("MWWKIT_PLATFORM", raising=False)
    earlier, here = tmp_path / "one", tmp_path / "two"
    here.mkdir(), (tmp_path / "two-2").mkdir()
    lines = next_session(Run(here, (earlier,)), is_full=False).splitlines()[1:]
    given = {line.split(" = ")[0].strip(): ast.literal_eval(line.split(" = ")[1]) for line in lines}
    assert given == {"RUN_DIR": str(here), "PREVIOUS": str(earlier)}
    earlier.mkdir()
    lines = next_session(Run(here, (earlier,)), is_full=True).splitlines()[1:]
    given = [ast.literal_eval(line.split(" = ")[1]) for line in lines]
    assert Run.of(*given) == Run(tmp_path / "two-3", (earlier, here))


def test_on_kaggle_the_output_is_to_be_attached(tmp_path, monkeypatch):
    monkeypatch.setenv("MWWKIT_PLATFORM", "kaggle")
    said = next_session(Run(tmp_path, (tmp_path / "one",)), is_full=True)
    assert "save this version" in said and str(tmp_path / "one") in said
    assert said.endswith('PREVIOUS = "auto"')


def test_a_budget_that_is_reached_is_told_from_a_deadline(tmp_path):
    session = Limits(budget_gb=1e-9).session(Run(tmp_path))
    session.stop(1000)
    with pytest.raises(DiskIsFull, match="disk budget"):
        session.must_be_continued("02", 1)


def executed(stage, given):
    """The names after all cells of a notebook, in this process, with `given` as papermill does."""
    path, names = FOLDER / f"{chain.NOTEBOOKS[stage]}.py", {}
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, path.name, "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= {name: value for name, value in given.items() if name in names}
    return names


@pytest.fixture
def earlier(request, stage, tmp_path):
    """The run that has what a stage reads."""
    if stage == "01":
        return ""
    if stage == "02":
        write_corpus(Run(tmp_path / "clips"))
        return str(tmp_path / "clips")
    run = request.getfixturevalue("featured" if stage == "03" else "trained")
    return ", ".join(map(str, (*run.earlier, run.folder)))


@pytest.mark.parametrize("stage", chain.NOTEBOOKS)
def test_every_notebook_ends_well_at_its_deadline(stage, earlier, tmp_path, capsys):
    given = {"RUN_DIR": str(tmp_path / "run"), "PREVIOUS": earlier, "SESSION_HOURS": 1e-9}
    given |= {"WORD": "wake", "WORKERS": 1, "RECORDINGS": "", "ARENA_BYTES": 30_000}
    given |= {"TTS_POSITIVE": 0, "TTS_NEGATIVE": 0, "TTS_HARD_NEGATIVE": 0}
    given |= {"TTS_AMBIENT_MINUTES": 0.0, "SHAPE": "tiny"}
    if stage == "01":
        write_corpus(Run(tmp_path / "mine"))
        given["POSITIVE"] = [str(tmp_path / "mine/clips/clip")]
    names = executed(stage, given)
    assert names["ending"].stopped
    said = capsys.readouterr().out
    assert "hours are over" in said and "The next session" in said


def test_the_cells_after_the_run_ask_whether_it_was_stopped():
    for name in chain.NOTEBOOKS.values():
        cells = nbformat.read(FOLDER / f"{name}.ipynb", 4).cells
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        runs = "ending.of(", "TrainingPanel(ending, "
        [at] = [i for i, source in enumerate(code) if any(each in source for each in runs)]
        lines = [line for source in code[at + 1 :] for line in source.splitlines()]
        asked = "ending.stopped or ", "triples_config and ", "triples.check(run) if triples_config "
        assert all(line.startswith(asked) for line in lines)


def test_next_places_are_those_of_ending():
    assert ending.next_places(Run(FOLDER), is_full=False) == (FOLDER, ())
