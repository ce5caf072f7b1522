"""Commands that measure: `mwwkit shift`, `mwwkit ablate`, `mwwkit folds`.

`mwwkit.__main__` adds them; nothing heavy is imported before one of them is called.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from mwwkit import presets
from mwwkit.run.paths import Run

Parser = argparse.ArgumentParser
OK, BAD = 0, 1


def add(
    command: Callable[..., Parser],
    chain_options: Callable[..., None],
    previous: Callable[[Parser], None],
) -> None:
    """Add the three: `command(name, function, help)` makes a parser, the others add options."""
    shift = command("shift", _shift, "how a finished model stands noise, rooms, gains and codecs")
    shift.add_argument("run_dir", metavar="DIR", help="where 05 is finished; it is only read")
    previous(shift)
    shift.add_argument("--clips", type=int, default=300, metavar="N", help="most of a kind (300)")
    shift.add_argument("--workers", type=int, default=0, metavar="N", help="0: one a core")
    shift.add_argument("--tta", action="store_true", help="scores averaged over moments and gains")
    shift.add_argument("--json", action="store_true", help="one JSON list")

    ablate = command("ablate", _ablate, "the same run with parts left out; again to continue")
    chain_options(ablate, preset="standard", run_dir="run/ablation")
    told = "parts to leave out, one a run: no_rir, no_background, no_specaugment, ..."
    flags = ["no_rir", "no_background", "no_specaugment"]
    ablate.add_argument("--flags", nargs="+", default=flags, metavar="FLAG", help=told)
    ablate.add_argument("--seeds", nargs="+", type=int, default=[], help="of training, a run each")
    ablate.add_argument("--json", action="store_true", help="one JSON list")

    folds = command("folds", _folds, "tables of splits for k runs, nobody on two sides")
    folds.add_argument("run_dir", metavar="DIR", help="where 01 is finished; it is only read")
    previous(folds)
    folds.add_argument("--k", type=int, default=5, help="runs, each with its own test (5)")
    folds.add_argument("--to", type=Path, default=Path("folds"), metavar="DIR", help="(folds)")
    folds.add_argument("--seed", type=int, default=42)


def _here(arguments: argparse.Namespace) -> Run:
    try:
        here = Run.of(arguments.run_dir, arguments.previous)
    except (ValueError, OSError) as error:
        raise presets.PresetError(str(error)) from error
    if not here.folder.is_dir():
        raise presets.PresetError(f"{here.folder} is no folder; give the run's folder")
    return here


def _shift(arguments: argparse.Namespace) -> int:
    from mwwkit.evaluation import domain_shift
    from mwwkit.run.session import Limits

    if arguments.clips < 1:
        raise presets.PresetError(f"--clips is {arguments.clips}; wanted 1 or more")
    workers = Limits(workers=arguments.workers).n_workers
    rows = domain_shift.measure(_here(arguments), workers, arguments.clips, arguments.tta)
    print(
        json.dumps(rows, indent=1, ensure_ascii=False)
        if arguments.json
        else domain_shift.table(rows)
    )
    return OK


def _ablate(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import ablation
    from mwwkit.run.files import write_json

    if len(arguments.previous) > 1:
        raise presets.PresetError(
            f"--previous is {', '.join(arguments.previous)}; wanted one finished run of 01"
        )
    folder = Path(arguments.run_dir)
    study = ablation.Ablation(
        folder,
        presets.load(arguments.preset),
        tuple(arguments.flags),
        dict(arguments.parameter),
        tuple(arguments.seeds),
        *arguments.previous,
    )
    rows = []
    for row in study.rows(show=True):
        rows.append(row)
        print(f"{row['flag']}: {row.get('failed', 'done')}", file=sys.stderr, flush=True)
        write_json(folder / "ablation.json", rows)
    as_json = json.dumps(rows, indent=1, ensure_ascii=False)
    print(as_json if arguments.json else ablation.table(rows))
    return BAD if any("failed" in row for row in rows) else OK


def _folds(arguments: argparse.Namespace) -> int:
    from mwwkit.corpus.clips import load_clips
    from mwwkit.corpus.folds import write_folds

    here = _here(arguments)
    written = write_folds(
        load_clips(here).records, arguments.k, arguments.seed, arguments.to.absolute()
    )
    for number, (path, tested) in enumerate(written, start=1):
        told = ", ".join(f"{count} {what}" for what, count in tested.items())
        print(f"fold {number} tests {told}")
        print(f"  mwwkit run --run-dir run/fold-{number} -p GIVEN_SPLITS={shlex.quote(str(path))}")
    return OK
