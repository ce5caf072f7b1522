"""What the data engine has finished, in this run and earlier ones, and the files that prove it.

    work = open_work(run, settings, session, workers)
    work.checkpoint.finish("batch/00000", first=0, stop=512, ...)    # checkpoint.json of the run
    figures(work.checkpoint.done)          # {"batch_id": 1, "triples_completed": 500, ...}

Units: `irs`, `embeddings`, `sterile/00000` ... and `sterile` once all speech is done,
`batch/00000` ... and `triples` once all segments are used.
"""

import warnings
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit.run.checkpoint import SEAL, Checkpoint
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.paths import Run
from mwwkit.run.session import Session
from mwwkit.triples import impulse_responses, sterilising

BATCHES, STERILE = "batches", "sterilized_batches"
PHASES = {  # what is made again with each: everything that is made from it
    "irs": ["irs", "embeddings", "batch", "triples"],
    "embeddings": ["embeddings", "batch", "triples"],
    "sterile": ["sterile", "batch", "triples"],
    "triples": ["batch", "triples"],
}


@dataclass
class Work:
    """What every phase of one session needs."""

    run: Run
    checkpoint: Checkpoint
    session: Session
    workers: int
    said: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Print a line for people, and keep it for the report."""
        self.said.append(line)
        print(line, flush=True)


def open_work(
    run: Run,
    settings: dict,
    session: Session,
    workers: int,
    *,
    record: bool = True,
    of: Any = None,
) -> Work:
    """Find what earlier sessions finished. Raises CheckpointError for what cannot be continued.

    A unit of this run whose file is missing or cut off is named and made again; one of an earlier
    run is made again here. Without `record` nothing is written. `of`: see `Checkpoint.resume`.
    """
    checkpoint = Checkpoint.resume(run, ".", settings, of=of)
    before = max((f.get("run_number", 0) for f in checkpoint.figures_before), default=0)
    run_number = checkpoint.figures.get("run_number", before + 1)
    checkpoint.count = partial(figures, run_number=run_number)
    checkpoint.figures = checkpoint.count(checkpoint.done)
    work = Work(run, checkpoint, session, workers)
    _disprove(work, record)
    return work


def begin(work: Work) -> None:
    """Record that this run is there, so that it counts in a chain if it is killed at once."""
    if not work.checkpoint.path.exists():
        work.checkpoint.forget([])


def figures(done: dict[str, dict], run_number: int = 1) -> dict[str, int]:
    """The counters that people are shown, of this run and the earlier ones."""
    batches = of_kind(done, "batch")
    chunks = of_kind(done, "sterile")
    return {
        "run_number": run_number,
        "batch_id": max(batches, default=-1) + 1,
        "triples_completed": sum(facts["triples"] for facts in batches.values()),
        "vocal_cursor": sum(facts["files"] for facts in chunks.values()),
        "segment_cursor": max((facts["stop"] for facts in batches.values()), default=0),
    }


def of_kind(done: dict[str, dict], kind: str) -> dict[int, dict]:
    """The numbered units of a kind, in order: number -> facts."""
    facts_of = {int(u.partition("/")[2]): f for u, f in done.items() if u.startswith(f"{kind}/")}
    return dict(sorted(facts_of.items()))


def unit(kind: str, number: int) -> str:
    """The name of a numbered unit; sorted names are in order."""
    return f"{kind}/{number:05d}"


def file_of(kind: str, number: int) -> str:
    """Where a unit's bytes are, in the run that made it."""
    if kind == "batch":
        return f"{BATCHES}/batch_{number:04d}.npz"
    return f"{STERILE}/chunk_{number:05d}/{sterilising.SEGMENTS}"


def proof(run: Run, kind: str, number: int, facts: dict) -> Path | None:
    """The file of a unit with the size it was written with, None where there is none."""
    for path in run.all(file_of(kind, number)):
        if path.stat().st_size == facts["bytes"]:
            return path
    return None


def _disprove(work: Work, record: bool) -> None:
    checkpoint, run = work.checkpoint, work.run
    for kind in ("sterile", "batch"):
        for number, facts in of_kind(checkpoint.done, kind).items():
            if proof(run, kind, number, facts):
                continue
            paths = run.all(file_of(kind, number))
            path = paths[0] if paths else run / file_of(kind, number)
            what = "is missing"
            if paths:
                what = f"has {path.stat().st_size:,} bytes, not {facts['bytes']:,}"
            warnings.warn(f"{path} {what}; it is made again", stacklevel=4)
            unproven = [unit(kind, number), kind_complete(kind)]
            for name in unproven:
                checkpoint.before.pop(name, None)
            if record and checkpoint.own.keys() & {*unproven}:
                checkpoint.forget(unproven)


def gaps(work: Work, kind: str) -> list[int]:
    """Numbers of missing units of a kind below the highest finished one.

    Raises CannotGoOn where they are in an earlier run that is not given.
    """
    numbers = of_kind(work.checkpoint.done, kind)
    missing = [n for n in range(max(numbers, default=-1) + 1) if n not in numbers]
    run_number = work.checkpoint.figures["run_number"]
    if missing and len(work.run.earlier) < run_number - 1:
        raise CannotGoOn(
            f"{file_of(kind, missing[0])} and {len(missing) - 1} more are in an earlier run that "
            f"is not attached: this is run {run_number}, PREVIOUS names {len(work.run.earlier)}"
        )
    return missing


def force(work: Work, phases: tuple[str, ...]) -> None:
    """Forget what is to be made again, once: not when that has been begun and is unfinished."""
    checkpoint, run = work.checkpoint, work.run
    files_of = {"irs": [impulse_responses.CATALOGUE], "embeddings": ["clap_cache.npz"]}
    for phase in phases:
        begun = {*checkpoint.forced, *checkpoint.forced_before}
        if set(PHASES[phase]) <= begun and not checkpoint.is_complete:
            work.say(f"FORCE {phase}: begun before, going on with it")
            continue
        checkpoint.force(PHASES[phase])
        seals = (run / STERILE).glob(f"*/{SEAL}") if phase == "sterile" else ()
        for path in [*seals, *(run / name for name in files_of.get(phase, []))]:
            path.unlink(missing_ok=True)
        work.say(f"FORCE {phase}: made again, with all that is made from it")


def kind_complete(kind: str) -> str:
    """Name of the unit that marks all units of a kind as done."""
    return "triples" if kind == "batch" else kind


class Segments:
    """All sterilised segments there are, in order, wherever they lie; rows are read when used."""

    def __init__(self, work: Work):
        """Those of the chunks done without a gap from the first."""
        self.folders: list[Path] = []
        self.stops: list[int] = []  # of each chunk: the number of segments up to its end
        for number, (key, facts) in enumerate(of_kind(work.checkpoint.done, "sterile").items()):
            path = proof(work.run, "sterile", key, facts)
            if key != number or path is None:
                break
            self.folders.append(path.parent)
            self.stops.append(len(self) + facts["segments"])

    def __len__(self) -> int:
        """The number of segments."""
        return self.stops[-1] if self.stops else 0

    def place(self, index: int) -> tuple[Path, int, str]:
        """The chunk's folder, the row in it and the dry id of segment `index`."""
        chunk = bisect_right(self.stops, index)
        row = index - (self.stops[chunk - 1] if chunk else 0)
        folder = self.folders[chunk]
        return folder, row, _names(folder)[row]


@lru_cache(maxsize=2)
def _names(folder: Path) -> list[str]:
    return sterilising.read_names(folder)


def segment(folder: Path, row: int) -> np.ndarray:
    """int16 [240000]."""
    return sterilising.read_segment(folder, row)
