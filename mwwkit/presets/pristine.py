"""The notebooks with the values that they came with, whatever somebody wrote into them since.

    edited(path)                 # {"AUTHOR": "'bob'"}: in the file now, for the notebook itself
    as_it_came(path, folder)     # the notebook, or a copy in `folder` with the cells as they came

What stands in a notebook's cells counts where it is run by itself, in Jupyter or by papermill. A
command takes its values from its own words, the preset and the run.
"""

import ast
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from mwwkit.presets.notebooks import (
    assigned,
    cells_as_they_came,
    cells_in_the_file,
    notebook,
    up_to_the_tagged,
)

SAID_BY_COMMANDS = ("RUN_DIR", "PREVIOUS")  # always: their cells' values are never meant
NO_PYTHON = "(what is no Python)"


def edited(path: Path) -> dict[str, str]:
    """Parameters whose value in the file is not the one that it came with, as written there.

    Empty where its line is gone; `NO_PYTHON` alone, where a cell cannot be read.
    """
    came = {name: ast.unparse(value) for name, value in assigned(cells_as_they_came(path)).items()}
    try:
        values = assigned(cells_in_the_file(path))
    except SyntaxError:
        return {NO_PYTHON: ""}
    now = {name: ast.unparse(value) for name, value in values.items()}
    return {name: now.get(name, "") for name in came if now.get(name) != came[name]}


def told_of_edits(stages: Sequence[str], said: Collection[str] = ()) -> list[str]:
    """A line for each notebook with values of its own, which do not count for a command.

    `said`: names that the command itself was given, of which nothing need be told.
    """
    lines = []
    for stage in stages:
        left_out = {*SAID_BY_COMMANDS, *said}
        path = notebook(stage)
        values = {name: value for name, value in edited(path).items() if name not in left_out}
        if values:
            shown = ", ".join(f"{n} = {v}" if v else _without(n) for n, v in values.items())
            how = "--preset" if list(values) == ["PRESET"] else "-p NAME=value"
            lines.append(
                f"{path.name} was edited: {shown} counts where that notebook itself "
                f"is run, not here; to have it here, say it: {how}"
            )
    return lines


def _without(name: str) -> str:
    return name if name == NO_PYTHON else f"without {name}"


def as_it_came(path: Path, folder: Path) -> Path:
    """The notebook itself, or a copy in `folder` whose cells of parameters are as they came."""
    if not edited(path):
        return path
    content = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    *above, tagged = up_to_the_tagged(code, path)
    *few, rest = cells_as_they_came(path)
    names = assigned([*few, rest]).keys()
    for cell in above:
        if _writes("".join(cell["source"]), names):
            cell["source"] = few.pop() if few else ""
    tagged["source"] = "\n".join([*few, rest])
    copy = folder / path.name
    copy.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return copy


def _writes(cell: str, names: Collection[str]) -> bool:
    """Whether a cell assigns one of the names; one that is no Python may."""
    try:
        return not names.isdisjoint(assigned([cell]))
    except SyntaxError:
        return True
