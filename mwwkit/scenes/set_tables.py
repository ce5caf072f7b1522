"""Tables of 02's sets for people: how many scenes, how long, and what each is for."""

from collections.abc import Mapping, Sequence, Sized

from mwwkit.run.quantities import how_many
from mwwkit.run.shown import Table

WHAT_FOR = {
    "train": "what 03 learns from",
    "train-ambient": "what 04 looks for mistakes in",
    "validation-words": "choose weights and cutoff: is the word heard? each under each condition",
    "validation-others": "choose weights and cutoff: do other words wake it? near misses too",
    "validation-ambient": "choose weights and cutoff: false accepts an hour",
    "test-words": "judge in 05: is the word heard? each under each condition",
    "test-others": "judge in 05: do other words wake it? near misses too",
    "test-ambient": "judge in 05: false accepts an hour",
}


def planned(sets: Mapping[str, Sized]) -> Table:
    """Sets that are to be made."""
    rows = [(name, f"{len(sets[name]):,}", what) for name, what in _told(sets)]
    return Table(rows, ("set", "scenes", "what it is for"))


def made(sets: Mapping[str, Sized], hours: Mapping[str, float]) -> Table:
    """Sets that are there, with their hours."""
    rows = [(n, f"{len(sets[n]):,}", f"{hours[n]:,.2f}", what) for n, what in _told(sets)]
    return Table(rows, ("set", "scenes", "hours", "what it is for"))


def _told(sets: Mapping[str, Sized]) -> list[tuple[str, str]]:
    """Name and purpose of those that there are, in the order in which stages need them."""
    return [(name, what) for name, what in WHAT_FOR.items() if name in sets]


def unsure(origins: Sequence[str], most: int = 3) -> str:
    """How many words are in no scene, and the first of them; empty where all are in some."""
    if not origins:
        return ""
    more = f" and {len(origins) - most:,} more" * (len(origins) > most)
    which = f"{how_many(len(origins), 'word')} ({', '.join(origins[:most])}{more})"
    return f"Not in the scenes, since it is unsure where they end: {which}."
