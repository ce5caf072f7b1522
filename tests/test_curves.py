"""Rates and intervals, against scikit-learn and against counting by hand."""

import numpy as np
import pytest
from scipy import stats

from mwwkit.device.detector import Rule
from mwwkit.metrics import curves, rates
from mwwkit.run.seeds import rng


@pytest.fixture(scope="module")
def scores():
    """Overlapping scores with ties, as uint8 maxima have."""
    draws = rng(1, "metrics")
    positives = np.round(draws.beta(4, 2, 300), 2)
    negatives = np.round(draws.beta(2, 4, 700), 2)
    return positives, negatives


@pytest.fixture(scope="module")
def labelled(scores):
    positives, negatives = scores
    truth = np.r_[np.ones(len(positives), int), np.zeros(len(negatives), int)]
    return truth, np.r_[positives, negatives]


def counted(positives, negatives):
    """Clips by score, of one curve: [1, scores] each."""
    levels = np.unique(np.concatenate([positives, negatives]))
    return np.array([[[(s == level).sum() for level in levels]] for s in (positives, negatives)])


def test_areas_agree_with_scikit_learn(scores, labelled):
    sklearn = pytest.importorskip("sklearn.metrics")
    assert curves.roc_auc(*scores) == pytest.approx(sklearn.roc_auc_score(*labelled))
    found = curves.areas_of_counts(*counted(*scores))
    for max_fpr, partial in ((0.05, found.partial_auc_5), (0.1, found.partial_auc_10)):
        expected = sklearn.roc_auc_score(*labelled, max_fpr=max_fpr)
        assert partial[0] == pytest.approx(expected)


def test_the_curves_agree_with_scikit_learn(scores, labelled):
    sklearn = pytest.importorskip("sklearn.metrics")
    fpr, recall, _ = sklearn.roc_curve(*labelled, drop_intermediate=False)
    ours = curves.roc(*scores)
    np.testing.assert_allclose(ours[0], fpr)
    np.testing.assert_allclose(ours[1], recall)
    np.testing.assert_allclose(curves.det(*scores)[1], 1 - recall)


def test_a_confusion_matrix_agrees_with_scikit_learn(scores, labelled):
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, values = labelled
    found = curves.confusion(*scores, 0.5)
    said = values > 0.5
    assert sklearn.confusion_matrix(truth, said).ravel().tolist() == [
        found.true_negatives,
        found.false_positives,
        found.false_negatives,
        found.true_positives,
    ]
    assert found.accuracy == pytest.approx(sklearn.accuracy_score(truth, said))
    assert found.precision == pytest.approx(sklearn.precision_score(truth, said))
    assert found.recall == pytest.approx(sklearn.recall_score(truth, said))
    assert found.f1 == pytest.approx(sklearn.f1_score(truth, said))
    assert found.false_positive_rate == pytest.approx(np.mean(scores[1] > 0.5))
    assert found.false_negative_rate == pytest.approx(np.mean(scores[0] <= 0.5))


def test_a_score_at_the_cutoff_is_not_accepted():
    found = curves.confusion(np.array([0.5, 0.6]), np.array([0.5]), 0.5)
    assert (found.true_positives, found.false_positives) == (1, 0)
    fpr, recall, cutoffs = curves.roc(np.array([0.5]), np.array([0.5]))
    assert (fpr.tolist(), recall.tolist()) == ([0, 1], [0, 1])
    assert cutoffs.tolist() == [0.5, -np.inf]


def test_many_curves_at_once_have_the_areas_that_each_has_alone(scores):
    levels = np.unique(np.concatenate(scores))
    halves = [(p[::2], n[::3]) for p, n in (scores, [s[::-1] for s in scores])]
    kinds = zip(*halves, strict=True)
    counts = [[[(s == level).sum() for level in levels] for s in kind] for kind in kinds]
    found = curves.areas_of_counts(*np.array(counts))
    for i, half in enumerate(halves):
        alone = curves.areas_of_counts(*counted(*half))
        assert found.roc_auc[i] == pytest.approx(curves.roc_auc(*half))
        assert found.partial_auc_10[i] == pytest.approx(alone.partial_auc_10[0])
        assert found.partial_auc_5[i] == pytest.approx(alone.partial_auc_5[0])
        assert found.equal_error_rate[i] == pytest.approx(curves.equal_error_rate(*half)[0])


