"""How fast every part is, as ratios measured in one run, so that they hold on any machine.

    python -m benchmarks.speed [--quick]

Audio is made here, from a seed; MWWKIT_REAL_AUDIO adds a row on real recordings, and
MWWKIT_OFFICIAL (a folder) the size of our model beside the published "okay_nabu". Times are
CPU seconds of this process and its children, except where a row says wall. The unit of all audio
is the bare front end: `process_samples` in a loop of 160-sample calls, which nothing that computes
the device's features can beat. Measured turn about with what it is compared to, several times; the
middle ratio counts.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pymicro_features

from benchmarks.engine import cpu_s
from benchmarks.made import real_recordings, recordings, talk
from mwwkit.audio.frontend import FeatureConfig, spectrogram
from mwwkit.audio.wav16 import to_int16
from mwwkit.corpus.clips import Split, load_clips
from mwwkit.corpus.endpoint_table import find_words, word_spans
from mwwkit.device.firmware import HOP_MS, SAMPLES_PER_HOP
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scene_drawing import Material, SceneSettings, draw_scene
from mwwkit.scenes.shards import FeatureSet
from mwwkit.scenes.store import FeatureStore, write_shard
from mwwkit.stages import acquire, featurize

WINDOW_S = 3.2  # the reference trainer's window, by which storage is counted
SHARD_SCENES = 150


@dataclass(frozen=True)
class Amounts:
    """How much is measured."""

    rounds: int  # of each comparison
    audio_s: float  # a round of the front end
    round_scenes: int  # a round of scenes
    warm_scenes: int  # before the first round
    scenes: int  # of the stage
    pairs: int  # of the stage, with one process and with two
    steps: int  # of training
    hours: float  # scored; reported for ten


FULL = Amounts(
    7, audio_s=120, round_scenes=20, warm_scenes=300, scenes=1800, pairs=5, steps=200, hours=10
)
QUICK = Amounts(
    5, audio_s=30, round_scenes=10, warm_scenes=100, scenes=300, pairs=1, steps=60, hours=1
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    found: str
    wanted: str = ""
    ok: bool | None = None


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of `work`."""
    started = cpu_s()
    work()
    return cpu_s() - started


def bare(pcm: np.ndarray) -> int:
    """The library alone, over int16 [samples]; the number of frames."""
    data, n_bytes, n_frames = pcm.tobytes(), 2 * SAMPLES_PER_HOP, 0
    frontend = pymicro_features.MicroFrontend()
    for start in range(0, len(data) - n_bytes + 1, n_bytes):
        n_frames += bool(frontend.process_samples(data[start : start + n_bytes]).features)
    return n_frames


def front_end(amounts: Amounts) -> list[Row]:
    """Ours against the bare loop, on one core."""
    pcm = to_int16(talk(amounts.audio_s, rng(1, "front end")))
    bare(pcm), spectrogram(pcm)  # memory and caches are warm in a stage, too
    pairs = [(spent(lambda: bare(pcm)), spent(lambda: spectrogram(pcm))) for _ in _rounds(amounts)]
    alone = statistics.median(b for b, _ in pairs)
    ratio = statistics.median(b / ours for b, ours in pairs)
    return [
        Row("bare front end, one core", f"{amounts.audio_s / alone:,.0f} × real time"),
        _at_least("spectrogram() / bare", ratio, 0.90),
    ]


def _rounds(amounts: Amounts) -> range:
    return range(amounts.rounds)


def made_run(folder: Path, made: Path) -> Run:
    """01 over a folder of recordings, with rooms and noise made up; nothing is spoken."""
    config = acquire.Config(
        word="benchmark",
        recordings=str(made),
        **dict.fromkeys(("tts_positive", "tts_negative", "tts_hard_negative"), 0),
        tts_ambient_minutes=0.0,
        noise_minutes=5.0,
        rooms=30,
    )
    here = Run.of(str(folder))
    acquire.run(config, here, Limits(workers=1))
    return here


def stage(amounts: Amounts, made: Path, work: Path) -> tuple[list[Row], Run]:
    """02 with one process and with two, in turn, in wall time; the bytes that it leaves.

    The wall is whoever's who uses the machine: the shares of a core that the processes had tell.
    """
    clips = made_run(work / "clips", made)
    config = featurize.Config(scenes=amounts.scenes)
    took: dict[int, list[Took]] = {1: [], 2: []}
    for turn in range(amounts.pairs):
        for workers in took:
            here = Run(work / f"stage-{turn}-{workers}", (clips.folder,))
            took[workers].append(_timed(config, here, workers))
    names = {unit.split("/")[0] for unit in read_json(here / "features/checkpoint.json")["done"]}
    seconds = sum(FeatureSet.open(here, name).hours for name in names) * 3600
    ratios = [one.wall_s / two.wall_s for one, two in zip(took[1], took[2], strict=True)]
    ratio = statistics.median(ratios)
    times = [seconds / statistics.median(t.wall_s for t in took[workers]) for workers in took]
    cores = [statistics.median(t.cpu_s / t.wall_s for t in took[workers]) for workers in took]
    told = (
        f"{ratio:.2f}, the middle of {', '.join(f'{each:.2f}' for each in ratios)} "
        f"({times[0]:,.0f} → {times[1]:,.0f} × real time; {cores[0]:.2f} and {cores[1]:.2f} cores "
        f"were had, load {os.getloadavg()[0]:.1f})"
    )
    return [Row("02, 2 processes / 1, wall", told, "≥ 1.85", ratio >= 1.85), _disk(here)], here


