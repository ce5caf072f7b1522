"""`mwwkit tune`: a search of 03's settings on the features of a run."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from mwwkit import presets
from mwwkit.cli import chain, options
from mwwkit.cli.command import OK, Command, say
from mwwkit.run.paths import Run


def _options(parser: argparse.ArgumentParser) -> None:
    options.add_run(parser, "RUN", "where 02 is finished; it is only read")
    options.add_parameters(parser, "standard")
    parser.set_defaults(stages=["03"])
    parser.add_argument("--trials", type=options.count, default=20, metavar="N", help="in all (20)")
    limit = "begin no trial that would end later; 0: no limit (0)"
    parser.add_argument("--hours", type=options.amount, default=0.0, metavar="H", help=limit)
    file = {"type": options.path, "help": "default RUN-tune/study.db"}
    parser.add_argument("--study", metavar="FILE", **file)
    parser.add_argument("--space", default="", metavar="FILE", help="what to vary, as YAML")
    parser.add_argument("--seed", type=int, default=42, help="of what is drawn (42)")


def _tune(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import tuning  # with TensorFlow

    run, preset = options.made_run_of(arguments), presets.load(arguments.preset)
    parameters = options.parameters_of(arguments)
    plain, base = (_parameters_of_03(preset, names, run) for names in ({}, parameters))
    space = _space(arguments.space, parameters, base)
    study = arguments.study or Path(f"{run.folder}-tune/study.db")
    search = tuning.Search(run, study, tuning.config_of(base), space, arguments.seed)
    best = None
    try:
        for trial in search.trials(arguments.trials, arguments.hours):
            say(str(trial))
            best = trial if best is None or trial.rank > best.rank else best
    finally:
        if best and best.choice:
            names = tuning.parameters(search.config(best.params), plain)
            print(f"best: {best}\n{shlex.join(['-p', *names])}")
            print(f"(of: mwwkit run --stages 03 --preset {shlex.quote(arguments.preset)} ...)")
    return OK


def _parameters_of_03(
    preset: presets.Preset, parameters: dict[str, str], run: Run
) -> dict[str, Any]:
    [job] = chain.plan(["03"], preset, parameters, run.folder)
    return chain.every_value([job])["train"]


def _space(path: str, parameters: dict[str, str], base: dict[str, Any]) -> dict[str, Any]:
    """The search space: a YAML file's, or the default without parameters given by name."""
    from mwwkit.cli import search_space

    space = search_space.load(path)
    if not path:
        space = {name: values for name, values in space.items() if name.upper() not in parameters}
    if twice := sorted(name for name in parameters if name.lower() in space):
        raise presets.PresetError(f"{twice[0]} is given and varied too; wanted one of the two")
    search_space.refuse_outside(space, base)
    return space


TUNE = Command("tune", "search 03's settings on a run's features; again to go on", _options, _tune)
