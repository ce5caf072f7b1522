"""Whoever calls mwwkit catches one error, and can tell a few kinds apart."""

import ast
import importlib
import pickle
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from mwwkit.run.errors import CannotGoOn, MwwkitError, WrongInput, all_told

PACKAGE = Path(__file__).parents[1] / "mwwkit"
# Processes that load no mwwkit: nobody catches what they raise.
CHILDREN = {
    f"{of}_child.py" for of in ("espeak", "piper", "kokoro", "speaker_weights", "recogniser")
}
NEVER_SEEN = {"_LiesInAnEarlierRun", "_Unreadable"}  # raised and caught in one module
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in CHILDREN]


def test_what_mwwkit_refuses_is_an_error_of_its_own():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                raised = ast.unparse(node.exc.func)
                assert raised not in {"ValueError", "RuntimeError", "Exception"}, (
                    path,
                    node.lineno,
                )


def test_every_kind_is_a_mwwkit_error_and_what_it_was_before():
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            bases = [ast.unparse(base) for base in getattr(node, "bases", ())]
            if {"Exception", "ValueError", "RuntimeError"} & set(bases):
                assert "MwwkitError" in bases or node.name in NEVER_SEEN | {"MwwkitError"}, path
    for module, name, before in (
        ("mwwkit.audio.reading", "AudioValidationError", ValueError),
        ("mwwkit.presets", "PresetError", ValueError),
        ("mwwkit.run.checkpoint", "CheckpointError", RuntimeError),
        ("mwwkit.run.session", "StoppedEarly", RuntimeError),
        ("mwwkit.cli.chain", "StageFailed", RuntimeError),
    ):
        kind = getattr(importlib.import_module(module), name)
        assert issubclass(kind, MwwkitError) and issubclass(kind, before)


def test_an_error_comes_whole_out_of_another_process():
    for kind in (WrongInput, CannotGoOn):
        again = pickle.loads(pickle.dumps(kind("steps is 0; wanted at least 1")))
        assert (type(again), str(again)) == (kind, "steps is 0; wanted at least 1")


@pytest.mark.parametrize(
    "kind", ["run.fresh_session.Unfit", "run.errors.WrongInput", "run.checkpoint.CheckpointError"]
)
def test_a_notebook_shows_the_line_alone_and_of_other_errors_where_they_are(kind, capsys):
    module, _, name = kind.rpartition(".")
    raising = "def inside():\n    raise {}('no GPU is here; choose one')\ninside()"
    InteractiveShell().run_cell(f"from mwwkit.{module} import {name}\n" + raising.format(name))
    assert capsys.readouterr().out == "no GPU is here; choose one\n"
    InteractiveShell().run_cell(raising.format("KeyError"))
    told = capsys.readouterr().out
    assert "KeyError" in told and "Traceback" in told


def test_all_that_fails_is_told_together_and_one_failure_as_it_is():
    def fails(kind, text):
        def check():
            raise kind(text)

        return check

    with pytest.raises(CannotGoOn, match="^no ONNX; and no arena$"):
        all_told([fails(WrongInput, "no ONNX"), list, fails(CannotGoOn, "no arena")])
    with pytest.raises(WrongInput, match="^no ONNX$"):
        all_told([fails(WrongInput, "no ONNX"), list])
    all_told([list])
    with pytest.raises(KeyError):  # a fault of ours, which nobody is to take for a want
        all_told([fails(WrongInput, "no ONNX"), fails(KeyError, "x")])
