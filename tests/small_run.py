"""A corpus of made-up "words" and a run over it, small enough for seconds.

The wake word is two rising glides; other words are glides and tones of other shapes, among them its
mirror image and its halves. Everything else is the real thing: catalogue, features, training.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from varied import THREADS

from mwwkit.audio.wav16 import to_int16, write_wav16
from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split, write_catalogue
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.stages import featurize

RATE_HZ = 16_000
N_WORDS = {Split.TRAIN: 24, Split.VAL: 12, Split.TEST: 12}
LIMITS = Limits(workers=1)
FEATURES = featurize.Config(scenes=120, scene_seconds=3.0, conditions=("clean", "noise10"))

# Of 03, for tests of what comes after it: a step that moves no weight by more than a billionth.
STANDS = {"shape": "tiny", "steps": 1, "batch": 4, "learning_rate": 1e-9, "threads": THREADS}

# Each word: the pitches, in Hz, that its parts glide from and to.
WAKE_WORD = ((500, 1500), (900, 2700))
OTHER_WORDS = (
    ((1500, 500), (2700, 900)),
    ((700, 700), (700, 700)),
    ((2500, 2500),),
    ((500, 1500),),
    ((1200, 400), (400, 1200)),
    ((3000, 1000), (1000, 1000)),
)


def spoken(parts: tuple, voice: np.random.Generator) -> np.ndarray:
    """A word as one voice says it, float [n]: glides with two overtones, between near silence."""
    pitch, pace = voice.uniform(0.9, 1.15), voice.uniform(0.85, 1.2)
    sounds = [voice.normal(0, 1e-4, int(voice.uniform(0.1, 0.2) * RATE_HZ))]
    for low_hz, high_hz in parts:
        n = int(0.2 * pace * RATE_HZ)
        hertz = np.linspace(low_hz, high_hz, n) * pitch
        phase = 2 * np.pi * np.cumsum(hertz) / RATE_HZ
        tone = sum(np.sin(k * phase) / k for k in (1, 2, 3))
        sounds += [0.15 * tone * np.hanning(n) ** 0.25, np.zeros(int(0.03 * RATE_HZ))]
    sounds.append(voice.normal(0, 1e-4, int(0.12 * RATE_HZ)))
    return np.concatenate(sounds)


def write_corpus(
    here: Run,
    without: tuple[tuple[Split, Kind, Label], ...] = (),
    disguised_s: tuple[float, ...] = (),
) -> None:
    """01's output: in every split wake words, other words, a stream and a noise.

    `without` leaves clips of a split, kind and label out. `disguised_s`: where in one more stream
    of the training split, which is said to be without, the wake word begins.
    """
    records = []

    def write(name: str, audio: np.ndarray, split: Split, kind: Kind, word: str = "") -> None:
        label = Label.POSITIVE if word == "wake" else Label.NEGATIVE
        if (split, kind, label) in without:
            return
        path = f"clips/{kind.value}/{split.value}-{name}.wav"
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        samples = to_int16(audio.astype(np.float32))
        write_wav16(here / path, samples)
        records.append(
            SampleRecord(
                path=path,
                label=label,
                kind=kind,
                word=word,
                speaker=f"{split.value}-{name}",
                split=split,
                seconds=len(samples) / RATE_HZ,
                source="made",
                licence="CC0-1.0",
                sha256=hashlib.sha256(samples.tobytes()).hexdigest(),
                origin=name,
            )
        )

    for split, n_words in N_WORDS.items():
        for number in range(n_words):
            voice = rng(7, split.value, "word", number)
            other = OTHER_WORDS[number % len(OTHER_WORDS)]
            write(f"w{number:02d}", spoken(WAKE_WORD, voice), split, Kind.CLIP, "wake")
            write(f"o{number:02d}", spoken(other, voice), split, Kind.CLIP, "other")
        voice = rng(7, split.value, "long")
        talk = [spoken(OTHER_WORDS[int(i)], voice) for i in voice.integers(0, 6, 30)]
        write("talk", np.concatenate(talk), split, Kind.AMBIENT)
        write("hiss", voice.normal(0, 0.03, 15 * RATE_HZ), split, Kind.NOISE)
    if disguised_s:
        quiet = rng(7, "disguised").normal(0, 1e-3, 25 * RATE_HZ)
        for number, at_s in enumerate(disguised_s):
            word, at = spoken(WAKE_WORD, rng(7, "disguised", number)), int(at_s * RATE_HZ)
            quiet[at : at + len(word)] += word
        write("disguised", quiet, Split.TRAIN, Kind.AMBIENT)
    write_catalogue(here / "clips/catalogue.csv", records)


def featured(folder: Path, config: featurize.Config = FEATURES, **corpus) -> Run:
    """A run with 01 and 02 done."""
    here = Run(folder)
    write_corpus(here, **corpus)
    featurize.run(config, here, LIMITS)
    return here


def trained(folder: Path, featured: Run, net: Callable | None = None, **settings) -> Run:
    """A run with 03 done on the features of another, by a net that needs no training.

    It is `hearing.hears()` unless another is given, so it hears the word on every machine.
    """
    import hearing

    from mwwkit.stages import train
    from mwwkit.training import loop

    class Given(train.Trainer):
        def __init__(self, *args, **kinds):
            super().__init__(*args, **kinds)
            self.start_from((net or hearing.hears)())

    here = Run(folder, (featured.folder,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "Trainer", Given)
        patch.setattr(loop, "UNIT_STEPS", 1)  # two units, for a history that can be drawn
        two = {"steps": 2, "evaluate_every": 1}
        train.run(train.Config(**STANDS | two | settings), here, LIMITS)
    return here


def exported(here: Run) -> None:
    """Run 05 in `here`, whose earlier runs have the rest."""
    from mwwkit.stages import export

    config = export.Config(word="chirp", arena_bytes=16_000, other_calibrations=False)
    export.run(config, here, LIMITS)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder and its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def stamps(folder: Path) -> dict[str, int]:
    """Every file and folder under a folder and when it was last changed, in nanoseconds."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}
