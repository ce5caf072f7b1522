"""Inputs to clips: one unit's folder of 16 kHz WAV files, and what became of each input."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit.audio.reading import AudioValidationError, Tell, blocks, read
from mwwkit.audio.rooms import aligned, validate_room
from mwwkit.audio.wav16 import pcm_sha256, to_float, to_int16, write_wav16
from mwwkit.corpus import noise_and_rooms
from mwwkit.corpus.clips import (
    SILENT_DB,
    Kind,
    Label,
    SampleRecord,
    Split,
    loudest_frame_db,
    validate,
)
from mwwkit.corpus.sources import VOICE_MARK, About, FromFile, FromSeed, FromSpeech, Input
from mwwkit.corpus.speech import Engine, SpeechError
from mwwkit.corpus.spoken_check import SpokenCheck
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.files import printable, read_json, reason_alone, write_json
from mwwkit.run.seeds import rng

LONGEST_RIR_S = 10.0
PIECE_S = 600.0  # long ambient and noise is kept in files of at most so much
RECORDS = "records.json"  # in a unit's folder


@dataclass(frozen=True)
class Bounds:
    """How long a clip of one word may be."""

    min_s: float
    max_s: float


@dataclass(frozen=True)
class Made:
    """A clip that was made, with a reference to its input for messages."""

    about: About
    file: str
    seconds: float
    sha256: str
    input: str

    def record(self, path: str, split: Split) -> SampleRecord:
        """Its row of the catalogue."""
        return SampleRecord(
            path, split=split, seconds=self.seconds, sha256=self.sha256, **vars(self.about)
        )


def make_unit(
    part: Path,
    inputs: Sequence[Input],
    bounds: Bounds,
    engine: Engine,
    check: SpokenCheck | None = None,
) -> dict:
    """Write the clips of `inputs` and their table into the folder `part`; return counts.

    `check`, if given, hears whether the engine said the wake word; what it did not is rejected.
    """
    part.mkdir(parents=True)
    all_clips: list[Made] = []
    rejected: list[dict[str, str]] = []
    noted: list[dict[str, str]] = []
    remarks: list[str] = []  # about the input that is read just now
    for i, (item, sounds) in enumerate(_sounds(inputs, engine, bounds, remarks.append, check)):
        clips: list[Made] = []
        try:
            for k, samples in enumerate(sounds):  # [n] int16
                clips.append(
                    _write(part, f"{i:03d}-{k:03d}-{_slug(item.about)}.wav", item, samples)
                )
        except (AudioValidationError, SpeechError) as error:
            for clip in clips:  # the pieces before the one that is wrong
                (part / clip.file).unlink()
            clips = []
            rejected.append(_row(item, str(error)))
            remarks.clear()
        all_clips += clips
        noted += [_row(item, remark) for remark in remarks]
        remarks.clear()
    table = {"made": [asdict(clip) for clip in all_clips], "rejected": rejected}
    write_json(part / RECORDS, table | ({"noted": noted} if noted else {}))
    seconds = sum(clip.seconds for clip in all_clips)
    return {"clips": len(all_clips), "rejected": len(rejected), "seconds": round(seconds, 3)}


def _row(item: Input, text: str) -> dict[str, str]:
    return {"path": where(item), "reason": reason_alone(text, where(item))}


def _write(part: Path, name: str, item: Input, samples: np.ndarray) -> Made:
    write_wav16(part / name, samples)
    seconds = len(samples) / SAMPLE_RATE_HZ
    return Made(item.about, name, seconds, pcm_sha256(samples), where(item))


def read_unit(folder: Path) -> tuple[list[Made], list[dict[str, str]]]:
    """What `make_unit` wrote: the clips, and the rejected inputs with their reasons."""
    table = _table(folder)
    clips = []
    for row in table["made"]:
        about = row["about"]
        about |= {"label": Label(about["label"]), "kind": Kind(about["kind"])}
        clips.append(Made(**row | {"about": About(**about)}))
    return clips, table["rejected"]


def remarks_of(folder: Path) -> list[tuple[str, str]]:
    """(input, remark) about what `make_unit` used all the same."""
    return [(row["path"], row["reason"]) for row in _table(folder).get("noted", [])]


def _table(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return read_json(folder / RECORDS)


def where(item: Input) -> str:
    """An input's file path, or its origin text, as shown when it is rejected."""
    return item.shown or printable(item.path) if isinstance(item, FromFile) else item.about.origin


