"""Rates beyond what was counted, from tails that are known because they were drawn."""

import numpy as np
import pytest

from mwwkit.device.detector import LIVE_CUTOFFS
from mwwkit.metrics.tail_fit import (
    FEWEST,
    LEAST_MEAN_EXCESS,
    LEAST_OF_NET,
    LOGITS,
    PEAKS,
    STRANGERS,
    expected_rates,
)
from mwwkit.run.seeds import rng

CUTOFFS = np.array(LIVE_CUTOFFS)


def counts(peaks_logits):
    """How many peaks pass each cutoff."""
    return (np.asarray(peaks_logits)[:, None] > LOGITS).sum(axis=0)


def test_a_planted_exponential_tail_is_found_far_above_its_highest_peak():
    hours, rate_at_even, mean_excess = 0.2, 100.0, 0.6
    found = []
    for draw in range(300):
        draws = rng(draw, "tail")
        n = draws.poisson(hours * rate_at_even * np.exp(3 / mean_excess))  # peaks over -3
        peaks = counts(-3 + draws.exponential(mean_excess, n))
        found.append(expected_rates(peaks, hours, stretch=1.0))
    ratio = np.array(found) / (rate_at_even * np.exp(-LOGITS / mean_excess))
    column = int(np.argmax(LOGITS > 2))  # 3.6 an hour: in 12 minutes mostly none
    # The mean excess of 40 peaks is known to 16 %, so its exponential over some 3 logits, 5 of
    # them, to a factor of 2.3 either way.
    assert 0.75 < np.median(ratio[:, column]) < 1.33
    assert np.quantile(ratio[:, column], 0.16) > 1 / 2.6
    assert np.quantile(ratio[:, column], 0.84) < 2.6


def test_where_there_is_enough_to_count_the_count_says_it():
    events = np.maximum(500 - 2 * np.arange(len(CUTOFFS)), 0)
    rates = expected_rates(events, 2.0)
    many = events > PEAKS
    assert np.array_equal(rates[many], events[many] / 2)
    assert (np.diff(rates[~many]) < 0).all() and rates[-1] > 0
    everywhere = np.full(len(CUTOFFS), 90)
    assert np.array_equal(expected_rates(everywhere, 3.0), everywhere / 3)


def test_where_counts_rise_before_they_fall_the_tail_begins_behind_the_last_count():
    # A minute of a score that is never low: over it at first is one long event every 2 s.
    events = np.array([30] * 50 + [45] * 100 + [20] * 60 + [0] * 44)
    rates = expected_rates(events, 0.1)
    assert np.array_equal(rates[:150], events[:150] / 0.1) and rates[150] == 200
    assert (np.diff(rates[150:]) < 0).all()


def test_as_many_peaks_as_are_looked_at_are_all_of_the_tail():
    rates = expected_rates(np.array([PEAKS] * 10 + [9] * 244), 1.0)
    assert rates[0] == PEAKS and (np.diff(rates) < 0).all()
    assert expected_rates(np.array([FEWEST] * 254), 1.0)[0] == FEWEST


@pytest.mark.parametrize("n", [0, FEWEST - 1])
def test_from_hardly_any_peaks_nothing_is_told(n):
    assert expected_rates(counts(np.zeros(n)), 1.0) is None


def test_peaks_at_the_ceiling_leave_no_hope_below_it():
    rates = expected_rates(counts(np.full(20, 9.0)), 1.0)
    assert rates[0] == 20 and rates[-1] > 5


def test_a_cliff_is_not_believed():
    steep = counts(-3 + 0.001 * np.arange(200))  # 40 peaks within 0.04 logits
    rates = expected_rates(steep, 1.0)
    assert np.diff(np.log(rates[-9:])) == pytest.approx(-np.diff(LOGITS[-9:]) / LEAST_MEAN_EXCESS)


def test_a_cliff_is_believed_less_where_calibration_left_logits_as_the_net_had_them():
    steep = counts(-3 + 0.001 * np.arange(200))
    for scale, least in ((0.2, LEAST_MEAN_EXCESS), (0.9, 0.9 * LEAST_OF_NET)):
        falls = np.diff(np.log(expected_rates(steep, 1.0, scale)[-9:]))
        assert falls == pytest.approx(-np.diff(LOGITS[-9:]) / least)


def test_strangers_tail_is_longer_by_a_factor():
    found = counts(-3 + rng(1, "tail").exponential(0.8, 400))
    rates = [expected_rates(found, 1.0, stretch=stretch) for stretch in (1.0, 2.0)]
    falls = [np.diff(np.log(each[-20:])) for each in rates]
    assert falls[1] == pytest.approx(falls[0] / 2)
    by_default = expected_rates(found, 1.0, stretch=STRANGERS)
    assert np.array_equal(expected_rates(found, 1.0), by_default)
