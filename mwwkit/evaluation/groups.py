"""Figures by group: which speakers are missed, and what sounds are taken for the word.

    rows = recall_by(speakers, hit, units, rng(0, "groups"))
    rows = false_accepts_by(sources, n_events, hours)

Rows are plain dicts, the worst group first, with counts and 95 % intervals. Groups with too little
to say anything are counted together as "others".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mwwkit.metrics.bootstrap import by_cluster
from mwwkit.metrics.curves import (
    Interval,
    false_accepts_at_most,
    false_accepts_per_hour,
    proportion,
)

OTHERS, UNKNOWN = "others", "unknown"
MIN_CLIPS = 10  # of 10, one more miss is 10 points
MIN_HOURS = 0.05  # no event in three minutes: under 60 an hour

Row = dict[str, Any]


def merged(sizes: Mapping[str, float], at_least: float) -> dict[str, str]:
    """Under which name each group is counted: its own, or OTHERS where it is smaller.

    A single small group keeps its name: merging it would hide it and add nothing.
    """
    small = {name for name, size in sizes.items() if size < at_least}
    return {n: OTHERS if n in small and len(small) > 1 else n or UNKNOWN for n in sizes}


def recall_by(
    names: Sequence[str],
    hit: np.ndarray,
    units: Sequence[str],
    rng: np.random.Generator,
    min_clips: int = MIN_CLIPS,
) -> list[Row]:
    """The share of `hit` (bool [n]) by `names` [n]; `units` [n] are what is drawn independently.

    Each row: group, merged (how many groups it stands for), count, of, units, value, low, high.
    The interval is by unit (`bootstrap.by_cluster`) where units come more than once, else exact.
    """
    hit, units = np.asarray(hit, bool), np.asarray(units)
    found, sizes = np.unique(np.asarray(names, dtype=str), return_counts=True)
    called = merged(dict(zip(found.tolist(), sizes.tolist(), strict=True)), min_clips)
    shown = np.array([called[name] for name in names], dtype=str)
    rows = []
    for name in sorted(set(called.values())):
        own = shown == name
        share = rate(hit[own], units[own], rng)
        counted = {"count": int(hit[own].sum()), "of": int(own.sum())}
        counted["units"] = len(np.unique(units[own]))
        rows.append(_row(name, called, counted, share))
    return sorted(rows, key=lambda row: (row["value"], row["group"]))


def rate(hit: np.ndarray, units: Sequence[str], rng: np.random.Generator) -> Interval:
    """The share of `hit` with the interval that its units allow."""
    n_units = len(np.unique(units))
    if n_units in (1, len(hit)):  # of one unit alone nothing but its own clips can be said
        return proportion(int(np.sum(hit)), len(hit))
    return by_cluster(hit, units, rng)


def false_accepts_by(
    events: Mapping[str, int], hours: Mapping[str, float], min_hours: float = MIN_HOURS
) -> list[Row]:
    """Events an hour by group; `hours` has every group, `events` those that have any.

    Each row: group, merged, events, hours, value, low, high, at_most (one-sided, 95 %).
    """
    called = merged(hours, min_hours)
    rows = []
    for name in sorted(set(called.values())):
        own = [group for group in hours if called[group] == name]
        n_events, n_hours = sum(events.get(g, 0) for g in own), sum(hours[g] for g in own)
        counted = {"events": n_events, "hours": round(n_hours, 3)}
        counted["at_most"] = false_accepts_at_most(n_events, n_hours)
        rows.append(_row(name, called, counted, false_accepts_per_hour(n_events, n_hours)))
    return sorted(rows, key=lambda row: (-row["value"], row["group"]))


def _row(name: str, called: Mapping[str, str], counted: Row, share: Interval) -> Row:
    n_merged = sum(of == name for of in called.values()) if name == OTHERS else 0
    return {"group": name, "merged": n_merged, **counted, **vars(share)}


def latencies(
    seconds: np.ndarray, bin_s: float = 0.05, from_s: float = -0.5, to_s: float = 1.0
) -> Row:
    """Where latencies lie (seconds [n], NaN for a miss): median, 90th percentile and a histogram.

    {"detected", "missed", "median_s", "p90_s" (None where nothing was detected), "histogram":
    {"from_s", "bin_s", "counts", "earlier", "later"}}.
    """
    seconds = np.asarray(seconds, dtype=float)
    heard = seconds[~np.isnan(seconds)]
    n_bins = round((to_s - from_s) / bin_s)
    at = np.floor((heard - from_s) / bin_s + 1e-9).astype(int)
    inside = (at >= 0) & (at < n_bins)
    return {
        "detected": len(heard),
        "missed": len(seconds) - len(heard),
        "median_s": round(float(np.median(heard)), 3) if len(heard) else None,
        "p90_s": round(float(np.quantile(heard, 0.9)), 3) if len(heard) else None,
        "histogram": {
            "from_s": from_s,
            "bin_s": bin_s,
            "counts": np.bincount(at[inside], minlength=n_bins).tolist(),
            "earlier": int((at < 0).sum()),
            "later": int((at >= n_bins).sum()),
        },
    }
