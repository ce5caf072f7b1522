"""03 Spectrograms to weights: trains MixedNet and picks weights by their int8 model's results."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated

from mwwkit.corpus import decided
from mwwkit.model.shapes import SHAPES, size_report
from mwwkit.run.checkpoint import Checkpoint, completed, finished
from mwwkit.run.config_base import Before, Between, Checked, OneOf
from mwwkit.run.errors import WrongInput
from mwwkit.run.lock import one_writer
from mwwkit.run.pace import STEP_S, Watch, expected
from mwwkit.run.paths import Run
from mwwkit.run.profiling import profiled
from mwwkit.run.quantities import as_sentence, how_it_stands, made_now
from mwwkit.run.session import Limits, full_disk_stops
from mwwkit.run.settings import MaxClipFpr, TargetFah, carry
from mwwkit.run.shown import Facts, sentences
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages.inputs import (
    Balance,
    augmentation,
    band_normalisation,
    choosing_words,
    dataset_of,
    features_digest,
    validation_evaluator,
)
from mwwkit.training import distillation, processors, replicas, told
from mwwkit.training.batches import WakeWordDataset
from mwwkit.training.diagnosis import diagnose, length
from mwwkit.training.evaluated import best, read
from mwwkit.training.history import Events, both, write_table
from mwwkit.training.labels import LabelSettings
from mwwkit.training.loop import UNIT_STEPS, Course, drop_snapshots, fit, mend, where_time_went
from mwwkit.training.losses import LossSettings
from mwwkit.training.lr_finder import LRFinder, Sweep
from mwwkit.training.snapshots import load_arrays
from mwwkit.training.spec_augment import Bands, Frames, Gain, MaskCount, Warp
from mwwkit.training.teacher_shape import TeacherShape
from mwwkit.training.trainer import Threads, Trainer, TrainingSettings, limit_threads

STAGE = "03 train"
FOLDER = "training"
START_S = 10.0  # before the first unit: TensorFlow, the net, the graph of a step
EVALUATION_S = 4.0  # on one core of a small CPU machine, most of it the conversion to int8
LOOKING = ("find_rate", "tensorboard", "profile")  # settings that shape no weight
# Settings of the net alone: its teacher is the same whatever they are.
NET_ONLY = (
    *("shape", "steps", "schedule", "qat_steps", "cmvn", "patience", "triplet", "triplet_margin"),
    *("distillation", "distillation_temperature"),
)
Watcher = Callable[[dict], None]  # called with the history, unit -> facts, after every unit


@dataclass(frozen=True)
class Config(Checked):
    """What 03_train.ipynb can set."""

    shape: Annotated[str, OneOf(SHAPES)] = "mixed"
    steps: int = 12000
    batch: Annotated[int, Between(1, 4096)] = 8  # scenes of 12 s: some 3,200 decisions
    # The loop: see model.schedule.TrainingSettings.
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    schedule: tuple[tuple[int, float, float], ...] = ()  # of [steps, rate, negative_weight]
    weight_decay: float = 1e-3
    clip_norm: float = 5.0
    dropout: float = 0.1
    ema_decay: float = 0.999
    ema_decay_late: float = 0.9995  # in the last fifth
    precision: str = "float32"
    replicas: int = 1  # devices that share a batch; 0: every GPU
    qat_steps: int = 0  # the last so many feel the int8 file's rounding
    # The loss: see model.losses.LossSettings.
    positive_weight: float = 1.0
    negative_weight: float = 0.5
    hard_weight: float = 1.0
    hard_share: float = 0.01
    pooling: float = 0.0  # 0: every step of a word; 1: only its best (no exact word end needed)
    pooling_sharpness: float = 0.0
    focal: float = 0.0
    smoothing: float = 0.0
    triplet: float = 0.0
    triplet_margin: float = 0.2
    distillation: float = 0.0  # share of the loss that a teacher takes over from the labels
    distillation_temperature: float = 2.0
    # The teacher: see model.teacher.
    teacher_steps: Annotated[int, Between(0, 1_000_000, "0 (no teacher) to 1,000,000")] = 0
    teacher_width: int = 96
    teacher_blocks: int = 5
    # What is trained on.
    label_from_s: float = 0.0
    label_to_s: float = 0.30
    # So long before the word's end nothing is asked: its last sounds are the word already.
    label_ignore_before_s: Annotated[float, Between(0, 2), Before(0.12)] = 0.25
    class_ratio: tuple[float, ...] = ()  # of scenes with the word, without, with a near miss
    class_penalty: tuple[float, ...] = ()  # weights of their negative steps
    cmvn: bool = False
    spec_augment: bool = True  # warp, gain and masked bands, anew each step
    spec_warp: Annotated[Warp, Before(0.08)] = 0.08  # how strongly: see training.spec_augment
    spec_gain: Annotated[Gain, Before(0.1)] = 0.1
    spec_band_masks: Annotated[MaskCount, Before(2)] = 2
    spec_band_mask: Annotated[Bands, Before(5)] = 5
    spec_time_masks: Annotated[MaskCount, Before(0)] = 0
    spec_time_mask: Annotated[Frames, Before(12)] = 12
    # Which weights are kept, and when to stop.
    evaluate_every: int = 2500  # steps
    patience: int = 0  # evaluations without a better one; 0: all steps are taken
    target_fah: TargetFah = 0.5  # false accepts an hour that selection allows
    max_clip_fpr: MaxClipFpr = 0.01  # share of other words' clips that it allows
    device: Annotated[str, OneOf(processors.KINDS)] = "cpu"  # see training.processors
    threads: Threads = 1
    seed: int = 42
    find_rate: bool = False  # sweep the learning rate before training
    tensorboard: bool = False
    profile: bool = False

    def refuse_together(self) -> None:
        """Raise ValueError for what is in range but not together, and what the parts refuse."""
        if self.replicas > 1 and self.batch % self.replicas:
            raise WrongInput(
                f"batch is {self.batch}; wanted a multiple of replicas, which is {self.replicas}"
            )
        if self.distillation and not self.teacher_steps:
            raise WrongInput(
                f"distillation is {self.distillation}; wanted 0 without a teacher, or "
                "teacher_steps, as 1200"
            )
        self.training(), self.loss(), self.labels(), self.course(), self.balance(), self.teacher()

    def shaping(self) -> dict:
        """The settings that shape the weights."""
        return {name: value for name, value in asdict(self).items() if name not in LOOKING}

    def _as(self, settings: type):
        """Build a settings object from the fields of the same names in this Config."""
        run = vars(self)
        return settings(**{f.name: run[f.name] for f in fields(settings) if f.name in run})

    def training(self) -> TrainingSettings:
        """The loop's settings."""
        return self._as(TrainingSettings)

    def loss(self) -> LossSettings:
        """The loss's settings."""
        return self._as(LossSettings)

    def teacher(self) -> TeacherShape:
        """How large the teacher is."""
        return TeacherShape(self.teacher_width, self.teacher_blocks)

    def for_teacher(self) -> "Config":
        """The settings for training the teacher: this Config with its own step count."""
        plain = {field.name: field.default for field in fields(self) if field.name in NET_ONLY}
        return replace(self, **plain | {"steps": max(self.teacher_steps, 1)})

    def balance(self) -> Balance:
        """What a batch holds of each class of scenes."""
        return Balance(self.class_ratio, self.class_penalty, self.batch)

    def labels(self) -> LabelSettings:
        """The labels' settings."""
        return LabelSettings(self.label_from_s, self.label_to_s, -self.label_ignore_before_s)

    def course(self) -> Course:
        """The training units: how far, in what steps, evaluated when."""
        return Course(FOLDER, self.steps, self.evaluate_every, patience=self.patience)

    def teacher_course(self) -> Course:
        """The teacher's units."""
        return Course(distillation.FOLDER, self.teacher_steps, self.evaluate_every)


