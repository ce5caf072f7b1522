"""Figures by group, counted by hand: who is missed, what is taken for the word, how late it is."""

import numpy as np
import pytest

from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split
from mwwkit.evaluation import groups
from mwwkit.metrics.bootstrap import bootstrap
from mwwkit.metrics.rates import false_accepts_at_most, false_accepts_per_hour, proportion
from mwwkit.run.seeds import rng
from mwwkit.scenes.provenance import About


def test_small_groups_are_counted_together_and_a_single_one_keeps_its_name():
    sizes = [("ann", 20), ("ben", 3), ("cas", 2), ("", 12)]
    merged = groups.Merged(sizes, 10)
    assert [merged.called(name) for name, _ in sizes] == ["ann", "others", "others", "unknown"]
    assert merged.names == ["ann", "others", "unknown"] and merged.count("others") == 2
    alone = groups.Merged(sizes[:2], 10)
    assert alone.names == ["ann", "ben"] and not alone.count("ben")


def test_recall_by_speaker_has_the_worst_first_and_no_clip_is_lost():
    names = ["ann"] * 12 + ["ben"] * 10 + ["cas"] * 4 + ["dee"] * 3
    hit = np.ones(29, bool)
    hit[[0, 12, 13, 14, 22]] = False
    clips = [f"{i}.wav" for i in range(29)]
    rows = groups.recall_by(names, hit, clips, rng(1, "by"), min_clips=10)
    assert [(r.group, r.merged, r.count, r.of) for r in rows] == [
        ("ben", 0, 7, 10),
        ("others", 2, 6, 7),
        ("ann", 0, 11, 12),
    ]
    # every clip is heard once, so the intervals are the exact ones
    assert (rows[0].low, rows[0].high) == (proportion(7, 10).low, proportion(7, 10).high)
    assert sum(row.of for row in rows) == len(hit)


def test_clips_heard_under_several_conditions_count_as_the_clips_that_they_are():
    hit = np.array([True] * 36 + [False] * 4)
    four_times = [f"{i // 4}.wav" for i in range(40)]  # ten clips, one of them never detected
    (row,) = groups.recall_by(["a"] * 40, hit, four_times, rng(1, "by"))
    assert (row.count, row.of, row.units) == (36, 40, 10)
    # worth ten clips, less what Student's t takes for so few
    assert 0.45 < row.low < proportion(9, 10).low < proportion(36, 40).low


def test_false_accepts_by_source_have_their_own_hours():
    hours = [("radio", 2.0), ("kitchen", 0.5), ("attic", 0.04), ("hall", 0.045)]
    rows = groups.false_accepts_by(["radio", "hall", "radio", "radio"], hours)
    assert [(r.group, r.events, r.hours) for r in rows] == [
        ("others", 1, 0.085),
        ("radio", 3, 2.0),
        ("kitchen", 0, 0.5),
    ]
    assert rows[1].high == false_accepts_per_hour(3, 2.0).high
    assert rows[2].at_most == false_accepts_at_most(0, 0.5)


def test_latencies_counted_by_hand():
    seconds, words = np.array([0.05, 0.12, 0.13, np.nan, -0.7, 1.0]), list("abcdef")
    found = groups.latencies(seconds, words, rng(1, "late"))
    assert (found.detected, found.missed) == (5, 1)
    assert found.median_s == 0.12
    assert found.p90_s == pytest.approx(0.13 + 0.6 * 0.87)  # six tenths on to the last
    histogram = found.histogram
    assert (histogram.earlier, histogram.later) == (1, 1)
    filled = {round(-0.5 + 0.05 * i, 2): n for i, n in enumerate(histogram.counts) if n}
    assert filled == {0.05: 1, 0.1: 2}
    assert groups.latencies(np.array([np.nan]), ["a"], rng(1, "late")).median_s is None


def ends(found):
    return found.median_low_s, found.median_high_s


def test_the_interval_of_the_median_latency_is_drawn_by_word():
    seconds = 0.05 + rng(3, "latency").gamma(4, 0.03, 41)
    words = [f"w{i}.wav" for i in range(41)]
    once = groups.latencies(seconds, words, rng(1, "late"))
    plain = bootstrap(np.median, seconds, rng=rng(1, "late"))
    assert ends(once) == pytest.approx((plain.low, plain.high), abs=0.005)
    assert once.median_low_s <= once.median_s <= once.median_high_s
    # The same under four conditions is no more words: the interval stays.
    four = groups.latencies(np.tile(seconds, 4), words * 4, rng(1, "late"))
    assert ends(four) == ends(once)
    alone = groups.latencies(np.tile(seconds, 4), [f"{i}" for i in range(164)], rng(1, "late"))
    assert alone.median_high_s - alone.median_low_s < 0.7 * (four.median_high_s - four.median_low_s)
    assert ends(groups.latencies(seconds, ["one"] * 41, rng(1, "late"))) == (None, None)


def test_near_misses_are_told_apart_by_whether_training_said_their_text():
    def said(path, label, word, split):
        about = (label, Kind.CLIP, word, "", split, 1.0, "espeak-ng", "CC0", path, path)
        return SampleRecord(path, *about)

    near = Label.HARD_NEGATIVE
    about = About(
        [
            said("a", near, "commuter", Split.TRAIN),
            said("b", near, "commuter", Split.TEST),
            said("c", near, "compute", Split.TEST),
            said("d", near, "compute", Split.VAL),
            said("e", Label.NEGATIVE, "commuter", Split.TEST),
        ]
    )
    told = {path: about.near_miss(path) for path in "abcde"}
    assert told == {
        **dict.fromkeys("ab", "heard in training"),
        **dict.fromkeys("cd", "new to the model"),
        "e": "no near miss",
    }
