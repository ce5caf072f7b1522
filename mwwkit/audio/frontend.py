"""The front end the device runs: PCM to spectrograms, bit for bit.

`pymicro-features` is the device's own C code. Its noise reduction and gain control adapt over
time, so features are computed over audio longer than a training window, as on a device that has
been listening for a while.
"""

import warnings
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymicro_features

from mwwkit.audio.reading import read
from mwwkit.audio.wav16 import to_int16
from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput

# The library hands out raw * 10/256 as a float (its README); the product undoes that exactly.
_RAW_PER_FEATURE = 25.6
_HOP_BYTES = 2 * firmware.SAMPLES_PER_HOP
_BLOCK = 1024  # frames
_BLOCK_BYTES = 512 * _HOP_BYTES  # one array of a long stream's values costs a twentieth more


@dataclass(frozen=True)
class FeatureConfig:
    """The front end's settings. The device fixes all of them; other values are refused."""

    sample_rate_hz: int = firmware.SAMPLE_RATE_HZ
    window_ms: int = firmware.WINDOW_MS
    hop_ms: int = firmware.HOP_MS
    bands: int = firmware.N_BANDS

    def __post_init__(self) -> None:  # noqa: D105
        if self.sample_rate_hz != firmware.SAMPLE_RATE_HZ:
            warnings.warn(
                f"sample_rate_hz is {self.sample_rate_hz}; the device listens at "
                f"{firmware.SAMPLE_RATE_HZ} Hz, so audio is resampled to that first",
                stacklevel=3,
            )
        fixed = (firmware.WINDOW_MS, firmware.HOP_MS, firmware.N_BANDS)
        if (self.window_ms, self.hop_ms, self.bands) != fixed:
            raise WrongInput(
                f"window_ms, hop_ms and bands are {(self.window_ms, self.hop_ms, self.bands)}; "
                f"the device's front end has {fixed} and cannot be told otherwise"
            )

    def fingerprint(self) -> dict:
        """What a feature store must agree on before two of its shards are mixed."""
        return {
            "front_end": f"pymicro-features {pymicro_features_major()}",
            "window_ms": self.window_ms,
            "hop_ms": self.hop_ms,
            "bands": self.bands,
            "grid": "int8 26/255",
        }


def pymicro_features_major() -> str:
    """The library's major version: its output is stable within one."""
    from importlib.metadata import version

    return version("pymicro-features").split(".")[0]


class MicroFrontend:
    """The device's front end, fed block by block; its state carries over between calls."""

    def __init__(self) -> None:
        """A fresh front end, as after power-on."""
        self._frontend = pymicro_features.create_frontend()
        self._rest = b""

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Raw frames, uint16 [frames, 40], of int16 PCM [samples] at 16 kHz.

        One frame for each whole hop of 160 samples once the first window is full; what is left
        over waits for the next call.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise WrongInput(f"pcm is {pcm.dtype} {pcm.shape}; wanted int16 [samples] at 16 kHz")
        data = memoryview(np.ascontiguousarray(pcm)).cast("B") if pcm.size else b""
        data = self._rest + bytes(data) if self._rest else data
        # The library reads 160 samples a call and silently drops the rest of a longer buffer.
        whole = len(data) - len(data) % _HOP_BYTES
        self._rest = bytes(data[whole:])
        blocks = [
            self._frames(bytes(data[at : min(at + _BLOCK_BYTES, whole)]))
            for at in range(0, whole, _BLOCK_BYTES)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, firmware.N_BANDS), np.uint16)

    def _frames(self, data: bytes) -> np.ndarray:
        """uint16 [frames, 40] of whole hops, few enough that the values stay in the cache."""
        values = array("d")
        extend, step, frontend = values.fromlist, pymicro_features.process_samples, self._frontend
        for start in range(0, len(data), _HOP_BYTES):
            extend(step(frontend, data[start : start + _HOP_BYTES])[0])
        frames = np.frombuffer(values)
        frames *= _RAW_PER_FEATURE
        return np.rint(frames, out=frames).astype(np.uint16).reshape(-1, firmware.N_BANDS)


def quantise(raw: np.ndarray) -> np.ndarray:
    """Raw front-end values (uint16) on the device's int8 grid, by the device's own arithmetic."""
    quantised = np.empty(raw.shape, np.int8)
    for at in range(0, len(raw), _BLOCK):  # of a long stream's values no copy in int32 is made
        grid = raw[at : at + _BLOCK].astype(np.int32)
        grid *= firmware.FEATURE_SCALE_NUM
        grid += firmware.FEATURE_ROUNDING
        grid //= firmware.FEATURE_SCALE_DEN
        grid += firmware.INPUT_ZERO_POINT
        quantised[at : at + _BLOCK] = np.clip(grid, firmware.INT8_MIN, firmware.INT8_MAX, out=grid)
    return quantised


def spectrogram(audio: np.ndarray) -> np.ndarray:
    """int8 [frames, 40] of 16 kHz audio [samples], int16 or float in -1..1, from a fresh start.

    frames = samples // 160 - 2: the first window needs three hops.
    """
    pcm = audio if audio.dtype == np.int16 else to_int16(audio)
    return quantise(MicroFrontend().process(pcm))


class SpectrogramGeneration:
    """Spectrograms of clips, one after another, on the device's int8 grid."""

    def __init__(self, config: FeatureConfig | None = None):
        """Use the device's settings unless others, which must agree with it, are given."""
        self.config = config or FeatureConfig()

    def generate(self, audio: np.ndarray) -> np.ndarray:
        """int8 [frames, 40] of 16 kHz audio [samples]."""
        return spectrogram(audio)

    def generate_from_file(self, path: Path) -> np.ndarray:
        """int8 [frames, 40] of an audio file at any rate; AudioValidationError if unreadable."""
        return spectrogram(read(path, firmware.SAMPLE_RATE_HZ))

    def process_batch(self, clips: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """int8 [frames, 40] of each clip; every one starts from a fresh front end."""
        return map(spectrogram, clips)
