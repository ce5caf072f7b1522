"""`mwwkit parameters`: what `-p` sets, with the defaults and a line each."""

import argparse
from textwrap import indent

from mwwkit.cli import options
from mwwkit.cli.command import OK, Command
from mwwkit.presets.notebooks import NOTEBOOKS, cells_as_they_came, notebook


def _parameters(arguments: argparse.Namespace) -> int:
    for stage in arguments.stages:
        cells = "\n\n".join(cells_as_they_came(notebook(stage)))
        print(f"{NOTEBOOKS[stage]}\n\n{indent(cells, '    ')}\n")
    return OK


PARAMETERS = Command(
    "parameters", "what -p sets: names, defaults, a line each", options.add_stages, _parameters
)
