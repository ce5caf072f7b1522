"""Real trainings for every cell of the verdict's truth table, and their recorded metrics.

    MWWKIT_REAL_AUDIO=... python tests/conformance/verdicts.py FOLDER [--only people mixed-few]

A cell is what a model is like (deaf, shy, trigger-happy, untested, good), whose words it learns and
is tested on (people's, machines', both), and how much long sound there is in each of the validation
and the test split (few: minutes of speech and noise; many: ten hours, most of them made up). What a
model is like comes of how it is trained: `verdict_runs.RECIPES`. What 05 measured of it goes to
tests/fixtures/verdicts/CELL.json, without what no verdict reads (`tests/recorded_verdicts.py`).

Beside them `judged.csv` has the plain facts of each cell, and what a person called a model of which
these are the facts; no script writes it. This one prints the facts of what it recorded, and exits
with 1 where they are not those that were judged: then somebody has to look again. A second call
goes on where the first was stopped.
"""

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import recorded_verdicts as table  # noqa: E402
from recorded_verdicts import Cell, Facts, LongSound, Recorded  # noqa: E402
from verdict_runs import HELD_OUT, is_made_up, made, material  # noqa: E402

from mwwkit import __version__  # noqa: E402
from mwwkit.corpus.clips import Kind, Split  # noqa: E402
from mwwkit.evaluation.exported import Exported, Shipped  # noqa: E402
from mwwkit.report import origins  # noqa: E402
from mwwkit.run.checkpoint import finished  # noqa: E402
from mwwkit.run.files import read_json  # noqa: E402
from mwwkit.run.paths import Run  # noqa: E402
from mwwkit.scenes import provenance  # noqa: E402
from mwwkit.scenes.shards import FeatureSet  # noqa: E402
from mwwkit.stages import export, train  # noqa: E402

COMMAND = "MWWKIT_REAL_AUDIO=... python tests/conformance/verdicts.py FOLDER"


def record(cell: Cell, run: Run) -> Facts:
    """Write what 05 measured to the cell's file; the plain facts of it."""
    exported = Exported(run)
    shipped = Shipped(run / export.FOLDER, exported.record, exported.record.made_of)
    recorded = Recorded(
        about=table.ABOUT,
        command=COMMAND,
        version=version(),
        settings=origins.settings(run, shipped),
        long_sound=tuple(_long_sound(split, run) for split in HELD_OUT),
        data=origins.data(run),
        history=finished(run, train.FOLDER),
        metrics=table.stripped(exported.metrics),
    )
    table.write(cell, recorded)
    return table.facts(read_json(exported.path(exported.record.metrics)))


def _long_sound(split: Split, run: Run) -> LongSound:
    """What the long sound of a split is, in hours."""
    features, about = FeatureSet.open(run, f"{split.value}-ambient"), provenance.records(run)
    hours = Counter()
    for scene in features.scenes:
        for item in scene["items"]:
            row = about.of(item["piece"]["path"])
            seconds = item["piece"]["to_s"] - item["piece"]["from_s"]
            hours[row.kind, is_made_up(row)] += seconds / 3600
    return LongSound(
        split.value,
        speech_of_people=hours[Kind.AMBIENT, False],
        recorded_noise=hours[Kind.NOISE, False],
        made_up_talk=hours[Kind.AMBIENT, True],
        made_up_noise=hours[Kind.NOISE, True],
    )


def version() -> str:
    """Of mwwkit, and the commit of the tree that this is."""
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    return f"{__version__}, {commit}" if commit else __version__


def main() -> None:
    """Make, record, compare with what was judged, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path, help="for the runs: 6 GB; a second call goes on")
    options.add_argument("--only", nargs="*", default=[], help="cells whose names begin so")
    arguments = options.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    gathered = material(folder)
    known = table.judged() if table.JUDGED.exists() else {}
    print(",".join(("cell", *table.COLUMNS)))
    unknown = []
    for cell in table.CELLS:
        if arguments.only and not cell.name.startswith(tuple(arguments.only)):
            continue
        found = table.as_text(record(cell, made(cell, folder, gathered)))
        print(",".join((cell.name, *found.values())), flush=True)
        if cell.name not in known or known[cell.name].facts != found:
            unknown.append(cell.name)
    print(f"\n{len(unknown)} cells are not as they were judged: {' '.join(unknown)}")
    sys.exit(bool(unknown))


if __name__ == "__main__":
    main()
