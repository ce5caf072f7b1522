"""The model card: the report's figures and sentences as Markdown, to be published with the model.

    text = card(facts, certificate)      # both as their JSON files have them

Nothing is worked out here: every number and judgement is in the report's facts, so the card and
the page cannot disagree.
"""

import re
from collections.abc import Sequence
from typing import Any

from mwwkit.report import wording

Facts = dict[str, Any]
_BREAKS = re.compile(
    r"[\s\x85\u2028\u2029]*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]\s*"
)  # ends of lines


def card(facts: Facts, certificate: Facts | None) -> str:
    """The whole document; without a certificate (an earlier version's export) it says so."""
    parts = [
        f"# “{plain(facts['wake_word'])}”: a wake word for ESPHome",
        f"By {plain(facts['author'])}; language {plain(', '.join(facts['languages']))}; made by "
        f"mwwkit {plain(facts['versions']['mwwkit'])}.",
        f"**{plain(facts['verdict']['headline'])}.**",
        *map(plain, facts["verdict"]["sentences"]),
        *_measured(facts["test"]),
        *_thresholds(facts["advice"]),
        *_licence(facts["licence"]),
        *_data(facts["data"]),
        *_device(facts["device"], certificate),
        *_again(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _measured(test: Facts) -> list[str]:
    """What the test split showed."""
    rows = [
        (f"hears the word, {name}", wording.counts(share), wording.percent(share["value"]))
        + (wording.interval(share),)
        for name, share in wording.by_condition(test["recall"])
    ]
    wrong = test["other_clips_accepted"]
    if wrong["of"]:
        shown = wording.counts(wrong), wording.percent(wrong["value"]), wording.interval(wrong)
        rows.append(("takes other words for it", *shown))
    if test["false_accepts_per_hour"]["hours"]:
        rows.append(("false accepts an hour", *_rate(test["false_accepts_per_hour"])))
    late = test["latency"]
    delay = ""
    if late["detected"]:
        delay = (
            f"Half of the {late['detected']:,} words that were heard woke it within "
            f"{wording.seconds(late['median_s'])} of their end, nine in ten within "
            f"{wording.seconds(late['p90_s'])}."
        )
    lead = "On the test split, which the model was neither taught nor tuned by; 95 % intervals."
    heads = "what", "counted", "value", "interval"
    return [part for part in ("## How well it does", lead, _table(heads, rows), delay) if part]


def _rate(rate: Facts) -> tuple[str, str, str]:
    return (
        wording.of_hours(rate),
        wording.rate(rate["value"]),
        f"{wording.rate(rate['low'])} to {wording.rate(rate['high'])}",
    )


def _thresholds(advice: Sequence[Facts]) -> list[str]:
    """Strict, balanced, lenient."""
    lead = (
        "`probability_cutoff` may be set in your ESPHome configuration, under the model. Chosen on "
        "the validation split; a bound holds with 95 %."
    )
    heads = "", "cutoff", "words heard", "false accepts an hour", "other words taken for it"
    rows = [
        (
            each["name"],
            f"{each['cutoff']:g}",
            wording.shown(each["validation"]["recall"]),
            wording.hourly(each["validation"]["false_accepts_per_hour"]),
            wording.shown(each["validation"]["other_clips_accepted"]),
        )
        for each in advice
    ]
    why = "\n".join(f"* **{plain(each['name'])}**: {plain(each['why'])}." for each in advice)
    return ["## Which threshold", lead, _table(heads, rows), why]


def _licence(found: Facts) -> list[str]:
    heads = "source", "licence", "commercially", "why"
    rows = [
        (row["source"], row["licence"] or "not stated", row["answer"], row["why"])
        for row in found["sources"]
    ]
    head = ["## May I ship it commercially?", f"**{plain(found['headline'])}.**"]
    table = [_table(heads, rows)] if rows else []
    return [*head, *map(plain, found["sentences"]), *table]


def _data(data: Facts | None) -> list[str]:
    head = "## What it was made from"
    if not data:
        return [head, wording.NO_CATALOGUE]
    return [
        head,
        _table(wording.SOURCE_HEADS, [wording.source_row(source) for source in data["sources"]]),
        _table(
            wording.SPLIT_HEADS, [wording.split_row(*split) for split in data["splits"].items()]
        ),
        "Speakers are as the sources name them. Clips of one speaker are all in the same split.",
    ]


def _device(found: Facts, certificate: Facts | None) -> list[str]:
    """What the chip must have, and whether it would run."""
    told = "No certificate was written with it: `mwwkit verify` makes one."
    if certificate:
        n, wrong = certificate["counts"], certificate["counts"]["fail"]
        told = (
            f"The certificate beside it: {n['pass']} checks passed, {wrong} failed, "
            f"{n['not checked']} not made (rules of ESPHome {certificate['rules']['esphome']})."
        )
    yaml = found["esphome_yaml"].replace("```", "")
    return [
        "## On the device",
        _table(("what", "needs"), wording.device_rows(found)),
        told,
        f"```yaml\n{yaml}```",
    ]


def _again(facts: Facts) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    rows = [
        ("seed", facts["seed"]),
        ("settings, SHA-256", facts["config_sha256"]),
        ("versions", versions),
    ]
    files = [(f["name"], f"{f['bytes']:,}", f["sha256"]) for f in facts["files"]]
    return [
        "## How to make it again",
        "The same settings, seed, data and versions give the same bytes.",
        _table(("what", "value"), rows),
        _table(("file", "bytes", "SHA-256"), files),
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *([plain(str(cell)) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plain(text: str) -> str:
    """Text from outside as text: no Markdown, no HTML, no line of its own."""
    return re.sub(r"([\\`*_\[\]<>|#&~])", r"\\\1", " ".join(_BREAKS.split(text)))
