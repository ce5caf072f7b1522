"""Training settings and schedules: learning rate, stages, weight decay, average decay, by step."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from mwwkit.run.config_base import Between, Checked, OneOf, at_least, more_than
from mwwkit.run.errors import WrongInput

PRECISIONS = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}  # what a user asks for -> Keras's policy: variables stay float32 in all three

Portion = Annotated[float, Between(0, 1, below=True)]
QAT_DECAY = 0.99  # of the averaged weights, at most: there are few such steps


class Stage(NamedTuple):
    """Some steps at one rate and one weight of the negatives."""

    steps: int
    learning_rate: float
    negative_weight: float


@dataclass(frozen=True)
class TrainingSettings(Checked):
    """Optimiser settings: AdamW, warm-up, cosine decay, averaged weights.

    A `schedule` of stages, each (steps, learning rate, negative weight), stands in the place of
    `learning_rate`, the cosine and the loss's negative weight; the warm-up stays.
    """

    steps: Annotated[int, at_least(1)] = 3000
    learning_rate: Annotated[float, Between(0, 1, "0 to 1, as 0.003", above=True)] = 3e-3
    warmup_steps: Annotated[int, at_least(0)] = 100
    weight_decay: Annotated[float, at_least(0)] = 1e-3
    clip_norm: Annotated[float, more_than(0, "more than 0, as 5")] = 5.0
    dropout: Portion = 0.1
    ema_decay: Portion = 0.999
    ema_decay_late: Portion = 0.9995  # in the last fifth
    # that batch norm is re-estimated from, with the averaged weights
    statistics_batches: Annotated[int, at_least(1)] = 30
    schedule: tuple[tuple[int, float, float], ...] = ()
    precision: Annotated[str, OneOf(PRECISIONS)] = "float32"  # of the products
    # devices that share a batch
    replicas: Annotated[int, Between(0, 64, "0 (every GPU) to 64")] = 1
    qat_steps: int = 0  # the last so many feel the rounding of the int8 file: see model.qat

    def __post_init__(self) -> None:  # noqa: D105
        super().__post_init__()
        object.__setattr__(self, "schedule", _stages(self.schedule, self.steps))

    def refuse_together(self) -> None:
        """Raise ValueError for more rounded steps than there are steps."""
        if not 0 <= self.qat_steps < self.steps:
            raise WrongInput(
                f"qat_steps is {self.qat_steps}; wanted 0 (off) to less than steps, {self.steps}"
            )

    @property
    def float_steps(self) -> int:
        """Number of first steps that train without rounding."""
        return self.steps - self.qat_steps

    def stage_at(self, step: int) -> Stage | None:
        """The stage that a step is in; the last one's after the end; None without a schedule."""
        for stage in self.schedule:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.schedule[-1] if self.schedule else None

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: a linear warm-up, then half a cosine, or the stage's own."""
        stage = self.stage_at(step)
        highest = stage.learning_rate if stage else self.learning_rate
        if step < self.warmup_steps:
            return highest * (step + 1) / self.warmup_steps
        if stage:
            return highest
        done = (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)
        return highest * 0.5 * (1 + float(np.cos(np.pi * min(done, 1.0))))

    def decay_at(self, step: int) -> float:
        """The averaged weights' decay: short while they are young, long at the end.

        They are young again when rounding begins, or they would hardly learn of it.
        """
        if self.qat_steps and step >= self.float_steps:
            young = step - self.float_steps
            return min((1 + young) / (10 + young), self.ema_decay, QAT_DECAY)
        is_late = step >= 0.8 * self.steps
        return min((1 + step) / (10 + step), self.ema_decay_late if is_late else self.ema_decay)


def _stages(settings, steps: int) -> tuple[Stage, ...]:
    """The schedule as stages; ValueError for one that means nothing or has other steps in all."""
    stages = []
    for number, stage in enumerate(settings, 1):
        if len(stage) != 3:
            raise WrongInput(
                f"schedule: stage {number} is {list(stage)}; wanted [steps, rate, negative_weight]"
            )
        n_steps, rate, weight = stage
        if not (isinstance(n_steps, int) and n_steps >= 1 and 0 < rate <= 1 and 0 <= weight <= 1e3):
            raise WrongInput(
                f"schedule: stage {number} is {list(stage)}; wanted steps of 1 or more, a rate of "
                "0 to 1, a negative_weight of 0 to 1000"
            )
        stages.append(Stage(n_steps, float(rate), float(weight)))
    total = sum(stage.steps for stage in stages)
    if stages and total != steps:
        raise WrongInput(f"schedule has {total} steps in all and steps is {steps}; make them equal")
    return tuple(stages)
