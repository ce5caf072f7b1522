"""Many wake words: a run for each row of a table, one after another or several at once.

    sweep = Sweep(folder, rows, common)
    for outcome in sweep.outcomes(jobs=2): ...    # as they end; again to go on
    print(table(sweep.told()))

Each run is `mwwkit run` in a child process with a log of its own, so that one that fails or is
killed stops no other. What became of a row is kept in `rows/`, and a done one is not begun again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mwwkit.cli import chain
from mwwkit.cli.command import BAD, INTERRUPTED, OK, STOPPED
from mwwkit.cli.words_table import Common, Row
from mwwkit.run.files import read_json, write_json
from mwwkit.run.lock import sole_user
from mwwkit.run.session import Limits
from mwwkit.run.typed_json import from_json, to_json

LOGS, ROWS = "logs", "rows"  # beside the rows' runs, whose names end in a digest
PENDING = "not begun"
TO_BE_CONTINUED = {STOPPED, INTERRUPTED, -signal.SIGINT, -signal.SIGTERM}


@dataclass(frozen=True)
class Attempts:
    """What became of a row, over all its sessions.

    `seconds` and `cpu_s` are of sessions that ended by themselves; what a killed one took is not
    known.
    """

    made_of: str
    exit_code: int
    seconds: float
    cpu_s: float
    told: str = ""  # why it is not done

    @property
    def state(self) -> str:
        """In a word: done, stopped (to be continued) or failed."""
        if self.exit_code == OK:
            return "done"
        return "stopped" if self.exit_code in TO_BE_CONTINUED else "failed"


@dataclass(frozen=True)
class Outcome:
    """A row and what became of it; None where it was never begun, or is under way."""

    row: Row
    attempts: Attempts | None


@dataclass(frozen=True)
class Sweep:
    """The rows' runs in one folder."""

    folder: Path
    rows: tuple[Row, ...]
    common: Common
    _children: set[int] = field(default_factory=set)  # process ids

    def outcome(self, row: Row) -> Outcome:
        """What is known of a row; of one with other settings than before, nothing."""
        kept = self._kept(row)
        last = chain.NOTEBOOKS[self.common.stages[-1]]
        is_there = (self.folder / row.name / "executed" / f"{last}.ipynb").exists()
        if kept is None or kept.made_of != row.made_of or not (is_there or kept.exit_code):
            return Outcome(row, None)
        return Outcome(row, kept)

    def _kept(self, row: Row) -> Attempts | None:
        path = self._record(row)
        return from_json(Attempts, read_json(path), str(path)) if path.exists() else None

    def left(self) -> list[Row]:
        """The rows that are not done."""
        found = map(self.outcome, self.rows)
        return [o.row for o in found if o.attempts is None or o.attempts.exit_code != OK]

    def outcomes(self, jobs: int) -> Iterator[Outcome]:
        """Run the rows that are left, so many at once; each when it has ended.

        Interrupted, it lets the runs under way end as Ctrl-C ends one. Raises Occupied where
        another process works on the same folder.
        """
        with self._alone(), ThreadPoolExecutor(jobs) as threads:
            ends = [threads.submit(self._run, row, jobs) for row in self.left()]
            try:
                for end in as_completed(ends):
                    yield end.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                for child in list(self._children):
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGINT)
                raise

    def _run(self, row: Row, jobs: int) -> Outcome:
        before, began = self._kept(row), time.monotonic()
        log = self.log(row)
        code, cpu_s = self._child(row, jobs, log)
        seconds = time.monotonic() - began
        if before:
            seconds, cpu_s = seconds + before.seconds, cpu_s + before.cpu_s
        told = "" if code == OK else _last_word(log, code)
        ended = Attempts(row.made_of, code, round(seconds, 1), round(cpu_s, 1), told)
        write_json(self._record(row), to_json(ended))
        return Outcome(row, ended)

    def _child(self, row: Row, jobs: int, log: Path) -> tuple[int, float]:
        """Exit code and CPU seconds, of all its processes, of one `mwwkit run`."""
        with open(log, "w", encoding="utf-8") as out:
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "mwwkit.cli.sweep_child",
                    str(os.getpid()),
                    *self.words(row, jobs),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches it from here alone
            )
        self._children.add(child.pid)
        _, status, used = os.wait4(child.pid, 0)
        self._children.discard(child.pid)
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, used.ru_utime + used.ru_stime

    def words(self, row: Row, jobs: int) -> list[str]:
        """The words after `mwwkit run` that make a row."""
        given = dict(row.given)
        if jobs > 1 and not any(job.given.get("WORKERS") for job in row.jobs):
            given["WORKERS"] = str(max(1, Limits().n_workers // jobs))  # it changes no byte
        parameters = [f"{name}={text}" for name, text in given.items()]
        where = ["--run-dir", str(self.folder / row.name), "--preset", row.preset]
        stages = ["--stages", ",".join(self.common.stages)]
        return [*where, *stages, *(["-p", *parameters] if parameters else [])]

    def log(self, row: Row) -> Path:
        """Where the last session of a row tells what it did."""
        return self.folder / LOGS / f"{row.name}.log"

    def _record(self, row: Row) -> Path:
        return self.folder / ROWS / f"{row.name}.json"

    def _alone(self) -> AbstractContextManager[None]:
        """A lock on the folder, so that no second sweep runs the same rows."""
        (self.folder / LOGS).mkdir(parents=True, exist_ok=True)
        message = f"{self.folder} is in use by another sweep; wait for it, or end it"
        return sole_user(self.folder / ".sweep.lock", message)


def _last_word(log: Path, code: int) -> str:
    """Why a run ended, by what it said last."""
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines()]
    said = [line for line in lines if line.startswith("mwwkit: ")] or [
        line for line in lines if line
    ]
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return said[-1].removeprefix("mwwkit: ") if said else f"it ended with {code}"


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Of the whole sweep: 1 where a row failed, 3 where one is to be continued, else 0."""
    states = {o.attempts.state if o.attempts else "stopped" for o in outcomes}
    return BAD if "failed" in states else STOPPED if "stopped" in states else OK
