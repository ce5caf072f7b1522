"""Train in units for stages 03 and 04, with evaluations, snapshots, a record, and the best unit."""

import time
import warnings
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Annotated

from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.config_base import Between, Checked
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import how_long
from mwwkit.run.session import Session
from mwwkit.training.batches import WakeWordDataset
from mwwkit.training.diagnosis import Diagnosis, diagnose, length
from mwwkit.training.evaluated import read
from mwwkit.training.evaluator import Evaluator
from mwwkit.training.history import write_table
from mwwkit.training.processors import FACT
from mwwkit.training.snapshots import SnapshotError, load_arrays, save_arrays
from mwwkit.training.trainer import Trainer, weights_of

LATE = 0.8  # of the steps: from here the rate is under a tenth, and the weights can be chosen
MOST_STEPS = 10_000_000  # their units are a list
UNIT_STEPS = 250  # a time-out costs at most this many
KEPT_SNAPSHOTS = 2  # the newest, and one to fall back on
NAMES = {"training": "03 train", "teacher": "03 train, the teacher", "tuned": "04 fine-tune"}


@dataclass(frozen=True)
class Course(Checked):
    """How far to train, where its files go, and when to evaluate."""

    folder: str  # of the run
    steps: Annotated[int, Between(0, MOST_STEPS, f"1 to {MOST_STEPS:,}")]
    evaluate_every: int
    variant: str = ""  # before the units' names: which of several courses in one folder
    # evaluations without a better one after which it stops; 0: it never does
    patience: Annotated[int, Between(0, 1000, "0 (off) to 1000 evaluations")] = 0

    def refuse_together(self) -> None:
        """Raise ValueError for evaluations that are not at a unit's end."""
        if self.evaluate_every < UNIT_STEPS or self.evaluate_every % UNIT_STEPS:
            raise WrongInput(
                f"evaluate_every is {self.evaluate_every}; wanted a multiple of {UNIT_STEPS}"
            )

    def units(self) -> dict[str, int]:
        """The units by name, each with the step it ends at."""
        ends = [*range(UNIT_STEPS, self.steps, UNIT_STEPS), self.steps]
        return {f"{self.variant}step-{end:07d}": end for end in ends}

    def n_steps(self, done: Container[str]) -> int:
        """How many steps the finished units took."""
        return max((end for unit, end in self.units().items() if unit in done), default=0)

    def stopped(self, done: dict[str, dict]) -> bool:
        """Whether the last `patience` evaluations were no better than one before them.

        Read off the finished units, so a training that was killed stops where it would have.
        """
        mine = [done[unit] for unit in self.units() if unit in done]
        ranks = [facts["choice"]["rank"] for facts in mine if "choice" in facts]
        if not self.patience or not ranks:
            return False
        return len(ranks) - 1 - ranks.index(max(ranks)) >= self.patience

    def left(self, done: dict[str, dict]) -> list[str]:
        """The units still to be taken, in order: none once it has stopped."""
        return [] if self.stopped(done) else [unit for unit in self.units() if unit not in done]

    def is_late(self, step: int) -> bool:
        """Whether the weights at `step` may be chosen.

        While the rate is high they are still on the way; but who may stop early chooses from all.
        """
        return bool(self.patience) or step >= LATE * self.steps

    def diagnosis(self, run: Run, done: dict[str, dict]) -> Diagnosis:
        """What its finished units show; ValueError where there is none."""
        mine = {unit: done[unit] for unit in self.units() if unit in done}
        return diagnose(mine, trained=length(run, self.folder))

    def table(self) -> str:
        """Where the history is, for other programs, in a run."""
        return f"{self.folder}/history.csv"

    def evaluates(self, step: int) -> bool:
        """Whether the unit that ends at `step` ends with an evaluation."""
        return step % self.evaluate_every == 0 or step == self.steps

    def weights(self, unit: str) -> str:
        """Where an evaluated unit's averaged weights are in a run."""
        return f"{self.folder}/averaged-{unit}.npz"

    def snapshot(self, unit: str) -> str:
        """Where the state to go on from is in a run."""
        return f"{self.folder}/snapshot-{unit}.npz"


