import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from killing import start

from mwwkit.audio.discovery import discover
from mwwkit.audio.reading import read
from mwwkit.corpus import given_places, spoken_needs
from mwwkit.corpus.clips import (
    CATALOGUE,
    Kind,
    Label,
    Split,
    load_clips,
    read_quarantine,
    write_catalogue,
)
from mwwkit.run import session as session_module
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, StoppedEarly
from mwwkit.run.settings import keep, of_run
from mwwkit.stages import acquire

NO_SPEECH = {
    **{"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "tts_ambient_minutes": 0.0},
    **{"noise_minutes": 0.0, "rooms": 0},
}
LIMITS = Limits(workers=1)


def config(recordings="", **settings):
    return acquire.Config(
        **{"word": "hey you", "recordings": str(recordings)} | NO_SPEECH | settings
    )


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, speech_like):
    """positive/ with two speakers, negative/, background/ and rirs/, as people have them."""
    root = tmp_path_factory.mktemp("recordings")
    names = [f"positive/{who}/take {i}.wav" for i in range(6) for who in ("Zoë", "bob")]
    names += [f"negative/{i}.flac" for i in range(8)] + [f"background/{i}.ogg" for i in range(3)]
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / name, speech_like(seed, 0.8), 16_000)
    (root / "rirs").mkdir()
    for i in range(3):
        noise = np.random.default_rng(i).standard_normal(4000)
        soundfile.write(root / f"rirs/{i}.wav", noise * 0.1 * 0.998 ** np.arange(4000), 16_000)
    return root


@pytest.fixture
def recordings(tmp_path, made_once):
    """A copy of them, to add to."""
    return Path(shutil.copytree(made_once, tmp_path / "my recordings"))


def files_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file() and not any(part.startswith(".part-") for part in p.parts)
    }


def test_recordings_become_16_khz_clips_with_labels_speakers_and_splits(tmp_path, recordings):
    here = Run(tmp_path / "run")
    acquire.run(config(recordings), here, LIMITS)
    clips = load_clips(here)
    assert len(clips.of(label=Label.POSITIVE)) == 12
    assert {r.speaker for r in clips.of(label=Label.POSITIVE)} == {"Zoë", "bob"}
    assert len(clips.of(kind=Kind.NOISE)) == len(clips.of(kind=Kind.RIR)) == 3
    of_split = [len(clips.of(label=Label.POSITIVE, split=split)) for split in Split]
    told = "your 12 recordings of the word: {} train, {} validation, {} test".format(*of_split)
    assert told in acquire.check(here)["recordings"]
    for split in Split:
        assert len(clips.of(label=Label.POSITIVE, split=split))
    for record in clips:
        info = soundfile.info(clips.path(record))
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert info.frames == record.seconds * 16_000 == len(clips.audio(record))
    taken = next(r for r in clips if r.origin == "positive/Zoë/take 3.wav")
    original = read(recordings / taken.origin)
    np.testing.assert_allclose(clips.audio(taken)[:] / 32_768, original, atol=2**-15)


TOLD = {  # 24 recordings in so many speakers' folders
    **{0: "17 train, 4 validation, 3 test; whether it knows the voices that test it is not known"},
    **dict.fromkeys((1, 2, 3), "17 train, 4 validation, 3 test; tested on voices it knows"),
    **{4: "16 train, 4 validation, 4 test; tested on voices it knows"},
    **{5: "14 train, 5 validation, 5 test; tested on voices it knows"},
    **{
        6: "16 train, 4 validation, 4 test; tested on strangers, none of whom it was taught by, as "
        "far as they are named"
    },
}


@pytest.fixture(scope="module")
def takes(speech_like):
    """24 recordings of the word, and eight others, [n] float each."""
    return [speech_like(seed, 0.6) for seed in range(32)]


def in_folders(root, takes, n_folders):
    """The word in so many speakers' folders, other words beside them; where they are."""
    for i, sound in enumerate(takes):
        role = "positive" if i < 24 else "negative"
        who = f"person {i % n_folders}" if n_folders and i < 24 else "."
        (root / role / who).mkdir(parents=True, exist_ok=True)
        soundfile.write(root / role / who / f"{i}.wav", sound, 16_000)
    return root


