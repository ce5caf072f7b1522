"""Scenes to samples: the record of a scene and the clips it names, made into audio.

    audio = render(scene, run.find)                  # int16 [samples]

The same record makes the same samples.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from mwwkit.audio import effects
from mwwkit.audio.effect_recipes import AudioAugmentation
from mwwkit.audio.effects import db_to_gain, loudest_rms
from mwwkit.audio.rooms import load_room
from mwwkit.audio.wav16 import Wav16, to_float, to_int16
from mwwkit.scenes.scenes import RATE_HZ, Background, Item, Piece, Scene

REFERENCE_RMS = 0.1  # loudest frame of an item at 0 dB, before the scene's own level


def render(scene: Scene, locate) -> np.ndarray:
    """int16 [samples] at 16 kHz; `locate(path)` gives the file of a path in the run."""
    rng = np.random.default_rng(scene.seed)
    n_samples = int(round(scene.seconds * RATE_HZ))
    audio = np.zeros(n_samples, np.float32)
    for item in scene.items:
        _place(audio, _render_item(item, locate), int(round(item.at_s * RATE_HZ)))
    if scene.room:
        audio = effects.apply_rir(audio, _room(str(locate(scene.room))), 1 - scene.dry)
    background = _render_background(scene.background, n_samples, locate, rng)
    if background is not None:
        level = loudest_rms(background)
        if level > effects.SILENCE:
            background *= np.float32(REFERENCE_RMS / level / db_to_gain(scene.background.snr_db))
            audio += background
    if scene.floor_db:
        audio += _floor(scene.floor_db, n_samples, rng)
    if scene.peak_dbfs is not None:
        peak = max(float(audio.max()), -float(audio.min()), effects.SILENCE)
        audio *= np.float32(db_to_gain(scene.peak_dbfs) / peak)
    return to_int16(audio)


def _render_item(item: Item, locate) -> np.ndarray:
    audio = effects.change_speed(_load(item.piece, locate), item.speed)
    if item.effects:
        audio = AudioAugmentation.apply(audio, RATE_HZ, item.effects)
    return audio if item.level_db is None else _levelled(audio, item.level_db)


def _levelled(audio: np.ndarray, level_db: float) -> np.ndarray:
    """At `level_db` re the reference, with 5 ms ramps so that cuts do not click."""
    level = loudest_rms(audio)
    if level < effects.SILENCE:
        return audio
    audio = audio * np.float32(REFERENCE_RMS * db_to_gain(level_db) / level)
    n_ramp = min(RATE_HZ // 200, audio.size // 2)
    ramp = _ramp(n_ramp)
    audio[:n_ramp] *= ramp
    audio[audio.size - n_ramp :] *= ramp[::-1]
    return audio


@lru_cache(maxsize=8)
def _ramp(n_samples: int) -> np.ndarray:
    return np.linspace(0, 1, n_samples, dtype=np.float32)


def _render_background(background: Background, n_samples: int, locate, rng) -> np.ndarray | None:
    if background.kind == "quiet":
        return None
    if background.kind == "coloured":
        audio = effects.colour_noise(n_samples, background.slope_db_octave, rng)
    else:
        audio = np.zeros(n_samples, np.float32)
        for chain in background.voices:
            at = 0
            for piece in chain:
                sound = _load(piece, locate)
                _place(audio, sound if background.kind == "noise" else _levelled(sound, 0.0), at)
                at += sound.size
            if background.kind == "noise" and 0 < at < n_samples:
                audio = np.resize(audio[:at], n_samples)
    if background.gains_db:
        gains_db = np.interp(
            np.linspace(0, 1, n_samples // 160),
            np.linspace(0, 1, len(background.gains_db)),
            background.gains_db,
        )
        gains = effects.db_to_gain_array(gains_db).astype(np.float32)
        audio[: gains.size * 160] *= np.repeat(gains, 160)
    return audio


def _floor(levels_db: tuple[float, ...], n_samples: int, rng) -> np.ndarray:
    """The scene's faint background noise: uniform, with a level for each part."""
    noise = rng.random(n_samples, dtype=np.float32)
    noise -= np.float32(0.5)
    for part, level_db in zip(np.array_split(noise, len(levels_db)), levels_db, strict=True):
        part *= np.float32(db_to_gain(level_db) * np.sqrt(12))
    return noise


def _place(audio: np.ndarray, sound: np.ndarray, at: int) -> None:
    room = max(min(sound.size, audio.size - at), 0)
    audio[at : at + room] += sound[:room]


def _load(piece: Piece, locate) -> np.ndarray:
    first, last = int(round(piece.from_s * RATE_HZ)), int(round(piece.to_s * RATE_HZ))
    return to_float(_clip(locate(piece.path))[first:last])


@lru_cache(maxsize=4096)  # a clip is in many scenes; checking its header costs as much as its span
def _clip(path: Path) -> Wav16:
    return Wav16(path)


@lru_cache(maxsize=256)  # at most 16 MB of aligned 1 s responses
def _room(path: str) -> np.ndarray:
    return load_room(Path(path))
