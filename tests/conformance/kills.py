"""The chain killed ten times at random moments, then compared with one that was not.

    python tests/conformance/kills.py FOLDER [--seed 1]

Every stage is killed once in the middle of its work, and once at a moment drawn from most of its
time. By turns the kill hits the chain's process group, whose kernel then goes on alone until it
sees that, or every process at once, as when a machine goes down. Half of the next runs begin
without waiting for what was left over. Exits with 1 unless every stage was hit, the files are
the same bytes, no finished unit was made again, and no process outlived its kill by two seconds.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from whole_runs import (
    FOLDERS,
    alive,
    contents,
    differences,
    half_made,
    kill,
    recorded,
    seconds_until_gone,
    start,
    whole,
    written_at,
)

from mwwkit.cli.chain import NOTEBOOKS
from mwwkit.run.seeds import rng

ORPHANS_LIMIT_S = 2.0


@dataclass(frozen=True)
class Moment:
    """When to kill: after a share of a stage's time from its begin, or from its first file."""

    stage: str
    share: float
    from_first_file: bool

    def __str__(self) -> str:
        begin = "its first file" if self.from_first_file else "its begin"
        return f"{self.share:.0%} after {begin}"


@dataclass(frozen=True)
class Kill:
    """What one kill did."""

    moment: Moment
    hit: str  # the stage that was under way
    everything: bool  # all processes, or the chain's group only
    n_finished: int  # units recorded
    n_lost: int  # units begun and not recorded, at most
    n_left_over: int  # processes
    gone_s: float | None  # None: not waited for

    def __str__(self) -> str:
        how = "all processes" if self.everything else "its group"
        gone = "not waited for" if self.gone_s is None else f"{self.gone_s:.1f} s"
        cells = (self.hit, self.moment, how, self.n_finished, self.n_lost, self.n_left_over, gone)
        return f"| {' | '.join(map(str, cells))} |"


HEAD = (
    "| stage | moment | killed | units finished | units lost | processes left | gone after |\n"
    "|---|---|---|---|---|---|---|"
)


def moments(seed: int) -> list[Moment]:
    """Two in every stage, in the order of the stages; 05 writes its files in one go at its end."""
    drawn = []
    for stage in FOLDERS:
        draw = rng(seed, "moments", stage)
        drawn.append(Moment(stage, float(draw.uniform(0.05, 0.4)), stage != "05"))
        drawn.append(Moment(stage, float(draw.uniform(0.05, 0.7)), False))
    return drawn


def under_way(run: Path, since: float) -> str:
    """The newest stage that has begun since; "" while none has."""
    logs = {stage: run / "logs" / f"{name}.log" for stage, name in NOTEBOOKS.items()}
    return max(
        (s for s, p in logs.items() if p.exists() and p.stat().st_mtime >= since), default=""
    )


def listing(run: Path, stage: str) -> set[str]:
    """What there is in a stage's folders."""
    return {str(p) for folder in FOLDERS[stage] for p in (run / folder).glob("**/*")}


def wait_for(moment: Moment, run: Path, process: Popen, seconds: float) -> str:
    """Wait for the moment, or for the stage's end; the stage that is under way then."""
    since, before = time.time() - 0.01, listing(run, moment.stage)
    while process.poll() is None and under_way(run, since) < moment.stage:
        time.sleep(0.02)

    def goes_on() -> bool:
        return process.poll() is None and under_way(run, since) == moment.stage

    while moment.from_first_file and goes_on() and listing(run, moment.stage) == before:
        time.sleep(0.03)
    end = time.monotonic() + moment.share * seconds
    while goes_on() and time.monotonic() < end:
        time.sleep(0.01)
    return under_way(run, since)


def n_lost(run: Path, hit: str, finished: dict[str, set[str]]) -> int:
    """Units begun and not recorded: half-made folders show them; training has one under way."""
    parts = [run / name for name in half_made(run) if name.split("/")[0] in ("clips", "features")]
    one_at_a_time = hit in ("03", "05") or (hit == "04" and finished["mined"])
    return sum(path.is_dir() for path in parts) + bool(one_at_a_time)


def killed_run(run: Path, log: Path, seed: int, seconds: dict[str, float]) -> list[Kill]:
    """Kill the chain at each moment, then let it end; what each kill did."""
    kills: list[Kill] = []
    stamps: dict[str, int] = {}
    for number, moment in enumerate(moments(seed)):
        process = start(run, log)
        hit = wait_for(moment, run, process, seconds[moment.stage])
        if process.poll() is not None:
            sys.exit(f"the chain ended before {moment}, with {process.returncode}")
        everything = number % 2 == 1
        started = kill(process, everything=everything)
        n_left_over = len(alive(started))
        # A kernel that is left over must not disturb the run that begins beside it.
        gone_s = seconds_until_gone(started) if everything or number % 4 == 0 else None
        finished = recorded(run)
        n_finished = sum(map(len, finished.values()))
        lost = n_lost(run, hit, finished)
        kills.append(Kill(moment, hit, everything, n_finished, lost, n_left_over, gone_s))
        print(kills[-1], flush=True)
        stamps = unchanged(stamps, run)
    ended(start(run, log), log)
    unchanged(stamps, run)
    return kills


def unchanged(stamps: dict[str, int], run: Path) -> dict[str, int]:
    """Stop the script if what was finished earlier was made again; the stamps of what is now."""
    now = written_at(run, recorded(run))
    if again := [path for path in stamps if now.get(path) != stamps[path]]:
        sys.exit(f"{len(again)} files of finished units were made again: {again[:5]}")
    return now


def ended(process: Popen, log: Path) -> None:
    """Wait for the chain's end; stop the script if it failed."""
    if process.wait():
        sys.exit(f"the chain failed ({process.returncode}):\n{log.read_text()[-2000:]}")


def main() -> None:
    """Run, kill, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for two runs; a whole one there is kept")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    folder = given.folder.absolute()
    seconds = whole(folder)
    print("Without a kill: " + ", ".join(f"{s} {t:.0f} s" for s, t in seconds.items()))
    print(HEAD, flush=True)
    run = folder / f"killed-{given.seed}"
    kills = killed_run(run, run.with_suffix(".log"), given.seed, seconds)

    one, other = contents(folder / "whole"), contents(run)
    differ, hit = differences(one, other), {kill.hit for kill in kills}
    shown = "".join(f"\n  {name}" for name in differ)
    print(f"\n{len(kills)} kills, in the stages {', '.join(sorted(hit))}.")
    print(f"{len(one)} files, {len(differ)} of them not the same bytes.{shown}")
    late = [kill for kill in kills if (kill.gone_s or 0) > ORPHANS_LIMIT_S]
    sys.exit(bool(differ or late or hit != set(FOLDERS)))


if __name__ == "__main__":
    main()
