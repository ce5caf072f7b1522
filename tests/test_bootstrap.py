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
    for block in (1, 57 * 10, 57 * 10 + 9, 57 * 56):  # one, ten, ten and all but one at a time
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


class Draws:
    """Hands out what was written down in place of drawing it."""

    def __init__(self, drawn):
        self.drawn = np.array(drawn)

    def integers(self, low, high, shape):
        assert (low, shape) == (0, self.drawn.shape) and self.drawn.max() < high
        return self.drawn

    def multinomial(self, n, shares, n_draws):
        assert (n, n_draws) == (self.drawn.sum(axis=1)[0], len(self.drawn))
        assert np.allclose(shares, 1 / len(shares)) and len(shares) == self.drawn.shape[1]
        return self.drawn


def test_an_interval_by_cluster_counted_by_hand():
    # three of four and one of four; the draws' shares are 3/4, 1/4, 1/2 and 1/2
    hit, speakers = [1, 1, 1, 0, 1, 0, 0, 0], list("aaaabbbb")
    found = by_cluster(np.array(hit, bool), speakers, Draws([[2, 0], [0, 2], [1, 1], [1, 1]]), 4)
    # a variance of 1/32, of two clusters 1/16; eight clips of their own 1/32: worth four of them
    t = stats.t.ppf(0.975, [7, 1])
    worth = 4 * (t[0] / t[1]) ** 2
    low = stats.beta.ppf(0.025, worth / 2, worth / 2 + 1)
    high = stats.beta.ppf(0.975, worth / 2 + 1, worth / 2)
    assert (found.count, found.of, found.value) == (4, 8, 0.5)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_clusters_no_further_apart_than_chance_are_worth_their_clips_and_no_more():
    # each cluster has the same share, so the draws do not differ: worth eight clips, not more
    found = by_cluster(np.arange(8) % 2 == 0, list("aaaabbbb"), Draws([[2, 0], [1, 1]]), 2)
    t = stats.t.ppf(0.975, [7, 1])
    worth = 8 * (t[0] / t[1]) ** 2
    assert found.low == pytest.approx(stats.beta.ppf(0.025, worth / 2, worth / 2 + 1))


def test_never_a_hit_is_the_mirror_of_never_a_miss():
    speakers = np.arange(40) % 8
    never = by_cluster(np.zeros(40, bool), speakers, rng(11, "none"))
    always = by_cluster(np.ones(40, bool), speakers, rng(11, "none"))
    assert (never.count, never.value, never.low) == (0, 0.0, 0.0)
    assert never.high == pytest.approx(1 - always.low)
    t = stats.t.ppf(0.975, [39, 7])
    assert always.low == pytest.approx(0.025 ** (1 / (40 * (t[0] / t[1]) ** 2)))


def test_clips_and_names_must_be_as_many():
    with pytest.raises(ValueError, match="5 clips with 4 names of 2 clusters; wanted a name for"):
        by_cluster(np.ones(5, bool), list("abab"), rng(11, "one"))


def bca(value, drawn, left_out):
    """The interval once more, from the papers: `left_out` are the jackknifes, one a sample."""
    sizes = [len(each) for each in left_out]
    pulls = [(len(j) - 1) * (np.mean(j) - j) / len(j) for j in left_out]
    cubes, squares = (sum((p**power).sum() for p in pulls) for power in (3, 2))
    a, n = cubes / (6 * squares**1.5), min(sizes)
    under, one = np.mean(drawn < value) + np.mean(drawn == value) / 2, 1 / len(drawn)
    z0 = stats.norm.ppf(min(max(under, one), 1 - one))  # none counts as one, all as all but one
    tail = stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf(0.025, n - 1))
    z = stats.norm.ppf([tail, 1 - tail])
    return np.quantile(drawn, stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))))


def test_the_interval_of_two_small_samples_is_that_of_the_papers():
    def ratio(one, other, axis):
        return np.mean(one, axis=axis) / np.mean(other, axis=axis)

    samples = [rng(14, "one").gamma(1, 1, 9), rng(14, "other").gamma(2, 1, 13)]
    found = bootstrap(ratio, *samples, rng=rng(14, "draws"))
    draws = rng(14, "draws")
    at = [draws.integers(0, len(s), (module.N_DRAWS, len(s))) for s in samples]
    drawn = ratio(samples[0][at[0]], samples[1][at[1]], axis=1)
    one, other = samples
    left_out = (
        np.array([ratio(np.delete(one, i), other, 0) for i in range(9)]),
        np.array([ratio(one, np.delete(other, i), 0) for i in range(13)]),
    )
    assert found.value == ratio(one, other, 0)
    assert (found.low, found.high) == pytest.approx(bca(found.value, drawn, left_out))


