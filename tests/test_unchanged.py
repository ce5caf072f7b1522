"""A chain that was made already is known as such from outside; anything that differs is seen."""

import shutil

import pytest

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.cli.unchanged import FILE, Made
from mwwkit.run import decisions
from mwwkit.run.lock import Occupied, session_in
from mwwkit.run.paths import Run


@pytest.fixture
def place(tmp_path):
    """A folder with recordings, and a run that a chain of 01 and 02 has ended well in."""
    for name in ("mine/positive/ann/1.wav", "run/executed/x", "run/clips/checkpoint.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"a sound")
    for stage in ("01", "02"):
        (tmp_path / f"run/executed/{chain.NOTEBOOKS[stage]}.ipynb").touch()
    looked_at(tmp_path).keep()
    return tmp_path


def looked_at(place, **given):
    now = made(place, **given)
    now.look()
    return now


def made(place, stages=("01", "02"), **given):
    given = {"WORD": "hey you", "RECORDINGS": str(place / "mine"), "SCENES": "7"} | given
    taken = {name for stage in stages for name in chain.parameters(stage)}
    given = {name: value for name, value in given.items() if name in taken}
    run = Run.of(place / "run")
    jobs = chain.assembled(stages, presets.load("fast_test"), given, run.folder)
    return Made(jobs, run)


def test_what_was_made_of_just_this_is_all_there(place, monkeypatch):
    assert made(place).is_all_there()
    monkeypatch.chdir(place)
    assert made(place, RECORDINGS="mine").is_all_there(), "the same place, by another path"
    (place / "run/logs/02_featurize.log").touch()  # each session's own
    assert made(place).is_all_there()


def a_recording_more(place):
    (place / "mine/positive/ann/2.wav").write_bytes(b"a sound")


def a_recording_replaced_by_one_as_long(place):
    (place / "mine/positive/ann/1.wav").write_bytes(b"another"[:7])


def a_recording_less(place):
    (place / "mine/positive/ann/1.wav").unlink()


def a_file_of_the_run_gone(place):
    (place / "run/clips/checkpoint.txt").unlink()


def a_decision(place):
    decisions.decide_parameters(Run(place / "run"), "featurize", {"EQ": 0.5})


def an_executed_notebook_gone(place):
    (place / "run/executed/02_featurize.ipynb").unlink()


def what_was_written_down_damaged(place):
    (place / "run" / FILE).write_text("{")


@pytest.mark.parametrize(
    "change",
    [
        *(a_recording_more, a_recording_replaced_by_one_as_long, a_recording_less),
        *(a_file_of_the_run_gone, a_decision, an_executed_notebook_gone),
        what_was_written_down_damaged,
    ],
)
def test_what_changed_is_seen(place, change):
    change(place)
    assert not made(place).is_all_there()


@pytest.mark.parametrize("given", [{"SEED": "7"}, {"SCENES": "8"}, {"WORD": "hey there"}])
def test_another_setting_is_seen(place, given):
    assert not made(place, **given).is_all_there()


def test_only_what_was_made_of_something_else_is_said_to_have_changed(place):
    now = looked_at(place)
    assert not now.was_of_others
    more = looked_at(place, stages=("01", "02", "03"))  # 03 did not end here yet: nothing changed
    assert not more.is_all_there() and not more.was_of_others
    assert looked_at(place, SCENES="8").was_of_others
    (place / "run/logs/finished.json").write_text("[]")
    assert not looked_at(place, SCENES="8").was_of_others


def test_other_stages_are_not_known_of_and_fewer_are(place):
    assert made(place, ("02",)).is_all_there()
    assert not made(place, ("01", "02", "03")).is_all_there()


def test_an_earlier_run_that_changed_is_seen(place):
    shutil.copytree(place / "run", place / "earlier")
    run = Run.of(place / "run", [str(place / "earlier")])
    jobs = chain.assembled(["02"], {}, {}, run.folder, [str(place / "earlier")])
    made_of_it = Made(jobs, run)
    made_of_it.look()
    made_of_it.keep()
    assert Made(jobs, run).is_all_there()
    (place / "earlier/clips/more").touch()
    assert not Made(jobs, run).is_all_there()


def test_what_a_person_decides_while_the_notebooks_run_is_in_none_of_them(place):
    (place / "run" / FILE).unlink()
    begun = looked_at(place)
    a_decision(place)
    begun.keep()
    assert not (place / "run" / FILE).exists()


def test_where_another_process_writes_it_is_refused_as_ever(place):
    with session_in(place / "run"), pytest.raises(Occupied, match="is being written by process"):
        made(place).is_all_there()


def test_triples_are_never_taken_for_made(place):
    looked_at(place, PRODUCT="both").keep()
    assert not made(place, PRODUCT="both").is_all_there()
