"""Batches of triples read as a stranger reads them: from the format's description alone.

    seen = read(run_folders, embeddings_cache, target_rooms)   # AssertionError for what is not so

Nothing of mwwkit is used. The target rooms are mono files at 48 kHz: what their embedding and
the target sound are proved against.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

KEYS = (
    *("input", "target", "embedding", "dry_id", "bad_ir", "target_ir", "recipe"),
    "format_version",
)
N_SAMPLES, N_NUMBERS, FULL_SCALE = 240_000, 512, 32_767
LEAST_RMS = 33  # -60 dB under full scale


@dataclass
class Seen:
    """What was read: files, their rows in order, and how far the worst of them was off."""

    files: int = 0
    rows: list[int] = field(default_factory=list)
    least_rms: float = float(FULL_SCALE)
    worst_lsb: float = 0.0  # of a target against dry * room made again


def read(runs: Sequence[Path], cache: Path, rooms: Path) -> Seen:
    """Every batch in `runs`, each row against `cache` (clap_cache.npz) and the files in `rooms`."""
    embeddings, dry, seen = np.load(cache, allow_pickle=False), _dry(runs), Seen()
    for path in sorted(
        (p for run in runs for p in run.glob("batches/*.npz")), key=lambda p: p.name
    ):
        seen.files += 1
        for row in _rows(path):
            recipe = json.loads(row["recipe"])
            assert recipe["chain"] and 0 <= recipe["wet"] <= 1, (path, recipe)
            seen.rows.append(recipe["item"])
            for sound in (row["input"], row["target"]):
                assert np.abs(sound.astype(int)).max() == FULL_SCALE, (path, recipe["item"])
                rms = float(np.sqrt(np.mean(sound.astype(float) ** 2)))
                assert rms > LEAST_RMS, (path, recipe["item"], rms)
                seen.least_rms = min(seen.least_rms, rms)
            assert row["bad_ir"], path
            assert np.isfinite(row["embedding"]).all(), path
            np.testing.assert_array_equal(row["embedding"], embeddings[row["target_ir"]])
            again = _target(dry[row["dry_id"]], rooms / row["target_ir"])
            off = float(np.abs(again - row["target"]).max())
            assert off <= 1, (path, recipe["item"], off)
            seen.worst_lsb = max(seen.worst_lsb, off)
    return seen


def _rows(path: Path) -> Iterator[dict]:
    with np.load(path, allow_pickle=False) as file:
        assert tuple(file.files) == KEYS, (path, file.files)
        batch = {key: file[key] for key in KEYS}
    n = len(batch["dry_id"])
    wanted = {"input": ("<i2", N_SAMPLES), "target": ("<i2", N_SAMPLES)}
    wanted["embedding"] = ("<f4", N_NUMBERS)
    for key, (kind, width) in wanted.items():
        assert batch[key].dtype == np.dtype(kind) and batch[key].shape == (n, width), (path, key)
    for key in KEYS[3:7]:
        assert batch[key].dtype.kind == "U" and batch[key].shape == (n,), (path, key)
    assert batch["format_version"].shape == () and int(batch["format_version"]) == 1, path
    for row in range(n):
        one = {key: batch[key][row] for key in KEYS[:7]}
        yield one | {key: str(one[key]) for key in KEYS[3:7]}


def _dry(runs: Sequence[Path]) -> dict[str, np.ndarray]:
    """dry id -> int16 [240000], read when it is used."""
    found: dict[str, np.ndarray] = {}
    for chunk in sorted(c for run in runs for c in run.glob("sterilized_batches/chunk_*")):
        names = json.loads((chunk / "segments.json").read_text())["names"]
        found |= zip(names, np.load(chunk / "segments.npy", mmap_mode="r"), strict=True)
    return found


def _target(dry: np.ndarray, room: Path) -> np.ndarray:
    response, rate_hz = soundfile.read(room)
    assert rate_hz == 48_000 and response.ndim == 1, room
    heard = signal.oaconvolve(np.array(dry, float), response)[:N_SAMPLES]
    return np.rint(heard / np.abs(heard).max() * FULL_SCALE)
