"""In plain sentences: is the threshold one to believe?"""

from typing import Any

GRADES = {
    "good": "The threshold keeps its promise",
    "caution": "Promising, not proven",
    "bad": "Not fit for a home yet",
}


def verdict(
    threshold: dict[str, Any], test: dict[str, Any], data: dict[str, Any] | None
) -> dict[str, Any]:
    """A grade (good, caution, bad), a headline and sentences, in order of weight."""
    target = threshold["target_false_accepts_per_hour"]
    reached, supported = (
        threshold["target_reached_on_validation"],
        threshold["data_can_support_the_target"],
    )
    grade = "good" if supported else "caution" if reached else "bad"
    sentences = [
        {
            "good": f"On the validation recordings the threshold stays within {target:g} false "
            f"accepts an hour, and there is enough audio to say so. {threshold['note']}",
            "caution": f"On the validation recordings the threshold stays within {target:g} false "
            f"accepts an hour, but there is too little audio to be sure. {threshold['note']}",
            "bad": f"No threshold keeps within {target:g} false accepts an hour on the validation "
            f"recordings and still hears the word; the least bad one ships. {threshold['note']}",
        }[grade]
    ]
    if broken := _over_target(test["false_accepts_per_hour"], target):
        sentences.append(broken)
        grade = "caution" if grade == "good" else grade
    if only := _only_machines(data):
        sentences.append(only)
    return {"grade": grade, "headline": GRADES[grade], "sentences": sentences}


def _over_target(measured: dict[str, Any], target: float) -> str:
    if not measured["hours"]:
        return "The test split has no long recordings, so its false accepts an hour are not known."
    if measured["low"] > target:
        return (
            f"On the test recordings it woke {measured['events']} times in "
            f"{measured['hours']:.2f} h, which is more than that target."
        )
    return ""


def _only_machines(data: dict[str, Any] | None) -> str:
    """A warning where nobody ever said the wake word."""
    spoken = [s for s in data["sources"] if s["wake_words"]] if data else []
    if spoken and all(source["synthetic"] for source in spoken):
        return (
            "Every wake word it learnt from and was tested on was spoken by a machine: people's "
            "voices may do worse. Twenty recordings of your own change that."
        )
    return ""
