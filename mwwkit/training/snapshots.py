"""Weights and training states on disk: named arrays in one .npz, whole or not at all."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import replacing


class SnapshotError(CannotGoOn):
    """A file of arrays that is not as it was written; the message names it."""


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays; the same arrays are the same bytes."""
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of `save_arrays`. Raises SnapshotError for a file that is cut short or changed."""
    try:
        with zipfile.ZipFile(path) as members:  # else numpy takes another file for a single array
            if damaged := members.testzip():
                raise zipfile.BadZipFile(f"{damaged} is not what was written")
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise SnapshotError(f"{path} is damaged: {error}") from error
