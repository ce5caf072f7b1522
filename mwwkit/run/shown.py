"""Facts by name, shown as a small table instead of a dictionary.

Facts({"units done": 3, "scenes": {"train": 5000, "test": 40}})

units done   3
scenes       train 5000, test 40
"""

import html
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

CELL = 'style="text-align:left; vertical-align:top; white-space:normal"'


class Facts(dict):
    """A dictionary whose keys are words for people; a notebook shows it as a table."""

    def __repr__(self) -> str:
        """One line for each fact."""
        return as_lines([(name, in_words(value)) for name, value in self.items()])

    def _repr_html_(self) -> str:
        return as_html([(name, in_words(value)) for name, value in self.items()])


def as_table(function: Callable[..., dict]) -> Callable[..., Facts]:
    """Let a function that returns a dictionary return it as `Facts`."""

    @wraps(function)
    def shown(*args: Any, **more: Any) -> Facts:
        return Facts(function(*args, **more))

    return shown


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


def as_lines(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts as lines whose columns stand one under another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def as_html(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts as a table."""
    lines = ("".join(f"<td {CELL}>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
