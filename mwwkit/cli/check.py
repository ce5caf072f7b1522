"""`mwwkit check`: whether what the stages left in a run is whole."""

import argparse
import importlib
from textwrap import indent

from mwwkit.cli import chain, options
from mwwkit.cli.command import BAD, OK, Command
from mwwkit.run.checkpoint import MADE_BY
from mwwkit.run.checkpoint_files import Unfinished
from mwwkit.run.errors import MwwkitError
from mwwkit.run.shown import Facts

INDENT = "    "


def _options(parser: argparse.ArgumentParser) -> None:
    options.add_run(parser)
    options.add_stages(parser)


def _check(arguments: argparse.Namespace) -> int:
    run, n_bad = options.made_run_of(arguments), 0
    for stage in arguments.stages:
        module = importlib.import_module(f"mwwkit.stages.{chain.SECTIONS[stage]}")
        try:
            verdict, found = "whole", module.check(run)
        except (MwwkitError, OSError) as error:
            begun = "begun" if isinstance(error, Unfinished) else "BAD"
            own = (name for name, by in MADE_BY.items() if by == chain.NOTEBOOKS[stage])
            verdict = begun if any(map(run.all, own)) else "not begun"
            found, n_bad = Facts({}, str(error)), n_bad + 1
        print(f"{chain.NOTEBOOKS[stage]}: {verdict}")
        print(indent(f"{found!r}", INDENT), end="\n\n", flush=True)  # as its notebook shows it
    return BAD if n_bad else OK


CHECK = Command("check", "whether what the stages left in a run is whole", _options, _check)
