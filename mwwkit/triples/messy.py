"""Messy recordings: noise, tone controls, roll-off, crushing and clipping, drawn then applied.

What cheap microphones, rooms with fans and careless levels do to speech; the input side of the
triples. Everything is drawn before it happens, and the record alone does it again:

    chain = draw_chain(rng(seed, "chain", 17))       # a list that JSON holds exactly
    messy = apply_chain(audio, 48_000, chain)        # float32 [samples], as many as came in

Every effect is a pure function of float32 audio [samples], the rate and its settings. All
settings are within 8 kHz, so that a chain also fits 16 kHz audio.
"""

from math import gcd

import numpy as np
import scipy

from mwwkit.audio.effects import SILENCE, colour_noise, db_to_gain, mix_at_snr, rms
from mwwkit.run.errors import WrongInput

MAINS_HZ = 60
HUM_HARMONICS = 10  # of the mains, the first included
COLOURS = {"white": 0.0, "pink": -3.0, "brown": -6.0}  # dB an octave
NOISES = (*COLOURS, "hvac", "hum")
EFFECTS = ("noise", "eq", "high_pass", "low_pass", "bit_crush", "hard_clip")
N_EFFECTS = (3, 6)  # of a chain
WET = (0.3, 1.0)


def draw_mix(rng: np.random.Generator, wet: tuple[float, float] = WET) -> float:
    """The share of room in an input, 0.3 to 1; the rest is dry."""
    return _uniform(rng, *wet)


def draw_chain(rng: np.random.Generator, n_effects: tuple[int, int] = N_EFFECTS) -> list[dict]:
    """Three to six different effects in any order, each a dict of its name and settings."""
    n = int(rng.integers(n_effects[0], n_effects[1] + 1))
    names = [EFFECTS[i] for i in rng.permutation(len(EFFECTS))[:n]]
    return [{"effect": name, **_DRAW[name](rng)} for name in names]


def apply_chain(audio: np.ndarray, sample_rate_hz: int, chain: list[dict]) -> np.ndarray:
    """float32 [samples]: the effects of `chain`, one after another.

    Raises ValueError for an effect of another name, or a filter at or above Nyquist.
    """
    audio = audio.astype(np.float32)
    for record in chain:
        settings = {k: v for k, v in record.items() if k != "effect"}
        if record["effect"] not in _APPLY:
            raise WrongInput(f"effect is {record['effect']!r}; wanted one of {EFFECTS}")
        audio = _APPLY[record["effect"]](audio, sample_rate_hz, **settings)
    return audio


def apply_noise(
    audio: np.ndarray, sample_rate_hz: int, *, colour: str, snr_db: float, seed: int, fan_hz: int
) -> np.ndarray:
    """Add one of NOISES at an SNR of `snr_db`, measured over the whole audio and noise."""
    noise = make_noise(audio.size, sample_rate_hz, colour, seed, fan_hz)
    return mix_at_snr(audio, noise, snr_db, level=rms)


def make_noise(
    n_samples: int, sample_rate_hz: int, colour: str, seed: int, fan_hz: int = 120
) -> np.ndarray:
    """float32 [n_samples] of one of NOISES, about 1 RMS; the seed alone decides the samples.

    "hum" is 60 Hz and nine harmonics of falling strength. "hvac" is air in a duct, brown and
    rolled off from 500 Hz, with a fan's tone at `fan_hz` and its first harmonics.
    """
    rng = np.random.default_rng(seed)
    if colour in COLOURS:
        return colour_noise(n_samples, COLOURS[colour], rng)
    if colour == "hum":
        levels = np.arange(1, HUM_HARMONICS + 1, dtype=float) ** -1.0
        return _harmonics(n_samples, sample_rate_hz, MAINS_HZ, levels, rng)
    if colour != "hvac":
        raise WrongInput(f"colour is {colour!r}; wanted one of {NOISES}")
    air = colour_noise(n_samples, COLOURS["brown"], rng)
    tone = _harmonics(n_samples, sample_rate_hz, fan_hz, np.array([1.0, 0.5, 0.25]), rng)
    return apply_low_pass(air, sample_rate_hz, cutoff_hz=500.0, order=2) + np.float32(0.3) * tone


