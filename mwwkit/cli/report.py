"""`mwwkit report`: the report of a finished run, made again."""

import argparse

from mwwkit.cli import options
from mwwkit.cli.command import OK, Command


def _report(arguments: argparse.Namespace) -> int:
    from mwwkit.report import writing

    for what, digest in writing.remake(options.made_run_of(arguments)):
        print(f"{what}: {digest}")
    return OK


REPORT = Command("report", "make the report of a finished run again", options.add_run, _report)
