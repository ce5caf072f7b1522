"""03 Spectrograms to weights: MixedNet on labelled scenes, chosen by its int8 twin's numbers."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from tqdm.auto import tqdm

from mwwkit.audio.shards import FeatureSet
from mwwkit.checkpoint import Checkpoint, finished
from mwwkit.files import read_json, replacing
from mwwkit.model.batches import Source, WakeWordDataset
from mwwkit.model.evaluate import calibration, int8_model, tracks
from mwwkit.model.labels import IGNORED, LabelSettings, label_steps
from mwwkit.model.losses import LossSettings
from mwwkit.model.shapes import SHAPES, size_report
from mwwkit.model.spec_augment import SpecAugment, array_module
from mwwkit.model.training import Trainer, TrainingSettings, limit_threads, weights_of
from mwwkit.operating import Choice
from mwwkit.paths import Run
from mwwkit.session import Limits

FOLDER = "training"
UNIT_STEPS = 250  # a time-out costs at most this many
SNAPSHOT_BYTES = 2_000_000


@dataclass(frozen=True)
class Config:
    """What 03_train.ipynb can set."""

    shape: str = "mixed"
    steps: int = 3000
    batch: int = 16  # scenes of 12 s: some 6,400 decisions
    learning_rate: float = 3e-3
    pooling: float = 0.0  # 0: every step of a word; 1: only its best (no exact word end needed)
    label_from_s: float = 0.0
    label_to_s: float = 0.30
    dropout: float = 0.1
    cmvn: bool = False
    evaluate_every: int = 1000  # steps
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
        if self.evaluate_every < UNIT_STEPS or self.evaluate_every % UNIT_STEPS:
            raise ValueError(
                f"evaluate_every is {self.evaluate_every}; wanted a multiple of {UNIT_STEPS}"
            )
        if not self.target_fah > 0:
            raise ValueError(f"target_fah is {self.target_fah}; wanted more than 0 an hour")
        if not 0 <= self.max_clip_fpr <= 1:
            raise ValueError(f"max_clip_fpr is {self.max_clip_fpr}; wanted 0 to 1")
        if self.device not in ("cpu", "gpu"):
            raise ValueError(f"device is {self.device!r}; wanted 'cpu' or 'gpu'")
        self.training(), self.loss(), self.labels()

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

    def units(self) -> dict[str, int]:
        """The units by name, each with the step it ends at."""
        ends = [*range(UNIT_STEPS, self.steps, UNIT_STEPS), self.steps]
        return {f"step-{end:07d}": end for end in ends}

    def evaluates(self, step: int) -> bool:
        """Whether the unit that ends at `step` ends with an evaluation."""
        return step % self.evaluate_every == 0 or step == self.steps


def plan(config: Config, here: Run, limits: Limits) -> dict:
    """What is done, what is left, what the model will cost on the device.

    Raises CheckpointError when 02 has not finished, RuntimeError for a GPU that is not there.
    """
    array_module(config.device)
    checkpoint = _checkpoint(config, here)
    units = config.units()
    left = checkpoint.left(list(units))
    return {
        "size": str(size_report(SHAPES[config.shape])),
        "steps done": config.steps - sum(1 for _ in left) * UNIT_STEPS if left else config.steps,
        "units left": len(left),
        # 28 ms a step of 16 scenes of 12 s on one core of a small CPU machine
        "minutes left, about": round(len(left) * UNIT_STEPS * 0.028 * config.batch / 16 / 60, 1),
    }


def run(
    config: Config, here: Run, limits: Limits, on_unit: Callable[[dict], None] = lambda done: None
) -> dict:
    """Train what is left; return the choice and where its weights are.

    `on_unit` is called with the history (unit -> facts) after every unit, e.g. to draw curves.
    Raises StoppedEarly when the session's time or the disk budget ends first.
    """
    limit_threads(config.threads)
    checkpoint = _checkpoint(config, here)
    session = limits.session(here)
    left = checkpoint.left(list(config.units()))
    if left:
        _train(config, here, checkpoint, session, left, on_unit)
    session.must_be_continued("03 train", len(checkpoint.left(list(config.units()))))
    chosen = best(checkpoint.done)
    if not checkpoint.is_complete:
        checkpoint.complete(chosen=chosen)
    return {"steps made now": len(left) * UNIT_STEPS, **check(here)}


def _train(config, here, checkpoint, session, left, on_unit) -> None:
    train = FeatureSet.open(here, "train")
    dataset = dataset_of(config, [("scenes", train, 1.0)])
    trainer = Trainer(
        SHAPES[config.shape],
        config.training(),
        config.loss(),
        config.seed,
        cmvn=band_normalisation(here) if config.cmvn else None,
        device=config.device,
    )
    if checkpoint.done:
        trainer.load(np.load(here.find(_snapshot(max(checkpoint.done))), allow_pickle=False))
    ends = config.units()
    n_done = trainer.step
    seconds = {"evaluation": 0.0, "saving": 0.0}
    with tqdm(total=config.steps, initial=n_done, unit="step", desc="03") as bar:
        for unit in session.units(left, lambda _: SNAPSHOT_BYTES):
            facts = trainer.train(dataset, ends[unit], on_step=bar.update)
            bar.set_postfix(loss=f"{facts['loss']:.3f}")
            started = time.perf_counter()
            if config.evaluates(ends[unit]):
                facts |= _evaluate(config, here, trainer, dataset, train, unit)
            evaluated = time.perf_counter()
            with replacing(here / _snapshot(unit)) as part:
                np.savez(part.open("wb"), **trainer.state())
            checkpoint.finish(unit, **facts)
            _drop_older_snapshots(here, unit)
            on_unit(checkpoint.done)
            seconds["evaluation"] += evaluated - started
            seconds["saving"] += time.perf_counter() - evaluated
    _say_where_time_went(trainer.seconds | seconds)


def _evaluate(config, here, trainer, dataset, train, unit) -> dict:
    net = trainer.averaged(dataset)
    with replacing(here / weights_path(unit)) as part:
        np.savez(part.open("wb"), **weights_of(net))
    model = int8_model(net, SHAPES[config.shape], calibration(train.store))
    judged = [
        FeatureSet.open(here, f"validation-{n}").store for n in ("words", "others", "ambient")
    ]
    choice = tracks(model, *judged).choose(config.target_fah, config.max_clip_fpr)
    return {"choice": _facts(choice)}


def _facts(choice: Choice) -> dict:
    """A choice as the checkpoint keeps it; `rank` orders them."""
    return {
        "cutoff": choice.cutoff,
        "window": choice.window,
        "recall": choice.recall.value,
        "false_accepts_per_hour": choice.fah.value,
        "clip_false_accepts": choice.clip_false_accepts.value,
        "rank": [float(part) for part in choice.rank],
        "note": choice.note,
    }


def best(done: dict[str, dict]) -> str:
    """The evaluated unit of highest rank; of equals the latest."""
    evaluated = {unit: facts["choice"]["rank"] for unit, facts in done.items() if "choice" in facts}
    return max(evaluated, key=lambda unit: (evaluated[unit], unit))


def dataset_of(config: Config, sets: list[tuple[str, FeatureSet, float]]) -> WakeWordDataset:
    """Batches over several sets, each with its name and its share of every batch."""
    sources = [Source(name, s.store, _labels(s, config), share) for name, s, share in sets]
    return WakeWordDataset(sources, config.batch, SpecAugment(), config.seed)


def _labels(features: FeatureSet, config: Config) -> np.ndarray:
    """int8 [scenes, steps]; of a baseline window only the last step is supervised."""
    settings = config.labels()
    n_steps = int(features.store.n_frames.min()) // SHAPES[config.shape].stride
    labels = np.stack([label_steps(ends, n_steps, settings) for ends in features.ends_s])
    for row, (facts, ends) in enumerate(zip(features.facts, features.ends_s, strict=True)):
        if "window" in facts:
            labels[row, :-1], labels[row, -1] = IGNORED, len(ends)
    return labels


def band_normalisation(here: Run) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each band over the training features (CMVN), [40] each."""
    statistics = read_json(here.find("features/statistics.json"))
    return np.array(statistics["mean"]), np.array(statistics["deviation"])


