"""Plain tables for outputs: an HTML table that viewers leave as it is, and lines for a terminal."""

from collections.abc import Sequence

from mwwkit.previews.panel import Words
from mwwkit.report.markup import Html, tag
from mwwkit.run.shown import as_lines

LEFT, RIGHT = "text-align:left", "text-align:right"


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    title: str = "",
) -> Words:
    """Rows of texts (or `Html`); the columns in `numbers` stand to the right."""

    def line(kind: str, cells: Sequence[str]) -> Html:
        sides = (RIGHT if n in numbers else LEFT for n in range(len(cells)))
        return tag("tr", *(tag(kind, c, style=s) for c, s in zip(cells, sides, strict=True)))

    body = tag("table", line("th", heads), *(line("td", row) for row in rows))
    lines = as_lines([heads, *([str(cell) for cell in row] for row in rows)])
    head = tag("p", tag("b", title)) if title else ""
    return Words(f"{head}{body}", f"{title}\n{lines}" if title else lines)
