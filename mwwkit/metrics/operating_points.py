"""Every cutoff and window a device can be set to, and what each would do.

    surface = operating_points(positive_tracks, negative_tracks, ambient_tracks, windows=(3, 5))
    print(surface.at(Rule(0.9, window=5)).recall)

A track is the model's uint8 scores over a clip or a stream, one every 30 ms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import not_
from typing import Annotated, Generic, TypeVar

import numpy as np

from mwwkit.device.detector import (
    LIVE_CUTOFFS,
    STEP_S,
    Rule,
    clip_maxima,
    events,
    sliding_sum,
)
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.run.typed_json import Amount, Count, Table, absent, says

SET_NAMES = ("words", "others", "ambient")  # the sets of a split that say what a model does
CUTOFFS = np.array(LIVE_CUTOFFS)  # every cutoff that the device can be set to and still fires
T, U = TypeVar("T"), TypeVar("U")


@dataclass(frozen=True)
class PerSet(Generic[T]):
    """One value for each set of a split that says what a model does."""

    positives: T = ()  # of the set "words"
    negatives: T = ()  # of "others"
    ambient: T = ()

    def of(self, name: str) -> T:
        """The value of one set, by its name in SET_NAMES."""
        return {"words": self.positives, "others": self.negatives, "ambient": self.ambient}[name]

    def items(self) -> tuple[tuple[str, T], ...]:
        """Name and value of each set."""
        return tuple((name, self.of(name)) for name in SET_NAMES)

    def map(self, function: Callable[[T], U]) -> "PerSet[U]":
        """The same of what `function` makes of each."""
        return PerSet(*(function(value) for _, value in self.items()))


@dataclass(frozen=True)
class Surface:
    """What happens at every live cutoff (columns, 1..254) and window (rows): counts, int64."""

    windows: Annotated[tuple[Count, ...], says(minItems=1)]
    hits: Table
    clip_false_accepts: Table
    ambient_events: Table
    n_positives: Count
    n_negatives: Count
    ambient_hours: Amount
    cutoffs: Annotated[tuple[Count, ...], says(minItems=254, maxItems=254)] = tuple(LIVE_CUTOFFS)
    # of the negatives that are no near misses; None where an earlier version did not count them
    negative_hours: Amount | None = absent()
    # Near misses among the negatives; None where there are none, or nobody knew.
    near_false_accepts: Table | None = absent()
    n_near: Count | None = absent()
    # by which calibration multiplied the net's logits; None where nobody knew
    logit_scale: Amount | None = absent()

    @property
    def other_sound(self) -> tuple[np.ndarray, float]:
        """Events at each window and cutoff in all that is not the word, int64, and its hours.

        Clips of other words are sound too: one that passes is an event. Near misses, made to
        confuse, are no sample of it.
        """
        if not self.negative_hours:
            return self.ambient_events, self.ambient_hours
        events = np.asarray(self.ambient_events) + self._plain_false_accepts
        return events, self.ambient_hours + self.negative_hours

    @property
    def share_of_others(self) -> np.ndarray:
        """Share of other words' clips accepted at each window and cutoff, float64.

        Near misses are left out: the more of them somebody has made, the stricter every limit on
        this share would be. Where the negatives are nothing else they are what there is to go by.
        """
        n_plain = self.n_negatives - (self.n_near or 0)
        if not n_plain:
            return np.asarray(self.clip_false_accepts) / self.n_negatives
        return self._plain_false_accepts / n_plain

    @property
    def _plain_false_accepts(self) -> np.ndarray:
        near = 0 if self.near_false_accepts is None else np.asarray(self.near_false_accepts)
        return np.asarray(self.clip_false_accepts) - near

    def at(self, rule: Rule) -> "Point":
        """What a rule does: its window must be one of `windows`."""
        return self.row(rule.window)[self.cutoffs.index(rule.integer)]

    def rounded(self) -> "Surface":
        """With hours as a file keeps them: so many digits that bounds come out the same."""
        hours = self.negative_hours and round(self.negative_hours, 9)
        return replace(self, ambient_hours=round(self.ambient_hours, 9), negative_hours=hours)

    def row(self, window: int) -> tuple["Point", ...]:
        """What every cutoff does at a window, from the lowest."""
        at = self.windows.index(window)
        counts = self.hits[at], self.clip_false_accepts[at], self.ambient_events[at]
        totals = self.n_positives, self.n_negatives, self.ambient_hours
        return tuple(Point(*map(int, each), *totals) for each in zip(*counts, strict=True))


@dataclass(frozen=True)
class Point:
    """The counts at one cutoff and window, and of how many."""

    hits: int
    wrong: int  # accepted clips of other words
    events: int  # in the streams
    n_positives: int
    n_negatives: int
    hours: float

    @property
    def recall(self) -> Rate:
        """Of the words, those that woke it."""
        return Rate.counted(self.hits, self.n_positives)

    @property
    def missed(self) -> Rate:
        """Of the words, those that did not."""
        return Rate.counted(self.n_positives - self.hits, self.n_positives)

    @property
    def others_accepted(self) -> Rate:
        """Of the clips of other words, those that woke it."""
        return Rate.counted(self.wrong, self.n_negatives)

    def hourly(self, digits: int = 3) -> Hourly:
        """False accepts an hour; the hours are kept to `digits`."""
        return Hourly.counted(self.events, self.hours, digits)


def operating_points(
    positives: Sequence[np.ndarray],
    negatives: Sequence[np.ndarray],
    ambient: Sequence[np.ndarray],
    windows: Sequence[int] = (5,),
    near: Sequence[bool] = (),
    logit_scale: float | None = None,
) -> Surface:
    """The whole surface in one pass over the tracks (uint8 scores, one array a clip or stream).

    `near` says of each negative whether it is a near miss; without it none is. `logit_scale` is
    what calibration multiplied the net's logits with, which tails hang on (`tail_fit`).
    """
    confusing = list(compress(negatives, near))
    plain = list(compress(negatives, map(not_, near))) if near else negatives
    rows = []
    for window in windows:
        streams = [_events_at_each_cutoff(sliding_sum(t, window), window) for t in ambient]
        rows.append(
            (
                _over_each_cutoff(clip_maxima(positives, window), window),
                _over_each_cutoff(clip_maxima(negatives, window), window),
                _over_each_cutoff(clip_maxima(confusing, window), window),
                np.sum(streams, axis=0) if streams else np.zeros_like(CUTOFFS),
            )
        )
    hits, false_accepts, passed, heard = (np.stack(column) for column in zip(*rows, strict=True))
    of = len(positives), len(negatives), hours_heard(ambient)
    surface = Surface(
        *(tuple(windows), hits, false_accepts, heard, *of),
        negative_hours=hours_heard(plain),
        logit_scale=logit_scale,
    )
    if not confusing:
        return surface
    return replace(surface, near_false_accepts=passed, n_near=len(confusing))


def hours_heard(tracks: Sequence[np.ndarray]) -> float:
    """How long the sounds of some tracks last, a score every 30 ms."""
    return sum(len(track) for track in tracks) * STEP_S / 3600


def _over_each_cutoff(maxima: np.ndarray, window: int) -> np.ndarray:
    return len(maxima) - np.searchsorted(np.sort(maxima), CUTOFFS * window, side="right")


def _events_at_each_cutoff(sums: np.ndarray, window: int) -> np.ndarray:
    counts = np.zeros(len(CUTOFFS), dtype=np.int64)
    over = np.arange(len(sums))
    for column, cutoff in enumerate(CUTOFFS):
        over = over[sums[over] > cutoff * window]  # only these can cross a higher cutoff
        if len(over) == 0:
            break
        counts[column] = len(events(over))
    return counts
