"""The notebooks of the stages, and what their two cells of parameters have.

parameters("03")["STEPS"]       # the default in its cell

First comes a cell with the few that people change, then the one tagged `parameters` with the rest:
papermill puts what it hands over after the tagged one, so that it counts over both.
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mwwkit.presets import Preset, PresetError, load, names, suggest
from mwwkit.run.settings import STAGES, RunSettings

SECTIONS = {"01": "acquire", "02": "featurize", "03": "train", "04": "mine", "05": "export"}
NOTEBOOKS = {stage: f"{stage}_{section}" for stage, section in SECTIONS.items()}
NOTEBOOKS["01"] = "01_acquire_and_augment"
ENDS_IN = dict(zip(SECTIONS, STAGES, strict=True))  # where each one's last checkpoint is
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
    code = _code(stage)
    [tagged] = [n for n, c in enumerate(code) if "parameters" in c["metadata"].get("tags", [])]
    lines = ast.parse("\n".join("".join(cell["source"]) for cell in code[: tagged + 1])).body
    return {line.targets[0].id: ast.literal_eval(line.value) for line in lines}


def written_in(stage: str) -> set[str]:
    """All names that the cells of a stage's notebook write, its parameters among them."""
    nodes = ast.walk(ast.parse("\n".join("".join(cell["source"]) for cell in _code(stage))))
    names = (node for node in nodes if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}


def _code(stage: str) -> list[dict[str, Any]]:
    cells = json.loads(notebook(stage).read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


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
