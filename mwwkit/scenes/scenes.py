"""Scenes: continuous labelled audio, drawn as a record first and rendered after.

A scene is what a device hears: words one after another with pauses, in a room, over somebody
else's talk or a fan, at some level. The record alone makes the same samples again, so features
are kept and audio is not.

    scene = draw_scene(material, SceneSettings(), rng(seed, "scene", 17))
    audio = render(scene, folder)                    # int16 [samples]
    scene.word_ends()                                # seconds

The shares were measured: voices behind, and pieces of the word as negatives, matter most.
"""

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from mwwkit.audio import effects
from mwwkit.audio.effects import AudioAugmentation, db_to_gain, loudest_rms
from mwwkit.audio.endpoints import Span
from mwwkit.audio.reading import Wav16, to_float, to_int16
from mwwkit.audio.rooms import DryShare, load_room
from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput

RATE_HZ = firmware.SAMPLE_RATE_HZ
REFERENCE_RMS = 0.1  # loudest frame of an item at 0 dB, before the scene's own level
BACKGROUNDS = ("quiet", "noise", "coloured", "voice", "babble")
PER_ITEM = {"rir": 0.0, "background_noise": 0.0, "color_noise": 0.0, "gain": 0.0}


@dataclass(frozen=True)
class Piece:
    """A part of a clip: its path in the run, from and to in seconds."""

    path: str
    from_s: float
    to_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.to_s - self.from_s


@dataclass(frozen=True)
class Item:
    """One sound of the foreground."""

    piece: Piece
    at_s: float  # where it begins in the scene
    speed: float = 1.0  # played so much faster and higher
    level_db: float | None = 0.0  # loudest frame re the reference; None: as it was recorded
    effects: dict = field(default_factory=dict)  # AudioAugmentation's recipe
    end_s: float | None = None  # where in the scene a whole wake word ends; None for anything else


@dataclass(frozen=True)
class Background:
    """What goes on behind: nothing, a recording, coloured noise, or voices."""

    kind: str  # quiet, noise, coloured, voice, babble
    snr_db: float = 0.0  # loudest frame of an item at 0 dB over the loudest of this
    voices: tuple[tuple[Piece, ...], ...] = ()  # each a chain that fills the scene
    slope_db_octave: float = 0.0
    gains_db: tuple[float, ...] = ()  # slow changes, evenly spaced over the scene


@dataclass(frozen=True)
class Scene:
    """Everything that a stretch of audio is made of."""

    seconds: float
    seed: int  # of the noises
    items: tuple[Item, ...] = ()
    background: Background = Background("quiet")
    room: str = ""  # path of a RIR in the run; empty for none
    dry: float = 0.0  # the share of the foreground that is outside the room
    floor_db: tuple[float, ...] = ()  # RMS of faint noise under everything, dB re 1, in jumps
    peak_dbfs: float | None = None  # None: levels are left as they are

    def word_ends(self) -> list[float]:
        """Where the wake words end, in seconds."""
        return [item.end_s for item in self.items if item.end_s is not None]

    def as_dict(self) -> dict:
        """The record as JSON has it."""
        return asdict(self)


def scene_from(record: dict) -> Scene:
    """The scene of a record that `Scene.as_dict` gave and JSON kept; it renders the same samples.

    Raises KeyError or TypeError for a record of another form.
    """
    behind = record["background"]
    voices = tuple(tuple(Piece(**part) for part in chain) for chain in behind["voices"])
    behind = behind | {"voices": voices, "gains_db": tuple(behind["gains_db"])}
    return Scene(
        **record
        | {
            "items": tuple(Item(**i | {"piece": Piece(**i["piece"])}) for i in record["items"]),
            "background": Background(**behind),
            "floor_db": tuple(record["floor_db"]),
        }
    )


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

    def __post_init__(self) -> None:  # noqa: D105
        if self.effects.time_stretch or self.effects.time_shift:
            raise WrongInput("a scene's effects move no time: it has speed_log and gap_s for that")


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
        ends_s = at_s + piece.seconds / speed
        if is_word and ends_s > settings.seconds:
            break
        items.append(
            Item(
                piece=piece,
                at_s=at_s,
                speed=speed,
                level_db=_draw_level(settings, rng),
                effects=effects.rounded(settings.effects.draw(rng)),
                end_s=_round(at_s + (word_end_s - piece.from_s) / speed) if is_word else None,
            )
        )
        at_s = _round(ends_s + rng.uniform(0, settings.gap_s))
    return tuple(items)


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


def _piece(path: str, from_s: float, to_s: float) -> Piece:
    return Piece(path, _round(from_s), _round(to_s))


def _pick(items, rng):
    return items[int(rng.integers(len(items)))] if len(items) else ""


def _round(value):
    """Rounded as the record is written, so that a replay from the record is exact."""
    if isinstance(value, np.ndarray):
        return [round(float(v), 4) for v in value]
    return round(float(value), 4)
