"""A command: its name, its options and its work; and how the words after its name are read.

    CHECK = Command("check", "whether what the stages left in a run is whole", options, check)
    exit_code = CHECK.work(read(CHECK, ["run/mine", "--stages", "03"]))

Nothing heavy is imported before a command does its work, so that help comes at once.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from mwwkit.presets import PresetError
from mwwkit.presets.notebooks import SECTIONS
from mwwkit.presets.pristine import told_of_edits
from mwwkit.run.errors import MwwkitError
from mwwkit.run.lock import Occupied
from mwwkit.run.session import StoppedEarly

OK, BAD, USAGE, STOPPED = 0, 1, 2, 3  # exit codes; `mwwkit.__main__` says what they mean
OPTIONS = {"RUN_DIR": "--run-dir", "PREVIOUS": "--previous"}  # of what notebooks call so
INTERRUPTED = 130  # what shells use for Ctrl-C


@dataclass(frozen=True)
class Command:
    """One command of `mwwkit`."""

    name: str
    what: str  # in a line
    add_options: Callable[[argparse.ArgumentParser], None]
    work: Callable[[argparse.Namespace], int]  # returns the exit code


def carry_out(command: Command, words: Sequence[str]) -> int:
    """Do a command with the words after its name; returns the exit code, errors told in a line."""
    arguments = read(command, words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported, if it is
    try:
        _say_what_was_edited(arguments)
        code = command.work(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # who read what was printed has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BAD
    except KeyboardInterrupt:
        say("interrupted; finished units are kept: run it again to go on")
        return INTERRUPTED
    except StoppedEarly as stop:
        say(str(stop))
        return STOPPED
    except (PresetError, Occupied) as error:
        say(f"mwwkit: {with_options(str(error))}")
        return USAGE
    except (MwwkitError, OSError) as error:
        say(f"mwwkit: {with_options(str(error))}")
        return BAD


def with_options(message: str) -> str:
    """A message that may be a notebook's own, with the options beside the parameters it names."""
    for name, option in OPTIONS.items():
        if option not in message:
            message = re.sub(rf"\b{name}\b", f"{name} ({option})", message, count=1)
    return message


def _say_what_was_edited(arguments: argparse.Namespace) -> None:
    """Say what stands in the notebooks and does not count, for a command that takes parameters."""
    if "parameter" in arguments:
        said = {name for name, _ in arguments.parameter} | (
            {"PRESET"} if getattr(arguments, "preset", "") else set()
        )
        for line in told_of_edits(getattr(arguments, "stages", list(SECTIONS)), said):
            say(line)


def read(command: Command, words: Sequence[str]) -> argparse.Namespace:
    """Parse the words after a command's name; help, and words that make no sense, exit.

    Options stand before, between and after the command's arguments. A list (`--previous A B`) ends
    at the next option; where the command would lack an argument, the list's last word is that.
    After `--` all words are arguments.
    """
    parser = _Parser(prog=f"mwwkit {command.name}", description=command.what)
    command.add_options(parser)
    words = _without_dashes(words)
    try:
        return parser.parse_intermixed_args(words)
    except _Unreadable as error:
        for reading in _lists_shortened(words):
            with suppress(_Unreadable):
                return parser.parse_intermixed_args(reading)
        parser.end(str(error))


class _Unreadable(Exception):
    """What argparse says of words that it cannot read."""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would end the program, so that another reading can be tried."""

    def error(self, message: str) -> NoReturn:
        raise _Unreadable(message)

    def end(self, message: str) -> NoReturn:
        super().error(message)


def _without_dashes(words: Sequence[str]) -> list[str]:
    """The words without `--`; those after it that begin with a dash become paths, `./-name`."""
    before = words.index("--") if "--" in words else len(words)
    paths = (f"./{word}" if word.startswith("-") else word for word in words[before + 1 :])
    return [*words[:before], *paths]


def _lists_shortened(words: Sequence[str]) -> Iterator[list[str]]:
    """Other readings of the words: the last of an option's list taken as an argument instead."""
    for at in range(2, len(words)):
        ends = at + 1 == len(words) or words[at + 1].startswith("-")
        goes_on = not any(word.startswith("-") for word in words[at - 1 : at + 1])
        if ends and goes_on and "=" not in words[at]:  # NAME=VALUE is -p's
            yield [words[at], *words[:at], *words[at + 1 :]]


def say(line: str) -> None:
    """Tell a person: stderr, since stdout is for what was asked for."""
    print(line, file=sys.stderr, flush=True)


def show(arguments: argparse.Namespace, facts: Any, text: object) -> None:
    """Print what was asked for: `facts` as JSON where `--json` is given, else `text`."""
    print(json.dumps(facts, indent=1, ensure_ascii=False) if arguments.json else text)
