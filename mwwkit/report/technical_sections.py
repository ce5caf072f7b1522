"""Behind the figures: how training went, int8, the device, data and licences, settings."""

from typing import Any

from mwwkit.report import charts, components, wording
from mwwkit.report.markup import Html, tag

Facts = dict[str, Any]


def training(facts: Facts) -> Html:
    """How the training went."""
    parts = []
    titles = {"training": "Training", "tuned": "Tuning on what fooled it"}
    for folder, title in titles.items():
        rows = facts["curves"][folder]
        if len(rows) == 1:
            parts += [tag("h3", title), components.facts_table(_only_point(rows[0]))]
        elif rows:
            caption = (
                f"Up to step {rows[-1]['step']:,}. Recall and false "
                "accepts are the int8 model's, at the cutoff that would have shipped then; the "
                "ring is the choice."
            )
            parts += [tag("h3", title), components.figure(charts.curves(rows), caption)]
    if found := facts["diagnosis"]:
        cure = f" What helps: {found['cure']}." if found["cure"] else ""
        parts.insert(
            0, tag("p", tag("strong", found["name"].capitalize()), f": {found['words']}.{cure}")
        )
    lead = (
        "Loss should fall and level out; a gradient norm that leaps says that steps are too long."
    )
    return components.section("training", "How training went", lead, *parts)


def _only_point(row: Facts) -> list[tuple[str, str]]:
    lines = [("step", f"{row['step']:,}"), ("loss", f"{row['loss']:.3f}")]
    lines.append(("gradient norm", f"{row['gradient_norm']:.3g}"))
    if "recall" in row:
        lines.append(("recall, validation", wording.percent(row["recall"])))
        rate = wording.rate(row["false_accepts_per_hour"])
        lines.append(("false accepts an hour, validation", rate))
    return lines


def device(facts: Facts) -> Html:
    """What the chip must have."""
    found = facts["device"]
    yaml = tag("pre", tag("code", found["esphome_yaml"]))
    lead = "What the ESP32 must have to spare, and the lines that ESPHome takes."
    rows = components.facts_table(wording.device_rows(found))
    return components.section("device", "On the device", lead, rows, yaml)


def data(facts: Facts) -> Html:
    """What it was made from, and who allows that."""
    found = facts["data"]
    lead = "Every source with its licence. Clips of one speaker are all in the same split."
    if not found:
        return components.section(
            "data", "What it was made from", lead, tag("p", wording.NO_CATALOGUE)
        )
    rows = [wording.source_row(source) for source in found["sources"]]
    splits = [wording.split_row(*split) for split in found["splits"].items()]
    return components.section(
        *("data", "What it was made from", lead),
        components.table(wording.SOURCE_HEADS, rows, (1, 2, 3, 4)),
        tag("h3", "By split"),
        components.table(wording.SPLIT_HEADS, splits, (1, 2, 3, 4)),
        *_licence(facts["licence"]),
    )


def _licence(found: Facts) -> list[Html]:
    """May it be shipped commercially, and why."""
    rows = [
        (row["source"], row["licence"] or "not stated", row["answer"], row["why"])
        for row in found["sources"]
    ]
    return [
        tag("h3", "May I ship it commercially?"),
        tag("p", tag("strong", found["headline"])),
        *(tag("p", sentence) for sentence in found["sentences"]),
        components.table(("source", "licence", "commercially", "why"), rows),
    ]


def again(facts: Facts) -> Html:
    """How to make it again."""
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    rows = [
        ("seed", facts["seed"]),
        ("settings, SHA-256", tag("code", facts["config_sha256"])),
        ("versions", versions),
    ]
    files = [(f["name"], f"{f['bytes']:,}", tag("code", f["sha256"][:16])) for f in facts["files"]]
    settings = [
        tag("details", tag("summary", f"{stage}: {len(own)} settings"), _settings(own))
        for stage, own in facts["settings"].items()
    ]
    lead = "The same settings, seed, data and versions give the same bytes."
    return components.section(
        *("again", "How to make it again", lead),
        components.facts_table(rows),
        tag("h3", "Settings"),
        *settings,
        tag("h3", "Files"),
        components.table(("file", "bytes", "SHA-256 begins"), files, (1,)),
    )


def _settings(own: Facts) -> Html:
    def shown(value: Any) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return components.facts_table(
        [(name, tag("code", shown(value))) for name, value in own.items()]
    )
