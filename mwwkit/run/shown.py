"""What plans, results and checks are: facts by name for programs, sentences and tables for people.

    Facts({"units done": 3, "scenes": {"train": 5000, "test": 40}})

    units done   3
    scenes       train 5000, test 40

    Facts({"left": 2}, "2 of 28 shards are left.", Table([("train", "5,000")], ("set", "scenes")))

Without blocks of its own it shows its facts as a table. A notebook gets HTML that survives viewers
which take styles away; a terminal and a log get the same as text.
"""

import html
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mwwkit.run.quantities import as_sentence

WIDTH = 100  # characters of a line of text
STYLE = "text-align:{}; vertical-align:top; white-space:normal; padding-right:1em"
NUMBER = re.compile(r"[-−]?[\d,.]+( (%|h|s|min|kB|MB|GB))?|-|unknown|")


class Sentence(str):
    """A text that a notebook shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The text itself."""
        return str(self)

    def _repr_html_(self) -> str:
        return _paragraph(self)


class Heading(Sentence):
    """A sentence that comes before all others."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return _paragraph(self, "<b>{}</b>")


@dataclass(frozen=True)
class Table:
    """Rows of texts under heads; without heads the first column names what the others say."""

    rows: Sequence[Sequence[str]]
    heads: Sequence[str] = ()

    def __str__(self) -> str:
        """Lines whose columns stand one under another."""
        return as_lines(self._all(), _numeric(self.rows))

    def _repr_html_(self) -> str:
        return as_html(self._all(), _numeric(self.rows), n_heads=bool(self.heads))

    def _all(self) -> list[Sequence[str]]:
        return [self.heads, *self.rows] if self.heads else [*self.rows]


class Facts(dict):
    """A dictionary whose keys are words for people; shown as its blocks, else as a table."""

    def __init__(self, facts: Mapping[str, Any], *blocks: str | Table) -> None:
        """`facts` by name; `blocks` are what a person sees of them, in order; empty ones go."""
        super().__init__(facts)
        rows = [(name, in_words(value)) for name, value in facts.items()]
        told = blocks or ([Table(rows)] if rows else [])
        self.blocks = tuple(b for b in told if (b.rows if isinstance(b, Table) else b))

    def __repr__(self) -> str:
        """The blocks as text."""
        return "\n".join(_spaced([_text(block) for block in self.blocks]))

    def _repr_html_(self) -> str:
        return "".join(
            block._repr_html_() if isinstance(block, Table | Sentence) else _paragraph(block)
            for block in self.blocks
        )


def _text(block: str | Table) -> str:
    return str(block) if isinstance(block, Table) else "\n".join(_wrapped(block, WIDTH))


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of a text; a path stays in one piece."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _spaced(texts: Sequence[str]) -> Iterator[str]:
    """Texts with an empty line around those of several lines."""
    for number, text in enumerate(texts):
        if number and ("\n" in text or "\n" in texts[number - 1]):
            yield ""
        yield text


def _paragraph(text: str, around: str = "{}") -> str:
    return f'<p style="max-width:60em">{around.format(html.escape(text))}</p>'


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """Each fact by itself: "Decisions about clips: 2 left out"."""
    return [as_sentence(f"{name}: {in_words(value)}") for name, value in facts.items()]


def in_words(value: Any) -> str:
    """A value as people write it: lists with commas, tables in a row, yes and no.

    Tables in a table stand behind its names: "ambient: train 2, test 0; noise: train 1".
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and any(isinstance(each, Mapping) for each in value.values()):
        return "; ".join(f"{name}: {in_words(each)}" for name, each in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {in_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(in_words, value)) or "none"
    return str(value)


def _numeric(rows: Sequence[Sequence[str]]) -> list[bool]:
    """Which columns hold numbers alone, beside the first."""
    columns = list(zip(*rows, strict=True))
    found = [all(NUMBER.fullmatch(cell) for cell in column) for column in columns]
    return [bool(n) and is_number for n, is_number in enumerate(found)]


def as_lines(rows: Sequence[Sequence[str]], right: Sequence[bool] = ()) -> str:
    """Rows of texts as lines whose columns stand one under another, those of `right` to the right.

    A last column that is too long goes on under itself.
    """
    right = right or [False] * len(rows[0])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    start = sum(widths[:-1]) + 3 * (len(widths) - 1)
    widths[-1] = min(widths[-1], max(WIDTH - start, 40))
    return "\n".join(line for row in rows for line in _lines(row, widths, right, start))


def _lines(row: Sequence[str], widths: list[int], right: Sequence[bool], start: int) -> list[str]:
    """A row; what of its last cell has no room stands under it."""
    last, *more = _wrapped(row[-1], widths[-1]) or [""]
    cells = zip([*row[:-1], last], widths, right, strict=True)
    placed = (cell.rjust(n) if at_right else cell.ljust(n) for cell, n, at_right in cells)
    return ["   ".join(placed).rstrip(), *(" " * start + line for line in more)]


def as_html(
    rows: Sequence[Sequence[str]],
    right: Sequence[bool] = (),
    *,
    n_heads: int = 0,
    escape: Callable[[str], str] = html.escape,
) -> str:
    """Rows of texts as a table; the first `n_heads` are its heads."""
    right = right or [False] * len(rows[0])
    styles = [STYLE.format("right" if at_right else "left") for at_right in right]
    lines = []
    for number, row in enumerate(rows):
        tag = "th" if number < n_heads else "td"
        cells = zip(row, styles, strict=True)
        shown = (f'<{tag} style="{css}">{escape(cell)}</{tag}>' for cell, css in cells)
        lines.append(f"<tr>{''.join(shown)}</tr>")
    return f"<table>{''.join(lines)}</table>"
