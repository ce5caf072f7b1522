"""The WAV files that mwwkit itself keeps: 16 kHz, mono, 16 bit; and their samples.

    write_wav16(part / "word.wav", audio)         # inside `files.replacing`
    words = Wav16(path)[16_000:32_000]            # [n] int16, only that span is touched

The header is always the same, so the same samples give the same bytes.
"""

import hashlib
import os
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mwwkit.audio.reading import INT16_SCALE, AudioValidationError
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.errors import WrongInput

WAV_HEADER_BYTES = 44  # RIFF, fmt and data chunk
_BLOCK = 1 << 16  # samples that are scaled at once: of a stream of minutes no copy is made


def to_int16(audio: np.ndarray) -> np.ndarray:
    """[n] float32, -1..1 -> [n] int16, rounded and clipped."""
    samples = np.empty(audio.shape, "<i2")
    for at in range(0, len(audio), _BLOCK):
        scaled = audio[at : at + _BLOCK] * INT16_SCALE
        np.clip(scaled, -INT16_SCALE, INT16_SCALE - 1, out=scaled)  # in place: a tenth of the time
        samples[at : at + _BLOCK] = np.rint(scaled, out=scaled)
    return samples


def to_float(samples: np.ndarray) -> np.ndarray:
    """[n] int16 -> [n] float32, -1..1."""
    audio = samples.astype(np.float32)
    audio /= np.float32(INT16_SCALE)
    return audio


def pcm_sha256(samples: np.ndarray) -> str:
    """The SHA-256, in hex, of 16-bit PCM: the same sound under two names has the same."""
    return hashlib.sha256(np.ascontiguousarray(samples, "<i2")).hexdigest()


def write_wav16(path: Path, audio: np.ndarray | Iterable[np.ndarray]) -> int:
    """Write 16 kHz mono 16-bit; return the number of samples. Use it inside `files.replacing`.

    `audio` is one array or pieces of one: float32 in -1..1, or int16. The header has 44 bytes
    and no chunk but `fmt ` and `data`, so the same samples are the same file.
    """
    with open(path, "wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        for piece in [audio] if isinstance(audio, np.ndarray) else audio:
            samples = piece if piece.dtype == np.int16 else to_int16(piece)
            file.writeframesraw(samples.tobytes())
        return file.getnframes()


class Wav16:
    """Random access to a WAV that `write_wav16` wrote; a slice reads only its own span."""

    def __init__(self, path: Path):
        """Open `path`. Raises AudioValidationError when `write_wav16` did not write it."""
        n_bytes = os.stat(path).st_size - WAV_HEADER_BYTES
        try:
            with wave.open(str(path)) as file:
                form = file.getnchannels(), file.getsampwidth(), file.getframerate()
                n_promised = file.getnframes()
        except (wave.Error, EOFError, RuntimeError):  # for a size past the end
            form, n_promised = None, 0
        if form != (1, 2, SAMPLE_RATE_HZ) or n_bytes != 2 * n_promised:
            raise AudioValidationError(
                f"{path} is not a whole 16 kHz mono 16-bit WAV as mwwkit writes it; "
                "make it again with 01, or read it with mwwkit.audio.reading.read"
            )
        self.path = Path(path)
        self.n_samples = n_bytes // 2

    def __len__(self) -> int:
        """The number of samples."""
        return self.n_samples

    def __getitem__(self, span: slice) -> np.ndarray:
        """[n] int16 of a slice with step 1; like a list's, it stops at the end."""
        start, stop, step = span.indices(self.n_samples)
        if step != 1:
            raise WrongInput(f"{self.path}: the slice has step {step}; wanted 1")
        n_samples = max(0, stop - start)
        offset = WAV_HEADER_BYTES + 2 * start
        return np.fromfile(self.path, "<i2", n_samples, offset=offset)