@pytest.mark.parametrize("n_folders", TOLD)
def test_twenty_four_recordings_are_told_where_they_went_and_whose_voices_test(
    tmp_path, takes, n_folders
):
    here = Run(tmp_path / "run")
    made = acquire.run(config(in_folders(tmp_path / "own", takes, n_folders)), here, LIMITS)
    assert made["recordings"].startswith(f"your 24 recordings of the word: {TOLD[n_folders]}")
    few = [text for text in made["caveats"] if "too few to keep apart" in text]
    assert len(few) == (0 < n_folders < 6)
    assert all("own/positive: " in text and "person 0" in text for text in few)


def test_a_run_of_the_older_rule_is_still_called_what_it_is(tmp_path, takes):
    """Three people, whom that rule kept apart: 8 train, 8 validation, 8 test."""
    here = Run(tmp_path / "run")
    settings = config(in_folders(tmp_path / "own", takes, 3))
    acquire.run(settings, here, LIMITS)
    apart = {f"person {i}": split for i, split in enumerate(Split)}
    older = [replace(r, split=apart.get(r.speaker, r.split)) for r in load_clips(here)]
    write_catalogue(here / CATALOGUE, older)
    found = acquire.run(settings, here, LIMITS)
    assert found == acquire.check(here) | {"units made now": 0, "folder": str(here / "clips")}
    assert "8 train, 8 validation, 8 test; tested on strangers" in found["recordings"]
    assert not any("too few to keep apart" in text for text in found["caveats"])
    assert load_clips(here).records == tuple(older)


def test_plan_counts_what_is_left_and_a_second_run_makes_nothing(tmp_path, recordings):
    here = Run(tmp_path / "run")
    planned = acquire.plan(config(recordings), here, LIMITS)
    assert planned["units left"] == 4 and planned["inputs"]["positive clip"] == 12
    assert not here.folder.exists()
    acquire.run(config(recordings), here, LIMITS)
    before = {p: p.stat().st_mtime_ns for p in here.folder.rglob("*")}
    assert acquire.plan(config(recordings), here, LIMITS)["units left"] == 0
    assert acquire.run(config(recordings), here, LIMITS)["units made now"] == 0
    assert {p: p.stat().st_mtime_ns for p in here.folder.rglob("*")} == before


def test_worker_count_does_not_change_a_byte(tmp_path, recordings):
    pytest.importorskip("espeakng_loader")
    spoken = {"tts_positive": 70, "tts_negative": 20, "tts_ambient_minutes": 0.5, "rooms": 2}
    for workers in (1, 2):
        here = Run(tmp_path / str(workers))
        acquire.run(config(recordings, **spoken), here, Limits(workers=workers))
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2")


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory, made_once):
    """Recordings, one of them broken, and the run made of them without a kill."""
    folder = tmp_path_factory.mktemp("in one go")
    recordings = Path(shutil.copytree(made_once, folder / "recordings"))
    (recordings / "negative" / "broken.wav").write_text("no audio")
    settings = config(recordings, rooms=2, noise_minutes=0.5)
    acquire.run(settings, Run(folder / "whole"), LIMITS)
    return settings, files_of(folder / "whole")


@pytest.mark.parametrize("survives", [0, 1, 2, 3, 5, 8, 12, 16, 17, 18, 19, 20, 21])
def test_a_run_killed_at_any_write_and_resumed_equals_a_run_in_one_go(
    tmp_path, in_one_go, monkeypatch, survives
):
    settings, whole = in_one_go
    writes = iter(range(1000))
    replace = os.replace

    def replace_until_the_kill(*args):
        if next(writes) == survives:
            raise KeyboardInterrupt
        replace(*args)

    killed = Run(tmp_path / "killed")
    monkeypatch.setattr(os, "replace", replace_until_the_kill)
    with pytest.raises(KeyboardInterrupt):
        acquire.run(settings, killed, LIMITS)
    monkeypatch.undo()
    acquire.run(settings, killed, LIMITS)
    assert files_of(tmp_path / "killed") == whole


_RUN = """
import sys
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire
from test_acquire import config
settings = config(sys.argv[2], noise_minutes=2, rooms=130)
acquire.run(settings, Run.of(sys.argv[1]), Limits(workers=2))
"""


def test_a_run_killed_with_sigkill_and_resumed_equals_a_run_in_one_go(tmp_path, recordings):
    with start(_RUN, tmp_path / "killed", recordings) as process:
        while not list((tmp_path / "killed/clips").glob("*/*")):
            time.sleep(0.02)
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
    assert not (tmp_path / "killed/clips/catalogue.csv").exists()
    settings = config(recordings, noise_minutes=2, rooms=130)
    acquire.run(settings, Run(tmp_path / "killed"), Limits(workers=2))
    acquire.run(settings, Run(tmp_path / "whole"), LIMITS)
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")


