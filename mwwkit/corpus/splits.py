"""Train, validation and test: by speaker, by sound and by file; and the audit that proves it.

    splits = assign(records, seed=42)      # one Split a record
    caveats = audit(records)               # raises LeakageError where the same is on two sides

What must stay together (a speaker, the same PCM, the pieces of one long file) forms a group. The
groups of a source are put in an order that only the seed and their names decide, and the shares
are cut from it: a file more or less moves the cuts a little and nothing else.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scipy.cluster.hierarchy import DisjointSet

from mwwkit.corpus.clips import Kind, Label, Split
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng

SHARES = (0.70, 0.15, 0.15)  # train, validation, test
FEWEST_SPEAKERS = 3  # a source with fewer cannot have one in each split: it is split by file
_JOIN = "\x1f"


class LeakageError(WrongInput):
    """A speaker, a sound or a file is in two splits; the message names it."""


class Splittable(Protocol):
    """Fields that a record must have to be assigned to a split, as `SampleRecord` has."""

    label: Label
    kind: Kind
    speaker: str
    source: str
    sha256: str
    origin: str


@dataclass(frozen=True)
class _Group:
    """Records that must stay together."""

    name: str  # of the first of its members' keys: stable when others are added
    stratum: tuple[str, ...]  # shares hold within it
    members: tuple[int, ...]


def assign(
    records: Sequence[Splittable],
    seed: int,
    shares: tuple[float, float, float] = SHARES,
    given: Mapping[str, Split] | None = None,
) -> list[Split]:
    """A split for each record.

    `given`: origin -> split, which wins. Where it names train and test but no validation, that is
    taken from its train, by the shares. Raises LeakageError when it would part a group, and
    ValueError for shares that are negative or do not add up to 1.
    """
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or not shares[0]:
        raise WrongInput(
            f"the shares are {shares}; wanted three of 0 or more, 1 together, train > 0"
        )
    given = given or {}
    groups = _groups(records)
    strata: dict[tuple, list[_Group]] = defaultdict(list)
    splits: dict[str, Split] = {}
    for group in groups:
        if split := _given_split(group, records, given):
            splits[group.name] = split
        else:
            strata[group.stratum].append(group)
    for stratum in sorted(strata):
        splits |= _cut(strata[stratum], seed, shares)
    if given and Split.VAL not in given.values():
        splits |= _validation_of_train(groups, records, given, seed, shares)
    by_member = {m: splits[group.name] for group in groups for m in group.members}
    return [by_member[i] for i in range(len(records))]


def grouped(records: Sequence[Splittable]) -> list[tuple[int, ...]]:
    """Indices of records that must share a split: by speaker, sound, or file they are pieces of."""
    return [group.members for group in _groups(records)]


def _groups(records: Sequence[Splittable]) -> list[_Group]:
    """Records that share a key, directly or through others that do."""
    whole = speakers_kept_whole(records)
    keys = [_keys(record, whole) for record in records]
    together = DisjointSet(key for of_one in keys for key in of_one)
    for first, *others in keys:
        for other in others:
            together.merge(first, other)
    members: dict[tuple, list[int]] = defaultdict(list)
    for i, (first, *_) in enumerate(keys):
        members[together[first]].append(i)
    groups = []
    for key in sorted(min(subset) for subset in together.subsets()):
        of_it = members[together[key]]
        lead = records[of_it[0]]
        by_speaker = any(records[i].speaker in whole for i in of_it)
        what = "speakers" if by_speaker else f"{lead.kind.value} {lead.label.value}"
        groups.append(_Group(_JOIN.join(key), (lead.source, what), tuple(of_it)))
    return groups


def _keys(record: Splittable, whole: set[str]) -> list[tuple[str, ...]]:
    keys = [("file", record.source, record.origin), ("sound", record.sha256)]
    # A speaker's is the smallest of the three names, so that it names the group.
    return [("a speaker", record.speaker), *keys] if record.speaker in whole else keys


def speakers_kept_whole(records: Iterable[Splittable]) -> set[str]:
    """The known speakers of sources that have three or more of them."""
    of_source: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.speaker:
            of_source[record.source].add(record.speaker)
    return {
        s for speakers in of_source.values() if len(speakers) >= FEWEST_SPEAKERS for s in speakers
    }


def _given_split(
    group: _Group, records: Sequence[Splittable], given: Mapping[str, Split]
) -> Split | None:
    origins = [records[i].origin for i in group.members if records[i].origin in given]
    for origin in origins[1:]:
        if given[origin] is not given[origins[0]]:
            raise LeakageError(
                f"the given splits part {origins[0]} ({given[origins[0]].value}) from {origin} "
                f"({given[origin].value}), which share {group.name.replace(_JOIN, ' ')}; give "
                "both the same split"
            )
    return given[origins[0]] if origins else None


def _cut(groups: list[_Group], seed: int, shares: tuple[float, ...]) -> dict[str, Split]:
    """Assign one stratum's groups, in an order drawn from the seed, to splits by clip shares."""
    order = sorted(groups, key=lambda group: (rng(seed, "split", group.name).random(), group.name))
    total = sum(len(group.members) for group in order)
    splits: dict[str, Split] = {}
    before = 0
    for group in order:  # where the middle of a group falls decides; train comes last
        middle = (before + len(group.members) / 2) / total
        before += len(group.members)
        held_out = Split.VAL if middle < shares[1] else Split.TEST
        splits[group.name] = held_out if middle < shares[1] + shares[2] else Split.TRAIN
    return splits | _none_empty(order, splits, shares)


