"""Write the project's address into the notebooks: pyproject.toml's, `[project.urls] Repository`.

It is in each: in the badges that open it in Colab and on Kaggle, in links to what lies beside the
notebooks, and in what pip installs where nothing else is given. `make notebooks` runs this; a test
compares.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
COLAB = "https://colab.research.google.com"
KAGGLE = "https://kaggle.com"


def repository() -> str:
    """The address, such as https://github.com/owner/name."""
    line = re.search(r'^Repository = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert line, "pyproject.toml names no Repository under [project.urls]"
    return line[1]


def badges(notebook: Path) -> str:
    """The line of a notebook that opens it in Colab and on Kaggle.

    Its pictures are the project's own, attached: without internet others would be broken.
    """
    at = f"{repository()}/blob/main/notebooks/{notebook.stem}.ipynb"
    in_colab = f"{COLAB}/github/{at.removeprefix('https://github.com/')}"
    on_kaggle = f"{KAGGLE}/kernels/welcome?src={at}"
    return (
        f"[![Open in Colab](attachment:open-in-colab.png)]({in_colab}) "
        f"[![Open in Kaggle](attachment:open-in-kaggle.png)]({on_kaggle})"
    )


def source() -> str:
    """The line of the install cell that says what pip takes where nothing else is given."""
    return f'SOURCE = "git+{repository()}"  # where MWWKIT is empty and no wheel is attached'


def stamped(notebook: Path) -> str:
    """A notebook's text with the address of today."""
    text = notebook.read_text(encoding="utf-8")
    text = re.sub(r"^# \[!\[Open in Colab\].*$", f"# {badges(notebook)}", text, flags=re.M)
    text = re.sub(r"https://github\.com/[\w.-]+/[\w.-]+/blob/", f"{repository()}/blob/", text)
    return re.sub(r"^SOURCE = .*$", source(), text, flags=re.M)


if __name__ == "__main__":
    for path in sorted((ROOT / "notebooks").glob("*.py")):
        path.write_text(stamped(path), encoding="utf-8")
