"""Presets: the notebooks' parameters as YAML, in one section a stage.

    preset = load("demo")                  # or a file of your own: load("mine.yaml")
    preset["train"]["steps"]               # as the notebook 03_train takes it, in upper case there

`${NAME}` in a text is replaced by that environment variable. The section `all` goes
to every notebook that takes it. Which keys a section may have is what its notebook's parameters
cell has, so `notebooks` checks them there; `parameters` says which of a notebook's values count.
"""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from mwwkit.run.errors import WrongInput

SECTIONS = ("all", "acquire", "featurize", "train", "mine", "export")
Preset = dict[str, dict[str, Any]]


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
    path = Path(name).expanduser()
    if path.suffix not in {".yaml", ".yml"}:
        if name not in names():
            listed = f"there are {', '.join(names())}, or a .yaml file of your own"
            raise PresetError(f"no preset {name!r}{_close(name, names())}; {listed}")
        path = Path(__file__).parent / f"{name}.yaml"
    preset = read_yaml(path) or {}
    if not isinstance(preset, dict):
        raise PresetError(f"{path} holds a {type(preset).__name__}; wanted sections")
    for section, values in preset.items():
        if section not in SECTIONS:
            raise PresetError(f"{path}: no section {section!r}{suggest(str(section), SECTIONS)}")
        if not isinstance(values, dict | None):
            raise PresetError(f"{path}: section {section} holds {values!r}; wanted name: value")
    return {section: _expanded(values or {}, path) for section, values in preset.items()}


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; PresetError, in one line, where it cannot be read."""
    try:
        return _EachKeyOnce(path.read_text(encoding="utf-8")).get_single_data()
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


class _EachKeyOnce(yaml.SafeLoader):
    """YAML's safe loader, which would take the last of two equal keys and say nothing."""

    def construct_mapping(self, node, deep=False):
        """A table. Raises ConstructorError for a key that it has twice."""
        mapping = super().construct_mapping(node, deep)
        keys = [key.value for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            message = f"the key {twice[0]!r} stands there twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return mapping


def _expanded(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {name: _expanded(v, path) for name, v in value.items()}
    if isinstance(value, list):
        return [_expanded(v, path) for v in value]
    return (
        re.sub(r"\$\{(\w+)\}", lambda m: _variable(m[1], path), value)
        if (isinstance(value, str))
        else value
    )


def _variable(name: str, path: Path) -> str:
    if name not in os.environ:
        raise PresetError(f"{path} wants the environment variable {name}, which is not set")
    return os.environ[name]