def _none_empty(
    order: list[_Group], splits: dict[str, Split], shares: tuple[float, ...]
) -> dict[str, Split]:
    """Groups to move so that no split is left empty, as far as there are enough groups."""
    wanted = [split for split, share in zip(Split, shares, strict=True) if share]
    moved: dict[str, Split] = {}
    for split in wanted[: len(order)]:
        now = splits | moved
        if split not in now.values():
            fullest = Counter(now.values()).most_common(1)[0][0]
            donors = [group for group in order if now[group.name] is fullest]
            moved[min(donors, key=lambda group: len(group.members)).name] = split
    return moved


def _validation_of_train(
    groups: list[_Group],
    records: Sequence[Splittable],
    given: Mapping[str, Split],
    seed: int,
    shares: tuple[float, ...],
) -> dict[str, Split]:
    """Given train groups, some of them moved to validation."""
    strata: dict[tuple, list[_Group]] = defaultdict(list)
    for group in groups:
        if _given_split(group, records, given) is Split.TRAIN:
            strata[group.stratum].append(group)
    rest = shares[0] + shares[1]
    splits: dict[str, Split] = {}
    for stratum in sorted(strata):
        splits |= _cut(strata[stratum], seed, (shares[0] / rest, shares[1] / rest, 0.0))
    return splits


def audit(records: Sequence) -> list[str]:
    """Raise LeakageError for a speaker, sound or file in two splits; else return caveats.

    Raises LeakageError when a speaker (of a source split by speaker), the same PCM or the pieces
    of one file are in two splits, naming them. `records`: `SampleRecord`s.
    """
    whole = speakers_kept_whole(records)
    seen: dict[tuple[str, str], object] = {}
    for record in records:
        keys = [("sound", record.sha256), ("file", f"{record.source}/{record.origin}")]
        keys += [("speaker", record.speaker)] if record.speaker in whole else []
        for what, name in keys:
            first = seen.setdefault((what, name), record)
            if first.split is not record.split:
                raise LeakageError(
                    f"the {what} {name} is in two splits: {first.path} in {first.split.value}, "
                    f"{record.path} in {record.split.value}; what a model is tested on would not "
                    "be new to it; correct the splits or the speakers given"
                )
    return _caveats(records, whole)


def _caveats(records: Sequence, whole: set[str]) -> list[str]:
    speaking = [r for r in records if r.kind in (Kind.CLIP, Kind.AMBIENT)]
    unknown = Counter(r.source for r in speaking if not r.speaker)
    few: dict[str, set[str]] = defaultdict(set)
    for record in speaking:
        if record.speaker and record.speaker not in whole:
            few[record.source].add(record.speaker)
    caveats = [
        f"{source}: the speakers of {n} clips are not known, so they are split by file and sound; "
        "the same voice may be in training and test, which flatters the results"
        for source, n in sorted(unknown.items())
    ]
    caveats += [
        f"{source}: {len(names)} known speaker(s) ({', '.join(sorted(names))}), too few to keep "
        "apart, so the files are split; results on them are no evidence for other voices"
        for source, names in sorted(few.items())
    ]
    for split in Split:
        if not any(r.label is Label.POSITIVE for r in records if r.split is split):
            caveats.append(f"no clip of the wake word is in the {split.value} split")
    return caveats
