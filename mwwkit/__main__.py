"""The command line: `python -m mwwkit COMMAND`, thin over the notebooks, the stages and the model.

What is asked for goes to stdout, everything else to stderr. Exit codes:

    0  done, or good
    1  a stage failed, or what was looked at is bad
    2  the command was refused, and nothing was done: a name, a value, an option, another word or
       setting than the run was begun with, a run that another process writes
    3  a stage stopped at a deadline or a budget, to be continued
  130  interrupted, by Ctrl-C; to be continued
"""

import argparse
import sys
from collections.abc import Sequence

from mwwkit import __version__
from mwwkit.cli import (
    advise,
    check,
    kaggle,
    list_parameters,
    measure,
    rehearse,
    report,
    run,
    score,
    sweep,
    tune,
    verify,
)
from mwwkit.cli import voices_command as voices
from mwwkit.cli.command import BAD, INTERRUPTED, OK, STOPPED, USAGE, Command, carry_out

COMMANDS = (run.RUN, run.DEMO, tune.TUNE, check.CHECK, score.SCORE, report.REPORT, verify.VERIFY)
COMMANDS += (
    rehearse.REHEARSE,
    measure.SHIFT,
    measure.ABLATE,
    measure.FOLDS,
    sweep.SWEEP,
    kaggle.KAGGLE,
    voices.VOICES,
    advise.ADVISE,
    list_parameters.PARAMETERS,
)

__all__ = ["BAD", "INTERRUPTED", "OK", "STOPPED", "USAGE", "export", "main", "train"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    command = _chosen(words[:1])
    return carry_out(command, words[1:])


def train() -> int:
    """`mww-train`: `mwwkit run --stages 03`, with the same options."""
    return main(["run", "--stages", "03", *sys.argv[1:]])


def export() -> int:
    """`mww-export`: `mwwkit run --stages 05`, with the same options."""
    return main(["run", "--stages", "05", *sys.argv[1:]])


def _chosen(words: Sequence[str]) -> Command:
    """The command that the first word names; exits after help or for an unknown name."""
    parser = argparse.ArgumentParser("mwwkit", description="Wake words for ESPHome, end to end.")
    parser.add_argument("--version", action="version", version=f"mwwkit {__version__}")
    listed = parser.add_subparsers(required=True, metavar="COMMAND", dest="name")
    for command in COMMANDS:
        listed.add_parser(command.name, help=command.what, add_help=False)
    name = parser.parse_args(words).name
    return next(command for command in COMMANDS if command.name == name)


if __name__ == "__main__":
    sys.exit(main())
