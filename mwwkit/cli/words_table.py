"""A table of wake words to make: one run a row, as `mwwkit sweep` reads it.

    word,seed,preset,recordings
    hey kitchen,1,standard,~/recordings/kitchen
    hey kitchen,2,standard,~/recordings/kitchen
    marvin,,,

`word` must be there; `seed`, `preset` and any parameter of a notebook may be. An empty cell leaves
it to the command's options, the preset and the notebook, in this order.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mwwkit.cli import chain, preflight
from mwwkit.cli.command import say
from mwwkit.corpus.table_files import SEPARATORS, read_table
from mwwkit.presets import PresetError, load, suggest
from mwwkit.run.errors import WrongInput
from mwwkit.run.session import Limits

WORD, PRESET, SEED = "WORD", "PRESET", "SEED"
# They say where and how long to work, not what is made: a row may change them and go on.
NOT_MADE_OF = {field.name.upper() for field in fields(Limits)} | {"MWWKIT", "RUN_DIR", "PREVIOUS"}


@dataclass(frozen=True)
class Common:
    """What all rows share: stages, and a preset and parameters where a row has none of its own."""

    stages: tuple[str, ...]
    preset: str
    given: tuple[tuple[str, str], ...]  # name and text


@dataclass(frozen=True)
class Row:
    """One run to make."""

    line: int  # of the table
    word: str
    preset: str
    given: tuple[tuple[str, str], ...]  # every parameter as text: the row's own and the common ones
    own: tuple[tuple[str, str], ...]  # those of the row beside word and preset
    name: str  # of the run's folder: it stays what it is when other rows come and go
    jobs: tuple[chain.Job, ...]

    def __str__(self) -> str:
        """ "marvin, seed 7" for people."""
        return ", ".join([self.word, *(f"{name.lower()} {text}" for name, text in self.own)])

    @property
    def made_of(self) -> str:
        """The digest of all settings that shape what is made."""
        return _digest({job.stage: _shaping(job.given) for job in self.jobs})


def read(path: Path, folder: Path, common: Common) -> tuple[Row, ...]:
    """The rows of a table, whose runs go into `folder`; PresetError, in one line, for a wrong one.

    That stages accept the values is for `refuse_nonsense` to say.
    """
    if WORD in dict(common.given):
        raise PresetError("WORD is given as a parameter; wanted it in the table alone")
    heads, lines = _table(path)
    takes = {name for stage in common.stages for name in chain.parameters(stage)}
    _refuse_heads(path, heads, takes | {WORD, SEED, PRESET})
    rows: dict[str, Row] = {}
    for number, cells in lines:
        try:
            row = _row(number, dict(zip(heads, cells, strict=True)), takes, folder, common)
        except ValueError as error:
            raise PresetError(f"{path}, line {number}: {error}") from error
        if other := rows.get(row.name):
            same = f"the same as line {other.line} ({other})"
            raise PresetError(f"{path}, line {number}: {same}; wanted each once")
        rows[row.name] = row
    if not rows:
        raise PresetError(f"{path} has no row under its heads; wanted a word in each")
    return tuple(rows.values())


def refuse_nonsense(path: Path, rows: Sequence[Row]) -> None:
    """Raise PresetError for the first value that a stage would refuse, with its line."""
    for row in rows:
        try:
            chain.refuse_missing(row.jobs)
        except PresetError as error:
            raise PresetError(f"{path}, line {row.line}: {error}") from error
    values = [chain.every_value(row.jobs) for row in rows]
    if found := preflight.first_fault(values):
        at, problem = found
        raise PresetError(f"{path}, line {rows[at].line}: {problem}")


def _row(number: int, cells: dict[str, str], takes: set[str], folder: Path, common: Common) -> Row:
    given = {name: text for name, text in cells.items() if text and name != PRESET}
    given[WORD] = word = " ".join(cells[WORD].split())  # spreadsheets have other spaces too
    if not word:
        raise WrongInput("there is no word; wanted the wake word")
    preset = cells.get(PRESET) or common.preset
    own = tuple((name, text) for name, text in given.items() if name != WORD)
    # The stages that are chosen may take neither word nor seed.
    every = {name: t for name, t in (dict(common.given) | given).items() if name in takes}
    every |= {name: t for name, t in common.given if name not in takes}  # which `chain` refuses
    jobs = chain.assembled(common.stages, load(preset), every, folder)
    name = _name(word, cells.get(PRESET, ""), dict(own), takes)
    jobs = tuple(chain.Job(j.stage, j.given | {"RUN_DIR": str(folder / name)}) for j in jobs)
    return Row(number, word, preset, tuple(every.items()), own, name, jobs)


def _name(word: str, preset: str, own: dict[str, str], takes: set[str]) -> str:
    """A folder's name of what stands in the row: 042 and 42 are the same seed."""
    defaults = {n: v for stage in chain.NOTEBOOKS for n, v in chain.parameters(stage).items()}
    read = {
        n: chain.fitting(n, chain.parsed(n, t, defaults[n]), defaults[n]) for n, t in own.items()
    }
    digest = _digest({"word": word, "preset": preset, **_shaping(read)})
    seed = f"-seed{read[SEED]}" if SEED in read else ""
    readable = re.sub(r"[^\w]+", "-", word.casefold()).strip("-_")[:40]
    return f"{readable or 'word'}{seed}-{digest[:8]}"


def _shaping(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in NOT_MADE_OF}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The heads in upper case, and each line that is not empty with its number."""
    try:
        text, separator, told = read_table(path)
    except WrongInput as error:
        raise PresetError(str(error)) from error
    except OSError as error:
        raise PresetError(f"{path} cannot be read ({error.strerror})") from error
    for remark in told:
        say(remark)
    if "\0" in text:
        raise PresetError(f"{path} holds a NUL; save it as text in UTF-8")
    first = text.lstrip().split("\n", 1)[0]
    separator = separator or max(SEPARATORS, key=first.count)
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    try:
        filled = [(lines.line_num, [c.strip() for c in cells]) for cells in lines if any(cells)]
    except csv.Error as error:
        raise PresetError(f"{path}, line {lines.line_num}: {error}") from error
    if not filled:
        raise PresetError(f"{path} is empty; wanted a line of heads with word, and a row a run")
    (_, heads), *rows = filled
    while heads and not heads[-1]:  # a spreadsheet's empty columns
        heads.pop()
    return [head.upper() for head in heads], list(_as_wide(path, rows, len(heads)))


def _as_wide(
    path: Path, rows: list[tuple[int, list[str]]], width: int
) -> Iterator[tuple[int, list[str]]]:
    for number, cells in rows:
        if any(cells[width:]):
            found = f"{len(cells)} cells under {width} heads"
            raise PresetError(f"{path}, line {number}: {found}; a text with commas wants quotes")
        yield number, (cells + [""] * width)[:width]


def _refuse_heads(path: Path, heads: list[str], known: set[str]) -> None:
    if "RUN_DIR" in heads:
        raise PresetError(
            f"{path} has a column run_dir; the option --run-dir holds every row's run"
        )
    for head in heads:
        if head not in known:
            close = suggest(head, known) if get_close_matches(head, known) else ""
            others = "; wanted word, and any of seed, preset and the notebooks' parameters"
            found = f"{path} has a column {head.lower()!r} that no chosen notebook takes"
            raise PresetError(found + (close or others))
        if heads.count(head) > 1:
            raise PresetError(f"{path} has the column {head.lower()} twice")
    if WORD not in heads:
        raise PresetError(f"{path} has no column word; it has {', '.join(heads).lower()}")