def _sounds(
    inputs: Sequence[Input],
    engine: Engine,
    bounds: Bounds,
    tell: Tell,
    check: SpokenCheck | None,
) -> Iterator[tuple[Input, Iterator[np.ndarray]]]:
    """Each input with its sound as [n] int16: one piece, several of a long file.

    `tell` takes remarks about an input while its pieces are taken.

    Iterating over the pieces raises AudioValidationError or SpeechError where there is none.
    """
    spoken = engine.speak_many(
        (text, item.voice) for item in inputs if isinstance(item, FromSpeech) for text in item.texts
    )
    for item in inputs:
        if isinstance(item, FromSpeech):
            yield item, _spoken(item, [next(spoken) for _ in item.texts], bounds, check)
        elif isinstance(item, FromSeed):
            yield item, _made_up(item)
        elif item.about.kind in (Kind.AMBIENT, Kind.NOISE):
            yield item, _pieces(item, bounds, tell)
        else:
            yield item, _recorded(item, bounds, tell)


def _spoken(
    item: FromSpeech,
    spoken: Sequence[np.ndarray | SpeechError],
    bounds: Bounds,
    check: SpokenCheck | None,
) -> Iterator[np.ndarray]:
    parts = []
    for audio, pause_s in zip(spoken, (0.0, *item.pauses_s), strict=True):
        if isinstance(audio, SpeechError):
            raise audio
        parts += [np.zeros(round(pause_s * SAMPLE_RATE_HZ), np.float32), audio]
    audio = np.concatenate(parts)
    if item.about.kind is Kind.CLIP:
        _refuse(item, validate(audio, bounds.min_s, bounds.max_s))
    if check and item.about.label is Label.POSITIVE and (fault := check.fault(audio)):
        _refuse(item, [fault])
    yield to_int16(audio)


def _made_up(item: FromSeed) -> Iterator[np.ndarray]:
    draw = rng(item.seed, item.about.kind.value, item.number)
    is_room = item.about.kind is Kind.RIR
    yield to_int16(
        noise_and_rooms.room(draw) if is_room else noise_and_rooms.noise(draw, item.seconds)
    )


def _recorded(item: FromFile, bounds: Bounds, tell: Tell) -> Iterator[np.ndarray]:
    """Audio of a recorded word or impulse response; reads only as far as the length limit needs."""
    if item.about.kind is Kind.RIR:
        audio = read(item.path, seconds=LONGEST_RIR_S, tell=tell)
        _refuse(item, validate_room(audio))
        aligned(audio)  # raises for what is no response
        yield to_int16(audio / np.abs(audio).max())  # all 16 bits for the tail
        return
    audio = read(item.path, seconds=bounds.max_s + 1, tell=tell)
    if len(audio) > bounds.max_s * SAMPLE_RATE_HZ:
        belongs = (
            "" if item.about.label is Label.POSITIVE else "; continuous speech is for ambient/"
        )
        _refuse(item, [f"longer than the {bounds.max_s:g} s of a clip{belongs}"])
    _refuse(item, validate(audio, bounds.min_s, bounds.max_s))
    yield to_int16(audio)


def _pieces(item: FromFile, bounds: Bounds, tell: Tell) -> Iterator[np.ndarray]:
    """A file of any length, in pieces of at most `PIECE_S`; memory is that of one piece."""
    n_piece = int(PIECE_S * SAMPLE_RATE_HZ)
    held: list[np.ndarray] = []
    n_held, n_yielded, loudest_db = 0, 0, -np.inf
    for block in blocks(item.path, start_s=item.start_s, seconds=item.seconds, tell=tell):
        samples = to_int16(block)
        while n_held + len(samples) >= n_piece:
            head, samples = np.split(samples, [n_piece - n_held])
            piece = np.concatenate([*held, head])
            loudest_db = max(loudest_db, loudest_frame_db(to_float(piece)))
            yield piece
            held, n_held, n_yielded = [], 0, n_yielded + 1
        held.append(samples)
        n_held += len(samples)
    rest = np.concatenate(held) if held else np.zeros(0, np.int16)
    if not n_yielded:
        _refuse(item, validate(to_float(rest), bounds.min_s, PIECE_S))
    elif max(loudest_db, loudest_frame_db(to_float(rest))) < SILENT_DB:
        _refuse(item, ["silent from beginning to end"])
    if len(rest) >= bounds.min_s * SAMPLE_RATE_HZ:
        yield rest


def _refuse(item: Input, reasons: list[str]) -> None:
    if reasons:
        raise AudioValidationError(f"{where(item)}: {'; '.join(reasons)}")


def _slug(about: About) -> str:
    """A file name from an origin: letters of any alphabet, no spaces, at most 40 characters."""
    said_or_file = about.origin.split(VOICE_MARK)[0]
    return re.sub(r"[^\w-]+", "_", Path(said_or_file).stem)[:40].strip("_") or "clip"
