"""04 Hard negatives: what fools the model in its training audio, kept and trained against."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Annotated

from mwwkit.corpus import decided
from mwwkit.corpus.clips import Split, load_clips, refuse_without_clips
from mwwkit.device import firmware
from mwwkit.device.simulator import Device
from mwwkit.run.checkpoint import Checkpoint, completed, finished
from mwwkit.run.config_base import Before, Between, Checked, OneOf, Texts
from mwwkit.run.errors import WrongInput
from mwwkit.run.lock import one_writer
from mwwkit.run.pace import STEP_S, Watch, expected
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import as_sentence, how_it_stands, how_many, span
from mwwkit.run.session import Limits, Session, full_disk_stops
from mwwkit.run.settings import MaxClipFpr, TargetFah, carry
from mwwkit.run.shown import Facts, Heading, sentences
from mwwkit.scenes.mined_windows import window_around, write_table, write_windows
from mwwkit.scenes.mining import TABLE, Event, false_events, heard_in, highest, table_digest
from mwwkit.scenes.shards import FeatureSet, hours_of
from mwwkit.scenes.store import Subset
from mwwkit.stages.inputs import (
    choosing_words,
    chosen_net,
    dataset_of,
    trained_with,
    validation_evaluator,
    weights_digest,
)
from mwwkit.training import processors, told
from mwwkit.training.evaluated import best, read
from mwwkit.training.evaluator import calibration, int8_model
from mwwkit.training.loop import UNIT_STEPS, Course, drop_snapshots, fit, mend, where_time_went
from mwwkit.training.losses import LossSettings
from mwwkit.training.trainer import Threads, Trainer, TrainingSettings, limit_threads

STAGE = "04 mine"
FOLDER, TUNED = "mined", "tuned"
EventCount = Annotated[int, Between(1, 1_000_000)]
SCANNED = ("train-ambient", "train")
WINDOW = 5  # scores of a mean that is looked at
START_S = 12.0  # before the first unit: TensorFlow, and the int8 model to scan with
TIMES_REAL_TIME = 3000  # that a core scans
EVALUATIONS_S = 8.0  # before and after
EVENT_BYTES = 60_000  # a 12 s spectrogram and its record


@dataclass(frozen=True)
class Config(Checked):
    """What 04_mine.ipynb can set."""

    # a sliding mean over this (1 is 256) is kept: well under any cutoff
    keep_above: Annotated[float, Between(0, 1, above=True, below=True)] = 0.3
    max_per_clip: EventCount = 3
    max_events: EventCount = 500
    drop: Texts = ()  # ids of mined.csv that a listener threw out
    fine_tune_steps: Annotated[int, Between(1, 1_000_000)] = 500
    learning_rate: float = 5e-4
    # of every batch
    mined_share: Annotated[float, Between(0, 1, above=True, below=True)] = 0.25
    mined_penalty: Annotated[float, Between(0, 1000)] = 1.0  # weight of their negative steps
    pooling: float = 0.0
    triplet: float = 0.0  # see model.losses.LossSettings
    triplet_margin: float = 0.2
    batch: int = 16
    target_fah: TargetFah = 0.5
    max_clip_fpr: MaxClipFpr = 0.01
    device: Annotated[str, OneOf(processors.KINDS), Before("cpu")] = "cpu"
    threads: Threads = 1
    seed: int = 42

    def __post_init__(self) -> None:  # noqa: D105
        super().__post_init__()
        object.__setattr__(self, "drop", tuple(sorted(set(self.drop))))

    def refuse_together(self) -> None:
        """Raise ValueError for a batch too small for `mined_share`, or what the parts refuse."""
        if not 1 / self.mined_share <= self.batch <= 4096:
            raise WrongInput(f"batch is {self.batch}; wanted at least 1 / mined_share")
        self.course(), self.training(), self.loss(LossSettings())

    def mining(self) -> dict:
        """The settings that shape what is mined."""
        return {n: getattr(self, n) for n in ("keep_above", "max_per_clip", "max_events")}

    def course(self) -> Course:
        """The training units of fine-tuning; a changed `drop` list gets units of its own."""
        named = hashlib.sha256(" ".join(self.drop).encode()).hexdigest()[:8]
        variant = f"without-{named}-" if self.drop else ""
        return Course(TUNED, self.fine_tune_steps, UNIT_STEPS, variant)

    def training(self) -> TrainingSettings:
        """The loop's settings."""
        return TrainingSettings(
            steps=self.fine_tune_steps, learning_rate=self.learning_rate, warmup_steps=25
        )

    def loss(self, trained_with: LossSettings) -> LossSettings:
        """The loss's settings: 03's, but for what is set here."""
        mine = {n: getattr(self, n) for n in ("pooling", "triplet", "triplet_margin")}
        return replace(trained_with, **mine)