def test_an_earlier_run_is_read_where_it_lies_and_only_what_is_new_is_made(tmp_path, recordings):
    earlier = Run(tmp_path / "earlier")
    acquire.run(config(recordings), earlier, LIMITS)
    before = files_of(earlier.folder)
    here = Run(tmp_path / "run", (earlier.folder,))
    made = acquire.run(config(recordings), here, LIMITS)
    assert made["units made now"] == 0 and not here.folder.exists()

    soundfile.write(recordings / "background/new.wav", np.sin(np.arange(50_000)) * 0.3, 16_000)
    assert acquire.run(config(recordings), here, LIMITS)["units made now"] == 1
    assert len(load_clips(here).of(kind=Kind.NOISE)) == 4
    assert len(load_clips(earlier).of(kind=Kind.NOISE)) == 3
    assert files_of(earlier.folder) == before


def test_what_cannot_be_used_is_quarantined_with_its_reason_and_stays(tmp_path, recordings):
    bad, rate_hz = recordings / "negative", 16_000
    (bad / "text ä.wav").write_text("this is no audio\n" * 50)
    (bad / "zero.wav").touch()
    soundfile.write(bad / "short.wav", np.ones(100) * 0.1, rate_hz)
    soundfile.write(bad / "long.wav", np.sin(np.arange(20 * rate_hz)) * 0.1, rate_hz)
    soundfile.write(bad / "silent.wav", np.zeros(rate_hz), rate_hz)
    soundfile.write(bad / "nan.wav", np.full(rate_hz, np.nan), rate_hz, subtype="FLOAT")
    soundfile.write(bad / "cut.wav", np.sin(np.arange(rate_hz)) * 0.1, rate_hz)
    (bad / "cut.wav").write_bytes((bad / "cut.wav").read_bytes()[:9000])
    shutil.copy(bad / "3.flac", bad / "3 again.flac")
    (recordings / "background/bad.mp3").write_bytes(b"\0" * 1000)
    soundfile.write(recordings / "rirs/silent.wav", np.zeros(4000), rate_hz)
    names = set(files_of(recordings))
    here = Run(tmp_path / "run")
    assert acquire.run(config(recordings), here, LIMITS)["rejected"] == 10
    reasons = {Path(row.path).name: row.reason for row in read_quarantine(here)}
    expected = {
        "text ä.wav": "no audio", "zero.wav": "empty", "short.wav": "0.01 s long; wanted 0.1",
        "long.wav": "longer than the 15 s of a clip; continuous speech is for ambient/",
        "silent.wav": "silent", "nan.wav": "NaN", "cut.wav": "cut off",
        "3.flac": "the same sound as", "bad.mp3": "bad.mp3",
    }  # fmt: skip
    for name, reason in expected.items():
        assert reason in reasons[name] or reason in f"{name} {reasons[name]}", name
    assert set(files_of(recordings)) == names
    assert len(load_clips(here).of(label=Label.NEGATIVE, kind=Kind.CLIP)) == 8


def test_rooms_of_every_format_are_taken_checked_and_warned_of(tmp_path, recordings):
    def response(name, seconds, rate_hz=44_100, direct_s=0.0):
        n = round(seconds * rate_hz)
        sound = 0.02 * np.random.default_rng(n).standard_normal(n) * 10 ** (-np.arange(n) / n)
        sound[round(direct_s * rate_hz)] = 0.9
        soundfile.write(recordings / "rirs" / name, sound, rate_hz)

    for name in ("hall.flac", "hall.mp3", "hall.wav"):
        response(name, 0.5 + len(name) / 10)
    response("click.wav", 0.09)
    response("endless.wav", 5.1)
    response("echo.wav", 1.0, direct_s=0.2)
    here = Run(tmp_path / "run")
    caveats = acquire.run(config(recordings), here, LIMITS)["caveats"]
    reasons = {Path(row.path).name: row.reason for row in read_quarantine(here)}
    assert reasons["click.wav"] == "is 0.090 s long; wanted 0.1 to 5.0 s"
    assert reasons["endless.wav"] == "is 5.100 s long; wanted 0.1 to 5.0 s"
    taken = [Path(r.path).name for r in load_clips(here).of(kind=Kind.RIR)]
    assert len(taken) == 3 + 4 and sum("hall" in name for name in taken) == 3
    [late] = [text for text in caveats if "rooms peak past a tenth of their length" in text]
    assert late.startswith("1 rooms") and "echo" in late


