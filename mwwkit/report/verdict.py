"""The report's verdict: does the model hear, does it stay quiet, how much of both is known.

    found = verdict(threshold, validation.false_accepts_per_hour, test, data)
    print(found.headline)                           # Too shy: it misses most of what it should hear

The limits are `mwwkit.metrics.judgement`'s, which the diagnosis of a training goes by as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from mwwkit.evaluation.measured import SplitFigures
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics import judgement
from mwwkit.metrics.judgement import Trained
from mwwkit.metrics.rates import Hourly, roughly
from mwwkit.report import formatting
from mwwkit.report.origins import Data
from mwwkit.report.voices import Heard, heard_words
from mwwkit.run.quantities import span
from mwwkit.run.typed_json import Text, absent, says

Grade = Literal["good", "caution", "bad"]
Kind = Literal["deaf", "shy", "trigger-happy", "untested", "good"]


@dataclass(frozen=True)
class Finding:
    """What a model is called: how bad that is, in a few words, and what to do about it."""

    kind: Kind
    grade: Grade
    headline: str
    cure: str


def _headline(name: str) -> str:
    return f"{name.capitalize()}: {judgement.MEANS[name]}"


_RECORD = "Record more people saying the word, train for more STEPS"
_QUIETER = (
    "Give 01 more hours of talk, radio and music without the word, run 04 to mine what fools it, "
    "or set the strict cutoff."
)
DEAF = Finding(
    "deaf",
    "bad",
    _headline("deaf"),
    "Listen to the words in 02's preview: are they the word, whole and loud enough? Then train for "
    "more STEPS, or with a higher POSITIVE_WEIGHT.",
)
TOO_SHY = Finding(
    "shy",
    "bad",
    _headline("too shy"),
    f"{_RECORD}, or set the lenient cutoff where it is a lower one.",
)
TRIGGER_HAPPY = Finding("trigger-happy", "bad", _headline("trigger-happy"), _QUIETER)
UNTESTED = Finding(
    "untested",
    "caution",
    _headline("untested"),
    "Record more of the word, and more long talk and noise, and run it again from 01.",
)
RATHER_TRIGGER_HAPPY = Finding(
    "trigger-happy", "caution", _headline("rather trigger-happy"), _QUIETER
)
RATHER_SHY = Finding(
    "shy",
    "caution",
    _headline("rather shy"),
    f"{_RECORD}, or set the lenient cutoff where it is a lower one.",
)
# Measured: "cat" from twenty people and espeak-ng heard 86 % of clean machines' words, 1 of 12 by
# people, and 26 % of strangers' (benchmarks/README.md).
SHY_OF_PEOPLE = Finding(
    "shy",
    "caution",
    "Shy of people: it missed most of their few test words",
    "Record many more people: a few words tell little, but a model that heard 1 of 12 by people "
    "and six of seven by machines heard a quarter of what strangers said.",
)
# Measured, of models of twenty-odd recordings and espeak-ng's words: nine heard 10 to 12 of 12 by
# people, 68 to 76 % of machines' and 82 to 96 % of strangers' in quiet; six that heard 5 to 9 of
# people's 12 heard 57 to 70 % of strangers' (benchmarks/README.md).
SHY_OF_MACHINES = Finding(
    "shy",
    "caution",
    "Shy with machines' voices, hardly tested with people's",
    "Try it with people before you judge it: nine models that heard nearly all of people's few "
    "words and missed a quarter to a third of machines' missed 4 to 18 of a hundred that strangers "
    "said in quiet. More recordings by people would tell.",
)
UNPROVEN = Finding(
    "good",
    "caution",
    "Promising, not proven",
    "Try it at home for a day; recordings of more people, and more hours of long sound without the "
    "word, would prove more.",
)
# Measured: espeak-ng alone taught "computer"; its card said 90 % of clean words, all machines', and
# it heard 1 of 164 by people (benchmarks/README.md).
ONLY_MACHINES = Finding(
    "good",
    "caution",
    "Promising with machines' voices, untested with people's",
    "Record twenty words of your own: a model that espeak-ng alone had taught heard nine of ten of "
    "its words and 1 of 164 that people said; one that Kokoro had taught too, 7 of 71.",
)
GOOD = Finding(
    "good",
    "good",
    "Good: it hears its word and stays quiet",
    "Put it on your device; should it annoy or miss you, the report says what another cutoff does.",
)
# Counted over expected, summed over the models of a row of benchmarks/README.md.
STRANGERS_WAKE_IT = (
    "Strangers' speech woke the benchmark's models one to five times as often as their tails let "
    "expect, and up to thirty times where the word has one syllable."
)
BY_WEIGHT = (
    DEAF,
    TOO_SHY,
    TRIGGER_HAPPY,
    SHY_OF_PEOPLE,
    UNTESTED,
    RATHER_TRIGGER_HAPPY,
    RATHER_SHY,
    SHY_OF_MACHINES,
    UNPROVEN,
    ONLY_MACHINES,
    GOOD,
)


@dataclass(frozen=True)
class Verdict:
    """A grade, a headline and sentences: first that it was trained too little, where it was."""

    grade: Grade
    headline: Text
    sentences: Annotated[tuple[Text, ...], says(minItems=1)]
    kind: Kind | None = absent()  # an earlier version did not say

    @property
    def too_short(self) -> str:
        """The sentence that it was trained too little, if there is one; earlier versions' last."""
        return next((told for told in self.sentences if judgement.SHOWS_NOTHING in told), "")

    @property
    def in_short(self) -> tuple[str, ...]:
        """What it heard, and before it that it was trained too little, where it was."""
        return self.sentences[: 2 if self.too_short == self.sentences[0] else 1]


