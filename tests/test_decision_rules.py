"""Detection rules side by side, on tracks counted by hand."""

import numpy as np
import pytest

from mwwkit.device.detector import Rule, StreamingDetector
from mwwkit.metrics.decision_rules import by_rule, rules
from mwwkit.metrics.rates import Hourly, Rate

QUIET = [0] * 60  # the pause after start is over


def track(*values):
    return np.array([*QUIET, *values, *QUIET], np.uint8)


def test_each_rule_counts_what_it_alone_would_report():
    steady, spike = track(*[200] * 12), track(255, 255, 255, 0, 0)
    low = track(*[140] * 9)  # over half on every score
    doubled = track(*[200] * 6, *[0] * 40, *[200] * 6)  # 1.4 s apart
    held = track(*[200] * 6, *[100] * 40, *[200] * 6)  # never under a quarter
    found = by_rule([steady, spike, low], [doubled, held], Rule(0.5, window=5))
    assert [each.name for each in found] == [
        *("sliding mean", "votes, 3 of 5"),
        *("hysteresis, off at 0.25", "lock-out of 2 s"),
    ]
    assert [each.recall.count for each in found] == [3, 3, 3, 3]
    # the mean fires twice in each; held never falls to the off cutoff; 2 s forbid the second
    assert [each.false_accepts_per_hour.events for each in found] == [4, 4, 3, 2]


def test_votes_count_scores_over_the_cutoff_however_high():
    # over 76 is the mean of five of both; three are over it in one, two in the other
    lively, loud = track(130, 130, 130), track(255, 255)
    mean, votes, _, _ = by_rule([lively, loud], [lively], Rule(0.3, window=5))
    assert (mean.recall.count, votes.recall.count) == (2, 1)


def test_streams_are_as_long_as_their_scores_of_30_ms():
    mean = by_rule([], [np.zeros(6_000, np.uint8)] * 2, Rule(0.5, 5))[0]
    assert mean.false_accepts_per_hour.hours == 0.1
    assert mean.false_accepts_per_hour.at_most == pytest.approx(np.log(20) / 0.1)


def test_the_first_rule_is_the_devices():
    draws = np.random.default_rng(1)
    tracks = [np.repeat(draws.integers(0, 256, 300), 7).astype(np.uint8) for _ in range(3)]
    mean = by_rule(tracks, tracks, Rule(0.8, 3))[0]
    detector = [StreamingDetector(0.8, 3).run(one) for one in tracks]
    assert mean.false_accepts_per_hour.events == sum(map(len, detector)) > 3
    assert mean.recall.count == sum(map(bool, detector))
    assert mean.false_accepts_per_hour.at_most > mean.false_accepts_per_hour.value


def test_without_words_or_streams_there_are_counts_and_no_rates():
    mean = by_rule([], [], Rule(0.5, 5))[0]
    assert (mean.recall, mean.false_accepts_per_hour) == (Rate(0, 0), Hourly(0, 0))
    assert {name for name, _ in rules(Rule(0.9, 1))} > {"sliding mean", "votes, 1 of 1"}
