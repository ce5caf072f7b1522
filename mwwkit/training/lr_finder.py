"""A learning rate to start from: a few steps at rising rates, which are then undone.

    found = LRFinder(trainer, dataset).run()         # 100 steps, 1e-6 to 1e-2
    print(found)                                     # the suggestion, and what it rests on

The range test of Smith, "Cyclical learning rates for training neural networks", WACV 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from mwwkit.run.errors import WrongInput
from mwwkit.training.schedule import TrainingSettings

if TYPE_CHECKING:
    from mwwkit.training.batches import WakeWordDataset
    from mwwkit.training.trainer import Trainer

LOWEST, HIGHEST, STEPS = 1e-6, 1e-2, 100
EXPLODED = 4.0  # times the lowest mean loss so far: nothing more is learnt from higher rates
MEMORY = 0.9  # of that mean, of which each loss is a tenth: one lucky batch ends no sweep
UNDER_LOWEST = 10.0  # the loss is lowest where steps are about to overshoot: so far below that


@dataclass(frozen=True)
class Sweep:
    """The loss of one step after another, each at a higher rate."""

    rates: np.ndarray  # float [steps], rising
    losses: np.ndarray  # float [steps], each before its step
    exploded: bool = False  # so that the last rates were not tried

    @property
    def smooth(self) -> np.ndarray:
        """The losses under a Hann window of a tenth of the steps; centred, so that nothing lags."""
        half = max(len(self.losses) // 20, 1)
        window = np.hanning(2 * half + 3)[1:-1]
        count = np.convolve(np.ones(len(self.losses)), window)[half:-half]
        return np.convolve(self.losses, window)[half:-half] / count

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is lowest."""
        return float(self.rates[np.argmin(self.smooth)])

    @property
    def suggestion(self) -> float:
        """A tenth of the rate with the lowest loss, to two digits."""
        return float(f"{self.lowest / UNDER_LOWEST:.1e}")

    @property
    def is_bounded(self) -> bool:
        """Whether the loss rose again: else the rates were too low to see where learning stops."""
        smooth = self.smooth
        return self.exploded or bool(
            smooth[-1] > smooth.min() + 0.1 * (smooth.max() - smooth.min())
        )

    def __str__(self) -> str:
        """One line for people."""
        end = "" if self.is_bounded else "; it was still falling at the end, so more may do too"
        return (
            f"try a learning rate of {self.suggestion:.2g}, a tenth of {self.lowest:.2g}, where "
            f"the loss was lowest{end}"
        )


def sweep(
    take: Callable[[float], float], lowest: float, highest: float, steps: int = STEPS
) -> Sweep:
    """Call `take` (a rate -> the loss before the step) with rates that rise by a constant factor.

    Ends early where the loss explodes: its mean at EXPLODED times the lowest, or not a number.
    Raises ValueError for rates or steps that make no sweep.
    """
    if not 0 < lowest < highest <= 1:
        raise WrongInput(f"rates are {lowest} to {highest}; wanted 0 to 1, the lower first")
    if steps < 20:
        raise WrongInput(f"steps is {steps}; wanted at least 20, as {STEPS}")
    losses: list[float] = []
    mean, best, exploded = 0.0, np.inf, False
    rates = np.geomspace(lowest, highest, steps)
    for rate in rates:
        try:
            loss = take(float(rate))
        except FloatingPointError:
            exploded = True
            break
        losses.append(loss)
        mean = MEMORY * mean + (1 - MEMORY) * loss
        unbiased = mean / (1 - MEMORY ** len(losses))
        best = min(best, unbiased)
        if exploded := not unbiased <= EXPLODED * best:
            break
    if len(losses) < 3 or not np.isfinite(losses[:3]).all():
        raise WrongInput(
            f"the loss explodes at once, at a rate of {lowest:g}: look at the data, or sweep from "
            "a lower one"
        )
    finite = [loss for loss in losses if np.isfinite(loss)]
    return Sweep(rates[: len(finite)], np.array(finite), exploded)


class LRFinder:
    """Sweeps a trainer's rate from its present state, and restores everything."""

    def __init__(
        self,
        trainer: Trainer,
        dataset: WakeWordDataset,
        lowest: float = LOWEST,
        highest: float = HIGHEST,
        steps: int = STEPS,
    ):
        """`steps` from `lowest` to `highest`, on the batches that come next."""
        self.trainer, self.dataset = trainer, dataset
        self.lowest, self.highest, self.steps = lowest, highest, steps

    def run(self, on_step: Callable[[], None] = lambda: None) -> Sweep:
        """Take the steps and undo them: weights, optimiser, average and step are as they were."""
        trainer = self.trainer
        state, settings, seconds = trainer.state(), trainer.settings, dict(trainer.seconds)

        def take(rate: float) -> float:
            trainer.settings = _at(rate, settings)
            return trainer.train(self.dataset, trainer.step + 1, on_step)["loss"]

        try:
            return sweep(take, self.lowest, self.highest, self.steps)
        finally:
            trainer.settings, trainer.seconds = settings, seconds
            trainer.load(state)


@dataclass(frozen=True)
class _Constant(TrainingSettings):
    """The same settings at one rate."""

    def rate_at(self, _: int) -> float:
        """The one rate, at any step."""
        return self.learning_rate


def _at(rate: float, settings: TrainingSettings) -> _Constant:
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return _Constant(**values | {"learning_rate": rate})
