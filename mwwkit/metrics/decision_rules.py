"""What other rules than the device's would make of the same scores.

    for name, facts in by_rule(word_tracks, ambient_tracks, cutoff=0.9, window=5).items():
        print(name, facts["recall"], facts["false_accepts_per_hour"])

The device has one rule, the sliding mean; the others show whether another would be worth asking
for. All are stepped score by score by `StreamingDetector`, pauses included, so an event here is a
detection that the device would report.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mwwkit.device.detector import STEP_S, StreamingDetector
from mwwkit.metrics.curves import false_accepts_at_most, false_accepts_per_hour, proportion

LOCKOUT_S = 2.0


def rules(cutoff: float, window: int) -> dict[str, dict[str, Any]]:
    """The settings of `StreamingDetector` for each rule, at one cutoff and window."""
    return {
        "sliding mean": {},
        f"votes, {(window + 2) // 2} of {window}": {"votes": (window + 2) // 2},
        f"hysteresis, off at {cutoff / 2:.2g}": {"off_cutoff": cutoff / 2},
        f"lock-out of {LOCKOUT_S:g} s": {"lockout_s": LOCKOUT_S},
    }


def by_rule(
    words: Sequence[np.ndarray], ambient: Sequence[np.ndarray], cutoff: float, window: int
) -> dict[str, dict[str, Any]]:
    """Words detected and events in ambient streams (uint8 tracks) under each rule.

    Each: recall {count, of, value, low, high} and false_accepts_per_hour {events, hours, value,
    low, high, at_most}; without words or streams only the counts.
    """
    hours = sum(map(len, ambient)) * STEP_S / 3600
    found = {}
    for name, settings in rules(cutoff, window).items():
        hits = sum(bool(_run(track, cutoff, window, settings)) for track in words)
        events = sum(len(_run(track, cutoff, window, settings)) for track in ambient)
        recall: dict[str, Any] = {"count": hits, "of": len(words)}
        hourly: dict[str, Any] = {"events": events, "hours": round(hours, 3)}
        if words:
            recall |= vars(proportion(hits, len(words)))
        if hours:
            hourly |= vars(false_accepts_per_hour(events, hours))
            hourly["at_most"] = false_accepts_at_most(events, hours)
        found[name] = {"recall": recall, "false_accepts_per_hour": hourly}
    return found


def _run(track: np.ndarray, cutoff: float, window: int, settings: dict[str, Any]) -> list:
    return StreamingDetector(cutoff, window, **settings).run(track.tolist())
