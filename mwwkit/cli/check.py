"""`mwwkit check`: whether what the stages left in a run is whole."""

import argparse
import importlib
from typing import Any

from mwwkit.cli import chain, options
from mwwkit.cli.command import BAD, OK, Command
from mwwkit.run.errors import MwwkitError


def _options(parser: argparse.ArgumentParser) -> None:
    options.add_run(parser)
    options.add_stages(parser)


def _check(arguments: argparse.Namespace) -> int:
    run, n_bad = options.made_run_of(arguments), 0
    for stage in arguments.stages:
        module = importlib.import_module(f"mwwkit.stages.{chain.SECTIONS[stage]}")
        try:
            verdict = f"good{_brief(module.check(run))}"
        except (MwwkitError, OSError) as error:
            verdict, n_bad = f"BAD: {error}", n_bad + 1
        print(f"{chain.NOTEBOOKS[stage]}: {verdict}", flush=True)
    return BAD if n_bad else OK


def _brief(facts: dict[str, Any]) -> str:
    """The numbers and texts among a stage's facts, numbers first."""
    short = {n: f"{v:.4g}" for n, v in facts.items() if isinstance(v, int | float)}
    short |= {n: v for n, v in facts.items() if isinstance(v, str)}
    return "".join(f", {name} {value}" for name, value in short.items())


CHECK = Command("check", "whether what the stages left in a run is whole", _options, _check)
