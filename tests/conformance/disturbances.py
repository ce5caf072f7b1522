"""What a disk, a clock and a copier do to the series of five stages, and how it goes on.

    python tests/conformance/disturbances.py FOLDER [--only eio]

* `eio`: in each stage a call of the disk fails with EIO (a preloaded library, tests/disturb.c);
* `clock`: the calendar's clock jumps by 400 days, forth and back, twice a second;
* `copies`: a folder is copied again and again while a session works in it; sessions go on from
  copies, in the copy itself and with the copy as an earlier run;
* `read-only`: what earlier sessions left is on read-only mounts, and the last one's own disk too.

Each ends with the bytes of a run that nothing disturbed, or the script exits with 1.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hundred_kills import whole
from series import STAGES, recordings
from whole_runs import ROOT

sys.path.insert(0, str(ROOT / "tests"))

import disturbed  # noqa: E402

from mwwkit.cli.rehearsal import read_only  # noqa: E402
from mwwkit.run.comparison import differences  # noqa: E402

SESSION = """
import sys
from pathlib import Path
from series import session
session(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), [Path(p) for p in sys.argv[4:]])
"""
EIO = {  # in each stage: the call that fails, on what, after how many that went well
    "01": ("fsync", "/clips/", 5),
    "02": ("fsync", "/features/", 20),
    "03": ("fsync", "/training/", 4),
    "04": ("write", "/tuned/", 1),
    "05": ("fsync", "/export/", 6),
}
N_COPIES = 3  # gone on from
Row = tuple[str, str, list[str]]  # what, what was said, what differs


def start(
    run: Path, words: Path, earlier: tuple[Path, ...] = (), before: tuple[str, ...] = (), **env: str
) -> subprocess.Popen:
    """A session in a process of its own."""
    call = [*before, sys.executable, "-c", SESSION, str(run), str(words), f"{run}.said"]
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests/conformance")))
    env = os.environ | {"PYTHONPATH": paths} | env
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*call, *map(str, earlier)], env=env, **pipes)


def last_line(process: subprocess.Popen) -> str:
    """The last that a session said before it failed; "" where it ended well."""
    said = process.communicate()[1].strip().splitlines()
    return said[-1] if process.returncode else ""


def eio(folder: Path, words: Path) -> Iterator[Row]:
    """A disk that fails in each stage, one after another, then no more."""
    library, run = disturbed.library(folder), folder / "eio"
    for stage, (call, place, after) in EIO.items():
        how = disturbed.under(library, CALL=call, PATH=f"{run}{place}", AFTER=after)
        said = last_line(start(run, words, **how))
        good = "the disk failed" in said and Path(f"{run}.said").read_text() == stage
        yield f"EIO at {call} in {stage}", said[-120:], [] if good else ["it was not told"]
    said = last_line(start(run, words))
    yield "then none", said, differences(folder / "whole", [run])


def clock(folder: Path, words: Path) -> Iterator[Row]:
    """A clock that jumps all the time."""
    how = disturbed.under(disturbed.library(folder), JUMP_S=400 * 86_400)
    said = last_line(start(folder / "clock", words, **how))
    yield "the clock jumps by 400 days", said, differences(folder / "whole", [folder / "clock"])


def copies(folder: Path, words: Path) -> Iterator[Row]:
    """Copies made all the time, of which some are gone on from."""
    run, made = folder / "copied", []
    process = start(run, words)
    while process.poll() is None:
        copy = folder / f"copy-{len(made):03d}"
        if run.exists():
            subprocess.run(["cp", "-r", str(run), str(copy)], capture_output=True)
            made.append(copy)
        time.sleep(0.3)
    last_line(process)
    chosen = [made[len(made) * (n + 1) // (N_COPIES + 1)] for n in range(N_COPIES)]
    for n, copy in enumerate(chosen):
        where = "in it" if n % 2 == 0 else "as an earlier run"
        later = (copy, ()) if n % 2 == 0 else (folder / f"after-{copy.name}", (copy,))
        said = last_line(start(later[0], words, later[1]))
        differ = differences(folder / "whole", [*later[1], later[0]])
        yield f"{copy.name} of {len(made)}, gone on with {where}", said[-120:], differ
    for copy in made:
        shutil.rmtree(copy, ignore_errors=True)


def read_only_disks(folder: Path, words: Path) -> Iterator[Row]:
    """A finished run on a read-only disk, as an earlier one and as the folder itself."""
    done = folder / "whole"
    if not (before := tuple(read_only([done]))):
        yield "read-only mounts", "mounting is not allowed here", ["not tried"]
        return
    for what, run, earlier in (
        ("an earlier run", folder / "after", (done,)),
        ("the run's own folder", done, ()),
    ):
        said = last_line(start(run, words, earlier, before))
        differ = differences(folder / "whole", [*earlier, run])
        yield f"{what} on a read-only disk, finished", said[-120:], differ


WHAT: dict[str, Callable[[Path, Path], Iterator[Row]]] = {
    "eio": eio,
    "clock": clock,
    "copies": copies,
    "read-only": read_only_disks,
}


def main() -> None:
    """Disturb, go on, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for the runs; a whole one there is kept")
    options.add_argument("--only", choices=WHAT, nargs="+", default=list(WHAT))
    given = options.parse_args()
    folder, wrong = given.folder.absolute(), 0
    folder.mkdir(parents=True, exist_ok=True)
    words = folder / "recordings"
    if not words.exists():
        recordings(folder)
    whole(folder, words)
    print(f"Stages {', '.join(STAGES)}.\n| disturbance | said | bytes |\n|---|---|---|", flush=True)
    for name in given.only:
        for what, said, differ in WHAT[name](folder, words):
            verdict = "; ".join(differ[:3]) or ("as told" if said else "the same")
            print(f"| {what} | {said} | {verdict} |", flush=True)
            wrong += bool(differ)
    print(f"\n{wrong} not as promised.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
