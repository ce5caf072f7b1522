"""Speech, rooms and a run of the data engine, small enough to make triples in seconds."""

from pathlib import Path

import numpy as np
import soundfile

from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import triples

RATE_HZ = 48_000
PREPARED = {"embeddings": "none", "triples_per_file": 3, "chunk_files": 2}


class Ears:
    """An embedder that needs no model: a fixed projection of the probe's spectrum."""

    sample_rate_hz = RATE_HZ
    identity = "ears"

    def embed(self, audio: np.ndarray) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(audio, 2048)[:512]).astype(np.float32)
        return spectrum / np.linalg.norm(spectrum)


def hear(_here: object, _session: object) -> Ears:
    """What `engine.run` takes as load_embedder."""
    return Ears()


def write_world(folder: Path, n_speech: int = 6, n_rooms: int = 3) -> None:
    """`bad`, `target` and `dry` under `folder`: rates, channels and formats as they come."""
    draws = np.random.default_rng(5)
    for pool in ("bad", "target", "dry"):
        (folder / pool).mkdir(parents=True)
    for number in range(n_rooms):
        for pool, rate_hz in (("bad", 44_100), ("target", RATE_HZ)):
            n = int(rate_hz * 0.2)
            tail = draws.standard_normal(n) * np.exp(-np.arange(n) / rate_hz * (20 + 10 * number))
            tail[0] = 3
            soundfile.write(folder / pool / f"room{number}.wav", tail / 5, rate_hz, subtype="FLOAT")
    (folder / "bad" / "room0.wav").rename(folder / "bad" / "room0.irs")
    rates = (22_050, 44_100, 48_000, 96_000)
    for number in range(n_speech):
        rate_hz = rates[number % len(rates)]
        t = np.arange(int(rate_hz * (1.2 + 0.3 * number))) / rate_hz
        buzz = sum(np.sin(2 * np.pi * 150 * k * t + k) / k for k in range(1, 9))
        voice = 0.1 * buzz * np.sin(2 * np.pi * 2 * t) ** 2 + 1e-4 * draws.standard_normal(t.size)
        sound = np.stack([voice, 0.5 * voice], axis=1) if number % 2 else voice
        kind = {"subtype": "PCM_24"} if number % 3 == 0 else {"subtype": "PCM_16"}
        soundfile.write(folder / "dry" / f"s{number}.wav", sound, rate_hz, **kind)


def config(folder: Path, **settings) -> triples.Config:
    given = {"bad_irs": "bad", "target_irs": "target", "dry_speech": "dry"}
    places = {name: (str(folder / sub),) for name, sub in given.items()}
    return triples.Config(**places | PREPARED | settings)


def make(folder: Path, run: Path, previous=(), *, workers: int = 1, budget_gb=1.0, **settings):
    """One session of the engine."""
    here = Run.of(str(run), [str(p) for p in previous])
    limits = Limits(budget_gb=budget_gb, workers=workers)
    return triples.run(config(folder, **settings), here, limits, hear)


def hashes(*runs: Path) -> dict[str, str]:
    """name -> SHA-256 of every batch file."""
    from mwwkit.run.files import sha256

    return {p.name: sha256(p) for run in runs for p in sorted(run.glob("batches/batch_*.npz"))}
