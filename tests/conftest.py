"""Fixtures for all tests: sound that is made here, and real sound where there is some."""

import os
from pathlib import Path

import numpy as np
import pytest

RATE_HZ = 16_000


@pytest.fixture(scope="session")
def real_audio() -> Path:
    """The folder MWWKIT_REAL_AUDIO names, with its index.csv; tests that need it skip without."""
    folder = Path(os.environ.get("MWWKIT_REAL_AUDIO", ""))
    if not os.environ.get("MWWKIT_REAL_AUDIO") or not (folder / "index.csv").is_file():
        pytest.skip("set MWWKIT_REAL_AUDIO to a folder of recordings with an index.csv")
    return folder


@pytest.fixture(scope="session")
def speech_like():
    """A maker of speech-like sound: `speech_like(seed, seconds=1.0)` -> [n] float32, peak 0.5.

    A buzz with a moving pitch through three resonances, in syllables, with silence around: near
    enough to speech for level, onset and spectrum tests. The same seed is the same sound.
    """

    def make(seed: int, seconds: float = 1.0, rate_hz: int = RATE_HZ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        n = round(seconds * rate_hz)
        t = np.arange(n) / rate_hz
        pitch_hz = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 3) * t))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
        formants_hz = rng.uniform([300, 900, 2200], [800, 1800, 3200])
        audio = np.zeros(n)
        for k in range(1, int(7000 / pitch_hz.max())):
            near = np.exp(-(((k * pitch_hz[:, None] - formants_hz) / 250) ** 2)).sum(1)
            audio += (near + 0.02) * np.sin(k * phase) / k**0.5
        syllables = np.sin(np.pi * np.clip((t - 0.15) / (seconds - 0.3), 0, 1)) ** 0.5
        syllables *= 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(3, 5) * t)
        audio *= syllables
        return (0.5 * audio / max(1e-9, np.abs(audio).max())).astype(np.float32)

    return make
