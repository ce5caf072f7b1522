"""How far the int8 stream is from the float net it was made of, on the same audio."""

from collections.abc import Sequence

import numpy as np

from mwwkit.detector import detections
from mwwkit.model.device import Device
from mwwkit.model.evaluate import to_float_features
from mwwkit.model.mixednet import MixedNet, tf


def float_scores(net: MixedNet, features: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Scores 0..1 [frames // 3] of the float net over a whole spectrogram, int8 [frames, 40].

    `scale` is what the int8 model's logit was multiplied with (`evaluate.headroom`).
    """
    return tf.sigmoid(scale * net(to_float_features(features)[None]))[0].numpy()


def parity(
    net: MixedNet,
    model: bytes,
    spectrograms: Sequence[np.ndarray],
    cutoff: float,
    window: int,
    scale: float = 1.0,
) -> dict:
    """Differences step by step, and how many spectrograms the two decide differently."""
    device = Device(model)
    differences, flips = [], 0
    for features in spectrograms:
        quantised = device.scores(features)
        exact = float_scores(net, features, scale)[: len(quantised)]
        differences.append(np.abs(exact - quantised / 256))
        rounded = np.clip(np.rint(exact * 256), 0, 255).astype(np.uint8)
        woke = (len(detections(track, cutoff, window)) > 0 for track in (rounded, quantised))
        flips += len(set(woke)) == 2
    steps = np.concatenate(differences)
    return {
        "spectrograms": len(spectrograms),
        "steps": len(steps),
        # rounded: the last bits of a float net hang on the number of threads
        "largest_difference": round(float(steps.max()), 6),
        "mean_difference": round(float(steps.mean()), 6),
        "decided_differently": int(flips),
    }
