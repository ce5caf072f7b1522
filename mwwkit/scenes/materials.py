"""What the scenes of a split are made of, from the catalogue: words, speech, noises, rooms.

material = material_of(load_clips(run), word_spans(run), Split.TRAIN, max_rooms=200, seed=42)
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mwwkit.audio.endpoints import Span
from mwwkit.audio.rooms import rt60
from mwwkit.audio.wav16 import Wav16
from mwwkit.corpus.clips import Clips, Kind, Label, SampleRecord, Split
from mwwkit.run.seeds import rng
from mwwkit.scenes.scene_drawing import Material, Word

HARD_NEGATIVE_REPEATS = 3  # a hard negative is drawn as often as three others


def material_of(
    clips: Clips, spans: dict[str, list[float]], split: Split, max_rooms: int, seed: int
) -> Material:
    """All of a split, with at most `max_rooms` of its rooms; `spans` say where words are."""
    clips_of_split = clips.of(split=split)

    def words(label: Label) -> tuple[Word, ...]:
        return tuple(
            word_of(record, spans) for record in clips_of_split.of(label=label, kind=Kind.CLIP)
        )

    def long(kind: Kind) -> tuple[tuple[str, float], ...]:
        return tuple((record.path, record.seconds) for record in clips_of_split.of(kind=kind))

    # Training hears hard negatives more often; every other split scores each clip once.
    repeats = HARD_NEGATIVE_REPEATS if split is Split.TRAIN else 1
    rooms = [record.path for record in clips_of_split.of(kind=Kind.RIR)]
    chosen = rng(seed, "rooms", split.value).permutation(len(rooms))[:max_rooms]
    return Material(
        positives=words(Label.POSITIVE),
        negatives=words(Label.NEGATIVE) + repeats * words(Label.HARD_NEGATIVE),
        speech=long(Kind.AMBIENT),
        noises=long(Kind.NOISE),
        rooms=tuple(rooms[i] for i in sorted(chosen)),
    )


def with_ringing(material: Material, find: Callable[[str], Path]) -> Material:
    """The material with how long each room rings, for a dry share that hangs on it."""
    return replace(material, rt60_s=tuple(rt60(Wav16(find(path))[:]) for path in material.rooms))


def word_of(record: SampleRecord, spans: dict[str, list[float]]) -> Word:
    """A clip and where its word is: all of it, where nobody has looked yet."""
    start_s, end_s = spans[record.path] if record.path in spans else (0.0, record.seconds)
    return Word(record.path, record.seconds, Span(start_s, end_s))
