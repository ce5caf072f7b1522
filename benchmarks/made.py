"""Recordings that the benchmarks make for themselves: speech-like, seeded, any number of them.

    recordings(folder, clips=400, minutes=20, seed=1)  # positive/ negative/ hard_negative/ ambient/
    real_recordings(folder, data, clips=400)           # links to real ones, in the same folders

A made "word" is a row of syllables: pulses and breath through two moving resonances. The wake word
always has the same three; so a model can learn it, and every stage has its real work to do.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import signal

from benchmarks.folds import index
from mwwkit.audio.wav16 import write_wav16
from mwwkit.run.seeds import rng

RATE_HZ = 16_000
Syllable = tuple[float, float]  # two resonances, Hz
WAKE_WORD: tuple[Syllable, ...] = ((350, 2200), (700, 1100), (450, 1600))


def spoken(word: Sequence[Syllable], voice: np.random.Generator) -> np.ndarray:
    """A word by one voice, float32 [n], with some silence around it."""
    pitch_hz, tract = voice.uniform(90, 230), voice.uniform(0.9, 1.15)
    sounds = [_breath(voice, 0.1, 1e-3)]
    for first_hz, second_hz in word:
        n = int(voice.uniform(0.14, 0.24) * RATE_HZ)
        glide = pitch_hz * voice.uniform(0.9, 1.1) * np.linspace(1.0, voice.uniform(0.85, 1.15), n)
        phase = np.cumsum(glide) / RATE_HZ
        pulses = np.diff(np.floor(phase), prepend=0.0) + voice.normal(0, 0.02, n)
        for hertz in (first_hz * tract, second_hz * tract):
            b, a = signal.iirpeak(hertz, hertz / 120, fs=RATE_HZ)
            pulses = signal.lfilter(b, a, pulses) + 0.05 * pulses
        sounds += [pulses / np.abs(pulses).max() * np.hanning(n), _breath(voice, 0.03, 1e-3)]
    sounds.append(_breath(voice, 0.1, 1e-3))
    audio = np.concatenate(sounds)
    return (audio * 10 ** (voice.uniform(-20, -3) / 20)).astype(np.float32)


def _breath(voice: np.random.Generator, seconds: float, level: float) -> np.ndarray:
    return voice.normal(0, level, int(seconds * RATE_HZ))


def another_word(voice: np.random.Generator) -> tuple[Syllable, ...]:
    """One to four syllables that are not the wake word's."""
    n = int(voice.integers(1, 5))
    return tuple((voice.uniform(250, 900), voice.uniform(1000, 2600)) for _ in range(n))


def talk(seconds: float, voice: np.random.Generator) -> np.ndarray:
    """Other words one after another, float32 [n]."""
    parts, n = [], 0
    while n < seconds * RATE_HZ:
        parts.append(spoken(another_word(voice), voice))
        n += len(parts[-1])
    return np.concatenate(parts)[: int(seconds * RATE_HZ)]


def recordings(folder: Path, clips: int, minutes: float, seed: int = 0) -> None:
    """Write `clips` words (three in ten are the wake word) and `minutes` of other talk."""
    for number in range(clips):
        voice = rng(seed, "clip", number)
        role = (
            "positive" if number % 10 < 3 else "hard_negative" if number % 10 == 3 else "negative"
        )
        if role == "positive":
            word = WAKE_WORD
        elif role == "hard_negative":  # two thirds of it
            word = WAKE_WORD[:2] + another_word(voice)[:1]
        else:
            word = another_word(voice)
        _write(folder / role / f"{number:06d}.wav", spoken(word, voice))
    for number in range(int(np.ceil(minutes))):
        voice = rng(seed, "talk", number)
        seconds = 60 * min(minutes - number, 1.0)
        _write(folder / "ambient" / f"{number:04d}.wav", talk(seconds, voice))


def _write(path: Path, audio: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav16(path, audio)


def real_recordings(folder: Path, data: Path, clips: int, word: str = "computer") -> None:
    """Link real ones: `clips` of the word and of others, and a fifth as many of everything else."""
    roles = {"speech": "ambient", "noise": "background", "rir": "rirs"}
    taken: dict[str, int] = {}
    for row in index(data).values():
        if row.kind == "keyword":
            role = "positive" if row.word == word else "negative"
        else:
            role = roles.get(row.kind, "")
        most = clips if role in ("positive", "negative") else clips // 5
        if not role or (word in row.word and row.word != word) or taken.get(role, 0) >= most:
            continue
        link = folder / role / f"{taken.get(role, 0):06d}{Path(row.path).suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink((data / row.path).absolute(), link)
        taken[role] = taken.get(role, 0) + 1
