"""How long work takes here: a guess for a small machine, put right by what was measured.

    with Watch(run, "02") as watch:             # a stage, around its units
        watch.add(2.5)                          # after each: the seconds it was guessed to take
    told = expected(run, "02", guessed_s=80.0)  # a plan: "about 2.6 min (by how long 01 took)"
    save(run)                                   # a notebook's end: for the sessions to come

It is kept beside the logs, which are each session's own: no result hangs on it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.run.quantities import how_long
from mwwkit.run.typed_json import Amount, DataError, from_json, to_json

FILE = "logs/pace.json"
# Of a core of a small, shared CPU machine:
STEP_S = 0.028  # a training step of 16 scenes of 12 s
SCENES_TIMES_REAL_TIME = 500  # scenes made into features, all augmentation included
LEAST_S = 2.0  # what took less says nothing
DOUBT_S = 20.0  # as if so much had gone as guessed


@dataclass(frozen=True)
class Measured:
    """Seconds that some work was guessed to take, and that it took."""

    guessed_s: Amount
    took_s: Amount

    def __add__(self, other: "Measured") -> "Measured":
        """Both together."""
        return Measured(self.guessed_s + other.guessed_s, self.took_s + other.took_s)


_measured: dict[Run, dict[str, Measured]] = {}  # in this process


class Watch:
    """Measures a stage's units; what is interrupted counts as far as it got."""

    def __init__(self, run: Run, stage: str, start_s: float = 0.0) -> None:
        """Use as a context; `start_s` is the guess for what comes before the first unit."""
        self.run, self.stage, self.guessed_s, self._began = run, stage, start_s, 0.0

    def add(self, guessed_s: float) -> None:
        """A unit is finished that was guessed to take so many seconds."""
        self.guessed_s += guessed_s

    def __enter__(self) -> "Watch":
        """Begin to measure."""
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep what was measured."""
        took_s = time.monotonic() - self._began
        if self.guessed_s and took_s >= LEAST_S:
            of_run = _measured.setdefault(self.run, {})
            nothing = Measured(0.0, 0.0)
            of_run[self.stage] = of_run.get(self.stage, nothing) + Measured(self.guessed_s, took_s)


def expected(run: Run, stage: str, guessed_s: float) -> str:
    """How long work will take and how that is known, in words."""
    factor, why = times_the_guess(run, stage)
    return f"about {how_long(guessed_s * factor)} ({why})"


def times_the_guess(run: Run, stage: str) -> tuple[float, str]:
    """What a guess is to be multiplied with, and how that is known."""
    known = _known(run)
    if stage in known:
        return _factor(known[stage]), f"by what {stage} took in this run so far"
    if not known:
        return 1.0, "a guess: nothing was measured here yet"
    together = sum(known.values(), Measured(0.0, 0.0))
    numbers = sorted(name[:2] for name in known)  # of the stages
    before = f"{', '.join(numbers[:-1])} and " if numbers[1:] else ""
    return _factor(together), f"by how long {before}{numbers[-1]} took"


def _factor(measured: Measured) -> float:
    """Took over guessed; some seconds alone, which starting takes, say little of hours."""
    return (measured.took_s + DOUBT_S) / (measured.guessed_s + DOUBT_S)


def _known(run: Run) -> dict[str, Measured]:
    """By stage: this process first, then this run's file, then those of earlier runs."""
    known: dict[str, Measured] = {}
    for path in reversed(run.all(FILE)):
        try:
            held = read_json(path)
        except (ValueError, OSError):  # it only makes a guess better
            continue
        known |= _read(held)
    return known | _measured.get(run, {})


def _read(held: object) -> dict[str, Measured]:
    if not isinstance(held, Mapping):
        return {}
    try:
        found = {str(stage): from_json(Measured, each, FILE) for stage, each in held.items()}
    except DataError:
        return {}
    return {stage: each for stage, each in found.items() if each.guessed_s > 0}


def save(run: Run) -> None:
    """Write what this process measured; where the folder takes no more, nothing."""
    if measured := _measured.get(run):
        try:
            write_json(run / FILE, {stage: to_json(each) for stage, each in _sorted(run, measured)})
        except OSError:  # a full disk has been told already
            return


def _sorted(run: Run, measured: Mapping[str, Measured]) -> list[tuple[str, Measured]]:
    own = run / FILE
    before = _read(read_json(own)) if own.is_file() else {}
    return sorted((before | dict(measured)).items())
