"""How a model behaves to those who live with it: does it hear, does it stay quiet, is that known?

    hearing(0.014, n_words=144)                               # "too shy"
    waking(0.5, counted=True, expected=120.0)                 # "trigger-happy"

The limits are here alone: the diagnosis of a training and the verdict of a report both ask these
functions, so that they cannot call the same model by two names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mwwkit.metrics.rates import Hourly, proportion

Hearing = Literal["deaf", "too shy", "rather shy", "untested", "well"]
Waking = Literal["trigger-happy", "rather trigger-happy", "untested", "within the target"]

NEXT_TO_NOTHING = 0.01  # of the words heard: so few are chance, as some other sound might be
MOST = 0.5  # hearing less it fails more often than it works, and people give up calling
WELL = 0.8  # hearing less it makes more than one call in five a second one, which people remember
# With 20 words, all of them heard, one in six may still be missed (95 %); with fewer it is worse.
FEWEST_WORDS = 20
# From so many different recordings by people on, their words alone choose weights and cutoff and
# are told as recall, machines' beside them: what hears machines may miss people. Of fewer, each one
# heard or missed moves recall by more than ten points, so that luck would choose.
FEWEST_RECORDINGS = 10
# What each is called in a word means this, wherever it is told.
MEANS = {
    "deaf": "it hears next to nothing",
    "too shy": "it misses most of what it should hear",
    "rather shy": "it misses more than one call in five",
    "trigger-happy": "it wakes when nobody called",
    "rather trigger-happy": "it wakes more often than was asked",
    "untested": "there is too little to say how good it is",
}
FEWEST_HOURS = 0.1  # in six minutes even silence leaves room for 30 false accepts an hour (95 %)
# Scenes a training went through, steps times batch. Of those recorded in tests/fixtures none was
# good after 4,000, and many were after 20,000; of fewer its own shortness is the first fault.
FEWEST_SEEN = 8_000
# Half and twice what the tail of the scores expects is how well it may be trusted; an interval of
# what was counted that begins over twice the target is as plain.
TWICE = 2.0
# Of a training that was shorter than that.
SHOWS_NOTHING = "which shows that everything runs and says nothing about the recordings"
LONGER = "on more SCENES, before anything else, as the preset standard"  # after: more STEPS


@dataclass(frozen=True)
class Trained:
    """How long 03 trained: steps, scenes a step, and of how many scenes they are drawn."""

    steps: int
    batch: int
    scenes: int

    @classmethod
    def by(cls, settings: Mapping[tuple[str, str], Any]) -> "Trained | None":
        """As the settings of 02 and 03 say, by stage's folder and name; None where one is missing.

        Both the verdict and the diagnosis of a training ask for it here.
        """
        wanted = ("training", "steps"), ("training", "batch"), ("features", "scenes")
        return cls(*map(settings.get, wanted)) if settings.keys() >= {*wanted} else None

    @property
    def is_trial(self) -> bool:
        """Whether it was too short to say anything about what it was trained on."""
        return self.steps * self.batch < FEWEST_SEEN

    def __str__(self) -> str:
        """As in "250 steps of 4 scenes, of 80"."""
        return f"{self.steps:,} steps of {self.batch} scenes, of {self.scenes:,}"


def hearing(heard: float, n_words: int) -> Hearing:
    """Of a share of words heard, and how many different ones there were.

    Fewer than FEWEST_WORDS say nothing unless most must be missed even so: none of six heard.
    """
    if n_words < FEWEST_WORDS:
        if not n_words or proportion(round(heard * n_words), n_words).high >= MOST:
            return "untested"
    if heard < NEXT_TO_NOTHING:
        return "deaf"
    if heard < MOST:
        return "too shy"
    return "rather shy" if heard < WELL else "well"


def tail_allows(expected: float | None, target: float) -> bool:
    """Whether the tail of the scores expects no more false accepts an hour than the target.

    Where there is too little of a tail to expect anything (None), the count stands alone.
    """
    return expected is None or expected <= target


def waking(
    target: float, counted: bool, expected: float | None, measured: Hourly | None = None
) -> Waking:
    """Of a target of false accepts an hour: both the count and the tail must keep to it.

    `counted` says whether the count did where the cutoff was chosen, `expected` what the tail
    expects there; `measured` is what long sound counted that is asked too, None where none is.
    """
    at_least = measured.low or 0.0 if measured else 0.0  # an hour, with 95 %
    if not counted or not tail_allows(expected, TWICE * target) or at_least > TWICE * target:
        return "trigger-happy"
    if not tail_allows(expected, target) or at_least > target:
        return "rather trigger-happy"
    return "untested" if measured and measured.hours < FEWEST_HOURS else "within the target"
