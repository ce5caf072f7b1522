"""A model heard over audio, as the device would hear it: what `mwwkit score` prints.

ear = Ear(Component.load(Path("computer.json")))
for block in microphone:                        # int16 [n] at 16 kHz
    print(ear.hear(block).detections)
track = listen(component, Path("kitchen.wav"))
print(track.max, [d.time_s for d in track.detections])
print(table(score(Path("computer.json"), [Path("recordings")], vad=Path("vad.json"))))
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mwwkit.audio.discovery import discover
from mwwkit.audio.frontend import MicroFrontend, quantise
from mwwkit.audio.reading import AudioValidationError, Tell, blocks
from mwwkit.audio.wav16 import to_int16
from mwwkit.device.detector import Detection, Rule, shown
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.esphome import manifest
from mwwkit.esphome.component import Component, Heard
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable
from mwwkit.run.progress_bars import progress
from mwwkit.run.seeds import rng
from mwwkit.run.typed_json import absent

# A device has been listening for a while: without a lead-in a clip of one word would fall into the
# detector's pause after start (1 s), and into the front end's first guesses about the noise.
LEAD_IN_S = 1.0
TAIL_S = 0.5  # the window averages over some scores after the word's end
FLOOR = 3.0  # rms of the faint noise in both, in 16-bit steps (-81 dBFS)


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
            detection.time_s, round(shown(detection.mean), 3), round(shown(detection.peak), 3)
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
        figures = f"{self.max:.3f}         {self.max_mean:.3f}  {self.mean:.3f}"
        return f"  {figures}  {self.times:<16}  {self.file}"


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
    """What `mwwkit score --json` prints: the model, and what it made of each file."""

    wake_word: str
    model: str
    cutoff: float
    window: int
    engine: str
    vad: str | None
    totals: Totals
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
    paths, others = _found(audio)
    if not paths:
        raise FileNotFoundError(
            "; ".join(["there is no audio file in what was given", *(e.error for e in others[:3])])
        )
    bar = progress(paths, desc="listening", unit="file", disable=len(paths) < 2)
    files = (*(_heard(component, path, lead_in_s) for path in bar), *others)
    return Scored(
        wake_word=manifest.read(model).wake_word,
        model=str(model),
        cutoff=component.word.cutoff,
        window=component.word.window,
        engine=component.word.device.engine,
        vad=None if vad is None else str(vad),
        totals=_totals(files),
        files=files,
    )


def _found(audio: Iterable[Path]) -> tuple[list[Path], list[FileScore]]:
    """The files to hear, and what in folders is none."""
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
        max=round(track.max, 3),
        mean=round(track.mean, 3),
        max_mean=round(track.max_mean, 3),
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


def table(report: Scored) -> str:
    """The report in lines for people: a line a file, then the counts, then what was not read."""
    gated, totals = f", voice by {report.vad}" if report.vad else "", report.totals
    lines = [f"{report.wake_word}: cutoff {report.cutoff}, window {report.window}{gated}"]
    lines += ["    max  max of means   mean  detected at (s)   file"]
    lines += [str(file) for file in report.files if file.error is None]
    lines.append(
        f"{totals.heard} files, {totals.seconds / 60:.1f} minutes: {totals.detections} "
        f"detections in {totals.files_with_detections} of them"
        + (f", {totals.blocked} held back without a voice" if report.vad else "")
    )
    bad = [file.error for file in report.files if file.error is not None]
    lines += [f"not read: {len(bad)}"] if bad else []
    lines += [f"  not read: {error}" for error in bad]
    return "\n".join([*lines, *(f"  read, but {f.remark}" for f in report.files if f.remark)])
