"""Inputs to make clips from: folders, tables, texts to speak, noise and rooms to synthesise."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mwwkit.audio.discovery import discover
from mwwkit.corpus.clips import STAGE, Kind, Label, Rejected, Split
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.missing_places import refuse_missing
from mwwkit.corpus.speech import Voice
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable, reason_alone

FOLDERS = {  # what people call their folders -> what is in them
    "positive": (Label.POSITIVE, Kind.CLIP),
    "negative": (Label.NEGATIVE, Kind.CLIP),
    "hard_negative": (Label.HARD_NEGATIVE, Kind.CLIP),
    "ambient": (Label.NEGATIVE, Kind.AMBIENT),
    "background": (Label.NEGATIVE, Kind.NOISE),
    "rirs": (Label.NEGATIVE, Kind.RIR),
}
VOICE_MARK = " | "  # in the origin of what was spoken: the text, then the voice


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
    """An input that is an existing audio file, or a part of one that is cut over the splits."""

    about: About
    path: Path
    n_bytes: int
    start_s: float = 0.0
    seconds: float | None = None  # None: to its end
    split: Split | None = None  # whose part it is
    shown: str = ""  # its path for people and files, where that is not where it lies

    def identity(self) -> dict:
        """What this input's clips depend on, for the fingerprint; not the folder it is in.

        Which part of a file it is stands in its origin.
        """
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


def folder(
    path: Path, role: str, word: str, root: Path | None = None, *, may_be_empty: bool = False
) -> Place:
    """The files of one folder in its role, a key of `FOLDERS`.

    A folder inside it is one speaker, where it holds clips: `positive/ann/1.wav` (for what else
    folders may be, see `recording_folders`). `root`: where the origins begin; its parent where
    that is not said. Raises WrongInput where there is no folder, or no audio in it although it may
    not be empty.
    """
    refuse_missing(role, path)
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
    root = root or path.parent
    top = root.absolute().name  # that of "." too, which the run remembers as a whole path
    source = printable(f"{top}/{path.name}".lstrip("/"))
    inputs = []
    for file in found.files:
        inside = Path(printable(file.relative_to(path)))
        speaks = kind in (Kind.CLIP, Kind.AMBIENT) and len(inside.parts) > 1
        about = About(
            label,
            kind,
            word=word if label is Label.POSITIVE else "",
            speaker=inside.parts[0] if speaks else "",
            source=source,
            licence="",
            origin=Path(printable(file.relative_to(root))).as_posix(),
        )
        inputs.append(FromFile(about, file, file.stat().st_size))
    aside = tuple(rejected(*other) for other in found.others)
    name = printable("/".join((top, *path.relative_to(root).parts)).lstrip("/"))
    return Place(name, tuple(inputs), aside, ignored=tuple(map(printable, found.ignored)))


def rejected(path: Path, reason: str) -> Rejected:
    """A row of the quarantine; the path need not be said twice."""
    return Rejected(printable(path), reason_alone(reason, path), STAGE)
