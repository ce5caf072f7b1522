"""ESPHome's `micro_wake_word` on a PC: from stored features to detections, by a manifest.

    component = Component.load(Path("computer.json"), vad=Path("vad.json"))
    heard = component.hear(features)                   # int8 [frames, 40], from power-on
    print([d.time_s for d in heard.detections], len(heard.blocked))
    listening = component.listening()                  # the same piece by piece:
    heard = listening.hear(piece)

The whole chain is the device's own: features (`audio.frontend.quantise`), models (`device`, the
reference engine unless another is asked for), cutoffs, windows, pauses and voice (`detector`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mwwkit.device.detector import Detection, Rule, StreamingDetector, voice_track
from mwwkit.device.simulator import Device
from mwwkit.esphome import manifest


@dataclass(frozen=True)
class Model(Rule):
    """A model with the rule that its manifest says: a wake word's or a VAD's."""

    device: Device

    @classmethod
    def load(cls, path: Path, engine: str | None = None) -> Model:
        """Read a manifest and its model; ManifestError, FileNotFoundError or DeviceError."""
        read = manifest.read(path)
        device = Device(path.parent / read.model, reference=engine is None, engine=engine)
        return cls(read.probability_cutoff, read.sliding_window_size, device)


@dataclass(frozen=True)
class Heard:
    """Result of a stream: uint8 scores [steps], detections, and those blocked by the VAD model."""

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
        return self.listening().hear(features)

    def listening(self) -> Listening:
        """Power on, for a stream that comes in pieces."""
        return Listening(self)


class Listening:
    """A component from power-on, fed a stream in pieces; its state is kept between them."""

    def __init__(self, component: Component):
        """Power on."""
        word, self._vad = component.word, component.vad
        self._word = word.device.stream()
        self._detector = StreamingDetector(word.cutoff, word.window, stride=self._word.stride)
        self._waiting = np.zeros(0, bool)  # the voice in slices of a step that is not whole yet
        if self._vad is not None:
            self._vad_stream = self._vad.device.stream()
            self._vad_scores = np.zeros(self._vad.window, np.uint8)  # the newest
            self._slice = 0

    def hear(self, features: np.ndarray) -> Heard:
        """Hear the next piece, int8 [frames, 40]; times are counted from power-on."""
        scores = self._word.scores(features)
        voice = heard = None if self._vad is None else self._voice(features)
        if voice is not None:
            voice_of_steps = np.concatenate([self._waiting, voice])
            n_slices = len(scores) * self._word.stride
            heard, self._waiting = voice_of_steps[:n_slices], voice_of_steps[n_slices:]
        detections = self._detector.run(scores, heard)
        blocked, self._detector.blocked = self._detector.blocked, []
        return Heard(scores, voice, tuple(detections), tuple(blocked))

    def _voice(self, features: np.ndarray) -> np.ndarray:
        """bool [frames]: whether the VAD model hears a voice in each new slice."""
        stride, window = self._vad.device.stride, self._vad.window
        known = np.concatenate([self._vad_scores, self._vad_stream.scores(features)])
        track = voice_track(known, self._vad, stride)
        # The track begins `window` steps before the first step that is not whole at the begin.
        at = window * stride + self._slice % stride + np.arange(len(features))
        self._vad_scores, self._slice = known[len(known) - window :], self._slice + len(features)
        return track[np.minimum(at, len(track) - 1)]
