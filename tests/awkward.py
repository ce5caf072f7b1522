"""Sounds that effects stumble over, float32 at 16 kHz each."""

import numpy as np


def noise(n: int, seed: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


SOUNDS = {
    "silence": np.zeros(4000, np.float32),
    "full scale": np.where(np.arange(4000) // 20 % 2, 1, -1).astype(np.float32),
    "one sample": np.array([0.5], np.float32),
    "no sample": np.zeros(0, np.float32),
    "DC": np.full(4000, 0.5, np.float32),
    "noise": noise(4000),
}
