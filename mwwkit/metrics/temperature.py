"""What to make of a net's logit so that a score says how sure it is: a scale and a shift.

    temperature = fit(words, others, otherwise=1.0)     # a track of logits for each clip
    folded = fold(net, temperature.scale, temperature.shift)

Platt's calibration (1999): a logistic regression of clips that are the word against clips that are
not. What is regressed on is a clip's *peak*, the logit of its decision score, which is the highest
mean of WINDOW scores, as on the device. Words and others weigh alike, however many there are of
each: a score of 0.9 then means nine in ten where a clip is as likely the word as not. What a cutoff
does to recall and false accepts still differs from one wake word to the next. The scale is above 0,
so that no two clips change places.

Clips told apart without a mistake would send the scale to infinity, and every doubt would be lost
at the ends of a uint8 score. So the targets are not 1 and 0 but SURE and 1 - SURE. Platt's own come
nearer to 1 the more clips there are; these are fixed, since a cutoff would otherwise mean something
else with 20 recordings than with 200.

Nor may scores pile up at their ceiling, 255. Where rare false accepts ask for it, a cutoff has to
part words from words; so half of them stay at SURE or under it, and with that all that a cutoff
could part from the word while it hears half of the words. A net that has to hear fewer is too shy
for people (`mwwkit.metrics.judgement`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

WINDOW = 5  # scores; the middle one of those to choose from, and that of the official models
# Two clips in a hundred say nothing: a word that is cut or drowned, another that holds it. Words
# that are told apart without a mistake then score 0.98 in the mean. With 0.99, other draws of the
# same 30 recordings moved a score of 0.9 by 0.1; with 0.96, scores were a third farther from what
# they mean.
SURE = 0.98
# Different recordings of a sort. Of three, other draws moved a score of 0.5 anywhere from 0.36 to
# 0.99; of thirty, from 0.43 to 0.65.
FEWEST = 10
# By how much words must score higher than others in the mean; under it, a slope is chance too, and
# what it leaves between the two are too few of the 254 cutoffs.
APART = 0.25
# By how much the median word's logit must lie over the median other clip's: one level of a uint8
# score where the scores are steepest. A net that has not begun to learn parts them by less; the
# scale was then in the thousands, and made scores of the rounding.
LEAST = 4 / 256
# How far the two medians may come to lie apart. Nets of whole trainings settle at 6 to 7. A word
# whose peak is shorter than the window never comes to SURE, and a fit that wants it there does not
# end (a scale of millions for a net of 70 steps): it keeps its last round within this.
MOST = 20.0
ROUNDS, SETTLED = 20, 0.005  # of the fit; by how much its last one still changes a logit
FURTHEST = 30.0  # of a logit from 0: beyond, float64 does not tell a score from 0 or 1
# What a fit hangs on besides the logits, for those who keep what they found.
CONSTANTS = (WINDOW, SURE, FEWEST, APART, LEAST, MOST)

Tracks = Sequence[np.ndarray]  # of logits, float [steps] each


@dataclass(frozen=True)
class Temperature:
    """A logit becomes `scale * logit + shift`; how many recordings it was fitted on.

    `note` says why nothing was fitted, where nothing was.
    """

    scale: float
    shift: float = 0.0
    words: int = 0
    others: int = 0
    note: str = ""


def fit(
    words: Tracks, others: Tracks, otherwise: float, recordings: int | None = None
) -> Temperature:
    """Scale (two digits) and shift (two decimals), so that the last bits of a sum change nothing.

    `recordings` says how many of the words are different ones, where some come under several
    conditions. `otherwise` is the scale where there are fewer than FEWEST of a sort, or the net
    does not tell the two apart.
    """
    n_words = len(words) if recordings is None else recordings
    if min(n_words, len(others)) < FEWEST:
        note = f"{n_words} words and {len(others)} other clips; wanted {FEWEST} of each"
        return Temperature(otherwise, note=note)
    scale, shift = _settled(words, others)
    if scale > 0:
        scale = float(f"{scale:.2g}")
        both = peaks(words, scale, shift), peaks(others, scale, shift)
        shift += _regression(*both, slope=(1.0, 1.0))[1]
        shift = round(shift, 2) + 0.0  # never -0.0
    means = (scipy.special.expit(peaks(those, scale, shift)).mean() for those in (words, others))
    if scale <= 0 or next(means) - next(means) < APART:
        return Temperature(otherwise, note="the words do not score higher than other clips")
    return Temperature(scale, shift, n_words, len(others))


def _settled(words: Tracks, others: Tracks) -> tuple[float, float]:
    """Scale and shift that a regression on the calibrated peaks would leave as they are.

    A peak is a mean of scores, not of logits, so it does not become `scale * peak + shift` when the
    logits do: the regression is made again on what came out. 0, 0 for words not LEAST higher.
    """
    low, high = (float(np.median([t.max(initial=-FURTHEST) for t in c])) for c in (others, words))
    if high - low < LEAST:
        return 0.0, 0.0
    scale = 5.0 / (high - low)  # to begin with: the medians at -2.5 and 2.5
    shift = -scale * (low + high) / 2
    for _ in range(ROUNDS):
        slope, offset = _regression(peaks(words, scale, shift), peaks(others, scale, shift))
        if slope * scale * (high - low) > MOST:
            break
        scale, shift = slope * scale, slope * shift + offset
        if scale <= 0 or abs(slope - 1) + abs(offset) < SETTLED:
            break
    return scale, shift


def peaks(tracks: Tracks, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """The logit of the decision score of each track of logits, once calibrated; float64 [tracks].

    Before its start a track is silent, as the device's memory is after a reset.
    """
    if not len(tracks):
        return np.zeros(0)
    silence = np.zeros(WINDOW)
    scores = (scipy.special.expit(scale * t.astype(np.float64) + shift) for t in tracks)
    scores = np.concatenate([part for score in scores for part in (silence, score)])
    # A track begins where the window is all silence; what it holds after its end is less again.
    at = np.cumsum([WINDOW - 1, *(WINDOW + len(track) for track in tracks[:-1])])
    padded = np.concatenate([silence[1:], scores])
    # Added up, not taken off a running sum, which would forget the smallest scores.
    means = sum(padded[i : i + len(scores)] for i in range(WINDOW)) / WINDOW
    highest = np.maximum.reduceat(means, at)
    return np.clip(scipy.special.logit(highest), -FURTHEST, FURTHEST)


def _regression(
    words: np.ndarray, others: np.ndarray, slope: tuple[float, float] = (0.0, np.inf)
) -> tuple[float, float]:
    """Slope and offset of the best logistic curve through the peaks, both sorts weighing alike."""
    numbers = [len(words), len(others)]
    z, target = np.concatenate([words, others]), np.repeat([SURE, 1 - SURE], numbers)
    weight = np.repeat([0.5 / n for n in numbers], numbers)

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        at = line[0] * z + line[1]
        wrong = weight * (scipy.special.expit(at) - target)
        value = weight @ (np.logaddexp(0, at) - target * at)
        return float(value), np.array([wrong @ z, wrong.sum()])

    most = scipy.special.logit(SURE)
    ceiling = scipy.optimize.LinearConstraint([[np.median(words), 1.0]], ub=most)
    best = scipy.optimize.minimize(
        loss,
        [1.0, 0.0],
        jac=True,
        method="SLSQP",
        bounds=[slope, (None, None)],
        constraints=[ceiling],
        options={"ftol": 1e-10, "maxiter": 200},
    )
    return float(best.x[0]), float(best.x[1])
