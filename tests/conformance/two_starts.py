"""Two starts in one folder, twenty times, the second at a random delay after the first.

    python tests/conformance/two_starts.py FOLDER [--times 20] [--seed 1]

Both are `mwwkit run` over 01 as a person types it. Exactly one of them works; the other is refused
with exit code 2 and one line that says who writes since when. Whichever it is, the folder then
holds the bytes of a run that had no second. Exits with 1 unless that is so each time.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from series import recordings
from whole_runs import ROOT

from mwwkit.run.comparison import digests
from mwwkit.run.lock import FILES
from mwwkit.run.seeds import rng

GIVEN = ["WORD=wake", "NOISE_MINUTES=0.1", "ROOMS=2", "TTS_POSITIVE=0", "TTS_NEGATIVE=0"]
GIVEN += ["TTS_HARD_NEGATIVE=0", "TTS_AMBIENT_MINUTES=0", "WORKERS=1"]
TOLD = re.compile(r"is being written by process (\d+) on \S+ since 20\d\d-")
HEAD = (
    "| time | delay, s | exit codes | the other was told of | files that differ |\n"
    "|---|---|---|---|---|"
)


def start(run: Path, words: Path) -> subprocess.Popen:
    """01 over `run`."""
    call = [sys.executable, "-m", "mwwkit", "run", "--preset", "fast_test", "--stages", "01"]
    call += ["--run-dir", str(run), "-p", *GIVEN, f"RECORDINGS={words}"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(call, env=env, stderr=subprocess.PIPE, text=True)


def twice(run: Path, words: Path, delay_s: float, whole: dict[str, str]) -> tuple[str, bool, float]:
    """A row, whether all is as it ought to be, and how long both took."""
    began = time.monotonic()
    one = start(run, words)
    time.sleep(delay_s)
    other = start(run, words)
    said = [process.communicate()[1] for process in (one, other)]
    took_s = time.monotonic() - began
    codes = (one.returncode, other.returncode)
    told = [TOLD.search(text) for text, code in zip(said, codes, strict=True) if code]
    pids = [int(found.group(1)) if found else 0 for found in told]
    winner = one.pid if one.returncode == 0 else other.pid
    now = digests(run)
    differ = sorted(name for name in whole | now if whole.get(name) != now.get(name))
    left = [name for name in FILES if (run / name).exists()]
    good = sorted(codes) == [0, 2] and pids == [winner] and not differ and not left
    named = "the first" if pids == [one.pid] else "the second" if pids == [other.pid] else "nobody"
    return f"{delay_s:.2f} | {codes[0]}, {codes[1]} | {named} | {len(differ)} |", good, took_s


def main() -> None:
    """Run, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for the runs; an empty one")
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    folder = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    words = recordings(folder)
    began = time.monotonic()
    process = start(folder / "whole", words)
    said = process.communicate()[1]
    if process.returncode:
        sys.exit(f"the run without a second failed ({process.returncode}):\n{said}")
    length_s, whole, wrong = time.monotonic() - began, digests(folder / "whole"), 0
    print(f"Without a second: {length_s:.1f} s, {len(whole)} files.\n{HEAD}", flush=True)
    for number in range(given.times):
        delay_s = float(rng(given.seed, "delay", number).uniform(0, 0.5 * length_s))
        row, good, took_s = twice(folder / f"run-{number:02d}", words, delay_s, whole)
        length_s = min(length_s, took_s)  # where others' load ends, the first must not have ended
        print(f"| {number + 1} | {row}", flush=True)
        wrong += not good
        shutil.rmtree(folder / f"run-{number:02d}") if good else None
    print(f"\n{given.times} times two starts, {wrong} not as promised.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
