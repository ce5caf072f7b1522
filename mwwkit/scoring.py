"""A model heard over audio files, as the device would hear it: what `mwwkit score` prints.

wake_word = WakeWord.load(Path("computer.json"))
heard = listen(wake_word, Path("kitchen.wav"))
print(heard.max, [d.time_s for d in heard.detections])
print(table(score(Path("computer.json"), [Path("recordings")])))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit.audio.frontend import MicroFrontend, quantise
from mwwkit.audio.reading import AudioValidationError, blocks, discover, to_int16
from mwwkit.detector import Detection, StreamingDetector, sliding_sum
from mwwkit.firmware import CUTOFF_LEVELS, SAMPLE_RATE_HZ
from mwwkit.model import manifest
from mwwkit.model.device import Device
from mwwkit.random import rng

# A device has been listening for a while: without a lead-in a clip of one word would fall into the
# detector's pause after start (1 s), and into the front end's first guesses about the noise.
LEAD_IN_S = 1.0
TAIL_S = 0.5  # the window averages over some scores after the word's end
FLOOR = 3.0  # rms of the faint noise in both, in 16-bit steps (-81 dBFS)


@dataclass(frozen=True)
class WakeWord:
    """A manifest and the model it names."""

    manifest: manifest.Manifest
    device: Device

    @classmethod
    def load(cls, path: Path) -> "WakeWord":
        """Read a manifest and its model; ManifestError, FileNotFoundError or DeviceError."""
        read = manifest.read(path)
        return cls(read, Device(path.parent / read.model, reference=True))


@dataclass(frozen=True)
class Heard:
    """The score track of one file; scores are 0..1 on the cutoff's own scale (255 is 1).

    `max` and `mean` are of single scores; `max_mean` is the highest mean over the sliding window,
    which is what the device compares with the cutoff. Times are seconds of the file; a detection
    in the lead-in would have a negative one.
    """

    seconds: float
    max: float
    mean: float
    max_mean: float
    detections: tuple[Detection, ...]


def listen(wake_word: WakeWord, path: Path, lead_in_s: float = LEAD_IN_S) -> Heard:
    """Score a file of any length, rate and format, between a lead-in and a tail of faint noise.

    Raises AudioValidationError for what is no usable audio.
    """
    frontend, parts, n_samples = MicroFrontend(), [], 0
    parts.append(frontend.process(_faint(lead_in_s, "lead-in")))
    for block in blocks(path, SAMPLE_RATE_HZ):
        n_samples += len(block)
        parts.append(frontend.process(to_int16(block)))
    parts.append(frontend.process(_faint(TAIL_S, "tail")))
    scores = wake_word.device.scores(quantise(np.concatenate(parts)))  # uint8 [steps]
    micro = wake_word.manifest
    window = micro.sliding_window_size
    detector = StreamingDetector(micro.probability_cutoff, window, stride=wake_word.device.stride)
    return Heard(
        seconds=n_samples / SAMPLE_RATE_HZ,
        max=float(scores.max(initial=0)) / CUTOFF_LEVELS,
        mean=float(scores.mean()) / CUTOFF_LEVELS if len(scores) else 0.0,
        max_mean=float(sliding_sum(scores, window).max(initial=0)) / window / CUTOFF_LEVELS,
        detections=tuple(
            Detection(round(d.time_s - lead_in_s, 3), d.mean, d.peak) for d in detector.run(scores)
        ),
    )


def _faint(seconds: float, name: str) -> np.ndarray:
    noise = rng(0, name).normal(0.0, FLOOR, round(seconds * SAMPLE_RATE_HZ))
    return np.rint(noise).astype(np.int16)


def score(model: Path, audio: Iterable[Path], lead_in_s: float = LEAD_IN_S) -> dict[str, Any]:
    """What `mwwkit score --json` prints: the model, and the score track of each file.

    A folder stands for the audio files in it. A file that cannot be read has an `error` instead.
    Raises ManifestError, DeviceError or FileNotFoundError for a model that cannot be used.
    """
    if not lead_in_s >= 0:
        raise ValueError(f"lead_in_s is {lead_in_s}; wanted 0 or more")
    wake_word = WakeWord.load(model)
    paths = [p for given in audio for p in (discover(given) if given.is_dir() else [given])]
    if not paths:
        raise FileNotFoundError("there is no audio file in what was given")
    return {
        "wake_word": wake_word.manifest.wake_word,
        "model": str(model),
        "cutoff": wake_word.manifest.probability_cutoff,
        "window": wake_word.manifest.sliding_window_size,
        "files": [{"file": str(path)} | _facts(wake_word, path, lead_in_s) for path in paths],
    }


def _facts(wake_word: WakeWord, path: Path, lead_in_s: float) -> dict[str, Any]:
    try:
        heard = listen(wake_word, path, lead_in_s)
    except AudioValidationError as error:
        return {"error": str(error)}
    facts = {n: round(v, 3) for n, v in vars(heard).items() if n != "detections"}
    found = [
        {
            "time_s": d.time_s,
            "mean": round(d.mean / CUTOFF_LEVELS, 3),
            "peak": round(d.peak / CUTOFF_LEVELS, 3),
        }
        for d in heard.detections
    ]
    return facts | {"detections": found}


def table(report: dict[str, Any]) -> str:
    """The report in lines for people."""
    lines = [f"{report['wake_word']}: cutoff {report['cutoff']}, window {report['window']}"]
    lines += ["    max  max of means   mean  detected at (s)   file"]
    for file in report["files"]:
        if "error" in file:
            lines.append(f"  not read: {file['error']}")
            continue
        times = " ".join(f"{d['time_s']:.2f}" for d in file["detections"]) or "-"
        lines.append(
            f"  {file['max']:.3f}         {file['max_mean']:.3f}  {file['mean']:.3f}  {times:<16}  "
            f"{file['file']}"
        )
    return "\n".join(lines)
