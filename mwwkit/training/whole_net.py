"""The float net over whole spectrograms, several at once: what training sees of it.

tracks = logit_tracks(net, store)             # int8 [frames, 40] each -> float32 [frames // 3]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mwwkit.device import firmware
from mwwkit.training.batches import Spectrograms

if TYPE_CHECKING:
    from mwwkit.model.mixednet import MixedNet

BATCH = 32  # spectrograms that go through the net together,
BATCH_FRAMES = 20_000  # as far as they are no longer than this together: some 35 MB


def to_float_features(features: np.ndarray) -> np.ndarray:
    """int8 features as the real numbers they stand for, float32 in 0..26."""
    offset = features.astype(np.float32) - firmware.INPUT_ZERO_POINT
    return offset * np.float32(firmware.INPUT_SCALE)


def logit_tracks(
    net: MixedNet, spectrograms: Spectrograms | Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Logits of every step of each; those of like length go through the net together."""
    shapes = [len(spectrograms[i]) for i in range(len(spectrograms))]
    tracks: list[np.ndarray] = [np.zeros(0, np.float32)] * len(shapes)
    for chosen in _batches(shapes):
        batch = np.zeros((len(chosen), shapes[chosen[-1]], firmware.N_BANDS), np.float32)
        for row, index in enumerate(chosen):  # what comes after a stream changes no logit of it
            batch[row, : shapes[index]] = to_float_features(spectrograms[index])
        logits = net(batch).numpy()
        for row, index in enumerate(chosen):
            tracks[index] = logits[row, : shapes[index] // net.shape.stride]
    return tracks


def _batches(lengths: list[int]) -> list[list[int]]:
    """Indices of what goes through the net together, the longest last."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        size = len(batches[-1]) if batches else 0
        if 0 < size < BATCH and (size + 1) * lengths[index] <= BATCH_FRAMES:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
