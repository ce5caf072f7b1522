"""`mwwkit sweep`: many wake words from one table."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mwwkit.cli import options
from mwwkit.cli.command import Command, say, show
from mwwkit.run.paths import Run, given_path

if TYPE_CHECKING:
    from mwwkit.cli.sweeping import Sweep


def _options(parser: argparse.ArgumentParser) -> None:
    table = {"type": options.path, "metavar": "WORDS.csv"}
    parser.add_argument("table", **table, help="word, seed, preset, and any parameter: a run a row")
    options.add_parameters(parser, "standard")
    options.add_stages(parser)
    where = "of the rows' runs and the summary (default: run-WORDS, beside the plain run)"
    parser.add_argument("--run-dir", default="", metavar="DIR", help=where)
    parser.add_argument("--jobs", type=options.count, default=1, metavar="N", help="at once (1)")
    options.add_json(parser, "one JSON list")


def _sweep(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import sweeping, words_table

    given = tuple(options.parameters_of(arguments).items())
    common = words_table.Common(tuple(arguments.stages), arguments.preset, given)
    folder = given_path(arguments.run_dir or folder_of(arguments.table.stem)).absolute()
    rows = words_table.read(arguments.table, folder, common)
    sweep = sweeping.Sweep(folder, rows, common)
    if left := sweep.left():
        words_table.refuse_nonsense(arguments.table, left)
    say(f"{len(rows) - len(left)} of {len(rows)} rows are done; logs are in {folder / 'logs'}")
    return _ended(sweep, arguments)


def folder_of(name: str) -> Path:
    """Where a table's runs are: beside the plain run, whose disk budget they are no part of.

    A sweep that an older version began inside of it goes on there.
    """
    plain = Run.of().folder
    older = plain / name
    return older if (older / "rows").is_dir() else Path(f"{plain}-{name}")


def _ended(sweep: "Sweep", arguments: argparse.Namespace) -> int:
    """Run what is left, telling each end, and show the summary, interrupted or not."""
    from mwwkit.cli import sweep_summary, sweeping

    try:
        for outcome in sweep.outcomes(arguments.jobs):
            ended = outcome.attempts
            why = f" ({ended.told})" if ended.told else ""
            say(f"{outcome.row}: {ended.state} after {ended.seconds:.0f} s{why}")
            sweep_summary.write(sweep)  # now, since the next minute may be the last
    except KeyboardInterrupt:
        sweep_summary.write(sweep)
        raise
    made = sweep_summary.write(sweep)
    show(arguments, [vars(line) for line in made], sweep_summary.markdown(made))
    say(f"summary: {' and '.join(str(sweep.folder / name) for name in sweep_summary.NAMES)}")
    return sweeping.exit_code([sweep.outcome(row) for row in sweep.rows])


SWEEP = Command("sweep", "many wake words from one table; again to go on", _options, _sweep)
