"""The audio files under several folders, each with a name that is the same on every machine."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mwwkit.audio.discovery import discover
from mwwkit.run.files import printable, reason_alone
from mwwkit.run.seeds import rng


@dataclass(frozen=True)
class Found:
    """A file: its name, which holds no machine's folder, where it is and its size."""

    name: str
    path: Path
    n_bytes: int


@dataclass(frozen=True)
class Listing:
    """What is under several folders: files to hear, and (name, reason) of what is none."""

    files: list[Found]
    others: list[tuple[str, str]]


def listing(roots: Sequence[Path], suffixes: Collection[str]) -> Listing:
    """Everything under `roots`, by its path in its root; links are followed.

    Files with one of `suffixes` (lower case) are not looked into, others are taken if they are
    sound. A path that several roots have is named `2/path` in the second.
    """
    paths, others = [], []
    for number, root in enumerate(roots):
        found = discover(root, suffixes)
        paths += [(_name(path, root), number, path) for path in found.files]
        others += [(_name(path, root), reason_alone(reason, path)) for path, reason in found.others]
    seen: dict[str, int] = {}
    files = []
    for name, _, path in sorted(paths):
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{seen[name]}/{name}"
        files.append(Found(unique, path, path.stat().st_size))
    return Listing(files, sorted(others))


def listed(roots: Sequence[Path], suffixes: Collection[str]) -> list[Found]:
    """The files of `listing`."""
    return listing(roots, suffixes).files


def _name(path: Path, root: Path) -> str:
    return printable(path.relative_to(root).as_posix())


def as_before(files: Iterable[Found], suffixes: Collection[str]) -> list[Found]:
    """Those that older versions listed: with one of `suffixes`, and through no linked folder."""

    def was_listed(file: Found) -> bool:
        n_inside = len(Path(file.name).parts) - 1
        return file.path.suffix.lower() in suffixes and not any(
            folder.is_symlink() for folder in list(file.path.parents)[:n_inside]
        )

    return [file for file in files if was_listed(file)]


def shuffled(files: Sequence[Found], seed: int) -> list[Found]:
    """The same files in an order that depends on the seed and their names alone."""
    order = rng(seed, "order of dry speech").permutation(len(files))
    return [files[i] for i in order]


def fingerprint(files: Iterable[Found]) -> str:
    """Names and sizes, in order, in 16 hex digits: another list has another one."""
    text = "".join(f"{file.name}\n{file.n_bytes}\n" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