def test_no_event_in_two_point_four_hours_is_under_one_and_a_quarter_an_hour():
    assert rates.false_accepts_at_most(0, 2.4) == pytest.approx(np.log(20) / 2.4)
    assert 1.24 < rates.false_accepts_at_most(0, 2.4) < 1.25
    for n_events in (1, 7):
        most = rates.false_accepts_at_most(n_events, 2.4)
        assert stats.poisson.cdf(n_events, 2.4 * most) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="0.0 h"):
        rates.false_accepts_at_most(0, 0.0)


def test_the_equal_error_rate_of_two_normals_is_half_their_distance():
    positives = stats.norm.ppf((np.arange(2000) + 0.5) / 2000, loc=2)
    rate, cutoff = curves.equal_error_rate(positives, positives - 2)
    assert rate == pytest.approx(stats.norm.cdf(-1), abs=1e-3)
    assert cutoff == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("positives", "negatives", "rate", "cutoff"),
    [
        ([3, 4], [1, 2], 0.0, 2),
        ([1, 2], [3, 4], 1.0, 2),
        ([1, 1], [1, 1], 0.5, 1),
        ([1, 3], [0, 2], 0.5, 1),
        ([1, 2], [0, 1], 0.25, 1),  # 0 is as near: the stricter is taken
        ([1, 2, 2], [0, 1, 1], 2 / 9, 1),
        ([1, 1, 2], [0, 0, 1], 2 / 9, 0),
    ],
)
def test_equal_error_rates_counted_by_hand(positives, negatives, rate, cutoff):
    found = curves.equal_error_rate(np.array(positives), np.array(negatives))
    assert found == pytest.approx((rate, cutoff))


def test_curves_need_both_classes():
    with pytest.raises(ValueError, match="0 negatives"):
        curves.roc(np.ones(3), np.ones(0))


def test_exact_intervals_agree_with_the_distribution_they_invert():
    found = rates.proportion(161, 164)
    assert stats.binom.sf(160, 164, found.low) == pytest.approx(0.025)
    assert stats.binom.cdf(161, 164, found.high) == pytest.approx(0.025)
    hourly = rates.false_accepts_per_hour(7, 2.1)
    assert stats.poisson.sf(6, hourly.low * 2.1) == pytest.approx(0.025)
    assert stats.poisson.cdf(7, hourly.high * 2.1) == pytest.approx(0.025)


def test_nothing_seen_still_has_an_upper_bound():
    assert rates.proportion(0, 164).high == pytest.approx(0.0222, abs=1e-4)
    assert (rates.proportion(0, 164).low, rates.proportion(5, 5).high) == (0.0, 1.0)
    assert rates.proportion(1, 5).low == pytest.approx(1 - 0.975**0.2)
    assert rates.proportion(4, 5).high == pytest.approx(0.975**0.2)
    hourly = rates.false_accepts_per_hour(0, 1.0)
    assert (hourly.value, hourly.low) == (0.0, 0.0)
    assert hourly.high == pytest.approx(-np.log(0.025))
    with pytest.raises(ValueError, match="0 of 0"):
        rates.proportion(0, 0)
    with pytest.raises(ValueError, match="0.0 h"):
        rates.false_accepts_per_hour(0, 0.0)


def test_calibration_error_counted_by_hand():
    positives, negatives = np.array([0.95, 0.95, 0.95, 0.15]), np.array([0.95, 0.15, 0.15, 0.15])
    table = curves.reliability(positives, negatives)
    assert table.counts.tolist() == [0, 4, 0, 0, 0, 0, 0, 0, 0, 4]
    assert table.share_positive[[1, 9]].tolist() == [0.25, 0.75]
    assert table.ece == pytest.approx((0.10 + 0.20) / 2)
    assert curves.reliability(np.ones(3), np.zeros(3)).ece == 0.0
    with pytest.raises(ValueError, match="wanted 0 to 1"):
        curves.reliability(np.array([255.0]), np.zeros(1))


def test_a_ratio_of_nothing_is_none_of_it():
    nothing = curves.Confusion(0, 0, 0, 0)
    assert (nothing.accuracy, nothing.precision, nothing.recall, nothing.f1) == (0, 0, 0, 0)
    assert (nothing.false_positive_rate, nothing.false_negative_rate) == (0, 0)


