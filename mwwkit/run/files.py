"""Files and folders appear whole or not at all.

with replacing(folder / "scores.npy") as part:
    np.save(part.open("wb"), scores)
write_json(folder / "facts.json", {"clips": 512})
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mwwkit.run.errors import WrongInput

PART = ".part-"  # prefix of what is being written; a leftover is never read and is overwritten


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path for a file or a folder; when the block ends well, it becomes `path`.

    If the block raises or the process dies, `path` is as it was. The rename is atomic on a
    local disk; a network mount (Google Drive) promises less. A folder that is there already is
    moved aside first: it is old, absent or new, never in part.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same folder: a rename cannot cross disks. A prefix: writers look at the suffix.
    part, old = path.with_name(PART + path.name), path.with_name(f"{PART}old-{path.name}")
    _remove(part)  # what a killed session left
    _remove(old)
    try:
        yield part
    except BaseException:
        _remove(part)
        raise
    written = [part, *part.rglob("*")]  # a folder's own entry lists the files in it
    with ThreadPoolExecutor(min(16, len(written))) as threads:  # a disk commits many at once
        list(threads.map(_sync, written))
    if path.is_dir():
        os.replace(path, old)
    os.replace(part, path)
    _sync(path.parent)
    _remove(old)


def remove_whole(path: Path) -> None:
    """Remove a file or a folder, if it is there: a killed process leaves all of it or nothing."""
    if path.exists():
        aside = path.with_name(f"{PART}gone-{path.name}")
        _remove(aside)
        os.replace(path, aside)
        _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all, the same bytes for the same value.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    with replacing(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The value in a JSON file; ValueError, naming the file, where it holds none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongInput(f"{path} is not readable as JSON: {error}") from error


def printable(text: str | Path) -> str:
    r"""A path or a text with one, for files and people: bytes that are no UTF-8 stand as `\xe9`."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def reason_alone(reason: str, path: str | Path) -> str:
    """A reason without the path that it begins with, for a row that has the path already."""
    return printable(reason).removeprefix(printable(path)).lstrip(" :")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tree_bytes(folder: Path) -> int:
    """The bytes of all files under `folder`, 0 where it does not exist."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name), follow_symlinks=False).st_size
            except FileNotFoundError:  # another process finished writing it meanwhile
                continue
    return total