def test_every_format_people_have_becomes_a_clip(tmp_path, recordings, speech_like):
    for rate_hz in (8_000, 11_025, 22_050, 44_100, 48_000, 96_000):
        for subtype in ("PCM_U8", "PCM_24", "FLOAT"):
            left = speech_like(rate_hz + len(subtype), 1.0, rate_hz)
            name = recordings / f"negative/{rate_hz} {subtype}.wav"
            soundfile.write(name, np.stack([left, 0.5 * left], 1), rate_hz, subtype=subtype)
    here = Run(tmp_path / "run")
    assert acquire.run(config(recordings), here, LIMITS)["rejected"] == 0
    clips = [r for r in load_clips(here) if "PCM_" in r.origin or "FLOAT" in r.origin]
    assert len(clips) == 18 and all(abs(r.seconds - 1.0) < 0.001 for r in clips)


def test_a_sound_that_is_both_the_wake_word_and_not_is_neither(tmp_path, recordings):
    shutil.copy(recordings / "positive/bob/take 1.wav", recordings / "negative/oops.wav")
    here = Run(tmp_path / "run")
    acquire.run(config(recordings), here, LIMITS)
    rows = read_quarantine(here)
    assert {Path(row.path).name for row in rows} == {"take 1.wav", "oops.wav"}
    assert "labelled negative and positive" in rows[0].reason
    assert len(load_clips(here).of(label=Label.POSITIVE)) == 11


def test_long_noise_is_kept_whole_in_pieces_that_stay_in_one_split(tmp_path, recordings):
    minute = np.random.default_rng(0).uniform(-0.1, 0.1, 60 * 8000)
    with soundfile.SoundFile(recordings / "background/long.wav", "w", 8000, 1) as file:
        for _ in range(21):
            file.write(minute)
    here = Run(tmp_path / "run")
    acquire.run(config(recordings), here, LIMITS)
    pieces = [r for r in load_clips(here) if r.origin == "background/long.wav"]
    assert [r.seconds for r in pieces] == [600, 600, 60]
    assert len({r.split for r in pieces}) == 1


def test_a_long_file_that_is_wrong_near_its_end_leaves_none_of_its_pieces(tmp_path, recordings):
    samples = np.random.default_rng(0).uniform(-0.1, 0.1, 11 * 60 * 16_000).astype(np.float32)
    samples[-1000] = np.nan
    soundfile.write(recordings / "background/nan.wav", samples, 16_000, subtype="FLOAT")
    here = Run(tmp_path / "run")
    acquire.run(config(recordings), here, LIMITS)
    assert [Path(row.path).name for row in read_quarantine(here)] == ["nan.wav"]
    assert not list(here.folder.rglob("*nan*.wav"))


def test_a_unit_on_disk_that_was_not_recorded_is_taken_over_not_made_again(
    tmp_path, recordings, monkeypatch
):
    here = Run(tmp_path / "run")
    monkeypatch.setattr("mwwkit.run.checkpoint.Checkpoint.finish", _killed)
    with pytest.raises(KeyboardInterrupt):
        acquire.run(config(recordings), here, LIMITS)
    monkeypatch.undo()
    [unit] = (here / "clips").glob("*/*")
    before = {p: p.stat().st_mtime_ns for p in unit.iterdir()}
    assert acquire.run(config(recordings), here, LIMITS)["units made now"] == 3
    assert {p: p.stat().st_mtime_ns for p in unit.iterdir()} == before


def _killed(*_, **__):
    raise KeyboardInterrupt


def test_folders_that_give_nothing_are_refused_before_anything_is_made(tmp_path, recordings):
    here = Run(tmp_path / "run")
    (tmp_path / "empty" / "positive").mkdir(parents=True)
    for call, message in (
        (config(tmp_path / "empty"), "positive.*has no audio in it: found nothing"),
        (
            config(tmp_path / "gone"),
            "there is no such folder; wanted a folder with positive/ in it",
        ),
        (
            config(positive=(str(tmp_path / "gone"),)),
            "gone, and there is no such folder; wanted a folder of recordings",
        ),
        (config(), "no clip of 'hey you' to learn from"),
    ):
        for stage in (acquire.plan, acquire.run):
            with pytest.raises(WrongInput, match=message):
                stage(call, here, LIMITS)
    assert not here.folder.exists()


