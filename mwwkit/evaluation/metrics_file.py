"""The content of `<word>.metrics.json`, which 05 writes, as types.

    metrics = from_json(Metrics, read_json(path))
    print(metrics.test.false_accepts_per_hour, metrics.threshold.cutoff)

Scores and cutoffs are on the manifest's scale, where 1 is 255. Intervals hold with 95 %.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from mwwkit.device.detector import Rule
from mwwkit.evaluation.measured import Calibration, Mistake, Set, SplitFigures
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.run.typed_json import Amount, Count, Key, Keyed, Share, absent, says


@dataclass(frozen=True)
class Threshold(Rule):
    """The rule that ships, and whether the data can carry what it was chosen for."""

    target_false_accepts_per_hour: Annotated[float, says(exclusiveMinimum=0)]
    target_reached_on_validation: bool  # counted and, where the scores have a tail, expected
    false_accepts_expected_per_hour: Amount | None
    data_can_support_the_target: bool
    note: str
    chosen_by: str | None = absent()  # whose words chose it, in a sentence


@dataclass(frozen=True, kw_only=True)
class Unlike(Mistake):
    """A clip that int8 decides otherwise than float: the highest mean of both."""

    means: tuple[Share, Share]


@dataclass(frozen=True)
class Place:
    """A moment of a spectrogram of a set; `clip` is what sounded there, "" between clips."""

    set: Set
    index: Count
    at_s: Amount
    clip: str = ""
    steps: Annotated[int, says(minimum=1)] | None = absent()  # that a flip lasts
    means: tuple[Share, Share] | None = absent()  # the highest of both there


@dataclass(frozen=True)
class Difference:
    """How far one form of the model is from another, step by step.

    `flips` counts the steps at which the mean is over the cutoff for one only, `flipped` lists the
    longest runs of them, `differ` the clips and events that only one has.
    """

    steps: Count
    largest_difference: Amount  # of the scores
    largest_at: Place | None
    mean_difference: Amount
    flips: Count
    flipped: tuple[Place, ...]
    differ: tuple[Place, ...]


@dataclass(frozen=True)
class Against(Difference):
    """How far the form `form` of the model is from the form `than`."""

    form: str
    than: str


@dataclass(frozen=True)
class FormRates:
    """What a form of the model does."""

    form: str
    recall: Rate
    other_clips_accepted: Rate
    false_accepts_per_hour: Hourly


@dataclass(frozen=True)
class HeardByAll:
    """How much of the validation split every form heard."""

    words: Count
    others: Count
    streams: Count
    stream_hours: Amount


@dataclass(frozen=True)
class BothScores:
    """The highest mean of a test clip by the float net and by the int8 model."""

    clip: Literal["word", "other"]
    by_float: Annotated[Share, Key("float")]
    by_int8: Annotated[Share, Key("int8")]


@dataclass(frozen=True)
class OnTest:
    """Where int8 and float differ on clips of the test split.

    `differ` lists those that they decide differently, the first of them with recipes.
    """

    words: Count
    others: Count
    clips: tuple[BothScores, ...]
    differ: tuple[Unlike, ...]


@dataclass(frozen=True)
class Parity:
    """How faithful the shipped model is: every form of it on the same audio.

    The names of forms are those of `mwwkit.evaluation.net_forms`, and calibrated_on_... where int8
    models of other calibration streams were made.
    """

    heard: HeardByAll
    forms: Annotated[tuple[FormRates, ...], Keyed("form")]
    against: tuple[Against, ...]
    test: OnTest


@dataclass(frozen=True)
class BothCalibrations:
    """Words under a condition against the other words, before and after."""

    condition: str
    before: Calibration
    after: Calibration


@dataclass(frozen=True)
class RatesAt:
    """What a model does at a cutoff."""

    recall: Rate
    other_clips_accepted: Rate
    false_accepts_per_hour: Hourly


@dataclass(frozen=True)
class BothRates(Rule):
    """What one cutoff does before and after."""

    before: RatesAt
    after: RatesAt


@dataclass(frozen=True)
class Calibrated:
    """How the logit was calibrated, on how many recordings of the validation split (0: not).

    `note` says why not; then nothing follows. Else what the test split says of the same net before,
    its logit as trained but for room under the ceiling of its scores, and after, as it ships.
    """

    scale: Annotated[float, says(exclusiveMinimum=0)]
    shift: float
    words: Count
    others: Count
    note: str
    conditions: Annotated[tuple[BothCalibrations, ...], Keyed("condition")]
    cutoffs: tuple[BothRates, ...]


@dataclass(frozen=True)
class ModelFacts:
    """The model's size, its shape's name, and what its logit was scaled and shifted by."""

    bytes: Count
    shape: str
    logit_scale: float
    logit_shift: float | None = absent()  # earlier versions did not


@dataclass(frozen=True)
class ArenaFacts:
    """The arena as the manifest states it, and the smallest that was enough, where measured."""

    stated: Count
    smallest: Count | None


@dataclass(frozen=True)
class OnnxFacts:
    """The ONNX file, and how far ONNX Runtime is from the float net."""

    bytes: Count
    largest_difference: Amount


@dataclass(frozen=True)
class Metrics:
    """All that 05 measures of a model."""

    threshold: Threshold
    validation: SplitFigures
    test: SplitFigures
    parity: Parity
    model: ModelFacts
    arena: ArenaFacts
    onnx: OnnxFacts | None = absent()
    calibrated: Calibrated | None = absent()
