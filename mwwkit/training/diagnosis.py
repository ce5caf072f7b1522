"""What is wrong with a training, in one sentence, read off its recorded history alone.

    found = diagnose(checkpoint.done)
    print(found)  # trigger-happy: no cutoff that ... -> more kinds of negatives ...

A history is unit -> facts, as `training.loop` records them: the mean loss and gradient norm of the
unit's steps, and a "choice" where the int8 model was looked at. What is deaf, shy, trigger-happy or
untested is for `metrics.judgement` to say, as it is in the report.
"""

from dataclasses import dataclass, replace
from statistics import median

from mwwkit.metrics import judgement
from mwwkit.metrics.judgement import Trained
from mwwkit.metrics.rates import an_hour, percent, roughly
from mwwkit.run.checkpoint import states
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.quantities import span
from mwwkit.training.evaluated import Evaluated, History, evaluated

GROWN = 2.0  # times its lowest: a loss that noise between units does not reach
STEEPER = 5.0  # times its middle so far: the same of a gradient norm
NO_SLOPE = 1e-4  # a gradient norm under this moves nothing
LOST_RECALL = 0.05  # a few clips of some dozens are luck
FALLEN = 0.9  # of what the training loss was at the best evaluation
OF_ANY_LENGTH = ("exploding", "dead")  # however few steps show it
_LASTS = ("features", "training")  # the stages whose settings say how long a training is


@dataclass(frozen=True)
class Diagnosis:
    """Its name, what was seen, and what to do about it."""

    # dead, exploding, overfitting, deaf, too shy, rather shy, trigger-happy, rather trigger-happy,
    # untested, fine
    name: str
    words: str
    cure: str = ""

    @property
    def means(self) -> str:
        """What its name means, without the figures, for places where those stand already."""
        return judgement.MEANS.get(self.name, self.words)

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name}: {self.words}" + (f" -> {self.cure}" if self.cure else "")


def length(run: Run, folder: str = "training") -> Trained | None:
    """How long 03 trains in a run, by its settings and 02's.

    None where one of them is not at hand, and for any other `folder`: its units train what is
    trained already, or a teacher.
    """
    if folder != "training":
        return None
    of = {stage: next((held for _, held in states(run, stage)), None) for stage in _LASTS}
    settings = {stage: held["settings"] for stage, held in of.items() if held}
    return Trained.by({(s, name): value for s in settings for name, value in settings[s].items()})


def diagnose(history: History, chosen: str = "", trained: Trained | None = None) -> Diagnosis:
    """What a course of units, in the order of their steps, shows so far.

    What the int8 model does is told of the unit whose weights were `chosen`, once there is one; of
    the last that was looked at while the training goes on. What to do about it is, for a net that
    is `trained` too short for its faults to be its data's, to train longer.

    Raises ValueError for a history without a unit.
    """
    found = _found(history, chosen)
    if not (trained and trained.is_trial) or found.name in ("fine", *OF_ANY_LENGTH):
        return found
    why = f"{trained} only, {judgement.SHOWS_NOTHING}"
    return replace(found, cure=f"more STEPS, {judgement.LONGER} has: it was trained for {why}")


def _found(history: History, chosen: str) -> Diagnosis:
    if not history:
        raise WrongInput("the history has no unit; train some steps first")
    units = list(history.values())
    looked_at = [facts for facts in units if "choice" in facts]
    problem = _exploding(units) or _flat(units)
    if problem or not looked_at:
        return problem or Diagnosis("fine", "the int8 model has not been looked at yet")
    reached = evaluated(history[chosen] if chosen else looked_at[-1])
    hears = _hearing(reached)
    if hears == "deaf" or not reached.recall:
        return _deaf(reached)
    if found := _overfitting(looked_at):
        return found
    wakes, shy = _trigger_happy(reached), _shy(reached, hears)
    by_weight = (shy, wakes) if hears == "too shy" else (wakes, _untested(reached), shy)
    fine = Diagnosis("fine", f"it {reached} on the validation split")
    return next(filter(None, by_weight), fine)


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
    norm, reached = units[-1]["gradient_norm"], evaluated(units[-1])
    if norm >= NO_SLOPE or reached and reached.recall:
        return None
    return Diagnosis(
        "dead",
        f"the gradient's norm is {norm:.2g}: nothing moves any more",
        "a tenth of LEARNING_RATE and a longer WARMUP_STEPS, in a new RUN_DIR",
    )


