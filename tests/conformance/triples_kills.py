"""The data engine killed thirty times and gone on with, in one folder or as a chain of runs."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from triples_disks import mount_read_only, read_only
from triples_sessions import SPANS, UNIT, WORK, Sitting, sit
from whole_runs import alive, family, kill_each

from mwwkit.run.files import read_json, sha256
from mwwkit.triples import impulse_responses
from mwwkit.triples.audio_files import listed, shuffled

PHASES = {2: "rooms", 3: "embeddings", 4: "speech", 5: "messy input", 6: "batch files"}
PER_PHASE = 6  # kills that are meant for each; fewer where it ends before
AT_LEAST = 3  # that must have hit each
KILLS = 30
REACH = {2: 12, 3: 8, 4: 24, 5: 7, 6: 10}  # the kill is at the 1st to so manieth thing begun there
ORPHANS_LIMIT_S = 2.0


@dataclass(frozen=True)
class Moment:
    """In the middle of the `nth` thing that is begun in a phase: after `share` of its time."""

    phase: int
    nth: int
    share: float

    def has_come(self, counts: Counter) -> bool:
        """A phase that was finished earlier is not waited for."""
        return counts[self.phase] >= self.nth or any(counts[p] for p in PHASES if p > self.phase)


@dataclass
class Kill:
    """What one kill did."""

    phase: int  # the session's own process was inside; 0 for none
    doing: Counter  # what its processes were in the middle of
    begun: set[tuple[int, int]]  # units (phase, number) that it had begun since it started
    everything: bool  # all processes, or the session's own alone
    gone_s: float | None  # how long its workers went on; None: not waited for


@dataclass
class Killed:
    """A chain of sessions, all killed but the last."""

    workers: int
    chained: bool
    kills: list[Kill] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)  # where they can be read
    report: dict = field(default_factory=dict)
    again: list[int] = field(default_factory=list)  # per kill: units begun there and again later
    twice: int = 0  # batch files that lie in two runs, the same bytes

    def in_phase(self, phase: int) -> int:
        """How many kills hit a phase."""
        return sum(kill.phase == phase for kill in self.kills)


def seconds_of(sitting: Sitting) -> dict[str, float]:
    """How long each kind of thing took in a session that was not disturbed: the median."""
    took: dict[str, list[float]] = {}
    begun: dict[tuple, float] = {}
    for event in sitting.events:
        about = (event.pid, event.what, event.key)
        if event.begins:
            begun[about] = event.at_s
        elif about in begun:
            took.setdefault(event.what, []).append(event.at_s - begun.pop(about))
    return {what: float(np.median(seconds)) for what, seconds in took.items()}


class Units:
    """Which unit a room, an embedding, a file or a triple belongs to."""

    def __init__(self, world: Path, seed: int = 42):
        """Those of the world's files, in the order in which the engine takes them."""
        pools = {p: listed([world / p], impulse_responses.SUFFIXES) for p in ("bad", "target")}
        rooms = [f"{p}/{f.name}" for p, files in pools.items() for f in files]
        self.places = {2: {name: i for i, name in enumerate(rooms)}}
        self.places[3] = {f.name: i for i, f in enumerate(pools["target"])}
        speech = shuffled(listed([world / "dry"], impulse_responses.SUFFIXES), seed)
        self.places[4] = {f.name: i for i, f in enumerate(speech)}

    def of(self, phase: int, key: str) -> int:
        """The number of the unit that `key` is in."""
        key = key.replace("mit_irs/", "target/")  # where targets are staged
        return (int(key) if phase == 5 else self.places[phase][key]) // UNIT[phase]

    def begun(self, sitting: Sitting) -> set[tuple[int, int]]:
        """(phase, unit) of all that a session began to work on."""
        work = [e for e in sitting.events if e.begins and WORK.get(e.phase) == e.what]
        return {(e.phase, self.of(e.phase, e.key)) for e in work}


def moments(draws: np.random.Generator) -> Iterator[Moment]:
    """Six in each phase, in the order of the phases; 5 and 6 take turns, so theirs are mixed."""
    order = [p for p in (2, 3, 4) for _ in range(PER_PHASE)]
    order += [int(p) for p in draws.permutation([5, 6] * PER_PHASE)]
    for phase in order:
        yield Moment(phase, int(draws.integers(1, REACH[phase] + 1)), float(draws.uniform()))


def kill_at(moment: Moment, sitting: Sitting, seconds: dict[str, float], *, everything: bool):
    """SIGKILL at the moment; the pids that are left, or None where the session ended before it."""
    counts: Counter = Counter()
    end = None
    while end is None or time.monotonic() < end:
        for event in sitting.listen(0.2 if end is None else end - time.monotonic()):
            if event.begins and event.what not in SPANS:
                counts[event.phase] += 1
                if end is None and moment.has_come(counts):
                    end = time.monotonic() + moment.share * seconds[event.what]
        if sitting.ended():
            return None
    started = family(sitting.pid)
    if everything:  # as when the machine goes down
        os.killpg(sitting.pid, signal.SIGKILL)
        kill_each(started)
    else:
        os.kill(sitting.pid, signal.SIGKILL)
    _, status = os.waitpid(sitting.pid, 0)
    if os.WIFEXITED(status):
        sys.exit("the session ended in the moment of its kill; take another --seed")
    sitting.status = status
    return started


