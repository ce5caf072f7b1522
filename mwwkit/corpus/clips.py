"""The catalogue of clips: one record each, and what is fit to be one.

clips = load_clips(run)                                      # of this run or an earlier one
for record in clips.of(label=Label.POSITIVE, split=Split.TRAIN):
    samples = clips.audio(record)[:]                          # [n] int16 at 16 kHz
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache, lru_cache
from io import StringIO
from pathlib import Path

import numpy as np
import scipy

from mwwkit.audio.wav16 import Wav16
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.checkpoint_files import CheckpointError
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run

FOLDER = "clips"  # of a run
CATALOGUE = f"{FOLDER}/catalogue.csv"
QUARANTINE = "quarantine.jsonl"
STAGE = "01 acquire"  # in the rows of the quarantine
SYNTHETIC_SOURCES = frozenset({"espeak-ng", "kokoro", "piper"})  # the engines' names

FRAME = 512  # samples over which level is measured: 32 ms, a vowel
EDGE = 1600  # samples at both ends that say nothing about level
SETTLING = 800  # samples after which a filter has forgotten how it was begun
BLOCK = 1_000 * FRAME  # filtered at once: 32 s
SILENT_DB = -66.0  # loudest frame under this: a muted microphone, not a soft voice
FULL_SCALE = 0.999
CLIPPED_SHARE = 0.25  # of samples at full scale; shouting into a cheap microphone reaches 17 %


class Label(str, Enum):
    """Whether a clip holds the wake word, something else, or something that sounds like it."""

    POSITIVE = "positive"
    NEGATIVE = "negative"  # all that is not the wake word: other speech, noise, rooms
    HARD_NEGATIVE = "hard_negative"  # sounds like it, or fooled a model


class Split(str, Enum):
    """What a clip may be used for."""

    TRAIN = "train"
    VAL = "validation"
    TEST = "test"


class Kind(str, Enum):
    """What sort of sound it is."""

    CLIP = "clip"  # a word or a short phrase
    AMBIENT = "ambient"  # continuous speech without the wake word
    NOISE = "noise"  # to mix in, and to stay silent on
    RIR = "rir"  # a room's impulse response


@dataclass(frozen=True)
class SampleRecord:
    """One clip of the catalogue."""

    path: str  # relative to the run's folder: clips/<kind>/<unit>/<name>.wav
    label: Label
    kind: Kind
    word: str  # what is said, where that is known
    speaker: str  # "" where unknown
    split: Split
    seconds: float
    source: str  # the data set or folder it came with
    licence: str
    sha256: str  # of its 16-bit PCM
    origin: str  # the file within the source it was made from, or how it was spoken

    @property
    def is_synthetic(self) -> bool:
        """Whether a machine spoke it."""
        return self.source in SYNTHETIC_SOURCES


@dataclass(frozen=True)
class Clips:
    """The catalogue's records, in its order."""

    run: Run
    records: tuple[SampleRecord, ...]

    def __len__(self) -> int:
        """The number of records."""
        return len(self.records)

    def __iter__(self) -> Iterator[SampleRecord]:
        """The records, in order."""
        return iter(self.records)

    def of(
        self,
        *,
        label: Label | None = None,
        kind: Kind | None = None,
        split: Split | None = None,
        word: str | None = None,
    ) -> "Clips":
        """Those that have every value given."""
        wanted = {"label": label, "kind": kind, "split": split, "word": word}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        kept = (r for r in self.records if all(getattr(r, n) == v for n, v in wanted.items()))
        return Clips(self.run, tuple(kept))

    @property
    def hours(self) -> float:
        """Total length, in hours."""
        return sum(record.seconds for record in self.records) / 3600

    def path(self, record: SampleRecord) -> Path:
        """Where the clip is: in this run or in an earlier one."""
        return self.run.find(record.path)

    def audio(self, record: SampleRecord) -> Wav16:
        """The clip's samples, [n] int16 at 16 kHz, by slices."""
        return Wav16(self.path(record))

    def summary(self) -> dict[str, dict[str, str]]:
        """Clips and hours of each label and kind (rows) in each split (columns)."""
        count = Counter((_what(r), r.split.value) for r in self.records)
        seconds: Counter = Counter()
        for record in self.records:
            seconds[_what(record), record.split.value] += record.seconds
        return {
            row: {
                split.value: f"{count[row, split.value]} ({seconds[row, split.value] / 3600:.2f} h)"
                for split in Split
            }
            for row in sorted({row for row, _ in count})
        }


def _what(record: SampleRecord) -> str:
    return record.label.value if record.kind is Kind.CLIP else record.kind.value


def load_clips(run: Run) -> Clips:
    """The catalogue of this run or of the newest earlier one that has one.

    Raises FileNotFoundError where 01 has not finished, ValueError for a file that is not ours.
    """
    path = run.find(CATALOGUE)
    with open(path, newline="", encoding="utf-8") as file:
        return Clips(run, _records(path, file.read()))


