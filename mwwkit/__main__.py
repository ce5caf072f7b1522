"""The command line: `python -m mwwkit COMMAND`, thin over the notebooks, the stages and the model.

What is asked for goes to stdout, everything else to stderr. Exit codes:

    0  done, or good
    1  a stage failed, or what was looked at is bad
    2  the command was wrong: a name, a value, an option
    3  a stage stopped at a deadline or a budget, to be continued
"""

import argparse
import importlib
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mwwkit import __version__, presets
from mwwkit.cli import chain, measuring
from mwwkit.run.paths import Run
from mwwkit.run.session import StoppedEarly

OK, BAD, USAGE, STOPPED = 0, 1, 2, 3
INTERRUPTED = 130  # what shells use for Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported, if it is
    try:
        return arguments.command(arguments)
    except KeyboardInterrupt:
        _say("interrupted; finished units are kept: run it again to go on")
        return INTERRUPTED
    except StoppedEarly as stop:
        _say(str(stop))
        return STOPPED
    except presets.PresetError as error:
        _say(f"mwwkit: {error}")
        return USAGE
    except (ValueError, OSError, RuntimeError) as error:  # every error of mwwkit's own is one
        _say(f"mwwkit: {error}")
        return BAD


def train() -> int:
    """`mww-train`: `mwwkit run --stages 03`, with the same options."""
    return main(["run", "--stages", "03", *sys.argv[1:]])


def export() -> int:
    """`mww-export`: `mwwkit run --stages 05`, with the same options."""
    return main(["run", "--stages", "05", *sys.argv[1:]])


def _here(arguments: argparse.Namespace) -> Run:
    try:
        return Run.of(arguments.run_dir, arguments.previous)
    except (ValueError, OSError) as error:
        raise presets.PresetError(str(error)) from error


def _made(arguments: argparse.Namespace) -> Run:
    """A run that is there already."""
    here = _here(arguments)
    if not here.folder.is_dir():
        raise presets.PresetError(f"{here.folder} is no folder; give the run's folder")
    return here


def _run(arguments: argparse.Namespace) -> int:
    here = _here(arguments)
    given = dict(arguments.parameter)
    preset = presets.load(arguments.preset)
    jobs = chain.plan(arguments.stages, preset, given, here.folder, arguments.previous)
    before = chain.snapshot(here)
    for done in chain.execute(jobs, here, show=True):
        _say(f"{done.name}: {done.seconds:.0f} s, {done.notebook}")
    if before and chain.snapshot(here) == before:
        _say("Everything was done already: nothing was made, no file of the run changed.")
    return OK