def verdict(
    threshold: Threshold,
    validation: Hourly,
    test: SplitFigures,
    data: Data | None,
    trained: Trained | None = None,
) -> Verdict:
    """Of the threshold that ships, the false accepts it was chosen at, and the test split.

    What to do is told of a model that was `trained` long enough for its faults to be its data's.
    """
    heard, on_test = heard_words(test, data), test.false_accepts_per_hour
    wakes = judgement.waking(
        threshold.target_false_accepts_per_hour,
        _counted(threshold, validation),
        threshold.false_accepts_expected_per_hour,
        on_test,
    )
    people = _people(heard, data)
    proven = threshold.data_can_support_the_target and not people
    promising = ONLY_MACHINES if people and not heard.people.of else UNPROVEN
    found = {*_found(heard, wakes), GOOD if proven else promising}
    worst, *others = sorted(found, key=BY_WEIGHT.index)
    is_trial = bool(others and trained and trained.is_trial)
    sentences = (
        _too_short(trained) if is_trial else "",
        *_hearing(heard),
        people,
        *_waking(threshold, validation, on_test),
        *(() if is_trial else _cures(worst, others)),
    )
    told = tuple(dict.fromkeys(filter(None, sentences)))
    return Verdict(worst.grade, worst.headline, told, worst.kind)


def _too_short(trained: Trained) -> str:
    """What to do first where the training's own shortness explains every fault."""
    return (
        f"It was trained for {trained} only, {judgement.SHOWS_NOTHING}: train for more STEPS, "
        f"{judgement.LONGER} does."
    )


def _cures(worst: Finding, others: list[Finding]) -> Iterator[str]:
    """What to do about each fault."""
    yield worst.cure
    yield from (each.cure for each in others[:-1])  # the last is what there is to say of any


