"""The sounds a model is measured on: the same ones for every model, seed and machine.

    files = prepare(fold, at_hand, folder, workers=2)  # features, made once, kept in `folder`
    clips = load(files["positives/babble"])           # names, spectrograms, where the word ends

A stimulus is 1.0 s of faint noise, the clip as recorded, and 0.5 s of faint noise. "clean" is just
that, at the clip's own level. "white", "pink" and "babble" lay noise over all of it, 10 dB under
the clip by the loudest 512-sample frame of each, and scale the mix to a peak of 0.5. Babble is
six voices at once, each a chain of kept-out clips of other words, trimmed to the word, of equal
level, joined without gaps. "babble5" is babble at 5 dB; "babble room" is babble at 10 dB with clip
and babble each in a room that no training scene had. Features run through one front end from reset,
so its adaptation to the noise is part of the test. Speech streams are kept-out files of one source
joined end to end as recorded, a few minutes each; "joined" streams are the kept-out negatives the
same way.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmarks.folds import AtHand, Fold
from mwwkit.audio.effects import apply_rir
from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.reading import read
from mwwkit.audio.rooms import load_room
from mwwkit.run.files import replacing
from mwwkit.run.parallel import each
from mwwkit.run.seeds import rng

SNR_DB = {"white": 10.0, "pink": 10.0, "babble": 10.0, "babble5": 5.0, "babble room": 10.0}
CONDITIONS = ("clean", *SNR_DB)
CLIPS = ("positives", "household", "negatives")  # roles that are played under all conditions
RATE_HZ = 16_000
LEAD_S, TAIL_S = 1.0, 0.5
FAINT_RMS = 1e-4  # -80 dBFS: three steps of 16-bit PCM
PEAK = 0.5
BABBLE = ("babble", "babble5", "babble room")
LEVEL_FRAME = 512  # samples
VOICES = 6
HOP = 160  # samples, 10 ms
WORD_DB = 20.0  # hops this far under the loudest still belong to the word
STREAM_S = 180.0  # a stream ends with the file that reaches this
RECIPE = 2  # raise it when any of the above changes: made files carry it in their names


def loudest(audio: np.ndarray) -> float:
    """RMS of the loudest whole 512-sample frame (of everything, when shorter)."""
    whole = len(audio) // LEVEL_FRAME * LEVEL_FRAME
    frames = audio[:whole].reshape(-1, LEVEL_FRAME) if whole else audio[None]
    return float(np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1).max()))


def word_span(clip: np.ndarray) -> tuple[int, int]:
    """First and last sample of the 10 ms hops within 20 dB of the loudest, on the clean clip."""
    whole = len(clip) // HOP * HOP
    if whole == 0:
        return 0, len(clip)
    energy = np.mean(np.square(clip[:whole].reshape(-1, HOP), dtype=np.float64), axis=1)
    loud = np.flatnonzero(energy >= energy.max() * 10 ** (-WORD_DB / 10))
    return int(loud[0]) * HOP, int(loud[-1] + 1) * HOP


def word_end_s(clip: np.ndarray) -> float:
    """Seconds from the start of the *stimulus* to the end of the word in it."""
    return LEAD_S + word_span(clip)[1] / RATE_HZ


def voiced(clip: np.ndarray) -> np.ndarray:
    """The word alone, at a level of 1, to be chained to a voice of babble."""
    start, end = word_span(clip)
    return clip[start:end] / max(loudest(clip[start:end]), 1e-9)


def stimulus(
    clip: np.ndarray,
    condition: str,
    rng: np.random.Generator,
    babble_clips: list[np.ndarray],
    rooms: Sequence[Path] = (),
) -> np.ndarray:
    """What is played: float32 [1.5 s longer than the clip], for a clip in -1..1 at 16 kHz.

    `babble_clips` are `voiced` ones of other words, for babble; `rooms` are for "babble room".
    """
    lead, tail = (
        rng.normal(0, FAINT_RMS, round(s * RATE_HZ)).astype(np.float32) for s in (LEAD_S, TAIL_S)
    )
    speech = np.concatenate([lead, clip, tail])
    if condition == "clean":
        return speech
    noise = _noise(condition, len(speech), rng, babble_clips)
    if condition == "babble room":
        mine, theirs = rng.choice(len(rooms), 2, replace=False)
        speech = apply_rir(speech, load_room(rooms[mine]))
        noise = apply_rir(noise.astype(np.float32), load_room(rooms[theirs]))
    # A room keeps the loudest frame's level, so the clip's own is the speech's in both cases.
    gain = loudest(clip) / max(loudest(noise), 1e-12) * 10 ** (-SNR_DB[condition] / 20)
    mix = speech + gain * noise
    return (mix * (PEAK / np.abs(mix).max())).astype(np.float32)


def _noise(condition: str, n: int, rng, babble_clips: list[np.ndarray]) -> np.ndarray:
    if condition == "white":
        return rng.normal(size=n)
    if condition == "pink":
        spectrum = np.fft.rfft(rng.normal(size=n))
        hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
        return np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, hertz[1])), n)
    if condition in BABBLE:
        return sum(_voice(n, rng, babble_clips) for _ in range(VOICES))
    raise ValueError(f"condition is {condition!r}; wanted one of {CONDITIONS}")


def _voice(n: int, rng, clips: list[np.ndarray]) -> np.ndarray:
    """Clips in random order without repetition, entered at a random place in the first."""
    chain, length = [], 0
    for at in rng.permutation(len(clips)):
        piece = clips[at] if chain else clips[at][rng.integers(len(clips[at])) :]
        chain.append(piece)
        length += len(piece)
        if length >= n:
            return np.concatenate(chain)[:n]
    raise ValueError(f"{len(clips)} clips make {length / RATE_HZ:.1f} s of babble; too few")


@dataclass(frozen=True)
class Stimuli:
    """Spectrograms int8 [frames, 40] by clip or stream; the word's end is NaN for a stream."""

    names: tuple[str, ...]
    features: list[np.ndarray]
    word_end_s: np.ndarray