@pytest.fixture(scope="module")
def finished_once(tmp_path_factory, made_once):
    """A finished run, and the folder of recordings that it was given: one more than RECORDINGS."""
    place = tmp_path_factory.mktemp("finished")
    shutil.copytree(made_once, place / "mine")
    shutil.copytree(made_once / "positive/bob", place / "more")
    given = config(place / "mine", positive=(str(place / "more"),))
    acquire.run(given, Run(place / "run"), LIMITS)
    return given, place


@pytest.fixture
def lacking(finished_once):
    """The same where RECORDINGS is not attached; after the test it is again."""
    given, place = finished_once
    (place / "mine").rename(place / "elsewhere")
    yield given, place
    (place / "elsewhere").rename(place / "mine")


def test_a_finished_run_whose_recordings_are_not_attached_stays_as_it_is_and_says_so(lacking):
    given, place = lacking
    here = Run(place / "next", (place / "run",))  # of another session, which the first is given to
    for its_run in (Run(place / "run"), here):
        before = files_of(its_run.folder)
        planned, made = (stage(given, its_run, LIMITS) for stage in (acquire.plan, acquire.run))
        told = f"RECORDINGS has {place / 'mine'}, as the run has it, and that is not there now. 01"
        assert all(told in " ".join(repr(facts).split()) for facts in (planned, made))
        assert made["units made now"] == 0
        after = files_of(its_run.folder)
        assert {n: b for n, b in after.items() if n != ".lock"} == {
            n: b for n, b in before.items() if n != ".lock"
        }
    acquire.run(replace(given, target_fah=2.0), here, LIMITS)
    held = of_run(here)
    assert held["target_fah"].value == 2.0 and held["recordings"].value == str(place / "mine")


def test_what_is_new_beside_recordings_that_are_not_attached_is_not_passed_over(lacking):
    given, place = lacking
    new = Path(shutil.copy(place / "more/take 1.wav", place / "more/new.wav"))
    try:
        for stage in (acquire.plan, acquire.run):
            with pytest.raises(WrongInput, match="not there now; say where.*-p RECORDINGS=$"):
                stage(given, Run(place / "run"), LIMITS)
    finally:
        new.unlink()
    with pytest.raises(WrongInput, match="no such folder"):  # never given to it: a slip
        acquire.plan(replace(given, recordings=str(place / "mien")), Run(place / "run"), LIMITS)


def test_an_unfinished_run_whose_recordings_are_not_attached_is_told_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    here, spoken = Run(tmp_path / "run"), config("auto", tts_positive=2)
    keep(here, replace(spoken, positive=(str(tmp_path / "gone"),)).for_the_run())
    (tmp_path / "recordings").rmdir()
    for given, name in ((spoken, "RECORDINGS="), (config(positive=("gone",)), r"POSITIVE=\[\]")):
        with pytest.raises(WrongInput, match=f"has (auto|.*gone), as the run has it.*{name}$"):
            acquire.plan(given, here, LIMITS)


def test_when_no_recording_of_the_wake_word_can_be_read_the_reasons_are_shown(tmp_path):
    (tmp_path / "own/positive").mkdir(parents=True)
    (tmp_path / "own/positive/a.wav").write_text("text")
    here = Run(tmp_path / "run")
    with pytest.raises(ValueError, match="no clip of the wake word can be used; 1 inputs.*a.wav"):
        acquire.run(config(tmp_path / "own"), here, LIMITS)
    assert len(read_quarantine(here)) == 1
    with pytest.raises(CheckpointError):
        acquire.check(here)


def test_other_settings_in_the_same_run_are_refused_by_name(tmp_path, recordings):
    here = Run(tmp_path / "run")
    acquire.run(config(recordings), here, LIMITS)
    with pytest.raises(CheckpointError, match="seed"):
        acquire.run(config(recordings, seed=1), here, LIMITS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("word", " "), ("tts_positive", -1), ("min_seconds", 20.0), ("shares", (0.5, 0.5, 0.5)),
     ("rooms", 10**9), ("tts_accent_share", 2.0), ("table_exclude", ("x",))],
)  # fmt: skip
def test_nonsense_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name.removeprefix("tts_")):
        config(**{name: value})


