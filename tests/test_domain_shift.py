"""The domain-shift suite and test-time augmentation on a model that has learnt its word."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mwwkit.audio.frontend import spectrogram
from mwwkit.corpus.clips import CATALOGUE, Label, Split, load_clips, write_catalogue
from mwwkit.device.detector import Rule, detections
from mwwkit.device.simulator import Device
from mwwkit.evaluation import domain_shift, tta
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import from_json, to_json
from mwwkit.scenes.shards import FeatureSet


@pytest.fixture(scope="module")
def rows(exported):
    return {row.shift: row for row in domain_shift.measure(exported)}


def test_clean_is_what_05_reported(rows, exported):
    test = read_json(exported / "export/chirp.metrics.json")["test"]
    clean = rows["clean"]
    for found, told in (
        (clean.recall, test["recall"]["clean"]),
        (clean.other_clips_accepted, test["other_clips_accepted"]),
    ):
        assert (found.count, found.of) == (told["count"], told["of"])


def test_there_is_a_row_for_every_shift_with_counts_and_intervals(rows):
    assert len(rows) == 1 + 12 + 7 + 4  # the corpus has no rooms
    told = json.loads(json.dumps(to_json(list(rows.values())), allow_nan=False))
    assert [from_json(domain_shift.Row, row) for row in told] == list(rows.values())
    for row in rows.values():
        recall = row.recall
        assert recall.of == 12 and row.other_clips_accepted.of == 12
        assert recall.low <= recall.value == recall.count / 12 <= recall.high


def test_what_is_under_the_noise_is_heard_less(rows):
    recall = {name: row.recall.value for name, row in rows.items()}
    assert recall["clean"] > 0.9
    assert recall["white 0 dB"] <= recall["white 20 dB"]
    # the second half of the "word" glides from 0.9 to 2.7 kHz, its overtones beyond 4 kHz
    assert recall["gain -6 dB"] > 0.9


def test_processes_and_repeats_change_nothing(rows, exported, monkeypatch):
    few = [
        s
        for s in domain_shift.suite(domain_shift.Sounds())
        if s.name in ("white 5 dB", "telephone")
    ]
    monkeypatch.setattr(domain_shift, "suite", lambda sounds: few)
    again = {row.shift: row for row in domain_shift.measure(exported, workers=2)}
    assert again == {s.name: rows[s.name] for s in few}


@pytest.fixture
def with_machines(exported, tmp_path):
    """The same run, with a catalogue by which two of the twelve test words are a machine's."""
    here = Run(tmp_path, (*exported.earlier, exported.folder))
    clips = load_clips(exported)
    spoken = [r.path for r in clips.of(label=Label.POSITIVE, split=Split.TEST)][:2]
    records = (replace(r, source="espeak-ng") if r.path in spoken else r for r in clips)
    write_catalogue(here / CATALOGUE, records)
    return here, spoken


def test_machines_words_stand_beside_peoples_and_take_no_place_of_one(with_machines, monkeypatch):
    here, spoken = with_machines
    clean = [s for s in domain_shift.suite(domain_shift.Sounds()) if s.name == "clean"]
    monkeypatch.setattr(domain_shift, "suite", lambda sounds: clean)
    (row,) = domain_shift.measure(here, most_clips=11)
    assert (row.words_of, row.recall.of, row.machines.of) == ("people", 10, 1)
    heads, line = domain_shift.table([row]).splitlines()
    assert heads.split("  ")[0] == "shift" and "people's words" in heads
    assert heads.index("machines' words") == line.index(str(row.machines))
    every = domain_shift.stimuli(here, "test-words", 300).names
    assert every[-2:] == spoken and len(set(every)) == 12


def test_fewer_clips_are_spread_over_the_set(exported):
    some = domain_shift.stimuli(exported, "test-words", 4)
    every = domain_shift.stimuli(exported, "test-words", 300)
    assert [every.names.index(name) for name in some.names] == [0, 3, 7, 11]
    assert len(every.names) == 12 == len(every.ends_s)


def test_the_table_has_counts_beside_rates(rows):
    lines = domain_shift.table(list(rows.values())).splitlines()
    assert len(lines) == len(rows) + 1
    assert f" {rows['clean'].recall.count} of 12: " in lines[1] and " s" in lines[1]


def test_before_05_there_is_nothing_to_measure(featured, tmp_path):
    with pytest.raises(CheckpointError, match="export is not finished"):
        domain_shift.measure(Run(tmp_path, (featured.folder,)))


def test_the_nine_variants_are_three_moments_at_three_levels():
    audio = (1000 * np.sin(np.arange(16_000) / 7)).astype(np.int16)
    made = tta.variants(audio)
    assert len(made) == 9 and {len(heard) for heard in made} == {16_000}
    np.testing.assert_array_equal(made[tta.VARIANTS.index((0, 0.0))], audio)
    np.testing.assert_array_equal(made[tta.VARIANTS.index((160, 0.0))][160:], audio[:-160])
    louder = made[tta.VARIANTS.index((320, 3.0))]
    assert louder.std() / audio.std() == pytest.approx(10 ** (3 / 20), rel=0.01)


def test_the_averaged_track_is_the_mean_and_still_hears_the_word(exported):
    names = read_json(exported / "export/checkpoint.json")["complete"]
    device = Device(exported / "export" / names["model"])
    heard = domain_shift.stimuli(exported, "test-words", 2).audio[0]
    track = tta.averaged(device, heard)
    each = np.stack([device.scores(spectrogram(one)) for one in tta.variants(heard)])
    assert track.dtype == np.uint8 and track.shape == each.shape[1:]
    assert np.abs(track - each.mean(axis=0)).max() <= 0.5
    shipped = read_json(exported / "export" / names["metrics"])["threshold"]
    assert len(detections(track, Rule(shipped["cutoff"], shipped["window"]))) == 1


def test_with_tta_the_same_rows_come_from_averaged_scores(exported, rows, monkeypatch):
    clean = [s for s in domain_shift.suite(domain_shift.Sounds()) if s.name == "clean"]
    monkeypatch.setattr(domain_shift, "suite", lambda sounds: clean)
    (row,) = domain_shift.measure(exported, most_clips=6, tta=True)
    assert row.recall.of == 6 and row.recall.value > 0.8
    assert len(FeatureSet.open(exported, "test-words").facts) == 24  # clean and noise10
