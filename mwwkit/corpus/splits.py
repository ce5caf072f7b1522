"""Train, validation and test: by speaker, by sound or by file; and the audit that proves it.

    splits = assign(records, seed=42)      # one Split a record
    caveats = audit(records)               # raises LeakageError where the same is on two sides

What must stay together (a speaker, the same PCM, the pieces of one long file) forms a group. The
groups of a source are put in an order that only the seed and their names decide, and the shares
are cut from it: a file more or less moves the cuts a little and nothing else. Speakers who are too
few to keep apart take turns in that order, so that each one's files go to every split.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import scipy

from mwwkit.corpus.clips import Kind, Label, Split
from mwwkit.corpus.folder_names import names_a_split, one_spelling
from mwwkit.corpus.named_speakers import only_folders
from mwwkit.run.errors import WrongInput
from mwwkit.run.quantities import how_many
from mwwkit.run.seeds import rng

SHARES = (0.70, 0.15, 0.15)  # train, validation, test
# Of six speakers one chooses, one tests and four train. With fewer, too many of the recordings
# would never train (of three speakers' two thirds): each speaker's are split by file instead.
FEWEST_SPEAKERS = 6
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
    voice: str  # who takes turns with the others of the stratum; "" where that is nobody known
    members: tuple[int, ...]


def assign(
    records: Sequence[Splittable],
    seed: int,
    shares: tuple[float, float, float] = SHARES,
    given: Mapping[str, Split] | None = None,
    own: Collection[str] = (),
    parts: Mapping[str, Split] | None = None,
) -> list[Split]:
    """A split for each record.

    `given`: origin -> split, which wins. Where it names train and test but no validation, that is
    taken from its train, by the shares. `own`: origins of `given` that lie in a folder of their
    split's name: what lies beside those of a test or a validation is not drawn into it, and a
    speaker whom these folders part is split by file. `parts`: origin -> split, of what was cut over
    the splits. Raises LeakageError when `given` would part another group, and ValueError for shares
    that are negative or do not add up to 1.
    """
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or not shares[0]:
        raise WrongInput(
            f"the shares are {shares}; wanted three of 0 or more, 1 together, train > 0"
        )
    given = given or {}
    placed = {**(parts or {}), **given}
    in_folders = [record for record in records if record.origin in own]
    groups = _groups(records, _parted(in_folders, lambda record: given[record.origin]))
    filled: dict[tuple, set[Split]] = defaultdict(set)
    strata: dict[tuple, list[_Group]] = defaultdict(list)
    splits: dict[str, Split] = {}
    for group in groups:
        if split := _given_split(group, records, placed):
            splits[group.name] = split
            filled[group.stratum] |= {split} if records[group.members[0]].origin in own else set()
        else:
            strata[group.stratum].append(group)
    for stratum in sorted(strata):
        splits |= _cut(strata[stratum], seed, _without(shares, filled[stratum]))
    if given and Split.VAL not in given.values():
        splits |= _validation_of_train(groups, records, given, seed, shares)
    by_member = {m: splits[group.name] for group in groups for m in group.members}
    return [by_member[i] for i in range(len(records))]


def _without(shares: tuple[float, ...], filled: Collection[Split]) -> tuple[float, ...]:
    """The shares without those of a validation and a test that are there already."""
    kept = [
        0.0 if split in filled and split is not Split.TRAIN else share
        for split, share in zip(Split, shares, strict=True)
    ]
    return tuple(share / sum(kept) for share in kept) if filled else shares


def _parted(records: Iterable, split_of: Callable) -> set[str]:
    """The known speakers whose records are in two splits."""
    splits: dict[str, set[Split]] = defaultdict(set)
    for record in records:
        if record.speaker:
            splits[record.speaker].add(split_of(record))
    return {speaker for speaker, where in splits.items() if len(where) > 1}


def grouped(records: Sequence[Splittable]) -> list[tuple[int, ...]]:
    """Indices of records that must share a split: by speaker, sound, or file they are pieces of."""
    return [group.members for group in _groups(records)]


def _groups(records: Sequence[Splittable], parted: Collection[str] = ()) -> list[_Group]:
    """Records that share a key, directly or through others that do; not by speakers `parted`."""
    whole = speakers_kept_whole(records) - set(parted)
    keys = [_keys(record, whole) for record in records]
    together = scipy.cluster.hierarchy.DisjointSet(key for of_one in keys for key in of_one)
    for first, *others in keys:
        for other in others:
            together.merge(first, other)
    members: dict[tuple, list[int]] = defaultdict(list)
    for i, (first, *_) in enumerate(keys):
        members[together[first]].append(i)
    groups = []
    for key in sorted(min(subset) for subset in together.subsets()):
        of_it = members[together[key]]
        lead, speakers = records[of_it[0]], {records[i].speaker for i in of_it}
        what = "speakers" if speakers & whole else f"{lead.kind.value} {lead.label.value}"
        voice = "" if speakers & whole else max(speakers)
        groups.append(_Group(_JOIN.join(key), (lead.source, what), voice, tuple(of_it)))
    return groups


def _keys(record: Splittable, whole: set[str]) -> list[tuple[str, ...]]:
    keys = [("file", record.source, record.origin), ("sound", record.sha256)]
    # A speaker's is the smallest of the three names, so that it names the group.
    return [("a speaker", record.speaker), *keys] if record.speaker in whole else keys


def speakers_kept_whole(records: Iterable[Splittable]) -> set[str]:
    """The known speakers of sources that have FEWEST_SPEAKERS or more of them.

    Of those who say the wake word only such speakers count: if three people say it, it helps them
    nothing that twenty more in the same table say other words.
    """
    speakers: dict[str, set[str]] = defaultdict(set)
    callers: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.speaker:
            speakers[record.source].add(record.speaker)
            if record.label is Label.POSITIVE:
                callers[record.source].add(record.speaker)
    return _enough(callers) | (_enough(speakers) - set().union(*callers.values()))


def _enough(of_source: Mapping[str, set[str]]) -> set[str]:
    return {s for names in of_source.values() if len(names) >= FEWEST_SPEAKERS for s in names}


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
    drawn = sorted(groups, key=lambda group: (rng(seed, "split", group.name).random(), group.name))
    order, splits = _in_turns(drawn), {}
    for name, middle in _middles(order).items():  # where it falls decides; train comes last
        held_out = Split.VAL if middle < shares[1] else Split.TEST
        splits[name] = held_out if middle < shares[1] + shares[2] else Split.TRAIN
    wanted = [split for split, share in zip(Split, shares, strict=True) if share]
    splits |= _filled(order, splits, wanted[: len(order)])
    for own in _by_voice(order):
        if all(round(share * len(own)) for share in shares if share):  # enough for every split
            splits |= _filled(own, splits, wanted)
    return splits


def _middles(order: Sequence[_Group]) -> dict[str, float]:
    """Where the middle of each group falls when all their clips are laid in a row from 0 to 1."""
    total, before, middles = sum(len(group.members) for group in order), 0, {}
    for group in order:
        middles[group.name] = (before + len(group.members) / 2) / total
        before += len(group.members)
    return middles


def _by_voice(order: Sequence[_Group]) -> list[list[_Group]]:
    voices: dict[str, list[_Group]] = defaultdict(list)
    for group in order:
        voices[group.voice].append(group)
    return list(voices.values())


def _in_turns(drawn: list[_Group]) -> list[_Group]:
    """The groups with each voice's own spread evenly over the order, the voices in turn."""
    voices = _by_voice(drawn)
    keys = {
        name: (middle, turn)
        for turn, own in enumerate(voices)
        for name, middle in _middles(own).items()
    }
    return sorted(drawn, key=lambda group: keys[group.name])


