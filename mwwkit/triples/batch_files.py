"""Phase 6 of the data engine: write the batch files, resuming wherever a session stopped.

    reason = make_batches(work, mixing, pools, embeddings, speech_is_whole=True)

A batch is recorded with the segments it used, `first` to `stop`; what comes next begins at the
last `stop`. Items are made by several processes and arrive in order.
"""

import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import replacing, sha256
from mwwkit.run.parallel import each
from mwwkit.run.progress_bars import progress
from mwwkit.run.session import full_disk_stops
from mwwkit.triples import examples
from mwwkit.triples.examples import Item, OpenBatch, Room, Spectra, Triple, batch_bytes
from mwwkit.triples.ledger import Segments, Work, file_of, gaps, of_kind, proof, segment, unit
from mwwkit.triples.phases import STAGE

TASK = 4  # triples that a process makes before it hands them over


@dataclass(frozen=True)
class Mixing:
    """What shapes the triples, beside their dry speech and rooms."""

    seed: int
    per_file: int
    n_effects: tuple[int, int]
    wet: tuple[float, float]
    compressed: bool


@dataclass(frozen=True)
class Job:
    """One triple to make: what is drawn, and where its sound is."""

    item: Item
    folder: Path
    row: int
    dry_id: str
    bad: Room
    target: Room


def make_batches(
    work: Work,
    mixing: Mixing,
    pools: dict[str, dict[str, Room]],
    embeddings: dict[str, np.ndarray],
    *,
    speech_is_whole: bool,
) -> str:
    """Write the batches that are left; "" when all segments are used, else why it stopped.

    A last batch that is not full is written only when `speech_is_whole`: no more segments come.
    Raises CannotGoOn for a whole batch file that is in the way and is another one.
    """
    segments, checkpoint = Segments(work), work.checkpoint
    finished = checkpoint.done.get("triples", {}).get("segments") == len(segments)
    if finished and speech_is_whole:
        return ""
    maker = _Maker(work, mixing, pools, embeddings, segments)
    for number, first, stop in _stretches(work, len(segments)):
        is_tail = number > max(of_kind(checkpoint.done, "batch"), default=-1)
        maker.stretch(number, first, stop, last_may_be_short=speech_is_whole or not is_tail)
        if maker.reason:
            return maker.reason
    if not speech_is_whole:
        return "all segments so far are used or wait for a full batch, and speech is left"
    checkpoint.finish("triples", segments=len(segments), rejected=dict(maker.rejected))
    return ""


def skipped(work: Work) -> str:
    """The file that proves nothing is left to make; "" if something is."""
    done = of_kind(work.checkpoint.done, "batch")
    facts = work.checkpoint.done.get("triples")
    if not facts or facts["segments"] != len(Segments(work)) or gaps(work, "batch"):
        return ""
    if not done:
        return "checkpoint.json: every triple was rejected"
    return str(proof(work.run, "batch", max(done), done[max(done)]))


def _stretches(work: Work, n_segments: int) -> Iterator[tuple[int, int, int]]:
    """(batch number, first segment, stop) of each stretch to make: lost batches, then the rest."""
    done = of_kind(work.checkpoint.done, "batch")
    missing = gaps(work, "batch")
    for number in missing:
        if number - 1 not in missing:
            after = next(n for n in done if n > number)
            yield number, done[number - 1]["stop"] if number else 0, done[after]["first"]
    last = max(done, default=-1)
    cursor = done[last]["stop"] if done else 0
    if cursor < n_segments:
        yield last + 1, cursor, n_segments