def test_a_calibration_has_ten_bins_the_last_with_its_end_and_empty_ones_hold_nothing():
    table = curves.reliability(np.array([1.0]), np.array([0.92, 0.0]))
    assert table.counts.tolist() == [1, *[0] * 8, 2]
    assert table.share_positive.tolist() == pytest.approx([0.0, *[0] * 8, 2 / 3])
    assert table.mean_score.tolist() == pytest.approx([0.0, *[0] * 8, (2 + 0.92) / 3])
    low = curves.reliability(np.array([0.25]), np.array([0.05]))
    assert low.counts.tolist() == [1, 0, 1, *[0] * 7]
    assert low.share_positive.tolist() == [0, 0, 1, *[0] * 7]
    assert low.mean_score.tolist() == pytest.approx([0.05, 0, 0.25, *[0] * 7])


def test_a_calibration_does_not_hang_on_how_many_there_are_of_each():
    positives, negatives = np.array([0.95, 0.95, 0.15]), np.array([0.95, 0.15, 0.15, 0.15])
    table = curves.reliability(positives, negatives)
    often = curves.reliability(positives, np.tile(negatives, 50))
    assert table.counts.tolist() == [0, 4, 0, 0, 0, 0, 0, 0, 0, 3]
    assert table.share_positive[9] == pytest.approx((2 / 3) / (2 / 3 + 1 / 4))
    assert table.weights.sum() == pytest.approx(1.0)
    assert often.ece == pytest.approx(table.ece)
    assert often.share_positive == pytest.approx(table.share_positive)


@pytest.mark.parametrize("wrong", [-0.01, 1.01])
def test_a_score_that_is_no_chance_is_not_calibrated(wrong):
    with pytest.raises(ValueError, match="wanted 0 to 1"):
        curves.reliability(np.array([wrong]), np.array([0.5]))


def test_rates_as_people_read_them():
    assert str(rates.Rate.counted(161, 164)) == "161 of 164: 98.2 % (94.7 to 99.6 %)"
    assert rates.Rate.counted(1234, 12345).counts == "1,234 of 12,345"
    assert rates.Rate.counted(0, 0) == rates.Rate(0, 0)
    assert str(rates.Rate(0, 0)) == "none to count"
    assert [rates.percent(share) for share in (0, 0.0004, 0.951, 1)] == [
        *("0 %", "0.0 %", "95.1 %", "100 %"),
    ]
    assert rates.between(0, 0.5) == "0 to 50.0 %"


def test_rates_an_hour_as_people_read_them():
    found = rates.Hourly.counted(3, 2.4)
    assert (found.counts, found.an_hour) == ("3 in 2.40 h", "1.25")
    assert (found.interval, str(found)) == ("0.258 to 3.65", "3 in 2.40 h: at most 3.23")
    assert str(rates.Hourly.counted(2, 0.0)) == "no hours"
    assert [rates.an_hour(events) for events in (0.01234, 99.96, 999.4, 999.5, 12345.6)] == [
        *("0.0123", "100", "999", "1,000", "12,346"),
    ]


def test_hours_are_shown_rounded_and_reckoned_with_as_they_are():
    hours = 1 / 7
    found = rates.Hourly.counted(1, hours)
    assert (found.hours, found.value) == (0.143, 7.0)
    assert rates.Hourly.counted(1, hours, digits=4).hours == 0.1429
    assert found.at_most == rates.false_accepts_at_most(1, hours)
    exact = rates.false_accepts_per_hour(1, hours)
    assert (found.low, found.high) == (exact.low, exact.high)
    assert rates.Hourly.counted(2, 0.0) == rates.Hourly(2, 0.0)


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (0, 0)])
def test_a_count_that_cannot_be_is_refused(counts):
    with pytest.raises(ValueError, match=f"{counts[0]} of {counts[1]}"):
        rates.proportion(*counts)


@pytest.mark.parametrize("bound", [rates.false_accepts_at_most, rates.false_accepts_per_hour])
@pytest.mark.parametrize("counts", [(-1, 2.0), (1, -2.0), (1, 0.0)])
def test_events_and_hours_that_cannot_be_are_refused(bound, counts):
    with pytest.raises(ValueError, match=f"{counts[0]} events in {counts[1]} h"):
        bound(*counts)


def test_latency_runs_from_the_end_of_the_word_to_the_audio_that_decides():
    track = np.zeros(100, np.uint8)
    track[40:50] = 255
    # a window of 5 is over 0.5 with its third high score, step 42, heard at 0.05 + 42 * 0.03 s
    assert curves.latency_s(track, 1.2, Rule(0.5, 5)) == pytest.approx(1.31 - 1.2)
    assert curves.latency_s(track, 2.0, Rule(0.5, 5)) == pytest.approx(1.31 - 2.0)
    assert np.isnan(curves.latency_s(track, 1.2, Rule(1.0, 5)))
