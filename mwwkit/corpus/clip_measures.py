"""What can be measured of a recording: level, noise under it, clipping, how high its sounds go.

    found = measured(audio)                            # float32 [n] at 16 kHz
    found.floor_db, found.over_noise_db
    remarks_on(found)                                  # what to do better

A level is that of 32 ms, over 60 Hz, in dB under full scale: the loudest, and, for the noise, the
one that a tenth of them stay under.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from mwwkit.corpus.clips import FRAME, FULL_SCALE, loudest_frame_db
from mwwkit.device.firmware import SAMPLE_RATE_HZ

FLOOR_SHARE = 0.1
CLIPPED_FROM = 0.001  # of the samples at full scale: heard as a rattle
SOFT_DB = -50.0  # loudest 32 ms of a word under this: the microphone hears little of it
NOISY_DB = 12.0  # a word so little over its own noise is hard to tell from it
LONG_S = 4.0  # a word with its silence
NEXT_TO_NOTHING_DB = 60.0  # under the loudest part of the spectrum
NARROW_HZ = 4500.0  # nothing over this: a telephone, or a codec that saved
LOUDER = "come nearer, speak up, or raise the microphone's level"


@dataclass(frozen=True)
class Measured:
    """What one sound is like."""

    seconds: float
    loudest_db: float
    floor_db: float
    clipped: float  # share of the samples
    bandwidth_hz: float  # over this there is next to nothing

    @property
    def over_noise_db(self) -> float:
        """How far its loudest part stands over its softest."""
        return self.loudest_db - self.floor_db


def measured(audio: np.ndarray) -> Measured:
    """Measure float32 [n] at 16 kHz, -1..1; of nothing at all, silence."""
    return Measured(
        seconds=len(audio) / SAMPLE_RATE_HZ,
        loudest_db=loudest_frame_db(audio),
        floor_db=_floor_db(audio),
        clipped=float(np.mean(np.abs(audio) >= FULL_SCALE)) if len(audio) else 0.0,
        bandwidth_hz=_bandwidth_hz(audio),
    )


def _floor_db(audio: np.ndarray) -> float:
    n_frames = len(audio) // FRAME
    if not n_frames:
        return -200.0
    frames = audio[: n_frames * FRAME].reshape(n_frames, FRAME)
    frames = frames - frames.mean(axis=1, keepdims=True)  # a constant level is no sound
    return _db(float(np.quantile(np.sqrt(np.mean(frames**2, axis=1)), FLOOR_SHARE)))


def _bandwidth_hz(audio: np.ndarray) -> float:
    if len(audio) < FRAME or not np.any(audio):
        return 0.0
    hertz, power = scipy.signal.welch(audio, SAMPLE_RATE_HZ, nperseg=FRAME)
    heard = power > power.max() * 10 ** (-NEXT_TO_NOTHING_DB / 10)
    return float(hertz[heard].max(initial=0.0))


def _db(amplitude: float) -> float:
    return 20 * float(np.log10(max(amplitude, 1e-10)))


def remarks_on(found: Measured, most_s: float = LONG_S) -> list[str]:
    """What to do better about a recording that can be used, in plain words; [] where it is good."""
    told = []
    if found.clipped >= CLIPPED_FROM:
        share = f"{found.clipped:.1%} of it is cut off at full scale"
        told.append(f"{share}: go further away, or lower the microphone's level")
    if found.loudest_db < SOFT_DB:
        told.append(f"very soft ({found.loudest_db:.0f} dBFS): {LOUDER}")
    if found.over_noise_db < NOISY_DB:
        over = f"{found.over_noise_db:.0f} dB over its noise"
        told.append(f"only {over}: leave a little silence before and after, or find a quieter room")
    if found.seconds > most_s:
        told.append(f"{found.seconds:.1f} s long: one word a recording, with little around it")
    return told