class _Maker:
    """Makes stretches of batches; `reason` says why it stopped, if it did."""

    def __init__(self, work, mixing, pools, embeddings, segments):
        self.work, self.mixing, self.pools = work, mixing, pools
        self.embeddings, self.segments = embeddings, segments
        self.ids = {pool: sorted(rooms) for pool, rooms in pools.items()}
        self.open = OpenBatch(mixing.per_file)
        self.reason = ""
        self.rejected: Counter = Counter()

    def stretch(self, number: int, first: int, stop: int, *, last_may_be_short: bool) -> None:
        """Segments `first` to `stop`, in batches from `number` on."""
        self.open.clear()
        self.rejected.clear()
        self.number, self.first, self.stop = number, first, stop
        self._begin()
        bar = progress(total=stop - first, unit="triple", desc="01 triples")
        while first < stop and not self.reason:
            # As many batches as workers are begun at once: no more than that can be lost.
            most = self.work.workers * self.mixing.per_file - len(self.open)
            tasks = self._tasks(first, min(stop, first + most))
            first += most
            for results in each(_make, tasks, self.work.workers):
                for job, triple, why in results if not self.reason else ():
                    bar.update()
                    self._take(job, triple, why)
                    if self.reason:
                        break
        bar.close()
        if len(self.open) and last_may_be_short and not self.reason:
            self._write(stop)

    def _begin(self) -> None:
        n = min(self.mixing.per_file, self.stop - self.first)
        self.reason = self.work.session.stop(batch_bytes(n))

    def _tasks(self, first: int, stop: int) -> Iterator[list[Job]]:
        for start in range(first, stop, TASK):
            self.reason = self.reason or self.work.session.stop()
            if self.reason:
                return
            yield [self._job(index) for index in range(start, min(stop, start + TASK))]

    def _job(self, index: int) -> Job:
        of = self.mixing
        args = (self.ids["bad"], self.ids["target"], of.n_effects, of.wet)
        item = examples.draw(of.seed, index, *args)
        rooms = self.pools["bad"][item.bad_ir], self.pools["target"][item.target_ir]
        return Job(item, *self.segments.place(index), *rooms)

    def _take(self, job: Job, triple: Triple | None, why: str) -> None:
        if triple is None:
            self.rejected[why] += 1
            return
        self.open.add(triple, job.item, job.dry_id)
        if len(self.open) == self.mixing.per_file:
            self._write(job.item.index + 1)
            if self.first < self.stop:
                self._begin()

    def _write(self, stop: int) -> None:
        path = self.work.run / file_of("batch", self.number)
        forced = "batch" in self.work.checkpoint.forced
        with full_disk_stops(STAGE):
            with suppress(_LiesInAnEarlierRun), replacing(path) as part:
                self.open.write(part, self.embeddings, compressed=self.mixing.compressed)
                facts = {"sha256": sha256(part), "bytes": part.stat().st_size}
                if not forced:
                    _refuse_another(path, facts["sha256"])
                    self._refuse_twin(path, facts["sha256"])
                self.work.session.budget.spent(facts["bytes"])
            counts = {"triples": len(self.open), "rejected": dict(sorted(self.rejected.items()))}
            name = unit("batch", self.number)
            self.work.checkpoint.finish(name, first=self.first, stop=stop, **counts, **facts)
        self.number, self.first = self.number + 1, stop
        self.open.clear()
        self.rejected.clear()

    def _refuse_twin(self, path: Path, digest: str) -> None:
        """Raise where a killed session left the very file in an earlier run, but not its record."""
        others = [p for p in self.work.run.all(file_of("batch", self.number)) if p != path]
        if any(sha256(other) == digest for other in others):
            raise _LiesInAnEarlierRun


class _LiesInAnEarlierRun(Exception):
    """Signals that an earlier run already has this batch file, so it is only recorded."""


def _refuse_another(path: Path, digest: str) -> None:
    """Raise CannotGoOn where `path` is a whole batch other than the one about to be written."""
    if not path.exists() or sha256(path) == digest:
        return
    try:
        with zipfile.ZipFile(path) as file:
            whole = file.testzip() is None
    except zipfile.BadZipFile:
        whole = False
    if whole:
        raise CannotGoOn(
            f"{path} is a whole batch, but not the one to be written there, and no checkpoint "
            "knows it; move it away, or use another RUN_DIR"
        )
    warnings.warn(f"{path} is damaged; it is made again", stacklevel=4)


_SPECTRA = Spectra()  # of this process


def _make(task: list[Job]) -> list[tuple[Job, Triple | None, str]]:
    results = []
    for job in task:
        dry = segment(job.folder, job.row)
        triple, why = examples.make(dry, job.bad, job.target, job.item, _SPECTRA)
        results.append((job, triple, why))
    return results