@dataclass(frozen=True)
class Took:
    """A run of 02."""

    wall_s: float
    cpu_s: float


def _timed(config: featurize.Config, here: Run, workers: int) -> Took:
    """02, its processes started and ended in it."""
    here.folder.mkdir(parents=True)
    started, began = time.perf_counter(), cpu_s()
    featurize.run(config, here, Limits(workers=workers))
    wall = time.perf_counter() - started
    _end_processes()
    return Took(wall, cpu_s() - began)


def _end_processes() -> None:
    """End joblib's processes, so that their CPU seconds are counted."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def _disk(here: Run) -> Row:
    """All files of one full training shard: data, offsets, records, seal."""
    shard = here / "features/train/000000"
    hours = FeatureSet.of_folder(shard).hours
    files = [path.stat() for path in shard.rglob("*") if path.is_file()]
    n_bytes, in_blocks = (sum(f.st_size for f in files), sum(f.st_blocks * 512 for f in files))
    per_window, in_blocks = (n / (hours * 3600) * WINDOW_S for n in (n_bytes, in_blocks))
    told = (
        f"{per_window / 1000:.2f} kB in a shard of {hours * 60:.0f} min "
        f"({in_blocks / 1000:.2f} in whole blocks)"
    )
    return Row(f"disk for {WINDOW_S} s of audio", told, "≤ 13 kB", per_window <= 13_000)


def scenes(amounts: Amounts, here: Run, name: str) -> Row:
    """Draw, render with everything, and featurise, against the bare loop on the same audio."""
    material, settings, ratios = _material(here), SceneSettings(), []
    locate = cache(here.find)  # as `make_shard` does
    for number in range(amounts.warm_scenes):  # the rooms and clips that a stage has read already
        render(draw_scene(material, settings, rng(3, number)), locate)
    for turn in _rounds(amounts):
        audio: list[np.ndarray] = []

        def ours(turn: int = turn, audio: list = audio) -> None:
            for number in range(amounts.round_scenes):
                scene = draw_scene(material, settings, rng(2, turn, number))
                audio.append(render(scene, locate))
                spectrogram(audio[-1])

        whole = spent(ours)
        ratios.append(sum(spent(lambda a=a: bare(a)) for a in audio) / whole)
    return _at_least(f"scenes, all augmentation, {name} / bare", statistics.median(ratios), 0.45)


def _material(here: Run) -> Material:
    """What 02 draws training scenes from."""
    spans = word_spans(here)
    return featurize._material(featurize.Config(), load_clips(here), spans, Split.TRAIN)


def training(amounts: Amounts, here: Run) -> tuple[list[Row], bytes]:
    """Where the wall time of a training step and of an evaluation goes; the net's int8 model."""
    from mwwkit.model.shapes import SHAPES
    from mwwkit.stages import train as stage_03
    from mwwkit.stages.inputs import dataset_of, validation_evaluator
    from mwwkit.training.evaluator import calibration, int8_model
    from mwwkit.training.labels import LabelSettings
    from mwwkit.training.losses import LossSettings
    from mwwkit.training.spec_augment import augment
    from mwwkit.training.trainer import Trainer, TrainingSettings, limit_threads

    limit_threads(1)
    train = FeatureSet.open(here, "train")
    n_batch, every = (vars(stage_03.Config())[name] for name in ("batch", "evaluate_every"))
    dataset = dataset_of(LabelSettings(), n_batch, 1, [("scenes", train, 1.0)])
    warm = 40
    settings = TrainingSettings(steps=warm + amounts.steps)
    trainer = Trainer(SHAPES["mixed"], settings, LossSettings(), 1)
    trainer.train(dataset, warm)  # tracing, and a first reading of the maps
    before = dict(trainer.seconds)
    began, started = cpu_s(), time.perf_counter()
    trainer.train(dataset, settings.steps)
    cpu, wall = cpu_s() - began, time.perf_counter() - started
    waited = {name: (s - before[name]) / wall for name, s in trainer.seconds.items()}
    steps = range(warm, settings.steps)
    whole = [("scenes", FeatureSet.open(here, "train"), 1.0)]
    again = dataset_of(LabelSettings(), n_batch, 1, whole)
    batch = again.batch(0)
    # Nothing is kept: a step's arrays take the place of the last one's.
    loading_s = spent(lambda: all(again.batch(n) for n in steps))
    varying_s = spent(lambda: all(augment(np, batch.features, again.draws(n)).size for n in steps))
    share = waited["loading"] + waited["augmentation"]
    evaluator = validation_evaluator(here, train, target_fah=0.5, max_clip_fpr=0.01)
    evaluator = replace(evaluator, cache=None)
    evaluator.facts(trainer.averaged(dataset), trainer.shape)  # tracing
    looking_s = spent(lambda: evaluator.facts(trainer.averaged(dataset), trainer.shape))
    between_s = every * cpu / amounts.steps
    rows = [
        Row(
            "training: waiting for loading and SpecAugment, share of wall",
            f"{share:.1%} ({waited['loading']:.1%} and {waited['augmentation']:.1%}), made while a "
            f"step is taken: {1000 * loading_s / amounts.steps:.2f} and "
            f"{1000 * varying_s / amounts.steps:.2f} ms CPU a step",
            "≤ 3 %",
            share <= 0.03,
        ),
        Row(
            f"training: a step of {n_batch} scenes of 12 s",
            f"{1000 * cpu / amounts.steps:.1f} ms CPU, {1000 * wall / amounts.steps:.1f} ms wall",
        ),
        Row(
            f"training: an evaluation, share of training with one every {every} steps, CPU",
            f"{looking_s / (looking_s + between_s):.1%} ({looking_s:.1f} s)",
            "≤ 5 %",
            looking_s / (looking_s + between_s) <= 0.05,
        ),
    ]
    return rows, int8_model(trainer.net, SHAPES["mixed"], calibration(train.store))


