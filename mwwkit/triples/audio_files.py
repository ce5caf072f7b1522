"""The audio files under several folders, each with a name that is the same on every machine."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mwwkit.run.seeds import rng


@dataclass(frozen=True)
class Found:
    """A file: its name, which holds no machine's folder, where it is and its size."""

    name: str
    path: Path
    n_bytes: int


def listed(roots: Sequence[Path], suffixes: Iterable[str]) -> list[Found]:
    """Files under `roots` with one of `suffixes` (lower case), by their path in their root.

    Hidden files are left out. A path that several roots have is named `2/path` in the second.
    """
    suffixes, paths = frozenset(suffixes), []
    for number, root in enumerate(roots):
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if name[0] != "." and os.path.splitext(name)[1].lower() in suffixes:
                    path = Path(folder, name)
                    paths.append((path.relative_to(root).as_posix(), number, path))
    seen: dict[str, int] = {}
    files = []
    for name, _, path in sorted(paths):
        seen[name] = seen.get(name, 0) + 1
        unique = name if seen[name] == 1 else f"{seen[name]}/{name}"
        files.append(Found(unique, path, path.stat().st_size))
    return files


def shuffled(files: Sequence[Found], seed: int) -> list[Found]:
    """The same files in an order that depends on the seed and their names alone."""
    order = rng(seed, "order of dry speech").permutation(len(files))
    return [files[i] for i in order]


def fingerprint(files: Iterable[Found]) -> str:
    """Names and sizes, in order, in 16 hex digits: another list has another one."""
    text = "".join(f"{file.name}\n{file.n_bytes}\n" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
