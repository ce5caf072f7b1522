"""Every cutoff and window a device can be set to, what each would do, and the one to ship.

    surface = operating_points(positive_tracks, negative_tracks, ambient_tracks, windows=(3, 5))
    choice = choose_cutoff(surface, target_fah=0.5)
    print(choice.cutoff, choice.window, choice.recall, choice.note)

A track is the model's uint8 scores over a clip or a stream, one every 30 ms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log, log10
from typing import Annotated, Generic, TypeVar

import numpy as np

from mwwkit.device.detector import (
    LIVE_CUTOFFS,
    REFRACTORY_S,
    STEP_S,
    Rule,
    clip_maxima,
    events,
    manifest_cutoff,
    refractory_steps,
    sliding_sum,
)
from mwwkit.metrics.curves import latency_s
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.metrics.tail_fit import expected_rates
from mwwkit.run.config_base import Between, more_than
from mwwkit.run.errors import WrongInput
from mwwkit.run.typed_json import Amount, Count, Table, says

# What people set for `choose_cutoff`: false accepts an hour of long speech and noise, and the share
# of other words' clips that may be accepted.
TargetFah = Annotated[float, more_than(0, "more than 0 an hour")]
MaxClipFpr = Annotated[float, Between(0, 1)]
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

    def at(self, rule: Rule) -> "Point":
        """What a rule does: its window must be one of `windows`."""
        return self.row(rule.window)[self.cutoffs.index(rule.integer)]

    def rounded(self) -> "Surface":
        """With hours as a file keeps them."""
        return replace(self, ambient_hours=round(self.ambient_hours, 4))

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
    refractory_s: float = REFRACTORY_S,
) -> Surface:
    """The whole surface in one pass over the tracks (uint8 scores, one array a clip or stream)."""
    quiet = refractory_steps(refractory_s)
    rows = []
    for window in windows:
        streams = [_events_at_each_cutoff(sliding_sum(t, window), window, quiet) for t in ambient]
        rows.append(
            (
                _over_each_cutoff(clip_maxima(positives, window), window),
                _over_each_cutoff(clip_maxima(negatives, window), window),
                np.sum(streams, axis=0, dtype=np.int64) if streams else np.zeros_like(CUTOFFS),
            )
        )
    hours = sum(len(track) for track in ambient) * STEP_S / 3600
    hits, false_accepts, ambient_events = (np.stack(column) for column in zip(*rows, strict=True))
    return Surface(
        tuple(windows), hits, false_accepts, ambient_events, len(positives), len(negatives), hours
    )


def _over_each_cutoff(maxima: np.ndarray, window: int) -> np.ndarray:
    return len(maxima) - np.searchsorted(np.sort(maxima), CUTOFFS * window, side="right")


def _events_at_each_cutoff(sums: np.ndarray, window: int, quiet: int) -> np.ndarray:
    counts = np.zeros(len(CUTOFFS), dtype=np.int64)
    over = np.arange(len(sums))
    for column, cutoff in enumerate(CUTOFFS):
        over = over[sums[over] > cutoff * window]  # only these can cross a higher cutoff
        if len(over) == 0:
            break
        counts[column] = len(events(over, quiet))
    return counts


@dataclass(frozen=True)
class Choice(Rule):
    """A rule with what it reaches, and whether the data can carry the claim.

    `rank` orders choices of several models: the better one is the larger. `fah_expected` is what
    the tail of the scores lets expect (None where they have too little of one), `margin` the number
    of cutoffs that do as well, and `latency_s` the median from a word's end to its detection, where
    it was measured and one was detected.
    """

    recall: Rate
    clip_false_accepts: Rate
    fah: Hourly
    margin: int
    reached: bool
    supported: bool
    note: str
    fah_expected: float | None = None
    latency_s: float | None = None

    @property
    def rank(self) -> tuple[bool, bool, float, float, float, float, int]:
        """Sort key, the best the largest: recognises anything, meets the target, then recall.

        While the target is missed, fewer false accepts come before recall, then fewer accepted
        clips of other words.

        Ties go to the lower latency, in whole steps of the device, less being chance; then to
        fewer accepted clips, then to the wider margin.
        """
        recall, wrong = self.recall.value, self.clip_false_accepts.value
        steps = float(-round((self.latency_s or 0.0) / STEP_S))
        by = (recall, steps, -wrong, recall)
        if not self.reached:
            by = (-self.fah.value, -wrong, recall, steps)
        return recall > 0, self.reached, *by, self.margin


def choose_cutoff(surface: Surface, target_fah: float, max_clip_fpr: float = 1.0) -> Choice:
    """The cutoff and window with the best recall within the limits on false accepts.

    The limits are `target_fah` false accepts an hour, counted and expected, and `max_clip_fpr` of
    the negative clips. What is expected comes from the tail of the scores
    (`tail_fit.expected_rates`): it forbids what short audio
    is too short to count, and allows the lowest of cutoffs that look equal. Ties go to fewer
    accepted negative clips, then to the window with the widest run of equally good cutoffs. Where
    the tail says nothing it is the middle of that run, and its end where it expects more than the
    target everywhere. A cutoff at which nothing is recognised is never chosen: where no other
    meets the targets, the one with the fewest false accepts is, and `reached` is False.

    Raises:
        ValueError: no positives, no negatives or no ambient audio.
    """
    if not (surface.n_positives and surface.n_negatives and surface.ambient_hours):
        raise WrongInput(
            f"{surface.n_positives} positives, {surface.n_negatives} negatives, "
            f"{surface.ambient_hours} h of ambient audio; wanted some of each"
        )
    hours = surface.ambient_hours
    tails = [expected_rates(events, hours) for events in surface.ambient_events]
    unknown = np.full(len(CUTOFFS), np.nan)
    expected = np.stack([unknown if tail is None else tail for tail in tails])
    fpr = surface.clip_false_accepts / surface.n_negatives
    fires = surface.hits > 0
    counted = fires & (surface.ambient_events / hours <= target_fah) & (fpr <= max_clip_fpr)
    good = counted & ~(expected > target_fah)
    reached, believed = bool(counted.any()), bool(good.any())
    if reached:
        costs = -surface.hits, surface.clip_false_accepts, surface.ambient_events
        tied = _best(good if believed else counted, *costs)
    elif fires.any():
        tied = _best(fires, surface.ambient_events, surface.clip_false_accepts, -surface.hits)
    else:
        tied = ~fires
    row = int(np.argmax(tied.sum(axis=1)))
    columns = np.flatnonzero(tied[row])
    if not reached or tails[row] is None:
        column = columns[len(columns) // 2]
    else:
        column = columns[0 if believed else -1]
    return _choice(surface, row, int(column), len(columns), reached, target_fah, tails[row])


def median_latency(
    tracks: Sequence[np.ndarray], ends_s: Sequence[float], rule: Rule
) -> float | None:
    """The median latency in seconds of the detected words, None if none was."""
    each = [latency_s(t, end, rule) for t, end in zip(tracks, ends_s, strict=True)]
    heard = [seconds for seconds in each if seconds == seconds]
    return round(float(np.median(heard)), 3) if heard else None


def _best(allowed: np.ndarray, *costs: np.ndarray) -> np.ndarray:
    """Where the allowed points have the lowest first cost, then the lowest second, and so on."""
    for cost in costs:
        allowed = allowed & (cost == cost[allowed].min())
    return allowed


def _choice(
    surface: Surface,
    row: int,
    column: int,
    margin: int,
    reached: bool,
    target_fah: float,
    tail: np.ndarray | None,
) -> Choice:
    window = surface.windows[row]
    at = surface.row(window)[column]
    fah = at.hourly()
    expected = None if tail is None else float(tail[column])
    return Choice(
        manifest_cutoff(int(CUTOFFS[column])),
        window,
        at.recall,
        at.others_accepted,
        fah,
        margin,
        reached,
        reached and fah.at_most <= target_fah,
        _note(at, reached, target_fah, expected),
        expected,
    )


def _note(at: Point, reached: bool, target_fah: float, expected: float | None) -> str:
    """A sentence on what was reached, and whether there is audio enough to say so."""
    if at.hits == 0:
        return "The model recognises nothing at any cutoff."
    if not reached:
        return (
            f"No cutoff that recognises anything meets the target; this one has {at.events} false "
            f"accepts in {at.hours:.2f} h and takes {at.wrong} of {at.n_negatives} other clips."
        )
    at_most = at.hourly().at_most
    counted = (
        f"{at.events} false accepts in {at.hours:.2f} h mean under {_up(at_most)} an hour at 95 %"
    )
    if at_most <= target_fah:
        return f"{counted}."
    needed = log(20) / target_fah if target_fah > 0 else float("inf")
    note = f"{counted}: too little audio to support {target_fah:g} an hour; that takes " + (
        f"at least {ceil(needed * 10) / 10:g} h without one." if target_fah else "for ever."
    )
    if expected is not None:
        note += f" The tail of its scores lets expect {expected:.2g} an hour."
    return note


def _up(rate: float) -> str:
    """A bound to three digits, rounded up, so that it stays one."""
    digits = max(0, 2 - floor(log10(rate)))
    return f"{ceil(rate * 10**digits) / 10**digits:g}"
