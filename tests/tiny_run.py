"""A run after 01, in a second: bursts for words, speech and noise, catalogued in three splits."""

import numpy as np

from mwwkit.audio.endpoints import Span
from mwwkit.audio.wav16 import pcm_sha256, to_int16, write_wav16
from mwwkit.corpus.clips import CATALOGUE, Kind, Label, SampleRecord, Split, write_catalogue
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run
from mwwkit.scenes.scene_drawing import Material, Word

RATE_HZ = 16_000
WORD_S = (0.4, 0.9)  # where in its clip a word begins and ends
CLIP_S = 1.3
PER_SPLIT = {"wake": 3, "other": 7, "speech": 1, "noise": 1, "room": 2}


def burst(hz: float, seed: int) -> np.ndarray:
    """[n] float32: a buzz of one pitch between two silences that are 60 dB under it."""
    t = np.arange(round(CLIP_S * RATE_HZ)) / RATE_HZ
    audio = sum(np.sin(2 * np.pi * hz * k * t + k * k) / k**0.5 for k in range(1, 20))
    audio *= 0.1 / np.std(audio)
    audio[(t < WORD_S[0]) | (t >= WORD_S[1])] = 0
    return (audio + 1e-4 * np.random.default_rng(seed).standard_normal(t.size)).astype(np.float32)


def long_speech(seed: int, seconds: float) -> np.ndarray:
    """[n] float32: bursts of many pitches, one after another."""
    draws = np.random.default_rng(seed)
    audio = np.concatenate([burst(draws.uniform(90, 400), seed) for _ in range(int(seconds) + 1)])
    return audio[: round(seconds * RATE_HZ)]


def room(seed: int) -> np.ndarray:
    """[n] float32: 10 ms of nothing, the direct sound, a tail of a quarter of a second."""
    draws = np.random.default_rng(seed)
    tail = 0.1 * draws.standard_normal(4000) * np.exp(-np.arange(4000) / 600)
    tail[0] = 0.9
    return np.concatenate([np.zeros(160), tail]).astype(np.float32)


def made(what: str, seed: int) -> tuple[np.ndarray, Label, Kind]:
    """One clip of a sort."""
    draws = np.random.default_rng(seed)
    return {
        "wake": lambda: (burst(200 + seed % 7, seed), Label.POSITIVE, Kind.CLIP),
        "other": lambda: (burst(draws.uniform(90, 400), seed), Label.NEGATIVE, Kind.CLIP),
        "hard": lambda: (burst(205, seed), Label.HARD_NEGATIVE, Kind.CLIP),
        "speech": lambda: (long_speech(seed, 7.0), Label.NEGATIVE, Kind.AMBIENT),
        "noise": lambda: (0.05 * draws.standard_normal(80_000), Label.NEGATIVE, Kind.NOISE),
        "room": lambda: (room(seed), Label.NEGATIVE, Kind.RIR),
    }[what]()


def make(run: Run, per_split: dict[str, int] | None = None) -> list[SampleRecord]:
    """Write the clips and their catalogue into `run`; return the records."""
    records = []
    for split in Split:
        for what, count in (per_split or PER_SPLIT).items():
            for number in range(count):
                seed = sum(map(ord, split.value + what)) * 100 + number
                audio, label, kind = made(what, seed)
                path = f"clips/{kind.value}/{split.value}-{what}-{number}.wav"
                pcm = to_int16(audio)
                with replacing(run / path) as part:
                    write_wav16(part, pcm)
                about = (what, f"{split.value} {number % 3}", split, len(pcm) / RATE_HZ)
                last = ("made", "CC0", pcm_sha256(pcm), "made")
                records.append(SampleRecord(path, label, kind, *about, *last))
    write_catalogue(run / CATALOGUE, records)
    return records


def material(records: list[SampleRecord], split: Split = Split.TRAIN) -> Material:
    """What scenes of a split are made of, with every word's place known exactly."""
    own = [record for record in records if record.split is split]

    def words(label: Label) -> tuple[Word, ...]:
        clips = [r for r in own if r.label is label and r.kind is Kind.CLIP]
        return tuple(Word(r.path, r.seconds, Span(*WORD_S)) for r in clips)

    def long(kind: Kind) -> tuple[tuple[str, float], ...]:
        return tuple((r.path, r.seconds) for r in own if r.kind is kind)

    rooms = tuple(r.path for r in own if r.kind is Kind.RIR)
    negatives = words(Label.NEGATIVE) + words(Label.HARD_NEGATIVE)
    return Material(words(Label.POSITIVE), negatives, long(Kind.AMBIENT), long(Kind.NOISE), rooms)
