"""Limits of one session: disk, time, processes; and how work stops at them or at a full disk."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from mwwkit.run import kept
from mwwkit.run.config_base import Between, Checked, at_least, more_than
from mwwkit.run.disk_budget import Budget
from mwwkit.run.environment import variable
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.paths import Run

T = TypeVar("T")
RAISES = "MWWKIT_STOPS_ARE_RAISED"  # an environment variable that kernels inherit
BROKEN = {errno.EIO, errno.EROFS, errno.ENOTCONN, errno.ESTALE}  # what a disk or mount answers
_ASKED = threading.Event()  # by a person, to stop between two units
_STARTED = time.monotonic()  # a notebook's kernel starts with its session


class StoppedEarly(CannotGoOn):
    """A stage stopped between two units, to be continued; nothing is lost."""


class DiskIsFull(StoppedEarly):
    """It stopped for want of room: the same folder alone will not do for the next session."""


def ask_to_stop() -> None:
    """Ask the stage that runs in this process to stop after the unit under way."""
    _ASKED.set()


def hours_so_far() -> float:
    """Hours that this process has run."""
    return (time.monotonic() - _STARTED) / 3600


@dataclass(frozen=True)
class Limits(Checked):
    """What a session may use.

    `budget_gb`: GB (1e9 bytes) the run's folder may hold. `session_hours`: stop between units
    after so many hours of this process, 0 for no deadline. `workers`: processes, 0 for all cores.
    """

    budget_gb: Annotated[float, more_than(0)] = 19.0
    session_hours: Annotated[float, at_least(0, "0 (none) or more")] = 0.0
    workers: Annotated[int, Between(0, 512, "0 (all cores) to 512")] = 0

    @property
    def n_workers(self) -> int:
        """Processes to use: `workers`, or the cores this process may run on."""
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        return self.workers or available or os.cpu_count() or 1

    def session(self, run: Run) -> "Session":
        """Start measuring against these limits; an earlier wish to stop is done with."""
        _ASKED.clear()
        return Session(Budget(run.folder, int(self.budget_gb * 1e9)), self.session_hours)


class Session:
    """Says between units whether to stop."""

    def __init__(self, budget: Budget, session_hours: float):
        """Use `Limits.session`."""
        self.budget = budget
        self.session_hours = session_hours
        self.reason = ""  # why it was stopped, once it was
        self.kind: type[StoppedEarly] = StoppedEarly
        self._n_begun, self._began_over = 0, self._is_over()

    def stop(self, next_bytes: int = 0, *, is_first: bool = False) -> str:
        """Why to stop before the next unit of `next_bytes`, in plain words; empty to go on.

        `is_first`: only a want of room stops it.
        """
        if _ASKED.is_set():
            self.reason, self.kind = "you asked it to", StoppedEarly
        elif self._is_over() and not is_first:
            self.reason = f"the session's {self.session_hours:g} hours are over"
            self.kind = StoppedEarly
        elif refusal := self.budget.refusal(next_bytes):
            self.reason, self.kind = refusal, DiskIsFull
        return self.reason

    def units(self, left: Iterable[T], bytes_of: Callable[[T], int]) -> Iterator[T]:
        """Those of `left` to begin, one by one, until a limit says stop.

        A unit's bytes are reserved when it is begun, so that units under way in several processes
        cannot cross the budget together. Where getting ready took until the deadline the first unit
        is begun all the same: sessions as short as that would never get on.
        """
        for unit in left:
            is_first = not (self._n_begun or self._began_over)
            if self.stop(bytes_of(unit), is_first=is_first):
                return
            self._n_begun += 1
            self.budget.spent(bytes_of(unit))
            yield unit

    def must_begin_in_time(self, stage: str, n_left: int) -> None:
        """Raise StoppedEarly before getting ready, if there is work and the deadline is over."""
        if n_left and self._began_over:
            self.stop()
            self.must_be_continued(stage, n_left)

    def _is_over(self) -> bool:
        return bool(self.session_hours) and hours_so_far() >= self.session_hours

    def must_be_continued(self, stage: str, n_left: int) -> None:
        """Raise StoppedEarly, with what to do next, if a limit stopped the stage."""
        if self.reason:
            kept.save(self.budget.folder)
            raise self.kind(
                f"{stage} stopped early: {self.reason}; {n_left} units are left and nothing is "
                "lost. Run it again, or in the next session give this run's folder as PREVIOUS."
            )


def stops_are_raised() -> AbstractContextManager[None]:
    """Make `well_ended` raise StoppedEarly in kernels started inside the block."""
    return variable(RAISES, "1")


def well_ended(stop: StoppedEarly) -> None:
    """Raise `stop` under `python -m mwwkit`; return in a notebook that is run by itself.

    A notebook that is run by itself ends well, since platforms may keep the output of such ones
    alone; the command line has an exit code for it.
    """
    if os.environ.get(RAISES):
        raise stop


@contextmanager
def full_disk_stops(stage: str) -> Iterator[None]:
    """Turn a full disk (ENOSPC) into DiskIsFull, so that the stage stops as at its disk budget.

    A decorator of a stage's `run`. Raises CannotGoOn, in one line, for a disk that fails.
    """
    try:
        yield
    except OSError as error:
        if error.errno in BROKEN:
            raise CannotGoOn(
                f"{stage} cannot go on: the disk failed ({error}); what was finished is kept. Look "
                "at the disk, or its mount, and run it again"
            ) from error
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        kept.save_all()
        raise DiskIsFull(
            f"{stage} stopped early: the disk is full ({error}); nothing that was finished is "
            "lost. Make room and run it again."
        ) from error
