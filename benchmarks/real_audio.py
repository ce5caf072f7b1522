"""Train on real recordings with the product's own stages, and score what was never seen.

    MWWKIT_REAL_AUDIO=... python -m benchmarks.real_audio --word computer --folds 3 --seeds 1 2 3
    MWWKIT_REAL_AUDIO=... python -m benchmarks.real_audio --word alexa --folds 5 --seeds 1

Every fold is a run of 01 and 02; every seed of it a run of 03 that reads that run as its earlier
one. The int8 model that 05 would write is scored on the fold's clips, speech and noise; folds are
pooled for each seed, and the median over the seeds is printed below them. `--work` keeps the runs:
a second call goes on where the first stopped.
"""

import argparse
import csv
import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median as middle

from benchmarks.conditions import prepare
from benchmarks.folds import Fold, Source, folds, index
from benchmarks.scoring import markdown, median, pooled, score, table
from mwwkit.files import read_json, replacing, write_json
from mwwkit.parallel import each
from mwwkit.paths import Run
from mwwkit.session import Limits

# Clips that hold "computer" in other words are neither negatives nor babble.
EXCLUDED = {"computer": ("heycomputer_en", "heycomputer_es"), "alexa": ()}
VALIDATION = 0.1  # of what a fold trains on: for choosing weights
ONE = Limits(budget_gb=20, workers=1)  # two seeds side by side use two cores better


def given_splits(fold: Fold) -> dict[str, str]:
    """Path -> split of a fold: 01 draws the validation clips out of what trains, by speaker."""
    tested = {path: "exclude" for paths in fold.test.values() for path in paths}
    return tested | {path: "train" for paths in fold.train.values() for path in paths}


def _is_input(row: Source, word: str) -> bool:
    """Whether 01 takes a row of the table: the 48 kHz copies of sentences are not for it."""
    return row.kind != "dry_speech_48k" and row.word not in EXCLUDED[word]


def features(fold: Fold, data: Path, work: Path) -> float:
    """01 and 02 of one fold; CPU seconds of 02."""
    from mwwkit.stages import acquire, featurize

    here = Run.of(str(work / f"{fold.word}-{fold.number}of{fold.of}"))
    here.folder.mkdir(parents=True, exist_ok=True)
    splits = given_splits(fold)
    # What is in neither role of the fold (gap clips, other sources of the word) is left out too.
    taken = {r.path for r in index(data).values() if _is_input(r, fold.word)}
    with replacing(here / "splits.csv") as part, open(part, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "split"])
        rows.writerows([path, splits.get(path, "exclude")] for path in sorted(taken))
    config = acquire.Config(
        word=fold.word,
        recordings="",
        table=str(data / "index.csv"),
        table_positive=(fold.word,),
        table_exclude=EXCLUDED[fold.word],
        given_splits=str(here / "splits.csv"),
        shares=(1 - VALIDATION, VALIDATION, 0.0),
        **dict.fromkeys(("tts_positive", "tts_negative", "tts_hard_negative", "rooms"), 0),
        **dict.fromkeys(("tts_ambient_minutes", "noise_minutes"), 0.0),
    )
    acquire.run(config, here, ONE)
    return _timed(here / "features_cpu.json", lambda: featurize.run(featurize.Config(), here, ONE))


def train(job: tuple[Fold, int], data: Path, work: Path) -> tuple[float, float]:
    """03 of one fold and seed, and its int8 model; CPU seconds of 02 and of 03."""
    from mwwkit.audio.shards import FeatureSet
    from mwwkit.handover import chosen_net
    from mwwkit.model.evaluate import calibration, int8_model
    from mwwkit.stages import train as stage

    fold, seed = job
    before = work / f"{fold.word}-{fold.number}of{fold.of}"
    here = Run.of(str(work / f"{before.name}-seed{seed}"), [str(before)])
    config = stage.Config(seed=seed)
    spent = _timed(here / "training_cpu.json", lambda: stage.run(config, here, ONE))
    chosen = chosen_net(here, "training")
    streams = calibration(FeatureSet.open(here, "train").store)
    with replacing(here / "model.tflite") as part:
        part.write_bytes(int8_model(chosen.net, chosen.shape, streams))
    return read_json(before / "features_cpu.json"), spent


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
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mwwkit-real"))
    options = parser.parse_args()
    data = Path(os.environ["MWWKIT_REAL_AUDIO"])
    divided = folds(options.word, data, options.folds)
    make = partial(features, data=data, work=options.work)
    list(each(make, divided, options.workers))
    jobs = [(fold, seed) for seed in options.seeds for fold in divided]
    spent = list(each(partial(train, data=data, work=options.work), jobs, options.workers))
    files = [prepare(fold, data, options.work / "stimuli", options.workers) for fold in divided]
    runs = []
    for seed in options.seeds:
        name = f"{options.word}-{{}}of{options.folds}-seed{seed}"
        models = [options.work / name.format(fold.number) / "model.tflite" for fold in divided]
        scored = [score(m, f, options.workers) for m, f in zip(models, files, strict=True)]
        runs.append(table(pooled(scored)))
        print(f"\nseed {seed}\n\n{markdown(runs[-1])}")
    if len(runs) > 1:
        print(f"\nmedian of {len(runs)} seeds\n\n{markdown(median(runs))}")
    featurised, trained = zip(*spent, strict=True)
    print(
        f"\nCPU seconds, median of {len(spent)} runs: features {middle(featurised):.0f}, training "
        f"{middle(trained):.0f}, together {middle(map(sum, spent)):.0f} "
        f"({min(map(sum, spent)):.0f} to {max(map(sum, spent)):.0f})"
    )
    print(json.dumps({"cpu_seconds": spent}))


if __name__ == "__main__":
    main()
