"""The cutoff and window to ship, and whether the data can carry the claim.

    choice = choose_cutoff(surface, target_fah=0.5)
    print(choice.cutoff, choice.window, choice.recall, choice.note)

`surface` is from `mwwkit.metrics.operating_points`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10

import numpy as np

from mwwkit.device.detector import (
    STEP_S,
    Rule,
    manifest_cutoff,
)
from mwwkit.metrics.curves import latency_s
from mwwkit.metrics.judgement import tail_allows
from mwwkit.metrics.operating_points import CUTOFFS, Point, Surface
from mwwkit.metrics.rates import Hourly, Rate, hours_to_prove, roughly
from mwwkit.metrics.tail_fit import expected_rates
from mwwkit.run.errors import WrongInput
from mwwkit.run.quantities import span


@dataclass(frozen=True)
class Choice(Rule):
    """A rule with its rates, and whether the data can carry the claim.

    `rank` orders choices of several models: the better one is the larger. `fah_expected` is what
    the tail of the scores predicts (None where they have too little of one), `margin` the number
    of cutoffs that do as well, and `latency_s` the median from a word's end to its detection, where
    it was measured and one was detected.

    `reached` is by count alone, and `rank` goes by it; `kept` is what people are told: the tail
    expects no more than the target either.
    """

    recall: Rate
    clip_false_accepts: Rate
    fah: Hourly
    margin: int
    reached: bool
    supported: bool
    note: str
    fah_expected: float | None = None
    kept: bool = False
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


def choose_cutoff(
    surface: Surface, target_fah: float, max_clip_fpr: float = 1.0, split: str = ""
) -> Choice:
    """The cutoff and window with the best recall within the limits on false accepts.

    The limits are `target_fah` false accepts an hour, counted and expected, and `max_clip_fpr` of
    the negative clips, near misses apart (`Surface.share_of_others`). What is expected comes from
    the tail of the scores of long sound and of those clips (`tail_fit.expected_rates`): it forbids
    what short audio is too short to count, and each window then takes the lowest cutoff within the
    limits, however few words tell it from higher ones: few words are heard up to where strangers'
    are not any more. Of the windows' cutoffs the one with the best recall is taken, ties going to
    fewer accepted negative clips, then to the window with the widest run of equally good cutoffs.
    Where the tail says nothing it is the middle of that run, and its end where it expects more
    than the target everywhere. A cutoff at which nothing is recognised is never chosen: where no
    other meets the targets, the one with the fewest false accepts is, and `reached` is False.
    The note names the `split` that was counted, where it is given.

    Raises ValueError where there are no positives, no negatives or no ambient audio.
    """
    if not (surface.n_positives and surface.n_negatives and surface.ambient_hours):
        raise WrongInput(
            f"{surface.n_positives} positives, {surface.n_negatives} negatives, "
            f"{surface.ambient_hours} h of ambient audio; wanted some of each"
        )
    hours, (events, all_hours) = surface.ambient_hours, surface.other_sound
    scale = surface.logit_scale or 0.0
    tails = [expected_rates(of_window, all_hours, scale) for of_window in events]
    expected = np.stack([np.full(len(CUTOFFS), np.nan) if t is None else t for t in tails])
    fires = surface.hits > 0
    counted = (
        fires
        & (surface.ambient_events / hours <= target_fah)
        & (surface.share_of_others <= max_clip_fpr)
    )
    # A window without a tail is no better known than its neighbours, whose tail may forbid it.
    has_tail = any(tail is not None for tail in tails)
    good = counted & (expected <= target_fah) if has_tail else counted
    reached, believed = bool(counted.any()), bool(good.any())
    costs = -surface.hits, surface.clip_false_accepts, surface.ambient_events
    if believed and has_tail:
        lowest = good & (np.cumsum(good, axis=1) == 1)
        rows = _best(lowest, *costs).any(axis=1)
        most_hits = np.max(surface.hits, axis=1, keepdims=True, where=lowest, initial=0)
        tied = good & (surface.hits == most_hits) & rows[:, np.newaxis]
    elif reached:
        tied = _best(counted, *costs)
    elif fires.any():
        tied = _best(fires, surface.ambient_events, surface.clip_false_accepts, -surface.hits)
    else:
        tied = ~fires
    row = int(np.argmax(tied.sum(axis=1)))
    columns = np.flatnonzero(tied[row])
    place = 0 if believed else -1
    if not reached or tails[row] is None:
        place = len(columns) // 2
    column = int(columns[place])
    choice = _choice(surface, row, column, len(columns), reached, target_fah, tails[row])
    more = _near_misses(surface, row, column, split)
    if believed:
        n_given_up = int(surface.hits[counted].max() - surface.hits[row, column])
        more = _price(n_given_up, surface.n_positives, split) + more
    return replace(choice, note=choice.note + more)


def at_cutoff(
    surface: Surface,
    rule: Rule,
    target_fah: float,
    max_clip_fpr: float = 1.0,
    why: str = "",
    split: str = "",
) -> Choice:
    """What a cutoff and window do that a person chose, told as `choose_cutoff` tells its own.

    `why`: the reason that they gave, for the note. The window must be one of the surface's.
    """
    row, column = surface.windows.index(rule.window), CUTOFFS.tolist().index(rule.integer)
    of_window, hours = surface.other_sound[0][row], surface.other_sound[1]
    at, others = surface.row(rule.window)[column], float(surface.share_of_others[row, column])
    within = at.events / at.hours <= target_fah and others <= max_clip_fpr
    tail = expected_rates(of_window, hours, surface.logit_scale or 0.0)
    choice = _choice(surface, row, column, 1, bool(at.hits and within), target_fah, tail)
    told = choice.note
    if not at.hits:
        told = "At this cutoff the model recognises nothing."
    elif not within:
        told = (
            f"It does not meet the target: {at.events} false accepts in {span(at.hours)}, and it "
            f"takes {at.wrong} of {at.n_negatives} other clips."
        )
    reason = f": {why}" if why else ""
    note = f"A person chose this cutoff{reason}. {told}{_near_misses(surface, row, column, split)}"
    return replace(choice, note=note)


def _near_misses(surface: Surface, row: int, column: int, split: str) -> str:
    """How many of them wake it: no limit says so."""
    if surface.near_false_accepts is None or surface.n_near == surface.n_negatives:
        return ""
    n_passed = int(np.asarray(surface.near_false_accepts)[row, column])
    verb = "wakes" if n_passed == 1 else "wake"
    return (
        f" Of {surface.n_near:,} near misses{_on(split)} {n_passed:,} {verb} it: made to confuse, "
        "they are counted in every share of other words that is told; the limit on it leaves them "
        "out."
    )


def _on(split: str) -> str:
    return f" in the {split} split" if split else ""


def _price(n_given_up: int, of: int, split: str) -> str:
    """What it costs to go by the tail and not by the count alone."""
    if not n_given_up:
        return ""
    words = "word" if n_given_up == 1 else "words"
    return (
        f" To go by what the tail of its scores expects, and not by the count alone, costs "
        f"{n_given_up:,} more missed {words} of {of:,}{_on(split)}."
    )


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
    kept = reached and tail_allows(expected, target_fah)
    return Choice(
        manifest_cutoff(int(CUTOFFS[column])),
        window,
        at.recall,
        at.others_accepted,
        fah,
        margin,
        reached,
        kept and fah.at_most <= target_fah,
        _note(at, reached, target_fah, expected),
        expected,
        kept,
    )


def _note(at: Point, reached: bool, target_fah: float, expected: float | None) -> str:
    """A sentence on what was reached, and whether there is audio enough to say so."""
    if at.hits == 0:
        return "The model recognises nothing at any cutoff."
    if not reached:
        return (
            f"No cutoff that recognises anything meets the target; this one has {at.events} false "
            f"accepts in {span(at.hours)} and takes {at.wrong} of {at.n_negatives} other clips."
        )
    at_most, told = at.hourly().at_most, ""
    if expected is not None:
        told = f" The tail of its scores lets expect {roughly(expected)} an hour"
        told += "." if expected <= target_fah else f": the target of {target_fah:g} is not reached."
    counted = (
        f"{at.events} false accepts in {span(at.hours)} mean under {_up(at_most)} an hour at 95 %"
    )
    if at_most <= target_fah:
        return f"{counted}." + (told if not tail_allows(expected, target_fah) else "")
    needed_h = hours_to_prove(target_fah)
    return (
        f"{counted}: too little audio to support {target_fah:g} an hour; that takes at least "
        f"{needed_h:g} h without one.{told}"
    )


def _up(rate: float) -> str:
    """A bound to three digits, rounded up, so that it stays one."""
    digits = max(0, 2 - floor(log10(rate)))
    return f"{ceil(rate * 10**digits) / 10**digits:g}"
