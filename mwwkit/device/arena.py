"""How much memory the device must set aside for a model: found by trying, not guessed.

    size = measure(model)          # Arena(smallest=22752, size=25040)

TensorFlow Lite Micro runs here on a PC, whose pointers are twice as long as an ESP32's, while the
device's own kernels (esp-nn) ask for scratch memory that a PC does not need.  The published wake
words carry 6 to 13 % more than the smallest arena that loads on x86; so do we.  ESPHome 2026.6
tries the manifest's figure, then 1.5 and 2 times as much (streaming_model.cpp, probe_arena_size_).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

from mwwkit.device import simulator
from mwwkit.run.errors import CannotGoOn

STEP = 16  # bytes; the arena's alignment in TensorFlow Lite Micro
MARGIN = 0.10

# A process for each try, forked from one that has the library: an arena that is too small can crash
# the interpreter, and a loop inside one process did.
PROBE = """
import os, sys
from tflite_micro.python.tflite_micro import runtime
model = sys.stdin.buffer.read(int(sys.argv[1]))
for size in sys.stdin.buffer:
    child = os.fork()
    if not child:
        try:
            runtime.Interpreter.from_bytes(model, arena_size=int(size)).invoke()
        except RuntimeError:
            os._exit(3)
        os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class ArenaError(CannotGoOn):
    """The arena cannot be measured: tflite-micro is not installed, or no size is large enough."""


@dataclass(frozen=True)
class Arena:
    """Bytes: the smallest that runs in TensorFlow Lite Micro on this PC, and what to state."""

    smallest: int
    size: int


def measure(model: bytes | str | Path) -> Arena:
    """Find a model's arena by bisection, a process a try: under a second.

    Raises ArenaError when tflite-micro is not installed or the model runs in no arena.
    """
    model = model if isinstance(model, bytes) else Path(model).read_bytes()
    needed()
    smallest = _smallest(model)
    return Arena(smallest, stated(smallest))


@lru_cache(maxsize=8)  # 05 measures, its certificate and its check tell of the same model
def _smallest(model: bytes) -> int:
    high = 65_536  # 2.7 times the largest published wake word's
    with _trials(model) as fails:
        while why := fails(high):
            if high > max(1 << 20, 10 * len(model)):
                raise ArenaError(f"the model does not run in an arena of {high:,} bytes: {why}")
            high *= 4
        low = 0
        while high - low > STEP:
            middle = (low + high) // 2 // STEP * STEP
            low, high = (middle, high) if fails(middle) else (low, middle)
    return high


def stated(smallest: int) -> int:
    """Return the size for the manifest: the smallest plus the margin, up to the alignment."""
    return -(-round(smallest * (1 + MARGIN)) // STEP) * STEP


def explained(size: int, smallest: int) -> str:
    """What a manifest's figure means, in words."""
    tries = " and ".join(f"{-(-size * half // 2 // STEP) * STEP:,}" for half in (3, 4))
    return (
        f"{size:,} bytes are stated; {smallest:,} are the fewest in which TensorFlow Lite Micro "
        f"runs the model on a PC, so {size / smallest - 1:.1%} are spare (published wake words: 6 "
        "to 13 %, for what the chip's own kernels ask more). Where that is too little on a chip, "
        f"ESPHome tries {tries}"
    )


def needed() -> None:
    """Raise ArenaError, which says what to do, where there is nothing to measure with."""
    try:
        simulator.tflm()
    except simulator.DeviceError as e:
        raise ArenaError(
            f"the arena is measured in TensorFlow Lite Micro: {e}; where there is none, give 05 "
            "the bytes as ARENA_BYTES"
        ) from e


@contextmanager
def _trials(model: bytes) -> Iterator[Callable[[int], str]]:
    """Yield what tries a size: "" when the model runs in it, else the interpreter's last words."""
    call = [sys.executable, "-c", PROBE, str(len(model))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with TemporaryFile() as stderr, subprocess.Popen(call, stderr=stderr, **pipes) as child:
        child.stdin.write(model)

        def fails(size: int) -> str:
            child.stdin.write(b"%d\n" % size)
            child.stdin.flush()
            status = child.stdout.readline().decode().strip()
            if status == "0":
                return ""
            stderr.seek(0)
            lines = stderr.read().decode(errors="replace").strip().splitlines()
            return lines[-1] if lines else f"it ended with status {status}"

        yield fails
