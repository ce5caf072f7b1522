"""PREVIOUS = "auto": runs are found whoever owns them, and ordered by what they hold."""

import json
from pathlib import Path

import pytest

from mwwkit.run import attached
from mwwkit.run.checkpoint import CheckpointError, finished
from mwwkit.run.paths import Run


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """Kaggle's folder of inputs, with the table of places that names it."""
    monkeypatch.setenv("MWWKIT_PLATFORM", "kaggle")
    monkeypatch.setenv("MWWKIT_PATHS", str(tmp_path / "paths.md"))
    root = tmp_path / "input"
    (tmp_path / "paths.md").write_text(
        "| name | kind | first run | chained run | colab | local | notes |\n"
        "|--|--|--|--|--|--|--|\n"
        f"| run | - | {tmp_path}/working | {tmp_path}/working | - | - | - |\n"
        f"| previous | - | - | {root}/notebooks/<owner>/<notebook><br>"
        f"{root}/datasets/<owner>/<dataset> | - | - | - |\n"
    )
    return root


def stage(run: Path, folder: str, *units: str, complete=None, **settings) -> Path:
    """A run in which a stage has left its checkpoint."""
    state = {"settings": settings, "done": {u: {"n": 1} for u in units}, "complete": complete}
    (run / folder).mkdir(parents=True, exist_ok=True)
    (run / folder / "checkpoint.json").write_text(json.dumps(state))
    return run


def found() -> list[str]:
    return [path.name for path in Run.of("auto", "auto").earlier]


def test_any_attached_folder_that_holds_a_stage_is_found_whoever_owns_it(inputs):
    stage(inputs / "notebooks/ann/acquired", "clips", "a", complete={"clips": 1})
    stage(inputs / "datasets/bob/saved/deep/run", "features", "b")
    stage(inputs / "older-mount", "training", "step-1")
    (inputs / "datasets/bob/words/positive").mkdir(parents=True)
    assert found() == ["acquired", "run", "older-mount"]  # in the order of their stages
    assert Run.of("auto", ["auto"]).earlier == Run.of("auto", "auto").earlier


def test_sessions_of_one_stage_come_in_the_order_of_what_they_reached_not_of_names(inputs):
    first = stage(inputs / "notebooks/me/z", "clips", "a", complete={"clips": 2})
    stage(first, "training", "step-0000250", "step-0000500")
    stage(inputs / "notebooks/me/y", "training", "step-0000750")
    stage(inputs / "notebooks/me/x", "training", "step-0001000", complete={"weights": "w"})
    assert found() == ["z", "y", "x"]


def test_a_run_with_recordings_added_is_later_than_one_that_went_further(inputs):
    further = stage(inputs / "notebooks/me/first", "clips", "a", complete={"clips": 10})
    stage(further, "features", "f")
    stage(inputs / "notebooks/me/added", "clips", "b", complete={"clips": 12})
    assert found() == ["first", "added"]


def test_the_run_itself_is_no_earlier_run_and_the_same_state_twice_is_no_conflict(inputs, tmp_path):
    stage(inputs / "notebooks/me/one", "clips", "a")
    stage(inputs / "notebooks/me/copy", "clips", "a")
    assert found() == ["copy", "one"]
    (tmp_path / "working").symlink_to(inputs / "notebooks/me/one")
    assert found() == ["copy"]


@pytest.mark.parametrize(
    "other, why",
    [
        ({"word": "other"}, "clips/checkpoint.json: word is 'computer' and 'other'"),
        ({"word": "computer", "n": 2}, "both hold unit 'a', made differently"),
    ],
)
def test_two_that_are_not_parts_of_one_run_are_both_named(inputs, other, why):
    n = other.pop("n", 1)
    stage(inputs / "notebooks/me/one", "clips", "a", word="computer")
    path = stage(inputs / "notebooks/you/two", "clips", "a", **other) / "clips/checkpoint.json"
    path.write_text(path.read_text().replace('"n": 1', f'"n": {n}'))
    with pytest.raises(ValueError) as error:
        found()
    assert why in str(error.value) and "one and " in str(error.value)
    assert "/two, which are not parts of one run" in str(error.value)


def test_each_with_a_later_state_than_the_other_is_told(inputs):
    for name, clips, unit in (("one", 1, "step-2"), ("two", 2, "step-1")):
        run = stage(inputs / "notebooks/me" / name, "clips", name, complete={"clips": clips})
        stage(run, "training", unit)
    with pytest.raises(ValueError, match="each holds the later state of a stage"):
        found()


def test_a_circle_of_three_is_told(inputs):
    a, b, c = (inputs / "notebooks/me" / name for name in "abc")
    for older, newer, folder in ((a, b, "clips"), (b, c, "features"), (c, a, "training")):
        stage(older, folder, "1")
        stage(newer, folder, "2")
    with pytest.raises(ValueError, match="none of them is the oldest"):
        found()


def test_a_file_that_is_no_checkpoint_is_told_and_left_out(inputs):
    stage(inputs / "notebooks/me/good", "clips", "a")
    bad = stage(inputs / "datasets/me/bad", "training", "a") / "training/checkpoint.json"
    bad.write_text('{"epoch": 3}')
    with pytest.warns(UserWarning, match="bad/training/checkpoint.json is left out"):
        assert found() == ["good"]


def test_auto_says_what_it_looked_for_and_did_not_find(inputs, monkeypatch):
    run = Run.of("auto", "auto")
    where = f"looked in {inputs}/notebooks/<owner>/<notebook>, {inputs}/datasets/<owner>/<dataset>"
    assert run.looked == f"auto: {where}; found none" and where in repr(run)
    with pytest.raises(CheckpointError, match="give the run that has it as PREVIOUS .auto: looked"):
        finished(run, "clips")
    with pytest.raises(FileNotFoundError, match="found none"):
        run.find("clips/catalogue.csv")
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    at_home = Run.of("here", "auto")
    assert at_home.looked == "" and str(at_home.told).endswith(f"is kept in {at_home.folder}.")
    with pytest.raises(CheckpointError, match="give the run that has it as PREVIOUS$"):
        finished(at_home, "clips")


def test_a_folder_of_many_is_not_searched_deeper_than_it_says(inputs):
    stage(inputs / "datasets/me/set/1/2/3", "clips", "a")
    assert found() == []
    assert attached.DEPTH == 2
