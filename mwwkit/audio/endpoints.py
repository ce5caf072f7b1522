"""Where in a clip the word is.

Everything the model learns hangs on this moment: a label that comes too early makes it fire on
half the word, one that comes late makes it slow. The loudest energy is not the word where a mains
hum, breath or a click is in the clip too, so activity is measured in bands, each over its own
noise floor.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mwwkit.device import firmware

RATE_HZ = firmware.SAMPLE_RATE_HZ
HOP, WINDOW, FFT = 160, 400, 512  # 10 ms, 25 ms
N_BANDS, LOWEST_HZ, HIGHEST_HZ = 20, 200.0, 7000.0  # above mains hum, below what 16 kHz cuts off
LOUD_BANDS = 7  # a fricative is in a third of the bands only
FLOOR_PERCENTILE = 20.0  # of a band's levels over the clip: the noise between words
FLOOR_BELOW_PEAK_DB = 50.0  # digital silence is no floor
MARGIN_DB, MOST_DB = 4.0, 40.0  # over the floor: where activity begins, and where it is full
SHARE = 0.3  # of the clip's highest activity that still is the word
LONGEST_GAP_S = 0.18  # inside a word: the closure of a stop such as the k of "alexa"


@dataclass(frozen=True)
class Span:
    """A part of a clip, in seconds from its start."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def over_floor(audio: np.ndarray) -> np.ndarray:
    """How far each band is over its own noise floor, dB [frames, 20], 0 to 40; a frame per 10 ms.

    `audio` [samples] at 16 kHz, 400 or more; frame i is centred on sample 160 i + 200.
    """
    frames = np.lib.stride_tricks.sliding_window_view(audio.astype(np.float32), WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), FFT)
    power = (spectrum.real**2 + spectrum.imag**2) @ _bands()
    level_db = 10 * np.log10(_smooth(power) + 1e-12)  # [frames, bands]
    floor_db = np.percentile(level_db, FLOOR_PERCENTILE, axis=0)
    floor_db = np.maximum(floor_db, level_db.max() - FLOOR_BELOW_PEAK_DB)
    return np.clip(level_db - floor_db - MARGIN_DB, 0, MOST_DB)


def activity(over_db: np.ndarray) -> np.ndarray:
    """How far the loudest third of the bands is over its floor, dB [frames], from `over_floor`."""
    return np.sort(over_db, axis=1)[:, -LOUD_BANDS:].mean(axis=1)


def _smooth(power: np.ndarray) -> np.ndarray:
    """The mean over three frames: one frame of a vowel may fall between two pulses of the voice."""
    padded = np.pad(power, ((1, 1), (0, 0)), mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def _bands() -> np.ndarray:
    """Bins to bands, evenly spaced in octaves, float [257, 20]."""
    bins_hz = np.fft.rfftfreq(FFT, 1 / RATE_HZ)
    edges_hz = np.geomspace(LOWEST_HZ, HIGHEST_HZ, N_BANDS + 1)
    inside = (bins_hz[:, None] >= edges_hz[:-1]) & (bins_hz[:, None] < edges_hz[1:])
    return inside / np.maximum(inside.sum(axis=0), 1)


def word_span(audio: np.ndarray) -> Span:
    """The stretch of most activity in a 16 kHz clip [samples]; all of it where nothing stands out.

    Good to some 20 ms on a clear clip. Two words, or a voice behind, mislead it: where many clips
    hold the same word, `mwwkit.audio.alignment` does better.
    """
    if audio.size < WINDOW:
        return Span(0.0, audio.size / RATE_HZ)
    return most_active(over_floor(audio), audio.size / RATE_HZ)


def most_active(over_db: np.ndarray, clip_s: float) -> Span:
    """The same span as `word_span`, for callers that already have `over_floor` of the clip."""
    level = activity(over_db)
    active = np.flatnonzero(level >= max(SHARE * level.max(), 1.0))
    if not len(active):
        return Span(0.0, clip_s)
    breaks = np.flatnonzero(np.diff(active) * HOP > LONGEST_GAP_S * RATE_HZ) + 1
    stretches = np.split(active, breaks)
    best = max(stretches, key=lambda frames: level[frames[0] : frames[-1] + 1].sum())
    return frames_span(best[0], best[-1] + 1, clip_s)


def frames_span(first: int, stop: int, clip_s: float) -> Span:
    """The time that frames `first` to `stop` - 1 stand for: 10 ms each, around their centres."""
    start, end = (number * HOP + (WINDOW - HOP) // 2 for number in (first, stop))
    return Span(start / RATE_HZ, min(end / RATE_HZ, clip_s))


def sure(spans: Iterable[Span]) -> list[bool]:
    """Which of many clips of the same word have a plausible span: 0.6 to 1.6 of the median's.

    The same word takes people about as long; where a span is far off, the detector found something
    else, and labels made from it would teach the wrong moment.
    """
    seconds = np.array([span.seconds for span in spans])
    middle = np.median(seconds) if len(seconds) else 0.0
    return [bool(0.6 * middle <= s <= 1.6 * middle) for s in seconds]
