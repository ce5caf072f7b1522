"""What belongs to a run is said once: kept whole, carried on, and found where no file has it."""

import json
import os
from dataclasses import replace

import pytest
from old_run_fixture import unpack

from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.settings import FILE, GIVEN, NAMES, RunSettings, carry, keep, of_run
from mwwkit.run.shown import Facts

SAID = RunSettings("marvin", 7, 2.0, 0.05, ("de", "en"))


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def checkpoint(run: Run, folder: str, complete: dict | None = None, **settings) -> None:
    state = {"settings": settings, "done": {}, "complete": complete}
    write_json(run / folder / "checkpoint.json", state)


def test_what_is_kept_is_what_the_run_has(run):
    keep(run, SAID)
    found = of_run(run)
    assert list(found) == [n for n in NAMES if n not in ("preset", *GIVEN)] and {
        each.where for each in found.values()
    } == {FILE}
    values = {name: each.value for name, each in found.items()}
    assert RunSettings(**values) == SAID


def test_equal_settings_are_equal_bytes_and_are_not_written_again(run, tmp_path, capsys):
    keep(run, SAID)
    state = os.stat(run / FILE)
    keep(run, RunSettings("marvin", 7, 2, 0.05, ["de", "en"]))
    assert os.stat(run / FILE) == state
    other = Run(tmp_path / "other")
    keep(other, RunSettings("marvin", 7, 2, 0.05, "de, en"))
    assert (other / FILE).read_bytes() == (run / FILE).read_bytes()
    assert not capsys.readouterr().out


def test_a_preset_is_kept_where_there_is_one_and_a_file_without_stays_as_it_was(run, capsys):
    keep(run, SAID)
    assert "preset" not in json.loads((run / FILE).read_text())
    keep(run, replace(SAID, preset="demo"))
    assert of_run(run)["preset"].value == "demo" and not capsys.readouterr().out
    keep(run, SAID)
    assert "preset" not in of_run(run)
    assert capsys.readouterr().out == f"{FILE}: preset was 'demo' and is '' from here on\n"


def test_what_is_changed_in_the_file_is_said(run, capsys):
    keep(run, SAID)
    keep(run, RunSettings("marvin", 7, 0.5, 0.05, ("de", "en")))
    assert capsys.readouterr().out == f"{FILE}: target_fah was 2.0 and is 0.5 from here on\n"
    assert of_run(run)["target_fah"].value == 0.5


def test_an_earlier_runs_settings_are_carried_on_and_a_runs_own_are_left(run, tmp_path):
    keep(run, SAID)
    later = Run(tmp_path / "later", (run.folder,))
    assert of_run(later)["seed"].value == 7
    carry(later)
    assert (later / FILE).read_bytes() == (run / FILE).read_bytes()
    keep(later, RunSettings("marvin", 8))
    carry(later)
    assert of_run(later)["seed"].value == 8 and not of_run(later)["seed"].conflict
    lonely = Run(tmp_path / "lonely")
    carry(lonely)
    keep(Run(tmp_path / "same", (run.folder,)), SAID)
    assert not (tmp_path / "same").exists()  # nothing new is said
    assert not lonely.folder.exists() and of_run(lonely) == {}


def test_earlier_runs_that_say_different_things_are_both_named(tmp_path):
    first, second = Run(tmp_path / "first"), Run(tmp_path / "second")
    keep(first, SAID)
    keep(second, RunSettings("marvin", 8, 2.0, 0.05, ("de", "en")))
    third = Run(tmp_path / "third", (first.folder, second.folder))
    carry(third)
    found = of_run(third)
    told = found["seed"].conflict
    assert f"{second / FILE} says seed 8 and {first / FILE} 7" in told and "set SEED" in told
    assert not found["word"].conflict


def test_without_a_file_the_stages_own_checkpoint_comes_first_then_the_others(run):
    checkpoint(run, "clips", word="computer", seed=1)
    checkpoint(run, "training", seed=2, target_fah=0.5)
    made_of = {"word": "Computer", "languages": ["en"], "target_fah": 1.0}
    checkpoint(run, "export", {"made_of": made_of})
    assert of_run(run, "training")["seed"].value == 2
    assert of_run(run, "training")["seed"].where == "training/checkpoint.json"
    assert of_run(run, "features")["seed"].value == 1
    assert of_run(run, "export")["word"].value == "Computer"
    assert of_run(run, "tuned")["target_fah"].others == (("export/checkpoint.json", 1.0),)
    assert of_run(run)["languages"].value == ["en"]
    assert "max_clip_fpr" not in of_run(run)


