"""Impulse responses of rooms (RIRs): checked, and cut so that the direct sound comes first."""

from pathlib import Path

import numpy as np

from mwwkit import firmware
from mwwkit.audio.reading import AudioValidationError, read

LONGEST_S = 1.0  # of a tail that is kept: 12 s scenes hold several words, and 60 dB is long gone
ONSET_BELOW_PEAK_DB = 12.0  # the direct sound is the first sample this close to the peak


def onset(rir: np.ndarray) -> int:
    """The sample at which the direct sound arrives: the first within 12 dB of the peak.

    Libraries made for music do not align onsets (up to 0.28 s late), which would move a word's end.
    """
    level = np.abs(rir)
    return int(np.argmax(level >= level.max() * 10 ** (-ONSET_BELOW_PEAK_DB / 20)))


def aligned(rir: np.ndarray, sample_rate_hz: int = firmware.SAMPLE_RATE_HZ) -> np.ndarray:
    """The response from its direct sound on, at most 1 s, faded at the cut, of energy 1.

    Raises AudioValidationError for one that is silent or shorter than 64 samples.
    """
    if rir.size < 64 or not np.isfinite(rir).all() or float(np.sum(rir.astype(float) ** 2)) < 1e-6:
        raise AudioValidationError(
            f"an impulse response of {rir.size} samples is too short, silent or not finite"
        )
    kept = rir[onset(rir) :][: int(LONGEST_S * sample_rate_hz)].astype(np.float32)
    fade = min(kept.size // 4, sample_rate_hz // 20)
    if fade and kept.size == int(LONGEST_S * sample_rate_hz):
        kept[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return kept / np.float32(np.sqrt(np.sum(kept.astype(float) ** 2)))


def load_room(path: Path) -> np.ndarray:
    """An aligned response at 16 kHz from a file."""
    return aligned(read(path, firmware.SAMPLE_RATE_HZ))
