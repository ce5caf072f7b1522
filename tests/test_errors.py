"""Whoever calls mwwkit catches one error, and can tell a few kinds apart."""

import ast
import importlib
import pickle
from pathlib import Path

from mwwkit.run.errors import CannotGoOn, MwwkitError, WrongInput

PACKAGE = Path(__file__).parents[1] / "mwwkit"
CHILDREN = {"espeak_child.py", "piper_child.py"}  # processes that load no mwwkit: nobody catches
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
