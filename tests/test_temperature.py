"""A net's logit made to say how sure it is: what is known of made-up logits is found again."""

import numpy as np
import pytest
from scipy.special import expit, logit

from mwwkit.device.detector import Rule
from mwwkit.metrics.curves import reliability
from mwwkit.metrics.temperature import (
    FEWEST,
    FURTHEST,
    MOST,
    SURE,
    WINDOW,
    Temperature,
    fit,
    peaks,
)
from mwwkit.run.seeds import rng

STEPS = 3 * WINDOW


def flat(logits):
    """Tracks that stay at one logit, so that this is their peak."""
    return [np.full(STEPS, z, np.float32) for z in logits]


def fitted(words, others, otherwise=1.0):
    return fit(flat(words), flat(others), otherwise)


def normal(mean, deviation, n, seed=0):
    return rng(seed, "temperature", mean, n).normal(mean, deviation, n)


def scores(logits, found: Temperature):
    return expit(found.scale * np.asarray(logits) + found.shift)


@pytest.mark.parametrize(("stretched", "moved"), [(1.0, 0.0), (4.0, -6.0), (0.2, 3.0)])
def test_a_known_scale_and_shift_are_found_to_a_fifth(stretched, moved):
    # Of two normal distributions at 1.5 and -1.5, of deviation 1.5, the log of the ratio is
    # 2 * 1.5 / 1.5**2 = 4 / 3 times the logit: what a calibrated net would say. That two clips in a
    # hundred are taken to say nothing makes the scale some 15 % less.
    words, others = normal(1.5, 1.5, 3000), normal(-1.5, 1.5, 5000)
    found = fitted(words * stretched + moved, others * stretched + moved)
    wanted = 4 / 3 / stretched
    assert found.scale == pytest.approx(wanted, rel=0.2)
    even = -found.shift / found.scale  # the logit whose score is a half
    assert even == pytest.approx(moved, abs=0.1 * stretched)
    assert (found.words, found.others, found.note) == (3000, 5000, "")


@pytest.mark.parametrize("n", [FEWEST, 20, 200, 2000])
def test_clips_told_apart_without_a_mistake_mean_the_same_however_many_there_are(n):
    found = fitted(np.linspace(9, 11, n), np.linspace(-11, -9, 3 * n))
    assert found.scale == pytest.approx(logit(SURE) / 10, abs=0.01)
    assert found.shift == pytest.approx(0.0, abs=0.05)
    assert scores(np.linspace(9, 11, n), found).mean() == pytest.approx(SURE, abs=0.005)


def test_how_the_net_scales_and_shifts_its_logits_is_forgotten():
    words, others = normal(6, 4, 150), normal(-5, 3, 400)
    plain = fitted(words, others)
    for stretched, moved in ((3.0, 7.0), (0.1, -1.0)):
        found = fitted(words * stretched + moved, others * stretched + moved)
        again = scores(words * stretched + moved, found)
        assert np.abs(again - scores(words, plain)).max() < 0.03  # of the rounding to two digits


def test_a_sort_that_is_more_frequent_does_not_weigh_more():
    words, others = normal(2, 2, 400), normal(-2, 2, 400)
    once, often = fitted(words, others), fitted(words, np.tile(others, 9))
    assert (once.scale, once.shift) == (often.scale, often.shift)


def test_other_clips_of_the_same_kind_give_nearly_the_same_scores():
    words, others = normal(6, 4, 400), normal(-6, 3, 400)
    whole, every = fitted(words, others), np.linspace(-12, 12, 49)
    for seed in range(20):
        draw = rng(seed, "drawn")
        few = fitted(draw.choice(words, 80), draw.choice(others, 120))
        assert np.abs(scores(every, few) - scores(every, whole)).mean() < 0.05


def test_no_two_clips_change_places():
    words, others = normal(3, 4, 100), normal(-3, 4, 100)
    found = fitted(words, others)
    every = np.sort(np.concatenate([words, others]))
    assert found.scale > 0 and (np.diff(peaks(flat(every), found.scale, found.shift)) >= 0).all()