def _found(heard: Heard, wakes: judgement.Waking) -> set[Finding]:
    """Every fault."""
    by_name = {
        "deaf": DEAF,
        "too shy": TOO_SHY,
        "rather shy": RATHER_SHY,
        "untested": UNTESTED,
        "trigger-happy": TRIGGER_HAPPY,
        "rather trigger-happy": RATHER_TRIGGER_HAPPY,
    }
    hears = heard.hearing(heard.judged)
    found = {by_name[name] for name in (hears, wakes) if name in by_name}
    if not heard.people.of or heard.judged is not heard.machines:
        return found
    # Machines judge since people's words are too few; what these few say is not left out.
    if (of_people := heard.people.value or 0.0) < judgement.MOST:
        return found - {RATHER_SHY} | {SHY_OF_PEOPLE}
    if of_people >= judgement.WELL:
        return {SHY_OF_MACHINES if fault is RATHER_SHY else fault for fault in found}
    return found


def _counted(threshold: Threshold, validation: Hourly) -> bool:
    """Whether the count kept to the targets where the cutoff was chosen."""
    if threshold.target_reached_on_validation:
        return True
    target = threshold.target_false_accepts_per_hour
    expected = threshold.false_accepts_expected_per_hour
    # It may be the tail alone that does not.
    return not judgement.tail_allows(expected, target) and (validation.value or 0.0) <= target


def _hearing(heard: Heard) -> Iterator[str]:
    """How many words were heard, of people and of machines; and whether they were enough."""
    yield " ".join(filter(None, (str(heard), heard.conversion)))
    if heard.hearing(heard.judged) == "untested":
        n = heard.recordings(heard.judged)
        yield (
            f"{n} different {heard.whose(heard.judged)} are too few to tell: it takes "
            f"{judgement.FEWEST_WORDS} or more."
        )


def _people(heard: Heard, data: Data | None) -> str:
    """A warning where people hardly said the word; empty where enough of them did."""
    n, of = heard.recordings(heard.people), heard.recordings(heard.words)
    spoken = [source for source in data.sources if source.wake_words] if data else []
    if spoken and all(source.synthetic for source in spoken):
        return (
            "People were not tested: every wake word it learnt from and was tested on was spoken "
            "by a machine, and people may be heard far worse, or not at all. Twenty recordings of "
            "your own change that."
        )
    if not heard.apart or heard.people_count or not heard.machines.of:
        return ""
    if not n:
        return (
            "People were not tested: all test words were spoken by machines, and people may be "
            "heard far worse."
        )
    return (
        f"People were hardly tested: {n} of {of} test words are theirs, the others were spoken by "
        "machines, and people may be heard worse."
    )


def _waking(threshold: Threshold, validation: Hourly, on_test: Hourly) -> Iterator[str]:
    """How often it wakes for nothing: where the cutoff was chosen, and on the test split."""
    target, note = threshold.target_false_accepts_per_hour, threshold.note
    expected = threshold.false_accepts_expected_per_hour
    if not _counted(threshold, validation):
        yield (
            f"No cutoff keeps within {target:g} false accepts an hour on the validation split "
            f"and still hears the word; the least bad one ships. {note}"
        )
    elif not judgement.tail_allows(expected, target):
        yield (
            f"On the validation split it woke {validation.counts}, but by how the highest "
            f"scores thin out (their tail), {roughly(expected)} false accepts an hour are to be "
            f"expected: the target of {target:g} is not reached. This is by the device's own "
            "arithmetic; 03 and 04 score by a quicker one and may have expected another number."
        )
    else:
        yield f"The target: {formatting.target(threshold)}. {note}"
        if expected is not None:
            yield STRANGERS_WAKE_IT
    yield _on_test(on_test, target)


def _on_test(measured: Hourly, target: float) -> str:
    if not measured.hours:
        return "The test split has no long recordings, so its false accepts an hour are not known."
    if (measured.low or 0.0) > target:
        return (
            f"On the test split it woke {measured.events} times in {span(measured.hours)}, "
            "which is more than that target."
        )
    if measured.hours < judgement.FEWEST_HOURS:
        return (
            f"The test split has {span(measured.hours)} of long recordings: too little "
            "to tell how often it wakes for nothing."
        )
    return ""