def plan(config: Config, run: Run, limits: Limits) -> Facts:
    """What is done and what is left.

    Raises CheckpointError when 03 has not finished, or 01's catalogue is out of reach.
    """
    processors.needed(config.device)
    units = _scan_units(run)
    checkpoint, tuned = _mined_checkpoint(config, run), _tuned_checkpoint(config, run)
    if not tuned.is_complete:
        processors.warn_of_another_kind(tuned, config.device)
    if not checkpoint.is_complete:
        refuse_without_clips(run, "04")
    hours, n_left = hours_of(run, units), len(checkpoint.left(units))
    left, undone = _n_left(config, run, checkpoint, tuned), decided.not_yet_heard(run)
    seconds = _guessed_s(config, run, limits, checkpoint, tuned)
    facts = {
        "hours to scan": round(hours, 2),
        "shards left to scan": n_left,
        "fine-tuning steps": config.fine_tune_steps,
        **undone,
        "seconds before the first unit, about": START_S if left else 0,
        "chosen by": str(choosing_words(run, tuned.done)),
        "device": processors.words(config.device),
        "minutes left, about": round(seconds / 60, 1),
    }
    stands = how_it_stands(len(units) - n_left, n_left, "shard")
    searched = "are searched" if n_left else "have been searched"
    then = f"Then {how_many(config.fine_tune_steps, 'step')} against what is found"
    return Facts(
        facts,
        f"{span(hours)} of training sound {searched} for what fools the model.",
        stands if n_left else "",
        *sentences(undone),
        f"{then}: {expected(run, STAGE, seconds)}." if left else "Fine-tuning is done, too.",
        facts["chosen by"],
        as_sentence(f"trains on {facts['device']}"),
    )


def _guessed_s(
    config: Config, run: Run, limits: Limits, mined: Checkpoint, tuned: Checkpoint
) -> float:
    """What is left takes, the start and the evaluations before and after included."""
    if not _n_left(config, run, mined, tuned):
        return 0.0
    hours = hours_of(run, mined.left(_scan_units(run)))
    steps = UNIT_STEPS * len(tuned.left(list(config.course().units())))
    steps_s = min(steps, config.fine_tune_steps) * config.batch / 16 * STEP_S
    return START_S + hours * 3600 / TIMES_REAL_TIME / limits.n_workers + steps_s + EVALUATIONS_S


@full_disk_stops(STAGE)
@one_writer
def run(
    config: Config, run: Run, limits: Limits, on_unit: Callable[[dict], None] = lambda done: None
) -> Facts:
    """Scan, keep, fine-tune; return what was found and the figures before and after.

    Raises StoppedEarly when the session's time, the disk budget or the disk ends first.
    """
    session = limits.session(run)
    mined, tuned = _mined_checkpoint(config, run), _tuned_checkpoint(config, run)
    decided.remove_outdated((mined, tuned), "04", "03's weights")
    tuned = _tuned_checkpoint(config, run)
    if not tuned.is_complete:
        carry(run)
        processors.warn_of_another_kind(tuned, config.device)
    session.must_begin_in_time(STAGE, _n_left(config, run, mined, tuned))
    guessed_s = _guessed_s(config, run, limits, mined, tuned)
    with Watch(run, STAGE) as watch:
        _scan(config, run, limits, session, mined)
        if not mined.is_complete or not _is_kept(run, mined):
            _keep(config, run, session, mined)
        mend(config.course(), run, tuned)
        if not tuned.is_complete or tuned.facts["drop"] != list(config.drop):
            _fine_tune(config, run, limits, session, mined, tuned, on_unit)
        watch.add(guessed_s)
    found = check(run)
    helped = Heading(told.gained(completed(run, TUNED)))
    return Facts(found, helped, f"05 takes {found['weights']}.")


def _n_left(config: Config, run: Run, mined: Checkpoint, tuned: Checkpoint) -> int:
    """Units of either kind."""
    is_tuned = tuned.is_complete and tuned.facts["drop"] == list(config.drop)
    n_to_tune = 0 if is_tuned else len(tuned.left(list(config.course().units())))
    return len(mined.left(_scan_units(run))) + n_to_tune


