"""`mwwkit rehearse`: will it hold on a platform that kills sessions? Tried here, with your data."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from mwwkit import presets
from mwwkit.cli import chain, options
from mwwkit.cli.command import BAD, OK, Command, say
from mwwkit.run import paths
from mwwkit.run.errors import WrongInput

NO_INPUTS = {"RUN_DIR", "PREVIOUS", "MWWKIT", "WORD"}
LEAST_S, AIM = 60.0, 6  # without --session-seconds: of a sixth of the long run, and no shorter


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="for the runs; a long run there is kept")
    options.add_parameters(parser, "fast_test")
    parser.add_argument(
        "--session-seconds",
        type=options.amount,
        default=0.0,
        metavar="S",
        help=f"until a session is killed (default: a sixth of the long run, at least {LEAST_S:g})",
    )
    parser.add_argument(
        "--disk-gb", type=options.amount, default=19.5, metavar="GB", help="of a session's folder"
    )


def _rehearse(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import rehearsal
    from mwwkit.run.comparison import differences

    folder = paths.given_path(arguments.folder).absolute()
    given = options.parameters_of(arguments)
    if (folder / "outputs").exists():
        raise WrongInput(f"{folder} has the outputs of a rehearsal; delete them or take another")
    if not arguments.disk_gb:
        raise WrongInput("--disk-gb is 0; wanted more")
    jobs = chain.plan(list(chain.NOTEBOOKS), presets.load(arguments.preset), given, folder / "long")
    n_bytes, inputs = int(arguments.disk_gb * 1e9), sorted(set(inputs_of(jobs)))
    stamps = {path: _stamps(path) for path in inputs}
    terms = rehearsal.Terms(0.0, n_bytes)
    acted = rehearsal.Rehearsal(folder, arguments.preset, given, inputs, terms, values_of(jobs))
    say(f"One long run, in {acted.long} ...")
    long_s = acted.long_run()
    seconds = arguments.session_seconds or max(LEAST_S, long_s / AIM)
    acted.terms = rehearsal.Terms(seconds, n_bytes)
    print(f"One long run took {long_s:.0f} s. {_held(folder, acted.terms, rehearsal)}\n")
    print("| session | ended | units finished | MB left | seconds |\n|---|---|---|---|---|")
    for one in acted.sessions():
        cells = (one.number, one.ended, one.n_units, f"{one.n_bytes / 1e6:.1f}")
        print(f"| {' | '.join(map(str, cells))} | {one.seconds:.0f} |", flush=True)
    said = differences(acted.long, acted.outputs)
    said += [f"{path}: an input was written" for path in inputs if _stamps(path) != stamps[path]]
    print(f"\n{len(acted.outputs)} sessions; " + _verdict(said))
    return BAD if said else OK


def values_of(jobs: list[chain.Job]) -> dict[str, dict]:
    """What each notebook is given, by stage, wherever its run is."""
    return {job.stage: {n: v for n, v in job.given.items() if n != "RUN_DIR"} for job in jobs}


def inputs_of(jobs: list[chain.Job]) -> Iterator[Path]:
    """The files and folders of the user that the parameters name and that are there."""
    if jobs[0].given.get("RECORDINGS", "auto") == "auto":
        yield from (place.absolute() for place in paths.locations("recordings"))
    for value in (v for job in jobs for n, v in job.given.items() if n not in NO_INPUTS):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text and os.path.exists(path := paths.given_path(text)):
                yield path.absolute()


def _stamps(path: Path) -> dict[str, tuple[int, int]]:
    paths = [path, *path.rglob("*")] if path.is_dir() else [path]
    states = {str(p): p.lstat() for p in paths}
    return {name: (state.st_mtime_ns, state.st_size) for name, state in states.items()}


def _held(folder: Path, terms, rehearsal) -> str:
    """How the sessions' limits are held here, in words."""
    with rehearsal.limited(folder / "working", terms.n_bytes) as (_, is_mounted):
        disk = "a disk of that size" if is_mounted else "a watcher that kills at it"
    shut = "read-only mounts" if rehearsal.own_view() else "looked at afterwards (no mounts here)"
    return (
        f"Sessions are killed after {terms.seconds:.0f} s and have {terms.n_bytes / 1e9:g} GB "
        f"({disk}); inputs and earlier outputs are {shut}."
    )


def _verdict(said: list[str]) -> str:
    if not said:
        return "they hold the same bytes as the long run."
    shown = "".join(f"\n  {line}" for line in said[:20])
    return f"{len(said)} things are not as in the long run:{shown}"


REHEARSE = Command(
    "rehearse",
    "the notebooks in sessions that are killed, on a small disk: do they end with the same bytes?",
    _options,
    _rehearse,
)
