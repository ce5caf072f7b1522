"""Threshold advice: strict is never under, lenient never over what ships; counts come with it."""

from dataclasses import replace

import numpy as np
import pytest

from mwwkit.device.detector import integer_cutoff, manifest_cutoff
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics.operating_points import Surface
from mwwkit.metrics.rates import false_accepts_at_most, proportion
from mwwkit.report.cutoff_choices import KEPT, LOOSER, advice, alike, told_once


def surface(hits, wrong, events, n=(100, 200), hours=2.0):
    """One window; `hits`, `wrong`, `events` as functions of the cutoff."""
    rows = (np.array([[int(of(c)) for c in range(1, 255)]]) for of in (hits, wrong, events))
    return Surface((5,), *rows, *n, hours)


SLOPE = surface(lambda c: 100 - c // 5, lambda c: (254 - c) // 40, lambda c: (254 - c) // 30)


def told(shipped: int, target: float = 1.0, test: Surface = SLOPE):
    threshold = Threshold(manifest_cutoff(shipped), 5, target, True, None, True, "")
    return {each.name: each for each in advice(SLOPE, test, threshold, max_clip_fpr=0.01)}


def test_strict_keeps_its_share_of_the_words_and_one_more_would_not():
    found = told(200)
    level = integer_cutoff(found["strict"].cutoff)
    hits = SLOPE.hits[0]
    assert hits[level - 1] >= KEPT * hits[199] > hits[level]
    assert found["strict"].validation.recall.count == hits[level - 1]


def test_lenient_stays_within_twice_both_targets_and_one_less_would_not():
    found = told(200)
    level = integer_cutoff(found["lenient"].cutoff)

    def within(c):
        events, wrong = SLOPE.ambient_events[0, c - 1], SLOPE.clip_false_accepts[0, c - 1]
        return events / 2.0 <= LOOSER * 1.0 and wrong / 200 <= LOOSER * 0.01

    assert within(level) and not within(level - 1) and level < 200


def test_balanced_is_what_ships_with_its_intervals():
    each = told(200)["balanced"]
    assert each.cutoff == manifest_cutoff(200) and each.window == 5
    recall, rate = each.validation.recall, each.validation.false_accepts_per_hour
    assert recall == proportion(60, 100)
    assert (rate.events, rate.hours) == (1, 2.0)
    assert rate.at_most == pytest.approx(false_accepts_at_most(1, 2.0))


@pytest.mark.parametrize("shipped", [1, 40, 128, 254])
@pytest.mark.parametrize("target", [0.01, 0.5, 50])
def test_they_are_in_order_whatever_ships(shipped, target):
    found = told(shipped, target)
    names = ("lenient", "balanced", "strict")
    levels = [integer_cutoff(found[name].cutoff) for name in names]
    assert levels == sorted(levels) and levels[1] == shipped


@pytest.mark.parametrize(
    ("same", "names", "said"),
    [
        ((0.9, 0.8, 0.7), ["strict", "balanced", "lenient"], ""),
        ((0.8, 0.8, 0.7), ["strict, balanced", "lenient"], "Strict and balanced are one cutoff"),
        ((0.9, 0.8, 0.8), ["strict", "balanced, lenient"], "Balanced and lenient are one cutoff"),
        ((0.8, 0.8, 0.8), ["strict, balanced, lenient"], "All three are one cutoff, 0.8: no high"),
    ],
)
def test_cutoffs_that_are_one_are_told_once_and_said_to_be_one(same, names, said):
    given = told(200)
    three = [
        replace(given[name], cutoff=cutoff)
        for name, cutoff in zip(("strict", "balanced", "lenient"), same, strict=True)
    ]
    assert [name for name, _ in told_once(three)] == names
    assert alike(three).startswith(said) and bool(alike(three)) == bool(said)


def test_what_is_said_of_one_cutoff_is_so():
    found = told(254)  # nothing is higher
    assert alike(tuple(found.values())).startswith("Strict and balanced are one cutoff")
    cliff = surface(lambda c: 100 if c <= 200 else 0, lambda c: 0, lambda c: 9 * (c < 200))
    threshold = Threshold(manifest_cutoff(200), 5, 0.5, True, None, True, "")
    assert alike(advice(cliff, cliff, threshold, 0.01)).startswith("All three are one cutoff")


def test_a_split_without_words_or_hours_has_no_share_and_no_rate():
    empty = surface(lambda c: 0, lambda c: 0, lambda c: 0, (0, 0), 0.0)
    each = told(200, test=empty)["strict"]
    assert set(vars(each.test).values()) == {None} and each.validation.recall
