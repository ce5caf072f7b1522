"""How often intervals hold the truth, over 2,000 draws of data each; and what bootstraps cannot do.

The standard error of a coverage of 95 % over 2,000 draws is half a point.
"""

from functools import lru_cache

import numpy as np
import pytest
from scipy import stats

from mwwkit.metrics import bootstrap as module
from mwwkit.metrics.bootstrap import bootstrap, by_cluster, curve_intervals
from mwwkit.metrics.curves import areas_of_counts, equal_error_rate, roc_auc
from mwwkit.metrics.rates import false_accepts_at_most, false_accepts_per_hour, proportion
from mwwkit.run.seeds import rng

N = 2000


def holds(interval, truth):
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize(("n_clips", "recall"), [(20, 0.9), (164, 0.97), (500, 0.5)])
def test_the_exact_interval_of_recall_holds_it_in_94_percent_or_more(n_clips, recall):
    draws = rng(1, "proportion", n_clips).binomial(n_clips, recall, N)
    exact = lru_cache(lambda count: holds(proportion(count, n_clips), recall))
    assert np.mean([exact(count) for count in draws.tolist()]) >= 0.94


@pytest.mark.parametrize(("an_hour", "hours"), [(0.5, 2.4), (0.5, 10.0), (3.0, 8.0)])
def test_the_exact_bounds_of_false_accepts_hold_in_94_percent_or_more(an_hour, hours):
    counts = rng(1, "poisson", hours).poisson(an_hour * hours, N).tolist()
    under = lru_cache(lambda n: an_hour <= false_accepts_at_most(n, hours))
    inside = lru_cache(lambda n: holds(false_accepts_per_hour(n, hours), an_hour))
    assert np.mean([under(n) for n in counts]) >= 0.94
    assert np.mean([inside(n) for n in counts]) >= 0.94


@pytest.mark.parametrize(
    ("n_speakers", "most_clips", "recall", "alike"),
    [(12, 10, 0.8, 0.2), (20, 10, 0.9, 0.2), (30, 20, 0.95, 0.1), (60, 6, 0.9, 0.3)],
)
def test_the_interval_by_speaker_holds_the_recall_of_all_speakers(
    n_speakers, most_clips, recall, alike
):
    """Speakers of unequal clips, whose own recall differs: beta, with `alike` within a speaker."""
    draws = rng(2, "speakers", n_speakers)
    spread = (1 - alike) / alike
    by_speaker = by_clip = 0
    for _ in range(N):
        sizes = draws.integers(1, most_clips + 1, n_speakers)
        own = draws.beta(recall * spread, (1 - recall) * spread, n_speakers)
        speakers = np.repeat(np.arange(n_speakers), sizes)
        hit = draws.random(len(speakers)) < own[speakers]
        by_speaker += holds(by_cluster(hit, speakers, draws, n_draws=300), recall)
        by_clip += holds(_normal(hit), recall)
    assert 0.92 <= by_speaker / N <= 0.98
    assert by_clip / N < 0.92  # as if each clip had a speaker of its own


def _normal(hit):
    share, error = hit.mean(), 1.96 * hit.std() / np.sqrt(len(hit))
    return type("Pair", (), {"low": share - error, "high": share + error})


@pytest.mark.parametrize(("kind", "size"), [("normal", 20), ("exponential", 40)])
def test_the_bootstrap_of_a_mean_holds_it_as_often_as_it_says(kind, size):
    draws = rng(3, "mean", kind)
    samples = getattr(draws, kind)(size=(N, size))
    truth = {"normal": 0.0, "exponential": 1.0}[kind]
    held = [holds(bootstrap(np.mean, s, rng=draws, n_draws=400), truth) for s in samples]
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_bootstrap_of_a_median_latency_holds_it_as_often_as_it_says():
    draws = rng(3, "latency")
    samples = 0.05 + draws.gamma(4, 0.03, (N, 41))
    truth = 0.05 + stats.gamma(4, scale=0.03).median()
    held = [holds(bootstrap(np.median, s, rng=draws, n_draws=400), truth) for s in samples]
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_intervals_of_areas_and_error_rate_hold_them_as_often_as_they_say():
    """Two normals, seen in 24 steps: the truth is that of the steps."""
    draws, edges = rng(4, "areas"), np.linspace(-2, 4, 23)
    shares = [np.diff(stats.norm.cdf(edges, at), prepend=0, append=1) for at in (2.0, 0.0)]
    shares = [share / share.sum() for share in shares]
    steps = np.arange(24)
    many = [np.repeat(steps, np.round(share * 1e6).astype(int)) for share in shares]
    exact = areas_of_counts(*(np.bincount(one, minlength=24)[None] for one in many))
    truth = {name: float(area[0]) for name, area in vars(exact).items()}
    held = dict.fromkeys(truth, 0)
    for _ in range(N):
        seen = [draws.choice(steps, n, p=p) for n, p in zip((80, 300), shares, strict=True)]
        found = curve_intervals(*seen, draws, n_draws=200)
        for name in truth:
            held[name] += holds(getattr(found, name), truth[name])
    for name, count in held.items():
        assert 0.92 <= count / N <= 0.98, name


