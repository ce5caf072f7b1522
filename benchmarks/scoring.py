"""A model's scores on the prepared stimuli.

    tracks = score(model, prepare(fold, at_hand, folder), workers=2)

A fresh interpreter a clip, so that nothing is remembered from the one before.
"""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.conditions import load
from mwwkit.device.simulator import Device, score_all


@dataclass(frozen=True)
class Tracks:
    """uint8 scores by clip or stream, and where the word ends (seconds)."""

    names: tuple[str, ...]
    scores: list[np.ndarray]
    word_end_s: np.ndarray


def score(
    model: bytes | Path, files: dict[str, Path], workers: int = 1, reference: bool = False
) -> dict[str, Tracks]:
    """Every stimulus through the int8 model, by the keys of `files`.

    `reference` is what the device computes, at less than half the speed.
    """
    stimuli = {key: load(path) for key, path in files.items()}
    features = (one for made in stimuli.values() for one in made.features)
    tracks = score_all(Device(model, reference), features, workers)
    return {
        key: Tracks(made.names, list(islice(tracks, len(made.names))), made.word_end_s)
        for key, made in stimuli.items()
    }