def _demo(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import summary

    began = time.monotonic()
    code = _run(arguments)
    print(summary.demo(_here(arguments), (time.monotonic() - began) / 60))
    return code


def _tune(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import search_space, tuning  # with TensorFlow

    here, preset = _made(arguments), presets.load(arguments.preset)
    given = dict(arguments.parameter)
    plain, base = (_of_03(preset, names, here) for names in ({}, given))
    space = search_space.load(arguments.space)
    if not arguments.space:
        space = {name: values for name, values in space.items() if name.upper() not in given}
    if twice := sorted(name for name in given if name.lower() in space):
        raise presets.PresetError(f"{twice[0]} is given and varied too; wanted one of the two")
    search_space.refuse_outside(space, base)
    study = Path(arguments.study or f"{here.folder}-tune/study.db")
    search = tuning.Search(here, study, tuning.config_of(base), space, arguments.seed)
    best = None
    try:
        for trial in search.trials(arguments.trials, arguments.hours):
            _say(str(trial))
            best = trial if best is None or trial.rank > best.rank else best
    finally:
        if best and best.choice:
            names = tuning.parameters(search.config(best.params), plain)
            print(f"best: {best}\n{shlex.join(['-p', *names])}")
            print(f"(of: mwwkit run --stages 03 --preset {shlex.quote(arguments.preset)} ...)")
    return OK


def _of_03(preset: presets.Preset, given: dict[str, str], here: Run) -> dict[str, Any]:
    [job] = chain.plan(["03"], preset, given, here.folder)
    return chain.parameters("03") | job.given


def _check(arguments: argparse.Namespace) -> int:
    here, n_bad = _made(arguments), 0
    for stage in arguments.stages:
        module = importlib.import_module(f"mwwkit.stages.{chain.SECTIONS[stage]}")
        try:
            told = f"good{_brief(module.check(here))}"
        except (ValueError, OSError, RuntimeError) as error:
            told, n_bad = f"BAD: {error}", n_bad + 1
        print(f"{chain.NOTEBOOKS[stage]}: {told}", flush=True)
    return BAD if n_bad else OK


def _brief(facts: dict[str, Any]) -> str:
    short = {n: f"{v:.4g}" for n, v in facts.items() if isinstance(v, int | float)}
    short |= {n: v for n, v in facts.items() if isinstance(v, str)}
    return "".join(f", {name} {value}" for name, value in short.items())


def _report(arguments: argparse.Namespace) -> int:
    from mwwkit.report import writing

    for what, told in writing.remake(_made(arguments)).items():
        print(f"{what}: {told}")
    return OK


def _score(arguments: argparse.Namespace) -> int:
    from mwwkit.evaluation import scoring

    if bool(arguments.audio) == arguments.live:
        raise presets.PresetError("score wants files or folders, or --live, and not both")
    if arguments.live and arguments.lead_in is not None:
        raise presets.PresetError("--lead-in goes before files; it is not for --live")
    if not arguments.live and (arguments.microphone or arguments.seconds):
        raise presets.PresetError("--microphone and --seconds are for --live")
    if arguments.live:
        return _live(arguments)
    lead_in_s = scoring.LEAD_IN_S if arguments.lead_in is None else arguments.lead_in
    report = scoring.score(arguments.model, arguments.audio, lead_in_s, arguments.vad)
    as_json = json.dumps(report, indent=1, ensure_ascii=False) if arguments.json else ""
    print(as_json or scoring.table(report))
    return BAD if report["totals"]["not_read"] else OK


def _live(arguments: argparse.Namespace) -> int:
    from mwwkit.esphome.component import Component
    from mwwkit.evaluation import live

    component, last = Component.load(arguments.model, arguments.vad), None
    with live.microphone(arguments.microphone) as blocks:
        _say("listening; Ctrl-C ends it")
        try:
            for last in live.follow(component, blocks):
                for line in live.lines(last, arguments.json):
                    print(line, flush=True)
                if sys.stderr.isatty():
                    print(f"\r{live.meter(last, component)}", end="", file=sys.stderr, flush=True)
                if arguments.seconds and last.seconds >= arguments.seconds:
                    break
        except KeyboardInterrupt:
            pass  # that is how it is ended
    _say(f"\nlistened for {last.seconds if last else 0:.0f} s")
    return OK


def _verify(arguments: argparse.Namespace) -> int:
    from mwwkit.esphome.certificate import certify

    found = certify(arguments.model, arguments.envelope)
    as_json = json.dumps(found.as_dict(), indent=1, ensure_ascii=False) if arguments.json else ""
    print(as_json or found)
    return OK if found.ok else BAD


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("mwwkit", description="Wake words for ESPHome, end to end.")
    parser.add_argument("--version", action="version", version=f"mwwkit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = _add(commands, "run", _run, "run the notebooks, one after another; again to continue")
    _chain_options(run, preset="standard", run_dir="auto")
    run.add_argument("--stages", type=_stages, default="01-05", help="01-05, 03, or 01,02")

    demo = _add(commands, "demo", _demo, "all five on synthetic voices, and what came out")
    _chain_options(demo, preset="demo", run_dir="run/demo")
    demo.set_defaults(stages=list(chain.NOTEBOOKS))

    tune = _add(commands, "tune", _tune, "search 03's settings on a run's features; again to go on")
    tune.add_argument("run_dir", metavar="RUN", help="where 02 is finished; it is only read")
    _preset_options(tune, "standard")
    _previous(tune)
    tune.add_argument("--trials", type=_count, default=20, metavar="N", help="in all (20)")
    told = "begin no trial that would end later; 0: no limit (0)"
    tune.add_argument("--hours", type=_amount, default=0.0, metavar="H", help=told)
    tune.add_argument("--study", default="", metavar="FILE", help="default RUN-tune/study.db")
    tune.add_argument("--space", default="", metavar="FILE", help="what to vary, as YAML")
    tune.add_argument("--seed", type=int, default=42, help="of what is drawn (42)")

    check = _add(commands, "check", _check, "whether what the stages left in a run is whole")
    check.add_argument("run_dir", metavar="DIR")
    check.add_argument("--stages", type=_stages, default="01-05", help="01-05, 03, or 01,02")
    _previous(check)

    score = _add(commands, "score", _score, "hear audio as the device would: files, or live")
    score.add_argument("model", type=Path, metavar="MODEL.json")
    score.add_argument("audio", type=Path, nargs="*", metavar="AUDIO", help="files or folders")
    score.add_argument("--vad", type=Path, metavar="VAD.json", help="a detection needs its voice")
    score.add_argument("--json", action="store_true", help="one JSON object; live, one a detection")
    score.add_argument("--lead-in", type=_amount, metavar="S", help="faint noise in front (1)")
    score.add_argument("--live", action="store_true", help="listen at the microphone (extra live)")
    score.add_argument("--microphone", metavar="NAME", help="of several; a part of its name")
    score.add_argument("--seconds", type=_amount, default=0.0, metavar="S", help="of --live; 0: on")

    report = _add(commands, "report", _report, "make the report of a finished run again")
    report.add_argument("run_dir", metavar="DIR")
    _previous(report)

    verify = _add(commands, "verify", _verify, "whether the device would run a model")
    verify.add_argument("model", type=Path, metavar="MODEL.json")
    verify.add_argument("--envelope", choices=("wake_word", "vad"), default="wake_word")
    verify.add_argument("--json", action="store_true", help="one JSON object")

    measuring.add(partial(_add, commands), _chain_options, _previous)
    return parser


def _add(commands: Any, name: str, function: Any, what: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(command=function)
    return parser


def _chain_options(parser: argparse.ArgumentParser, preset: str, run_dir: str) -> None:
    _preset_options(parser, preset)
    parser.add_argument("--run-dir", default=run_dir, metavar="DIR", help=f"default {run_dir}")
    _previous(parser)


def _preset_options(parser: argparse.ArgumentParser, preset: str) -> None:
    told = f"{', '.join(presets.names())}, or a .yaml file (default {preset})"
    parser.add_argument("--preset", default=preset, help=told)
    parser.add_argument(
        "-p",
        dest="parameter",
        type=_parameter,
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="a notebook's parameter, as YAML; goes to every chosen notebook that has it",
    )


def _previous(parser: argparse.ArgumentParser) -> None:
    told = "earlier runs, oldest first; they are only read"
    parser.add_argument(
        "--previous", nargs="+", action="extend", default=[], metavar="DIR", help=told
    )


def _stages(text: str) -> list[str]:
    try:
        return chain.stages(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r}; wanted 1 or more")
    return int(text)


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}; wanted a number, 0 or more")
    return amount


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}; wanted NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
