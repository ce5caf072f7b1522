"""How good a detector is: rates, curves and their intervals.

    print(proportion(161, 164))                      # 0.982 (0.947 to 0.996)
    rate, cutoff = equal_error_rate(positives, negatives)

Positives and negatives are scores, one a clip, float or integer [clips]; a clip is accepted when
its score is *more* than the cutoff, as on the device. The choice of an operating point is in
`mwwkit.metrics.operating`, intervals of what no distribution is known of in
`mwwkit.metrics.bootstrap`. NumPy and SciPy only.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.integrate import trapezoid  # numpy has it under two names, before and after 2.0

from mwwkit.device.detector import integer_cutoff, score_times, sliding_sum
from mwwkit.run.errors import WrongInput


@dataclass(frozen=True)
class Interval:
    """A measured value and the ends of its confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """The value and its interval to three digits."""
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def proportion(count: int, total: int, confidence: float = 0.95) -> Interval:
    """`count` of `total` with its exact interval (Clopper and Pearson 1934, two-sided)."""
    if not 0 <= count <= total or total == 0:
        raise WrongInput(f"{count} of {total}; wanted a count between 0 and a total of at least 1")
    exact = stats.binomtest(count, total).proportion_ci(confidence)
    return Interval(count / total, exact.low, exact.high)


def false_accepts_per_hour(n_events: int, hours: float, confidence: float = 0.95) -> Interval:
    """Events an hour with the exact Poisson interval (Garwood 1936, two-sided)."""
    if n_events < 0 or hours <= 0:
        raise WrongInput(f"{n_events} events in {hours} h; wanted at least 0 in more than 0 h")
    tail = (1 - confidence) / 2
    low = 0.0 if n_events == 0 else stats.chi2.ppf(tail, 2 * n_events) / 2
    high = stats.chi2.ppf(1 - tail, 2 * n_events + 2) / 2
    return Interval(n_events / hours, float(low / hours), float(high / hours))


def false_accepts_at_most(n_events: int, hours: float, confidence: float = 0.95) -> float:
    """The rate an hour that is not passed, at `confidence`: the exact one-sided Poisson bound.

    No event in 2.4 h is under 1.25 an hour at 95 %: -ln(0.05) / 2.4 (Garwood 1936).
    """
    if n_events < 0 or not hours > 0:
        raise WrongInput(f"{n_events} events in {hours} h; wanted at least 0 in more than 0 h")
    return float(stats.chi2.ppf(confidence, 2 * n_events + 2) / 2 / hours)


@dataclass(frozen=True)
class Confusion:
    """Counts at one cutoff; a ratio without a denominator is 0."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int

    @property
    def accuracy(self) -> float:
        """The share of all clips that is judged right."""
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


PARTIAL = {"partial_auc_0.1": 0.1, "partial_auc_0.05": 0.05}


def areas_of_counts(positives: np.ndarray, negatives: np.ndarray) -> dict[str, np.ndarray]:
    """The areas and the equal error rate of many curves at once, float64 [curves] each.

    Clips counted by score, in rising order, of positives and negatives [curves, scores]: what
    `bootstrap.curve_intervals` draws. Names: roc_auc, partial_auc_0.1, partial_auc_0.05,
    equal_error_rate.
    """
    curve = tuple(_from_the_top(counts) for counts in (negatives, positives))
    found = {"roc_auc": trapezoid(curve[1], curve[0], axis=-1)}
    found |= {name: _partial_area(*curve, max_fpr) for name, max_fpr in PARTIAL.items()}
    return found | {"equal_error_rate": _crossing(curve[0], 1.0 - curve[1])[0]}


def _from_the_top(counts: np.ndarray) -> np.ndarray:
    """The share at or over each score, from none to all, [curves, scores + 1]."""
    over = np.cumsum(counts[..., ::-1], axis=-1)
    none = np.zeros((*over.shape[:-1], 1))
    return np.concatenate([none, over / over[..., -1:]], axis=-1)


def roc_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The chance that a positive scores higher than a negative, ties counted half."""
    false_positive_rate, recall, _ = roc(positives, negatives)
    return float(trapezoid(recall, false_positive_rate))


def partial_auc(positives: np.ndarray, negatives: np.ndarray, max_fpr: float) -> float:
    """Area up to `max_fpr`, scaled so that chance is 0.5 and perfect 1 (McClish 1989)."""
    if not 0 < max_fpr <= 1:
        raise WrongInput(f"max_fpr is {max_fpr}; wanted more than 0, at most 1")
    false_positive_rate, recall, _ = roc(positives, negatives)
    return float(_partial_area(false_positive_rate, recall, max_fpr))


def _partial_area(rate: np.ndarray, recall: np.ndarray, max_fpr: float) -> np.ndarray:
    """Scaled area under each curve [..., points] as far as `max_fpr`."""
    x0, x1 = rate[..., :-1], np.minimum(rate[..., 1:], max_fpr)
    width = np.maximum(x1 - x0, 0.0)
    steep = np.diff(recall) / np.maximum(np.diff(rate), 1e-300) * (np.diff(rate) > 0)
    area = (width * (recall[..., :-1] + steep * width / 2)).sum(axis=-1)
    chance = max_fpr**2 / 2
    return 0.5 * (1 + (area - chance) / (max_fpr - chance))


def equal_error_rate(positives: np.ndarray, negatives: np.ndarray) -> tuple[float, float]:
    """The rate at which misses equal false positives (the curve joined by lines), and the cutoff
    nearest to it.
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
    """Ten (or so) equal bins of score 0..1: clips, mean score and share of positives in each."""

    counts: np.ndarray
    mean_score: np.ndarray
    share_positive: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean gap of score and share, weighted by clips."""
        gaps = np.abs(self.mean_score - self.share_positive)
        return float((self.counts * gaps).sum() / self.counts.sum())


def reliability(positives: np.ndarray, negatives: np.ndarray, n_bins: int = 10) -> Reliability:
    """Whether a score of 0.9 means nine in ten. Empty bins hold 0; scores are in 0..1.

    It depends on the share of positives in the test, which is not that of a home.
    """
    scores = np.concatenate([positives, negatives])
    if scores.min() < 0 or scores.max() > 1:
        raise WrongInput(f"scores from {scores.min()} to {scores.max()}; wanted 0 to 1")
    bins = np.minimum((scores * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    some = np.maximum(counts, 1)
    hits = np.bincount(bins[: len(positives)], minlength=n_bins)
    return Reliability(counts, np.bincount(bins, scores, n_bins) / some, hits / some)


def latency_s(track: np.ndarray, word_end_s: float, cutoff: float, window: int) -> float:
    """Seconds from the word's end to the first crossing; negative before it, NaN when missed.

    Times count from the start of the audio, whose last sample heard decides.
    """
    over = sliding_sum(track, window) > integer_cutoff(cutoff) * window
    if not over.any():
        return float("nan")
    return float(score_times(len(track))[np.argmax(over)] - word_end_s)
