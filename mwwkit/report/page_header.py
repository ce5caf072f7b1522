"""The top of the page: the verdict, the figures that most people ask for, the contents."""

from mwwkit.metrics.rates import an_hour
from mwwkit.report import formatting
from mwwkit.report.facts import Report
from mwwkit.report.markup import Html, joined, tag
from mwwkit.report.verdict import Verdict
from mwwkit.report.voices import heard_words

CONTENTS = {
    "recall": "Waking",
    "wrong": "Staying quiet",
    "mistakes": "Mistakes",
    "threshold": "Cutoff",
    "reaction": "Delay",
    "training": "Training",
    "parity": "Int8",
    "device": "Device",
    "data": "Data",
    "again": "Settings",
}


def header(report: Report) -> Html:
    """Whose word it is, the verdict, the key figures, and links to the sections."""
    by = f"author {report.author}", f"language {', '.join(report.languages)}"
    return tag(
        "header",
        tag("p", " · ".join(("Report of a wake word", *by)), class_="over"),
        tag("h1", f"“{report.wake_word}”"),
        verdict(report.verdict),
        recordings(report),
        tiles(report),
        contents(),
    )


def recordings(report: Report) -> Html:
    """Where people's recordings of the word went, and whether it knows the voices that test it."""
    told = formatting.recordings(report.data)
    return tag("p", told, class_="lead") if told else joined()


def contents() -> Html:
    """Links to the sections."""
    return tag("nav", *(tag("a", text, href=f"#{name}") for name, text in CONTENTS.items()))


def tiles(report: Report) -> Html:
    """The figures that most people ask for."""
    test, device = report.test, report.device
    boxes = []
    heard = heard_words(test, report.data)
    for whose, rate in heard.rows:
        if rate.of:
            under = formatting.glued(f"{rate.counts}, in every condition; 95 %: {rate.interval}")
            boxes.append((f"Hears {whose}", formatting.glued(rate.percent), under))
    hourly = test.false_accepts_per_hour
    if hourly.hours:
        under = f"{hourly.counts}; at most {an_hour(hourly.at_most)} an hour (95 %)"
        boxes.append(("False accepts an hour", hourly.an_hour, formatting.glued(under)))
    latency = test.latency
    if latency.detected:
        under = (
            f"median after the word's end; nine in ten within {formatting.seconds(latency.p90_s)}"
        )
        boxes.append(("Delay", formatting.seconds(latency.median_s), under))
    under = f"and {device.arena_bytes / 1000:,.1f} kB of memory while it runs"
    boxes.append(("Model", f"{device.model_bytes / 1000:,.1f} kB", under))
    return tag("div", *(_tile(*box) for box in boxes), class_="tiles")


def _tile(name: str, value: str, under: str) -> Html:
    parts = (("name", name), ("value", value), ("under", under))
    return tag("div", *(tag("div", text, class_=c) for c, text in parts), class_="tile")


def verdict(reached: Verdict) -> Html:
    """The plain sentences."""
    sentences = (tag("p", sentence) for sentence in reached.sentences)
    inside = joined(tag("strong", reached.headline), *sentences)
    return tag("div", inside, class_=f"verdict {reached.grade}")
