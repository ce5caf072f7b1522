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
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mwwkit.device import simulator
from mwwkit.run.errors import CannotGoOn

STEP = 16  # bytes; the arena's alignment in TensorFlow Lite Micro
MARGIN = 0.10

# A process for each try: an arena that is too small can crash the interpreter, and a loop inside
# one process did.
PROBE = """
import sys
from tflite_micro.python.tflite_micro import runtime
model = sys.stdin.buffer.read()
try:
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=int(sys.argv[1]))
    interpreter.invoke()
except RuntimeError:
    sys.exit(3)
"""


class ArenaError(CannotGoOn):
    """The arena cannot be measured: tflite-micro is not installed, or no size is large enough."""


@dataclass(frozen=True)
class Arena:
    """Bytes: the smallest that runs in TensorFlow Lite Micro on this PC, and what to state."""

    smallest: int
    size: int


def measure(model: bytes | str | Path) -> Arena:
    """Find a model's arena by bisection, a process a try: about two seconds.

    Raises ArenaError when tflite-micro is not installed or the model runs in no arena.
    """
    model = model if isinstance(model, bytes) else Path(model).read_bytes()
    needed()
    smallest = _smallest(model)
    return Arena(smallest, stated(smallest))


@lru_cache(maxsize=8)  # 05 measures, its certificate and its check tell of the same model
def _smallest(model: bytes) -> int:
    high = 65_536  # 2.7 times the largest published wake word's
    while why := _fails(model, high):
        if high > max(1 << 20, 10 * len(model)):
            raise ArenaError(f"the model does not run in an arena of {high:,} bytes: {why}")
        high *= 4
    low = 0
    while high - low > STEP:
        middle = (low + high) // 2 // STEP * STEP
        low, high = (middle, high) if _fails(model, middle) else (low, middle)
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


def _fails(model: bytes, size: int) -> str:
    """Return "" when the model runs in `size` bytes, else the interpreter's last words."""
    tried = subprocess.run(
        [sys.executable, "-c", PROBE, str(size)], input=model, capture_output=True, check=False
    )
    if tried.returncode == 0:
        return ""
    said = tried.stderr.decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"it ended with status {tried.returncode}"
