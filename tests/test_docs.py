"""What is read before anything runs: links lead somewhere, the executed demo is fit to be read."""

import ast
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from stamp_address import repository

ROOT = Path(__file__).parents[1]
EXECUTED = sorted((ROOT / "docs" / "executed").glob("*.ipynb"))
TEXTS = [ROOT / "README.md", ROOT / "docs/glossary.md", *(ROOT / "docs/executed").glob("*.md")]
SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
MOST_BYTES, LINES = 3_000_000, 60
each_copy = pytest.mark.parametrize("path", EXECUTED, ids=lambda path: path.name)


def in_markdown(path: Path) -> str:
    """The text of a page, or of a notebook's Markdown cells."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def inside(target: str, of: Path) -> Path | None:
    """The file that a link of a page means, if it is one of the project's."""
    target = target.partition("#")[0]
    ours = f"{repository()}/blob/main/"
    if target.startswith(ours):
        return ROOT / target.removeprefix(ours)
    if not target or re.match(r"\w+:", target):
        return None
    return of.parent / target


@pytest.mark.parametrize("path", [*TEXTS, *SOURCES, *EXECUTED], ids=lambda path: path.name)
def test_links_lead_to_files_that_are_there(path):
    targets = LINK.findall(in_markdown(path))
    assert targets
    meant = {target: inside(target, path) for target in targets}
    assert not [target for target, file in meant.items() if file and not file.exists()]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_notebook_is_worth_reading(path):
    text = in_markdown(path)
    assert len(re.findall(r"\w+", text)) >= 400
    assert text.count("(attachment:") >= 2
    assert len(LINK.findall(text)) >= 6
    assert "## Good enough?" in text and "| then |" in text


def test_make_lab_hands_options_on_to_jupyterlab():
    call = ["make", "--dry-run", "lab", "LAB=--allow-root --no-browser"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r" -m jupyter lab .*\.ipynb --allow-root --no-browser$", done.stdout, re.M)


def test_every_picture_is_shown_somewhere():
    shown = "".join(in_markdown(path) for path in [*TEXTS, *SOURCES])
    drawn = {path.name for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert drawn and not [name for name in drawn if name not in shown]


def test_the_executed_demo_is_all_five_and_small():
    assert [path.name for path in EXECUTED] == [path.name for path in SOURCES]
    files = [path for path in (ROOT / "docs" / "executed").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


@each_copy
def test_an_executed_copy_names_no_place_of_the_machine_that_made_it(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?:/home/|/root/|/work/|/tmp/|/Users/|file://)[\w./-]{0,40}", text)


@each_copy
def test_an_executed_copy_shows_texts_of_a_page_and_no_raw_dictionary(path):
    for cell in nbformat.read(path, as_version=4).cells:
        shown = [output.get("data", {}) for output in cell.get("outputs", [])]
        texts = [output.get("text", "") for output in cell.get("outputs", [])]
        plain = [data.get("text/plain", "") for data in shown if len(data) == 1]
        lines = "\n".join([*texts, *plain]).splitlines()
        assert len(lines) <= LINES, cell.source
        assert not any(is_dictionary(text) for text in plain), cell.source
        assert not any("(children=" in text for text in plain), "a control that is none here"


def is_dictionary(text: str) -> bool:
    """Whether a text is what Python writes for a dictionary."""
    try:
        return text.startswith("{") and isinstance(ast.literal_eval(text), dict)
    except (SyntaxError, ValueError):
        return text.startswith("{'")
