"""A model that listens at a microphone: `mwwkit score MODEL.json --live`.

    with microphone() as blocks:                    # int16 [n] at 16 kHz, as they come
        for moment in follow(component, blocks):
            print(moment.mean, moment.detections)

Needs the package sounddevice (extra `live`), which brings PortAudio on macOS and Windows; on Linux
PortAudio is the system's.
"""

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event
from types import ModuleType

import numpy as np
import soxr

from mwwkit.audio.wav16 import to_int16
from mwwkit.device.detector import Detection
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.esphome.component import Component
from mwwkit.evaluation.scoring import At, Ear
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.typed_json import to_json

BLOCK_S = 0.06  # two scores
BEHIND_S = 3.0  # further behind the microphone sound is let go
SILENT_S = 5.0  # a microphone that gives nothing for so long is gone
FILES = "or give files or folders instead of --live"


@dataclass(frozen=True)
class Moment:
    """What the device knows after a block: times are seconds from power-on, `mean` is 0..1."""

    seconds: float
    mean: float  # of the newest window, which is what is compared with the cutoff
    detections: tuple[Detection, ...]
    blocked: tuple[Detection, ...]  # for which the VAD model heard no voice


def follow(component: Component, blocks: Iterable[np.ndarray]) -> Iterator[Moment]:
    """Listen from power-on to blocks of any length, int16 [n] at 16 kHz."""
    ear, rule, n_samples = Ear(component), component.word, 0
    newest = np.zeros(rule.window, np.uint8)
    for block in blocks:
        heard = ear.hear(block)
        n_samples += len(block)
        newest = np.concatenate([newest, heard.scores])[-rule.window :]
        mean = float(rule.means(newest)[-1])
        yield Moment(n_samples / SAMPLE_RATE_HZ, mean, heard.detections, heard.blocked)


def resampled(pieces: Iterable[np.ndarray], rate_hz: int) -> Iterator[np.ndarray]:
    """Pieces of one sound, float32 [n] in -1..1 at `rate_hz`, as int16 at 16 kHz."""
    stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, "float32")
    for piece in pieces:
        yield to_int16(piece if rate_hz == SAMPLE_RATE_HZ else stream.resample_chunk(piece))


def lines(moment: Moment, as_json: bool = False) -> Iterator[str]:
    """A line for each detection of a moment, and for each that wanted a voice."""
    events = [(d, "detected") for d in moment.detections]
    events += [(d, "held back without a voice") for d in moment.blocked]
    for detection, what in events:
        at = At.of(detection)
        if as_json:
            yield json.dumps(to_json(at) | {"detected": what == "detected"})
        else:
            yield f"{at.time_s:8.2f} s  {what}  mean {at.mean:.3f}  peak {at.peak:.3f}"


def meter(moment: Moment, component: Component) -> str:
    """The newest mean as a bar of 40 places, `|` at the cutoff."""
    bar = ["#" if at < 40 * moment.mean else " " for at in range(40)]
    bar[min(int(40 * component.word.cutoff), 39)] = "|"
    return f"{moment.seconds:8.1f} s  {moment.mean:.2f} [{''.join(bar)}]"


class Arriving:
    """Queue of audio blocks from the sound card's thread; drops blocks when this PC is too slow.

    What a slow computer cannot take within BEHIND_S is lost, and it says so: hearing it ever later
    would be worse. Raises CannotGoOn when nothing comes for SILENT_S.
    """

    def __init__(self):
        """Begin empty."""
        self._blocks, self._lost = Queue(round(BEHIND_S / BLOCK_S)), Event()

    def put(self, block: np.ndarray, lost_before: bool) -> None:
        """Add a copy of a block; `lost_before` says that the sound card lost some before it."""
        try:
            self._blocks.put_nowait(block.copy())
        except Full:
            lost_before = True
        if lost_before:
            self._lost.set()

    def __iter__(self) -> Iterator[np.ndarray]:
        """Blocks as they come, for ever."""
        while True:
            try:
                block = self._blocks.get(timeout=SILENT_S)
            except Empty:
                words = f"the microphone gave nothing for {SILENT_S:g} s; plug it in again, {FILES}"
                raise CannotGoOn(words) from None
            if self._lost.is_set():
                self._lost.clear()
                warnings.warn("this computer is too slow: some sound was lost", stacklevel=2)
            yield block


@contextmanager
def microphone(device: str | None = None) -> Iterator[Iterator[np.ndarray]]:
    """Open a microphone, the system's own choice unless named; gives what `follow` takes.

    It is read at its own rate. Raises CannotGoOn where there is none, or when it falls silent.
    """
    sounddevice = _sounddevice()
    arriving = Arriving()
    try:
        rate_hz = int(sounddevice.query_devices(device, "input")["default_samplerate"])
        stream = sounddevice.InputStream(
            samplerate=rate_hz,
            blocksize=round(BLOCK_S * rate_hz),
            device=device,
            channels=1,
            dtype="float32",
            callback=lambda data, _, __, status: arriving.put(data[:, 0], status.input_overflow),
        )
        stream.start()
    except (ValueError, sounddevice.PortAudioError) as error:
        named = "" if device is None else f" named {device!r}"
        raise CannotGoOn(f"no microphone{named} is here ({error}); plug one in, {FILES}") from error
    with stream:
        yield resampled(arriving, rate_hz)


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except ImportError as error:
        words = f"--live needs the package sounddevice: pip install 'mwwkit[live]', {FILES}"
        raise CannotGoOn(words) from error
    except OSError as error:  # "PortAudio library not found"
        words = f"--live needs PortAudio ({error}): on Debian and Ubuntu, apt-get install "
        raise CannotGoOn(f"{words}libportaudio2, {FILES}") from error
    return sounddevice
