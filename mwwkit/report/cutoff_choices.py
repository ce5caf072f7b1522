"""Three cutoffs to choose from, and what each did on the recordings.

    for each in advice(metrics, threshold, max_clip_fpr=0.01):
        print(each["name"], each["cutoff"], each["validation"]["recall"])

Chosen on the validation split, at the shipped window, so that a user changes one line; the test
split only reports.
"""

from typing import Any

import numpy as np

from mwwkit.device.detector import integer_cutoff, manifest_cutoff
from mwwkit.metrics.curves import false_accepts_at_most, false_accepts_per_hour, proportion

Facts = dict[str, Any]

KEPT = 0.95  # of the words that the shipped cutoff hears, the strict one still hears this share
LOOSER = 2.0  # times the targets, which the lenient one may reach
WHY = {
    "strict": f"the highest that still hears {100 * KEPT:g} % of what the shipped one hears: where "
    "a false accept annoys more than a word said twice",
    "balanced": "the one that ships",
    "lenient": f"the lowest within {LOOSER:g} times the targets: for quiet rooms, soft voices, far "
    "microphones",
}


def advice(metrics: Facts, threshold: Facts, max_clip_fpr: float) -> list[Facts]:
    """Strict, balanced and lenient: name, cutoff, window, why, and what either split shows."""
    surface, window = metrics["validation"]["surface"], threshold["window"]
    row = surface["windows"].index(window)
    hits, wrong, events = (
        np.array(surface[name][row]) for name in ("hits", "clip_false_accepts", "ambient_events")
    )
    shipped = surface["cutoffs"].index(integer_cutoff(threshold["cutoff"]))
    target = threshold["target_false_accepts_per_hour"]
    kept = np.flatnonzero(hits >= max(KEPT * hits[shipped], 1))
    within = events <= LOOSER * target * surface["ambient_hours"]
    within &= wrong <= LOOSER * max_clip_fpr * surface["n_negatives"]
    columns = {
        "strict": max([shipped, *kept[kept > shipped].tolist()]),
        "balanced": shipped,
        "lenient": min([shipped, *np.flatnonzero(within[:shipped]).tolist()]),
    }
    cutoffs = {name: surface["cutoffs"][column] for name, column in columns.items()}
    return [
        {
            "name": name,
            "cutoff": threshold["cutoff"] if name == "balanced" else manifest_cutoff(cutoff),
            "window": window,
            "why": WHY[name],
            **{split: _at(metrics[split]["surface"], cutoff, window) for split in _SPLITS},
        }
        for name, cutoff in cutoffs.items()
    ]


_SPLITS = ("validation", "test")


def _at(surface: Facts, cutoff: int, window: int) -> Facts:
    """What a split shows at a cutoff: a share or rate of nothing (no words, no hours) is None."""
    row, column = surface["windows"].index(window), surface["cutoffs"].index(cutoff)
    hits, wrong, events = (
        surface[name][row][column] for name in ("hits", "clip_false_accepts", "ambient_events")
    )
    hours = surface["ambient_hours"]
    rate = None
    if hours:
        rate = {"events": events, "hours": hours, **vars(false_accepts_per_hour(events, hours))}
        rate["at_most"] = false_accepts_at_most(events, hours)
    return {
        "recall": _share(hits, surface["n_positives"]),
        "other_clips_accepted": _share(wrong, surface["n_negatives"]),
        "false_accepts_per_hour": rate,
    }


def _share(count: int, of: int) -> Facts | None:
    return {"count": count, "of": of, **vars(proportion(count, of))} if of else None
