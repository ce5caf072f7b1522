"""A model heard over audio, as the device would hear it: what `mwwkit score` prints.

ear = Ear(Component.load(Path("computer.json")))
for block in microphone:                        # int16 [n] at 16 kHz
    print(ear.hear(block).detections)
track = listen(component, Path("kitchen.wav"))
print(track.max, [d.time_s for d in track.detections])
print(table(score(Path("computer.json"), [Path("recordings")], vad=Path("vad.json"))))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit.audio.frontend import MicroFrontend, quantise
from mwwkit.audio.reading import AudioValidationError, blocks, discover, to_int16
from mwwkit.device.detector import Detection, sliding_sum
from mwwkit.device.firmware import CUTOFF_LEVELS, SAMPLE_RATE_HZ
from mwwkit.esphome import manifest
from mwwkit.esphome.component import Component, Heard
from mwwkit.run.errors import WrongInput
from mwwkit.run.progress import tqdm
from mwwkit.run.seeds import rng

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
    window: int
    detections: tuple[Detection, ...]
    blocked: tuple[Detection, ...] = ()
    voice: np.ndarray | None = None
    lead_in_s: float = LEAD_IN_S

    @property
    def max(self) -> float:
        """The highest single score."""
        return float(self.scores.max(initial=0)) / CUTOFF_LEVELS

    @property
    def mean(self) -> float:
        """The mean of all scores; 0 where there is none."""
        return float(self.scores.mean()) / CUTOFF_LEVELS if len(self.scores) else 0.0

    @property
    def max_mean(self) -> float:
        """The highest mean over the sliding window."""
        sums = sliding_sum(self.scores, self.window)
        return float(sums.max(initial=0)) / self.window / CUTOFF_LEVELS


def listen(component: Component, path: Path, lead_in_s: float = LEAD_IN_S) -> Track:
    """Score a file of any length, rate and format, between a lead-in and a tail of faint noise.

    Raises AudioValidationError for what is no usable audio.
    """
    return listen_to(component, map(to_int16, blocks(path, SAMPLE_RATE_HZ)), lead_in_s)


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
        window=component.word.window,
        detections=_moved((d for part in heard for d in part.detections), lead_in_s),
        blocked=_moved((d for part in heard for d in part.blocked), lead_in_s),
        voice=None if component.vad is None else np.concatenate([part.voice for part in heard]),
        lead_in_s=lead_in_s,
    )


def _faint(seconds: float, name: str) -> np.ndarray:
    noise = rng(0, name).normal(0.0, FLOOR, round(seconds * SAMPLE_RATE_HZ))
    return np.rint(noise).astype(np.int16)


def _moved(found: Iterable[Detection], by_s: float) -> tuple[Detection, ...]:
    return tuple(Detection(round(d.time_s - by_s, 3), d.mean, d.peak) for d in found)


def score(
    model: Path, audio: Iterable[Path], lead_in_s: float = LEAD_IN_S, vad: Path | None = None
) -> dict[str, Any]:
    """What `mwwkit score --json` prints: the model, and the score track of each file.

    A folder stands for the audio files in it and in the folders under it. With `vad`, a manifest of
    a VAD model, a detection needs a voice. A file that cannot be read has an `error` instead, and
    is counted. Raises ManifestError, DeviceError or FileNotFoundError for a model that cannot be
    used, FileNotFoundError where there is nothing to hear.
    """
    if not 0 <= lead_in_s < float("inf"):
        raise WrongInput(f"lead_in_s is {lead_in_s}; wanted 0 or more")
    component = Component.load(model, vad)
    paths = [p for given in audio for p in (discover(given) if given.is_dir() else [given])]
    if not paths:
        raise FileNotFoundError("there is no audio file in what was given")
    bar = tqdm(paths, desc="listening", unit="file", disable=len(paths) < 2)
    files = [{"file": str(path)} | _facts(component, path, lead_in_s) for path in bar]
    return {
        "wake_word": manifest.read(model).wake_word,
        "model": str(model),
        "cutoff": component.word.cutoff,
        "window": component.word.window,
        "engine": component.word.device.engine,
        "vad": None if vad is None else str(vad),
        "totals": _totals(files),
        "files": files,
    }


def _facts(component: Component, path: Path, lead_in_s: float) -> dict[str, Any]:
    try:
        track = listen(component, path, lead_in_s)
    except AudioValidationError as error:
        return {"error": str(error)}
    facts: dict[str, Any] = {"seconds": round(track.seconds, 3)}
    facts |= {name: round(getattr(track, name), 3) for name in ("max", "mean", "max_mean")}
    facts["detections"] = _listed(track.detections)
    return facts | ({} if component.vad is None else {"blocked": _listed(track.blocked)})


def _listed(found: Iterable[Detection]) -> list[dict[str, float]]:
    full = CUTOFF_LEVELS
    return [
        {"time_s": d.time_s, "mean": round(d.mean / full, 3), "peak": round(d.peak / full, 3)}
        for d in found
    ]


def _totals(files: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts over all files."""
    heard = [file for file in files if "error" not in file]
    return {
        "heard": len(heard),
        "not_read": len(files) - len(heard),
        "seconds": round(sum(file["seconds"] for file in heard), 3),
        "files_with_detections": sum(bool(file["detections"]) for file in heard),
        "detections": sum(len(file["detections"]) for file in heard),
        "blocked": sum(len(file.get("blocked", ())) for file in heard),
    }


def table(report: dict[str, Any]) -> str:
    """The report in lines for people: a line a file, then the counts, then what was not read."""
    gated = f", voice by {report['vad']}" if report["vad"] else ""
    lines = [f"{report['wake_word']}: cutoff {report['cutoff']}, window {report['window']}{gated}"]
    lines += ["    max  max of means   mean  detected at (s)   file"]
    for file in report["files"]:
        if "error" not in file:
            lines.append(
                f"  {file['max']:.3f}         {file['max_mean']:.3f}  {file['mean']:.3f}  "
                f"{_times(file):<16}  {file['file']}"
            )
    totals = report["totals"]
    lines.append(
        f"{totals['heard']} files, {totals['seconds'] / 60:.1f} minutes: {totals['detections']} "
        f"detections in {totals['files_with_detections']} of them"
        + (f", {totals['blocked']} held back without a voice" if report["vad"] else "")
    )
    bad = [file["error"] for file in report["files"] if "error" in file]
    lines += [f"not read: {len(bad)}"] if bad else []
    return "\n".join([*lines, *(f"  not read: {error}" for error in bad)])


def _times(file: dict[str, Any]) -> str:
    """When it was detected; in brackets, what the VAD model held back."""
    found = [(d["time_s"], f"{d['time_s']:.2f}") for d in file["detections"]]
    found += [(d["time_s"], f"({d['time_s']:.2f})") for d in file.get("blocked", ())]
    return " ".join(text for _, text in sorted(found)) or "-"
