"""Several wake words on one device, with a VAD model beside them: what they need and do together.

    sheet = together([Path("a.json"), Path("b.json")], Path("vad.json"), [Path("evening.wav")])
    print(sheet)

Each model has an arena and a state of its own and hears every step; the front end runs once. What
a device's chip takes is not known here: the CPU time is this computer's, for the models' shares.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mwwkit.audio.frontend import MicroFrontend, quantise
from mwwkit.audio.reading import AudioValidationError, blocks
from mwwkit.audio.wav16 import to_int16
from mwwkit.device import firmware
from mwwkit.device.detector import REFRACTORY_S, Detection
from mwwkit.device.simulator import Device
from mwwkit.esphome import manifest
from mwwkit.esphome.certificate import Certificate, certify
from mwwkit.esphome.component import Component, Listening
from mwwkit.evaluation.scoring import found as files_in
from mwwkit.metrics.rates import Hourly
from mwwkit.run.errors import WrongInput
from mwwkit.run.progress_bars import progress
from mwwkit.run.seeds import rng
from mwwkit.run.shown import Table

HOURS_DIGITS = 6
TIMED_CPU_S = 0.1  # that each model is timed for, at least


@dataclass(frozen=True)
class Member:
    """One model of the set."""

    name: str
    is_vad: bool
    certificate: Certificate
    model_bytes: int  # 0 of a model that is not fit
    arena_bytes: int  # as its manifest states
    cpu_ms: float  # of this computer, for a second of sound


@dataclass(frozen=True)
class Together:
    """A set of models: its members, and where sound was given, how often it woke on that."""

    members: tuple[Member, ...]
    wakes: tuple[Hourly, ...] = ()  # of each wake word
    all_wakes: Hourly | None = None  # of the device: by any of them
    blocked: int = 0  # held back without a voice
    not_read: tuple[str, ...] = ()  # why each such file was not
    not_heard: bool = False  # sound was given, and a model is not fit to hear it

    @property
    def ok(self) -> bool:
        """Whether the device runs all of them, and all sound could be read."""
        return _are_fit(self.members) and not self.not_read

    @property
    def arena_bytes(self) -> int:
        """Of all models, each of which has its own."""
        return sum(member.arena_bytes for member in self.members)

    @property
    def model_bytes(self) -> int:
        """Flash that all models take."""
        return sum(member.model_bytes for member in self.members)

    def __str__(self) -> str:
        """A table, the sums, what is wrong, and how often it woke."""
        total_ms = sum(member.cpu_ms for member in self.members) or 1.0
        rows = [
            (
                f"{m.name} (VAD)" if m.is_vad else m.name,
                "yes" if m.certificate.ok else "NO",
                _or_dash(m.model_bytes),
                _or_dash(m.arena_bytes),
                f"{m.cpu_ms / total_ms:.0%}",
            )
            for m in self.members
        ]
        sums = _or_dash(self.model_bytes), _or_dash(self.arena_bytes)
        rows.append(("together", "yes" if _are_fit(self.members) else "NO",
                     *sums, f"{total_ms:.1f} ms"))  # fmt: skip
        heads = ("model", "fit", "bytes of flash", "bytes of arena", "share of the time")
        lines = [
            str(Table(rows, heads)),
            f"The time is this computer's, for a second of sound; each step of "
            f"{firmware.STEP_MS} ms runs them all.",
        ]
        for member in self.members:
            lines += [
                f"{member.name}: {finding.words}; {finding.cure}"
                for finding in member.certificate.findings
            ]
        if self.all_wakes:
            words = [m for m in self.members if not m.is_vad]
            of = (f"{m.name} {r.counts}" for m, r in zip(words, self.wakes, strict=True))
            held = f"; {self.blocked} held back without a voice" if self.blocked else ""
            lines.append(
                f"Woke {self.all_wakes.counts} of the sound given, {self.all_wakes.an_hour} an "
                f"hour ({self.all_wakes.interval}): {', '.join(of)}{held}"
            )
        lines += ["The sound was not heard: first all models must be fit."] * self.not_heard
        lines += [f"not read: {fault}" for fault in self.not_read]
        return "\n".join(lines)


def _are_fit(members: Iterable[Member]) -> bool:
    return all(member.certificate.ok for member in members)


def _or_dash(n_bytes: int) -> str:
    return f"{n_bytes:,}" if n_bytes else "-"


def together(
    words: Sequence[Path], vad: Path | None = None, audio: Iterable[Path] = ()
) -> Together:
    """What a device with all of these models needs, and how often it wakes on some sound.

    Files are heard one after another, each from power-on; a folder stands for the files in it.
    Models that are not fit are told by their certificates, and nothing is heard. Raises WrongInput
    for a model given twice, and where there is nothing to hear or none of it can be read.
    """
    if len({path.resolve() for path in words}) < len(words):
        raise WrongInput(f"a model is given twice in {', '.join(map(str, words))}; give each once")
    members = [_member(path, False) for path in words]
    members += [_member(vad, True)] if vad else []
    places = list(audio)
    if not places or not _are_fit(members):
        return Together(tuple(members), not_heard=bool(places))
    paths, others = files_in(places)
    if not paths:
        raise WrongInput(f"there is no audio file in {', '.join(map(str, places))}")
    components = [Component.load(path, vad) for path in words]
    heard, faults = [], [other.error for other in others]
    for path in progress(paths, desc="listening", unit="file", disable=len(paths) < 2):
        try:
            heard.append(_hear(components, path))
        except AudioValidationError as error:
            faults.append(str(error))
    hours = sum(seconds for seconds, _, _ in heard) / 3600
    if not heard:
        raise WrongInput(f"none of the sound given can be read: {'; '.join(faults[:3])}")
    counts = np.sum([[_moments([one]) for one in found] for _, found, _ in heard], axis=0)
    moments = sum(_moments(found) for _, found, _ in heard)
    return Together(
        tuple(members),
        tuple(Hourly.counted(int(n), hours, HOURS_DIGITS) for n in counts),
        Hourly.counted(moments, hours, HOURS_DIGITS),
        sum(n_blocked for _, _, n_blocked in heard),
        tuple(faults),
    )


def _member(path: Path, is_vad: bool) -> Member:
    """A model with its certificate; of one that is not fit nothing else."""
    certificate = certify(path, "vad" if is_vad else "wake_word")
    if not certificate.ok:
        return Member(path.stem, is_vad, certificate, 0, 0, 0.0)
    read = manifest.read(path)
    model = path.parent / read.model
    cpu_ms = _cpu_ms(Device(model, reference=True))
    n_bytes = model.stat().st_size
    return Member(read.wake_word, is_vad, certificate, n_bytes, read.tensor_arena_size, cpu_ms)


def _cpu_ms(device: Device) -> float:
    """CPU time of a second of sound, over as much as takes long enough to be measured."""
    seconds = 10.0
    frames = rng(0, "timed").integers(-128, 128, (int(seconds * 1000 / firmware.HOP_MS), 40))
    n_times, began = 0, time.process_time()
    while not n_times or time.process_time() - began < TIMED_CPU_S:
        device.stream().scores(frames.astype(np.int8))
        n_times += 1
    return 1000 * (time.process_time() - began) / (n_times * seconds)


def _hear(
    components: Sequence[Component], path: Path
) -> tuple[float, list[tuple[Detection, ...]], int]:
    """Seconds of a file, the detections of each component, and how many were held back."""
    front_end, ears = MicroFrontend(), [Listening(component) for component in components]
    found: list[list[Detection]] = [[] for _ in ears]
    n_samples = n_blocked = 0
    for block in blocks(path, firmware.SAMPLE_RATE_HZ):
        n_samples += len(block)
        features = quantise(front_end.process(to_int16(block)))
        for ear, kept in zip(ears, found, strict=True):
            heard = ear.hear(features)
            kept += heard.detections
            n_blocked += len(heard.blocked)
    return n_samples / firmware.SAMPLE_RATE_HZ, [tuple(kept) for kept in found], n_blocked


def _moments(found: Sequence[Sequence[Detection]]) -> int:
    """Wakes of the device: detections that are no more than REFRACTORY_S apart are one."""
    times = sorted(detection.time_s for one in found for detection in one)
    count, last = 0, -np.inf
    for time_s in times:
        count += time_s - last > REFRACTORY_S
        last = time_s if time_s - last > REFRACTORY_S else last
    return count