def test_settings_may_come_from_a_notebook_as_lists_or_text():
    made = config(positive=["a", "b"], rirs="c, d", shares=[0.8, 0.1, 0.1])
    assert (made.positive, made.rirs, made.shares) == (("a", "b"), ("c", "d"), (0.8, 0.1, 0.1))


def test_spoken_voices_are_the_speakers_and_none_is_in_two_splits(tmp_path):
    pytest.importorskip("espeakng_loader")
    here = Run(tmp_path / "run")
    made = acquire.run(
        config(tts_positive=60, tts_negative=60, tts_hard_negative=20, tts_ambient_minutes=2.0),
        *(here, LIMITS),
    )
    clips = load_clips(here)
    by_split = [{r.speaker for r in clips.of(split=split)} for split in Split]
    assert all(by_split) and not by_split[0] & by_split[1] | by_split[1] & by_split[2]
    assert {r.word for r in clips.of(label=Label.POSITIVE)} == {"hey you"}
    assert len(clips.of(label=Label.HARD_NEGATIVE)) >= 18
    assert made["recordings"].startswith("no recordings of the word by people")
    assert (
        "spoken by a machine" in made["caveats"][-1] and "twenty recordings" in made["caveats"][-1]
    )


def test_check_names_a_clip_that_is_gone(tmp_path, recordings):
    here = Run(tmp_path / "run")
    acquire.run(config(recordings), here, LIMITS)
    record = load_clips(here).records[3]
    (here / record.path).unlink()
    with pytest.raises(FileNotFoundError, match=record.path.split("/")[-1]):
        acquire.check(here)


def test_a_budget_that_is_reached_stops_before_the_write_that_would_cross_it(tmp_path, recordings):
    here = Run(tmp_path / "run")
    soundfile.write(recordings / "background/big.wav", np.sin(np.arange(960_000)) * 0.3, 16_000)
    with pytest.raises(StoppedEarly, match="disk budget is reached"):
        acquire.run(config(recordings), here, Limits(budget_gb=0.003, workers=1))
    assert sum(map(len, files_of(here.folder).values())) < 3e6
    acquire.run(config(recordings), here, LIMITS)
    acquire.run(config(recordings), Run(tmp_path / "whole"), LIMITS)
    assert files_of(here.folder) == files_of(tmp_path / "whole")


def test_a_read_only_output_folder_is_refused_before_anything_is_made(mounted, recordings):
    here = Run(mounted("size=1m,ro") / "run")
    for stage in (acquire.plan, acquire.run):
        with pytest.raises(PermissionError, match="cannot be written.*set RUN_DIR"):
            stage(config(recordings), here, LIMITS)


def test_a_full_disk_stops_the_stage_and_it_goes_on_when_there_is_room(mounted, recordings):
    folder = mounted("size=16m")
    here = Run(folder / "run")
    ballast = folder / "ballast"
    settings = config(recordings, rooms=64, noise_minutes=4.0)
    ballast.write_bytes(bytes(14_500_000))
    tight = Limits(workers=1, budget_gb=0.02)  # the spare it asks for is a tenth: 2 MB
    with pytest.raises(StoppedEarly, match="full"):
        acquire.run(settings, here, tight)
    ballast.unlink()
    acquire.run(settings, here, tight)
    assert acquire.check(here)["rejected"] == 0


def test_a_disk_that_fills_up_in_the_middle_of_a_unit_stops_as_clearly(
    tmp_path, recordings, monkeypatch
):
    here = Run(tmp_path / "run")
    monkeypatch.setattr("mwwkit.corpus.unit_folders.write_wav16", _no_room)
    with pytest.raises(StoppedEarly, match="is full .*No space left.*Make room and run it again"):
        acquire.run(config(recordings), here, LIMITS)
    monkeypatch.undo()
    acquire.run(config(recordings), here, LIMITS)
    acquire.check(here)


def _no_room(path, samples):
    raise OSError(28, "No space left on device", str(path))


def test_the_seven_flacs_that_libsndfile_refuses_become_clips(tmp_path, real_audio):
    here = Run(tmp_path / "run")
    settings = config(positive=(str(real_audio / "hard_to_read"),), word="computer")
    assert acquire.run(settings, here, LIMITS)["rejected"] == 0
    assert len(load_clips(here)) == len(discover(real_audio / "hard_to_read").files) == 7