def _harmonics(n_samples: int, sample_rate_hz: int, base_hz: int, levels, rng) -> np.ndarray:
    """Lines at whole multiples of `base_hz` of 1 RMS in all; phases are random.

    One exact period is made and repeated: a tenth of the cost of so many sines.
    """
    period = sample_rate_hz // gcd(sample_rate_hz, base_hz)
    multiples = np.arange(1, len(levels) + 1)
    levels = np.where(multiples * base_hz < sample_rate_hz / 2, levels, 0.0)
    turns = np.outer(np.arange(period) / sample_rate_hz, multiples * base_hz)
    turn = np.cos(2 * np.pi * (turns + rng.random(len(levels)))) @ levels
    return np.resize(turn / np.sqrt(np.sum(levels**2) / 2), n_samples).astype(np.float32)


def apply_eq(
    audio: np.ndarray,
    sample_rate_hz: int,
    *,
    low_hz: float,
    low_db: float,
    mid_hz: float,
    mid_db: float,
    mid_q: float,
    high_hz: float,
    high_db: float,
) -> np.ndarray:
    """Three bands: a low shelf, a bell and a high shelf; a shelf is half way (dB) at its corner.

    Robert Bristow-Johnson's Audio EQ Cookbook, shelves of slope 1.
    """
    sections = np.array(
        [
            _shelf(sample_rate_hz, low_hz, low_db, high=False),
            _bell(sample_rate_hz, mid_hz, mid_db, mid_q),
            _shelf(sample_rate_hz, high_hz, high_db, high=True),
        ]
    )
    return _filtered(audio, sections)


def _bell(rate_hz: int, centre_hz: float, gain_db: float, q: float) -> list[float]:
    w = 2 * np.pi * _below_nyquist(centre_hz, rate_hz) / rate_hz
    a, alpha = db_to_gain(gain_db / 2), np.sin(w) / (2 * q)
    b = np.array([1 + alpha * a, -2 * np.cos(w), 1 - alpha * a])
    a = np.array([1 + alpha / a, -2 * np.cos(w), 1 - alpha / a])
    return [*(b / a[0]), *(a / a[0])]


def _shelf(rate_hz: int, corner_hz: float, gain_db: float, *, high: bool) -> list[float]:
    w = 2 * np.pi * _below_nyquist(corner_hz, rate_hz) / rate_hz
    a = db_to_gain(gain_db / 2)
    cos, root = (-1 if high else 1) * np.cos(w), np.sqrt(2 * a) * np.sin(w)
    sign = -1 if high else 1
    b = a * np.array(
        [
            (a + 1) - (a - 1) * cos + root,
            sign * 2 * ((a - 1) - (a + 1) * cos),
            (a + 1) - (a - 1) * cos - root,
        ]
    )
    a = np.array(
        [
            (a + 1) + (a - 1) * cos + root,
            sign * -2 * ((a - 1) + (a + 1) * cos),
            (a + 1) + (a - 1) * cos - root,
        ]
    )
    return [*(b / a[0]), *(a / a[0])]


def apply_high_pass(
    audio: np.ndarray, sample_rate_hz: int, *, cutoff_hz: float, order: int
) -> np.ndarray:
    """Butterworth: -3 dB at `cutoff_hz`, 6 dB an octave and order below it."""
    return _rolled_off(audio, sample_rate_hz, cutoff_hz, order, "highpass")


def apply_low_pass(
    audio: np.ndarray, sample_rate_hz: int, *, cutoff_hz: float, order: int
) -> np.ndarray:
    """Butterworth: -3 dB at `cutoff_hz`, 6 dB an octave and order above it."""
    return _rolled_off(audio, sample_rate_hz, cutoff_hz, order, "lowpass")


