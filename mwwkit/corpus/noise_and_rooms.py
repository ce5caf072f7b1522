"""Noise and rooms for those who have none. Recorded ones are better: these are a start.

audio = noise(rng, seconds=60)      # [n] float32 at 16 kHz
rir = room(rng)                     # [n] float32, the direct sound first
"""

import numpy as np
import scipy

from mwwkit.audio.effects import colour_noise
from mwwkit.device.firmware import SAMPLE_RATE_HZ

LICENCE = "CC0-1.0 (made by mwwkit)"
SPEED_OF_SOUND_M_S = 343.0


def noise(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """[n] float32 at 16 kHz, peak 0.5: a colour of noise that swells, often with hum, fan or ticks.

    Colours from white (0 dB an octave) to brown (-6).
    """
    n = round(seconds * SAMPLE_RATE_HZ)
    t = np.arange(n) / SAMPLE_RATE_HZ
    audio = colour_noise(n, rng.uniform(-6, 0), rng).astype(np.float64)
    audio *= 10 ** (_slow_curve(n, rng.uniform(0, 8), rng) / 20)
    if rng.random() < 0.4:  # mains, or a motor: a tone with its harmonics
        base_hz = rng.choice([50.0, 60.0, rng.uniform(80, 300)])
        for k in range(1, 8):
            audio += rng.uniform(0, 1) / k * np.sin(2 * np.pi * (k * base_hz * t + rng.random()))
    if rng.random() < 0.4:  # a band of it turns round, as a fan or tyres do
        band = scipy.signal.butter(
            2,
            np.sort(rng.uniform(200, 5000, 2)) + [0, 100],
            "bandpass",
            fs=SAMPLE_RATE_HZ,
            output="sos",
        )
        turning = 1 + np.sin(2 * np.pi * rng.uniform(0.2, 6) * t)
        audio += rng.uniform(0.5, 2) * turning * scipy.signal.sosfilt(band, rng.standard_normal(n))
    if rng.random() < 0.3:  # knocks, dishes, keys
        audio += rng.uniform(2, 8) * _clicks(n, rng)
    return (0.5 * audio / np.abs(audio).max()).astype(np.float32)


def _slow_curve(n: int, depth_db: float, rng: np.random.Generator) -> np.ndarray:
    """[n] dB, a random curve that turns about every two seconds."""
    n_knots = max(2, n // (2 * SAMPLE_RATE_HZ))
    knots = rng.uniform(-depth_db, depth_db, n_knots)
    return np.interp(np.linspace(0, n_knots - 1, n), np.arange(n_knots), knots)


def _clicks(n: int, rng: np.random.Generator) -> np.ndarray:
    """[n], about one short ringing burst a second."""
    audio = np.zeros(n)
    for at in rng.integers(0, n, max(1, n // SAMPLE_RATE_HZ)):
        length = min(int(rng.integers(200, 3000)), n - int(at))
        t = np.arange(length)
        ring = np.sin(2 * np.pi * rng.uniform(300, 5000) / SAMPLE_RATE_HZ * t)
        ring += rng.standard_normal(length)
        audio[at : at + length] += rng.uniform(0.2, 1) * ring * np.exp(-6 * t / length)
    return audio


def room(rng: np.random.Generator) -> np.ndarray:
    """[n] float32, peak 1 at the first sample: a room of 0.15 to 0.8 s, from near or far.

    The direct sound, a few early reflections, and noise that decays exponentially, faster in the
    high bands, as walls and air do it (Polack's model of late reverberation, 1988).
    """
    rt60_s = float(np.exp(rng.uniform(np.log(0.15), np.log(0.8))))
    n = int(rt60_s * SAMPLE_RATE_HZ)
    t = np.arange(n) / SAMPLE_RATE_HZ
    tail = np.zeros(n)
    for low_hz, high_hz, share in ((60, 500, 1.1), (500, 2000, 1.0), (2000, 7500, 0.6)):
        band = scipy.signal.butter(
            2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE_HZ, output="sos"
        )
        decay = 10 ** (-3 * t / (rt60_s * share * rng.uniform(0.85, 1.15)))
        tail += scipy.signal.sosfilt(band, rng.standard_normal(n)) * decay
    tail[: int(0.003 * SAMPLE_RATE_HZ)] = 0
    direct_to_tail_db = rng.uniform(-3, 12)
    tail *= 10 ** (-direct_to_tail_db / 20) / np.sqrt(np.sum(tail**2))
    for _ in range(int(rng.integers(3, 9))):
        metres = rng.uniform(0.5, 8)
        at = int(metres / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ)
        if at < n:
            tail[at] += rng.choice([-1, 1]) * rng.uniform(0.1, 0.6) / (1 + metres)
    tail[0] = 1.0
    return (tail / np.abs(tail).max()).astype(np.float32)
