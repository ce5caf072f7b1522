"""False accepts an hour at cutoffs too high to count any, extrapolated from the highest peaks.

    rates = expected_rates(surface.ambient_events[row], surface.ambient_hours)

Ten minutes of audio without one false accept do not tell 0.1 an hour from 10. But the peaks that
stayed under the cutoff do: over a high threshold the excesses of almost any distribution are nearly
those of a generalised Pareto one (Pickands, 1975), here with shape 0, an exponential one, of the
mean's logit. Its mean excess is estimated by maximum likelihood from the highest peaks.
"""

import numpy as np

from mwwkit.device.detector import LIVE_CUTOFFS

PEAKS = 40  # the highest; lower ones tell of the middle, not of the tail
FEWEST = 5  # with less there is no tail to speak of
# In logits. Training on the hardest negatives piles their scores up under a ceiling, where a few
# minutes fall off like a cliff; over it, hours of speech thin out by a factor e in 0.8 to 1.2
# logits (benchmarks: events at 0.5 and at 0.9).
LEAST_MEAN_EXCESS = 0.4
LOGITS = np.log((np.array(LIVE_CUTOFFS) + 0.5) / (255.5 - np.array(LIVE_CUTOFFS)))


def expected_rates(events: np.ndarray, hours: float) -> np.ndarray | None:
    """Events an hour to expect at every live cutoff, float64 [254]; None from too few events.

    `events` are the counts at those cutoffs, int [254]. Up to the last cutoff at which more than
    PEAKS were counted the count itself says it; above, the fitted tail.
    """
    # The last: a score that stays high is an event every two seconds, so counts may rise too.
    many = np.flatnonzero(events > PEAKS)
    first = int(many[-1]) + 1 if len(many) else 0
    if first == len(events):
        return events / hours
    n = int(events[first])
    if n < FEWEST:
        return None
    passed = events[first:]
    over = LOGITS[first:] - LOGITS[first]
    # The sum of all excesses is the area under the count, each event 1 high up to its peak.
    mean_excess = np.sum((passed[1:] + passed[:-1]) / 2 * np.diff(over)) / n
    rates = events / hours
    rates[first:] = n / hours * np.exp(-over / max(mean_excess, LEAST_MEAN_EXCESS))
    return rates
