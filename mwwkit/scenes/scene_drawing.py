"""Scenes drawn: words, other sounds, a room and a background, chosen at random as records.

    scene = draw_scene(material, SceneSettings(), rng(seed, "scene", 17))

The shares were measured: voices behind, and pieces of the word as negatives, matter most.
"""

from dataclasses import dataclass, replace

import numpy as np

from mwwkit.audio.effect_recipes import AudioAugmentation, rounded
from mwwkit.audio.endpoints import Span
from mwwkit.audio.rooms import DryShare
from mwwkit.run.errors import WrongInput
from mwwkit.scenes.scenes import Background, Item, Piece, Scene

BACKGROUNDS = ("quiet", "noise", "coloured", "voice", "babble")
PER_ITEM = {"rir": 0.0, "background_noise": 0.0, "color_noise": 0.0, "gain": 0.0}


@dataclass(frozen=True)
class Word:
    """A clip that holds one word, and where the word is."""

    path: str
    seconds: float
    span: Span


@dataclass(frozen=True)
class Material:
    """What scenes of one split are made of; paths are relative to the run."""

    positives: tuple[Word, ...]  # the wake word
    negatives: tuple[Word, ...]  # short clips of anything else; hard negatives are repeated here
    speech: tuple[tuple[str, float], ...] = ()  # longer speech: path, seconds
    noises: tuple[tuple[str, float], ...] = ()
    rooms: tuple[str, ...] = ()
    rt60_s: tuple[float, ...] = ()  # of each room, where the dry share depends on it


@dataclass(frozen=True)
class SceneSettings:
    """The shares and ranges that scenes are drawn from."""

    seconds: float = 12.0
    word_shares: tuple[float, ...] = (0.0, 0.25, 0.4, 0.6)
    cut_word_share: float = 0.06  # of the other items: pieces of the wake word, as negatives
    speech_share: float = 0.5  # of the other items: pieces of longer speech
    gap_s: float = 2.5
    trimmed_share: float = 0.7  # of items cut to the word; the others keep their own silence
    level_db: float = 5.0
    gain_share: float = 1.0  # of items whose level is drawn; the others are at the reference
    speed_log: float = 0.13
    room_share: float = 0.5
    dry: DryShare = DryShare("none")  # of the foreground, in scenes that have a room
    effects: AudioAugmentation = AudioAugmentation(
        **PER_ITEM, eq=0.4, distortion=0.1, pitch_shift=0.0, band_stop=0.05
    )
    background_shares: tuple[float, ...] = (0.20, 0.13, 0.10, 0.15, 0.42)  # of BACKGROUNDS
    snr_db: tuple[float, float] = (-3.0, 15.0)
    peak_dbfs: tuple[float, float] = (-28.0, -0.3)


def draw_scene(material: Material, settings: SceneSettings, rng: np.random.Generator) -> Scene:
    """A training scene; the same `rng` state and material give the same record.

    Raises ValueError where the material has no clips of other words.
    """
    if not material.negatives and not material.speech:
        raise WrongInput("there is nothing but the wake word to draw from; 01 needs negatives")
    return Scene(
        seconds=settings.seconds,
        seed=int(rng.integers(2**31)),
        items=_draw_items(material, settings, rng),
        background=_draw_background(material, settings, rng),
        **_draw_room(material, settings, rng),
        floor_db=tuple(_round(rng.uniform(-85, -45, rng.integers(1, 4)))),
        peak_dbfs=_round(rng.uniform(*settings.peak_dbfs)),
    )


def _draw_items(material: Material, settings: SceneSettings, rng) -> tuple[Item, ...]:
    share = _pick(settings.word_shares, rng) if material.positives else 0.0
    items, at_s = [], _round(rng.uniform(0, settings.gap_s / 2))
    while at_s < settings.seconds - 0.2:
        is_word = rng.random() < share
        piece, word_end_s = _draw_piece(material, settings, is_word, rng)
        speed = _round(np.exp(rng.uniform(-settings.speed_log, settings.speed_log)))
        if is_word and at_s + piece.seconds / speed > settings.seconds:
            break
        item = Item(piece, at_s, speed, level_db=_draw_level(settings, rng))
        item = _in_time(replace(item, effects=rounded(settings.effects.draw(rng))))
        ends_s = item.at_s + item.seconds
        if is_word and ends_s > settings.seconds:
            break  # stretched or shifted past the end
        word_s = (word_end_s - piece.from_s) / item.pace
        items.append(replace(item, end_s=_round(item.at_s + word_s) if is_word else None))
        at_s = _round(ends_s + rng.uniform(0, settings.gap_s))
    return tuple(items)


