"""The whole series on a corpus, on twice and on five times as much: does it grow as it should?

    python -m benchmarks.growth [--quick] [--tts]

Each stage runs in a process of its own, with one worker. Wanted: CPU time in proportion to the
data, memory that does not grow, and a start-up (from the process's begin to the first unit's) of
3 s where no TensorFlow is needed and 8 s where it is. "Own" memory is the peak without pages of
mapped feature files, which the system takes back when it needs them (Linux). Clips, minutes of
ambient speech and of noise, and scenes grow; the steps of training do not.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, Session

TIMES = (1, 2, 5)
MOST = 1.15  # memory, and CPU seconds a clip, of the largest corpus over the smallest's
STAGES = ("acquire", "featurize", "train", "mine", "export")
WITH_TENSORFLOW = ("train", "mine", "export")
START_S, START_WITH_TENSORFLOW_S = 3.0, 8.0
SAMPLED_S = 0.02
ONE = Limits(workers=1)


@dataclass(frozen=True)
class Cost:
    """Of one stage in one process."""

    resident: int  # bytes
    own: int  # bytes of anonymous pages; 0 where the system does not tell
    cpu_s: float
    wall_s: float
    start_s: float  # wall, until its first unit begins
    written: int  # bytes that the run's folder holds more than before


def work(stage: str, folder: Path, clips: int, tts: int) -> None:
    """Run one stage; what it is given grows with `clips`."""
    here = Run.of(str(folder / "run"))
    if stage == "acquire":
        from mwwkit.stages import acquire

        config = acquire.Config(
            word="computer",
            recordings=str(folder / "made"),
            tts_positive=tts,
            tts_negative=tts,
            tts_hard_negative=0,
            tts_ambient_minutes=0.0,
            noise_minutes=clips / 100,
            rooms=30,
        )
        acquire.run(config, here, ONE)
    elif stage == "featurize":
        from mwwkit.stages import featurize

        featurize.run(featurize.Config(scenes=2 * clips), here, ONE)
    elif stage == "train":
        from mwwkit.stages import train

        train.run(train.Config(steps=250, evaluate_every=250), here, ONE)
    elif stage == "mine":
        from mwwkit.stages import mine

        mine.run(mine.Config(keep_above=0.1, fine_tune_steps=50), here, ONE)
    else:
        from mwwkit.stages import export

        export.run(export.Config(word="computer", arena_bytes=30_000), here, ONE)


@contextmanager
def own_peak() -> Iterator[list[int]]:
    """The highest anonymous memory of this process while inside, bytes, in a list of one."""
    peak, over = [0], threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLED_S):
            peak[0] = max(peak[0], _anonymous())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _anonymous() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    [line] = [text for text in status.read_text().splitlines() if text.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


@contextmanager
def first_unit() -> Iterator[list[float]]:
    """When the first unit begins (seconds since 1970), in a list that is empty until then."""
    begun: list[float] = []
    units, single = Session.units, Session.must_be_continued

    def noted(self, *given) -> Iterator:
        for unit in units(self, *given):
            begun.append(time.time())
            yield unit

    def noted_single(self, *given) -> None:  # 05 is one unit: it asks once, then works
        begun.append(time.time())
        single(self, *given)

    Session.units, Session.must_be_continued = noted, noted_single
    try:
        yield begun
    finally:
        Session.units, Session.must_be_continued = units, single


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(stage: str, folder: Path, clips: int, tts: int) -> Cost:
    """Run `stage` in a child. Raises RuntimeError with what it said when it failed."""
    command = [sys.executable, "-m", "benchmarks.growth", "--child", stage, str(folder)]
    command += ["--clips", str(clips), "--spoken", str(tts), "--began", repr(time.time())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{stage} failed:\n{done.stderr[-2000:]}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def child(stage: str, folder: Path, clips: int, tts: int, began: float) -> None:
    """Run the stage and print what it cost as the last line."""
    before = bytes_in(folder / "run")
    with own_peak() as own, first_unit() as begun:
        work(stage, folder, clips, tts)
    wall_s = time.time() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    unit = 1 if sys.platform == "darwin" else 1024
    cost = Cost(
        resident=used[0].ru_maxrss * unit,
        own=own[0],
        cpu_s=sum(each.ru_utime + each.ru_stime for each in used),
        wall_s=wall_s,
        start_s=begun[0] - began,
        written=bytes_in(folder / "run") - before,
    )
    print(json.dumps(vars(cost)))


def row(stage: str, costs: list[Cost]) -> str:
    """A line of the table: what it cost on each corpus, and whether that grew as it should."""
    one, *_, most = costs
    per_clip = most.cpu_s / TIMES[-1] / one.cpu_s
    memory = "own" if one.own else "resident"
    grown = getattr(most, memory) / getattr(one, memory)
    limit_s = START_WITH_TENSORFLOW_S if stage in WITH_TENSORFLOW else START_S
    start_s = max(cost.start_s for cost in costs)
    is_good = per_clip <= MOST and grown <= MOST and start_s <= limit_s
    cells = [
        stage,
        f"{start_s:.1f} of {limit_s:g}",
        *(_each(costs, f) for f in (lambda c: f"{c.cpu_s:.1f}", lambda c: f"{c.wall_s:.1f}")),
        f"{per_clip:.2f}",
        _each(costs, lambda c: f"{getattr(c, memory) / 1e6:,.0f}"),
        f"{grown:.2f}",
        _each(costs, lambda c: f"{c.written / 1e6:.1f}"),
        "pass" if is_good else "FAIL",
    ]
    return f"| {' | '.join(cells)} |"


def _each(costs: list[Cost], told: Callable[[Cost], str]) -> str:
    return " / ".join(map(told, costs))


def main() -> None:
    """Measure every stage on the three corpora and print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="100 clips at least, not 400")
    parser.add_argument("--tts", action="store_true", help="01 also speaks half as many words")
    parser.add_argument("--child", nargs=2, metavar=("STAGE", "FOLDER"), help=argparse.SUPPRESS)
    for name, kind in (("--clips", int), ("--spoken", int), ("--began", float)):
        parser.add_argument(name, type=kind, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        stage, folder = options.child
        child(stage, Path(folder), options.clips, options.spoken, options.began)
        return
    from benchmarks.made import recordings  # SciPy, which a stage's own process may not need

    counts = [times * (100 if options.quick else 400) for times in TIMES]
    costs: dict[str, list[Cost]] = {stage: [] for stage in STAGES}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="mwwkit-growth-") as name:
        for n in counts:
            folder = Path(name, str(n))
            recordings(folder / "made", n, minutes=n / 10, seed=1)
            for stage in STAGES:
                costs[stage].append(measure(stage, folder, n, n // 4 if options.tts else 0))
                print(f"{n} clips, {stage}: {costs[stage][-1]}", file=sys.stderr, flush=True)
    print(f"{' / '.join(f'{n:,}' for n in counts)} clips of words; load at the start {load:.1f}\n")
    print(
        "| stage | start, s | CPU s | wall s | CPU a clip | MB of its own | grows | MB written | |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for stage in STAGES:
        print(row(stage, costs[stage]))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
