"""Presets: the notebooks' parameters as YAML, in one section a stage.

    preset = load("demo")                  # or a file of your own: load("mine.yaml")
    preset["train"]["steps"]               # as the notebook 03_train takes it, in upper case there

`${NAME}` is replaced by that environment variable, wherever a value stands. Values are what was
written: `no` is a text, and which one is a number its parameter says (`mwwkit.run.written`). The
section `all` goes to every notebook that takes it. Which keys a section may have is what its
notebook's parameters cell has, so `notebooks` checks them there; `parameters` says which of a
notebook's values count.
"""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import given_path
from mwwkit.run.written import as_written, typed

SECTIONS = ("all", "acquire", "featurize", "train", "mine", "export")
Preset = dict[str, dict[str, Any]]
# What `${NAME}` is while YAML is read, to which braces mean a table: private characters.
_HELD = "\ue000", "\ue001"


class PresetError(WrongInput):
    """A preset, or a value given beside it, that cannot be used; the message says why."""


def suggest(word: str, known: Iterable[str]) -> str:
    """A question for an error message: "; did you mean ...?", or what there is to choose from."""
    known = sorted(known)
    return _close(word, known) or f"; there are {', '.join(known)}"


def _close(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    return f"; did you mean {next(k for k in known if k.lower() == close[0])}?" if close else ""


def names() -> list[str]:
    """The presets that come with mwwkit."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.yaml"))


def load(name: str) -> Preset:
    """The preset of that name, or in that `.yaml` file, its variables expanded.

    Raises PresetError for a name or section that does not exist, a file that is not a table of
    tables, and an environment variable that is not set.
    """
    path = given_path(name)
    if path.suffix not in {".yaml", ".yml"}:
        if name not in names():
            close = _close(name, names())
            listed = f"{', '.join(names())}, or a .yaml file of your own"
            there_are = " There are" if close else "; there are"  # after a question a sentence
            raise PresetError(f"no preset {name!r}{close}{there_are} {listed}")
        path = Path(__file__).parent / f"{name}.yaml"
    preset = _read(path, held=True) or {}
    if not isinstance(preset, dict):
        raise PresetError(f"{path} holds a {type(preset).__name__}; wanted sections")
    for section, values in preset.items():
        if section not in SECTIONS:
            raise PresetError(f"{path}: no section {section!r}{suggest(str(section), SECTIONS)}")
        if not isinstance(values, dict | None):
            found = f"section {section} holds {_typed(values)!r}"
            raise PresetError(f"{path}: {found}; wanted name: value")
    return {section: _expanded(values or {}, path) for section, values in preset.items()}


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; PresetError, in one line, where it cannot be read.

    Scalars are as `mwwkit.run.written.typed` has them.
    """
    return _typed(_read(path))


def _read(path: Path, held: bool = False) -> Any:
    """What a YAML file holds, all scalars as texts; with `held`, its variables held back."""
    try:
        text = path.read_text(encoding="utf-8")
        return as_written(re.sub(r"\$\{(.*?)\}", r"\1".join(_HELD), text) if held else text)
    except FileNotFoundError:
        raise PresetError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PresetError(f"{path} cannot be read as a text: {error}") from error
    except yaml.YAMLError as error:
        raise PresetError(f"{path} is not readable as YAML: {in_one_line(error)}") from error


def in_one_line(error: yaml.YAMLError) -> str:
    """What is wrong with a YAML text, and in which line of it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} (line {error.problem_mark.line + 1})"
    return " ".join(str(error).split())


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _typed(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_typed(v) for v in value]
    return typed(value) if isinstance(value, str) else value


def _expanded(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {name: _expanded(v, path) for name, v in value.items()}
    if isinstance(value, list):
        return [_expanded(v, path) for v in value]
    if isinstance(value, str):
        return typed(re.sub("(.*?)".join(_HELD), lambda m: _variable(m[1], path), value))
    return value


def _variable(name: str, path: Path) -> str:
    if not re.fullmatch(r"\w+", name):
        raise PresetError(
            f"{path} has ${{{name}}}; wanted a variable's name alone, as in ${{HOME}}"
        )
    if name not in os.environ:
        raise PresetError(f"{path} wants the environment variable {name}, which is not set")
    return os.environ[name]
