"""Folders as people nest them: who speaks, which splits are their own, what lies beside."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from mwwkit.corpus.clips import STAGE, Kind, Label, Split, load_clips, read_quarantine
from mwwkit.corpus.fates import grouped
from mwwkit.corpus.folder_names import speaker_of, splits_named
from mwwkit.corpus.recording_folders import read_folders
from mwwkit.corpus.splits import FEWEST_SPEAKERS, LeakageError, assign, audit
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

LIMITS = Limits(workers=1)
SILENT = {
    **{"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "tts_ambient_minutes": 0.0},
    **{"noise_minutes": 0.0, "rooms": 0},
}
TRAIN, VAL, TEST = Split


def config(recordings, **settings):
    return acquire.Config(**{"word": "hey you", "recordings": str(recordings)} | SILENT | settings)


def files(root, *names):
    """Empty files, for what does not listen to them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.fixture(scope="module")
def takes(tmp_path_factory, speech_like):
    """`takes(root, names)` writes a sound of its own to each name."""
    sounds = tmp_path_factory.mktemp("sounds")
    for i in range(40):
        soundfile.write(sounds / f"{i}.wav", speech_like(i, 0.5), 16_000)

    def fill(root, names):
        for i, name in enumerate(names):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(sounds / f"{i}.wav", root / name)
        return root

    return fill


NESTED = {  # folders under positive/ -> who speaks
    "kitchen/ann": "ann",
    "ann/kitchen": "ann",
    "living room/Zoë/take 3": "Zoë",
    "2024-05-01/ann": "ann",
    "ann/20240501_183000": "ann",
    "Session-2/ann/far field": "ann",
    "3m/ann": "ann",
    "iphone/ann/16khz": "ann",
    "hey you/ann": "ann",
    "Wohnzimmer/ann": "ann",
    "speakers/17": "17",
    "female/speaker_3": "speaker_3",
    "p1": "p1",
    "kitchen": "",
    "2024-05-01": "",
    "take 1/room2": "",
}


@pytest.mark.parametrize("folders", NESTED)
def test_rooms_days_and_devices_are_not_people(folders):
    assert speaker_of(folders.split("/"), "hey you", 0) == NESTED[folders]


def test_a_level_names_the_speaker_whatever_the_names_are():
    folders = ("Stube", "ann", "kitchen")
    found = [speaker_of(folders, "hey you", level) for level in (1, 2, 3, 4, -1, -3, -4)]
    assert found == ["Stube", "ann", "kitchen", "", "kitchen", "Stube", ""]


def test_rooms_then_people_are_people_in_every_room(tmp_path, takes):
    rooms = ("kitchen", "office", "car")
    names = [f"positive/{r}/{p}/{i}.wav" for r in rooms for p in ("ann", "ben") for i in range(4)]
    here = Run(tmp_path / "run")
    made = acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    assert {r.speaker for r in load_clips(here)} == {"ann", "ben"}
    [few] = [text for text in made["caveats"] if "too few to keep apart" in text]
    assert "own/positive: 2 known speakers (ann, ben)" in few
    assert "tested on voices it knows" in made["recordings"]


def test_six_people_in_two_rooms_are_each_in_one_split(tmp_path, takes):
    names = [f"positive/{r}/p{i}/{k}.wav" for r in ("car", "hall") for i in range(6) for k in "01"]
    here = Run(tmp_path / "run")
    made = acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    for person in {r.speaker for r in load_clips(here)}:
        assert len({r.split for r in load_clips(here) if r.speaker == person}) == 1
    assert "tested on strangers" in made["recordings"]


def test_where_it_cannot_be_known_who_speaks_that_is_said_with_what_to_do(tmp_path):
    root = files(tmp_path, *(f"positive/{a}/{b}/1.wav" for a in ("Stube", "Diele") for b in "xy"))
    [place, _] = read_folders([root], [], "hey you")
    assert {i.about.speaker for i in place.inputs} == {"Stube", "Diele"}
    [notice] = place.notices
    assert "which folders are people cannot be known of 4 files" in notice
    assert "SPEAKER_LEVEL" in notice
    [place, _] = read_folders([root], [], "hey you", level=2)
    assert {i.about.speaker for i in place.inputs} == {"x", "y"} and not place.notices
    [place, _] = read_folders(
        [files(tmp_path / "days", "positive/2024-05-01/1.wav")], [], "hey you"
    )
    assert "places, times, devices or words, not people" in place.notices[0]
    assert place.inputs[0].about.speaker == ""
    [place, _] = read_folders([tmp_path / "days"], [], "hey you", level=2)
    assert "have no folder 2" in place.notices[0]


def test_folders_in_one_persons_own_are_no_question(tmp_path):
    names = ("ann/1/1.wav", "ann/2/1.wav", "ben/1/1.wav", "84/121123/a.wav", "61/70968/a.wav")
    [place, _] = read_folders([files(tmp_path, *(f"negative/{n}" for n in names))], [], "hey you")
    assert {i.about.speaker for i in place.inputs} == {"ann", "ben", "84", "61"}
    assert not place.notices