def _rolled_off(audio, sample_rate_hz: int, cutoff_hz: float, order: int, kind: str) -> np.ndarray:
    cutoff_hz = _below_nyquist(cutoff_hz, sample_rate_hz)
    return _filtered(
        audio, scipy.signal.butter(order, cutoff_hz, kind, fs=sample_rate_hz, output="sos")
    )


def _filtered(audio: np.ndarray, sections: np.ndarray) -> np.ndarray:
    if not audio.size:
        return audio.astype(np.float32)
    return scipy.signal.sosfilt(sections, audio).astype(
        np.float32
    )  # in float64, as low corners need


def _below_nyquist(frequency_hz: float, sample_rate_hz: int) -> float:
    if not 0 < frequency_hz < sample_rate_hz / 2:
        raise WrongInput(
            f"a frequency is {frequency_hz} Hz; wanted above 0 and below {sample_rate_hz / 2:g} Hz"
        )
    return frequency_hz


def apply_bit_crush(audio: np.ndarray, sample_rate_hz: int, *, bits: int) -> np.ndarray:
    """Rounded to steps of the peak over 2 ** (bits - 1), whatever the level; silence is left."""
    peak = _peak(audio)
    if peak < SILENCE:
        return audio.astype(np.float32)
    step = np.float32(peak / 2 ** (bits - 1))
    return (np.rint(audio / step) * step).astype(np.float32)


def apply_hard_clip(audio: np.ndarray, sample_rate_hz: int, *, under_peak_db: float) -> np.ndarray:
    """Cut off flat `under_peak_db` under the peak."""
    ceiling = np.float32(_peak(audio) / db_to_gain(under_peak_db))
    return np.clip(audio, -ceiling, ceiling).astype(np.float32)


def _peak(audio: np.ndarray) -> float:
    return max(float(audio.max(initial=0.0)), -float(audio.min(initial=0.0)))


def _draw_noise(rng: np.random.Generator) -> dict:
    return {
        "colour": NOISES[int(rng.integers(len(NOISES)))],
        "snr_db": _uniform(rng, 5.0, 40.0),
        "seed": int(rng.integers(2**31)),
        "fan_hz": int(rng.integers(60, 241)),
    }


def _draw_eq(rng: np.random.Generator) -> dict:
    return {
        "low_hz": _log_uniform(rng, 80, 300),
        "low_db": _uniform(rng, -12, 12),
        "mid_hz": _log_uniform(rng, 400, 3000),
        "mid_db": _uniform(rng, -12, 12),
        "mid_q": _log_uniform(rng, 0.5, 3.0),
        "high_hz": _log_uniform(rng, 3500, 7500),
        "high_db": _uniform(rng, -12, 12),
    }


def _draw_roll_off(lowest_hz: float, highest_hz: float):
    def draw(rng: np.random.Generator) -> dict:
        return {
            "cutoff_hz": _log_uniform(rng, lowest_hz, highest_hz),
            "order": int(rng.integers(1, 5)),
        }

    return draw


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 4)  # as the record is written: a replay is exact


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 4)


_DRAW = {
    "noise": _draw_noise,
    "eq": _draw_eq,
    "high_pass": _draw_roll_off(60.0, 500.0),
    "low_pass": _draw_roll_off(2000.0, 7500.0),
    "bit_crush": lambda rng: {"bits": int(rng.integers(5, 13))},
    "hard_clip": lambda rng: {"under_peak_db": _uniform(rng, 1.0, 15.0)},
}
_APPLY = {
    "noise": apply_noise,
    "eq": apply_eq,
    "high_pass": apply_high_pass,
    "low_pass": apply_low_pass,
    "bit_crush": apply_bit_crush,
    "hard_clip": apply_hard_clip,
}
