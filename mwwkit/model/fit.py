"""Training in units, for 03 and 04: steps, an evaluation now and then, a snapshot, the record."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mwwkit.checkpoint import Checkpoint
from mwwkit.files import replacing
from mwwkit.model.batches import WakeWordDataset
from mwwkit.model.evaluate import Judge
from mwwkit.model.training import Trainer, weights_of
from mwwkit.paths import Run
from mwwkit.progress import tqdm
from mwwkit.session import Session

UNIT_STEPS = 250  # a time-out costs at most this many
SNAPSHOT_BYTES = 2_000_000


@dataclass(frozen=True)
class Course:
    """How far to train, where its files go, and when to evaluate."""

    folder: str  # of the run
    steps: int
    evaluate_every: int

    def __post_init__(self) -> None:  # noqa: D105
        if self.evaluate_every < UNIT_STEPS or self.evaluate_every % UNIT_STEPS:
            raise ValueError(
                f"evaluate_every is {self.evaluate_every}; wanted a multiple of {UNIT_STEPS}"
            )

    def units(self) -> dict[str, int]:
        """The units by name, each with the step it ends at."""
        ends = [*range(UNIT_STEPS, self.steps, UNIT_STEPS), self.steps]
        return {f"step-{end:07d}": end for end in ends}

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
    judge: Judge,
    here: Run,
    checkpoint: Checkpoint,
    session: Session,
    on_unit: Callable[[dict], None] = lambda done: None,
) -> dict[str, float]:
    """Take the units that are left, until a limit of the session; return where the seconds went.

    A unit is recorded after its snapshot is on disk, and the snapshot before it goes only then.
    """
    ends = course.units()
    done = [unit for unit in ends if unit in checkpoint.done]
    if done:
        snapshot = here.find(course.snapshot(done[-1]))
        with np.load(snapshot, allow_pickle=False) as state:
            trainer.load(dict(state))
    seconds = {"evaluation": 0.0, "saving": 0.0}
    with tqdm(total=course.steps, initial=trainer.step, unit="step", desc=course.folder) as bar:
        for unit in session.units(checkpoint.left(list(ends)), lambda _: SNAPSHOT_BYTES):
            facts = trainer.train(dataset, ends[unit], on_step=bar.update)
            bar.set_postfix(loss=f"{facts['loss']:.3f}")
            started = time.perf_counter()
            if course.evaluates(ends[unit]):
                net = trainer.averaged(dataset)
                _save(here / course.weights(unit), weights_of(net))
                facts["choice"] = judge.facts(net, trainer.shape)
            evaluated = time.perf_counter()
            _save(here / course.snapshot(unit), trainer.state())
            checkpoint.finish(unit, **facts)
            for path in (here / course.folder).glob("snapshot-*.npz"):
                if path != here / course.snapshot(unit):
                    path.unlink()
            seconds["evaluation"] += evaluated - started
            seconds["saving"] += time.perf_counter() - evaluated
            on_unit(checkpoint.done)
    return trainer.seconds | seconds


def best(done: dict[str, dict]) -> str:
    """The evaluated unit of highest rank; of equals the latest."""
    ranks = {unit: facts["choice"]["rank"] for unit, facts in done.items() if "choice" in facts}
    return max(ranks, key=lambda unit: (ranks[unit], unit))


def where_time_went(seconds: dict[str, float]) -> str:
    """Seconds and shares, in one line."""
    total = sum(seconds.values()) or 1.0
    return ", ".join(f"{name} {s:.1f} s ({s / total:.1%})" for name, s in seconds.items())


def _save(path, arrays: dict[str, np.ndarray]) -> None:
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)
