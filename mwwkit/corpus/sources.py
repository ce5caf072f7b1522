"""Inputs to make clips from: folders, tables, texts to speak, noise and rooms to synthesise."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from mwwkit.audio.discovery import discover
from mwwkit.corpus.clips import STAGE, Kind, Label, Rejected, Split
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.near_misses import holds
from mwwkit.corpus.speech import Voice
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable

FOLDERS = {  # what people call their folders -> what is in them
    "positive": (Label.POSITIVE, Kind.CLIP),
    "negative": (Label.NEGATIVE, Kind.CLIP),
    "hard_negative": (Label.HARD_NEGATIVE, Kind.CLIP),
    "ambient": (Label.NEGATIVE, Kind.AMBIENT),
    "background": (Label.NEGATIVE, Kind.NOISE),
    "rirs": (Label.NEGATIVE, Kind.RIR),
}
TABLE_KINDS = {
    "keyword": Kind.CLIP,
    "clip": Kind.CLIP,
    "speech": Kind.AMBIENT,
    "ambient": Kind.AMBIENT,
    "noise": Kind.NOISE,
    "background": Kind.NOISE,
    "rir": Kind.RIR,
}
VOICE_MARK = " | "  # in the origin of what was spoken: the text, then the voice
LEFT_OUT = "exclude"  # beside the splits' names, in a file of given splits


@dataclass(frozen=True)
class About:
    """Label, kind, word, speaker, source and licence of a clip before it is made."""

    label: Label
    kind: Kind
    word: str
    speaker: str
    source: str
    licence: str
    origin: str


@dataclass(frozen=True)
class FromFile:
    """An input that is an existing audio file."""

    about: About
    path: Path
    n_bytes: int

    def identity(self) -> dict:
        """What this input's clips depend on, for the fingerprint; not the folder it is in."""
        return asdict(self.about) | {"bytes": self.n_bytes}


@dataclass(frozen=True)
class FromSpeech:
    """Texts to be spoken one after another by one voice."""

    about: About
    texts: tuple[str, ...]
    pauses_s: tuple[float, ...]  # before each text but the first
    voice: Voice

    def identity(self) -> dict:
        """What this input's clips depend on, for the fingerprint."""
        return asdict(self)


@dataclass(frozen=True)
class FromSeed:
    """Noise or a room to be made up."""

    about: About
    seed: int
    number: int
    seconds: float  # of noise; a room has its own length

    def identity(self) -> dict:
        """What this input's clips depend on, for the fingerprint."""
        return asdict(self)


Input = FromFile | FromSpeech | FromSeed


