"""Where `mwwkit run` puts a run that nobody gave a folder, and what an older version left there."""

from argparse import Namespace

import pytest

from mwwkit.cli import run as run_command
from mwwkit.cli import run_folder
from mwwkit.presets import PresetError, load
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.settings import RunSettings, keep


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder to start from, in which nothing lies."""
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_in(folder, word, preset="") -> Run:
    """A run that 01 has begun."""
    run = Run(folder)
    write_json(run / "clips/checkpoint.json", {"settings": {}, "done": {}, "complete": None})
    keep(run, RunSettings(word, preset=preset))
    return run


def test_each_word_and_each_preset_has_a_folder_of_its_own(here):
    assert run_folder.of_word("Hey Kitchen!", "standard") == here / "run/hey_kitchen-standard"
    assert run_folder.of_word("cat", "") == here / "run/cat-standard"
    assert run_folder.of_word("cat", "~/my presets/Mine.yaml") == here / "run/cat-mine"
    run_in(here / "run/cat-standard", "cat")
    assert run_folder.of_word("cat", "fast_test") == here / "run/cat-fast_test"


def test_a_run_that_an_older_version_put_into_the_folder_itself_goes_on_there(here):
    run_in(here / "run", "cat")
    assert run_folder.of_word("cat", "standard") == here / "run"
    assert run_folder.of_word("", "standard") == here / "run"
    assert run_folder.of_word("dog", "standard") == here / "run/dog-standard"


def test_a_folder_of_its_own_wins_over_a_run_in_the_folder_itself(here):
    run_in(here / "run", "cat")
    assert run_folder.passed_over("cat", here / "run") is None
    own = run_in(here / "run/cat-fast_test", "cat").folder
    assert run_folder.of_word("cat", "fast_test") == own
    assert run_folder.of_word("cat", "standard") == here / "run"
    for word, told in (("cat", True), ("dog", False)):
        parameter = [("WORD", word)]
        given = Namespace(run_dir="", preset="fast_test", parameter=parameter)
        [line] = run_command._settled(given)
        assert line.startswith(
            f"the run is in {here / f'run/{word}-fast_test'} (another: --run-dir DIR)"
        )
        assert (f"--run-dir {here / 'run'} takes that one" in line) is told


def test_where_no_word_is_said_the_runs_are_named(here):
    with pytest.raises(PresetError, match="says which run is meant$"):
        run_folder.of_word("", "standard")
    for word in ("cat", "dog"):
        run_in(here / f"run/{word}-standard", word)
    told = f"there are {here / 'run/cat-standard'}, {here / 'run/dog-standard'}$"
    with pytest.raises(PresetError, match=told):
        run_folder.of_word("", "standard")


@pytest.mark.parametrize("platform", ["kaggle", "colab"])
def test_a_platform_keeps_its_one_folder(monkeypatch, platform):
    monkeypatch.setenv("MWWKIT_PLATFORM", platform)
    assert run_folder.of_word("cat", "standard") == Run.of().folder


def test_the_preset_is_the_one_that_the_run_began_with(here):
    for run in (Run(here / "new"), run_in(here / "old", "cat")):
        assert run_folder.preset_of(run) == ("standard", "standard", load("standard"))
    name, handed, values = run_folder.preset_of(run_in(here / "trial", "cat", "fast_test"))
    assert (name, handed) == ("fast_test", None)
    assert "word" in load("fast_test")["all"] and not values["all"], "the word is the run's"
    assert values["train"] == load("fast_test")["train"]