@lru_cache(maxsize=2)  # a stage asks for the same text several times, and reading it is slow
def _records(path: Path, text: str) -> tuple[SampleRecord, ...]:
    rows = csv.DictReader(StringIO(text, newline=""))
    if rows.fieldnames != _columns():
        raise WrongInput(
            f"{path} has the columns {rows.fieldnames}; wanted {_columns()}; run 01 again"
        )
    return tuple(_record(path, row) for row in rows)


def refuse_without_clips(run: Run, stage: str, sounds: bool = False) -> None:
    """Raise CheckpointError unless a stage has 01's catalogue, and its `sounds`, in reach.

    Units are whole or not there, so one sound of each of their folders is looked for.
    """
    try:
        clips = load_clips(run)
        folders = {record.path.rpartition("/")[0]: record for record in clips if sounds}
        for record in folders.values():
            clips.path(record)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{stage} reads clips/ of 01, and {error}; run 01 first, or give 01's run as PREVIOUS "
            "too (on Kaggle: attach its output)"
        ) from error


def _record(path: Path, row: dict[str, str]) -> SampleRecord:
    typed = {"label": Label, "kind": Kind, "split": Split, "seconds": float}
    try:
        return SampleRecord(**{name: typed.get(name, str)(text) for name, text in row.items()})
    except (ValueError, TypeError) as error:
        raise WrongInput(
            f"{path}: the row {row} is not a record ({error}); run 01 again"
        ) from error


def write_catalogue(path: Path, records: Iterable[SampleRecord]) -> None:
    """Write the catalogue, whole or not at all; the same records are the same bytes."""
    with replacing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_columns())
        for record in records:
            values = (getattr(record, name) for name in _columns())
            rows.writerow([v.value if isinstance(v, Enum) else v for v in values])


def _columns() -> list[str]:
    return [field.name for field in fields(SampleRecord)]


def validate(audio: np.ndarray, min_s: float = 0.1, max_s: float = 60.0) -> list[str]:
    """Why a clip cannot be used, in plain words; nothing when it can.

    `audio`: [n] float32 at 16 kHz, -1..1.
    """
    seconds = len(audio) / SAMPLE_RATE_HZ
    if not min_s <= seconds <= max_s:
        return [f"{seconds:.2f} s long; wanted {min_s:g} to {max_s:g} s"]
    if not np.isfinite(audio).all():
        return ["has samples that are NaN or infinite"]
    reasons = []
    level_db = loudest_frame_db(audio)
    if level_db < SILENT_DB:
        reasons.append(f"silent: {level_db:.0f} dBFS at its loudest; wanted {SILENT_DB:g} or more")
    clipped = float(np.mean(np.abs(audio) >= FULL_SCALE))
    if clipped > CLIPPED_SHARE:
        reasons.append(f"clipped: {clipped:.0%} of its samples; wanted {CLIPPED_SHARE:.0%} or less")
    return reasons


def loudest_frame_db(audio: np.ndarray) -> float:
    """The RMS of the loudest 32 ms over 60 Hz, in dB under full scale; -200 for silence.

    A constant level, however high, is silence, and so is one that drifts. The ends are left out:
    resamplers and codecs ring where such a level begins.
    """
    edge = min(EDGE, len(audio) // 8)
    heard = np.zeros(max(len(audio), FRAME), np.float32)
    for first in range(edge, len(audio) - edge, BLOCK):
        last = min(first + BLOCK, len(audio) - edge)
        heard[first:last] = _over_60_hz(audio, first, last)
    n_frames = len(heard) // FRAME
    frames = heard[: n_frames * FRAME].reshape(n_frames, -1)
    power = np.einsum("fs,fs->f", frames, frames) / frames.shape[1]
    return 10 * np.log10(max(1e-20, float(power.max())))


def _over_60_hz(audio: np.ndarray, first: int, last: int) -> np.ndarray:
    sections, state = _high_pass()
    begin = max(0, first - SETTLING)
    piece = audio[begin:last].astype(np.float64)
    return scipy.signal.sosfilt(sections, piece, zi=state * piece[0])[0][first - begin :]


@cache
def _high_pass() -> tuple[np.ndarray, np.ndarray]:
    """A filter, and its state after a level of 1 for ever."""
    sections = scipy.signal.butter(3, 60.0, "highpass", fs=SAMPLE_RATE_HZ, output="sos")
    return sections, scipy.signal.sosfilt_zi(sections)


@dataclass(frozen=True, order=True)
class Rejected:
    """An input that could not be used. It stays where it is."""

    path: str
    reason: str
    stage: str


def write_quarantine(run: Run, stage: str, rejected: Iterable[Rejected]) -> None:
    """Replace the rows of `stage` in quarantine.jsonl; sorted, whole or not at all."""
    others = [row for row in read_quarantine(run) if row.stage != stage]
    rows = sorted({*others, *rejected}, key=lambda row: (row.stage, row.path, row.reason))
    text = "".join(json.dumps(vars(row), ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    path = run / QUARANTINE
    if text.encode() != (path.read_bytes() if path.exists() else b""):
        with replacing(path) as part:
            part.write_bytes(text.encode())


def read_quarantine(run: Run) -> list[Rejected]:
    """The rows of quarantine.jsonl, none where there is no such file."""
    path = run / QUARANTINE
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # a name may hold U+2028
    return [Rejected(**json.loads(line)) for line in lines]