def _filled(
    groups: Sequence[_Group], splits: Mapping[str, Split], wanted: Sequence[Split]
) -> dict[str, Split]:
    """Which of the groups to move so that each of the wanted splits has one of them."""
    now, moved = {group.name: splits[group.name] for group in groups}, {}
    for split in wanted:
        if split not in now.values():
            fullest = Counter(now.values()).most_common(1)[0][0]
            donors = [group for group in groups if now[group.name] is fullest]
            moved[min(donors, key=lambda group: len(group.members)).name] = split
            now |= moved
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

    Raises LeakageError when a speaker who is to be kept whole, the same PCM or the pieces of one
    file are in two splits, naming them. `records`: `SampleRecord`s, of an older version too: what
    is said of speakers who are too few goes by where their clips are, not by the rule of today.
    """
    whole = speakers_kept_whole(records) - _parted_by_folders(records)
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
    return caveats_of(records)


def _parted_by_folders(records: Sequence) -> set[str]:
    """The speakers whose clips lie in folders that are splits by their names, in two of them."""
    named = [record for record in records if lies_in_a_split(record.origin)]
    return _parted(named, lambda record: record.split)


def lies_in_a_split(origin: str) -> bool:
    """Whether a file lies in a folder that is named as a split."""
    return any(map(names_a_split, origin.split("/")[:-1]))


def with_one_spelling(records: Sequence) -> tuple[list, list[str]]:
    """The records with one spelling of every person's name, and whose spellings were put together.

    Machines' voices keep theirs.
    """
    people = {r.speaker for r in records if r.speaker and not r.is_synthetic}
    spelled = one_spelling(people)
    told = [
        f"the speakers {name} and {other} are taken for one person"
        for name, other in sorted(spelled.items())
        if name != other
    ]
    return [replace(r, speaker=spelled.get(r.speaker, r.speaker)) for r in records], told


def caveats_of(records: Sequence) -> list[str]:
    """Whose speakers are not known or in several splits, and which split lacks the wake word."""
    speaking = [r for r in records if r.kind in (Kind.CLIP, Kind.AMBIENT)]
    unknown = Counter(r.source for r in speaking if not r.speaker)
    shared, of_source = speakers_of_two_splits(records), defaultdict(set)
    for record in speaking:
        of_source[record.source] |= {record.speaker} & shared
    caveats = [
        f"{', '.join(sorted(unknown))}: the speakers of {sum(unknown.values())} clips are not "
        "known, so they are split by file and sound; the same voice may be in training and test, "
        "which flatters the results"
    ] * bool(unknown)
    folders, not_people = _parted_by_folders(records), only_folders(records)
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)  # the same people's sources
    for source, names in sorted(of_source.items()):
        together[tuple(sorted(names))].append(source)
    caveats += [
        f"{', '.join(sources)}: {_who(names, not_people)}, {_why_parted({*names} <= folders)}; "
        "results on voices that the model knows are no evidence for others"
        for names, sources in together.items()
        if names
    ]
    for split in Split:
        if not any(r.label is Label.POSITIVE for r in records if r.split is split):
            caveats.append(f"no clip of the wake word is in the {split.value} split")
    return caveats


def _who(names: Collection[str], not_people: Collection[str]) -> str:
    """How many speakers, and who; of folders that are of none who is known, that they are these."""
    listed = ", ".join(names)
    if not {*names} <= {*not_people}:
        return f"{how_many(len(names), 'known speaker')} ({listed})"
    return f"{how_many(len(names), 'folder')} ({listed}), whose voices are not known"


def _why_parted(by_folders: bool) -> str:
    if by_folders:
        return "whom your own folders of splits have in more than one of them"
    return (
        f"too few to keep apart (that takes {FEWEST_SPEAKERS}), so each one's files are in more "
        "than one split"
    )


def speakers_of_two_splits(records: Iterable) -> set[str]:
    """The known speakers whose clips are not all in one split."""
    return _parted(records, lambda record: record.split)