def _scan(config, run, limits, session, mined) -> None:
    units = _scan_units(run)
    left = mined.left(units)
    if not left:
        return
    processors.use(config.device)  # loads TensorFlow
    limit_threads(config.threads)
    chosen = chosen_net(run, "training")
    model = int8_model(chosen.net, chosen.shape, calibration(FeatureSet.open(run, "train").store))
    scan = partial(_scan_shard, run, model, config.keep_above)
    jobs = session.units(left, lambda _: 0)
    so_far = {"total": len(units), "initial": len(units) - len(left)}
    with progress(unit="shard", desc="04 search", **so_far) as bar:
        for unit, events in each(scan, jobs, limits.n_workers, ordered=False):
            mined.finish(unit, events=events)
            bar.update()
    session.must_be_continued(STAGE, len(mined.left(units)))


def _scan_shard(run: Run, model: bytes, keep_above: float, unit: str) -> tuple[str, list]:
    """The events of one shard: [index in the shard, seconds, score in 256ths] each."""
    features, device = FeatureSet.of_unit(run, unit), Device(model)
    events = []
    for index, ends_s in enumerate(features.ends_s):
        track = device.scores(features.store[index])
        events_of_stream = false_events(track, ends_s, keep_above, WINDOW)
        events += [[index, round(at_s, 3), _in_256ths(score)] for at_s, score in events_of_stream]
    return unit, events


def _in_256ths(score: float) -> float:
    """A score as checkpoints keep it: shards that an earlier version scanned are of this scale."""
    return round(round(score * firmware.CUTOFF_LEVELS * WINDOW) * firmware.OUTPUT_SCALE / WINDOW, 4)


def _score(in_256ths: float) -> float:
    """A checkpoint's score on the cutoff's scale; the sum behind it is a whole number."""
    return round(in_256ths / firmware.OUTPUT_SCALE * WINDOW) / (firmware.CUTOFF_LEVELS * WINDOW)


def _keep(config: Config, run: Run, session: Session, mined: Checkpoint) -> None:
    """Choose the worst events and store a window of features around each."""
    of_split = {record.path: record.split for record in load_clips(run)}
    n_frames = int(FeatureSet.open(run, "train").store.n_frames.min())
    events, places, windows = [], [], []
    for unit in _scan_units(run):
        features = FeatureSet.of_unit(run, unit)
        for index, at_s, score in mined.done[unit]["events"]:
            if features.store.n_frames[index] < n_frames:
                continue  # a stream shorter than a scene has no room around the event
            events.append(Event(unit, index, at_s, _score(score)))
            places.append(heard_in(features.scene(index), at_s))
            windows.append(window_around(unit, features, index, at_s, n_frames))
    # Where only the background sounded, the stream itself is named as the clip.
    heard = zip(events, places, strict=True)
    sources = [path or f"{event.set_name} {event.index}" for event, (path, _) in heard]
    kept = highest(events, sources, config.max_per_clip, config.max_events)
    rows = []
    for number, i in enumerate(kept):
        path, from_s = places[i]
        if path and of_split[path] is not Split.TRAIN:
            raise WrongInput(f"{path} is of the split {of_split[path].value}; only train is mined")
        facts = {"id": f"m{number:04d}", "clip": path, "clip_s": round(from_s, 3)}
        rows.append(
            facts | {"score": round(events[i].score, 4), "at_s": events[i].at_s, **windows[i]}
        )
    session.stop(len(rows) * EVENT_BYTES)
    session.must_be_continued(STAGE, 1)
    if rows:
        write_windows(run / FOLDER / "hard", run, rows, n_frames)
    write_table(run / TABLE, rows)
    mined.complete(kept=len(rows), found=len(events))


def _is_kept(run: Run, mined: Checkpoint) -> bool:
    """Whether what was kept is on disk; in a copy made meanwhile it may not be."""
    wanted = [f"{FOLDER}/mined.csv", *([f"{FOLDER}/hard"] if mined.facts["kept"] else [])]
    return all(run.all(name) for name in wanted)


