"""Some of many, chosen without a draw."""

import numpy as np


def evenly(n: int, most: int) -> np.ndarray:
    """At most `most` of `n` indices, evenly spaced, the first and the last among them, int64."""
    return np.linspace(0, n - 1, min(most, n)).astype(int)
