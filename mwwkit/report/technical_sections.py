"""Behind the figures: how training went, int8, the device, data and licences, settings."""

from typing import Any

from mwwkit.report import charts, components, formatting
from mwwkit.report.facts import CurvePoint, Report
from mwwkit.report.licences import Licence
from mwwkit.report.markup import Html, tag
from mwwkit.report.origins import StageSettings


def training(report: Report) -> Html:
    """How the training went."""
    parts = []
    if diagnosis := report.diagnosis:
        cure = f" What helps: {diagnosis.cure}." if diagnosis.cure else ""
        sentence = tag("strong", diagnosis.name.capitalize()), f": {diagnosis.words}.{cure}"
        parts.append(tag("p", *sentence))
    for title, rows in (
        ("Training", report.curves.training),
        ("Tuning on what fooled it", report.curves.tuned),
    ):
        if len(rows) == 1:
            parts += [tag("h3", title), components.facts_table(_only_point(rows[0]))]
        elif rows:
            caption = (
                f"Up to step {rows[-1].step:,}. Recall and false "
                "accepts are the int8 model's, at the cutoff that would have shipped then; the "
                "ring is the choice."
            )
            parts += [tag("h3", title), components.figure(charts.curves(rows), caption)]
    lead = (
        "Loss should fall and level out; a gradient norm that leaps says that steps are too long."
    )
    return components.section("training", "How training went", lead, *parts)


def _only_point(row: CurvePoint) -> list[tuple[str, str]]:
    lines = [("step", f"{row.step:,}"), ("loss", f"{row.loss:.3f}")]
    lines.append(("gradient norm", f"{row.gradient_norm:.3g}"))
    if row.recall is not None:
        lines.append(("the int8 model, on the validation split", formatting.glued(row)))
    return lines


def device(report: Report) -> Html:
    """What the chip must have."""
    yaml = tag("pre", tag("code", report.device.esphome_yaml))
    lead = "What the ESP32 must have to spare, and the lines that ESPHome takes."
    rows = components.facts_table(formatting.device_rows(report.device))
    return components.section("device", "On the device", lead, rows, yaml)


def data(report: Report) -> Html:
    """What it was made from, and who allows that."""
    origins = report.data
    lead = "Every source with its licence."
    if not origins:
        return components.section(
            "data", "What it was made from", lead, tag("p", formatting.NO_CATALOGUE)
        )
    rows = [formatting.source_row(source) for source in origins.sources]
    lead = f"{lead} {formatting.shared_speakers(origins)}".rstrip()
    splits = [formatting.split_row(split) for split in origins.splits]
    return components.section(
        "data",
        "What it was made from",
        lead,
        components.table(formatting.SOURCE_HEADS, rows, (1, 2, 3, 4)),
        tag("h3", "By split"),
        components.table(formatting.SPLIT_HEADS, splits, (1, 2, 3, 4, 5)),
        *_licence(report.licence),
    )


def _licence(licence: Licence) -> list[Html]:
    """May it be shipped commercially, and why."""
    return [
        tag("h3", "May I ship it commercially?"),
        tag("p", tag("strong", licence.headline)),
        *(tag("p", sentence) for sentence in licence.sentences),
        components.table(
            formatting.LICENCE_HEADS, [formatting.licence_row(row) for row in licence.sources]
        ),
    ]


def again(report: Report) -> Html:
    """How to make it again."""
    rows = [
        ("seed", report.seed),
        ("settings, SHA-256", tag("code", report.config_sha256)),
        ("versions", formatting.versions(report.versions)),
    ]
    files = [(f.name, f"{f.bytes:,}", tag("code", f.sha256[:16])) for f in report.files]
    settings = [
        tag(
            "details",
            tag("summary", f"{stage.stage}: {len(stage.settings)} settings"),
            _settings(stage),
        )
        for stage in report.settings
    ]
    lead = "The same settings, seed, data and versions give the same bytes."
    return components.section(
        "again",
        "How to make it again",
        lead,
        components.facts_table(rows),
        tag("h3", "Settings"),
        *settings,
        tag("h3", "Files"),
        components.table(("file", "bytes", "SHA-256 begins"), files, (1,)),
    )


def _settings(stage: StageSettings) -> Html:
    def shown(value: Any) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    rows = [(setting.name, tag("code", shown(setting.value))) for setting in stage.settings]
    return components.facts_table(rows)
