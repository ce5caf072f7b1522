"""03 Spectrograms to weights: MixedNet on labelled scenes, chosen by its int8 twin's numbers."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

from mwwkit.audio.shards import FeatureSet
from mwwkit.checkpoint import Checkpoint, completed, finished
from mwwkit.handover import band_normalisation, dataset_of, validation_judge
from mwwkit.model.fit import UNIT_STEPS, Course, best, drop_snapshots, fit, where_time_went
from mwwkit.model.labels import LabelSettings
from mwwkit.model.losses import LossSettings
from mwwkit.model.shapes import SHAPES, size_report
from mwwkit.model.spec_augment import array_module
from mwwkit.model.training import Trainer, TrainingSettings, limit_threads
from mwwkit.paths import Run
from mwwkit.session import Limits, full_disk_stops

FOLDER = "training"


@dataclass(frozen=True)
class Config:
    """What 03_train.ipynb can set."""

    shape: str = "mixed"
    steps: int = 4500
    batch: int = 16  # scenes of 12 s: some 6,400 decisions
    learning_rate: float = 3e-3
    pooling: float = 0.0  # 0: every step of a word; 1: only its best (no exact word end needed)
    label_from_s: float = 0.0
    label_to_s: float = 0.30
    dropout: float = 0.1
    cmvn: bool = False
    evaluate_every: int = 750  # steps
    target_fah: float = 0.5  # false accepts an hour that selection allows
    max_clip_fpr: float = 0.01  # share of other words' clips that it allows
    device: str = "cpu"  # SpecAugment on "cpu" (NumPy) or "gpu" (CuPy)
    threads: int = 1
    seed: int = 42

    def __post_init__(self) -> None:  # noqa: D105
        if self.shape not in SHAPES:
            raise ValueError(f"shape is {self.shape!r}; wanted one of {', '.join(SHAPES)}")
        if not 1 <= self.batch <= 4096:
            raise ValueError(f"batch is {self.batch}; wanted 1 to 4096")
        if not 1 <= self.threads <= 64:
            raise ValueError(f"threads is {self.threads}; wanted 1 to 64")
        if not self.target_fah > 0:
            raise ValueError(f"target_fah is {self.target_fah}; wanted more than 0 an hour")
        if not 0 <= self.max_clip_fpr <= 1:
            raise ValueError(f"max_clip_fpr is {self.max_clip_fpr}; wanted 0 to 1")
        if self.device not in ("cpu", "gpu"):
            raise ValueError(f"device is {self.device!r}; wanted 'cpu' or 'gpu'")
        self.training(), self.loss(), self.labels(), self.course()  # each checks its own

    def shaping(self) -> dict:
        """The settings that shape the weights."""
        return asdict(self)

    def training(self) -> TrainingSettings:
        """The loop's settings."""
        return TrainingSettings(
            steps=self.steps, learning_rate=self.learning_rate, dropout=self.dropout
        )

    def loss(self) -> LossSettings:
        """The loss's settings."""
        return LossSettings(pooling=self.pooling)

    def labels(self) -> LabelSettings:
        """The labels' settings."""
        return LabelSettings(from_s=self.label_from_s, to_s=self.label_to_s)

    def course(self) -> Course:
        """The units."""
        return Course(FOLDER, self.steps, self.evaluate_every)


def plan(config: Config, here: Run, limits: Limits) -> dict:
    """What is done, what is left, what the model will cost on the device.

    Raises CheckpointError when 02 has not finished, RuntimeError for a GPU that is not there.
    """
    array_module(config.device)
    checkpoint = _checkpoint(config, here)
    left = checkpoint.left(list(config.course().units()))
    return {
        "size": str(size_report(SHAPES[config.shape])),
        "units done": len(config.course().units()) - len(left),
        "units left": len(left),
        # 28 ms a step of 16 scenes of 12 s on one core of a small CPU machine
        "minutes left, about": round(len(left) * UNIT_STEPS * 0.028 * config.batch / 16 / 60, 1),
    }


@full_disk_stops("03 train")
def run(
    config: Config, here: Run, limits: Limits, on_unit: Callable[[dict], None] = lambda done: None
) -> dict:
    """Train what is left; return the choice and where its weights are.

    `on_unit` is called with the history (unit -> facts) after every unit, e.g. to draw curves.
    Raises StoppedEarly when the session's time, the disk budget or the disk ends first,
    RuntimeError for a GPU that is not there.
    """
    array_module(config.device)
    limit_threads(config.threads)
    checkpoint = _checkpoint(config, here)
    session = limits.session(here)
    units = list(config.course().units())
    left = checkpoint.left(units)
    if left:
        seconds = _train(config, here, checkpoint, session, on_unit)
        print("time:", where_time_went(seconds))
    session.must_be_continued("03 train", len(checkpoint.left(units)))
    if not checkpoint.is_complete:
        drop_snapshots(config.course(), here, checkpoint)
        weights = config.course().weights(best(checkpoint.done))
        checkpoint.complete(weights=weights, shape=config.shape, cmvn=config.cmvn)
    return {"units made now": len(left), **check(here)}


def _train(config, here, checkpoint, session, on_unit) -> dict[str, float]:
    train = FeatureSet.open(here, "train")
    dataset = dataset_of(config.labels(), config.batch, config.seed, [("scenes", train, 1.0)])
    trainer = Trainer(
        SHAPES[config.shape],
        config.training(),
        config.loss(),
        config.seed,
        cmvn=band_normalisation(here) if config.cmvn else None,
        device=config.device,
    )
    judge = validation_judge(here, train, config.target_fah, config.max_clip_fpr)
    return fit(config.course(), trainer, dataset, judge, here, checkpoint, session, on_unit)


def _checkpoint(config: Config, here: Run) -> Checkpoint:
    features = finished(here, "features")
    shards = [facts["sha256"] for unit, facts in features.items() if unit.startswith("train/")]
    made_of = hashlib.sha256(" ".join(shards).encode()).hexdigest()
    return Checkpoint.resume(here, FOLDER, config.shaping() | {"features": made_of})


def check(here: Run) -> dict:
    """The chosen unit and its figures. Raises unless 04 and 05 can work with it."""
    done = finished(here, FOLDER)
    chosen = best(done)
    weights = here.find(completed(here, FOLDER)["weights"])
    return {"chosen": chosen, **done[chosen]["choice"], "weights": str(weights)}
