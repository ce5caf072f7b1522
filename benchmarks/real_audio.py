"""Train on real recordings with the product's own stages, and score what was never seen.

    MWWKIT_REAL_AUDIO=... python -m benchmarks.real_audio --word computer --folds 3 --seeds 1 2 3
    MWWKIT_REAL_AUDIO=... python -m benchmarks.real_audio --word alexa --folds 5 --seeds 1 2 3
    MWWKIT_REAL_AUDIO=... python -m benchmarks.real_audio --word computer --recordings 20

Every fold is a run of 01 and 02; every seed of it a run of 03 that reads that run as its earlier
one. The int8 model that 05 would write is scored on the fold's clips, speech and noise; folds are
pooled for each seed, and the median over the seeds is printed below them. A second table is at the
cutoff and window that each model would ship with: 05's rule, on its own validation split.
`--recordings 20` trains on that many clips of the word, drawn anew for each seed, and on synthetic
voices; every draw is tested in one fold, by turns. `--work` keeps the runs: a second call goes on
where the first stopped.
"""

import argparse
import csv
import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median as middle

import numpy as np

from benchmarks.conditions import CONDITIONS, load, prepare
from benchmarks.folds import Fold, Source, folds, index
from benchmarks.scoring import (
    Shipped,
    markdown,
    median,
    pooled,
    score,
    shipped,
    shipped_markdown,
    table,
)
from mwwkit.device.detector import sliding_sum
from mwwkit.run.files import read_json, replacing, write_json
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits

# Clips that hold "computer" in other words are neither negatives nor babble.
EXCLUDED = {"computer": ("heycomputer_en", "heycomputer_es"), "alexa": ()}
VALIDATION = 0.1  # of what a fold trains on: for choosing weights
TARGET_FAH, MAX_CLIP_FPR = 0.5, 0.01  # 05's own defaults
SYNTHETIC = {"tts_positive": 1000, "tts_hard_negative": 150}  # beside few recordings
ONE = Limits(budget_gb=20, workers=1)  # two seeds side by side use two cores better


@dataclass(frozen=True)
class Job:
    """One model to train: a fold, a seed, and how many recordings of the word (0: all)."""

    fold: Fold
    seed: int
    recordings: int = 0

    @property
    def folder(self) -> str:
        """Where 01 and 02 are kept: shared by the seeds, unless each draws its own recordings."""
        name = f"{self.fold.word}-{self.fold.number}of{self.fold.of}"
        return name + (f"-{self.recordings}drawn{self.seed}" if self.recordings else "")

    def positives(self) -> list[str]:
        """The recordings that train."""
        known = self.fold.train["positives"]
        if not self.recordings:
            return known
        draw = rng(self.seed, "recordings", self.fold.word)
        return [known[i] for i in sorted(draw.choice(len(known), self.recordings, replace=False))]


def given_splits(job: Job) -> dict[str, str]:
    """Path -> split of a fold: 01 draws the validation clips out of what trains, by speaker."""
    tested = {path: "exclude" for paths in job.fold.test.values() for path in paths}
    trained = job.fold.train | {"positives": job.positives()}
    return tested | {path: "train" for paths in trained.values() for path in paths}


def _is_input(row: Source, word: str) -> bool:
    """Whether 01 takes a row of the table: the 48 kHz copies of sentences are not for it."""
    return row.kind != "dry_speech_48k" and row.word not in EXCLUDED[word]


def features(job: Job, data: Path, work: Path) -> float:
    """01 and 02 of one fold; CPU seconds of 02, and of 01 where it speaks."""
    from mwwkit.stages import acquire, featurize

    fold, here = job.fold, Run.of(str(work / job.folder))
    here.folder.mkdir(parents=True, exist_ok=True)
    splits = given_splits(job)
    # What is in neither role of the fold (gap clips, other sources of the word) is left out too.
    taken = {r.path for r in index(data).values() if _is_input(r, fold.word)}
    with replacing(here / "splits.csv") as part, open(part, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "split"])
        rows.writerows([path, splits.get(path, "exclude")] for path in sorted(taken))
    spoken = dict.fromkeys(("tts_positive", "tts_negative", "tts_hard_negative"), 0)
    config = acquire.Config(
        word=fold.word,
        recordings="",
        table=str(data / "index.csv"),
        table_positive=(fold.word,),
        table_exclude=EXCLUDED[fold.word],
        given_splits=str(here / "splits.csv"),
        shares=(1 - VALIDATION, VALIDATION, 0.0),
        rooms=0,
        tts_ambient_minutes=0.0,
        noise_minutes=0.0,
        **spoken | (SYNTHETIC if job.recordings else {}),
    )

    def both() -> None:
        acquire.run(config, here, ONE)
        featurize.run(featurize.Config(), here, ONE)

    if job.recordings:
        return _timed(here / "features_cpu.json", both)
    acquire.run(config, here, ONE)  # copies files, which no other trainer's figure counts
    return _timed(here / "features_cpu.json", lambda: featurize.run(featurize.Config(), here, ONE))