def plan(config: Config, run: Run, limits: Limits) -> Facts:
    """What is done, what is left, what the model will cost and which devices it fits.

    Raises CheckpointError when 02 has not finished, RuntimeError for a GPU that is not there.
    """
    replicas.n_devices(config.device, config.replicas)
    checkpoint = _checkpoint(config, run)
    left = config.course().left(checkpoint.done)
    if left:
        _say_another_kind(config, run, checkpoint)
    teacher_units_left, outdated = _teacher_units_left(config, run), checkpoint.outdated
    size, seconds = size_report(SHAPES[config.shape]), _guessed_s(config, run, checkpoint)
    undone = decided.not_yet_heard(run)
    undone |= {"units made anew, since it was decided": len(outdated)} if outdated else {}
    needs = [expected(run, STAGE, seconds)]
    needs += ["before them the teacher's"] * (teacher_units_left > 0)
    facts = {
        "size": str(size),
        "chosen by": str(choosing_words(run, _ranked_before(config, run, checkpoint))),
        "device": processors.words(config.device),
        "units done": len(config.course().units()) - len(left),
        "units left": len(left),
        **undone,
        **({"units of the teacher left": teacher_units_left} if config.teacher_steps else {}),
        "seconds before the first unit, about": START_S if left else 0,
        "minutes left, about": round(seconds / 60, 1),
    }
    n_done = config.course().n_steps(checkpoint.done)
    n_left = config.steps - n_done if left else 0
    return Facts(
        facts,
        how_it_stands(n_done, n_left, "step", *needs),
        *sentences(undone),
        *told.of_net(size),
        *(facts["chosen by"], as_sentence(f"trains on {facts['device']}")),
    )


