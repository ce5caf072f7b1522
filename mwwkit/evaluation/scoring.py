"""A model heard over audio, as the device would hear it: what `mwwkit score` prints.

ear = Ear(Component.load(Path("computer.json")))
for block in microphone:                        # int16 [n] at 16 kHz
    print(ear.hear(block).detections)
track = listen(component, Path("kitchen.wav"))
print(track.max, [d.time_s for d in track.detections])
print(table(score(Path("computer.json"), [Path("recordings")], vad=Path("vad.json"))))
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mwwkit.audio.discovery import discover
from mwwkit.audio.frontend import MicroFrontend, quantise
from mwwkit.audio.reading import AudioValidationError, Tell, blocks
from mwwkit.audio.wav16 import to_int16
from mwwkit.device.detector import Detection, Rule, shown
from mwwkit.device.firmware import CUTOFF_LEVELS, SAMPLE_RATE_HZ
from mwwkit.esphome import manifest
from mwwkit.esphome.component import Component, Heard
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import how_many
from mwwkit.run.seeds import rng
from mwwkit.run.typed_json import absent

# A device has been listening for a while: without a lead-in a clip of one word would fall into the
# detector's pause after start (1 s), and into the front end's first guesses about the noise.
LEAD_IN_S = 1.0
TAIL_S = 0.5  # the window averages over some scores after the word's end
FLOOR = 3.0  # rms of the faint noise in both, in 16-bit steps (-81 dBFS)
# Of scores and of what they are compared with: the device adds whole numbers of 255, and with three
# a mean over its cutoff may be written as one at it.
DIGITS = 4
# Nothing in a model's files says what taught it.
TAUGHT = "Files that trained it are heard better than others: they say nothing about those."


class Ear:
    """A component with its front end, from power-on: sound in, block by block, detections out."""

    def __init__(self, component: Component):
        """Power on."""
        self._frontend, self._listening = MicroFrontend(), component.listening()

    def hear(self, pcm: np.ndarray) -> Heard:
        """Hear the next int16 [n] at 16 kHz; times are counted from power-on."""
        return self._listening.hear(quantise(self._frontend.process(pcm)))


@dataclass(frozen=True)
class Track:
    """What a model makes of one file, after `lead_in_s` of faint noise.

    Scores are uint8 [steps], the first ones of the lead-in; `max`, `mean` and `max_mean` are on the
    cutoff's own scale (255 is 1), the last over the sliding window: what the device compares with
    the cutoff. Times of detections are seconds of the file; one in the lead-in is negative.
    `blocked` are those for which the VAD model heard no voice, `voice` what it heard, if there is
    one: bool [slices].
    """

    seconds: float
    scores: np.ndarray
    rule: Rule
    detections: tuple[Detection, ...]
    blocked: tuple[Detection, ...] = ()
    voice: np.ndarray | None = None
    lead_in_s: float = LEAD_IN_S

    @property
    def max(self) -> float:
        """The highest single score."""
        return float(shown(self.scores.max(initial=0)))

    @property
    def mean(self) -> float:
        """The mean of all scores; 0 where there is none."""
        return float(shown(self.scores.mean())) if len(self.scores) else 0.0

    @property
    def max_mean(self) -> float:
        """The highest mean over the sliding window."""
        return float(self.rule.highest([self.scores])[0])


def listen(
    component: Component,
    path: Path,
    lead_in_s: float = LEAD_IN_S,
    tell: Tell = warnings.warn,
) -> Track:
    """Score a file of any length, rate and format, between a lead-in and a tail of faint noise.

    `tell` takes remarks about a file that is heard all the same. Raises AudioValidationError for
    what is no usable audio.
    """
    return listen_to(component, map(to_int16, blocks(path, SAMPLE_RATE_HZ, tell=tell)), lead_in_s)


def listen_to(
    component: Component, sound: Iterable[np.ndarray], lead_in_s: float = LEAD_IN_S
) -> Track:
    """The same for sound in blocks, int16 [n] at 16 kHz each."""
    ear, n_samples = Ear(component), 0
    heard = [ear.hear(_faint(lead_in_s, "lead-in"))]
    for block in sound:
        n_samples += len(block)
        heard.append(ear.hear(block))
    heard.append(ear.hear(_faint(TAIL_S, "tail")))
    return Track(
        seconds=n_samples / SAMPLE_RATE_HZ,
        scores=np.concatenate([part.scores for part in heard]),
        rule=component.word,
        detections=_moved((d for part in heard for d in part.detections), lead_in_s),
        blocked=_moved((d for part in heard for d in part.blocked), lead_in_s),
        voice=None if component.vad is None else np.concatenate([part.voice for part in heard]),
        lead_in_s=lead_in_s,
    )


def _faint(seconds: float, name: str) -> np.ndarray:
    noise = rng(0, name).normal(0.0, FLOOR, round(seconds * SAMPLE_RATE_HZ))
    return np.rint(noise).astype(np.int16)


def _moved(detections: Iterable[Detection], by_s: float) -> tuple[Detection, ...]:
    return tuple(Detection(round(d.time_s - by_s, 3), d.mean, d.peak) for d in detections)


@dataclass(frozen=True)
class At:
    """A detection: seconds of the file, the mean and the highest score, 0..1."""

    time_s: float
    mean: float
    peak: float

    @classmethod
    def of(cls, detection: Detection) -> "At":
        """As people see it."""
        return cls(
            detection.time_s, _rounded(shown(detection.mean)), _rounded(shown(detection.peak))
        )


@dataclass(frozen=True)
class FileScore:
    """What was heard in a file, or why it was not."""

    file: str
    error: str | None = absent()
    seconds: float | None = absent()
    max: float | None = absent()
    mean: float | None = absent()
    max_mean: float | None = absent()
    detections: tuple[At, ...] | None = absent()
    blocked: tuple[At, ...] | None = absent()  # held back without a voice, with a VAD model
    remark: str | None = absent()  # about a file that was heard all the same

    @property
    def times(self) -> str:
        """When it was detected; in brackets, what the VAD model held back."""
        moments = [(at.time_s, f"{at.time_s:.2f}") for at in self.detections]
        moments += [(at.time_s, f"({at.time_s:.2f})") for at in self.blocked or ()]
        return " ".join(text for _, text in sorted(moments)) or "-"

    def __str__(self) -> str:
        """A line for people."""
        figures = f"{self.max:.4f}        {self.max_mean:.4f}  {self.mean:.4f}"
        return f"  {figures}  {self.times:<16}  {self.file}"


@dataclass(frozen=True)
class FolderScore:
    """Counts over the files of one folder of what was given, however deep they lie in it."""

    folder: str
    heard: int
    files_with_detections: int

    def __str__(self) -> str:
        """ "positive/: woke it in 4 of 24 files"."""
        files = how_many(self.heard, "file")
        return f"{self.folder}: woke it in {self.files_with_detections} of {files}"


@dataclass(frozen=True)
class Totals:
    """Counts over all files."""

    heard: int
    not_read: int
    seconds: float
    files_with_detections: int
    detections: int
    blocked: int


@dataclass(frozen=True)
class Scored:
    """What `mwwkit score --json` prints: the model, and what it made of each file.

    `level` is the cutoff as the device has it: a whole number of 255, at or under `cutoff`.
    """

    wake_word: str
    model: str
    cutoff: float
    level: float
    window: int
    engine: str
    vad: str | None
    totals: Totals
    folders: tuple[FolderScore, ...]  # none where all files lie in one
    files: tuple[FileScore, ...]


def score(
    model: Path, audio: Iterable[Path], lead_in_s: float = LEAD_IN_S, vad: Path | None = None
) -> Scored:
    """Hear files as the device would.

    A folder stands for the files in it and in the folders under it, links followed; hidden ones and
    the system's own are left out. With `vad`, a manifest of a VAD model, a detection needs a voice.
    What is no audio or cannot be read has an `error` instead, and is counted. Raises ManifestError,
    DeviceError or FileNotFoundError for a model that cannot be used, FileNotFoundError where there
    is nothing to hear.
    """
    if not 0 <= lead_in_s < float("inf"):
        raise WrongInput(f"lead_in_s is {lead_in_s}; wanted 0 or more")
    component = Component.load(model, vad)
    places = list(audio)
    paths, others = found(places)
    if not paths:
        raise FileNotFoundError(
            "; ".join(["there is no audio file in what was given", *(e.error for e in others[:3])])
        )
    bar = progress(paths, desc="listening", unit="file", disable=len(paths) < 2)
    heard = tuple(_heard(component, path, lead_in_s) for path in bar)
    files = (*heard, *others)
    return Scored(
        wake_word=manifest.read(model).wake_word,
        model=str(model),
        cutoff=component.word.cutoff,
        level=_rounded(component.word.level),
        window=component.word.window,
        engine=component.word.device.engine,
        vad=None if vad is None else str(vad),
        totals=_totals(files),
        folders=_by_folder(places, paths, heard),
        files=files,
    )


def found(audio: Sequence[Path]) -> tuple[list[Path], list[FileScore]]:
    """The files to hear among files and folders, and what in those is none."""
    paths, others = [], []
    for place in audio:
        if not place.is_dir():
            paths.append(place)
            continue
        found = discover(place)
        paths += found.files
        for path, reason in found.others:
            name = str(path)
            told = reason if reason.startswith(name) else f"{name} {reason}"
            others.append(FileScore(printable(name), printable(told)))
    return paths, others


def _heard(component: Component, path: Path, lead_in_s: float) -> FileScore:
    remarks: list[str] = []
    try:
        track = listen(component, path, lead_in_s, remarks.append)
    except AudioValidationError as error:
        return FileScore(printable(path), printable(str(error)))
    return FileScore(
        file=printable(path),
        remark=printable("; ".join(remarks)) or None,
        seconds=round(track.seconds, 3),
        max=_rounded(track.max),
        mean=_rounded(track.mean),
        max_mean=_rounded(track.max_mean),
        detections=tuple(map(At.of, track.detections)),
        blocked=None if component.vad is None else tuple(map(At.of, track.blocked)),
    )


def _totals(files: tuple[FileScore, ...]) -> Totals:
    heard = [file for file in files if file.error is None]
    return Totals(
        heard=len(heard),
        not_read=len(files) - len(heard),
        seconds=round(sum(file.seconds for file in heard), 3),
        files_with_detections=sum(bool(file.detections) for file in heard),
        detections=sum(len(file.detections) for file in heard),
        blocked=sum(len(file.blocked or ()) for file in heard),
    )


def _by_folder(
    places: Sequence[Path], paths: Sequence[Path], scores: Sequence[FileScore]
) -> tuple[FolderScore, ...]:
    """The counts of each top folder; none where there is one alone."""
    of_folder: dict[str, list[FileScore]] = {}
    folders, is_one = [place for place in places if place.is_dir()], len(places) == 1
    for path, score in zip(paths, scores, strict=True):
        if score.error is None:
            of_folder.setdefault(_top_folder(path, folders, is_one), []).append(score)
    counts = (
        FolderScore(printable(name), len(files), sum(bool(file.detections) for file in files))
        for name, files in of_folder.items()
    )
    return tuple(counts) if len(of_folder) > 1 else ()


def _top_folder(path: Path, folders: Sequence[Path], is_one: bool) -> str:
    """The outermost folder in one of those given that a file lies in; by itself, its own."""
    given = next((folder for folder in folders if path.is_relative_to(folder)), path.parent)
    inside = path.relative_to(given).parts[:-1][:1]
    return f"{inside[0]}/" if inside and is_one else f"{given.joinpath(*inside)}/"


def _rounded(score: float) -> float:
    return round(float(score), DIGITS)


def table(report: Scored) -> str:
    """The report in lines for people: a line a file, then the counts, then what was not read."""
    bad = [file.error for file in report.files if file.error is not None]
    lines = [*_heard_lines(report)] if report.totals.heard else []
    lines += [f"not read: {len(bad)}"] if bad else []
    lines += [f"  not read: {error}" for error in bad]
    return "\n".join([*lines, *(f"  read, but {f.remark}" for f in report.files if f.remark)])


def _heard_lines(report: Scored) -> Iterator[str]:
    totals, rule = report.totals, Rule(report.cutoff, report.window)
    where = f"in {totals.files_with_detections} of them" if totals.detections else "in any"
    gated = f"; voice by {report.vad}" if report.vad else ""
    yield (
        f"{report.wake_word}: wakes where the mean of {rule.window} scores in a row is over "
        f"{rule.level:.{DIGITS}f} (the cutoff {rule.cutoff:g}, which the device keeps as "
        f"{rule.integer} of {CUTOFF_LEVELS}){gated}"
    )
    yield (
        f"max: the highest score; max of means: the highest mean of {rule.window} in a row, which "
        "the device compares; mean: of all scores"
    )
    yield "     max  max of means    mean  detected at (s)   file"
    yield from (str(file) for file in report.files if file.error is None)
    yield (
        f"{how_many(totals.heard, 'file')}, {totals.seconds / 60:.1f} minutes: "
        f"{how_many(totals.detections, 'detection')} {where}"
        + (f", {totals.blocked} held back without a voice" if report.vad else "")
    )
    yield from (f"  {folder}" for folder in report.folders)
    yield TAUGHT
