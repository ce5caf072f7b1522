"""Keep the notebooks' cells of parameters in the package: `make notebooks` runs this.

What somebody writes into a notebook for themselves then counts for nobody else: `mwwkit run` takes
the values that the notebooks came with from mwwkit/presets/cells.json.
"""

import json
from pathlib import Path

import jupytext

ROOT = Path(__file__).parents[1]
CELLS = ROOT / "mwwkit" / "presets" / "cells.json"


def cells() -> dict[str, list[str]]:
    """By notebook, the texts of both cells."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.py")):
        code = [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]
        found[path.stem] = [cell.source for cell in code[:2]]
    return found


if __name__ == "__main__":
    text = json.dumps(cells(), indent=1, ensure_ascii=False)
    CELLS.write_text(text + "\n", encoding="utf-8", newline="\n")