def _guessed_s(config: Config, run: Run, checkpoint: Checkpoint) -> float:
    """What the units that are left take, the start and the evaluations included."""
    course, left = config.course(), config.course().left(checkpoint.done)
    teacher_s = _teacher_units_left(config, run) * config.teacher().step_s
    steps_s = UNIT_STEPS * config.batch / 16 * (len(left) * STEP_S + teacher_s)
    n_evaluations = sum(map(course.evaluates, map(course.units().get, left)))
    return (START_S if left else 0) + steps_s + n_evaluations * EVALUATION_S


@full_disk_stops(STAGE)
@one_writer
def run(config: Config, run: Run, limits: Limits, on_unit: Watcher = lambda done: None) -> Facts:
    """Train what is left; return the choice, where its weights are, and what the history shows.

    `on_unit` is called with the history (unit -> facts) after every unit, e.g. to draw curves.
    Raises StoppedEarly when the session's time, the disk budget or the disk ends first,
    RuntimeError for a GPU that is not there.
    """
    replicas.n_devices(config.device, config.replicas)
    checkpoint, course = _checkpoint(config, run), config.course()
    decided.remove_outdated(_both(config, run, checkpoint), "03", "the features")
    mend(course, run, checkpoint)
    session, before = limits.session(run), checkpoint.done
    n_left = len(course.left(checkpoint.done)) + _teacher_units_left(config, run)
    session.must_begin_in_time(STAGE, n_left)
    if course.left(checkpoint.done):
        guessed_s = _guessed_s(config, run, checkpoint)
        carry(run)
        processors.use(config.device)  # loads TensorFlow
        limit_threads(config.threads)
        _say_another_kind(config, run, checkpoint)
        with (
            Watch(run, STAGE) as watch,
            profiled(run / FOLDER / "profile.txt" if config.profile else None),
        ):
            seconds = _train(config, run, checkpoint, session, limits.n_workers, on_unit)
            watch.add(guessed_s - _guessed_s(config, run, checkpoint))
        print("time:", where_time_went(seconds))
    n_left = len(course.left(checkpoint.done)) + _teacher_units_left(config, run)
    session.must_be_continued(STAGE, n_left)
    if not checkpoint.is_complete:
        drop_snapshots(course, run, checkpoint)
        write_table(run / course.table(), checkpoint.done)
        weights = course.weights(best(checkpoint.done))
        checkpoint.complete(weights=weights, shape=config.shape, cmvn=config.cmvn)
    facts = {"units made now": len(checkpoint.done) - len(before), **check(run)}
    now = made_now(course.n_steps(checkpoint.done) - course.n_steps(before), "step", "trained")
    return Facts(facts, f"{now}; the chosen weights are in {facts['weights']}.")


def _both(config: Config, run: Run, checkpoint: Checkpoint) -> list[Checkpoint]:
    """The net's checkpoint, and its teacher's if there is one."""
    return [checkpoint, *([_teacher_checkpoint(config, run)] if config.teacher_steps else [])]


def _say_another_kind(config: Config, run: Run, checkpoint: Checkpoint) -> None:
    """Warn where units of the net or of its teacher were made on another kind of device."""
    kind = processors.kind_of(config.device, replicas.n_devices(config.device, config.replicas))
    for each in _both(config, run, checkpoint):
        processors.warn_of_another_kind(each, kind)


def _train(config, run, checkpoint, session, workers, on_unit) -> dict[str, float]:
    train, dataset = _material(config, run)
    aim = config.target_fah, config.max_clip_fpr
    before = _ranked_before(config, run, checkpoint)
    evaluator = validation_evaluator(run, train, *aim, before, workers)
    spent = {}
    if config.teacher_steps:
        spent["teacher"] = _train_teacher(config, run, dataset, evaluator, session, on_unit)
        if session.reason:
            return spent
    if config.distillation:
        dataset = distillation.with_soft_labels(dataset, load_arrays(run.find(distillation.LOGITS)))
    if config.tensorboard:
        on_unit = both(on_unit, Events(run / FOLDER / "tensorboard", checkpoint.done))
    trainer = _trainer(config, run)
    return spent | fit(
        config.course(), trainer, dataset, evaluator, run, checkpoint, session, on_unit
    )