def test_what_no_single_value_moves_is_not_accelerated():
    sample = np.array([0.0, 1.0, 1.0, 1.0, 2.0])  # without any one of them the median is 1
    found = bootstrap(np.median, sample, rng=rng(16, "still"))
    # of five drawn three are 0 in 5.8 % of draws, and of five values Student's t cuts 0.1 %
    assert (found.low, found.value, found.high) == (0.0, 1.0, 2.0)


@pytest.mark.parametrize("turned", [1, -1])
def test_where_all_draws_are_on_one_side_the_interval_still_holds_the_value(turned):
    sample = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
    at = np.array([[4, 4, 4, 4, i % 5] for i in range(15)])  # their means are all over 3
    left_out = np.array([np.delete(sample, i).mean() for i in range(5)])
    found = bootstrap(np.mean, turned * sample, rng=Draws(at), n_draws=15)
    low, high = bca(turned * 3.0, turned * sample[at].mean(axis=1), [turned * left_out])
    assert found.value == turned * 3.0
    assert (found.low, found.high) == pytest.approx((min(low, found.value), max(high, found.value)))
    assert (found.low == found.value) == (turned == 1) and found.low < found.high


def test_the_intervals_of_curves_are_those_of_the_papers():
    draws, n_draws = rng(15, "scores"), 300
    scores = [draws.integers(3, 9, 12), draws.integers(0, 6, 17)]
    found = curve_intervals(*scores, rng(15, "draws"), n_draws)
    draws, levels = rng(15, "draws"), np.unique(np.concatenate(scores))
    counts = [np.array([(s == level).sum() for level in levels]) for s in scores]
    drawn = areas_of_counts(*(draws.multinomial(c.sum(), c / c.sum(), n_draws) for c in counts))

    def areas(positives, negatives):
        of = [[(s == level).sum() for level in levels] for s in (positives, negatives)]
        return areas_of_counts(*(np.array([each]) for each in of))

    one, other = scores
    left_out = [areas(np.delete(one, i), other) for i in range(12)]
    and_other = [areas(one, np.delete(other, i)) for i in range(17)]
    for name, interval in vars(found).items():
        jackknifes = [
            np.array([getattr(each, name)[0] for each in those]) for those in (left_out, and_other)
        ]
        assert interval.value == pytest.approx(getattr(areas(*scores), name)[0])
        wanted = bca(interval.value, getattr(drawn, name), jackknifes)
        assert (interval.low, interval.high) == pytest.approx(wanted), name


def test_no_miss_still_leaves_doubt_and_one_speaker_leaves_all_of_it():
    found = by_cluster(np.ones(40, bool), np.arange(40) % 8, rng(11, "none"))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < proportion(40, 40).low
    with pytest.raises(ValueError, match="at least two clusters"):
        by_cluster(np.ones(4, bool), ["ann"] * 4, rng(11, "one"))
    with pytest.raises(ValueError, match="samples of 2, 1; wanted at least 2 in each"):
        bootstrap(np.mean, np.ones(2), np.ones(1), rng=rng(11, "few"))
    for few in (([1], [2, 3]), ([2, 3], [1])):
        with pytest.raises(ValueError, match="wanted at least 2 in each"):
            curve_intervals(*map(np.array, few), rng(11, "few"))
    assert curve_intervals(np.array([1, 4]), np.array([2, 3]), rng(11, "few")).roc_auc.value == 0.5


def test_what_never_varies_has_an_interval_of_one_value():
    found = bootstrap(np.mean, np.full(9, 0.25), rng=rng(12, "same"))
    assert (found.low, found.value, found.high) == (0.25, 0.25, 0.25)
    areas = curve_intervals(np.full(5, 9), np.full(7, 3), rng(12, "apart"))
    assert (areas.roc_auc.low, areas.roc_auc.high) == (1.0, 1.0)