def test_what_the_file_lacks_is_taken_from_the_checkpoints(run):
    write_json(run / FILE, {"word": "marvin"})
    checkpoint(run, "features", seed=5)
    found = of_run(run, "training")
    assert (found["word"].where, found["seed"].where) == (FILE, "features/checkpoint.json")


def test_an_old_runs_values_are_those_it_was_made_with(tmp_path):
    old = Run(unpack(tmp_path / "old") / "run")
    found = of_run(old, "training")
    with open(old / "training/checkpoint.json") as file:
        made = json.load(file)["settings"]
    for name in ("seed", "target_fah", "max_clip_fpr"):
        assert (found[name].value, found[name].where) == (made[name], "training/checkpoint.json")
    assert (found["word"].value, found["word"].where) == ("hey you", "clips/checkpoint.json")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not readable as JSON"),
        ("[1]", r"holds '\[1\]', not settings; mend it, or delete"),
        ('{"sead": 1}', "has 'sead', which this mwwkit does not know; a newer one wrote it"),
        ('{"seed": "many"}', "seed is 'many'; wanted a whole number; mend it, or delete"),
        ('{"target_fah": 0}', "target_fah is 0; wanted more than 0 an hour"),
    ],
)
def test_a_damaged_file_is_refused_by_name_with_what_to_do(run, text, told):
    run.folder.mkdir()
    (run / FILE).write_text(text)
    with pytest.raises(WrongInput, match=told) as refused:
        of_run(run)
    assert str(run / FILE) in str(refused.value)


def test_a_damaged_checkpoint_stops_its_own_stage_alone_and_the_others_are_told(run):
    checkpoint(run, "clips", word="marvin")
    (run / "export").mkdir()
    (run / "export/checkpoint.json").write_text("{")
    for folder in ("", "clips", "training"):
        with pytest.warns(UserWarning, match="read without export/: .*is damaged"):
            assert of_run(run, folder)["word"].value == "marvin"
    with pytest.raises(CheckpointError, match="export/checkpoint.json is damaged.*; delete"):
        of_run(run, "export")


def test_facts_are_shown_as_a_table_and_are_a_dictionary_still():
    held = {"left": 3, "scenes": {"train": 5, "test": 2}, "done": True, "files": ["a<b", "c"]}
    facts = Facts(held)
    lines = ["left     3", "scenes   train 5, test 2", "done     yes", "files    a<b, c"]
    assert repr(facts).splitlines() == lines
    assert facts["left"] == 3 and facts == held
    of_each = {"noise": {"train": 5, "test": 2}, "word": {"train": 3}}
    assert repr(Facts({"clips": of_each})) == "clips   noise: train 5, test 2; word: train 3"
    shown = facts._repr_html_()
    assert shown.count("<tr>") == 4 and "a&lt;b, c" in shown and "{" not in shown


def test_what_01_was_given_is_kept_as_whole_paths_and_may_be_taken_back(
    run, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    given = replace(SAID, recordings="mine", positive=("more", "/else"), table_exclude=("x/*",))
    keep(run, given)
    held = json.loads((run / FILE).read_text())
    assert held["recordings"] == str(tmp_path / "mine")
    assert held["positive"] == [str(tmp_path / "more"), "/else"]
    assert held["table_exclude"] == ["x/*"] and "table" not in held and "rirs" not in held
    assert of_run(run)["recordings"].value == held["recordings"]
    keep(run, replace(given, recordings=""))
    told = f"{FILE}: recordings was {held['recordings']!r} and is '' from here on\n"
    assert capsys.readouterr().out == told
    assert of_run(run)["recordings"].value == ""


def test_of_what_earlier_runs_were_given_the_newest_counts(tmp_path):
    first, second = Run(tmp_path / "1"), Run(tmp_path / "2")
    keep(first, replace(SAID, recordings="/a"))
    keep(second, replace(SAID, recordings="/b"))
    third = Run(tmp_path / "3", (first.folder, second.folder))
    found = of_run(third)["recordings"]
    assert (found.value, found.conflict) == ("/b", "")
    carry(third)  # for a later run to which only this one is attached
    has = of_run(Run(tmp_path / "4", (third.folder,)))
    assert {n: has[n].value for n in ("word", "recordings")} == {
        "word": SAID.word,
        "recordings": "/b",
    }