def fit(
    course: Course,
    trainer: Trainer,
    dataset: WakeWordDataset,
    evaluator: Evaluator,
    run: Run,
    checkpoint: Checkpoint,
    session: Session,
    on_unit: Callable[[dict], None] = lambda done: None,
) -> dict[str, float]:
    """Take the units that are left, until a limit of the session; return where the seconds went.

    A unit is recorded after its snapshot is on disk, and older snapshots go only then. After each
    evaluation it prints what the history shows.
    """
    ends = course.units()
    left = course.left(checkpoint.done)
    if left:
        _go_on(course, trainer, dataset, run, [unit for unit in ends if unit not in left])
    n_bytes = 2 * sum(array.nbytes for array in trainer.state().values())
    seconds = {"evaluation": 0.0, "saving": 0.0}
    so_far = {"total": course.steps, "initial": trainer.step, "disable": not left}
    with progress(unit="step", desc=NAMES.get(course.folder, course.folder), **so_far) as bar:
        for unit in session.units(left, lambda _: n_bytes):
            facts = trainer.train(dataset, ends[unit], on_step=bar.update) | {FACT: trainer.kind}
            bar.set_postfix(loss=f"{facts['loss']:.3f}")
            started = time.perf_counter()
            if course.evaluates(ends[unit]):
                facts["choice"] = _evaluated(course, trainer, dataset, evaluator, run, unit)
            evaluated = time.perf_counter()
            _record(course, trainer, run, checkpoint, unit, facts)
            session.budget.spent(-drop_snapshots(course, run, checkpoint))
            seconds["evaluation"] += evaluated - started
            seconds["saving"] += time.perf_counter() - evaluated
            on_unit(checkpoint.done)
            if "choice" in facts:
                found = course.diagnosis(run, checkpoint.done)
                bar.write(f"step {ends[unit]:,}: {found.name}; hears {read(facts['choice']).short}")
            if course.stopped(checkpoint.done):
                bar.write(f"no better for {course.patience} evaluations: stopped")
                break
    return trainer.seconds | seconds


def _evaluated(
    course: Course,
    trainer: Trainer,
    dataset: WakeWordDataset,
    evaluator: Evaluator,
    run: Run,
    unit: str,
) -> dict:
    """Write the averaged weights; the choice of cutoff with them."""
    net = trainer.averaged(dataset)
    save_arrays(run / course.weights(unit), weights_of(net))
    return evaluator.facts(net, trainer.shape) | {"late": course.is_late(course.units()[unit])}


def _record(
    course: Course, trainer: Trainer, run: Run, checkpoint: Checkpoint, unit: str, facts: dict
) -> None:
    """Write the unit's snapshot, then that it is done."""
    save_arrays(run / course.snapshot(unit), trainer.state())
    checkpoint.finish(unit, **facts)
    write_table(run / course.table(), checkpoint.done)


def _go_on(course: Course, trainer: Trainer, dataset, run: Run, done: list[str]) -> None:
    """Load the newest intact snapshot, and train again any steps lost after it.

    Steps after an older one are taken again; they are the same steps.
    """
    for unit in reversed([unit for unit in done if run.all(course.snapshot(unit))]):
        try:
            trainer.load(load_arrays(run.find(course.snapshot(unit))))
            break
        except SnapshotError as error:
            warnings.warn(str(error), stacklevel=3)
    if done and trainer.step < (end := course.units()[done[-1]]):
        again = f"going on from step {trainer.step}: the steps to {end} are taken again"
        warnings.warn(again, stacklevel=3)
        trainer.train(dataset, end)
        save_arrays(run / course.snapshot(done[-1]), trainer.state())


def drop_snapshots(course: Course, run: Run, checkpoint: Checkpoint) -> int:
    """Delete this run's snapshots but the newest finished ones; return the bytes that went."""
    done = [unit for unit in course.units() if unit in checkpoint.own]
    kept = {run / course.snapshot(unit) for unit in done[-KEPT_SNAPSHOTS:]}
    n_bytes = 0
    for path in sorted((run / course.folder).glob("snapshot-*.npz")):
        if path not in kept:
            n_bytes += path.stat().st_size
            path.unlink()
    return n_bytes


def mend(course: Course, run: Run, checkpoint: Checkpoint) -> None:
    """Train again from the first unit whose weights are gone; not where the choice is still there.

    They are in a copy that was made while a session wrote: its checkpoint is newer than its files.
    """
    if checkpoint.is_complete and run.all(checkpoint.facts["weights"]):
        return
    done = checkpoint.done

    def is_there(unit: str) -> bool:
        return "choice" not in done[unit] or bool(run.all(course.weights(unit)))

    checkpoint.mend(is_there, "units of training", course.units())


def where_time_went(seconds: dict[str, float]) -> str:
    """What took a hundredth or more of the time, in one line."""
    total = sum(seconds.values()) or 1.0
    told = {name: s for name, s in seconds.items() if s >= total / 100}
    return ", ".join(f"{name} {how_long(s)} ({s / total:.0%})" for name, s in told.items())
