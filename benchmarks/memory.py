"""Peak memory of every stage on a corpus and on one five times as large: it should not grow.

    python -m benchmarks.memory [--quick] [--tts]

Each stage runs in a process of its own, with one worker. "Peak" is the resident memory that the
system counted; it holds pages of mapped feature files, which the system takes back when it needs
them. "Own" is the peak without those pages (Linux), and it is what the verdict is about. Clips,
minutes of ambient speech and scenes are five times as many; steps of training are not.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.made import recordings
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits

TIMES = 5
MOST = 1.15  # the larger corpus over the smaller
STAGES = ("acquire", "featurize", "train", "mine", "export")
SAMPLED_S = 0.02
ONE = Limits(workers=1)


@dataclass(frozen=True)
class Peak:
    """Of one process, in bytes."""

    resident: int
    own: int  # anonymous pages: 0 where the system does not tell


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


def measure(stage: str, folder: Path, clips: int, tts: int) -> Peak:
    """Run `stage` in a child. Raises RuntimeError with what it said when it failed."""
    command = [sys.executable, "-m", "benchmarks.memory", "--child", stage, str(folder)]
    command += ["--clips", str(clips), "--spoken", str(tts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{stage} failed:\n{done.stderr[-2000:]}")
    return Peak(**json.loads(done.stdout.splitlines()[-1]))


def child(stage: str, folder: Path, clips: int, tts: int) -> None:
    """Run the stage and print its peaks as the last line."""
    with own_peak() as own:
        work(stage, folder, clips, tts)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"resident": kilobytes * unit, "own": own[0]}))


def row(stage: str, small: Peak, large: Peak) -> str:
    """A line of the table."""
    of = "own" if small.own else "resident"
    ratio = getattr(large, of) / getattr(small, of)
    cells = [f"{p.resident / 1e6:,.0f} / {p.own / 1e6:,.0f}" for p in (small, large)]
    mapped = large.resident / small.resident
    verdict = "pass" if ratio <= MOST else "FAIL"
    return f"| {stage} | {' | '.join(cells)} | {mapped:.2f} | {ratio:.2f} | ≤ {MOST} | {verdict} |"


def main() -> None:
    """Measure every stage on both corpora and print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="100 and 500 clips, not 400 and 2,000")
    parser.add_argument("--tts", action="store_true", help="01 also speaks half as many words")
    parser.add_argument("--child", nargs=2, metavar=("STAGE", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--clips", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--spoken", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], Path(options.child[1]), options.clips, options.spoken)
        return
    small = 100 if options.quick else 400
    counts = (small, TIMES * small)
    peaks: dict[int, dict[str, Peak]] = {n: {} for n in counts}
    with tempfile.TemporaryDirectory(prefix="mwwkit-memory-") as name:
        for n in counts:
            folder = Path(name, str(n))
            recordings(folder / "made", n, minutes=n / 10, seed=1)
            for stage in STAGES:
                peaks[n][stage] = measure(stage, folder, n, n // 4 if options.tts else 0)
                print(f"{n} clips, {stage}: {peaks[n][stage]}", file=sys.stderr, flush=True)
    head = [f"{n:,} clips: MB, peak / own" for n in counts]
    print(f"| stage | {' | '.join(head)} | ratio, peak | ratio, own | wanted | |")
    print("|---|---|---|---|---|---|---|")
    for stage in STAGES:
        print(row(stage, *(peaks[n][stage] for n in counts)))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