def silence(sitting: Sitting, pids: list[int], limit_s: float = 20.0) -> float:
    """Listen until `pids` are gone; how long that took."""
    began = time.monotonic()
    while alive(pids) and time.monotonic() < began + limit_s:
        sitting.listen(0.02)
    return time.monotonic() - began


def described(sitting: Sitting, units: Units, *, everything: bool, gone_s: float | None) -> Kill:
    """What a session that was killed had been doing."""
    while sitting.listen(0.0):
        pass
    opened: dict[tuple, int] = {}
    for event in sitting.events:
        about = (event.pid, event.what, event.key)
        opened[about] = opened.get(about, 0) + (1 if event.begins else -1)
    under_way = [about for about, n in opened.items() if n > 0]
    inside = [SPANS[w] for pid, w, _ in under_way if pid == sitting.pid and w in SPANS]
    doing = Counter(what for _, what, _ in under_way if what not in SPANS)
    return Kill(max(inside, default=0), doing, units.begun(sitting), everything, gone_s)


def killed_chain(
    world: Path, folder: Path, seconds: dict[str, float], *, workers: int, chained: bool, seed: int
) -> Killed:
    """Kill thirty sessions, then let one come to its end."""
    draws = np.random.default_rng([seed, workers, chained])
    units, found, mounted = Units(world), Killed(workers, chained), []
    run, earlier = folder / "run001", []
    with read_only(mounted):
        for number, moment in enumerate(moments(draws)):
            everything = workers == 1 or number % 3 < 2
            sitting = sit(world, run, earlier, folder / "said", workers=workers)
            left = kill_at(moment, sitting, seconds, everything=everything)
            if left is None:
                sys.exit(f"it ended after {number} kills; make REACH smaller or the world larger")
            # In one folder the next session begins beside workers that have not seen it yet.
            waits = chained or everything or number % 2 == 0
            gone_s = silence(sitting, left) if waits else None
            found.kills.append(described(sitting, units, everything=everything, gone_s=gone_s))
            if chained and any(p.is_file() for p in run.rglob("*")):
                mounted.append(mount_read_only(run, folder / "earlier" / run.name))
                earlier.append(mounted[-1])
                run = folder / f"run{len(earlier) + 1:03d}"
        last = sit(world, run, earlier, folder / "said", workers=workers)
        found.report = last.to_its_end()
        found.runs = [*earlier, run]
        begun = [kill.begun for kill in found.kills] + [units.begun(last)]
        found.again = [len(u & set().union(*begun[i + 1 :])) for i, u in enumerate(begun[:-1])]
        found.twice = judge_files(found.runs)
        found.runs = [folder / p.name for p in found.runs]
    return found


def judge_files(runs: list[Path]) -> int:
    """How many batch files lie in two runs; stops the script where they differ."""
    twice = 0
    for name, digests in hashes(runs).items():
        if len(set(digests)) > 1:
            sys.exit(f"{name} is not the same in all runs of a chain: {digests}")
        twice += len(digests) - 1
    return twice


def hashes(runs: list[Path]) -> dict[str, list[str]]:
    """The SHA-256 of every batch file, in each run that has it."""
    found: dict[str, list[str]] = {}
    for path in sorted(p for run in runs for p in run.glob("batches/batch_*.npz")):
        found.setdefault(path.name, []).append(sha256(path))
    return dict(sorted(found.items()))


def totals(run: Path) -> dict:
    """The manifest, but for what is the session's own."""
    return {n: v for n, v in read_json(run / "manifest.json").items() if n != "this_run"}


def wrong(found: Killed, whole: Path) -> list[str]:
    """What does not hold, in plain words."""
    said = [
        f"{found.in_phase(p)} kills in phase {p}" for p in PHASES if found.in_phase(p) < AT_LEAST
    ]
    if len(found.kills) != KILLS:
        said.append(f"{len(found.kills)} kills")
    one, other = hashes([whole]), hashes(found.runs)
    if one != {name: digests[:1] for name, digests in other.items()}:
        said.append("other batches than without a kill")
    if totals(whole) != totals(found.runs[-1]):
        said.append("other totals than without a kill")
    if max(found.again) > found.workers:
        said.append(f"{max(found.again)} units made again after one kill")
    if any((kill.gone_s or 0) > ORPHANS_LIMIT_S for kill in found.kills):
        said.append("workers that outlive their session")
    if found.twice:
        said.append(f"{found.twice} batch files that lie in two runs")
    run_number = read_json(found.runs[-1] / "manifest.json")["this_run"]["run_number"]
    if run_number != len(found.runs):
        said.append(f"run_number {run_number} in the run {len(found.runs)} of its chain")
    return said


HEAD = (
    "| workers | gone on with | kills in phase 2, 3, 4, 5, 6, between | runs | of their own process"
    " alone | units made again after a kill, most (mean) | batches | same bytes and totals |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(found: Killed, said: list[str]) -> str:
    """One line of the table."""
    hit = ", ".join(str(found.in_phase(p)) for p in (*PHASES, 0))
    alone = sum(not kill.everything for kill in found.kills)
    again = f"{max(found.again)} ({np.mean(found.again):.2f})"
    how = "as a chain, read-only" if found.chained else "in one folder"
    files = len(hashes(found.runs))
    verdict = "yes" if not said else "; ".join(said)
    cells = (found.workers, how, hit, len(found.runs), alone, again, files, verdict)
    return f"| {' | '.join(map(str, cells))} |"