def load(path: Path) -> Stimuli:
    """What `prepare` made."""
    with np.load(path) as stored:
        features = np.split(stored["features"], stored["stops"][:-1])
        return Stimuli(tuple(stored["names"].tolist()), features, stored["word_end_s"])


@dataclass(frozen=True)
class _Unit:
    """One file to make; everything that shapes it is in it."""

    role: str  # positives, negatives, speech, joined
    condition: str  # "" for streams
    paths: tuple[str, ...]
    babble: tuple[str, ...]
    rooms: tuple[str, ...]
    seed: int

    @property
    def file(self) -> str:
        text = json.dumps([RECIPE, self.condition, self.paths, self.babble, self.rooms, self.seed])
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"{'-'.join(filter(None, [self.role, self.condition]))}-{digest}.npz"


def prepare(
    fold: Fold, at_hand: AtHand, folder: Path, workers: int = 1, seed: int = 0
) -> dict[str, Path]:
    """Features by role and condition: "positives/clean" ... "negatives/babble", "speech", "joined".

    What is in `folder` already is not made again, nor is what does not depend on the fold.
    """
    units = {}
    for role in (role for role in CLIPS if fold.test.get(role)):
        for condition in CONDITIONS:
            babble = tuple(fold.test["negatives"]) if condition in BABBLE else ()
            rooms = tuple(fold.test["rirs"]) if condition == "babble room" else ()
            paths = tuple(fold.test[role])
            units[f"{role}/{condition}"] = _Unit(role, condition, paths, babble, rooms, seed)
    units["speech"] = _Unit("speech", "", tuple(fold.test["speech"]), (), (), seed)
    units["joined"] = _Unit("joined", "", tuple(fold.test["negatives"]), (), (), seed)
    left = [unit for unit in units.values() if not (folder / unit.file).is_file()]
    for _ in each(
        partial(_make, at_hand=at_hand, folder=folder), left, min(workers, max(1, len(left)))
    ):
        pass
    return {key: folder / unit.file for key, unit in units.items()}


def _make(unit: _Unit, at_hand: AtHand, folder: Path) -> None:
    made = _clips(unit, at_hand) if unit.condition else _streams(unit, at_hand)
    with replacing(folder / unit.file) as part, open(part, "wb") as file:
        np.savez(
            file,
            names=np.array(made.names),
            features=np.concatenate(made.features),
            stops=np.cumsum([len(f) for f in made.features]),
            word_end_s=made.word_end_s,
        )


def _clips(unit: _Unit, at_hand: AtHand) -> Stimuli:
    word = {path: row.word for path, row in at_hand.rows.items()}
    voices = [(word[path], voiced(read(at_hand.file(path)))) for path in unit.babble]
    rooms = [at_hand.file(path) for path in unit.rooms]
    features, ends = [], []
    for path in unit.paths:
        clip = read(at_hand.file(path))
        others = [voice for said, voice in voices if said != word[path]]
        draws = rng(unit.seed, "stimulus", unit.condition, path)
        features.append(spectrogram(stimulus(clip, unit.condition, draws, others, rooms)))
        ends.append(word_end_s(clip))
    return Stimuli(unit.paths, features, np.array(ends))


def _streams(unit: _Unit, at_hand: AtHand) -> Stimuli:
    rows, names, features = at_hand.rows, [], []

    def source(path: str) -> str:
        return rows[path].source

    for name, paths in groupby(sorted(unit.paths, key=lambda p: (source(p), p)), source):
        for number, stream in enumerate(_until_long([read(at_hand.file(path)) for path in paths])):
            names.append(f"{name}/{number}")
            features.append(spectrogram(stream))
    return Stimuli(tuple(names), features, np.full(len(names), np.nan))


def _until_long(clips: list[np.ndarray]) -> list[np.ndarray]:
    """The clips end to end, cut after the clip that reaches STREAM_S; the last may be short."""
    streams, current = [], []
    for clip in clips:
        current.append(clip)
        if sum(map(len, current)) >= STREAM_S * RATE_HZ:
            streams.append(np.concatenate(current))
            current = []
    return streams + ([np.concatenate(current)] if current else [])
