"""Behind the figures: how training went, int8, the device, data and licences, settings."""

from typing import Any

from mwwkit.report import figures, pieces, words
from mwwkit.report.markup import Html, tag

Facts = dict[str, Any]


def training(facts: Facts) -> Html:
    """How the training went."""
    parts = []
    titles = {"training": "Training", "tuned": "Tuning on what fooled it"}
    for folder, title in titles.items():
        rows = facts["curves"][folder]
        if len(rows) == 1:
            parts += [tag("h3", title), pieces.facts_table(_only_point(rows[0]))]
        elif rows:
            caption = (
                f"Up to step {rows[-1]['step']:,}. Recall and false "
                "accepts are the int8 model's, at the cutoff that would have shipped then; the "
                "ring is the choice."
            )
            parts += [tag("h3", title), pieces.figure(figures.curves(rows), caption)]
    if found := facts["diagnosis"]:
        cure = f" What helps: {found['cure']}." if found["cure"] else ""
        parts.insert(
            0, tag("p", tag("strong", found["name"].capitalize()), f": {found['words']}.{cure}")
        )
    lead = (
        "Loss should fall and level out; a gradient norm that leaps says that steps are too long."
    )
    return pieces.section("training", "How training went", lead, *parts)


def _only_point(row: Facts) -> list[tuple[str, str]]:
    lines = [("step", f"{row['step']:,}"), ("loss", f"{row['loss']:.3f}")]
    lines.append(("gradient norm", f"{row['gradient_norm']:.3g}"))
    if "recall" in row:
        lines.append(("recall, validation", words.percent(row["recall"])))
        rate = words.rate(row["false_accepts_per_hour"])
        lines.append(("false accepts an hour, validation", rate))
    return lines


def device(facts: Facts) -> Html:
    """What the chip must have."""
    found = facts["device"]
    smallest = found["smallest_arena_bytes"]
    rows = [
        ("model file", f"{found['model_bytes']:,} bytes of flash (shape {found['shape']})"),
        (
            "arena",
            f"{found['arena_bytes']:,} bytes of memory"
            + (f"; {smallest:,} were enough in TensorFlow Lite Micro" if smallest else ""),
        ),
    ]
    if found["parameters"]:
        per_second = f"{found['macs_per_second'] / 1e6:.2f} million multiplications a second"
        rows.append(("work", f"{found['parameters']:,} parameters, {per_second}"))
    rows.append(("ESPHome", f"{found['minimum_esphome_version']} or later"))
    yaml = tag("pre", tag("code", found["esphome_yaml"]))
    lead = "What the ESP32 must have to spare, and the lines that ESPHome takes."
    return pieces.section("device", "On the device", lead, pieces.facts_table(rows), yaml)


def data(facts: Facts) -> Html:
    """What it was made from, and who allows that."""
    found = facts["data"]
    lead = "Every source with its licence. Clips of one speaker are all in the same split."
    if not found:
        told = "The catalogue of clips was not at hand when this report was made."
        return pieces.section("data", "What it was made from", lead, tag("p", told))
    heads = "source", "files", "hours", "speakers", "wake words", "licence"
    rows = [
        (
            s["source"] + (" (synthetic voices)" if s["synthetic"] else ""),
            *(f"{s['files']:,}", f"{s['hours']:.2f}", f"{s['speakers']:,}"),
            *(f"{s['wake_words']:,}", "; ".join(text or "not stated" for text in s["licences"])),
        )
        for s in found["sources"]
    ]
    numbers = (1, 2, 3, 4)
    splits = [
        (n, f"{s['files']:,}", f"{s['hours']:.2f}", f"{s['speakers']:,}", f"{s['wake_words']:,}")
        for n, s in found["splits"].items()
    ]
    return pieces.section(
        *("data", "What it was made from", lead),
        pieces.table(heads, rows, numbers),
        tag("h3", "By split"),
        pieces.table(("split", *heads[1:5]), splits, numbers),
    )


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
    return pieces.section(
        *("again", "How to make it again", lead),
        pieces.facts_table(rows),
        tag("h3", "Settings"),
        *settings,
        tag("h3", "Files"),
        pieces.table(("file", "bytes", "SHA-256 begins"), files, (1,)),
    )


def _settings(own: Facts) -> Html:
    def shown(value: Any) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return pieces.facts_table([(name, tag("code", shown(value))) for name, value in own.items()])
