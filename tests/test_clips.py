import json

import numpy as np
import pytest

from mwwkit.audio.wav16 import write_wav16
from mwwkit.corpus.clips import (
    CATALOGUE,
    Kind,
    Label,
    Rejected,
    SampleRecord,
    Split,
    load_clips,
    loudest_frame_db,
    read_quarantine,
    refuse_without_clips,
    validate,
    write_catalogue,
    write_quarantine,
)
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.paths import Run


def record(path, label=Label.POSITIVE, split=Split.TRAIN, kind=Kind.CLIP, seconds=1.5):
    return SampleRecord(
        *(path, label, kind, 'hey, "Zoë"', "ann", split, seconds),
        *("own", "CC0", "0f", "ann/a b.m4a"),
    )


@pytest.fixture
def records():
    return [
        record("clips/clip/u/a.wav"),
        record("clips/clip/u/b.wav", Label.NEGATIVE, Split.TEST),
        record("clips/noise/u/c.wav", Label.NEGATIVE, Split.VAL, Kind.NOISE, 3600.0625),
    ]


def test_a_catalogue_read_back_is_the_one_written(tmp_path, records):
    here = Run(tmp_path)
    write_catalogue(here / "clips/catalogue.csv", records)
    assert load_clips(here).records == tuple(records)
    before = (here / "clips/catalogue.csv").read_bytes()
    write_catalogue(here / "clips/catalogue.csv", load_clips(here))
    assert (here / "clips/catalogue.csv").read_bytes() == before


def test_filters_keep_what_has_every_value_given(tmp_path, records):
    write_catalogue(tmp_path / "clips/catalogue.csv", records)
    clips = load_clips(Run(tmp_path))
    assert [r.path[-5:] for r in clips.of(label=Label.NEGATIVE)] == ["b.wav", "c.wav"]
    assert [r.path[-5:] for r in clips.of(label=Label.NEGATIVE, kind=Kind.CLIP)] == ["b.wav"]
    assert len(clips.of(split=Split.TRAIN, word="no such word")) == 0
    assert clips.of(kind=Kind.NOISE).hours == pytest.approx(1, abs=0.001)
    assert clips.summary()["noise"]["validation"] == "1 (1.00 h)"


def test_a_clip_of_an_earlier_run_is_read_where_it_lies(tmp_path, records):
    first, second = tmp_path / "first", tmp_path / "second"
    write_catalogue(first / "clips/catalogue.csv", records)
    (first / "clips/clip/u").mkdir(parents=True)
    write_wav16(first / "clips/clip/u/a.wav", np.arange(100, dtype=np.int16))
    clips = load_clips(Run(second, (first,)))
    np.testing.assert_array_equal(clips.audio(clips.records[0])[10:12], [10, 11])


def test_without_a_catalogue_the_message_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="catalogue.csv is not in this run"):
        load_clips(Run(tmp_path))


@pytest.mark.parametrize("damage", [("positive", "maybe"), ("origin", "colour"), ("1.5", "long")])
def test_a_catalogue_that_is_not_ours_is_refused_by_name(tmp_path, records, damage):
    path = tmp_path / "clips/catalogue.csv"
    write_catalogue(path, records)
    path.write_text(path.read_text().replace(*damage))
    with pytest.raises(ValueError, match="catalogue.csv.*run 01 again"):
        load_clips(Run(tmp_path))


def test_speech_is_fit_to_use_and_what_is_not_says_why(speech_like):
    audio = speech_like(0)
    assert validate(audio) == []
    assert validate(audio * 0.01) == []  # a soft voice, 46 dB under full scale
    assert "0.05 s long; wanted 0.1 to 60 s" in validate(audio[:800])[0]
    assert "silent: -200 dBFS" in validate(np.zeros(16_000, np.float32))[0]
    assert "silent" in validate(audio * 1e-4)[0]
    assert "clipped" in validate(np.clip(audio * 40, -1, 1))[0]
    audio[100] = np.nan
    assert "NaN" in validate(audio)[0]


def test_level_is_that_of_the_loudest_32_ms(speech_like):
    audio = np.zeros(16_000, np.float32)
    audio[5120:5632] = 0.1 * np.sqrt(2) * np.sin(2 * np.pi * 1000 * np.arange(512) / 16_000)
    assert loudest_frame_db(audio) == pytest.approx(-20, abs=0.01)


def test_quarantine_has_each_rejected_file_once_sorted_and_keeps_other_stages(tmp_path):
    here = Run(tmp_path)
    rows = [Rejected("b ü.wav", "silent", "01"), Rejected("a.wav", "no audio", "01")]
    write_quarantine(here, "04", [Rejected("z.wav", "of the test split", "04")])
    write_quarantine(here, "01", rows + rows)
    write_quarantine(here, "01", reversed(rows))
    assert [r.path for r in read_quarantine(here)] == ["a.wav", "b ü.wav", "z.wav"]
    first = json.loads((tmp_path / "quarantine.jsonl").read_text().splitlines()[0])
    assert first == {"path": "a.wav", "reason": "no audio", "stage": "01"}


def test_nothing_rejected_leaves_no_file(tmp_path):
    write_quarantine(Run(tmp_path), "01", [])
    assert not (tmp_path / "quarantine.jsonl").exists()


def test_a_stage_without_clips_in_reach_is_told_what_it_lacks_before_its_work(tmp_path):
    lacking = Run(tmp_path / "now", looked="auto: looked in /inputs; found none")
    told = "04 reads clips/ of 01, and clips/catalogue.csv is not in this run .*looked in /inputs"
    with pytest.raises(CheckpointError, match=told + ".*give 01's run as PREVIOUS too"):
        refuse_without_clips(lacking, "04")
    catalogue = [record(path) for path in ("clips/clip/u1/a.wav", "clips/clip/u2/b.wav")]
    here = Run(tmp_path / "now", (tmp_path / "then",))
    write_catalogue(here / CATALOGUE, catalogue)
    refuse_without_clips(here, "04")
    for folder, name in (("now", "u1/a.wav"), ("then", "u2/b.wav")):
        with pytest.raises(CheckpointError, match=f"05 reads clips/ of 01, and clips/clip/{name}"):
            refuse_without_clips(here, "05", sounds=True)
        path = tmp_path / folder / "clips/clip" / name
        path.parent.mkdir(parents=True)
        path.touch()
    refuse_without_clips(here, "05", sounds=True)
