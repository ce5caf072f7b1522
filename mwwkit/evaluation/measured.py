"""What 05 measures on a split of the clips, as types: rates, groups, mistakes.

`mwwkit.evaluation.metrics_file` has the types of the whole file.

Scores and cutoffs are on the manifest's scale, where 1 is 255. Intervals hold with 95 %.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from mwwkit.device.detector import Rule
from mwwkit.metrics.decision_rules import RuleRates
from mwwkit.metrics.operating_points import Surface
from mwwkit.metrics.rates import Hourly, Interval, Rate
from mwwkit.metrics.whose_words import Whose
from mwwkit.run.typed_json import Amount, Count, Key, Keyed, Share, absent, says

Set = Literal["words", "others", "ambient"]
# What `scenes.scene_from` reads.
A_SCENE = says(required=("seconds", "seed", "items", "background", "room"))


@dataclass(frozen=True)
class Aim:
    """What a rule must keep to where it is chosen, and what its choice hangs on besides scores."""

    target_fah: float  # false accepts an hour, at most
    max_clip_fpr: float  # the share of other words that may be accepted
    windows: tuple[int, ...]  # that there are to choose from
    logit_scale: float | None = None  # what calibration multiplied the net's logits with


@dataclass(frozen=True)
class BySpeaker:
    """Where the recall of other speakers than these lies, and how many these are."""

    low: Share
    high: Share
    speakers: Count


@dataclass(frozen=True, kw_only=True)
class ConditionRate(Rate):
    """Recall under one condition; `by_speaker` where two speakers or more are known."""

    condition: str
    by_speaker: BySpeaker | None = absent()


@dataclass(frozen=True)
class Histogram:
    """How many fell into each bin, and how many before the first and after the last."""

    from_s: float
    bin_s: Amount
    counts: tuple[Count, ...]
    earlier: Count
    later: Count


@dataclass(frozen=True)
class Latency:
    """How long after its end a word is heard: the median with its interval, and all of them."""

    detected: Count
    missed: Count
    median_s: float | None
    p90_s: float | None
    histogram: Histogram
    median_low_s: float | None = absent()
    median_high_s: float | None = absent()


@dataclass(frozen=True)
class Crossing(Interval):
    """Where misses equal false positives: that rate, and the cutoff nearest to it."""

    cutoff: float | None


@dataclass(frozen=True)
class Calibration:
    """Whether a score means what it says: clips, their mean score and share of words, by bin."""

    expected_error: Share
    counts: tuple[Count, ...]
    mean_score: tuple[Share, ...]
    share_positive: tuple[Share, ...]


@dataclass(frozen=True)
class ClipFigures:
    """Words under a condition against the other words as recorded, at the cutoff that ships."""

    condition: str
    true_positives: Count
    false_negatives: Count
    false_positives: Count
    true_negatives: Count
    accuracy: Share
    precision: Share
    recall: Share
    f1: Share
    false_positive_rate: Share
    false_negative_rate: Share
    roc_auc: Interval
    partial_auc_10: Annotated[Interval, Key("partial_auc_0.1")]
    partial_auc_5: Annotated[Interval, Key("partial_auc_0.05")]
    equal_error_rate: Crossing
    calibration: Calibration


@dataclass(frozen=True)
class AtTarget(Rule):
    """What a split alone would have chosen for the same target."""

    target_false_accepts_per_hour: float
    recall: Interval
    reached: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class GroupRate(Rate):
    """The rate of a group.

    `merged` says how many small groups it stands for, `units` of how many voices or clips that were
    drawn independently of one another.
    """

    group: str
    merged: Count
    units: Count


@dataclass(frozen=True, kw_only=True)
class GroupHourly(Hourly):
    """False accepts of a group; `merged` says how many small groups it stands for."""

    group: str
    merged: Count


@dataclass(frozen=True)
class RatesBy:
    """The groups of one dimension, the worst first."""

    dimension: str
    rows: tuple[GroupRate, ...]


@dataclass(frozen=True)
class HourlyBy:
    """The groups of one dimension of long recordings, the worst first."""

    dimension: str
    rows: tuple[GroupHourly, ...]


@dataclass(frozen=True)
class AtRule:
    """What one rule does on a split; `recall` and `latency` are of the words that count."""

    recall: Rate
    other_clips_accepted: Rate
    false_accepts_per_hour: Hourly
    latency: Latency
    groups: tuple[RatesBy, ...]  # of the words


@dataclass(frozen=True)
class Least:
    """Groups with less than this are counted together."""

    clips: Count
    hours: Amount


@dataclass(frozen=True)
class Groups:
    """Whose words are missed, and what is taken for the word, group by group.

    Dimensions: condition, snr, room, rt60, speaker, source, voice, word, label, kind.
    """

    merged_below: Least
    note: str  # what is not known; empty where all is
    recall: Annotated[tuple[RatesBy, ...], Keyed("dimension", "rows")]
    other_clips_accepted: Annotated[tuple[RatesBy, ...], Keyed("dimension", "rows")]
    false_accepts_per_hour: Annotated[tuple[HourlyBy, ...], Keyed("dimension", "rows")]


@dataclass(frozen=True)
class Mistake:
    """A clip or an event, with the recipe that makes it heard again."""

    set: str  # FeatureSet.open(run, set).scene(index) is its scene
    index: Count
    clip: str  # its path in the run
    score: Share  # the highest mean of the window
    at_s: Amount  # of that
    from_s: Amount  # the span in the scene
    to_s: Amount
    recipe: Annotated[dict, A_SCENE] | None = absent()  # of long streams the part in the span
    condition: str | None = absent()
    speaker: str | None = absent()
    source: str | None = absent()
    word: str | None = absent()


@dataclass(frozen=True)
class Worst:
    """What went wrong most, the worst first, at most 20 each."""

    misses: Annotated[tuple[Mistake, ...], says(maxItems=20)]
    false_accepts: Annotated[tuple[Mistake, ...], says(maxItems=20)]


@dataclass(frozen=True)
class CountedWords:
    """Whose words every rate of hearing counts, and how many recordings of either there are.

    People's alone where they are enough (`metrics.judgement.FEWEST_RECORDINGS`); machines' are then
    told apart by the groups of the dimension voice, which are of all words, as the mistakes are.
    """

    whose: Whose
    people: Count  # different recordings
    machines: Count


@dataclass(frozen=True)
class SplitFigures:
    """Everything that is said about one split."""

    recall: Annotated[tuple[ConditionRate, ...], Keyed("condition")]
    other_clips_accepted: Rate
    false_accepts_per_hour: Hourly
    median_latency_s: float | None
    latency: Latency
    clips: Annotated[tuple[ClipFigures, ...], Keyed("condition")]
    at_target: AtTarget | None  # null where a kind of audio is missing
    surface: Surface
    detectors: Annotated[tuple[RuleRates, ...], Keyed("name")]
    groups: Groups
    worst: Worst
    words: CountedWords | None = absent()  # an earlier version counted all and did not say whose
