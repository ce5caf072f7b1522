"""Whole runs of the chain as processes of their own, to be killed, cut up and compared."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from mwwkit.cli.chain import NOTEBOOKS, OUR_OWN  # noqa: E402
from mwwkit.run.comparison import digests as contents  # noqa: E402, F401
from mwwkit.run.files import PART  # noqa: E402

# What each stage writes: one checkpoint a folder.
FOLDERS = {
    "01": ("clips",),
    "02": ("features",),
    "03": ("training",),
    "04": ("mined", "tuned"),
    "05": ("export",),
}
# fast_test, with enough work in every stage to be cut off in the middle of it.
PARAMETERS = {
    "TTS_NEGATIVE": 400,
    "TTS_AMBIENT_MINUTES": 6,
    "SCENES": 900,
    "STEPS": 1500,
    "EVALUATE_EVERY": 500,
    "FINE_TUNE_STEPS": 750,
    "KEEP_ABOVE": 0.05,  # so that a model as poor as this one has something to mine
}


def command(run: Path, previous: tuple[Path, ...] = ()) -> list[str]:
    """The chain over `run`, as a person would type it."""
    given = [f"{name}={value}" for name, value in PARAMETERS.items()]
    earlier = ["--previous", *map(str, previous)] if previous else []
    call = [sys.executable, "-m", "mwwkit", "run", "--preset", "fast_test"]
    return [*call, "--run-dir", str(run), *earlier, "-p", *given]


def start(run: Path, log: Path, previous: tuple[Path, ...] = ()) -> subprocess.Popen:
    """The chain over `run`, in a process group of its own; what it says is added to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a") as out:
        return subprocess.Popen(
            command(run, previous),
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=log.parent,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def whole(folder: Path) -> dict[str, float]:
    """Make FOLDER/whole, a run that nothing disturbs, unless it is there; seconds of each stage."""
    run, log, known = folder / "whole", folder / "whole.log", folder / "whole.seconds.json"
    if not known.exists():
        process = start(run, log)
        if process.wait():
            sys.exit(f"the chain failed ({process.returncode}):\n{log.read_text()[-2000:]}")
        names = "|".join(NOTEBOOKS.values())
        told = re.findall(rf"^({names}): (\d+) s, ", log.read_text(), re.MULTILINE)
        known.write_text(json.dumps({name[:2]: float(seconds) for name, seconds in told}))
    return json.loads(known.read_text())


def family(pid: int) -> list[int]:
    """A process's children, and theirs, and so on."""
    of: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        of.setdefault(int(facts[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = of.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie does not."""
    running = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        running += [pid] if state != "Z" else []
    return running


def kill(process: subprocess.Popen, *, everything: bool) -> list[int]:
    """SIGKILL to the process's group, or to all that it started; returns what it had started.

    A kernel is in a group of its own, so that killing the chain's group leaves it to itself.
    """
    started = family(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    if everything:
        kill_each(started)
    process.wait()
    return started


def kill_each(pids: list[int]) -> None:
    """SIGKILL to those of `pids` that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def seconds_until_gone(pids: list[int], limit_s: float = 20.0) -> float:
    """How long `pids` go on; inf when they outlive the limit."""
    began = time.monotonic()
    while alive(pids):
        if time.monotonic() - began > limit_s:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - began


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names of files that are not in both, or not the same."""
    return sorted(name for name in one | other if one.get(name) != other.get(name))


def recorded(run: Path) -> dict[str, set[str]]:
    """The finished units of every folder."""
    units = {}
    for folders in FOLDERS.values():
        for folder in folders:
            path = run / folder / "checkpoint.json"
            if not path.exists():  # killed between the two generations
                path = path.with_name("checkpoint.previous.json")
            units[folder] = set(json.loads(path.read_text())["done"]) if path.exists() else set()
    return units


def half_made(run: Path) -> list[str]:
    """What was being written, or was written and not recorded, when a run was killed."""
    names = [p for p in run.rglob(f"{PART}*") if p.relative_to(run).parts[0] not in OUR_OWN]
    return sorted(str(path.relative_to(run)) for path in names)


def written_at(run: Path, units: dict[str, set[str]]) -> dict[str, int]:
    """When the files of finished units were written, nanoseconds: unchanged if not made again."""
    stamps = {}
    for folder in ("clips", "features"):
        for unit in units[folder]:
            for path in (run / folder / unit).rglob("*"):
                stamps[str(path)] = path.stat().st_mtime_ns
    for path in (run / "training", run / "tuned"):
        for weights in path.glob("averaged-*.npz") if path.is_dir() else ():
            if weights.stem.removeprefix("averaged-") in units[path.name]:
                stamps[str(weights)] = weights.stat().st_mtime_ns
    return stamps