def test_a_name_spelled_in_two_ways_is_one_person(tmp_path, takes):
    names = [f"positive/{who}/{i}.wav" for who in ("Ann M", "ann_m", "ben") for i in range(4)]
    here = Run(tmp_path / "run")
    made = acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    assert {r.speaker for r in load_clips(here)} == {"Ann M", "ben"}
    assert "the speakers ann_m and Ann M are taken for one person" in made["caveats"]


SPLITS = {
    "train test": [TRAIN, TEST],
    "Train Test": [TRAIN, TEST],
    "training testing": [TRAIN, TEST],
    "train valid test": [TRAIN, VAL, TEST],
    "train dev eval": [TRAIN, VAL, TEST],
    "train eval test": [TRAIN, VAL, TEST],
    "dev eval": [TRAIN, TEST],
    "train_set holdout": [TRAIN, TEST],
    "train-clean-100 dev-other test_clean": [TRAIN, VAL, TEST],
}


@pytest.mark.parametrize("names", SPLITS)
def test_folders_are_splits_by_their_names(names):
    known = splits_named([*names.split(), "ann", "trainer", "testament"])
    assert [known[name] for name in names.split()] == SPLITS[names] and len(known) == len(
        names.split()
    )


LAYOUTS = {
    "split, person": "positive/{split}/{who}/{i}.wav",
    "person, split": "positive/{who}/{split}/{i}.wav",
    "split outside": "{split}/positive/{who}/{i}.wav",
    "person outside": "{who}/positive/{split}/{i}.wav",
    "room between": "positive/{split}/kitchen/{who}/{i}.wav",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_users_own_test_set_is_kept_and_people_are_people(tmp_path, layout):
    names = [
        LAYOUTS[layout].format(split=split, who=who, i=i)
        for split in ("train", "test")
        for who in ("ann", "ben")
        for i in range(2)
    ]
    places = read_folders([files(tmp_path, *names)], [], "hey you")
    inputs = [item for place in places for item in place.inputs]
    splits = {name: split for place in places for name, split in place.splits.items()}
    assert len({item.about.origin for item in inputs}) == len(inputs) == 8
    assert {item.about.speaker for item in inputs} == {"ann", "ben"}
    assert len({item.about.source for item in inputs if layout == "split outside"}) <= 1
    for item in inputs:
        assert splits[item.about.origin].value in item.about.origin
    assert "your own splits and are kept: 4 train, 4 test" in places[0].notices[0]


def test_an_own_test_set_is_the_test_and_choosing_is_taken_from_its_train(tmp_path, takes):
    names = [f"positive/{s}/{w}/{i}.wav" for s in ("train", "test") for w in "abc" for i in "0123"]
    here = Run(tmp_path / "run")
    made = acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    for record in load_clips(here):
        assert (record.split is TEST) == record.origin.startswith("positive/test/")
    assert {r.split for r in load_clips(here)} == set(Split)
    assert any("are your own splits and are kept: 12 train, 12 test" in c for c in made["caveats"])


def test_an_own_test_beside_other_folders_is_the_whole_test(tmp_path, takes):
    names = [f"positive/{who}/{i}.wav" for who in ("test", "ann", "ben") for i in range(6)]
    here = Run(tmp_path / "run")
    acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    tested = {r.origin for r in load_clips(here) if r.split is TEST}
    assert tested == {f"positive/test/{i}.wav" for i in range(6)}


@pytest.mark.parametrize("name", ["train", "test", "val"])
def test_one_folder_around_everything_divides_nothing_and_that_is_said(tmp_path, name):
    root = files(tmp_path, *(f"positive/{name}/ann/{i}.wav" for i in range(3)))
    [place, _] = read_folders([root], [], "hey you")
    assert not place.splits and "divides nothing" in place.notices[0]
    assert {item.about.speaker for item in place.inputs} == {"ann"} and len(place.notices) == 1


def test_a_person_called_val_beside_others_is_no_validation(tmp_path):
    root = files(tmp_path, "positive/val/1.wav", "positive/ann/1.wav")
    [place, _] = read_folders([root], [], "hey you")
    assert not place.splits and {i.about.speaker for i in place.inputs} == {"val", "ann"}


def test_six_people_whom_the_users_own_folders_part_stay_parted_and_that_is_said(tmp_path, takes):
    people = [f"p{i}" for i in range(FEWEST_SPEAKERS)]
    names = [f"positive/{s}/{w}/{i}.wav" for s in ("train", "test") for w in people for i in "01"]
    here = Run(tmp_path / "run")
    made = acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    assert sum(r.split is TEST for r in load_clips(here)) == 12
    assert any(
        "whom your own folders of splits have in more than one" in c for c in made["caveats"]
    )
    # where a table parts them instead, or nobody does, that is a fault as ever
    records = [replace(r, origin=r.path) for r in load_clips(here)]
    with pytest.raises(LeakageError, match="is in two splits"):
        audit(records)
    with pytest.raises(LeakageError, match="the given splits part"):
        assign(records, 1, given={r.path: r.split for r in records})


def test_of_a_folder_that_is_not_there_the_whole_path_is_told(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    looked = re.escape(f"RECORDINGS names {tmp_path.resolve()}/mine, and there is no such")
    with pytest.raises(WrongInput, match=looked):
        read_folders([Path("../mine")], [], "hey you")


def test_what_lies_beside_the_folders_is_told_and_a_misspelt_name_guessed(tmp_path, takes):
    names = ["positive/1.wav", "positive/2.wav", "postive/3.wav", "4.wav", "old/deep/5.wav"]
    names += ["train/positive/6.wav", "train/7.wav"]
    here = Run(tmp_path / "run")
    acquire.run(config(takes(tmp_path / "own", names)), here, LIMITS)
    reasons = {row.path.rpartition("own/")[2]: row.reason for row in read_quarantine(here)}
    [shown] = [str(why) for why in grouped([("postive", reasons["postive"])])]
    assert "1 files" in shown and shown.endswith("is it positive/? (postive)"), "whole"
    assert reasons.keys() == {"postive", "4.wav", "old", "train/7.wav"}
    assert reasons["postive"].endswith("is it positive/?") and "1 files" in reasons["old"]
    assert "lies beside the folders and in none of them" in reasons["train/7.wav"]
    assert all(row.stage == STAGE for row in read_quarantine(here))


def test_other_names_of_folders_are_understood_and_none_at_all_is_told(tmp_path):
    names = ("Positives/1.wav", "noise/2.wav", "Hard-Negative/3.wav", "speech/4.wav", "rir/5.wav")
    places = read_folders([files(tmp_path / "a", *names)], [], "hey you")
    kinds = [(i.about.label, i.about.kind) for place in places for i in place.inputs]
    assert kinds == [
        (Label.POSITIVE, Kind.CLIP),
        (Label.HARD_NEGATIVE, Kind.CLIP),
        (Label.NEGATIVE, Kind.AMBIENT),
        (Label.NEGATIVE, Kind.NOISE),
        (Label.NEGATIVE, Kind.RIR),
    ]
    with pytest.raises(WrongInput, match=r"none of the folders positive.*\(found mine\)"):
        read_folders([files(tmp_path / "b", "mine/1.wav")], [], "hey you")


def test_recordings_that_are_there_and_not_looked_at_are_told(tmp_path, takes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    own = takes(tmp_path / "own", [f"positive/{who}/{i}.wav" for who in "abc" for i in range(4)])
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings/.gitkeep").touch()
    unnamed = config("", positive=(str(own / "positive"),))
    here = Run(tmp_path / "run")
    assert not any("not looked at" in n for n in acquire.plan(unnamed, here, LIMITS)["notices"])
    files(tmp_path, "recordings/positive/1.wav")
    for settings in (unnamed, config(own)):
        [told] = [n for n in acquire.plan(settings, here, LIMITS)["notices"] if "looked at" in n]
        assert told.startswith("recordings/ holds files that are not looked at: RECORDINGS is '")
    assert told not in acquire.plan(unnamed, here, LIMITS)["notices"]
    assert any("not looked at" in n for n in acquire.run(unnamed, here, LIMITS)["caveats"])
    for used in (config("recordings"), config(own, negative=("recordings/positive",))):
        assert not any("looked at" in n for n in acquire.plan(used, here, LIMITS)["notices"])


def test_a_run_that_an_older_version_began_goes_on_by_its_rules(tmp_path, takes):
    names = [f"positive/{r}/{w}/{i}.wav" for r in ("car", "hall") for w in "ab" for i in range(4)]
    here, settings = Run(tmp_path / "run"), config(takes(tmp_path / "own", names))
    acquire.run(replace(settings, input_rules=1), here, LIMITS)
    before = load_clips(here).records
    assert {r.speaker for r in before} == {"car", "hall"}
    for name in ("checkpoint.json", "checkpoint.previous.json"):  # as it would have written them
        state = read_json(here / "clips" / name)
        del state["settings"]["input_rules"], state["settings"]["speaker_level"]
        write_json(here / "clips" / name, state)
    assert acquire.plan(settings, here, LIMITS)["notices"] == [*acquire.OLDER.values()]
    assert acquire.run(settings, here, LIMITS)["units made now"] == 0
    assert load_clips(here).records == before
    with pytest.raises(WrongInput, match="speaker_level is 2 and input_rules 1.*begin a new run"):
        acquire.run(replace(settings, speaker_level=2), here, LIMITS)
