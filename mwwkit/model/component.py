"""ESPHome's `micro_wake_word` on a PC: from stored features to detections, by a manifest.

    component = Component.load(Path("computer.json"), vad=Path("vad.json"))
    heard = component.hear(features)                   # int8 [frames, 40], from power-on
    print([d.time_s for d in heard.detections], len(heard.blocked))

The whole chain is the device's own: features (`audio.frontend.quantise`), models (`device`, the
reference engine unless another is asked for), cutoffs, windows, pauses and voice (`detector`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mwwkit.detector import Detection, StreamingDetector, voice_track
from mwwkit.model import manifest
from mwwkit.model.device import Device


@dataclass(frozen=True)
class Model:
    """A model with what its manifest says: a wake word's or a VAD's."""

    device: Device
    cutoff: float
    window: int

    @classmethod
    def load(cls, path: Path, engine: str | None = None) -> Model:
        """Read a manifest and its model; ManifestError, FileNotFoundError or DeviceError."""
        read = manifest.read(path)
        device = Device(path.parent / read.model, reference=engine is None, engine=engine)
        return cls(device, read.probability_cutoff, read.sliding_window_size)


@dataclass(frozen=True)
class Heard:
    """What a stream brought: scores uint8 [steps], detections, and those without a voice."""

    scores: np.ndarray
    voice: np.ndarray | None  # bool [slices]; None without a VAD model
    detections: tuple[Detection, ...]
    blocked: tuple[Detection, ...]


@dataclass(frozen=True)
class Component:
    """A wake word, and the VAD model that it needs beside it, if any."""

    word: Model
    vad: Model | None = None

    @classmethod
    def load(cls, word: Path, vad: Path | None = None, engine: str | None = None) -> Component:
        """Read the manifests and their models, for one of `device.ENGINES` or the reference."""
        return cls(Model.load(word, engine), None if vad is None else Model.load(vad, engine))

    def hear(self, features: np.ndarray) -> Heard:
        """Listen to one stream from power-on, int8 [frames, 40], and go on after detections."""
        scores, voice = self.word.device.scores(features), None
        if self.vad is not None:
            stride = self.vad.device.stride
            heard = self.vad.device.scores(features)
            voice = voice_track(heard, self.vad.cutoff, self.vad.window, stride)
        stride = self.word.device.stride
        detector = StreamingDetector(self.word.cutoff, self.word.window, stride=stride)
        found = detector.run(scores, voice)
        return Heard(scores, voice, tuple(found), tuple(detector.blocked))