@pytest.mark.parametrize(("n_words", "n_others"), [(0, 50), (50, 0), (FEWEST - 1, 50), (0, 0)])
def test_of_too_few_clips_nothing_is_fitted_and_it_is_said(n_words, n_others):
    found = fitted(np.full(n_words, 5.0), np.full(n_others, -5.0), 0.6)
    assert (found.scale, found.shift, found.words, found.others) == (0.6, 0.0, 0, 0)
    assert f"{n_words} words and {n_others} other clips" in found.note


@pytest.mark.parametrize(
    ("words", "others"),
    [
        (normal(-4, 2, 80), normal(4, 2, 80)),  # swapped
        (normal(0, 3, 80), normal(0, 3, 90)),  # one like the other
        (np.full(80, 2.0), np.full(80, 2.0)),  # a net that says one thing
        (np.full(80, 2.0 + 1e-6), np.full(80, 2.0)),  # and whose rounding is all that it learnt
        (np.full(80, -FURTHEST), np.full(80, -FURTHEST)),
    ],
)
def test_a_net_that_cannot_tell_them_apart_is_left_as_it_is(words, others):
    found = fitted(words, others, 0.25)
    assert (found.scale, found.shift) == (0.25, 0.0)
    assert "do not score higher" in found.note


@pytest.mark.parametrize("spread", [1.0, 4.0, 9.0])
def test_half_of_the_words_stay_under_the_ceiling_of_scores(spread):
    words = normal(20, spread, 101)
    for others in (normal(-20, 1, 100), np.append(normal(-20, 1, 100), [19.0, 60.0])):
        found = fitted(words, others)
        assert scores(np.median(words), found) <= SURE + 0.002
        higher = others > np.median(words)
        assert (scores(others[~higher], found) <= SURE + 0.002).all()


def test_overconfident_scores_come_nearer_to_what_they_mean():
    tuned, tested = ((normal(1.5, 1.5, 800, s), normal(-1.5, 1.5, 800, s)) for s in (1, 2))
    overconfident = Temperature(6.0, 2.0)
    found = fitted(*tuned)
    before, after = (
        reliability(*(scores(z, t) for z in tested)).ece for t in (overconfident, found)
    )
    assert before > 0.1 and after < 0.03


def test_a_peak_is_the_logit_of_the_devices_decision_score():
    draw = rng(0, "peaks")
    tracks = [np.cumsum(draw.normal(0, 1, n)).astype(np.float32) for n in (1, 3, WINDOW, 60, 200)]
    found = expit(peaks(tracks, 0.7, -0.5))
    exact = [np.round(255 * expit(0.7 * t - 0.5)).astype(np.uint8) for t in tracks]
    assert np.abs(found - Rule(0.5, WINDOW).highest(exact)).max() <= 0.5 / 255
    assert peaks([]).shape == (0,)
    assert peaks([np.zeros(0), np.full(9, 99.0)]).tolist() == [-FURTHEST, FURTHEST]


def test_a_fit_holds_for_peaks_that_are_not_flat():
    draw = rng(0, "shaped")
    hump = -0.1 * (np.arange(40) - 20.0) ** 2  # over the logit of a score's window: 0.4 lower

    def humps(logits):
        return [z + hump + draw.normal(0, 0.2, 40) for z in logits]

    both = humps(normal(2, 3, 300)), humps(normal(-4, 3, 300))
    found = fit(*both, 1.0)
    means = [expit(peaks(tracks, found.scale, found.shift)).mean() for tracks in both]
    # Where a regression has nothing to add, the scores of both sorts add up to as much as targets.
    assert sum(means) == pytest.approx(1.0, abs=0.01)


def test_words_that_peak_for_less_than_a_window_do_not_send_the_scale_to_infinity():
    """Three steps of WINDOW make a mean of 0.6 at most: no scale brings such words to SURE."""
    draw = rng(0, "short")
    at = np.arange(40)

    def short(logits, steps):
        return [np.where((at >= 18) & (at < 18 + steps), z, -2.0) for z in logits]

    words, others = short(draw.normal(0.1, 0.05, 30), 3), short(draw.normal(-0.1, 0.05, 30), 1)
    low, high = (float(np.median([t.max() for t in tracks])) for tracks in (others, words))
    found = fit(words, others, 1.0)  # it was 23,000
    assert not found.note and found.scale * (high - low) <= MOST * 1.05  # two digits
