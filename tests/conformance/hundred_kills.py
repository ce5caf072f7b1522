"""A hundred SIGKILLs over the series of five stages, then compared with runs that had none.

    python tests/conformance/hundred_kills.py FOLDER [--series 10] [--seed 1]

Each series is a folder of its own and ten kills, two aimed at every stage: one soon after its
begin, one at a moment drawn from all of its time. By turns a kill hits all processes or the
session's own alone, whose workers then see it by themselves; the next session begins at once, with
one worker or two, in the same folder or, in every second series, in a new one that reads all those
before. Exits with 1 unless every series ends with the bytes of the run without a kill.

Sessions are forked from a process that has TensorFlow loaded, over small_run's sounds; whole
notebooks are killed by kills.py and by `mwwkit rehearse`.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from series import STAGES, recordings, session
from whole_runs import alive, family, kill_each

sys.path.insert(0, str(Path(__file__).parents[1]))

from forking import finish, start  # noqa: E402

from mwwkit.run.comparison import differences, digests  # noqa: E402
from mwwkit.run.files import read_json, write_json  # noqa: E402
from mwwkit.run.seeds import rng  # noqa: E402

LIMIT_S = 3600


@dataclass
class Series:
    """What the kills of one series did."""

    hit: Counter  # stages
    n_alone: int  # kills of the session's own process
    n_left: int  # processes that these left over
    runs: list[Path]
    said: list[str]  # what is not as it ought to be

    def row(self, number: int, seconds: float) -> str:
        """Its line of the table."""
        hit = ", ".join(str(self.hit[stage]) for stage in STAGES)
        how = f"{len(self.runs)} folders" if len(self.runs) > 1 else "one folder"
        verdict = "; ".join(self.said) or "the same"
        cells = (number, hit, self.n_alone, self.n_left, how, verdict, f"{seconds:.0f}")
        return f"| {' | '.join(map(str, cells))} |"


HEAD = (
    "| series | kills in 01, 02, 03, 04, 05 | of the session alone | workers left over | gone on in"
    " | bytes | s |\n|---|---|---|---|---|---|---|"
)


def whole(folder: Path, words: Path) -> dict[str, float]:
    """FOLDER/whole, unless it is there, and the seconds of each stage in it."""
    known = folder / "whole.json"
    if not known.exists():
        shutil.rmtree(folder / "whole", ignore_errors=True)
        said, began = folder / "whole.said", {}
        process = start(session, folder / "whole", words, said)
        while process.is_alive():
            stage = said.read_text() if said.exists() else ""
            began.setdefault(stage, time.monotonic())
            time.sleep(0.01)
        finish(process)
        ends = [*(began[s] for s in STAGES if s in began), time.monotonic()]
        spent = {s: ends[i + 1] - ends[i] for i, s in enumerate(STAGES)}
        write_json(known, {s: round(t, 2) for s, t in spent.items()})
    return read_json(known)


def moment(process, said: Path, stage: str, seconds: float) -> str:
    """Wait until `seconds` into a stage, or until it is over; the stage under way then."""

    def now() -> str:
        return (said.read_text() if said.exists() else "") or "00"

    limit = time.monotonic() + LIMIT_S
    while process.is_alive() and now() < stage and time.monotonic() < limit:
        time.sleep(0.01)
    end = time.monotonic() + seconds
    while process.is_alive() and now() == stage and time.monotonic() < end:
        time.sleep(0.01)
    return now()


def killed_series(
    folder: Path, words: Path, number: int, seed: int, seconds: dict[str, float]
) -> Series:
    """Ten kills, then a session to the end."""
    chained, found = number % 2 == 1, Series(Counter(), 0, 0, [], [])
    place, said = folder / f"series-{number:02d}", folder / f"series-{number:02d}.said"
    shutil.rmtree(place, ignore_errors=True)
    for n, stage in enumerate(s for s in STAGES for _ in range(2)):
        draw = rng(seed, "kill", number, n)
        share = float(draw.uniform(0.0, 0.25 if n % 2 == 0 else 0.95))
        found.runs = sorted(place.glob("run-*")) if chained else []
        run = place / (f"run-{len(found.runs):03d}" if chained else "run-000")
        said.unlink(missing_ok=True)
        process = start(session, run, words, said, tuple(found.runs), 1 + (n + number) % 2)
        hit = moment(process, said, stage, share * seconds[stage])
        if not process.is_alive():
            found.said.append(f"kill {n} came too late")
            break
        children, alone = family(process.pid), n % 3 == 0
        os.kill(process.pid, signal.SIGKILL)
        if not alone:
            kill_each(children)
        found.hit[hit] += 1
        found.n_alone += alone
        found.n_left += len(alive(children)) if alone else 0
        process.join()
    found.runs = sorted(place.glob("run-*")) if chained else []
    run = place / (f"run-{len(found.runs):03d}" if chained else "run-000")
    finish(start(session, run, words, said, tuple(found.runs)), LIMIT_S)
    found.runs = sorted(place.glob("run-*"))
    found.said += differences(folder / "whole", found.runs)[:3]
    return found


def main() -> None:
    """Run, kill, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for the runs; a whole one there is kept")
    options.add_argument("--series", type=int, default=10)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    folder = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    words = folder / "recordings"
    if not words.exists():
        recordings(folder)
    seconds = whole(folder, words)
    print("Without a kill: " + ", ".join(f"{s} {t:.1f} s" for s, t in seconds.items()))
    print(HEAD, flush=True)
    hit, wrong = Counter(), 0
    for number in range(given.series):
        began = time.monotonic()
        found = killed_series(folder, words, number, given.seed, seconds)
        print(found.row(number, time.monotonic() - began), flush=True)
        hit, wrong = hit + found.hit, wrong + bool(found.said)
        shutil.rmtree(folder / f"series-{number:02d}") if not found.said else None
    n_files = len(digests(folder / "whole"))
    by_stage = ", ".join(f"{s}: {hit[s]}" for s in STAGES)
    print(f"\n{hit.total()} kills ({by_stage}); {wrong} of {given.series} series differ.")
    print(f"{n_files} files are compared in each.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
