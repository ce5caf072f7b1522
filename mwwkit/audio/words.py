"""Where in a clip the word is.

Everything the model learns hangs on this moment: a label that comes too early makes it fire on
half the word, one that comes late makes it slow.
"""

from dataclasses import dataclass

import numpy as np

from mwwkit import firmware

HOP_S = 0.010
BELOW_LOUDEST_DB = 20.0  # hops this close to the loudest belong to the word


@dataclass(frozen=True)
class Span:
    """A part of a clip, in seconds from its start."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def word_span(audio: np.ndarray, sample_rate_hz: int = firmware.SAMPLE_RATE_HZ) -> Span:
    """From the first to the last 10 ms hop within 20 dB of the loudest; audio is [samples].

    Right for a clean clip of one word. Breath, a click or a second sound within 20 dB moves it:
    `plausible` says when not to trust it.
    """
    hop = int(HOP_S * sample_rate_hz)
    whole = audio.size // hop
    if not whole:
        return Span(0.0, audio.size / sample_rate_hz)
    power = np.mean(audio[: whole * hop].reshape(whole, hop).astype(np.float64) ** 2, axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-BELOW_LOUDEST_DB / 10))
    return Span(float(loud[0] * HOP_S), float((loud[-1] + 1) * HOP_S))
