"""A training killed at random moments and gone on with, against one that was not, array by array.

    python tests/conformance/training_kills.py FOLDER [--kills 20] [--seed 1]

A tiny net on made-up words, in units of 250 steps as in 03, one thread. Each kill is a SIGKILL to
a training of its own, which then goes on to its end. A third of them are inside a unit, at a
drawn step; a third while a file is being written; a third in the time of an evaluation. Exits with
1 unless every training ends with the same weights, averaged weights, optimiser state, history and
choice, which here means the same bytes in every file that 03 leaves.
"""

import argparse
import os
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from forking import finish, start
from small_run import FEATURES, LIMITS, featured, tree

from mwwkit.run.files import PART, read_json
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.stages import train
from mwwkit.training.snapshots import load_arrays
from mwwkit.training.trainer import Trainer

CONFIG = {"shape": "tiny", "steps": 750, "batch": 4, "evaluate_every": 250, "learning_rate": 1e-2}
UNIT_STEPS = 250
WHERE = ("inside a unit", "while writing", "around an evaluation")
HEAD = (
    "| kill | at step | units finished | file half written | taken again | files that differ |\n"
    "|---|---|---|---|---|---|"
)


def child(folder: Path, features: Path, steps: Path) -> None:
    """A session, which keeps the number of the step it has taken last in `steps`."""
    file, take = os.open(steps, os.O_RDWR | os.O_CREAT), Trainer._take

    def counted(self, *values):
        os.pwrite(file, struct.pack("<i", self.step + 1), 0)
        return take(self, *values)

    Trainer._take = counted
    train.run(train.Config(**CONFIG), Run(folder, (features,)), LIMITS)


def step_of(steps: Path) -> int:
    """The step that the session is in; 0 before its first."""
    content = steps.read_bytes() if steps.exists() else b""
    return struct.unpack("<i", content)[0] if len(content) == 4 else 0


def writing(folder: Path) -> bool:
    """Whether a file of the training is being written."""
    place = folder / "training"
    return place.exists() and any(name.startswith(PART) for name in os.listdir(place))


@dataclass(frozen=True)
class Kill:
    """What a kill met."""

    where: str
    step: int
    finished: int  # units
    half_written: bool  # whether it left a file that was being written

    @property
    def again(self) -> int:
        """Steps that the next session takes again."""
        return self.step - min(self.step, self.finished * UNIT_STEPS)


def killed(folder: Path, features: Path, number: int, seed: int) -> Kill:
    """Start a training and kill it once, at a moment of its kind."""
    draw, where = rng(seed, "kill", number), WHERE[number % len(WHERE)]
    steps = folder.with_suffix(".step")
    n_units = CONFIG["steps"] // UNIT_STEPS
    # The last evaluation may be over, and with it the training, before its kill.
    unit = int(draw.integers(n_units - (where == "around an evaluation")))
    at = unit * UNIT_STEPS + int(draw.integers(1, UNIT_STEPS))
    end = (unit + 1) * UNIT_STEPS
    process = start(child, folder, features, steps)

    def wait(until: Callable[[], bool]) -> None:
        while process.is_alive() and not until():
            time.sleep(0.0003)

    if where == "inside a unit":
        wait(lambda: step_of(steps) >= at)
    else:
        wait(lambda: step_of(steps) >= end)
        if where == "while writing":
            for _ in range(int(draw.integers(1, 4))):  # weights, snapshot, checkpoint
                wait(lambda: writing(folder))
                time.sleep(draw.uniform(0, 0.004))
        else:
            time.sleep(draw.uniform(0, 0.6))
    if not process.is_alive():
        sys.exit(f"kill {number}: the training had ended before it")
    process.kill()
    process.join()
    path = folder / "training/checkpoint.json"
    n_finished = len(read_json(path)["done"]) if path.exists() else 0
    return Kill(where, step_of(steps), n_finished, writing(folder))


def differing(one: Path, other: Path) -> list[str]:
    """Files of two trainings that are not the same bytes, or are in one only."""
    mine, its = tree(one / "training"), tree(other / "training")
    return sorted(name for name in mine | its if mine.get(name) != its.get(name))


def compared(folder: Path) -> str:
    """What the bytes that are compared hold, counted."""
    snapshot = max((folder / "training").glob("snapshot-*.npz"))
    groups = [name.split("/")[0] for name in load_arrays(snapshot)]
    counts = ", ".join(f"{groups.count(g)} {g}" for g in dict.fromkeys(groups))
    done = read_json(folder / "training/checkpoint.json")["done"]
    return (
        f"{len(tree(folder / 'training'))} files; arrays of a snapshot: {counts}; {len(done)} units"
    )


def main() -> None:
    """Train whole, kill, go on, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for the runs; an empty one")
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    folder = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    features = featured(folder / "features", FEATURES).folder
    whole = folder / "whole"
    finish(start(child, whole, features, folder / "whole.step"))
    print(compared(whole))
    print(HEAD, flush=True)
    wrong = 0
    for number in range(given.kills):
        run = folder / f"killed-{number:02d}"
        kill = killed(run, features, number, given.seed)
        finish(start(child, run, features, run.with_suffix(".step")))
        differ = differing(whole, run)
        wrong += bool(differ)
        half = "yes" if kill.half_written else ""
        cells = (kill.where, kill.step, kill.finished, half, kill.again, " ".join(differ) or 0)
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print(f"\n{given.kills} kills, {wrong} trainings that ended differently.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
