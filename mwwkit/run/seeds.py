"""The only source of randomness: a seed and the names of what is being made."""

import hashlib

import numpy as np


def rng(seed: int, *names: str | int) -> np.random.Generator:
    """The generator for the thing that `names` name, e.g. `rng(42, "scene", "train", 17)`.

    The same seed and names give the same draws in any process, session or order, which is why
    worker counts and interruptions never change a byte. Names are joined with their type, so
    `1` and `"1"` differ.
    """
    typed = (f"str:{n}" if isinstance(n, str) else f"int:{int(n)}" for n in names)  # NumPy's too
    text = "\x1f".join([str(int(seed)), *typed])
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))
