"""Which scenes a run's features consist of: the table that 02 works through.

Every set is a numbered list of scenes, each drawn from (seed, set, number) alone, so any shard can
be made by any process in any session.

    train              training scenes, or one-word windows for the baseline
    <split>-words      each clip of the wake word, between quiet, under each condition
    <split>-others     each other clip, the same way
    <split>-ambient    all long speech and noise of the split, as it was recorded
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mwwkit.run.seeds import rng
from mwwkit.scenes.scene_drawing import Material, SceneSettings, Word, draw_scene, draw_voice
from mwwkit.scenes.scenes import RATE_HZ, Background, Item, Piece, Scene

LEAD_S, TAIL_S = 1.0, 0.5  # of quiet around a clip: the front end needs a second to settle
FLOOR_DB = -75.0  # no microphone is silent
AMBIENT_S = 300.0  # longest stream, so that the pieces spread over processes

# Conditions that clips are heard under: background kind and SNR in dB.
CONDITIONS = {
    "clean": ("quiet", 0.0),
    "noise10": ("noise", 10.0),
    "babble10": ("babble", 10.0),
    "babble5": ("babble", 5.0),
    "room": ("room", 0.0),
}


@dataclass(frozen=True)
class SceneSet:
    """A numbered list of scenes; `facts(i)` says what scene `i` is for the reports."""

    name: str
    seconds: tuple[float, ...]  # of each scene
    draw: Callable[[int], Scene]
    facts: Callable[[int], dict]

    def __len__(self) -> int:  # noqa: D105
        return len(self.seconds)


def training_set(material: Material, settings: SceneSettings, n_scenes: int, seed: int) -> SceneSet:
    """`n_scenes` scenes drawn from the training material."""

    def draw(number: int) -> Scene:
        return draw_scene(material, settings, rng(seed, "scene", "train", number))

    return SceneSet("train", (settings.seconds,) * n_scenes, draw, lambda number: {})


def window_set(material: Material, settings: SceneSettings, n_scenes: int, seed: int) -> SceneSet:
    """Scenes for the baseline trainer: one item each, in half of them the wake word at the end."""
    seconds = 3.2  # the reference trainer's windows

    def draw(number: int) -> Scene:
        draws = rng(seed, "window", number)
        scene = draw_scene(material, replace(settings, seconds=seconds), draws)
        shares = (1.0,) if number % 2 and material.positives else (0.0,)
        any_length = replace(settings, seconds=60.0, word_shares=shares, gap_s=0.01)
        item = draw_scene(material, any_length, draws).items[0]
        ends_s = item.end_s
        if ends_s is None:
            ends_s = item.at_s + item.seconds
        late_s = float(draws.uniform(0.1, 0.3))  # the last steps are the supervised ones
        shift_s = round(seconds - late_s - ends_s, 4)
        return replace(scene, items=(_moved(item, shift_s),))

    return SceneSet("train", (seconds,) * n_scenes, draw, lambda number: {"window": True})


def word_in_a_scene(
    word: Word, material: Material, settings: SceneSettings, draws: np.random.Generator
) -> Scene:
    """A training scene of one word alone, and of what these settings put around and behind it."""
    of_it = replace(material, positives=(word,), negatives=material.negatives or (word,))
    any_length = replace(settings, seconds=60.0, word_shares=(1.0,), gap_s=0.01)
    item = draw_scene(of_it, any_length, draws).items[0]
    seconds = LEAD_S + item.seconds + TAIL_S
    scene = draw_scene(of_it, replace(settings, seconds=seconds), draws)
    return replace(scene, items=(_moved(item, LEAD_S - item.at_s),))


def _moved(item: Item, shift_s: float) -> Item:
    at_s = round(item.at_s + shift_s, 4)
    if at_s < 0:  # longer than the window: its beginning is cut, its end stays
        cut_s = -at_s * item.pace
        piece = Piece(item.piece.path, round(item.piece.from_s + cut_s, 4), item.piece.to_s)
        item, at_s = replace(item, piece=piece), 0.0
    end_s = None if item.end_s is None else round(item.end_s + shift_s, 4)
    return replace(item, at_s=at_s, end_s=end_s)


def usable_conditions(conditions: tuple[str, ...], material: Material) -> tuple[str, ...]:
    """Those of `conditions` that the material has the sounds for; "clean" always is."""
    has = {
        "quiet": True,
        "noise": bool(material.noises),
        "babble": len(material.negatives) > 5,  # six voices
        "room": bool(material.rooms),
    }
    return tuple(c for c in conditions if has["room" if c == "room" else CONDITIONS[c][0]])


def heard_with(conditions: tuple[str, ...], material: Material) -> tuple:
    """What else of the material a word is heard with under these conditions."""
    behind = {
        "noise": material.noises,
        "babble": (material.negatives, material.speech),
        "room": material.rooms,
    }
    return tuple(behind.get(CONDITIONS[condition][0], ()) for condition in conditions)


def clip_set(
    name: str, words: tuple[Word, ...], material: Material, conditions: tuple[str, ...], seed: int
) -> SceneSet:
    """Every clip under every usable condition, between quiet; noises and voices from `material`."""
    usable = usable_conditions(conditions, material)
    wake_words = frozenset(material.positives)
    table = [(word, condition) for condition in usable for word in words]

    def draw(number: int) -> Scene:
        word, condition = table[number]
        scene = probe(word, condition, material, rng(seed, name, condition, word.path))
        if word in wake_words:
            return scene
        return replace(scene, items=tuple(replace(item, end_s=None) for item in scene.items))

    def facts(number: int) -> dict:
        word, condition = table[number]
        return {"clip": word.path, "condition": condition}

    return SceneSet(name, tuple(LEAD_S + w.seconds + TAIL_S for w, _ in table), draw, facts)


def probe(word: Word, condition: str, material: Material, draw: np.random.Generator) -> Scene:
    """One clip of the wake word, whole, under one of CONDITIONS."""
    kind, snr_db = CONDITIONS[condition]
    seconds = LEAD_S + word.seconds + TAIL_S
    item = Item(Piece(word.path, 0.0, word.seconds), LEAD_S, end_s=LEAD_S + word.span.end_s)
    scene = Scene(seconds, int(draw.integers(2**31)), (item,), floor_db=(FLOOR_DB,))
    if condition == "room":
        return replace(scene, room=material.rooms[int(draw.integers(len(material.rooms)))])
    if kind == "quiet":
        return scene
    if kind == "noise":
        path, length_s = material.noises[int(draw.integers(len(material.noises)))]
        from_s = round(float(draw.uniform(0, max(length_s - seconds, 0))), 4)
        voices = ((Piece(path, from_s, min(from_s + seconds, length_s)),),)
    else:
        voices = tuple(draw_voice(material, seconds, draw) for _ in range(6))
    return replace(scene, background=Background(kind, snr_db, voices))


def ambient_set(name: str, clips: tuple[tuple[str, float], ...], seed: int) -> SceneSet:
    """All of `clips` (path, seconds), joined to streams of up to five minutes, as recorded."""
    streams: list[list[Piece]] = []
    room = 0  # in the newest stream; all lengths are in samples, so that none is lost or doubled
    for path, length_s in clips:
        at, n_samples = 0, round(length_s * RATE_HZ)
        while at < n_samples:
            if room < RATE_HZ:
                streams.append([])
                room = int(AMBIENT_S * RATE_HZ)
            taken = min(n_samples - at, room)
            if n_samples - at - taken < RATE_HZ:
                taken = n_samples - at  # a crumb would be a stream too short to judge
            streams[-1].append(Piece(path, at / RATE_HZ, (at + taken) / RATE_HZ))
            at, room = at + taken, room - taken

    def draw(number: int) -> Scene:
        items, at = [], 0
        for piece in streams[number]:
            items.append(Item(piece, at / RATE_HZ, level_db=None))
            at += round(piece.seconds * RATE_HZ)
        return Scene(at / RATE_HZ, int(rng(seed, name, number).integers(2**31)), tuple(items))

    def facts(number: int) -> dict:
        return {"clips": [piece.path for piece in streams[number]]}

    lengths = [sum(round(p.seconds * RATE_HZ) for p in stream) for stream in streams]
    return SceneSet(name, tuple(n_samples / RATE_HZ for n_samples in lengths), draw, facts)
