"""Figures by group: which speakers are missed, and what sounds are taken for the word.

    rows = recall_by(speakers, hit, units, rng(0, "groups"))
    rows = false_accepts_by(sources, events, hours)

The worst group comes first. Groups with too little to say anything are counted together as
"others".
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mwwkit.evaluation.measured import GroupHourly, GroupRate, Histogram, Latency
from mwwkit.metrics.bootstrap import bootstrap, by_cluster
from mwwkit.metrics.rates import Hourly, Rate, proportion

OTHERS, UNKNOWN = "others", "unknown"
MIN_CLIPS = 10  # of 10, one more miss is 10 points
MIN_HOURS = 0.05  # no event in three minutes: under 60 an hour


class Merged:
    """Under which name each group is counted: its own, or OTHERS where it is smaller.

    A single small group keeps its name: merging it would hide it and add nothing.
    """

    def __init__(self, sizes: Sequence[tuple[str, float]], at_least: float):
        """Of groups with their sizes."""
        small = {name for name, size in sizes if size < at_least}
        self._small = small if len(small) > 1 else set()
        self.names = sorted({self.called(name) for name, _ in sizes})

    def called(self, name: str) -> str:
        """The name of a group."""
        return OTHERS if name in self._small else name or UNKNOWN

    def count(self, name: str) -> int:
        """How many small groups one of `names` stands for."""
        return len(self._small) if name == OTHERS else 0


def recall_by(
    names: Sequence[str],
    hit: np.ndarray,
    units: Sequence[str],
    rng: np.random.Generator,
    min_clips: int = MIN_CLIPS,
) -> tuple[GroupRate, ...]:
    """The share of `hit` (bool [n]) by `names` [n]; `units` [n] are what is drawn independently."""
    hit, units = np.asarray(hit, bool), np.asarray(units)
    merged = Merged(tuple(Counter(names).items()), min_clips)
    shown = np.array([merged.called(name) for name in names], dtype=str)
    rows = []
    for name in merged.names:
        in_group = shown == name
        share, n_units = rate(hit[in_group], units[in_group], rng), len(np.unique(units[in_group]))
        rows.append(GroupRate(**vars(share), group=name, merged=merged.count(name), units=n_units))
    return tuple(sorted(rows, key=lambda row: (row.value, row.group)))


def rate(hit: np.ndarray, units: Sequence[str], rng: np.random.Generator) -> Rate:
    """The share of `hit` with the interval that its units allow.

    By unit (`bootstrap.by_cluster`) where units come more than once, else exact.
    """
    n_units = len(np.unique(units))
    if n_units in (1, len(hit)):  # of one unit alone nothing but its own clips can be said
        return proportion(int(np.sum(hit)), len(hit))
    return by_cluster(hit, units, rng)


def false_accepts_by(
    events: Sequence[str], hours: Sequence[tuple[str, float]], min_hours: float = MIN_HOURS
) -> tuple[GroupHourly, ...]:
    """Events an hour by group: of every event its group, of every group its hours."""
    merged = Merged(hours, min_hours)
    counts = Counter(map(merged.called, events))
    rows = []
    for name in merged.names:
        long = sum(of for group, of in hours if merged.called(group) == name)
        hourly = Hourly.counted(counts[name], long)
        rows.append(GroupHourly(**vars(hourly), group=name, merged=merged.count(name)))
    return tuple(sorted(rows, key=lambda row: (-row.value, row.group)))


def latencies(
    seconds: np.ndarray,
    units: Sequence[str],
    rng: np.random.Generator,
    bin_s: float = 0.05,
    from_s: float = -0.5,
    to_s: float = 1.0,
) -> Latency:
    """Where latencies lie: seconds [n], NaN for a miss; `units` [n] are drawn independently."""
    seconds = np.asarray(seconds, dtype=float)
    hit = ~np.isnan(seconds)
    heard = seconds[hit]
    n_bins = round((to_s - from_s) / bin_s)
    at = np.floor((heard - from_s) / bin_s + 1e-9).astype(int)
    counts = np.bincount(at[(at >= 0) & (at < n_bins)], minlength=n_bins)
    low_s, high_s = _median_ends(heard, np.asarray(units)[hit], rng)
    return Latency(
        detected=len(heard),
        missed=len(seconds) - len(heard),
        median_s=round(float(np.median(heard)), 3) if len(heard) else None,
        median_low_s=low_s,
        median_high_s=high_s,
        p90_s=round(float(np.quantile(heard, 0.9)), 3) if len(heard) else None,
        histogram=Histogram(
            from_s,
            bin_s,
            counts=tuple(counts.tolist()),
            earlier=int((at < 0).sum()),
            later=int((at >= n_bins).sum()),
        ),
    )


def _median_ends(
    values: np.ndarray, units: np.ndarray, rng: np.random.Generator
) -> tuple[float | None, float | None]:
    """The ends of the interval of a median, whole units drawn; None of fewer than two units."""
    names, member = np.unique(units, return_inverse=True)
    if len(names) < 2:
        return None, None
    order = np.argsort(values)
    values, member = values[order], member[order]

    def median(drawn: np.ndarray, axis: int) -> np.ndarray:
        """Of the values of units [..., units], each as often as its unit was drawn."""
        rows = drawn.reshape(-1, drawn.shape[axis])
        often = np.stack([np.bincount(row, minlength=len(names)) for row in rows])[:, member]
        up_to = often.cumsum(axis=1)
        half = up_to[:, -1:] / 2
        middle = (up_to >= half).argmax(axis=1), (up_to > half).argmax(axis=1)
        return values[np.stack(middle)].mean(axis=0).reshape(drawn.shape[:axis])

    interval = bootstrap(median, np.arange(len(names)), rng=rng)
    return round(interval.low, 3), round(interval.high, 3)
