"""Impulse responses of rooms (RIRs): checked, cut to begin with the direct sound, and measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from mwwkit.audio.reading import AudioValidationError, read
from mwwkit.device import firmware
from mwwkit.run.config_base import Checked, OneOf
from mwwkit.run.errors import WrongInput

LONGEST_S = 1.0  # of a tail that is kept: 12 s scenes hold several words, and 60 dB is long gone
ONSET_BELOW_PEAK_DB = 12.0  # the direct sound is the first sample this close to the peak
SHORTEST_S, LONGEST_FILE_S = 0.1, 5.0  # of a file that is taken for a room
LEAST_ENERGY = 1e-6
LATE_SHARE = 0.1  # of the length: a peak after it is an echo, or silence was recorded before it
STRATEGIES = ("none", "fixed", "random", "adaptive")


def onset(rir: np.ndarray) -> int:
    """The sample at which the direct sound arrives: the first within 12 dB of the peak.

    Libraries made for music do not align onsets (up to 0.28 s late), which would move a word's end.
    """
    level = np.abs(rir)
    return int(np.argmax(level >= level.max() * 10 ** (-ONSET_BELOW_PEAK_DB / 20)))


def aligned(rir: np.ndarray) -> np.ndarray:
    """The response at 16 kHz from its direct sound on, at most 1 s, faded at the cut, of energy 1.

    Raises AudioValidationError for one that is silent or shorter than 64 samples.
    """
    if rir.size < 64 or not np.isfinite(rir).all() or float(np.sum(rir.astype(float) ** 2)) < 1e-6:
        raise AudioValidationError(
            f"an impulse response of {rir.size} samples is too short, silent or not finite"
        )
    longest = int(LONGEST_S * firmware.SAMPLE_RATE_HZ)
    kept = rir[onset(rir) :][:longest].astype(np.float32)
    fade = min(kept.size // 4, firmware.SAMPLE_RATE_HZ // 20)
    if fade and kept.size == longest:
        kept[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return kept / np.float32(np.sqrt(np.sum(kept.astype(float) ** 2)))


def load_room(path: Path) -> np.ndarray:
    """An aligned response at 16 kHz from a file."""
    return aligned(read(path))


def validate_room(rir: np.ndarray, sample_rate_hz: int = firmware.SAMPLE_RATE_HZ) -> list[str]:
    """Why a recording cannot be a room's response, in plain words; empty when it can."""
    if not np.isfinite(rir).all():
        return ["holds samples that are NaN or infinite"]
    reasons, seconds = [], rir.size / sample_rate_hz
    if not SHORTEST_S <= seconds <= LONGEST_FILE_S:
        reasons.append(f"is {seconds:.3f} s long; wanted {SHORTEST_S} to {LONGEST_FILE_S} s")
    # A constant level is no sound.
    energy = float(np.var(rir.astype(float)) * rir.size) if rir.size else 0.0
    if not energy > LEAST_ENERGY:
        reasons.append(f"is silent, with an energy of {energy:.1e}; wanted over {LEAST_ENERGY:g}")
    return reasons


def is_late(rir: np.ndarray) -> bool:
    """Whether the peak is past 10 % of the length: worth a warning, since it may be no room."""
    return rir.size > 0 and int(np.argmax(np.abs(rir))) > LATE_SHARE * rir.size


def rt60(rir: np.ndarray, sample_rate_hz: int = firmware.SAMPLE_RATE_HZ) -> float:
    """Seconds in which the sound in the room falls by 60 dB; 0 for an impulse.

    Three times the fall from -5 to -25 dB of the energy that is still to come (Schroeder 1965;
    T20 of ISO 3382), which noise under the recording does not reach.
    """
    energy = np.cumsum(rir[::-1].astype(float) ** 2)[::-1]
    if not energy.size or energy[0] <= 0:
        return 0.0
    level_db = 10 * np.log10(np.maximum(energy / energy[0], 1e-12))
    fall = np.flatnonzero((level_db <= -5) & (level_db >= -25))
    if fall.size < 2:
        return 0.0
    slope_db = np.polyfit(fall / sample_rate_hz, level_db[fall], 1)[0]
    return float(-60 / slope_db) if slope_db < 0 else 0.0


@dataclass(frozen=True)
class DryShare(Checked):
    """How much of the sound stays dry beside the room.

    "none": all of it is in the room, as its response was recorded; "fixed": half way between
    `lowest` and `highest`; "random": anywhere between them; "adaptive": more, the longer the room
    rings, from `lowest` at an RT60 of 0.2 s to `highest` at 1.0 s, so that words stay words.
    """

    strategy: Annotated[str, OneOf(STRATEGIES)] = "random"
    lowest: float = 0.3
    highest: float = 0.7

    def refuse_together(self) -> None:
        """Raise ValueError for shares out of order."""
        if not 0 <= self.lowest <= self.highest <= 1:
            raise WrongInput(
                f"lowest and highest are {self.lowest} and {self.highest}; wanted 0 to 1, in order"
            )

    def draw(self, rng: np.random.Generator, rt60_s: float | None = None) -> float:
        """A share, 0 to 1; only "random" takes a number from `rng`.

        Raises ValueError for "adaptive" without the room's decay time.
        """
        if self.strategy == "none":
            return 0.0
        if self.strategy == "fixed":
            return (self.lowest + self.highest) / 2
        if self.strategy == "random":
            return float(rng.uniform(self.lowest, self.highest))
        if rt60_s is None:
            raise WrongInput("an adaptive dry share needs the room's rt60_s; none was given")
        return float(np.interp(rt60_s, (0.2, 1.0), (self.lowest, self.highest)))