def fingerprint(inputs: Sequence[Input]) -> str:
    """Eight hex digits of what decides the clips of `inputs`."""
    text = json.dumps([item.identity() for item in inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def folder(path: Path, role: str, word: str, *, may_be_empty: bool = False) -> Place:
    """The files of one folder in its role, a key of `FOLDERS`.

    A folder inside it is one speaker, where it holds clips: `positive/ann/1.wav`. Raises
    WrongInput where there is no folder, or no audio in it although it may not be empty.
    """
    if not path.is_dir():
        raise WrongInput(f"{role} names {path}, which is no folder; correct it or take it out")
    found = discover(path)
    if not found.files and may_be_empty:
        found = replace(found, others=found.others or ((path, "is a folder with nothing in it"),))
    elif not found.files:
        others = Counter(other.suffix or "no suffix" for other, _ in found.others)
        contents = ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(4)) or "nothing"
        contents += "".join(f" ({other}: {why})" for other, why in found.others[:1])
        raise WrongInput(
            f"{path} ({role}) has no audio in it: found {contents}; wanted WAV, FLAC, MP3, M4A or "
            "what else FFmpeg reads; fill it or take it out"
        )
    label, kind = FOLDERS[role]
    name = printable("/".join(path.parts[-2:]).lstrip("/"))
    inputs = []
    for file in found.files:
        inside = Path(printable(file.relative_to(path)))
        speaks = kind in (Kind.CLIP, Kind.AMBIENT) and len(inside.parts) > 1
        about = About(
            label,
            kind,
            word=word if label is Label.POSITIVE else "",
            speaker=inside.parts[0] if speaks else "",
            source=name,
            licence="",
            origin=f"{printable(path.name)}/{inside.as_posix()}",
        )
        inputs.append(FromFile(about, file, file.stat().st_size))
    aside = tuple(rejected(*other) for other in found.others)
    return Place(name, tuple(inputs), aside, ignored=tuple(map(printable, found.ignored)))


def rejected(path: Path, reason: str) -> Rejected:
    """A row of the quarantine; the path need not be said twice."""
    place = printable(path)
    return Rejected(place, printable(reason).removeprefix(place).lstrip(" :"), STAGE)


@dataclass(frozen=True)
class TableMapping:
    """Which rows of a table are what. A pattern is a word, or a path with `*`."""

    positive: tuple[str, ...]
    hard_negative: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def label(self, row: dict[str, str]) -> Label | None:
        """The label of a row of clips, None for one to be left out."""
        for patterns, label in (
            (self.exclude, None),
            (self.positive, Label.POSITIVE),
            (self.hard_negative, Label.HARD_NEGATIVE),
        ):
            if any(_matches(pattern, row) for pattern in patterns):
                return label
        return Label.NEGATIVE


def _matches(pattern: str, row: dict[str, str]) -> bool:
    return pattern == row["word"] or fnmatchcase(row["path"], pattern)


def table(path: Path, word: str, mapping: TableMapping) -> Place:
    """Inputs from a table of files (path, kind, ...), and which rows are left out.

    Raises WrongInput for a table that is not there or lacks a column, a path that leads out of
    its folder, a pattern that matches nothing, and clips of other words that hold the wake word.
    """
    rows = _rows(path, ("path", "kind"), ("word", "source", "speaker", "licence"))
    patterns = (*mapping.positive, *mapping.hard_negative, *mapping.exclude)
    for pattern in patterns:
        if not any(_matches(pattern, row) for row in rows):
            raise WrongInput(f"{pattern!r} matches no word and no path of {path}; correct it")
    inputs, left_out = [], []
    for row in rows:
        kind = TABLE_KINDS.get(row["kind"])
        label = mapping.label(row)
        if kind is None or label is None:
            why = f"of the kind {row['kind']}" if kind is None else "excluded"
            left_out.append(f"{row['path']}: {why}")
            continue
        if kind is not Kind.CLIP:
            label = Label.NEGATIVE
        elif label is not Label.POSITIVE and holds(row["word"], word):
            raise WrongInput(
                f"{path} has {row['path']} of the word {row['word']!r}, which holds {word!r}, "
                "among the negatives; name it in table_positive or table_exclude"
            )
        source = row["source"] or path.parent.name
        spoken = word if label is Label.POSITIVE else row["word"]
        about = About(label, kind, spoken, row["speaker"], source, row["licence"], row["path"])
        inputs.append(_from_row(path, about))
    return Place(path.name, tuple(inputs), left_out=tuple(left_out))


def _from_row(path: Path, about: About) -> FromFile:
    file = path.parent / about.origin
    if not file.resolve().is_relative_to(path.parent.resolve()):
        raise WrongInput(f"{path} names {about.origin}, which leads out of its folder; correct it")
    # A file that is not there is quarantined when its turn comes.
    return FromFile(about, file, file.stat().st_size if file.is_file() else 0)


def given_splits(path: Path, inputs: Sequence[Input]) -> tuple[dict[str, Split], set[str]]:
    """Splits by origin, and the origins to leave out, from a table with the columns path, split.

    Raises WrongInput for a split that does not exist and a path that is no input's.
    """
    origins = {item.about.origin for item in inputs}
    split_of, left_out = {}, set()
    for row in _rows(path, ("path", "split"), ()):
        if row["path"] not in origins:
            raise WrongInput(
                f"{path} names {row['path']}, which is none of the {len(origins)} inputs (such as "
                f"{min(origins, default='none')}); correct the path"
            )
        if row["split"] == LEFT_OUT:
            left_out.add(row["path"])
            continue
        try:
            split_of[row["path"]] = Split(row["split"])
        except ValueError as error:
            names = ", ".join([*(split.value for split in Split), LEFT_OUT])
            raise WrongInput(f"{path} has the split {row['split']!r}; wanted {names}") from error
    return split_of, left_out


def _rows(path: Path, needed: Sequence[str], optional: Sequence[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise WrongInput(f"{path} is not there (or is no file); wanted a table in CSV")
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if missing := [name for name in needed if name not in (rows.fieldnames or [])]:
            raise WrongInput(
                f"{path} has the columns {rows.fieldnames}; wanted also {', '.join(missing)}"
            )
        return [{n: (row.get(n) or "").strip() for n in (*needed, *optional)} for row in rows]