def _ranked_before(config: Config, run: Run, checkpoint: Checkpoint) -> dict[str, dict]:
    """The units that earlier sessions ranked, the teacher's among them."""
    if not config.teacher_steps:
        return checkpoint.done
    teacher = _teacher_checkpoint(config, run).done
    return checkpoint.done | {f"teacher {unit}": facts for unit, facts in teacher.items()}


def _train_teacher(config, run, dataset, evaluator, session, on_unit) -> float:
    """Train the teacher to its end or to a limit; seconds spent."""
    checkpoint = _teacher_checkpoint(config, run)
    if checkpoint.is_complete:
        return 0.0
    from mwwkit.training.teacher import build_teacher  # TensorFlow

    own = config.for_teacher()
    args = own.teacher(), own.training(), own.loss(), own.seed
    trainer = Trainer(*args, device=own.device, make=build_teacher)
    evaluator = distillation.TeacherEvaluator.like(evaluator)
    course = config.teacher_course()
    spent = distillation.train_teacher(
        course, trainer, dataset, evaluator, run, checkpoint, session, on_unit
    )
    return sum(spent.values())


def _material(config: Config, run: Run) -> tuple[FeatureSet, WakeWordDataset]:
    """What is trained on, as scenes and as batches."""
    train = FeatureSet.open(run, "train")
    sets, varied = config.balance().sets(run, train), augmentation(asdict(config))
    return train, dataset_of(config.labels(), config.batch, config.seed, sets, varied)


def _trainer(config: Config, run: Run) -> Trainer:
    cmvn = band_normalisation(run) if config.cmvn else None
    args = SHAPES[config.shape], config.training(), config.loss(), config.seed
    return Trainer(*args, cmvn=cmvn, device=config.device)


def begun_with(config: Config, run: Run) -> dict[str, dict]:
    """The settings, by folder, that have to be those that it was begun with."""
    settings = {FOLDER: config.shaping()}
    if config.teacher_steps:
        of_teacher = {n: value for n, value in config.shaping().items() if n not in NET_ONLY}
        settings[distillation.FOLDER] = of_teacher
    devices = {folder: processors.begun_on(run, folder, config.device) for folder in settings}
    return {folder: each | {"device": devices[folder]} for folder, each in settings.items()}


def _checkpoint(config: Config, run: Run, folder: str = FOLDER) -> Checkpoint:
    settings = begun_with(config, run)[folder] | _made_of(run)
    return Checkpoint.resume(run, folder, settings, of=config, anew=decided.anew(run))


def _teacher_checkpoint(config: Config, run: Run) -> Checkpoint:
    return _checkpoint(config, run, distillation.FOLDER)


def _teacher_units_left(config: Config, run: Run) -> int:
    """Units that the teacher has left."""
    if not config.teacher_steps:
        return 0
    return len(config.teacher_course().left(_teacher_checkpoint(config, run).done))


def _made_of(run: Run) -> dict[str, str]:
    """A digest of the training features, and the mark of decisions that changed any."""
    return decided.made_of(run, {"features": features_digest(run)})


def find_rate(config: Config, run: Run) -> Sweep | None:
    """The loss at rates from 1e-6 to 1e-2 and one to try; None where it was not asked for.

    Changes nothing: the training that follows is the same with and without it.
    """
    if not config.find_rate:
        return None
    replicas.n_devices(config.device, config.replicas)
    processors.use(config.device)
    limit_threads(config.threads)
    alone = replace(config, distillation=0.0)  # a teacher may still have to be trained
    return LRFinder(_trainer(alone, run), _material(alone, run)[1]).run()


def check(run: Run) -> Facts:
    """The chosen unit, what it reached, a diagnosis. Raises unless 04 and 05 can work with it."""
    unit, choice = chosen(run)
    weights = run.find(completed(run, FOLDER)["weights"])
    found = str(diagnose(finished(run, FOLDER), unit, length(run)))
    facts = {"chosen": unit, **read(choice).rows(), "weights": str(weights), "diagnosis": found}
    return Facts(facts, *told.of_choice(facts))


def chosen(run: Run) -> tuple[str, dict]:
    """The unit whose weights a finished training chose, and its choice as the checkpoint has it."""
    done = finished(run, FOLDER)
    unit = best(done)
    return unit, done[unit]["choice"]
