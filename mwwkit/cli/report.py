"""`mwwkit report`: the report of a finished run, made again."""

import argparse

from mwwkit.cli import options
from mwwkit.cli.command import OK, Command


def _report(arguments: argparse.Namespace) -> int:
    from mwwkit.report import writing

    for what, made in writing.remake(options.made_run_of(arguments)):
        print(f"{what}: {made}")
    return OK


REPORT = Command("report", "make the report of a finished run again", options.add_run, _report)
