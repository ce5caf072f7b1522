"""The report's verdict: a grade and plain sentences on whether the cutoff can be trusted."""

from dataclasses import dataclass
from typing import Annotated, Literal

from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics.rates import Hourly
from mwwkit.report.origins import Data
from mwwkit.run.typed_json import Text, says

GRADES = {
    "good": "The threshold keeps its promise",
    "caution": "Promising, not proven",
    "bad": "Not fit for a home yet",
}


@dataclass(frozen=True)
class Verdict:
    """A grade, a headline and sentences, in order of weight."""

    grade: Literal["good", "caution", "bad"]
    headline: Text
    sentences: Annotated[tuple[Text, ...], says(minItems=1)]


def verdict(threshold: Threshold, on_test: Hourly, data: Data | None) -> Verdict:
    """Of the threshold that ships, and the false accepts an hour of the test split."""
    target, reached = (
        threshold.target_false_accepts_per_hour,
        threshold.target_reached_on_validation,
    )
    supported, note = threshold.data_can_support_the_target, threshold.note
    grade = "good" if supported else "caution" if reached else "bad"
    sentences = [
        {
            "good": f"On the validation recordings the threshold stays within {target:g} false "
            f"accepts an hour, and there is enough audio to say so. {note}",
            "caution": f"On the validation recordings the threshold stays within {target:g} false "
            f"accepts an hour, but there is too little audio to be sure. {note}",
            "bad": f"No threshold keeps within {target:g} false accepts an hour on the validation "
            f"recordings and still hears the word; the least bad one ships. {note}",
        }[grade]
    ]
    if broken := _over_target(on_test, target):
        sentences.append(broken)
        grade = "caution" if grade == "good" else grade
    if only := _only_machines(data):
        sentences.append(only)
    return Verdict(grade, GRADES[grade], tuple(sentences))


def _over_target(measured: Hourly, target: float) -> str:
    if not measured.hours:
        return "The test split has no long recordings, so its false accepts an hour are not known."
    if measured.low > target:
        return (
            f"On the test recordings it woke {measured.events} times in {measured.hours:.2f} h, "
            "which is more than that target."
        )
    return ""


def _only_machines(data: Data | None) -> str:
    """A warning where nobody ever said the wake word."""
    spoken = [source for source in data.sources if source.wake_words] if data else []
    if spoken and all(source.synthetic for source in spoken):
        return (
            "Every wake word it learnt from and was tested on was spoken by a machine: people's "
            "voices may do worse. Twenty recordings of your own change that."
        )
    return ""