def test_the_interval_agrees_with_scipys_where_the_sample_is_large():
    sample = rng(5, "scipy").gamma(2, 1, 400)
    ours = bootstrap(np.mean, sample, rng=rng(6, "ours"), n_draws=4000)
    theirs = stats.bootstrap(
        (sample,), np.mean, n_resamples=4000, method="BCa", random_state=rng(6, "theirs")
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.02)  # an interval 0.27 wide, of two draws
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


def test_the_same_draws_give_the_same_interval_and_each_sample_is_drawn_alone():
    def gap(one, other, axis):
        return np.mean(one, axis=axis) - np.mean(other, axis=axis)

    one, other = rng(7, "one").normal(1, 1, 50), rng(7, "other").normal(0, 2, 80)
    found = bootstrap(gap, one, other, rng=rng(8, "draws"))
    assert found == bootstrap(gap, one, other, rng=rng(8, "draws"))
    error = 1.96 * np.sqrt(one.var() / 50 + other.var() / 80)
    assert found.low == pytest.approx(found.value - error, abs=0.1)
    assert found.high == pytest.approx(found.value + error, abs=0.1)


def test_leaving_out_a_few_at_a_time_is_leaving_out_all_at_once(monkeypatch):
    sample = rng(13, "blocks").gamma(2, 1, 57)
    whole = bootstrap(np.median, sample, rng=rng(13, "draws"))
    for block in (1, 57 * 10, 57 * 56):  # one, ten and all but one at a time
        monkeypatch.setattr(module, "BLOCK", block)
        assert bootstrap(np.median, sample, rng=rng(13, "draws")) == whole


def test_areas_have_the_values_that_the_curves_have():
    draws = rng(9, "values")
    positives, negatives = draws.integers(40, 256, 60), draws.integers(0, 200, 150)
    found = curve_intervals(positives, negatives, draws)
    assert found.roc_auc.value == pytest.approx(roc_auc(positives, negatives))
    counts = [np.bincount(scores, minlength=256)[None] for scores in (positives, negatives)]
    assert found.partial_auc_10.value == pytest.approx(areas_of_counts(*counts).partial_auc_10[0])
    rate, _ = equal_error_rate(positives, negatives)
    assert found.equal_error_rate.value == pytest.approx(rate)


def test_clips_of_their_own_speakers_have_almost_the_exact_interval():
    hit = np.arange(164) < 161
    found = by_cluster(hit, [f"s{i}" for i in range(164)], rng(10, "own"))
    exact = proportion(161, 164)
    assert found.low == pytest.approx(exact.low, abs=0.005)
    assert found.high == pytest.approx(exact.high, abs=0.002)


def test_no_miss_still_leaves_doubt_and_one_speaker_leaves_all_of_it():
    found = by_cluster(np.ones(40, bool), np.arange(40) % 8, rng(11, "none"))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < proportion(40, 40).low
    with pytest.raises(ValueError, match="at least two clusters"):
        by_cluster(np.ones(4, bool), ["ann"] * 4, rng(11, "one"))
    with pytest.raises(ValueError, match="at least 2"):
        bootstrap(np.mean, np.ones(1), rng=rng(11, "few"))


def test_what_never_varies_has_an_interval_of_one_value():
    found = bootstrap(np.mean, np.full(9, 0.25), rng=rng(12, "same"))
    assert (found.low, found.value, found.high) == (0.25, 0.25, 0.25)
    areas = curve_intervals(np.full(5, 9), np.full(7, 3), rng(12, "apart"))
    assert (areas.roc_auc.low, areas.roc_auc.high) == (1.0, 1.0)
