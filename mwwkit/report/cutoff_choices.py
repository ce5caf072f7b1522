"""Three cutoffs to choose from, and what each did on the recordings.

    for each in advice(validation.surface, test.surface, threshold, max_clip_fpr=0.01):
        print(each.name, each.cutoff, each.validation.recall)

Chosen on the validation split, at the shipped window, so that a user changes one line; the test
split only reports.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics.operating_points import Surface
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.run.typed_json import Text

KEPT = 0.95  # of the words that the shipped cutoff hears, the strict one still hears this share
LOOSER = 2.0  # times the targets, which the lenient one may reach
WHY = {
    "strict": f"the highest that still hears {100 * KEPT:g} % of what the shipped one hears: where "
    "a false accept annoys more than a word said twice",
    "balanced": "the one that ships",
    "lenient": f"the lowest within {LOOSER:g} times the targets: for quiet rooms, soft voices, far "
    "microphones",
}


@dataclass(frozen=True)
class Reached:
    """What a split shows at a cutoff; null for a share or rate of nothing (no words, no hours)."""

    recall: Rate | None
    other_clips_accepted: Rate | None
    false_accepts_per_hour: Hourly | None


@dataclass(frozen=True)
class Advice(Rule):
    """A cutoff to choose, at the shipped window, and why."""

    name: Literal["strict", "balanced", "lenient"]
    why: Text
    validation: Reached
    test: Reached


def advice(
    validation: Surface, test: Surface, threshold: Threshold, max_clip_fpr: float
) -> tuple[Advice, ...]:
    """Strict, balanced and lenient."""
    points = validation.row(threshold.window)
    hits = np.array([point.hits for point in points])
    shipped = validation.cutoffs.index(threshold.integer)
    kept = np.flatnonzero(hits >= max(KEPT * hits[shipped], 1))
    most_events = LOOSER * threshold.target_false_accepts_per_hour * validation.ambient_hours
    wrong = validation.share_of_others[validation.windows.index(threshold.window)]
    most_wrong = LOOSER * max_clip_fpr
    within = [
        at.events <= most_events and share <= most_wrong
        for at, share in zip(points[:shipped], wrong, strict=False)
    ]
    columns = {
        "strict": max([shipped, *kept[kept > shipped].tolist()]),
        "balanced": shipped,
        "lenient": min([shipped, *np.flatnonzero(within).tolist()]),
    }
    choices = []
    for name, column in columns.items():
        cutoff = manifest_cutoff(validation.cutoffs[column])
        rule = Rule(threshold.cutoff if column == shipped else cutoff, threshold.window)
        both = (_reached(surface, rule) for surface in (validation, test))
        choices.append(Advice(rule.cutoff, rule.window, name, WHY[name], *both))
    return tuple(choices)


def told_once(choices: Sequence[Advice]) -> tuple[tuple[str, Advice], ...]:
    """Each different cutoff once, under all of its names: "strict, balanced"."""
    names: dict[Rule, list[Advice]] = defaultdict(list)
    for each in choices:
        names[Rule(each.cutoff, each.window)].append(each)
    return tuple((", ".join(one.name for one in same), same[0]) for same in names.values())


def alike(choices: Sequence[Advice]) -> str:
    """Of the three of `advice`: which are one cutoff, and why; empty where all are different."""
    strict, balanced, lenient = (each.cutoff for each in choices)
    no_stricter, no_laxer = strict == balanced, lenient == balanced
    higher = f"no higher cutoff still hears {100 * KEPT:g} % of what the shipped one hears"
    lower = f"no lower one keeps within {LOOSER:g} times the targets"
    if no_stricter and no_laxer:
        return f"All three are one cutoff, {balanced:g}: {higher}, and {lower}."
    if no_stricter:
        return f"Strict and balanced are one cutoff, {balanced:g}: {higher}."
    if no_laxer:
        return f"Balanced and lenient are one cutoff, {balanced:g}: {lower}."
    return ""


def _reached(surface: Surface, rule: Rule) -> Reached:
    at = surface.at(rule)
    return Reached(
        at.recall if at.n_positives else None,
        at.others_accepted if at.n_negatives else None,
        at.hourly(digits=4) if at.hours else None,
    )
