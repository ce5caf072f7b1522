"""What is wrong with a training, in one sentence, read off its recorded history alone.

    found = diagnose(checkpoint.done)
    print(found)  # trigger-happy: no cutoff that ... -> more kinds of negatives ...

A history is unit -> facts, as `training.loop` records them: the mean loss and gradient norm of the
unit's steps, and a "choice" where the int8 model was looked at. What is deaf, shy, trigger-happy or
untested is for `metrics.judgement` to say, as it is in the report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from mwwkit.metrics import judgement
from mwwkit.metrics.rates import roughly
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

    # dead, exploding, overfitting, deaf, too shy, rather shy, trigger-happy, rather trigger-happy,
    # untested, fine
    name: str
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
    hears = _hearing(choice)
    if hears == "deaf" or not _alive(choice):
        return _deaf(choice)
    if found := _overfitting(evaluated):
        return found
    wakes, shy = _trigger_happy(choice), _shy(choice, hears)
    by_weight = (shy, wakes) if hears == "too shy" else (wakes, _untested(choice), shy)
    return next(filter(None, by_weight), None) or _fine(choice)


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


def _hearing(choice: Mapping) -> judgement.Hearing:
    """What its recall says; an earlier version kept no count of the words, so there were enough."""
    return judgement.hearing(choice["recall"], choice.get("words", judgement.FEWEST_WORDS))


def _deaf(choice: Mapping) -> Diagnosis:
    nothing = "the int8 model recognises nothing at any cutoff"
    next_to_it = f"the int8 model hears {choice['recall']:.1%} of the words: next to nothing"
    return Diagnosis(
        "deaf",
        next_to_it if _alive(choice) else nothing,
        "listen to the words in 02's preview; then a higher POSITIVE_WEIGHT, or more STEPS",
    )


def _shy(choice: Mapping, hears: judgement.Hearing) -> Diagnosis | None:
    if hears not in ("too shy", "rather shy"):
        return None
    return Diagnosis(
        hears,
        f"it misses {1 - choice['recall']:.1%} of the words on the validation split, at "
        f"{_hourly(choice)} false accepts an hour",
        "more STEPS, more recordings or voices of the word in 01, or a higher POSITIVE_WEIGHT",
    )


def _untested(choice: Mapping) -> Diagnosis | None:
    words, hours = choice.get("words"), choice.get("hours")
    if words is None or hours is None:  # an earlier version did not keep them
        return None
    if words >= judgement.FEWEST_WORDS and hours >= judgement.FEWEST_HOURS:
        return None
    return Diagnosis(
        "untested",
        f"{words} words and {60 * hours:.0f} minutes of other sound on the validation split are "
        "too few to tell how good it is",
        "more recordings of the word, and longer ones of talk and noise, in 01",
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
    """By the count, and by what the tail of the scores expects where that was kept."""
    target, expected = choice.get("false_accepts_target"), choice.get("false_accepts_expected")
    if target is None:  # an earlier version's: nothing to hold the tail against
        target, expected = 0.0, None
    wakes = judgement.waking(target, _reached(choice), expected)
    if wakes == "within the target":
        return None
    counted = (
        "no cutoff that recognises anything keeps to the targets: at the best one "
        f"{_hourly(choice)} false accepts an hour and "
        f"{choice['clip_false_accepts']:.1%} of other words"
    )
    tail = (
        f"{_hourly(choice)} false accepts an hour were counted, but the tail "
        f"of its scores lets expect {roughly(expected or 0)}, and {target:g} was asked for"
    )
    return Diagnosis(
        wakes,
        tail if _reached(choice) else counted,
        "more kinds of negatives in 01, a higher NEGATIVE_WEIGHT, and 04 to mine what fools it",
    )


def _fine(choice: Mapping) -> Diagnosis:
    return Diagnosis(
        "fine",
        f"{choice['recall']:.1%} recall at {_hourly(choice)} false accepts an "
        "hour on the validation split",
    )


def _hourly(choice: Mapping) -> str:
    return roughly(choice["false_accepts_per_hour"])


def _rates(facts: Mapping) -> str:
    choice = facts["choice"]
    return f"{choice['recall']:.1%} recall at {_hourly(choice)} /h"