def _kept_to_target(reached: Evaluated) -> bool:
    return bool(reached.rank[1])


def _recordings(reached: Evaluated) -> int | None:
    """Different words that it was tested on; None where an earlier version kept no count of any."""
    return reached.words if reached.recordings is None else reached.recordings


def _hearing(reached: Evaluated) -> judgement.Hearing:
    """What its recall says; where nobody counted the words, there were enough."""
    n = _recordings(reached)
    return judgement.hearing(reached.recall, judgement.FEWEST_WORDS if n is None else n)


def _deaf(reached: Evaluated) -> Diagnosis:
    nothing = "the int8 model recognises nothing at any cutoff"
    return Diagnosis(
        "deaf",
        f"the int8 model {reached}: next to nothing" if reached.recall else nothing,
        "listen to the words in 02's preview; then a higher POSITIVE_WEIGHT, or more STEPS",
    )


def _shy(reached: Evaluated, hears: judgement.Hearing) -> Diagnosis | None:
    if hears not in ("too shy", "rather shy"):
        return None
    return Diagnosis(
        hears,
        f"it misses {percent(1 - reached.recall)} of {reached.whose} on the validation split: "
        f"it {reached}",
        "more STEPS, more recordings or voices of the word in 01, or a higher POSITIVE_WEIGHT",
    )


def _untested(reached: Evaluated) -> Diagnosis | None:
    n, hours = _recordings(reached), reached.hours
    if n is None or hours is None:  # an earlier version did not keep them
        return None
    if n >= judgement.FEWEST_WORDS and hours >= judgement.FEWEST_HOURS:
        return None
    return Diagnosis(
        "untested",
        f"{n} different words and {span(hours)} of other sound on the validation split "
        f"are too few to tell how good it is; it {reached}",
        "more recordings of the word, and longer ones of talk and noise, in 01",
    )


def _overfitting(looked_at: list) -> Diagnosis | None:
    """Two evaluations in a row worse than the best one, while the training loss went on down."""
    reached = list(map(evaluated, looked_at))
    best = max(range(len(reached)), key=lambda i: (reached[i].rank, i))
    if len(reached) - best < 3:
        return None
    then, now = looked_at[best], looked_at[-1]

    def worse(later: Evaluated) -> bool:
        lost = reached[best].recall - later.recall > LOST_RECALL
        return lost or _kept_to_target(reached[best]) and not _kept_to_target(later)

    if not all(map(worse, reached[-2:])) or now["loss"] > FALLEN * then["loss"]:
        return None
    return Diagnosis(
        "overfitting",
        f"the training loss fell from {then['loss']:.3g} to {now['loss']:.3g} while hearing "
        f"{reached[best].short} became hearing {reached[-1].short}, on clips it does not train on",
        "more recordings or voices, more SCENES in 02, a higher DROPOUT, or a PATIENCE that stops",
    )


def _trigger_happy(reached: Evaluated) -> Diagnosis | None:
    """By the count, and by what the tail of the scores expects where that was kept."""
    target, expected = reached.false_accepts_target, reached.false_accepts_expected
    if target is None:  # an earlier version's: nothing to hold the tail against
        target, expected = 0.0, None
    wakes = judgement.waking(target, _kept_to_target(reached), expected)
    if wakes == "within the target":
        return None
    hourly = an_hour(reached.false_accepts_per_hour)
    counted = (
        f"no cutoff that recognises anything keeps to the targets: at the best one it {reached} "
        f"and takes {percent(reached.clip_false_accepts)} of other words for it"
    )
    tail = (
        f"it {reached}, but the tail of its scores lets expect {roughly(expected or 0)} false "
        f"accepts an hour where {hourly} were counted, and {target:g} was asked for"
    )
    return Diagnosis(
        wakes,
        tail if _kept_to_target(reached) else counted,
        "more kinds of negatives in 01, a higher NEGATIVE_WEIGHT, and 04 to mine what fools it",
    )