def weights_path(unit: str) -> str:
    """Where a unit's averaged weights are in a run."""
    return f"{FOLDER}/averaged-{unit}.npz"


def _snapshot(unit: str) -> str:
    return f"{FOLDER}/snapshot-{unit}.npz"


def _drop_older_snapshots(here: Run, newest: str) -> None:
    """Only after the checkpoint that needs the newest alone is on disk."""
    for path in (here / FOLDER).glob("snapshot-*.npz"):
        if path.name != f"snapshot-{newest}.npz":
            path.unlink()


def _checkpoint(config: Config, here: Run) -> Checkpoint:
    features = finished(here, "features")
    made_of = {
        unit: facts["sha256"] for unit, facts in features.items() if unit.startswith("train/")
    }
    return Checkpoint.resume(here, FOLDER, config.shaping() | {"features": made_of})


def _say_where_time_went(seconds: dict[str, float]) -> None:
    total = sum(seconds.values()) or 1.0
    print("time: " + ", ".join(f"{n} {s:.1f} s ({s / total:.1%})" for n, s in seconds.items()))


def check(here: Run) -> dict:
    """The chosen unit and its figures. Raises unless 04 and 05 can work with it."""
    done = finished(here, FOLDER)
    chosen = best(done)
    here.find(weights_path(chosen))
    return {
        "chosen": chosen,
        **done[chosen]["choice"],
        "weights": str(here.find(weights_path(chosen))),
    }
