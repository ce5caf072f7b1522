"""The k runs of `mwwkit folds --run`, one after another, and what they tell together.

    study = Folds(run, Path("folds"), {"fold-1": Path("folds/fold-1.csv"), ...}, like)
    rows = list(study.rows())
    print(table([*rows, pooled(rows)]))

Each is `mwwkit run` in a child process, which goes on from the clips of the run that is folded and
has a table of splits of its own: 01 makes no clip anew, 02 to 05 do all. Run it again to go on.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from mwwkit.cli.ablation import Reached, Row, reached
from mwwkit.cli.command import OK
from mwwkit.cli.sweeping import TO_BE_CONTINUED
from mwwkit.corpus.asked import MADE_OF_THEM
from mwwkit.evaluation.measured import ConditionRate
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.run.paths import Run
from mwwkit.run.session import StoppedEarly
from mwwkit.run.views import REPORTED, view_of

POOLED = "together"
STDERR = 2  # its file descriptor


@dataclass(frozen=True)
class Folds:
    """A run whose 01 is finished, where its folds' runs are kept, and their tables of splits.

    `like` is what `mwwkit run` is given for a run like it, but for its folder and its splits; it
    ends with parameters.
    """

    folded: Run
    folder: Path
    tables: Mapping[str, Path]  # name of the fold's run -> its table
    like: Sequence[str]

    def rows(self) -> Iterator[Row]:
        """Run what is left of each; a row when it is done, with its exit code where it failed.

        Raises StoppedEarly where one stopped to be continued.
        """
        for name in self.tables:
            run = Run(self.folder / name)
            call = [sys.executable, "-m", "mwwkit.cli.sweep_child", str(os.getpid())]
            # What it prints is told, and not what was asked for.
            code = subprocess.run([*call, *self.words(name)], stdout=STDERR).returncode
            if code in TO_BE_CONTINUED:
                raise StoppedEarly(f"{name} stopped to be continued: run the same command again")
            if code == OK:
                yield Row(name, reached(run))
            else:
                yield Row(name, failed=f"exit code {code}; what it said is above")

    def words(self, name: str) -> list[str]:
        """What `mwwkit run` is given for one fold's run."""
        earlier = [
            str(view_of(run, self.folder / "of-run" / str(number), {*MADE_OF_THEM, *REPORTED}))
            for number, run in enumerate([*self.folded.earlier, self.folded.folder], start=1)
        ]
        splits = f"GIVEN_SPLITS={self.tables[name].absolute()}"
        where = ["--run-dir", str(self.folder / name), "--previous", *earlier]
        return [*self.like, splits, *where]


@dataclass(frozen=True)
class Together(Reached):
    """What several runs counted, each at its own cutoff."""

    @property
    def shipped(self) -> str:
        """In place of a cutoff."""
        return "each its own"


def pooled(rows: Sequence[Row]) -> Row:
    """What all runs that ended counted; its latency is the middle one's."""
    found = [row.facts for row in rows if row.facts]
    if not found:
        return Row(POOLED, failed="no run ended")
    conditions = dict.fromkeys(rate.condition for facts in found for rate in facts.recall)
    streams = [facts.false_accepts_per_hour for facts in found]
    events, hours = sum(of.events for of in streams), sum(of.hours for of in streams)
    late = sorted(f.median_latency_s for f in found if f.median_latency_s is not None)
    every = {field.name: [getattr(f, field.name) for f in found] for field in fields(Reached)}
    summed = {
        "recall": tuple(_of_condition(name, found) for name in conditions),
        "false_accepts_per_hour": Hourly.counted(events, hours),
        "median_latency_s": late[len(late) // 2] if late else None,
        **{n: _sum(every[n]) for n in ("other_clips_accepted", "people", "machines")},
    }
    return Row(POOLED, Together(**{name: of[0] for name, of in every.items()} | summed))


def _of_condition(name: str, found: Sequence[Reached]) -> ConditionRate:
    rates = [rate for facts in found for rate in facts.recall if rate.condition == name]
    return ConditionRate(**vars(_sum(rates)), condition=name)


def _sum(rates: Sequence[Rate]) -> Rate:
    return Rate.counted(sum(rate.count for rate in rates), sum(rate.of for rate in rates))
