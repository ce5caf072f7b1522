"""Names in capitals that stand in a notebook and are none of its parameters.

    for line in told_of_strays("acquire", globals()):
        print(line)

A misspelt line would count for nothing, in silence; so it is refused, as the command line refuses a
parameter that no notebook takes.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from mwwkit.presets import did_you_mean
from mwwkit.presets.notebooks import INJECTED, NOTEBOOKS, SECTIONS, parameters, written_in
from mwwkit.run.errors import WrongInput

CURE = "Correct its line and run that cell again (a name of your own is best in small letters)"


def told_of_strays(section: str, given: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each parameter of another notebook that stands among a notebook's `globals()`.

    Raises WrongInput, in one line, for a name that looks like a parameter and is none. A name that
    a cell reads is no parameter misspelt, nor is one whose cell was run again without it.
    """
    [stage] = [stage for stage, name in SECTIONS.items() if name == section]
    takes = parameters(stage)
    lacks = [name for name in takes if name not in given]
    for name in _strays(given, written_in(stage), takes):
        if owners := [NOTEBOOKS[other] for other in SECTIONS if name in parameters(other)]:
            yield f"{name} counts for nothing here: it is a parameter of {', '.join(owners)}"
        elif meant := get_close_matches(name, lacks, 1, 0.6):
            raise WrongInput(
                f"the parameter {meant[0]} is missing in this notebook, and {name} stands there: "
                f"did you mean {meant[0]}? {CURE}"
            )
        elif asked := did_you_mean(name, takes):
            raise WrongInput(f"{NOTEBOOKS[stage]} takes no parameter {name}{asked} {CURE}")


def _strays(
    given: Mapping[str, Any], known: Collection[str], takes: Collection[str]
) -> Iterator[str]:
    """Names in capitals of values that nobody knows, sorted; a kernel keeps its cells in `In`."""
    values = {name: value for name, value in given.items() if name.isupper() and name not in known}
    values = {n: v for n, v in values.items() if not (callable(v) or isinstance(v, ModuleType))}
    cells = [_names(cell) for cell in given.get("In", ()) if not cell.startswith(INJECTED)]
    handed = [_names(cell) for cell in given.get("In", ()) if cell.startswith(INJECTED)]
    read = {name for _, reads in cells for name in reads}
    for name in sorted(values.keys() - read):
        is_handed = any(name in writes for writes, _ in handed)
        if "In" not in given or is_handed or _stands([writes for writes, _ in cells], name, takes):
            yield name


def _stands(cells: Sequence[set[str]], name: str, takes: Collection[str]) -> bool:
    """Whether a cell writes a name and no later one writes what that cell writes beside it.

    Of a cell with that name alone, what it may have been corrected to.
    """
    if not (writers := [n for n, writes in enumerate(cells) if name in writes]):
        return False
    beside = cells[writers[-1]] - {name} or set(get_close_matches(name, takes, 1, 0.6))
    return not any(beside & later for later in cells[writers[-1] + 1 :])


def _names(cell: str) -> tuple[set[str], set[str]]:
    """The names that a cell writes, and those that it reads; none where it is no Python."""
    try:
        nodes = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name)]
    except SyntaxError:
        return set(), set()
    writes = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    return writes, {node.id for node in nodes if isinstance(node.ctx, ast.Load)}
