"""What is wrong with a training, in one sentence, read off its recorded history alone.

    found = diagnose(checkpoint.done)
    print(found)  # trigger-happy: no cutoff that ... -> more kinds of negatives ...

A history is unit -> facts, as `training.loop` records them: the mean loss and gradient norm of the
unit's steps, and a "choice" where the int8 model was looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from mwwkit.run.errors import WrongInput

History = Mapping[str, Mapping[str, Any]]

GROWN = 2.0  # times its lowest: a loss that noise between units does not reach
STEEPER = 5.0  # times its middle so far: the same of a gradient norm
NO_SLOPE = 1e-4  # a gradient norm under this moves nothing
LOST_RECALL = 0.05  # a few clips of some dozens are luck
FALLEN = 0.9  # of what the training loss was at the best evaluation


@dataclass(frozen=True)
class Diagnosis:
    """Its name, what was seen, and what to do about it."""

    name: str  # dead, trigger-happy, overfitting, exploding, fine
    words: str
    cure: str = ""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name}: {self.words}" + (f" -> {self.cure}" if self.cure else "")


def diagnose(history: History) -> Diagnosis:
    """What a course of units, in the order of their steps, shows so far.

    Raises ValueError for a history without a unit.
    """
    if not history:
        raise WrongInput("the history has no unit; train some steps first")
    units = list(history.values())
    evaluated = [facts for facts in units if "choice" in facts]
    problem = _exploding(units) or _flat(units)
    if problem or not evaluated:
        return problem or Diagnosis("fine", "the int8 model has not been looked at yet")
    choice = evaluated[-1]["choice"]
    return _dead(choice) or _overfitting(evaluated) or _trigger_happy(choice) or _fine(choice)


def _exploding(units: list) -> Diagnosis | None:
    last, before = units[-1], units[:-1]
    if not before:
        return None
    lowest = min(facts["loss"] for facts in before)
    usual = median(facts["gradient_norm"] for facts in before)
    if last["loss"] <= GROWN * lowest or last["gradient_norm"] <= STEEPER * usual:
        return None
    return Diagnosis(
        "exploding",
        f"the loss rose from {lowest:.3g} to {last['loss']:.3g} and the gradient's norm from "
        f"{usual:.3g} to {last['gradient_norm']:.3g}",
        "a third of LEARNING_RATE, or a smaller CLIP_NORM, in a new RUN_DIR",
    )


def _flat(units: list) -> Diagnosis | None:
    norm = units[-1]["gradient_norm"]
    if norm >= NO_SLOPE or "choice" in units[-1] and _alive(units[-1]["choice"]):
        return None
    return Diagnosis(
        "dead",
        f"the gradient's norm is {norm:.2g}: nothing moves any more",
        "a tenth of LEARNING_RATE and a longer WARMUP_STEPS, in a new RUN_DIR",
    )


def _alive(choice: Mapping) -> bool:
    return choice["recall"] > 0


def _reached(choice: Mapping) -> bool:
    return bool(choice["rank"][1])


def _dead(choice: Mapping) -> Diagnosis | None:
    if _alive(choice):
        return None
    return Diagnosis(
        "dead",
        "the int8 model recognises nothing at any cutoff",
        "listen to the words in 02's preview; then a higher POSITIVE_WEIGHT, or more STEPS",
    )


def _overfitting(evaluated: list) -> Diagnosis | None:
    """Two evaluations in a row worse than the best one, while the training loss went on down."""
    best = max(range(len(evaluated)), key=lambda i: (evaluated[i]["choice"]["rank"], i))
    after = evaluated[best + 1 :]
    if len(after) < 2:
        return None
    then, now = evaluated[best], evaluated[-1]

    def worse(facts: Mapping) -> bool:
        lost = then["choice"]["recall"] - facts["choice"]["recall"] > LOST_RECALL
        return lost or _reached(then["choice"]) and not _reached(facts["choice"])

    if not all(map(worse, after[-2:])) or now["loss"] > FALLEN * then["loss"]:
        return None
    return Diagnosis(
        "overfitting",
        f"the training loss fell from {then['loss']:.3g} to {now['loss']:.3g} while {_rates(then)} "
        f"became {_rates(now)} on clips it does not train on",
        "more recordings or voices, more SCENES in 02, a higher DROPOUT, or a PATIENCE that stops",
    )


def _trigger_happy(choice: Mapping) -> Diagnosis | None:
    if _reached(choice):
        return None
    return Diagnosis(
        "trigger-happy",
        "no cutoff that recognises anything keeps to the targets: at the best one "
        f"{choice['false_accepts_per_hour']:.2g} false accepts an hour and "
        f"{choice['clip_false_accepts']:.1%} of other words",
        "more kinds of negatives in 01, a higher NEGATIVE_WEIGHT, and 04 to mine what fools it",
    )


def _fine(choice: Mapping) -> Diagnosis:
    return Diagnosis(
        "fine",
        f"{choice['recall']:.1%} recall at {choice['false_accepts_per_hour']:.2g} false accepts an "
        "hour on the validation split",
    )


def _rates(facts: Mapping) -> str:
    choice = facts["choice"]
    return f"{choice['recall']:.1%} recall at {choice['false_accepts_per_hour']:.2g} /h"
