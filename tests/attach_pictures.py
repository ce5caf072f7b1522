"""Put the pictures that a notebook's text names into its .ipynb: `make notebooks` runs this.

A picture is named as `attachment:NAME.png` and lies in docs/pictures. Attached, it shows wherever
the notebook is opened, and in the copies that papermill writes. Jupytext does not keep it.
"""

import base64
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"


def attachments(text: str) -> dict[str, dict[str, str]]:
    """What a Markdown cell of this text has to bring: name -> type -> content."""
    names = re.findall(r"\(attachment:([\w.-]+\.png)\)", text)
    content = {name: base64.b64encode((PICTURES / name).read_bytes()) for name in names}
    return {name: {"image/png": each.decode("ascii")} for name, each in content.items()}


def attach(notebook: nbformat.NotebookNode) -> None:
    """Give each Markdown cell its pictures, and no others."""
    for cell in notebook.cells:
        cell.pop("attachments", None)
        if cell.cell_type == "markdown" and (pictures := attachments(cell.source)):
            cell["attachments"] = nbformat.from_dict(pictures)


if __name__ == "__main__":
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        attach(notebook)
        text = nbformat.writes(notebook)
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
