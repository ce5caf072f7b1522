"""How good a detector is: confusion, curves, calibration, latency.

    rate, cutoff = equal_error_rate(positives, negatives)

Positives and negatives are scores, one a clip, float or integer [clips]; a clip is accepted when
its score is *more* than the cutoff, as on the device. Rates with their exact intervals are in
`mwwkit.metrics.rates`, intervals of what no distribution is known of in
`mwwkit.metrics.bootstrap`, the choice of an operating point in `mwwkit.metrics.operating_points`.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import scipy

from mwwkit.device.detector import Rule, score_times
from mwwkit.run.errors import WrongInput

N_BINS = 10  # of a calibration
T = TypeVar("T")


@dataclass(frozen=True)
class Confusion:
    """Counts at one cutoff; a ratio without a denominator is 0."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int

    @property
    def accuracy(self) -> float:
        """The share of all clips that is classified right."""
        right = self.true_positives + self.true_negatives
        return _ratio(right, right + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """The share of accepted clips that is positive."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """The share of positives that is accepted."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        wrong = self.false_positives + self.false_negatives
        return _ratio(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def false_positive_rate(self) -> float:
        """The share of negatives that is accepted."""
        return _ratio(self.false_positives, self.false_positives + self.true_negatives)

    @property
    def false_negative_rate(self) -> float:
        """The share of positives that is missed."""
        return _ratio(self.false_negatives, self.true_positives + self.false_negatives)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def confusion(positives: np.ndarray, negatives: np.ndarray, cutoff: float) -> Confusion:
    """Counts for one score per clip, accepted when more than `cutoff`."""
    hits, false = int((positives > cutoff).sum()), int((negatives > cutoff).sum())
    return Confusion(hits, len(positives) - hits, false, len(negatives) - false)


def roc(positives: np.ndarray, negatives: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False positive rate, recall and cutoff of every distinct decision, float64 [points].

    From (0, 0) at the highest score to (1, 1) at -inf.
    """
    if len(positives) == 0 or len(negatives) == 0:
        raise WrongInput(f"{len(positives)} positives, {len(negatives)} negatives; wanted both")
    cutoffs = np.append(np.unique(np.concatenate([positives, negatives]))[::-1], -np.inf)
    return _share_over(negatives, cutoffs), _share_over(positives, cutoffs), cutoffs


def _share_over(scores: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
    return 1.0 - np.searchsorted(np.sort(scores), cutoffs, side="right") / len(scores)


def det(positives: np.ndarray, negatives: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False positive rate, miss rate and cutoff; drawn over `scipy.stats.norm.ppf` of both."""
    false_positive_rate, recall, cutoffs = roc(positives, negatives)
    return false_positive_rate, 1.0 - recall, cutoffs


@dataclass(frozen=True)
class Areas(Generic[T]):
    """What sums up a curve: the area under it, that up to 10 and 5 % of false positives scaled so
    that chance is 0.5 and perfect 1 (McClish 1989), and where misses equal false positives.
    """

    roc_auc: T
    partial_auc_10: T
    partial_auc_5: T
    equal_error_rate: T


def areas_of_counts(positives: np.ndarray, negatives: np.ndarray) -> Areas[np.ndarray]:
    """The areas and the equal error rate of many curves at once, float64 [curves] each.

    Clips counted by score, in rising order, of positives and negatives [curves, scores]: what
    `bootstrap.curve_intervals` draws.
    """
    rate, recall = _from_the_top(negatives), _from_the_top(positives)
    return Areas(
        scipy.integrate.trapezoid(recall, rate),
        _partial_area(rate, recall, 0.1),
        _partial_area(rate, recall, 0.05),
        _crossing(rate, 1.0 - recall)[0],
    )


def _from_the_top(counts: np.ndarray) -> np.ndarray:
    """The share at or over each score, from none to all, [curves, scores + 1]."""
    over = np.cumsum(counts[..., ::-1], axis=-1)
    none = np.zeros((*over.shape[:-1], 1))
    return np.concatenate([none, over / over[..., -1:]], axis=-1)


def roc_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The chance that a positive scores higher than a negative, ties counted half."""
    false_positive_rate, recall, _ = roc(positives, negatives)
    return float(scipy.integrate.trapezoid(recall, false_positive_rate))


def _partial_area(rate: np.ndarray, recall: np.ndarray, max_fpr: float) -> np.ndarray:
    """Scaled area under each curve [..., points] as far as `max_fpr`."""
    x0, x1 = rate[..., :-1], np.minimum(rate[..., 1:], max_fpr)
    width = np.maximum(x1 - x0, 0.0)
    steep = np.diff(recall) / np.maximum(np.diff(rate), 1e-300)  # finite, where the width is 0
    area = (width * (recall[..., :-1] + steep * width / 2)).sum(axis=-1)
    chance = max_fpr**2 / 2
    return 0.5 * (1 + (area - chance) / (max_fpr - chance))


def equal_error_rate(positives: np.ndarray, negatives: np.ndarray) -> tuple[float, float]:
    """Error rate at which misses and false positives are equal, and the cutoff nearest to it.

    Between its points the curve is taken as straight.
    """
    false_positive_rate, missed, cutoffs = det(positives, negatives)
    rate, nearest = _crossing(false_positive_rate, missed)
    return float(rate), float(cutoffs[nearest])


def _crossing(rate: np.ndarray, missed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each two curves [..., points] meet: the rate there, and the nearest point."""
    gap = rate - missed  # rises from -1 to 1
    after = np.argmax(gap >= 0, axis=-1)[..., None]

    def at(values: np.ndarray, point: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, point, axis=-1)[..., 0]

    low, high = at(gap, after - 1), at(gap, after)
    share = -low / (high - low)
    nearest = np.where(np.abs(high) < np.abs(low), after[..., 0], after[..., 0] - 1)
    return at(rate, after - 1) + share * (at(rate, after) - at(rate, after - 1)), nearest


@dataclass(frozen=True)
class Reliability:
    """Ten equal bins of score 0..1: clips, mean score and share of positives in each.

    `weights` is the share of all clips in each bin, positives and negatives weighing alike, and so
    are mean and share.
    """

    counts: np.ndarray
    weights: np.ndarray
    mean_score: np.ndarray
    share_positive: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean gap of score and share, weighted by clips."""
        return float(self.weights @ np.abs(self.mean_score - self.share_positive))


def reliability(positives: np.ndarray, negatives: np.ndarray) -> Reliability:
    """Whether a score of 0.9 means nine in ten. Empty bins hold 0; scores are in 0..1.

    Positives weigh as much as negatives, however many there are of each: as where a clip is as
    likely the one as the other, which is what `mwwkit.metrics.temperature` fits. A home is not
    like that, and no two tests are alike in it.
    """
    scores = np.concatenate([positives, negatives])
    if not len(positives) or not len(negatives):
        raise WrongInput(f"{len(positives)} positives, {len(negatives)} negatives; wanted both")
    if scores.min() < 0 or scores.max() > 1:
        raise WrongInput(f"scores from {scores.min()} to {scores.max()}; wanted 0 to 1")
    bins = np.minimum((scores * N_BINS).astype(int), N_BINS - 1)
    each = np.repeat([0.5 / len(positives), 0.5 / len(negatives)], [len(positives), len(negatives)])
    hits = np.bincount(bins[: len(positives)], each[: len(positives)], N_BINS)
    weights = np.bincount(bins, each, N_BINS)
    some = np.where(weights > 0, weights, 1.0)
    means = np.bincount(bins, each * scores, N_BINS) / some
    # A mean of equal numbers may be a last bit over 1, and so may a share.
    tables = (np.minimum(means, 1.0), np.minimum(hits / some, 1.0))
    return Reliability(np.bincount(bins, minlength=N_BINS), weights, *tables)


def latency_s(track: np.ndarray, word_end_s: float, rule: Rule) -> float:
    """Seconds from the word's end to the first crossing; negative before it, NaN when missed.

    Times count from the start of the audio, whose last sample heard decides.
    """
    over = rule.over(track)
    if not over.any():
        return np.nan
    return float(score_times(len(track))[np.argmax(over)] - word_end_s)
