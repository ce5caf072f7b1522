"""What 05 says about a split, on sets and score tracks that can be counted by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from listed import Listed

from mwwkit.audio.wav16 import write_wav16
from mwwkit.corpus.clips import CATALOGUE, Kind, Label, SampleRecord, Split, write_catalogue
from mwwkit.device.detector import Rule
from mwwkit.evaluation.measured import Aim, CountedWords, SplitFigures
from mwwkit.evaluation.mistakes import ScoredSplit
from mwwkit.evaluation.split_metrics import of_split
from mwwkit.metrics.judgement import FEWEST_RECORDINGS
from mwwkit.metrics.operating_points import CUTOFFS, PerSet
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.report.voices import heard_words
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import from_json, to_json
from mwwkit.scenes import provenance
from mwwkit.scenes.scenes import Background, Item, Piece, Scene
from mwwkit.scenes.shards import FeatureSet

CONDITIONS = {"clean": Background("quiet"), "noise10": Background("noise", 10.0)}
RULE, AIM = Rule(0.5, 3), Aim(0.5, 0.01, (3, 5))
MINUTE = 2000  # steps


def record(path, label=Label.POSITIVE, kind=Kind.CLIP, speaker="", source="home", word="up"):
    split = Split.TEST
    return SampleRecord(path, label, kind, word, speaker, split, 1.0, source, "CC0", path, path)


def track(peak, steps=80, at=40):
    """A track that holds `peak` for ten steps."""
    scores = np.full(steps, 5, np.uint8)
    scores[at : at + 10] = peak
    return scores


def clips(paths, conditions=("clean",), room="", ends=True):
    scenes = [
        Scene(2.5, 1, (Item(Piece(p, 0.0, 1.0), 1.0),), CONDITIONS[c], room=room).as_dict()
        for c in conditions
        for p in paths
    ]
    facts = [{"clip": p, "condition": c} for c in conditions for p in paths]
    nothing_in_them = Listed(np.zeros((len(facts), 1, 40), np.int8))
    return FeatureSet(nothing_in_them, facts, [[1.2] if ends else [] for _ in facts], scenes)


def catalogued(folder, n_people=15):
    """A run with fifteen words, so many of three people and the others of a machine, and the rest.

    That is ten other words, two long clips and a room.
    """
    people = ("ann", "ben", "cas")
    said_by = [("home", people[i % 3]) for i in range(n_people)]
    said_by += [("espeak-ng", "")] * (15 - n_people)
    records = [
        record(f"w{i}.wav", source=source, speaker=speaker)
        for i, (source, speaker) in enumerate(said_by)
    ]
    records += [record(f"o{i}.wav", Label.NEGATIVE, word="other") for i in range(10)]
    records += [
        record("radio.wav", Label.NEGATIVE, Kind.AMBIENT, source="radio"),
        record("spoken.wav", Label.NEGATIVE, Kind.AMBIENT, source="espeak-ng"),
        record("room.wav", Label.NEGATIVE, Kind.RIR),
    ]
    write_catalogue(folder / CATALOGUE, records)
    ring = np.exp(-np.arange(8000) / 800) * np.random.default_rng(1).normal(size=8000)
    write_wav16(folder / "room.wav", (0.2 * ring).astype(np.float32))
    return Run(folder)


@pytest.fixture
def here(tmp_path):
    """A run with fifteen words of three people."""
    return catalogued(tmp_path)


@pytest.fixture
def scored_split():
    """Ben is missed twice clean and always in noise; one other word and three moments are taken."""
    words = [f"w{i}.wav" for i in range(15)]
    heard = [track(200) for _ in range(30)]
    for i in (1, 4):
        heard[i] = track(60 + i)
    for i in (16, 19, 22, 25, 28):
        heard[i] = track(90)
    others = [track(20) for _ in range(10)]
    others[7] = track(140)
    stream = np.full(10 * MINUTE, 5, np.uint8)
    for at, peak in ((1000, 150), (12_000, 220), (15_000, 180)):
        stream[at : at + 10] = peak
    halves = tuple(
        Item(Piece(path, 0.0, 300.0), at_s, level_db=None)
        for path, at_s in (("radio.wav", 0.0), ("spoken.wav", 300.0))
    )
    ambient = FeatureSet([0], [{"clips": []}], [[]], [Scene(600.0, 1, halves).as_dict()])
    sets = PerSet(
        positives=clips(words, ("clean", "noise10"), room="room.wav"),
        negatives=clips([f"o{i}.wav" for i in range(10)], ends=False),
        ambient=ambient,
    )
    return ScoredSplit("test", sets, PerSet(heard, others, [stream]))


@pytest.fixture
def facts(scored_split, here):
    return of_split(scored_split, RULE, AIM, here)


def test_it_is_json_and_the_same_each_time(facts, scored_split, here):
    written = json.dumps(to_json(facts), sort_keys=True, allow_nan=False)
    again = to_json(of_split(scored_split, RULE, AIM, here))
    assert json.dumps(again, sort_keys=True) == written
    read = from_json(SplitFigures, json.loads(written))
    assert json.dumps(to_json(read), sort_keys=True) == written


def test_counts_are_those_made(facts):
    clean, noisy = facts.recall
    assert (clean.condition, clean.count, clean.of) == ("clean", 13, 15)
    assert (noisy.condition, noisy.count, noisy.of) == ("noise10", 10, 15)
    assert clean.by_speaker.speakers == 3
    assert clean.by_speaker.low < clean.low
    accepted, hourly = facts.other_clips_accepted, facts.false_accepts_per_hour
    assert (accepted.count, accepted.of) == (1, 10)
    assert (hourly.events, hourly.hours) == (3, pytest.approx(1 / 6, abs=1e-3))


def test_figures_of_clips_agree_with_their_counts(facts):
    clean = facts.clips[0]
    assert (clean.condition, clean.true_positives, clean.false_positives) == ("clean", 13, 1)
    assert clean.accuracy == pytest.approx(22 / 25)
    # of 15 words two are under the one other word that is accepted
    assert clean.roc_auc.value == pytest.approx(1 - 2 / 150)
    assert clean.roc_auc.low < clean.roc_auc.value <= clean.roc_auc.high
    assert sum(clean.calibration.counts) == 25


def test_the_surface_holds_every_cutoff_and_the_shipped_one_is_on_it(facts):
    surface = facts.surface
    assert list(surface.cutoffs) == CUTOFFS.tolist() and surface.windows == (3, 5)
    column = surface.cutoffs.index(127)  # 0.5 of 255, truncated
    assert surface.hits[0, column] == 23
    assert surface.clip_false_accepts[0, column] == 1
    assert surface.ambient_events[0, column] == 3
    assert surface.at(RULE) == surface.row(3)[column]
    # over 220 no stream wakes it, but no word either: at 200 and less there is one event in 1/6 h
    assert not facts.at_target.reached


def test_what_is_told_as_recall_is_peoples_where_they_are_enough(scored_split, tmp_path):
    facts = of_split(scored_split, RULE, AIM, catalogued(tmp_path, FEWEST_RECORDINGS))
    assert facts.words == CountedWords("people", people=10, machines=5)
    # Of w0 to w9, w1 and w4 are missed clean, w1, w4 and w7 in noise; of machines' w10 and w13.
    assert [(rate.count, rate.of) for rate in facts.recall] == [(8, 10), (7, 10)]
    assert (facts.latency.detected, facts.latency.missed) == (15, 5)
    assert [clip.recall for clip in facts.clips] == [0.8, 0.7]
    assert (facts.surface.n_positives, facts.detectors[0].recall.count) == (20, 15)
    assert facts.at_target.recall.value == facts.surface.at(facts.at_target).recall.value
    by = {of.dimension: of.rows for of in facts.groups.recall}
    assert {sum(row.of for row in rows) for name, rows in by.items() if name != "voice"} == {20}
    voices = {row.group: (row.count, row.of) for row in by["voice"]}
    assert voices == {"recorded": (15, 20), "synthetic": (8, 10)}
    heard = heard_words(facts)
    assert (heard.people.counts, heard.machines.counts) == ("15 of 20", "8 of 10")
    assert (heard.words.counts, heard.recordings(heard.people)) == ("23 of 30", 10)
    assert {m.clip for m in facts.worst.misses} == {f"w{i}.wav" for i in (1, 4, 7, 10, 13)}


def test_with_too_few_people_all_words_are_told_together_and_named_so(scored_split, tmp_path):
    facts = of_split(scored_split, RULE, AIM, catalogued(tmp_path, FEWEST_RECORDINGS - 1))
    assert facts.words == CountedWords("people and machines", people=9, machines=6)
    assert [(rate.count, rate.of) for rate in facts.recall] == [(13, 15), (10, 15)]
    heard = heard_words(facts)
    assert (heard.people.of, heard.machines.of, heard.words.counts) == (18, 12, "23 of 30")


def test_other_rules_are_shown_on_the_same_scores(facts):
    mean, *others = facts.detectors
    assert mean.name == "sliding mean" and len(others) == 3
    assert mean.recall.count == 23  # as it ships
    assert mean.false_accepts_per_hour.events == 3


def test_a_speaker_who_is_missed_stands_first_and_a_source_that_wakes_it_too(facts):
    by = {of.dimension: of.rows for of in facts.groups.recall}
    assert [(r.group, r.count, r.of) for r in by["speaker"]] == [
        ("ben", 3, 10),
        ("ann", 10, 10),
        ("cas", 10, 10),
    ]
    assert [r.group for r in by["snr"]] == ["10 dB", "no noise"]
    assert by["condition"][0].group == "noise10"
    assert by["room"][0].group == "room.wav"
    assert by["rt60"][0].group == "0.2 to 0.4 s"  # 60 dB at exp(-n/800): 0.345 s
    hourly = {of.dimension: of.rows for of in facts.groups.false_accepts_per_hour}
    assert {r.group: (r.events, r.hours) for r in hourly["voice"]} == {
        "recorded": (1, 0.083),
        "synthetic": (2, 0.083),
    }
    assert facts.groups.note == ""


def test_the_worst_come_first_with_what_makes_them_heard_again(facts):
    misses, wrong = facts.worst.misses, facts.worst.false_accepts
    assert [(m.clip, m.score) for m in misses[:2]] == [
        ("w1.wav", round(61 / 255, 4)),
        ("w4.wav", round(64 / 255, 4)),
    ]
    assert len(misses) == 7 and misses[0].speaker == "ben"
    assert (misses[0].from_s, misses[0].to_s) == (0.0, 2.5)
    assert misses[0].recipe["room"] == "room.wav"
    assert [w.set for w in wrong] == ["test-ambient"] * 3 + ["test-others"]
    assert (wrong[0].clip, wrong[0].score) == ("spoken.wav", round(220 / 255, 4))
    assert wrong[0].at_s == pytest.approx(0.05 + 0.03 * 12_001, abs=0.1)
    assert [item["piece"]["path"] for item in wrong[0].recipe["items"]] == ["spoken.wav"]
    assert wrong[0].to_s - wrong[0].from_s == pytest.approx(3.0)


def test_latency_is_measured_where_a_word_was_detected(facts):
    late = facts.latency
    assert (late.detected, late.missed) == (23, 7)
    # two of three scores of 200 and one of 5 pass 0.5: the second high one, 0.05 + 41 * 0.03 s
    assert late.median_s == facts.median_latency_s == pytest.approx(1.28 - 1.2)
    assert (late.median_low_s, late.median_high_s) == (late.median_s, late.median_s)  # all alike


def test_without_a_catalogue_it_says_what_is_not_known(scored_split, tmp_path):
    facts = of_split(scored_split, RULE, AIM, Run(tmp_path))
    assert "no groups by voice" in facts.groups.note
    assert [of.dimension for of in facts.groups.recall] == ["condition", "snr", "room"]
    assert facts.groups.false_accepts_per_hour == ()
    assert len(provenance.records(Run(tmp_path))) == 0


def test_a_split_without_other_clips_or_streams_says_nothing_about_them(scored_split, here):
    nothing = FeatureSet([], [], [], [])
    sets = replace(scored_split.sets, negatives=nothing, ambient=nothing)
    tracks = replace(scored_split.tracks, negatives=[], ambient=[])
    facts = of_split(ScoredSplit("test", sets, tracks), RULE, AIM, here)
    assert (facts.clips, facts.at_target) == ((), None)
    assert facts.other_clips_accepted == Rate(0, 0)
    assert facts.false_accepts_per_hour == Hourly(0, 0.0)
    told = to_json(facts)
    assert told["other_clips_accepted"] == {"count": 0, "of": 0}
    assert "value" not in told["false_accepts_per_hour"]


def test_a_split_without_words_has_counts_of_the_rest(scored_split, here):
    sets = replace(scored_split.sets, positives=FeatureSet([], [], [], []))
    facts = of_split(
        ScoredSplit("test", sets, replace(scored_split.tracks, positives=[])), RULE, AIM, here
    )
    assert (facts.recall, facts.median_latency_s, facts.at_target) == ((), None, None)
    assert facts.false_accepts_per_hour.events == 3
    assert facts.groups.recall == () and facts.worst.misses == ()
