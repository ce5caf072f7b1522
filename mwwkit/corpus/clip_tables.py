"""What was given to 01 and what it made, as people read it: tables and sentences.

given(inputs)            # what there is     files recorded   clips by machines
made(clips.records)      # clips             train   choose   test   minutes
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mwwkit.corpus.clips import SYNTHETIC_SOURCES, Kind, Label, SampleRecord, Split
from mwwkit.corpus.sources import FromFile, Input
from mwwkit.run.quantities import as_sentence, how_many
from mwwkit.run.shown import Table, sentences

WHATS = {  # in the order of their worth
    (Kind.CLIP, Label.POSITIVE): "the wake word",
    (Kind.CLIP, Label.HARD_NEGATIVE): "near misses: words that sound like it",
    (Kind.CLIP, Label.NEGATIVE): "other words",
    (Kind.AMBIENT, None): "long speech without it",
    (Kind.NOISE, None): "noise",
    (Kind.RIR, None): "rooms: impulse responses",
}
RECORDED = "recorded in the notebook"
_What = tuple[Kind, Label | None]


def what_is_planned(facts: Mapping[str, Any], inputs: Sequence[Input]) -> Iterator[str | Table]:
    """A plan's facts: what there is, where it was looked for, what machines add."""
    yield given(inputs)
    yield f"Your folder of recordings, as RECORDINGS names it: {facts['recordings']}."
    yield from sentences({name: n for name, n in facts.items() if name == RECORDED})
    yield as_sentence(facts["machines"])
    yield _not_used(facts["set aside already"], facts["left out"])
    yield from map(as_sentence, facts["notices"])


def what_there_is(
    found: Mapping[str, Any], records: Sequence[SampleRecord]
) -> Iterator[str | Table]:
    """A check's facts: the clips, where people's recordings went, what to know."""
    yield made(records)
    yield as_sentence(found["recordings"])
    yield from map(as_sentence, filter(None, [found["voices"]]))
    yield _not_used(found["rejected"], 0)
    yield from map(as_sentence, found["caveats"])


def given(inputs: Sequence[Input]) -> Table:
    """How many things of each sort there are to make clips of, and from whom."""
    from_whom = Counter((_what(i.about.kind, i.about.label), _is_recorded(i)) for i in inputs)
    whats = [what for what in WHATS if from_whom[what, True] + from_whom[what, False]]
    rows = [(WHATS[w], f"{from_whom[w, True]:,}", f"{from_whom[w, False]:,}") for w in whats]
    return Table(rows, ("what there is", "files recorded", "clips by machines"))


def made(records: Sequence[SampleRecord]) -> Table:
    """Clips of each sort in each split, and how long all of a sort are."""
    counts = Counter((_what(r.kind, r.label), r.split) for r in records)
    seconds: Counter[_What] = Counter()
    for record in records:
        seconds[_what(record.kind, record.label)] += record.seconds
    rows = [
        (told, *(f"{counts[what, split]:,}" for split in Split), f"{seconds[what] / 60:,.1f}")
        for what, told in WHATS.items()
        if seconds[what]
    ]
    return Table(rows, ("clips", "train", "validation", "test", "minutes"))


def _not_used(n_set_aside: int, n_left_out: int) -> str:
    """How much of what was given is not used; empty where all is."""
    told = []
    if n_set_aside:
        told.append(f"{how_many(n_set_aside, 'thing')} cannot be used and will be set aside")
    if n_left_out:
        told.append(f"{how_many(n_left_out, 'thing')} left out, as you asked")
    return f"{'; '.join(told)}: the last table of this notebook says why." if told else ""


def _what(kind: Kind, label: Label) -> _What:
    return kind, label if kind is Kind.CLIP else None


def _is_recorded(item: Input) -> bool:
    return isinstance(item, FromFile) and item.about.source not in SYNTHETIC_SOURCES
