"""What to make of a net's logit so that a score says how sure it is: a scale and a shift.

    temperature = fit(PerSet(words, others, streams), otherwise=1.0)     # logits of every step
    folded = fold(net, temperature.scale, temperature.shift)

Platt's calibration (1999): a logistic regression of clips that are the word against clips that are
not. What is regressed on is a clip's *peak*, the logit of its decision score, which is the highest
mean of WINDOW scores, as on the device. Words and others weigh alike, however many there are of
each: a score of 0.9 then means nine in ten where a clip is as likely the word as not, and that from
one wake word to the next. The scale is above 0, so that no two clips change places.

Clips told apart without a mistake would send the scale to infinity, and every doubt would be lost
at the ends of a uint8 score. So the targets are not 1 and 0 but SURE and 1 - SURE. Platt's own come
nearer to 1 the more clips there are; these are fixed, since a cutoff would otherwise mean something
else with 20 recordings than with 200.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import LinearConstraint, minimize
from scipy.special import expit, logit

from mwwkit.metrics.operating_points import PerSet

WINDOW = 5  # scores; the middle one of those to choose from, and that of the official models
# One clip in a hundred says nothing: a word that is cut or drowned, another that holds it. Words
# that are told apart without a mistake then score 0.99 in the mean. With 0.98, scores of people's
# words were a quarter farther from what they mean; with 0.995, other draws of the same 30
# recordings moved a score of 0.9 by over 0.1.
SURE = 0.99
HIGHEST_FALSE = 0.98  # that a peak of anything else may reach: 250 of 255, so four cutoffs are left
FEWEST = 10  # clips of a sort; of fewer a slope is chance
# By how much words must score higher than others in the mean; under it, a slope is chance too, and
# what it leaves between the two are too few of the 254 cutoffs.
APART = 0.25
ROUNDS, SETTLED = 20, 0.005  # of the fit; by how much its last one still changes a logit
FURTHEST = 30.0  # of a logit from 0: beyond, float64 does not tell a score from 0 or 1
# What a fit hangs on besides the logits, for those who keep what they found.
CONSTANTS = (WINDOW, SURE, HIGHEST_FALSE, FEWEST, APART)

Tracks = PerSet[Sequence[np.ndarray]]  # of logits, float [steps] each


@dataclass(frozen=True)
class Temperature:
    """A logit becomes `scale * logit + shift`; how many clips it was fitted on.

    `note` says why nothing was fitted, where nothing was.
    """

    scale: float
    shift: float = 0.0
    words: int = 0
    others: int = 0
    note: str = ""


@dataclass(frozen=True)
class _Peaks:
    """Peaks of words, of other words, and of whatever else is not the word, float64 each."""

    words: np.ndarray
    others: np.ndarray
    streams: np.ndarray

    @property
    def apart(self) -> float:
        """How much higher the words score, in the mean."""
        return float(expit(self.words).mean() - expit(self.others).mean())

    @property
    def highest_false(self) -> float:
        """The highest peak of what is not the word, as far as a cutoff could still part it off.

        One that is over the median of the words passes at every cutoff that hears half of them.
        """
        highest = max(self.others.max(), self.streams.max(initial=-np.inf))
        return float(min(highest, np.median(self.words)))


def fit(tracks: Tracks, otherwise: float) -> Temperature:
    """Scale (two digits) and shift (two decimals), so that the last bits of a sum change nothing.

    The highest peak of anything that is not the word stays at HIGHEST_FALSE or under it, so that
    there are cutoffs over it. `otherwise` is the scale where there are fewer than FEWEST clips of a
    sort, or the net does not tell the two apart.
    """
    n_words, n_others = len(tracks.positives), len(tracks.negatives)
    if min(n_words, n_others) < FEWEST:
        note = f"{n_words} words and {n_others} other clips; wanted {FEWEST} of each"
        return Temperature(otherwise, note=note)
    scale, shift = _settled(tracks)
    if scale > 0:
        scale = float(f"{scale:.2g}")
        found = _regression(_peaks(tracks, scale, shift), slope=(1.0, 1.0))[1]
        shift = round(float(shift + found), 2) + 0.0  # never -0.0
    if scale <= 0 or _peaks(tracks, scale, shift).apart < APART:
        return Temperature(otherwise, note="the words do not score higher than other clips")
    return Temperature(scale, shift, n_words, n_others)


def _settled(tracks: Tracks) -> tuple[float, float]:
    """Scale and shift that a regression on the calibrated peaks would leave as they are.

    A peak is a mean of scores, not of logits, so it does not become `scale * peak + shift` when the
    logits do: the regression is made again on what came out. 0, 0 for words that are not higher.
    """
    low, high = (np.median(_tops(tracks.of(name))) for name in ("others", "words"))
    if high <= low:
        return 0.0, 0.0
    scale = 5.0 / (high - low)  # to begin with: the medians at -2.5 and 2.5
    shift = -scale * (low + high) / 2
    for _ in range(ROUNDS):
        slope, offset = _regression(_peaks(tracks, scale, shift))
        scale, shift = slope * scale, slope * shift + offset
        if scale <= 0 or abs(slope - 1) + abs(offset) < SETTLED:
            break
    return scale, shift


def _tops(tracks: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([track.max(initial=-FURTHEST) for track in tracks])


def _peaks(tracks: Tracks, scale: float, shift: float) -> _Peaks:
    return _Peaks(*(peaks(those, scale, shift) for _, those in tracks.items()))


def peaks(tracks: Sequence[np.ndarray], scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """The logit of the decision score of each track of logits, once calibrated; float64 [tracks].

    Before its start a track is silent, as the device's memory is after a reset.
    """
    if not len(tracks):
        return np.zeros(0)
    silence = np.zeros(WINDOW)
    scores = np.concatenate(
        [part for t in tracks for part in (silence, expit(scale * t.astype(np.float64) + shift))]
    )
    # A track begins where the window is all silence; what it holds after its end is less again.
    at = np.cumsum([WINDOW - 1, *(WINDOW + len(track) for track in tracks[:-1])])
    padded = np.concatenate([silence[1:], scores])
    # Added up, not taken off a running sum, which would forget the smallest scores.
    means = sum(padded[i : i + len(scores)] for i in range(WINDOW)) / WINDOW
    highest = np.maximum.reduceat(means, at)
    return np.clip(logit(highest), -FURTHEST, FURTHEST)


def _regression(found: _Peaks, slope: tuple[float, float] = (0.0, np.inf)) -> tuple[float, float]:
    """Slope and offset of the best logistic curve through the peaks, both sorts weighing alike."""
    z = np.concatenate([found.words, found.others])
    target = np.repeat([SURE, 1 - SURE], [len(found.words), len(found.others)])
    weight = np.repeat(
        [0.5 / len(found.words), 0.5 / len(found.others)], [len(found.words), len(found.others)]
    )

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        at = line[0] * z + line[1]
        wrong = weight * (expit(at) - target)
        value = weight @ (np.logaddexp(0, at) - target * at)
        return float(value), np.array([wrong @ z, wrong.sum()])

    ceiling = LinearConstraint([[found.highest_false, 1.0]], ub=logit(HIGHEST_FALSE))
    start = [min(max(1.0, slope[0]), slope[1]), 0.0]
    best = minimize(
        loss,
        start,
        jac=True,
        method="SLSQP",
        bounds=[slope, (None, None)],
        constraints=[ceiling],
        options={"ftol": 1e-10, "maxiter": 200},
    )
    return float(best.x[0]), float(best.x[1])
