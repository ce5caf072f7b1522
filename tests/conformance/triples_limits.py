"""The data engine at its budget, on a disk that is full, and in its notebook."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from triples_disks import mount_read_only, read_only, small_disk
from triples_kills import PHASES, hashes, totals
from triples_sessions import sit

from mwwkit.cli.chain import snapshot
from mwwkit.run.files import tree_bytes
from mwwkit.run.paths import Run

BUDGET_GB, PER_FILE, CHUNK = 0.06, 20, 10
DISK_GB = 0.1  # the budget there: the disk is smaller


@dataclass(frozen=True)
class Ended:
    """How one session of a chain ended."""

    largest: int  # bytes its folder had, at most
    batches: int  # whole ones, in it
    report: dict


def budgeted_chain(
    world: Path, folder: Path, share: float, *, disk: Path | None = None
) -> tuple[list[Ended], list[Path]]:
    """Sessions of 60 MB each, one after another, until one finishes; the first on `disk`."""
    ended, runs, mounted = [], [], []
    with read_only(mounted):
        while not ended or not ended[-1].report["finished"]:
            on_disk = disk and not runs
            run = (disk if on_disk else folder) / f"run{len(runs) + 1:03d}"
            given = {"triples_per_file": PER_FILE, "chunk_files": CHUNK, "sterile_share": share}
            budget_gb = DISK_GB if on_disk else BUDGET_GB
            earlier = [*mounted]
            said = folder / "said"
            sitting = sit(world, run, earlier, said, workers=2, budget_gb=budget_gb, **given)
            largest = 0
            while not sitting.ended():
                sitting.listen(0.05)
                largest = max(largest, tree_bytes(run))
            report = sitting.to_its_end()
            ended.append(Ended(largest, len(hashes([run])), report))
            runs.append(run)
            if len(runs) > 9:
                sys.exit(f"{folder}: it does not come to an end")
            mounted.append(mount_read_only(run, folder / "earlier" / run.name))
        found = hashes(mounted)
    assert found.keys() == {name for name, digests in found.items() if len(digests) == 1}, found
    return ended, runs


def wrong_at_budget(ended: list[Ended], runs: list[Path], whole: Path) -> list[str]:
    """What does not hold of a chain of sessions with a budget."""
    said = [] if len(ended) > 1 else ["not stopped at all"]
    said += ["the budget was crossed"] if max(e.largest for e in ended) > BUDGET_GB * 1e9 else []
    said += [] if ended[0].batches else ["no whole batch in the first"]
    for session in ended[:-1]:
        if not {"commit", "attach", "PREVIOUS"} <= set(
            session.report["next"].replace(",", "").split()
        ):
            said.append("no instructions")
    return said + _other(runs, whole)


def _other(runs: list[Path], whole: Path) -> list[str]:
    same = {n: d[:1] for n, d in hashes(runs).items()} == hashes([whole])
    said = [] if same else ["other batches than without a stop"]
    return said + ([] if totals(runs[-1]) == totals(whole) else ["other totals"])


def filled_chain(world: Path, folder: Path) -> tuple[dict[int, str], list[Path]]:
    """A neighbour takes the disk's last byte in the middle of each phase; what was said of it.

    Each session has a disk of its own, is gone on with from a read-only copy of it, and is filled
    up in the next phase: as the 5th thing begins there.
    """
    told, runs, mounted = {}, [], []
    with read_only(mounted):
        for phase in (*PHASES, 0):
            with small_disk(folder / "disk") as disk:
                at = _neighbour(disk, phase) if phase else None
                said = folder / "said"
                sitting = sit(world, disk / "run", [*mounted], said, budget_gb=DISK_GB, at=at)
                report = sitting.to_its_end()
                told[phase] = report["status"]
                runs.append(folder / f"run{len(runs) + 1:03d}")
                shutil.copytree(disk / "run", runs[-1])
            mounted.append(mount_read_only(runs[-1], folder / "earlier" / runs[-1].name))
    return told, runs


def _neighbour(disk: Path, phase: int):
    begun = []

    def at(inside: int) -> None:
        begun.extend([inside] if inside == phase else [])
        if len(begun) == 5 and not (disk / "ballast").exists():
            with open(disk / "ballast", "wb", buffering=0) as ballast:
                for size in (1 << 20, 4096):
                    try:
                        while ballast.write(bytes(size)) == size:
                            pass
                    except OSError:
                        continue

    return at


def wrong_when_filled(told: dict[int, str], runs: list[Path], whole: Path) -> list[str]:
    """What does not hold of a chain of sessions on disks that fill up."""
    said = [f"phase {p}: {t}" for p, t in told.items() if p and "the disk is full" not in t]
    said += [] if told[0].startswith("finished") else [f"at the end: {told[0]}"]
    return said + _other(runs, whole)


@dataclass(frozen=True)
class Twice:
    """Notebook 01 run two times over one folder."""

    first: list[str]  # lines it printed on its phases
    second: list[str]
    changed: list[str]  # files that the second changed
    triples: int


def notebook_twice(run: Path, previous: list[Path], **given: object) -> Twice:
    """`python -m mwwkit run --stages 01` for triples, two times."""
    said, before = [], {}
    for _ in range(2):
        before = snapshot(Run(run)) if run.exists() else {}
        call = [sys.executable, "-m", "mwwkit", "run", "--stages", "01", "--run-dir", str(run)]
        call += ["--previous", *map(str, previous)] if previous else []
        values = {"PRODUCT": "triples"} | given
        call += [
            "-p",
            *(f"{n}={v if isinstance(v, str) else json.dumps(v)}" for n, v in values.items()),
        ]
        log = run.with_suffix(".log")
        with open(log, "a") as out:
            done = subprocess.run(call, stdout=out, stderr=out, cwd=run.parent, env=os.environ)
        if done.returncode:
            sys.exit(f"notebook 01 failed:\n{log.read_text()[-3000:]}")
        said.append(printed(run / "executed" / "01_acquire_and_augment.ipynb"))
    after = snapshot(Run(run))
    changed = [n for n in before.keys() | after.keys() if before.get(n) != after.get(n)]
    n = json.loads((run / "manifest.json").read_text())["chain"]["triples"]
    return Twice(*said, changed, n)


def printed(notebook: Path) -> list[str]:
    """What an executed notebook says of its phases, line by line."""
    cells = json.loads(notebook.read_text())["cells"]
    outputs = [out for cell in cells for out in cell.get("outputs", [])]
    text = "".join("".join(out.get("text", "")) for out in outputs if out.get("name") == "stdout")
    return [
        line for line in text.splitlines() if line.startswith(("phase ", "finished", "stopped"))
    ]


def wrong_in_notebook(twice: Twice, phases: tuple[int, ...]) -> list[str]:
    """What does not hold; `phases` are those that must be skipped the second time."""
    said = [f"changed: {sorted(twice.changed)[:5]}"] if twice.changed else []
    for phase in phases:
        lines = [line for line in twice.second if line.startswith(f"phase {phase}, ")]
        names = [w.rstrip(",") for line in lines if "skipped, " in line for w in line.split()]
        if not any(Path(name).is_file() for name in names if "/" in name):
            said.append(f"phase {phase}: no file that proves its skip in {lines}")
    for number, lines in enumerate((twice.first, twice.second), 1):
        missing = [p for p in (1, 2, 3, 4, 6) if not any(f"phase {p}, " in line for line in lines)]
        if missing or not any(line.startswith("finished") for line in lines):
            said.append(f"run {number} says nothing of {missing}, or has no end: {lines}")
    return said