def _fine_tune(config, run, limits, session, mined, tuned, on_unit) -> None:
    processors.use(config.device)
    limit_threads(config.threads)
    facts = completed(run, "training") | {"drop": list(config.drop)}
    hard = _kept_by_listener(config, run, mined)
    if hard is None:
        print(f"04: nothing over {config.keep_above:g} is left to train against; 05 takes 03's net")
        done = finished(run, "training")
        before = done[best(done)]["choice"]
        tuned.complete(**facts, mined=0, before=before, after=before)
        return
    train = FeatureSet.open(run, "train")
    share = config.mined_share
    sets = [("scenes", train, 1 - share), ("mined", hard, share, config.mined_penalty)]
    trained = trained_with(run)
    dataset = dataset_of(trained.labels, config.batch, config.seed, sets, trained.varied)
    start = chosen_net(run, "training")
    loss = config.loss(trained.loss)
    settings = replace(config.training(), dropout=trained.dropout)
    how = {"cmvn": start.cmvn, "device": config.device}
    trainer = Trainer(start.shape, settings, loss, config.seed, **how)
    trainer.start_from(start.net)
    aim = config.target_fah, config.max_clip_fpr
    evaluator = validation_evaluator(run, train, *aim, tuned.done, limits.n_workers)
    before = evaluator.facts(start.net, start.shape)  # by this stage's targets, not 03's
    course = config.course()
    seconds = fit(course, trainer, dataset, evaluator, run, tuned, session, on_unit)
    print("time:", where_time_went(seconds))
    session.must_be_continued(STAGE, len(tuned.left(list(course.units()))))
    drop_snapshots(course, run, tuned)
    chosen = best({unit: tuned.done[unit] for unit in course.units()})
    after = tuned.done[chosen]["choice"]
    # Fine-tuning is kept only where the rule prefers it.
    kept = facts | {"weights": course.weights(chosen)} if after["rank"] >= before["rank"] else facts
    tuned.complete(**kept, mined=len(hard), before=before, after=after)


def _kept_by_listener(config: Config, run: Run, mined: Checkpoint) -> FeatureSet | None:
    """The mined scenes less those the user listed in `drop`; None if none is left."""
    hard = FeatureSet.of_folder(run.find(f"{FOLDER}/hard")) if mined.facts["kept"] else None
    ids = [facts["id"] for facts in hard.facts] if hard else []
    drop = _of_this_table(config.drop, run)
    if unknown := sorted(set(drop) - set(ids)):
        raise WrongInput(f"drop names {unknown[0]!r}, which {FOLDER}/mined.csv does not have")
    kept = [i for i, name in enumerate(ids) if name not in drop]
    if not kept:
        return None
    facts, ends_s = [hard.facts[i] for i in kept], [hard.ends_s[i] for i in kept]
    return FeatureSet(Subset(hard.store, kept), facts, ends_s, [hard.scenes[i] for i in kept])


def _of_this_table(drop: tuple[str, ...], run: Run) -> list[str]:
    """The ids in `drop`, less those of another mined.csv: m0003@1a2b3c4d says of which it is."""
    of_table = table_digest(run)
    stale = [name for name in drop if "@" in name and name.partition("@")[2] != of_table]
    if stale:
        print(
            f"04: DROP names {', '.join(stale)} of another {FOLDER}/mined.csv, made with other "
            "weights or clips: not left out; listen to what is mined now"
        )
    return [name.partition("@")[0] for name in drop if name not in stale]


def _scan_units(run: Run) -> list[str]:
    return [unit for unit in finished(run, "features") if unit.split("/")[0] in SCANNED]


def begun_with(config: Config, run: Run) -> dict[str, dict]:
    """The settings, by folder, that have to be those that it was begun with."""
    settings = {name: value for name, value in asdict(config).items() if name != "drop"}
    settings["device"] = processors.begun_on(run, TUNED, config.device)
    return {FOLDER: config.mining(), TUNED: settings}


def _mined_checkpoint(config: Config, run: Run) -> Checkpoint:
    return _checkpoint(config, run, FOLDER)


def _tuned_checkpoint(config: Config, run: Run) -> Checkpoint:
    return _checkpoint(config, run, TUNED)


def _checkpoint(config: Config, run: Run, folder: str) -> Checkpoint:
    settings = begun_with(config, run)[folder] | _made_of(run)
    return Checkpoint.resume(run, folder, settings, of=config, anew=decided.anew(run))


def _made_of(run: Run) -> dict:
    return decided.made_of(run, {"weights": weights_digest(run)})


def check(run: Run) -> Facts:
    """What was mined and what it changed. Raises unless 05 can work with it."""
    tuned = completed(run, TUNED)
    run.find(tuned["weights"])
    facts = {
        "found": completed(run, FOLDER)["found"],
        "trained against": tuned["mined"],
        "before": str(read(tuned["before"])),
        "after": str(read(tuned["after"])),
        "weights": tuned["weights"],
        "table": str(run.find(f"{FOLDER}/mined.csv")),
    }
    return Facts(facts, *told.of_tuning(tuned, facts["found"]))