def _in_time(item: Item) -> Item:
    """With a shift among its effects taken as when it begins: in a scene nothing is cut for it.

    It comes so much earlier or later than the pause before it would have it, over its neighbour if
    that is short.
    """
    if "time_shift" not in item.effects:
        return item
    others = {name: drawn for name, drawn in item.effects.items() if name != "time_shift"}
    at_s = max(item.at_s + item.effects["time_shift"]["seconds"], 0.0)
    return replace(item, at_s=_round(at_s), effects=others)


def _draw_level(settings: SceneSettings, rng) -> float:
    level_db = _round(rng.uniform(-settings.level_db, settings.level_db))
    return level_db if settings.gain_share == 1 or rng.random() < settings.gain_share else 0.0


def _draw_piece(material: Material, settings: SceneSettings, is_word: bool, rng):
    """Draw a piece of a clip and the second in that clip at which its word ends."""
    if (
        not is_word
        and material.speech
        and (rng.random() < settings.speech_share or not material.negatives)
    ):
        return _speech_piece(material.speech, rng, (1.0, 4.0)), 0.0
    if not is_word and material.positives and rng.random() < settings.cut_word_share:
        return _cut_piece(_pick(material.positives, rng), rng), 0.0
    word = _pick(material.positives if is_word else material.negatives, rng)
    span = word.span
    if rng.random() < settings.trimmed_share:
        margin_s = 0.03  # the 20 dB rule cuts soft onsets; this much is never another sound
        piece = _piece(
            word.path, max(span.start_s - margin_s, 0), min(span.end_s + margin_s, word.seconds)
        )
    else:
        piece = _piece(word.path, max(span.start_s - 1.5, 0), min(span.end_s + 1.5, word.seconds))
    return piece, span.end_s


def _cut_piece(word: Word, rng) -> Piece:
    """The first or the last part of a word: what must not wake the device."""
    span, share = word.span, rng.uniform(0.3, 0.65)
    if rng.random() < 0.6:
        return _piece(word.path, span.start_s, span.start_s + share * span.seconds)
    return _piece(word.path, span.end_s - share * span.seconds, span.end_s)


def _speech_piece(speech, rng, seconds: tuple[float, float]) -> Piece:
    path, length_s = _pick(speech, rng)
    wanted_s = min(rng.uniform(*seconds), length_s)
    from_s = rng.uniform(0, length_s - wanted_s)
    return _piece(path, from_s, from_s + wanted_s)


def _draw_room(material: Material, settings: SceneSettings, rng) -> dict:
    if rng.random() >= settings.room_share or not material.rooms:
        return {}
    n = int(rng.integers(len(material.rooms)))
    dry = settings.dry.draw(rng, material.rt60_s[n] if material.rt60_s else None)
    return {"room": material.rooms[n], "dry": _round(dry)}


def _draw_background(material: Material, settings: SceneSettings, rng) -> Background:
    shares = np.array(settings.background_shares, float)
    shares[BACKGROUNDS.index("noise")] *= bool(material.noises)
    kind = BACKGROUNDS[int(rng.choice(len(shares), p=shares / shares.sum()))]
    if kind == "quiet":
        return Background(kind)
    gains = _round(rng.uniform(-6, 3, 4)) if rng.random() < 0.5 else ()
    snr_db = _round(rng.uniform(*settings.snr_db))
    slope = _round(rng.uniform(-6, 1)) if kind == "coloured" else 0.0
    if kind == "noise":
        voices = ((_speech_piece(material.noises, rng, (settings.seconds,) * 2),),)
    elif kind == "coloured":
        voices = ()
    else:
        n_voices = 1 if kind == "voice" else int(rng.integers(2, 8))
        voices = tuple(draw_voice(material, settings.seconds, rng) for _ in range(n_voices))
    return Background(kind, snr_db, voices, slope, tuple(gains))


def draw_voice(material: Material, seconds: float, rng) -> tuple[Piece, ...]:
    """A chain of pieces of other words and speech that fills `seconds`, without gaps."""
    chain, total_s = [], 0.0
    sentences = material.speech and (rng.random() < 0.5 or not material.negatives)
    while total_s < seconds:
        if sentences:
            piece = _speech_piece(material.speech, rng, (2.0, 6.0))
        else:
            word = _pick(material.negatives, rng)
            piece = _piece(word.path, word.span.start_s, word.span.end_s)
        chain.append(piece)
        total_s += max(piece.seconds, 0.1)
    return tuple(chain)


def _piece(path: str, from_s: float, to_s: float) -> Piece:
    return Piece(path, _round(from_s), _round(to_s))


def _pick(items, rng):
    return items[int(rng.integers(len(items)))] if len(items) else ""


def _round(value):
    """Rounded as the record is written, so that a replay from the record is exact."""
    if isinstance(value, np.ndarray):
        return [round(float(v), 4) for v in value]
    return round(float(value), 4)
