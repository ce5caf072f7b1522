"""Folders of recordings by what they hold, however they are nested, and what is in none of them.

    places = read_folders([Path("recordings")], [], "hey you")
    # positive/ann/, or positive/kitchen/ann/, train/positive/ann/, ann/positive/train/

Folders named after splits are splits. Which of the others is the speaker is told by their names,
or by `level`; where neither tells it, a notice says so.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mwwkit.audio.discovery import names_in
from mwwkit.corpus.clips import Kind, Label, Split
from mwwkit.corpus.folder_names import names_a_split, people, speaker_of, splits_named
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.role_folders import roles_in
from mwwkit.corpus.sources import FromFile, folder
from mwwkit.run import paths
from mwwkit.run.files import printable
from mwwkit.run.paths import Run

RECORDED = "recorded"  # in a run, a folder of recordings as any other: positive/ann/...


@dataclass(frozen=True)
class _Found:
    """One role's folder, and the folder that its files' origins begin at."""

    role: str
    path: Path
    root: Path

    @property
    def n_above(self) -> int:
        """How many folders lie between the two."""
        return len(self.path.relative_to(self.root).parts) - 1


def roots_of(recordings: str) -> list[Path]:
    """The folders of recordings that RECORDINGS names; "auto": those of paths.md that are here."""
    if recordings == "auto":
        return paths.locations("recordings")
    return [paths.typed_path(recordings)] if recordings else []


def recorded_in(run: Run) -> list[Path]:
    """Where recordings lie that were made in the notebook, in this run and before, oldest first."""
    return [folder for folder in reversed(run.all(RECORDED)) if any(names_in(folder))]


def _as_the_run_has_it(place: Place, recorded: Sequence[Path]) -> Place:
    """A place with the files of `recorded` named as the run has them, wherever that lies."""

    def named(item: FromFile) -> FromFile:
        inside = (item.path.relative_to(r) for r in recorded if item.path.is_relative_to(r))
        name = next(inside, None)
        return item if name is None else replace(item, shown=printable(Path(RECORDED, name)))

    return replace(place, inputs=tuple(map(named, place.inputs))) if recorded else place


def looked_at(recordings: str) -> str:
    """Where recordings are looked for, to people."""
    if recordings != "auto":
        return paths.without_dots(recordings) or "none asked for"
    return paths.looked_for("recordings", paths.locations("recordings"))


def not_looked_at(recordings: str, used: Sequence[Path]) -> list[str]:
    """A notice for each folder of paths.md that holds files, with nothing of it in `used`."""
    seen = [path.resolve() for path in used]
    known = paths.locations("recordings") if "recordings" in paths.table() else []
    folders = [
        folder
        for folder in known
        if not any(_within(folder.resolve(), path) or _within(path, folder) for path in seen)
        and any(names_in(folder))
    ]
    return [
        f"{folder}/ holds files that are not looked at: RECORDINGS is {recordings!r}, by you or by "
        "the preset (demo and fast_test have ''); name the folder there to use it"
        for folder in folders
    ]


def _within(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder.resolve())


def read_folders(
    roots: Sequence[Path],
    more: Sequence[tuple[str, Path]],
    word: str,
    level: int = 0,
    *,
    former: bool = False,
    recorded: Sequence[Path] = (),
) -> list[Place]:
    """The files of recordings' folders, whose they are, and in which of the user's own splits.

    `recorded` are more roots, those of `recorded_in`; `more`: (role, folder) outside of them;
    `level`: which folder is the speaker, 1 for the outermost that is neither a role's nor a
    split's, -1 for the innermost, 0 for what their names tell; `former`: as versions read them that
    knew the outermost folder as the speaker and nothing else. Raises WrongInput for a folder that
    is not there or holds nothing.
    """
    found, places, beside = [], [], []
    for root in (*roots, *recorded):
        roles, rest = roles_in(root, former)
        found += [_Found(role, path, root) for role, path in roles]
        places += [
            folder(path, role, word, root, may_be_empty=role != "positive") for role, path in roles
        ]
        beside.append(rest)
    places = [_as_the_run_has_it(place, recorded) for place in places]
    found += [_Found(role, path, path.parent) for role, path in more]
    places += [folder(path, role, word) for role, path in more]
    if former:
        return [*places, *beside]
    splits, notices = _own_splits(places)
    named = [
        _with_speakers(place, one, splits, word, level)
        for place, one in zip(places, found, strict=True)
    ]
    if named and notices:
        named[0] = replace(named[0], notices=(*notices, *named[0].notices))
    return [*named, *beside]


def _folders(item: FromFile) -> list[str]:
    return item.about.origin.split("/")[:-1]


def _own_splits(places: Sequence[Place]) -> tuple[dict[str, Split], list[str]]:
    """The splits that folders of their names say, by origin, and a sentence about it.

    One name alone divides nothing, such as a train/ around all that there is.
    """
    items = [item for place in places for item in place.inputs]
    known = splits_named({name for item in items for name in _folders(item)})
    found = {
        item.about.origin: next(known[name] for name in _folders(item) if name in known)
        for item in items
        if not known.keys().isdisjoint(_folders(item))
    }
    divided = _divided(items, found)
    origins = [item.about.origin for item in items if _what(item) in divided]
    taken = {origin: found[origin] for origin in origins if origin in found}
    names = ", ".join(f"{name}/" for name in sorted(known))
    told = []
    if taken:
        counts = Counter(taken.values())
        files = ", ".join(f"{counts[s]:,} {s.value}" for s in Split if counts[s])
        told.append(f"folders named {names} are your own splits and are kept: {files} (files)")
    if len(taken) < len(found):
        told.append(
            f"{len(found) - len(taken):,} files lie in a folder named as a split ({names}) with no "
            "other beside it, which divides nothing: they are split as all else"
        )
    return taken, told


def _what(item: FromFile) -> tuple[Label, Kind]:
    return item.about.label, item.about.kind


def _divided(items: Sequence[FromFile], found: dict[str, Split]) -> set[tuple[Label, Kind]]:
    """The sorts of sound that the folders divide: all, where they name two splits of one sort."""
    splits_of = {_what(item): set() for item in items}
    for item in items:
        splits_of[_what(item)].add(found.get(item.about.origin))
    if any(len(splits - {None}) > 1 for splits in splits_of.values()):
        return set(splits_of)
    # train/ beside other folders, or test/: not val/, which may be a person
    return {w for w, splits in splits_of.items() if len(splits) > 1 and Split.VAL not in splits}


def _with_speakers(
    place: Place, one: _Found, splits: dict[str, Split], word: str, level: int
) -> Place:
    """The place with its speakers and splits, and what cannot be known of them."""
    inputs, nested, nobody = [], [], []
    for item in place.inputs:
        names = _who(item, one, item.about.origin in splits)
        speaker = speaker_of(names, word, level)
        inputs.append(replace(item, about=replace(item.about, speaker=speaker)))
        if names and not speaker:
            nobody.append("/".join(names))
        nested.append(people(names, word) if not level else [])
    notices = [*_of_nobody(place.name, nobody, level), *_of_unclear(place.name, nested)]
    own = {i.about.origin: splits[i.about.origin] for i in inputs if i.about.origin in splits}
    return replace(place, inputs=tuple(inputs), splits=own, notices=tuple(notices))


def _who(item: FromFile, one: _Found, in_a_split: bool) -> list[str]:
    """The folders of a file that may be its speaker: not its role's, and no split's."""
    if item.about.kind not in (Kind.CLIP, Kind.AMBIENT):
        return []
    names = _folders(item)
    del names[one.n_above]
    kept = [name for name in names if not names_a_split(name)]
    if kept or in_a_split:
        return kept
    return [name for name in names if splits_named([name])[name] is Split.VAL]  # a Val, alone


def _shown(folders: Sequence[str]) -> str:
    names = sorted(set(folders))
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")


def _of_nobody(place: str, folders: Sequence[str], level: int) -> list[str]:
    if not folders:
        return []
    of_nobody = "seem to be places, times, devices or words, not people"
    why = f"have no folder {level}" if level else of_nobody
    return [
        f"{place}: the folders of {len(folders):,} files ({_shown(folders)}) {why}, so that their "
        "speakers are not known; where they are people, SPEAKER_LEVEL = 1 takes the outermost "
        "folder for the speaker"
    ]


def _of_unclear(place: str, nested: Sequence[list[str]]) -> list[str]:
    """A notice where one folder's name is in several others, and either may be people."""
    around: dict[str, set[str]] = defaultdict(set)
    for outer, *inner in filter(None, nested):
        for name in inner:
            around[name] |= {outer} if not name.isdecimal() or outer.isdecimal() else set()
    unclear = ["/".join(n) for n in nested if any(len(around[name]) > 1 for name in n[1:])]
    if not unclear:
        return []
    return [
        f"{place}: which folders are people cannot be known of {len(unclear):,} files "
        f"({_shown(unclear)}); the outermost are taken for them, so that a person of several of "
        "these may be in training and test; SPEAKER_LEVEL says which: 1 for the outermost, 2 for "
        "that inside it"
    ]