def test_a_table_of_real_recordings_becomes_clips_with_its_given_splits(tmp_path, real_audio):
    rows = (real_audio / "index.csv").read_text().splitlines()
    kept = [r for word in ("jarvis", "athena") for r in rows if f",keyword,{word}," in r][:150]
    for row in kept:
        source = real_audio / row.split(",")[0]
        target = tmp_path / "data" / row.split(",")[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    (tmp_path / "data/index.csv").write_text("\n".join([rows[0], *kept]))
    jarvis = [row.split(",")[0] for row in kept if ",keyword,jarvis," in row]
    lines = [f"{path},{'test' if i % 2 else 'train'}" for i, path in enumerate(jarvis)]
    (tmp_path / "splits.csv").write_text("\n".join(["path,split", *lines]))
    here = Run(tmp_path / "run")
    made = acquire.run(
        config(
            word="jarvis", table=str(tmp_path / "data/index.csv"),
            given_splits=str(tmp_path / "splits.csv"),
        ),
        *(here, LIMITS),
    )  # fmt: skip
    positives = load_clips(here).of(label=Label.POSITIVE)
    assert len(positives.of(split=Split.TEST)) == len(jarvis) // 2
    assert len(positives.of(split=Split.VAL)) == pytest.approx(len(jarvis) / 2 * 15 / 85, abs=1)
    assert any("speakers" in caveat for caveat in made["caveats"])


ASKED = {"tts_positive": 3, "tts_negative": 2, "tts_hard_negative": 2}


def test_machines_do_not_say_a_word_that_enough_people_said(tmp_path, recordings, monkeypatch):
    pytest.importorskip("espeakng_loader")
    monkeypatch.setattr(spoken_needs, "ENOUGH_WORDS", 12)  # as many as there are
    left_out, asked_for = (
        acquire.plan(config(recordings, tts_when=when, **ASKED), Run(tmp_path / when), LIMITS)
        for when in ("needed", "always")
    )
    assert left_out["inputs"]["positive clip"] == 12
    assert "hard_negative clip" not in left_out["inputs"]
    assert "machines do not say the word: 12 recordings" in left_out["machines"]
    assert "other words and sentences" in left_out["machines"]  # of these there are only eight
    assert asked_for["inputs"]["positive clip"] == 15
    assert left_out["inputs"]["negative clip"] == asked_for["inputs"]["negative clip"] == 10


def test_a_run_begun_before_machines_left_anything_out_goes_on_with_all_of_it(
    tmp_path, recordings, monkeypatch
):
    pytest.importorskip("espeakng_loader")
    monkeypatch.setattr(spoken_needs, "ENOUGH_WORDS", 12)
    here = Run(tmp_path / "run")
    acquire.run(config(recordings, tts_when="always", **ASKED), here, LIMITS)
    path = here / "clips/checkpoint.json"
    state = read_json(path)
    del state["settings"]["tts_when"]  # as an older version wrote it
    write_json(path, state)
    settings = config(recordings, **ASKED)
    assert acquire.plan(settings, here, LIMITS)["units left"] == 0
    before = files_of(here.folder)
    acquire.run(settings, here, LIMITS)
    assert files_of(here.folder) == before
    (recordings / "positive/bob/take 0.wav").rename(recordings / "positive/bob/take 9.wav")
    acquire.run(settings, here, LIMITS)  # writes the checkpoint again, as this version does
    assert read_json(path)["settings"]["tts_when"] == "always"
    before = files_of(here.folder)
    acquire.run(settings, here, LIMITS)
    assert files_of(here.folder) == before


def test_a_session_that_listing_takes_whole_makes_a_unit_all_the_same(
    made_once, tmp_path, monkeypatch
):
    hours, read_folders = [0.0], given_places.read_folders

    def slowly(*given, **how):
        hours[0] += 2
        return read_folders(*given, **how)

    monkeypatch.setattr(session_module, "hours_so_far", lambda: hours[0])
    monkeypatch.setattr(given_places, "read_folders", slowly)
    for n_done in (1, 2):
        hours[0] = 0.0
        with pytest.raises(StoppedEarly, match="the session's 1 hours are over"):
            acquire.run(config(made_once), Run(tmp_path), Limits(session_hours=1, workers=1))
        assert len(read_json(tmp_path / "clips/checkpoint.json")["done"]) == n_done