def train(job: Job, data: Path, work: Path) -> tuple[float, float]:
    """03 of one fold and seed, and its int8 model; CPU seconds of 02 and of 03."""
    from mwwkit.scenes.shards import FeatureSet
    from mwwkit.stages import train as stage
    from mwwkit.stages.inputs import chosen_net
    from mwwkit.training.evaluator import calibration, int8_model

    before = work / job.folder
    here = Run.of(str(work / f"{before.name}-seed{job.seed}"), [str(before)])
    config = stage.Config(seed=job.seed)
    spent = _timed(here / "training_cpu.json", lambda: stage.run(config, here, ONE))
    if not (here / "shipped.json").exists():
        chosen = chosen_net(here, "training")
        streams = calibration(FeatureSet.open(here, "train").store)
        model = int8_model(chosen.net, chosen.shape, streams)
        with replacing(here / "model.tflite") as part:
            part.write_bytes(model)
        files = prepare(job.fold, data, work / "stimuli")
        write_json(here / "shipped.json", _shipping(chosen.net, model, streams, here, files))
    return read_json(before / "features_cpu.json"), spent


def _shipping(net, model: bytes, streams, here: Run, files: dict[str, Path]) -> dict:
    """What 05 would choose on the validation split, and where int8 and float then disagree."""
    from mwwkit.device.simulator import Device
    from mwwkit.evaluation.net_forms import float_scores
    from mwwkit.metrics.operating_points import SET_NAMES
    from mwwkit.scenes.shards import FeatureSet
    from mwwkit.training.evaluator import headroom, tracks

    stores = [FeatureSet.open(here, f"validation-{name}").store for name in SET_NAMES]
    choice = tracks(model, *stores).choose(TARGET_FAH, MAX_CLIP_FPR)
    device, scale = Device(model), headroom(net, streams)
    unlike = {}
    for condition in CONDITIONS:
        clips = load(files[f"positives/{condition}"]).features
        unlike[condition] = sum(
            (sliding_sum(device.scores(clip), choice.window).max() > choice.limit)
            # 256 steps a unit, as the device's uint8, but not rounded
            != (_sums(256 * float_scores(net, clip, scale), choice.window).max() > choice.limit)
            for clip in clips
        )
    chosen = {"cutoff": choice.cutoff, "window": choice.window, "recall": choice.recall.value}
    return chosen | {"unlike_float": {name: int(count) for name, count in unlike.items()}}


def _sums(scores: np.ndarray, window: int) -> np.ndarray:
    return np.convolve(scores, np.ones(window), "valid")


def _timed(path: Path, work) -> float:
    """CPU seconds of `work`, kept in a file: a second call does nothing and costs nothing."""
    started = time.process_time()
    work()
    if not path.exists():
        write_json(path, round(time.process_time() - started, 1))
    return read_json(path)


def main() -> None:
    """Run the folds and seeds, print a table a seed and their median."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--word", choices=["computer", "alexa"], required=True)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=None, help="default 1 2 3")
    parser.add_argument("--recordings", type=int, default=0, help="of the word; 0 for all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mwwkit-real"))
    options = parser.parse_args()
    data = Path(os.environ["MWWKIT_REAL_AUDIO"])
    seeds = options.seeds or ([1, 2, 3, 4, 5] if options.recordings else [1, 2, 3])
    divided = folds(options.word, data, options.folds)
    sets = [  # what is pooled: all folds of a seed, or one draw of recordings in one fold
        [Job(fold, seed, options.recordings) for fold in divided]
        if not options.recordings
        else [Job(divided[number % len(divided)], seed, options.recordings)]
        for number, seed in enumerate(seeds)
    ]
    jobs = [job for members in sets for job in members]
    once = list({job.folder: job for job in jobs}.values())
    at_hand = {"data": data, "work": options.work}
    list(each(partial(features, **at_hand), once, options.workers))
    for fold in divided:
        prepare(fold, data, options.work / "stimuli", options.workers)
    spent = list(each(partial(train, **at_hand), jobs, options.workers))
    runs, own_runs = [], []
    for members in sets:
        scored, own = [], []
        for job in members:
            folder = options.work / f"{job.folder}-seed{job.seed}"
            files = prepare(job.fold, data, options.work / "stimuli", options.workers)
            scored.append(score(folder / "model.tflite", files, options.workers))
            chosen = read_json(folder / "shipped.json")
            own.append(Shipped(chosen["cutoff"], chosen["window"], chosen["unlike_float"]))
        runs.append(table(pooled(scored)))
        own_runs.append(shipped(scored, own))
        print(f"\nseed {members[0].seed}\n\n{markdown(runs[-1])}")
        print(f"\nas shipped: {[(o.cutoff, o.window) for o in own]}\n")
        print(shipped_markdown(own_runs[-1]), flush=True)
    if len(runs) > 1:
        print(f"\nmedian of {len(runs)} seeds\n\n{markdown(median(runs))}")
        print(f"\nas shipped, median\n\n{shipped_markdown(median(own_runs))}")
    featurised, trained = zip(*spent, strict=True)
    print(
        f"\nCPU seconds, median of {len(spent)} runs: features {middle(featurised):.0f}, training "
        f"{middle(trained):.0f}, together {middle(map(sum, spent)):.0f} "
        f"({min(map(sum, spent)):.0f} to {max(map(sum, spent)):.0f})"
    )
    print(json.dumps({"cpu_seconds": spent}))


if __name__ == "__main__":
    main()
