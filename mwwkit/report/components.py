"""The repeating pieces of the page: sections, figures, tables of rates, players."""

import json
from collections.abc import Sequence
from typing import Any

from mwwkit.device.detector import Rule
from mwwkit.evaluation.measured import Mistake
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.report import charts, formatting
from mwwkit.report.axes import Scale, hourly
from mwwkit.report.markup import Html, joined, tag
from mwwkit.report.mistake_sounds import Moment, wav
from mwwkit.scenes.scenes import scene_from

SHOWN = 8  # rows of a table of groups; the others unfold
SHARE = Scale(0.0, 1.0, ())


def section(name: str, title: str, lead: str, *inside: Any) -> Html:
    """A part of the page that the contents link to."""
    head = tag("h2", title), tag("p", lead, class_="lead")
    return tag("section", *head, *inside, id=name)


def figure(drawn: Sequence[Html], caption: str, keys: Sequence[tuple[str, str]] = ()) -> Html:
    """Charts side by side, what their colours mean, and a sentence on how to read them."""
    shown = tag("ul", *(tag("li", text, class_=c) for c, text in keys), class_="keys")
    columns = {1: "charts one", 2: "charts two", 4: "charts two"}
    grid = tag("div", *drawn, class_=columns.get(len(drawn), "charts"))
    return tag("figure", shown if keys else "", grid, tag("figcaption", caption))


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]], numbers: Sequence[int] = ()) -> Html:
    """Rows of cells; the columns in `numbers` are set to the right. On a phone a row is a list."""

    def cells(name: str, row: Sequence[Any], labels: Sequence[str | None]) -> Html:
        sides = ("n" if n in numbers else None for n in range(len(row)))
        parts = zip(row, sides, labels, strict=True)
        return joined(*(tag(name, c, class_=side, data_label=label) for c, side, label in parts))

    head = tag("thead", tag("tr", cells("th", heads, [None] * len(heads))))
    body = tag("tbody", *(tag("tr", cells("td", row, heads)) for row in rows))
    return tag("div", tag("table", head, body, class_="stacks"), class_="wide")


def facts_table(rows: Sequence[tuple[str, Any]]) -> Html:
    """Names and values."""
    lines = (tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows)
    return tag("div", tag("table", tag("tbody", *lines)), class_="wide")


def shares_table(head: str, rows: Sequence[tuple[str, Rate]], wrong: bool = False) -> Html:
    """A share a row, with counts and its interval in figures and as a bar."""
    top = max(rate.high for _, rate in rows)
    scale = SHARE if not wrong else Scale(0.0, min(max(top * 1.1, 0.05), 1.0), ())
    heads = head, "counted", "share", "95 % interval"
    cells = [
        (n, r.counts, *map(formatting.glued, (r.percent, r.interval)), meter(r, scale, wrong))
        for n, r in rows
    ]
    return _rates(heads, cells)


def hourly_table(head: str, rows: Sequence[tuple[str, Hourly]]) -> Html:
    """Events an hour a row."""
    scale = hourly(min(max(rate.high for _, rate in rows), 3000), "")
    cells = [
        (name, rate.counts, rate.an_hour, rate.interval, meter(rate, scale, True))
        for name, rate in rows
    ]
    return _rates((head, "counted", "an hour", "95 %, both sides"), cells)


def _rates(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Html:
    head = tag(
        "tr",
        *(tag("th", name, class_="n" if n else None) for n, name in enumerate(heads)),
        tag("th", "", class_="meter"),
    )
    lines = [
        tag(
            "tr",
            tag("td", name, class_="name"),
            *(tag("td", cell, class_="n") for cell in numbers),
            tag("td", bar, class_="meter"),
        )
        for name, *numbers, bar in rows
    ]
    tables = [tag("table", tag("thead", head), tag("tbody", *lines[:SHOWN]), class_="rates")]
    if more := lines[SHOWN:]:
        rest = tag("table", tag("thead", head), tag("tbody", *more), class_="rates")
        tables.append(tag("details", tag("summary", f"{len(more)} more"), rest))
    return tag("div", *tables, class_="wide")


def meter(rate: Rate | Hourly, scale: Scale, wrong: bool) -> Html:
    """A bar: the interval, and the value in it."""
    kind = " wrong" if wrong else ""
    low, value, high = (100 * scale.at(end) for end in (rate.low, rate.value, rate.high))
    parts = (
        tag("rect", x=0, y=5, width=100, height=4, class_="track"),
        *(
            tag("rect", x=f"{x:.1f}", y=y, width=f"{w:.1f}", height=h, class_=c + kind)
            for x, y, w, h, c in (
                (low, 3, max(high - low, 0.5), 8, "range"),
                (min(max(value - 0.6, 0), 98.8), 0, 1.2, 14, "value"),
            )
        ),
    )
    drawn = {"viewBox": "0 0 100 14", "preserveAspectRatio": "none", "aria_hidden": "true"}
    return tag("svg", *parts, **drawn)


def moments(shown: Sequence[Moment], rule: Rule) -> Html:
    """Cards: picture, player, and what it was made of."""
    return tag("div", *(_card(moment, rule) for moment in shown), class_="moments")


def _card(moment: Moment, rule: Rule) -> Html:
    mistake = moment.mistake
    file = mistake.clip.rpartition("/")[2] or "between clips"
    name = mistake.word or file
    speaker, source = mistake.speaker or "", mistake.source or ""
    spoken = [speaker, "" if speaker.startswith(source) else source]
    known = [*spoken, formatting.condition(mistake.condition or "")]
    about = ", ".join(text for text in known if text)
    score = f"highest mean {mistake.score:.3f}, cutoff {rule.cutoff:.3f}"
    inside = [
        tag("h4", name),
        tag("p", joined(about, tag("br"), score, tag("br"), file), class_="under"),
        charts.moment(moment, rule),
    ]
    if moment.samples is not None:
        label = f"Listen to {name}"
        inside.append(
            tag("audio", controls="", preload="metadata", src=wav(moment.samples), aria_label=label)
        )
    return tag("div", *inside, _recipe(mistake), class_="moment")


def _recipe(mistake: Mistake) -> Html:
    recipe_lines = formatting.scene(scene_from(mistake.recipe))
    lines = [tag("li", f"{name}: ", tag("code", value)) for name, value in recipe_lines]
    where = f"{mistake.set}, scene {mistake.index}, {mistake.from_s:g} to {mistake.to_s:g} s"
    text = json.dumps(mistake.recipe, ensure_ascii=False)
    return tag(
        "details",
        tag("summary", "What it was made of"),
        tag("ul", tag("li", f"from {where}"), *lines),
        tag("details", tag("summary", "the recipe as data"), tag("pre", tag("code", text))),
    )
