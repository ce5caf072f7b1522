"""What a net would do on the device: converted to int8, stepped through streams, counted.

Selection, thresholds and reports use this and nothing else, so a number in a notebook is the
device's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mwwkit import firmware
from mwwkit.model.device import Device
from mwwkit.model.mixednet import MixedNet
from mwwkit.model.shapes import Shape
from mwwkit.model.streaming import fold, to_int8
from mwwkit.operating import Choice, choose_cutoff, operating_points

WINDOWS = (3, 5, 7)  # sliding windows to choose from; the official models use 5
CALIBRATION_STREAMS = 20


def to_float_features(features: np.ndarray) -> np.ndarray:
    """int8 features as the real numbers they stand for, float32 in 0..26."""
    offset = features.astype(np.float32) - firmware.INPUT_ZERO_POINT
    return offset * np.float32(firmware.INPUT_SCALE)


def int8_model(net: MixedNet, shape: Shape, training: "Iterable[np.ndarray]") -> bytes:
    """The streaming int8 .tflite of a net, calibrated on training streams, int8 [frames, 40]."""
    return to_int8(fold(net), shape, [to_float_features(stream) for stream in training])


def calibration(store, n_streams: int = CALIBRATION_STREAMS) -> list[np.ndarray]:
    """Some training streams, evenly spaced over the store, int8 [frames, 40] each."""
    chosen = np.linspace(0, len(store) - 1, min(n_streams, len(store))).astype(int)
    return [store[int(index)] for index in chosen]


@dataclass(frozen=True)
class Tracks:
    """uint8 scores of a model over everything that it is judged by."""

    words: list[np.ndarray]
    others: list[np.ndarray]
    ambient: list[np.ndarray]

    def choose(self, target_fah: float, max_clip_fpr: float) -> Choice:
        """The cutoff and window to ship: false accepts under the target first, then recall."""
        surface = operating_points(self.words, self.others, self.ambient, WINDOWS)
        return choose_cutoff(surface, target_fah, max_clip_fpr)


def tracks(model: bytes, words, others, ambient) -> Tracks:
    """Stream every spectrogram (int8 [frames, 40]) through the int8 model, each from reset."""
    device = Device(model)
    return Tracks(*([device.scores(x) for x in _each(s)] for s in (words, others, ambient)))


def _each(store) -> Iterable[np.ndarray]:
    return (store[index] for index in range(len(store)))
