"""Tables of files as people's programs write them: encodings, separators, ends of lines.

    rows, told = read_rows(Path("index.csv"), needed=("path", "kind"), optional=("word",))
    rows[0]["path"]

What can be found out is (a byte order mark, UTF-16, the separator, Excel's `sep=;`, Windows'
Western letters); what cannot is explained with the table's name and what to do about it.
"""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from mwwkit.run.errors import WrongInput
from mwwkit.run.quantities import how_many

SEPARATORS = (",", ";", "\t", "|")
_MARKS = (  # the longer first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What other programs call the columns, to name what should be renamed.
_ALSO_CALLED = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "audio", "wav", "clip"),
    "kind": ("label", "class", "type", "category"),
    "split": ("subset", "set", "fold", "partition"),
}


def read_rows(
    path: Path, needed: Sequence[str], optional: Sequence[str]
) -> tuple[list[dict[str, str]], list[str]]:
    """The rows of a table by column, cells stripped, and what to know about how it was read.

    Raises WrongInput, naming the table, where it is not there, is no text, lacks a needed column
    or has no rows.
    """
    lines, separator, told = read_table(path)
    try:
        rows = _parted(lines, separator, needed)
    except csv.Error as error:
        raise WrongInput(
            f"{path} is no table in CSV that can be read ({error}); is a quote not closed, or is "
            "it another program's own format? Save it as CSV"
        ) from error
    if not rows:
        raise WrongInput(f"{path} is empty; wanted a line with {', '.join(needed)}, then the rows")
    head, *body = rows
    columns = _columns(path, head, needed)
    filled = [row for row in body if any(cell.strip() for cell in row)]
    if not filled:
        raise WrongInput(f"{path} has a head ({', '.join(head)}) and no rows; fill it")
    if long := [n for n, row in enumerate(filled, 2) if any(c.strip() for c in row[len(head) :])]:
        told.append(
            f"{path}: {how_many(len(long), 'row has', 'rows have')} more cells than the head, row "
            f"{long[0]} for one; is a text with a comma, such as 0,6, without quotes?"
        )
    wanted = [*needed, *optional]
    return [{name: _cell(row, columns.get(name)) for name in wanted} for row in filled], told


def read_table(path: Path) -> tuple[str, str, list[str]]:
    """A table's text, the separator if it names one, and what to know about its encoding.

    Raises WrongInput, naming the table, where it is not there or is no text.
    """
    if not path.is_file():
        raise WrongInput(f"{path} is not there (or is no file); wanted a table in CSV")
    text, told = _text(path)
    return *_after_hint(text), told


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _text(path: Path) -> tuple[str, list[str]]:
    """A table's text, and a word about its encoding where that is a guess."""
    data = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    encoding = encoding or _utf16_without_mark(data) or "utf-8"
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and _is_western(data):
            told = "is not in UTF-8 and was read as Windows' Western letters (cp1252)"
            return data.decode("cp1252"), [f"{path} {told}; save it as UTF-8 if words look wrong"]
        number = data[: error.start].count(b"\n") + 1
        line = data.split(b"\n")[number - 1][:60].decode("ascii", "replace").strip()
        raise WrongInput(
            f"{path} is not in UTF-8: byte {data[error.start]:#04x} in line {number} ({line}); "
            "save it as UTF-8 (Excel: 'CSV UTF-8')"
        ) from error


def _utf16_without_mark(data: bytes) -> str:
    """UTF-16's name where every second byte of the beginning is 0, as Latin letters have it."""
    start = data[:64]
    if len(start) >= 8 and not any(start[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 8 and not any(start[::2]) else ""


def _is_western(data: bytes) -> bool:
    """Whether bytes above ASCII look like a Western language's: at most two together, by letters.

    A language of another script has whole words of them, which cp1252 would turn into others.
    """
    try:
        found = re.findall(r"[^\x00-\x7f]+", data.decode("cp1252"))
    except UnicodeDecodeError:
        return False
    words = re.findall(r"[^\W\d_]*[^\x00-\x7f][^\W\d_]*", data.decode("cp1252"))
    return all(len(run) <= 2 for run in found) and all(
        any(c.isascii() for c in word) for word in words
    )


def _after_hint(text: str) -> tuple[str, str]:
    """The text with Excel's first line `sep=;` emptied, and the separator that it names."""
    hint = re.match(r'"?sep=(.)"?\r?\n', text, re.IGNORECASE)
    return ("\n" + text[hint.end() :], hint.group(1)) if hint else (text, "")


def _parted(text: str, separator: str, needed: Sequence[str]) -> list[list[str]]:
    """All rows, by the separator under which the head has the most of the needed columns."""
    head = text.lstrip().split("\n", 1)[0]

    def fits(candidate: str) -> tuple[int, int]:
        names = {_plain(name) for name in next(csv.reader([head], delimiter=candidate), [])}
        return len(names & set(needed)), len(names)

    best = separator or max(SEPARATORS, key=fits)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=best)
    return [row for row in rows if any(cell.strip() for cell in row)]


def _plain(name: str) -> str:
    return name.strip().casefold()


def _columns(path: Path, head: Sequence[str], needed: Sequence[str]) -> Mapping[str, int]:
    """Where each column is, by its plain name; the first of two of one name."""
    columns: dict[str, int] = {}
    for at, name in enumerate(head):
        columns.setdefault(_plain(name), at)
    if missing := [name for name in needed if name not in columns]:
        raise WrongInput(
            f"{path} has the columns {list(head)}; wanted also {', '.join(missing)}"
            f"{_advice(missing, columns)}"
        )
    return columns


def _advice(missing: Sequence[str], columns: Mapping[str, int]) -> str:
    """Which column to rename, where one looks like a missing one."""
    pairs = []
    for name in missing:
        also = [other for other in _ALSO_CALLED.get(name, ()) if other in columns]
        if near := also or get_close_matches(name, columns, 1, 0.7):
            pairs.append(f"rename {near[0]!r} to {name!r}")
    return "".join(f"; {pair}" for pair in pairs)
