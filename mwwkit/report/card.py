"""The model card: the report's figures and sentences as Markdown, to be published with the model.

    text = card(report, certificate)

Nothing is worked out here: every number and judgement is in the report, so the card and the page
cannot disagree.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from mwwkit.evaluation.measured import SplitFigures
from mwwkit.metrics.rates import an_hour
from mwwkit.report import formatting
from mwwkit.report.cutoff_choices import alike, told_once
from mwwkit.report.facts import Report
from mwwkit.report.licences import Licence
from mwwkit.report.origins import Data, DeviceNeeds
from mwwkit.report.voices import SIDES, by_condition, heard_words, of_intervals
from mwwkit.run.typed_json import Key

_BREAKS = re.compile(
    r"[\s\x85\u2028\u2029]*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]\s*"
)  # ends of lines


@dataclass(frozen=True)
class Counted:
    """How many checks of a certificate came out how."""

    passed: Annotated[int, Key("pass")]
    failed: Annotated[int, Key("fail")]
    unchecked: Annotated[int, Key("not checked")]


@dataclass(frozen=True)
class Rules:
    """Whose rules they are."""

    esphome: str


@dataclass(frozen=True)
class Certified:
    """What the card tells of the certificate beside it."""

    counts: Counted
    rules: Rules


def card(report: Report, certificate: Certified | None) -> str:
    """The whole document; without a certificate (an earlier version's export) it says so."""
    parts = [
        f"# “{plain(report.wake_word)}”: a wake word for ESPHome",
        f"By {plain(report.author)}; language {plain(', '.join(report.languages))}; made by "
        f"mwwkit {plain(report.made_by)}.",
        f"**{plain(report.verdict.headline)}.**",
        *map(plain, report.verdict.sentences),
        *filter(None, [plain(formatting.recordings(report.data))]),
        *_measured(report.test, report.data),
        *_thresholds(report),
        *_licence(report.licence),
        *_data(report.data),
        *_device(report.device, certificate),
        *_again(report),
    ]
    return "\n\n".join(parts) + "\n"


def _measured(test: SplitFigures, data: Data | None) -> list[str]:
    """What the test split showed."""
    heard = heard_words(test, data)
    rows = [(f"hears {whose}", rate) for whose, rate in heard.rows if heard.apart and rate.of]
    conditions = formatting.in_order(by_condition(test))
    rows += [(f"hears {heard.called}, {name}", share) for name, share in conditions]
    if test.other_clips_accepted.of:
        rows.append(("takes other words for it", test.other_clips_accepted))
    cells = [(n, s.counts, *map(formatting.glued, (s.percent, s.interval))) for n, s in rows]
    hourly = test.false_accepts_per_hour
    if hourly.hours:
        shown = hourly.counts, hourly.an_hour, f"at most {an_hour(hourly.at_most)}"
        cells.append(("false accepts an hour", *shown))
    delay = formatting.delay(test.latency, heard.called) if test.latency.detected else ""
    lead = "On the test split, which the model was neither taught nor tuned by; 95 % intervals: "
    lead += f"{SIDES}."
    table = _table(("what", "counted", "value", "interval"), cells)
    parts = "## How well it does", lead, table, heard.conversion, of_intervals(test, heard), delay
    return [part for part in parts if part]


def _thresholds(report: Report) -> list[str]:
    """What ships, and strict, balanced, lenient."""
    lead = (
        "`probability_cutoff` may be set in your ESPHome configuration, under the model. Chosen on "
        "the validation split; a bound holds with 95 %."
    )
    advice, heard = report.advice, f"{heard_words(report.validation).called} heard"
    heads = "", "cutoff", heard, "false accepts an hour", "other words taken for it"
    rows = [
        (
            names,
            f"{each.cutoff:g}",
            formatting.share(each.validation.recall),
            formatting.hourly(each.validation.false_accepts_per_hour),
            formatting.shown(each.validation.other_clips_accepted),
        )
        for names, each in told_once(advice)
    ]
    why = "\n".join(f"* **{plain(each.name)}**: {plain(each.why)}." for each in advice)
    shipped = plain(formatting.shipped(report.threshold))
    table, ships = _table(heads, rows), formatting.ships(report.validation, report.threshold)
    parts = ["## Which cutoff", shipped, lead, table, ships, alike(advice), why]
    parts.append(plain(formatting.calibrated(report.calibrated)) if report.calibrated else "")
    return [part for part in parts if part]


def _licence(licence: Licence) -> list[str]:
    rows = [formatting.licence_row(row) for row in licence.sources]
    head = ["## May I ship it commercially?", f"**{plain(licence.headline)}.**"]
    table = [_table(formatting.LICENCE_HEADS, rows)] if rows else []
    return [*head, *map(plain, licence.sentences), *table]


def _data(data: Data | None) -> list[str]:
    head = "## What it was made from"
    if not data:
        return [head, formatting.NO_CATALOGUE]
    return [
        head,
        _table(formatting.SOURCE_HEADS, [formatting.source_row(source) for source in data.sources]),
        _table(formatting.SPLIT_HEADS, [formatting.split_row(split) for split in data.splits]),
        f"Speakers are as the sources name them. {formatting.shared_speakers(data)}".rstrip(),
    ]


def _device(device: DeviceNeeds, certificate: Certified | None) -> list[str]:
    """What the chip must have, and whether it would run."""
    certified_by = "No certificate was written with it: `mwwkit verify` makes one."
    if certificate:
        n = certificate.counts
        certified_by = (
            f"The certificate beside it: {n.passed} checks passed, {n.failed} failed, "
            f"{n.unchecked} not made (rules of ESPHome {certificate.rules.esphome})."
        )
    yaml = device.esphome_yaml.replace("```", "")
    return [
        "## On the device",
        _table(("what", "needs"), formatting.device_rows(device)),
        certified_by,
        f"```yaml\n{yaml}```",
    ]


def _again(report: Report) -> list[str]:
    rows = [
        ("seed", report.seed),
        ("settings, SHA-256", report.config_sha256),
        ("versions", formatting.versions(report.versions)),
    ]
    files = [(f.name, f"{f.bytes:,}", f.sha256) for f in report.files]
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
    """Escape text from outside so that it cannot act as Markdown or HTML, nor start a line."""
    return re.sub(r"([\\`*_\[\]<>|#&~])", r"\\\1", " ".join(_BREAKS.split(text)))
