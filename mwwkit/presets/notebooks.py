"""The notebooks of the stages, and what their two cells of parameters have.

parameters("03")["STEPS"]       # the default in its cell

First comes a cell with the few that people change, then the one tagged `parameters` with the rest:
papermill puts what it hands over after the tagged one, so that it counts over both. A default is
that of the notebook as it came (`cells.json`, by `make notebooks`), whatever somebody wrote into
its file for themselves (`presets.pristine`).
"""

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mwwkit.presets import Preset, PresetError, load, names, suggest
from mwwkit.run.settings import STAGES, RunSettings

SECTIONS = {"01": "acquire", "02": "featurize", "03": "train", "04": "mine", "05": "export"}
NOTEBOOKS = {stage: f"{stage}_{section}" for stage, section in SECTIONS.items()}
NOTEBOOKS["01"] = "01_acquire_and_augment"
ENDS_IN = dict(zip(SECTIONS, STAGES, strict=True))  # where each one's last checkpoint is
CELLS = Path(__file__).with_name("cells.json")  # by notebook, its cells of parameters as they came
INJECTED = "# Parameters\n"  # begins the cell by which papermill hands over
OWN = ("RECORDINGS", "POSITIVE", "TABLE")  # parameters of 01 that give recordings of one's own


def notebook(stage: str) -> Path:
    """A stage's notebook: in the repository in a checkout, inside the package when installed."""
    package = Path(__file__).parents[1]
    inside = package / "notebooks"
    folder = inside if inside.is_dir() else package.parent / "notebooks"
    return folder / f"{NOTEBOOKS[stage]}.ipynb"


def parameters(stage: str) -> dict[str, Any]:
    """The names and defaults in both cells of parameters of a stage's notebook.

    None stands for what the run has (`run.settings`).
    """
    values = assigned(cells_as_they_came(notebook(stage)))
    return {name: ast.literal_eval(value) for name, value in values.items()}


def cells_as_they_came(path: Path) -> list[str]:
    """The texts of both cells of parameters; of a notebook that is not mwwkit's, as they are."""
    held = json.loads(CELLS.read_text(encoding="utf-8"))
    return held.get(path.stem) or cells_in_the_file(path)


def cells_in_the_file(path: Path) -> list[str]:
    """The texts of the cells up to the tagged one, as somebody may have edited them."""
    return ["".join(cell["source"]) for cell in up_to_the_tagged(code_cells(path), path)]


def code_cells(path: Path) -> list[dict[str, Any]]:
    """The cells of code of a notebook's file."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def up_to_the_tagged(code: Sequence[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """The first cells of code, the last of which is tagged; PresetError where none is."""
    tagged = [n for n, c in enumerate(code) if "parameters" in c["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise PresetError(
            f"{path} has {len(tagged) or 'no'} cells with the tag parameters, after which values "
            "are handed over; wanted one: take the notebook as it came"
        )
    return list(code[: tagged[0] + 1])


def assigned(cells: Sequence[str]) -> dict[str, ast.expr]:
    """What the lines of cells assign to names, the last to each; SyntaxError for no Python."""
    found = {}
    for line in ast.parse("\n".join(cells)).body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            found[line.targets[0].id] = line.value
    return found


def written_in(stage: str) -> set[str]:
    """All names that the cells of a stage's notebook write, its parameters among them."""
    nodes = ast.walk(
        ast.parse("\n".join("".join(cell["source"]) for cell in code_cells(notebook(stage))))
    )
    names = (node for node in nodes if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}


def stands_for(name: str, default: Any) -> Any:
    """The value that a default stands for: itself or, for None, that of a run that says none."""
    if default is not None:
        return default
    value = getattr(RunSettings(), name.lower())
    return list(value) if isinstance(value, tuple) else value


def refuse_unknown_keys(preset: Preset) -> None:
    """PresetError for a key that no notebook takes, or not that of its section."""
    takes = {section: parameters(stage) for stage, section in SECTIONS.items()}
    known = {section: {name.lower() for name in names} for section, names in takes.items()}
    known["all"] = set().union(*known.values())
    for section, values in preset.items():
        for key in values:
            if key not in known[section]:
                others = [other for other in known if other != "all" and key in known[other]]
                where = f"the preset's section {section} has a key {key!r} that nothing takes"
                where_it_belongs = f"; it belongs to {' or '.join(others)}" if others else ""
                raise PresetError(where + (where_it_belongs or suggest(str(key), known[section])))


def refuse_unknown_names(chosen: Sequence[str], given: Iterable[str]) -> None:
    """PresetError for a name that none of the chosen stages' notebooks takes."""
    takes = {stage: parameters(stage) for stage in SECTIONS}
    reachable = {name for stage in chosen for name in takes[stage]}
    for name in given:
        if name in reachable:
            continue
        if owners := [stage for stage in SECTIONS if name in takes[stage]]:
            raise PresetError(
                f"{name} is a parameter of {' and '.join(NOTEBOOKS[each] for each in owners)}, and "
                f"the stages here are {', '.join(chosen)}: leave it out where the run has it (name "
                f"that with --run-dir), or take {owners[0]} in with --stages"
            )
        none = "no notebook takes a" if len(chosen) > 1 else f"{NOTEBOOKS[chosen[0]]} takes no"
        raise PresetError(f"{none} parameter {name}{suggest(name, reachable)}")


def of_section(preset: Preset, section: str) -> dict[str, Any]:
    """A preset's values for one stage by their parameters' names; `all` may have others."""
    values = preset.get("all", {}) | preset.get(section, {})
    return {name.upper(): value for name, value in values.items()}


def refuse_its_word(preset: str, said: Mapping[str, Any]) -> None:
    """PresetError where a preset that comes with mwwkit would name somebody's own recordings.

    `said` has the parameters of 01 that somebody gave beside the preset.
    """
    nothing = None, "", "[]", "auto", [], ()
    own = [name for name in OWN if said.get(name) not in nothing]
    if not own or "WORD" in said or preset not in names():
        return
    if word := of_section(load(preset), "acquire").get("WORD"):
        raise PresetError(
            f"the word is {word!r} by the preset {preset}, and {', '.join(own)} gives recordings "
            "of your own; say their word: WORD"
        )
