"""Cache of evaluation results on disk by content hash, so nothing is scored twice.

    cache = EvaluationCache(run)
    key = digest(rule, features, weights)
    if (facts := cache.find(key)) is None: ...
    cache.keep(key, facts)

One small file a candidate in `judged/` of the run, found in earlier runs too: 04 finds what 03
evaluated, and a session that was killed between evaluating and recording finds it.
"""

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from mwwkit import __version__
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run

FOLDER = "judged"
# What converts and runs a candidate: another version may score it another way.
TOOLS = ("tensorflow", "ai-edge-litert", "numpy")


@dataclass(frozen=True)
class EvaluationCache:
    """Stored evaluation results of this run and of the earlier runs that it goes on from."""

    run: Run

    def find(self, key: str) -> dict[str, Any] | None:
        """What was kept under `key`; None where nothing was, or where the file is damaged."""
        for path in self.run.all(f"{FOLDER}/{key}.json"):
            try:
                return read_json(path)
            except ValueError as error:
                warnings.warn(f"{error}; it is evaluated again", stacklevel=2)
        return None

    def keep(self, key: str, facts: dict[str, Any]) -> None:
        """Write `facts` into this run."""
        write_json(self.run / FOLDER / f"{key}.json", facts)


def digest(*parts: Any) -> str:
    """32 hex digits of everything given: arrays by type, shape and bytes, the rest as text."""
    sha = hashlib.sha256(" ".join([__version__, *map(version, TOOLS)]).encode())
    for part in parts:
        _add(sha, part)
    return sha.hexdigest()[:32]


def _add(sha: Any, part: Any) -> None:
    if isinstance(part, np.ndarray):
        sha.update(f"{part.dtype} {part.shape}".encode())
        sha.update(np.ascontiguousarray(part).tobytes())
    elif isinstance(part, Iterable) and not isinstance(part, str):
        sha.update(b"[")
        for element in part:
            _add(sha, element)
        sha.update(b"]")
    else:
        sha.update(f"{part!r};".encode())
