"""What other rules than the device's would make of the same scores.

    for each in by_rule(word_tracks, ambient_tracks, Rule(0.9, window=5)):
        print(each.name, each.recall, each.false_accepts_per_hour)

The device has one rule, the sliding mean; the others show whether another would be worth asking
for. All are stepped score by score by `StreamingDetector`, pauses included, so an event here is a
detection that the device would report.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mwwkit.device.detector import STEP_S, Rule, StreamingDetector
from mwwkit.metrics.rates import Hourly, Rate

LOCKOUT_S = 2.0


@dataclass(frozen=True)
class RuleRates:
    """What another decision rule would make of the same scores, stepped as the device steps."""

    name: str
    recall: Rate
    false_accepts_per_hour: Hourly


def rules(rule: Rule) -> tuple[tuple[str, Callable[[], StreamingDetector]], ...]:
    """The name of each rule, and what makes its detector, at one cutoff and window."""
    detector = partial(StreamingDetector, rule.cutoff, rule.window)
    votes, off = (rule.window + 2) // 2, rule.cutoff / 2
    return (
        ("sliding mean", detector),
        (f"votes, {votes} of {rule.window}", partial(detector, votes=votes)),
        (f"hysteresis, off at {off:.2g}", partial(detector, off_cutoff=off)),
        (f"lock-out of {LOCKOUT_S:g} s", partial(detector, lockout_s=LOCKOUT_S)),
    )


def by_rule(
    words: Sequence[np.ndarray], ambient: Sequence[np.ndarray], rule: Rule
) -> tuple[RuleRates, ...]:
    """Words detected and events in ambient streams (uint8 tracks) under each rule."""
    hours = sum(map(len, ambient)) * STEP_S / 3600
    rows = []
    for name, detector in rules(rule):
        hits = sum(bool(detector().run(track.tolist())) for track in words)
        events = sum(len(detector().run(track.tolist())) for track in ambient)
        rates = Rate.counted(hits, len(words)), Hourly.counted(events, hours)
        rows.append(RuleRates(name, *rates))
    return tuple(rows)
