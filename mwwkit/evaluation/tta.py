"""Test-time augmentation: one sound scored at several moments and levels, and the scores averaged.

    track = averaged(device, audio)              # uint8 [steps], as one pass would give

The device decides every 30 ms and hears each sound once; where in those 30 ms a word falls, and how
loud it is, is chance. The mean over that chance is a steadier figure of a clip than one pass, for
listening and for comparing models; a device does not do as well.
"""

import numpy as np

from mwwkit.audio.effects import db_to_gain
from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.reading import INT16_SCALE
from mwwkit.audio.wav16 import to_int16
from mwwkit.device import firmware
from mwwkit.device.simulator import Device

HOP = firmware.SAMPLE_RATE_HZ * firmware.HOP_MS // 1000  # samples
DELAYS = tuple(range(0, HOP * firmware.STRIDE, HOP))  # the phases of a step: 0, 10 and 20 ms
GAINS_DB = (-3.0, 0.0, 3.0)
VARIANTS = tuple((delay, gain_db) for delay in DELAYS for gain_db in GAINS_DB)


def variants(audio: np.ndarray) -> list[np.ndarray]:
    """int16 [samples] -> nine of the same length: later by 0, 10, 20 ms; 3 dB down, as is, up."""
    return [_varied(audio, delay, gain_db) for delay, gain_db in VARIANTS]


def _varied(audio: np.ndarray, delay: int, gain_db: float) -> np.ndarray:
    # Later by the audio's own first samples: silence would be a click to the front end.
    later = np.concatenate([audio[:delay], audio])[: len(audio)]
    if not gain_db:
        return later
    return to_int16(later.astype(np.float32) * np.float32(db_to_gain(gain_db) / INT16_SCALE))


def averaged(device: Device, audio: np.ndarray) -> np.ndarray:
    """The mean score track over `variants`, uint8 [steps], of int16 audio at 16 kHz.

    A step stands for the latest of its moments: latencies are up to 20 ms high, never low.
    """
    tracks = [device.scores(spectrogram(heard)) for heard in variants(audio)]
    return np.rint(np.mean(tracks, axis=0)).astype(np.uint8)
