"""Few long recordings are cut over the splits; enough of them, or given ones, stay whole."""

import os
import struct

import numpy as np
import pytest
import soundfile

from mwwkit.corpus.clips import Kind, Label, Split, load_clips
from mwwkit.corpus.fates import fates_of
from mwwkit.corpus.gathering import Gathered, Place
from mwwkit.corpus.long_files import cut_over_splits
from mwwkit.corpus.sources import About, FromFile
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

SHARES = (0.7, 0.15, 0.15)
RATE_HZ = 8000


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """`hour(minutes)` -> a file of faint noise of so long."""
    folder, noise = tmp_path_factory.mktemp("long"), np.random.default_rng(1)

    def make(minutes):
        path = folder / f"{minutes}.flac"
        if not path.exists():
            sound = 0.05 * noise.standard_normal(int(minutes * 60 * RATE_HZ))
            soundfile.write(path, sound, RATE_HZ, subtype="PCM_S8")
        return path

    return make


def item(path, source="own", kind=Kind.AMBIENT, speaker=""):
    about = About(Label.NEGATIVE, kind, "", speaker, source, "", f"{source}/{path.name}")
    return FromFile(about, path, path.stat().st_size)


def cut(*items, shares=SHARES, whole=()):
    return cut_over_splits(Gathered((Place("own", items),)), shares, whole).inputs


def test_one_long_recording_trains_chooses_and_tests(hour):
    [place] = cut_over_splits(Gathered((Place("own", (item(hour(4)),)),)), SHARES, ()).places
    spans = [(i.start_s, i.seconds, i.split) for i in place.inputs]
    assert spans == [
        *((0.0, 168.0, Split.TRAIN), (168.0, 36.0, Split.VAL)),
        (204.0, None, Split.TEST),
    ]
    assert place.inputs[1].about.origin == "own/4.flac 168 s to 204 s"
    assert "4.flac would be in one split only" in place.notices[0]


def test_two_are_cut_each_and_three_stay_whole(hour):
    assert len(cut(item(hour(4)), item(hour(5)))) == 6
    assert len(cut(item(hour(4)), item(hour(5)), item(hour(6)))) == 3
    # a source that reaches every split is enough for its kind, and for no other
    words = [item(hour(n)) for n in (4, 5, 6)]
    assert len(cut(*words, item(hour(4), "more"))) == 4
    assert len(cut(*words, item(hour(4), "rain", Kind.NOISE))) == 6


def test_what_is_too_short_or_placed_by_hand_or_of_nobodys_length_stays_whole(hour, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    for one in (item(hour(3)), item(tmp_path / "broken.wav")):
        assert cut(one) == [one]
    assert cut(item(hour(4)), whole={"own/4.flac"}) == [item(hour(4))]
    assert cut(item(hour(4)), shares=(1.0, 0.0, 0.0)) == [item(hour(4))]
    assert len(cut(item(hour(4)), shares=(0.8, 0.2, 0.0))) == 2


@pytest.mark.parametrize("told_s", [0, 10])
def test_a_long_file_is_cut_whatever_its_name_and_its_header_say(tmp_path, told_s):
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    soundfile.write(os.fsencode(path), np.zeros(300 * RATE_HZ, np.int16), RATE_HZ)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", told_s * RATE_HZ * 2)
    path.write_bytes(data)
    [place] = cut_over_splits(Gathered((Place("own", (item(path),)),)), SHARES, ()).places
    assert [(i.start_s, i.seconds) for i in place.inputs] == [(0, 210), (210, 45), (255, None)]
    assert place.notices[0].startswith("own: caf\\xe9.wav would be in one split only")


def test_speakers_who_are_kept_whole_are_not_cut(hour):
    people = [item(hour(1), "words", Kind.CLIP, f"p{i}") for i in range(6)]
    theirs, anybodys = item(hour(4), "talk", speaker="p1"), item(hour(4), "radio")
    assert theirs in cut(*people, theirs)
    assert anybodys not in cut(*people, anybodys)


def test_01_cuts_an_evening_so_that_03_has_long_sound_to_choose_by(tmp_path, hour, speech_like):
    own = tmp_path / "own"
    for i in range(6):
        (own / "positive").mkdir(parents=True, exist_ok=True)
        soundfile.write(own / f"positive/{i}.wav", speech_like(i, 0.5), 16_000)
    (own / "ambient").mkdir()
    (own / "ambient/evening.flac").write_bytes(hour(4).read_bytes())
    silent = {"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "rooms": 0}
    silent |= {"tts_ambient_minutes": 0.0, "noise_minutes": 0.0, "recordings": str(own)}
    here, limits = Run(tmp_path / "run"), Limits(workers=1)
    made = acquire.run(acquire.Config(word="hey you", **silent), here, limits)
    parts = [(r.split, r.seconds) for r in load_clips(here).of(kind=Kind.AMBIENT)]
    assert parts == [(Split.TRAIN, 168.0), (Split.VAL, 36.0), (Split.TEST, 36.0)]
    assert not any("no long speech or noise" in caveat for caveat in made["caveats"])
    told = next(fate for fate in fates_of(here).places if fate.place == "own/ambient")
    assert told.numbers() == (1, 1, 0, 0, 1, 1, 1)  # one file was given, and is used
    # placed by hand it stays whole, and 01 says what 03 will lack
    (tmp_path / "splits.csv").write_text("path,split\nambient/evening.flac,train\n")
    by_hand = acquire.Config(word="hey you", given_splits=str(tmp_path / "splits.csv"), **silent)
    here = Run(tmp_path / "by hand")
    made = acquire.run(by_hand, here, limits)
    assert [r.split for r in load_clips(here).of(kind=Kind.AMBIENT)] == [Split.TRAIN]
    assert any("validation split has no long speech or noise" in c for c in made["caveats"])


def test_a_file_of_which_a_part_is_set_aside_is_used_and_that_is_told(tmp_path, hour, speech_like):
    own = tmp_path / "own"
    for role in ("positive", "ambient"):
        (own / role).mkdir(parents=True)
    for i in range(6):
        soundfile.write(own / f"positive/{i}.wav", speech_like(i, 0.5), 16_000)
    sound, _ = soundfile.read(hour(4))
    sound[204 * RATE_HZ :] = 0.0  # all of the part that tests
    soundfile.write(own / "ambient/evening.flac", sound, RATE_HZ)
    silent = {"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "rooms": 0}
    silent |= {"tts_ambient_minutes": 0.0, "noise_minutes": 0.0, "recordings": str(own)}
    here = Run(tmp_path / "run")
    acquire.run(acquire.Config(word="hey you", **silent), here, Limits(workers=1))
    fates = fates_of(here)
    told = next(fate for fate in fates.places if fate.place == "own/ambient")
    assert told.numbers()[:4] == (1, 1, 0, 0) and fates.n_set_aside == 0 and not fates.set_aside
    assert "a part of it is set aside (" in fates.remarks[0].reason and len(fates.remarks) == 1
