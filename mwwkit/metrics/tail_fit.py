"""False accepts an hour at cutoffs too high to count any, extrapolated from the highest peaks.

    events, hours = surface.other_sound
    rates = expected_rates(events[row], hours, surface.logit_scale or 0.0)

Ten minutes of audio without one false accept do not tell 0.1 an hour from 10. But the peaks that
stayed under the cutoff do: over a high threshold the excesses of almost any distribution are nearly
those of a generalised Pareto one (Pickands, 1975), here with shape 0, an exponential one, of the
mean's logit. Its mean excess is estimated by maximum likelihood from the highest peaks.
"""

import numpy as np

from mwwkit.device.detector import LIVE_CUTOFFS

PEAKS = 40  # the highest; lower ones tell of the middle, not of the tail
FEWEST = 5  # with less there is no tail to speak of
# Sound at hand is of voices and rooms that trained too; of strangers' speech the tail is longer.
# Measured on development words, in 1.81 h by 166 strangers, the mean excess there against that of
# long sound and other words at hand, in logits: 0.26 against 0.16 ("athena" from 20 recordings),
# 1.0 against 1.05 (the same with machines' words), 1.2 against 0.88 and 1.0 against 0.70 ("cat" of
# 200 people, before and after 04). The largest: too many events annoy before too few words do.
STRANGERS = 1.6
# In logits. Training on the hardest negatives piles their scores up under a ceiling, where a few
# minutes fall off like a cliff that strangers' speech does not know: 0.66 there against 0.12 at
# hand ("jarvis", 20 recordings). With 0.2 instead that net would wake 19 times in 1.80 h, so 8.
LEAST_MEAN_EXCESS = 0.4
# The same in logits of the net itself, before calibration scales them: what few minutes at hand
# cannot tell. On strangers' speech the highest 40 peaks fall off by 0.6 to 2.5 of these (five nets
# of "alexa", three of "computer", scales 0.19 to 0.33), by 0.9 and 1.1 for two nets of 20 and 24
# recordings (0.62, 0.94), whose calibration leaves logits nearly as they were: with 0.4 alone the
# latter ("athena") woke 10 times in 1.81 h where 0.9 were expected.
LEAST_OF_NET = 1.0
# What a fit hangs on besides the scores, for those who keep what they found.
CONSTANTS = (PEAKS, FEWEST, STRANGERS, LEAST_MEAN_EXCESS, LEAST_OF_NET)
LOGITS = np.log((np.array(LIVE_CUTOFFS) + 0.5) / (255.5 - np.array(LIVE_CUTOFFS)))


def expected_rates(
    events: np.ndarray, hours: float, scale: float = 0.0, stretch: float = STRANGERS
) -> np.ndarray | None:
    """Events an hour to expect at every live cutoff, float64 [254]; None from too few events.

    `events` are the counts at those cutoffs, int [254]. Up to the last cutoff at which more than
    PEAKS were counted the count itself says it; above, the fitted tail, its mean excess times
    `stretch` and never less than LEAST_MEAN_EXCESS, nor than LEAST_OF_NET times `scale`, by which
    calibration multiplied the net's logits (0: not known).
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
    mean_excess = max(stretch * mean_excess, LEAST_MEAN_EXCESS, scale * LEAST_OF_NET)
    rates[first:] = n / hours * np.exp(-over / mean_excess)
    return rates
