"""Options that several commands have, and what their values may be."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.cli.given_folders import counted_from
from mwwkit.run.paths import Run, given_path

Parser = argparse.ArgumentParser


def add_run(parser: Parser, metavar: str = "DIR", what: str = "") -> None:
    """A run that is there already, and the earlier runs that it goes on from."""
    parser.add_argument("run_dir", metavar=metavar, help=what or "the run's folder")
    add_previous(parser)


def add_new_run(parser: Parser, preset: str, run_dir: str) -> None:
    """A run to make or to continue, and the parameters of its notebooks."""
    add_parameters(parser, preset)
    where = f"the run's folder, new or to go on in (default {run_dir})"
    parser.add_argument("--run-dir", default=run_dir, metavar="DIR", help=where)
    add_previous(parser)


def add_parameters(parser: Parser, preset: str) -> None:
    """A preset, and parameters by name that win over it."""
    choices = f"how much is made and trained: {', '.join(presets.names())}, or a .yaml file"
    choices += f" (default {preset})"
    parser.add_argument("--preset", default=preset, help=choices)
    add_parameter(
        parser,
        "parameters of the notebooks, as WORD='hey kitchen' RECORDINGS=folder; each goes to "
        "every chosen notebook that has it; `mwwkit parameters` lists them",
    )


def add_parameter(parser: Parser, what: str) -> None:
    """Parameters by name."""
    parser.add_argument(
        "-p",
        dest="parameter",
        type=parameter,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help=what,
    )


def add_previous(parser: Parser) -> None:
    """Earlier runs."""
    parser.add_argument(
        "--previous",
        nargs="+",
        action="extend",
        default=[],
        metavar="DIR",
        help="earlier runs, oldest first; they are only read",
    )


def add_stages(parser: Parser) -> None:
    """Some of the five stages."""
    parser.add_argument(
        "--stages", type=stages, default="01-05", help="as 03, 01-03 or 01,05 (default all)"
    )


def add_json(parser: Parser, what: str = "one JSON object") -> None:
    """JSON instead of lines for people."""
    parser.add_argument("--json", action="store_true", help=what)


def parameters_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Names and texts given with `-p`; PresetError for a name with two values."""
    given: dict[str, str] = {}
    for name, text in arguments.parameter:
        if given.setdefault(name, text) != text:
            raise presets.PresetError(
                f"{name} is given twice, as {given[name]!r} and as {text!r}; give it once: one "
                "run makes one model, and `mwwkit sweep` makes several"
            )
    return given


def run_of(arguments: argparse.Namespace) -> Run:
    """The run that is named, there or not; PresetError for a place that cannot be one."""
    try:
        return Run.of(arguments.run_dir, arguments.previous)
    except (ValueError, OSError) as error:
        raise presets.PresetError(f"{error}{counted_from(arguments.previous)}") from error


def made_run_of(arguments: argparse.Namespace) -> Run:
    """The run that is named; PresetError where there is no folder."""
    run = run_of(arguments)
    if not run.folder.is_dir():
        from_where = counted_from([arguments.run_dir])
        raise presets.PresetError(f"{run.folder} is no folder; give the run's folder{from_where}")
    return run


def stages(text: str) -> list[str]:
    """The stages of "01-05", "03" or "01,02"."""
    try:
        return chain.stages(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def path(text: str) -> Path:
    """A path, with a home in the place of `~`: a shell puts none there in `--option=~/name`."""
    try:
        return given_path(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def count(text: str) -> int:
    """A whole number from 1."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r}; wanted 1 or more")
    return int(text)


def amount(text: str) -> float:
    """A finite number from 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}; wanted a number, 0 or more")
    return number


def parameter(text: str) -> tuple[str, str]:
    """The name and the value of NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(
            f"{text!r}; wanted NAME=VALUE, in quotes where it has spaces"
        )
    return name, value


def refuse_missing_audio(places: Iterable[Path]) -> None:
    """PresetError for a place of sound that is not there: a mistyped path."""
    from mwwkit.corpus.missing_places import close_by

    for place in places:
        if not os.path.lexists(place):
            raise presets.PresetError(
                f"{place.absolute()} is not there{close_by(place.absolute())}; check the path"
            )


def refuse_missing_model(model: Path) -> None:
    """PresetError where a model's manifest is not there: a mistyped path."""
    from mwwkit.corpus.missing_places import close_by

    if not model.is_file():
        path, is_there = model.absolute(), os.path.lexists(model)
        why = "is a folder" if model.is_dir() else "is no file" if is_there else "is not there"
        near = "" if is_there else close_by(path)
        raise presets.PresetError(
            f"the model {path} {why}{near}; wanted its .json, as 05 writes it into export/"
        )
    if model.suffix == ".tflite":
        beside = model.absolute().with_suffix(".json")
        raise presets.PresetError(f"{model.absolute()} is the net alone; give {beside}")
