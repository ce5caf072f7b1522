"""A line of a notebook's parameters that is misspelt is refused; what is no such line is not."""

import re

import nbformat
import pytest

from mwwkit.cli import chain
from mwwkit.presets.misspelt import told_of_strays
from mwwkit.presets.notebooks import SECTIONS, notebook
from mwwkit.presets.parameters import resolve
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.stages import acquire, triples

EACH = pytest.mark.parametrize("stage", SECTIONS)
TTS = "takes no parameter TTS_POSITVE; did you mean TTS_POSITIVE[?] Correct its line"


def code(stage: str) -> list[str]:
    """The cells of code of a stage's notebook."""
    cells = nbformat.read(notebook(stage), as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def sources(stage: str, **changed: str) -> list[str]:
    """The two cells of parameters of a stage's notebook, with the lines of some names replaced."""
    cells = code(stage)[:2]
    for name, line in changed.items():
        assert sum(len(re.findall(f"(?m)^{name} = .*$", cell)) for cell in cells) == 1
        cells = [re.sub(f"(?m)^{name} = .*$", line, cell) for cell in cells]
    return cells


def kernel(*cells: str) -> dict:
    """The names of a kernel that ran these cells."""
    names = {"In": ["", *cells]}
    for cell in cells:
        exec(cell, names)
    return names


def told(stage: str, names: dict) -> list[str]:
    return list(told_of_strays(SECTIONS[stage], names))


def test_of_a_parameter_whose_line_was_misspelt_it_is_told_which_and_what_stands_there(
    tmp_path,
):
    names = kernel(*sources("01", RECORDINGS='RECORDINSG = "/x"'))
    wanted = "RECORDINGS is missing in this notebook, and RECORDINSG stands there: did you mean REC"
    with pytest.raises(WrongInput, match=wanted):
        resolve("", "acquire", names, Run(tmp_path / "run"), acquire.Config, triples.Config)


def test_a_misspelt_line_beside_the_right_one_is_refused_as_the_command_line_does(tmp_path):
    few, rest = sources("01")
    for cells in ((few + "\nTTS_POSITVE = 5", rest), (few, rest, "TTS_POSITVE = 5")):
        with pytest.raises(WrongInput, match=TTS):
            told("01", kernel(*cells))
    with pytest.raises(WrongInput, match=TTS):  # papermill's cell
        told("01", kernel(few, rest, "# Parameters\nTTS_POSITVE = 5\n"))
    with pytest.raises(WrongInput, match="takes no parameter TTS_POSITVE; did you mean TTS_POSI"):
        chain.assembled(["01"], {}, {"TTS_POSITVE": "5"}, tmp_path)


def test_what_was_corrected_is_refused_no_more_in_the_same_kernel():
    few, rest = sources("01")
    [renamed, _] = sources("01", RECORDINGS='RECORDINSG = "/x"')
    assert told("01", kernel(renamed, rest, few)) == []
    assert told("01", kernel(few, rest + "\nTTS_POSITVE = 5", rest)) == []
    assert told("01", kernel(few, rest, "TTS_POSITVE = 5", "TTS_POSITIVE = 5")) == []
    with pytest.raises(WrongInput, match=TTS):  # papermill's cell is no correction of another
        told("01", kernel(few, rest + "\nTTS_POSITVE = 5", "# Parameters\nTTS_POSITIVE = 7\n"))


def test_a_name_that_a_cell_reads_is_ones_own_and_one_like_no_parameter_too():
    few, rest = sources("01", RECORDINGS='OUT_DIR = "/x"\nRECORDINGS = OUT_DIR + "/own"')
    assert told("01", kernel(few, rest, "QQQQ = 1\nrecordinsg = 2", "import sys as WORDS")) == []
    with pytest.raises(WrongInput, match="OUT_DIR; did you mean RUN_DIR"):
        told("01", kernel(*sources("01"), 'OUT_DIR = "/x"'))


def test_a_parameter_of_another_notebook_is_told():
    [line] = told("01", kernel(*sources("01"), "STEPS = 5"))
    assert line == "STEPS counts for nothing here: it is a parameter of 03_train"


@EACH
def test_names_that_a_notebook_itself_writes_are_none(stage):
    cells = code(stage)
    assert any('\nSOURCE = "' in cell for cell in cells)
    names = kernel(*cells[:2]) | {"SOURCE": "git+https://example.com"}
    assert told(stage, names) == []
    assert told(stage, {name: value for name, value in names.items() if name != "In"}) == []
