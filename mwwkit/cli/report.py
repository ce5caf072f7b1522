"""`mwwkit report`: the report of a finished run, made again."""

import argparse

from mwwkit.cli import options
from mwwkit.cli.command import OK, Command
from mwwkit.run.lock import sole_writer


def _report(arguments: argparse.Namespace) -> int:
    from mwwkit.report import writing

    run = options.made_run_of(arguments)
    with sole_writer(run.folder):
        for what, digest in writing.remake(run):
            print(f"{what}: {digest}")
    return OK


REPORT = Command("report", "make the report of a finished run again", options.add_run, _report)