def scoring(amounts: Amounts, here: Run, model: bytes, work: Path) -> Row:
    """Ten hours of stored features, read and scored by the int8 model."""
    from mwwkit.device.simulator import Device

    train = FeatureSet.open(here, "train").store
    folders, n_frames = [], 0
    while n_frames * HOP_MS < amounts.hours * 3_600_000:
        folder = work / f"hours/{len(folders):03d}"
        folder.mkdir(parents=True)
        first = len(folders) * SHARD_SCENES % len(train)
        shard = [train[(first + i) % len(train)] for i in range(SHARD_SCENES)]
        write_shard(folder, shard, FeatureConfig().fingerprint())
        n_frames += sum(map(len, shard))
        folders.append(folder)

    def score() -> None:
        store, device = FeatureStore(folders), Device(model)
        for index in range(len(store)):
            device.scores(store[index])

    seconds = spent(score) * 36_000 * 1000 / (n_frames * HOP_MS)
    told = f"{seconds:.1f} s CPU" + ("" if amounts.hours == 10 else f", from {amounts.hours} h")
    return Row("ten hours of features scored, int8", told, "< 60 s", seconds < 60)


def sizes(model: bytes) -> list[Row]:
    """Ours beside the published "okay_nabu", where its file is given."""
    from mwwkit.device.arena import measure
    from mwwkit.model.shapes import SHAPES, size_report

    named = os.environ.get("MWWKIT_OFFICIAL")
    ours = {
        "bytes": len(model),
        "MACs a step": size_report(SHAPES["mixed"]).macs_per_step,
        "smallest arena": measure(model).smallest,
    }
    if not named:
        return [Row(f"mixed: {name}", f"{value:,}") for name, value in ours.items()]
    official = Path(named, "okay_nabu.tflite").read_bytes()
    theirs = {
        "bytes": len(official),
        "MACs a step": size_report(SHAPES["okay_nabu"]).macs_per_step,
        "smallest arena": measure(official).smallest,
    }
    return [
        Row(f"mixed: {name}", f"{ours[name]:,}", f"≤ {theirs[name]:,}", ours[name] <= theirs[name])
        for name in ours
    ]


def _at_least(what: str, ratio: float, wanted: float) -> Row:
    return Row(what, f"{ratio:.2f}", f"≥ {wanted:.2f}", ratio >= wanted)


def markdown(rows: list[Row]) -> str:
    """The table as text; what was not wanted has no verdict."""
    verdict = {True: "pass", False: "FAIL", None: ""}
    lines = ["| what | measured | wanted | |", "|---|---|---|---|"]
    lines += [f"| {r.what} | {r.found} | {r.wanted} | {verdict[r.ok]} |" for r in rows]
    return "\n".join(lines)


def machine() -> str:
    """What it ran on, and how busy that was."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0]
    return (
        f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, load {load:.1f}"
    )


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the work, rougher")
    amounts = QUICK if parser.parse_args().quick else FULL
    print(machine())
    with tempfile.TemporaryDirectory(prefix="mwwkit-speed-") as name:
        work = Path(name)
        rows = front_end(amounts)
        recordings(work / "made", clips=400, minutes=20, seed=1)
        stage_rows, here = stage(amounts, work / "made", work)
        rows += [scenes(amounts, here, "made audio")]
        if data := os.environ.get("MWWKIT_REAL_AUDIO"):
            real_recordings(work / "real", Path(data), clips=300)
            real = made_run(work / "real-run", work / "real")
            find_words(load_clips(real), real, 1)
            rows += [scenes(amounts, real, "real audio")]
        rows += stage_rows
        training_rows, model = training(amounts, here)
        rows += [*training_rows, scoring(amounts, here, model, work), *sizes(model)]
    print(markdown(rows))


if __name__ == "__main__":
    main()
