"""Tables with links, pictures and players in them, and the same as lines for a terminal.

table(("file", "kB"), [(Told(tag("a", name, href=address), name), "54.0")], numbers=(1,))
"""

from collections.abc import Sequence

from mwwkit.previews.panel import Words
from mwwkit.report.markup import Html, joined, tag
from mwwkit.run.shown import as_html, as_lines


class Told(Html):
    """Markup, for which a terminal has a text."""

    __slots__ = ("text",)

    def __new__(cls, markup: str, text: str = "") -> "Told":
        """Of both; a picture or a sound has no text."""
        self = super().__new__(cls, markup)
        self.text = text
        return self

    def __str__(self) -> str:
        """As a terminal shows it."""
        return self.text


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    title: str = "",
) -> Words:
    """Rows of texts (or `Html`); the columns in `numbers` stand to the right."""
    right = [n in numbers for n in range(len(heads))]
    body = as_html([heads, *rows], right, n_heads=1, escape=joined)
    lines = as_lines([heads, *([str(cell) for cell in row] for row in rows)])
    head = tag("p", tag("b", title)) if title else ""
    return Words(f"{head}{body}", f"{title}\n{lines}" if title else lines)
