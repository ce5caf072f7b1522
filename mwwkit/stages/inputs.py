"""What stages 03 to 05 read of those before: batches, labels, validation evaluator, chosen net."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mwwkit.corpus import decided
from mwwkit.device import firmware
from mwwkit.metrics.operating_points import SET_NAMES
from mwwkit.metrics.whose_words import WhoseWords
from mwwkit.model.shapes import SHAPES, Shape
from mwwkit.run.checkpoint import CheckpointError, completed, finished, former_of
from mwwkit.run.config_base import Checked
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, sha256
from mwwkit.run.paths import Run
from mwwkit.scenes import provenance
from mwwkit.scenes.classes import CLASSES, by_class
from mwwkit.scenes.shards import FeatureSet
from mwwkit.training import spec_augment
from mwwkit.training.batches import Source, WakeWordDataset
from mwwkit.training.evaluated import History, evaluated
from mwwkit.training.evaluation_cache import EvaluationCache
from mwwkit.training.evaluator import Evaluator, calibration
from mwwkit.training.labels import IGNORED, LabelSettings, label_steps
from mwwkit.training.losses import LossSettings
from mwwkit.training.snapshots import SnapshotError, load_arrays
from mwwkit.training.spec_augment import SpecAugment
from mwwkit.training.trainer import net_of

if TYPE_CHECKING:
    from mwwkit.model.mixednet import MixedNet

NONE: History = MappingProxyType({})


SPEC = {f"spec_{f.name.removeprefix('n_')}": f.name for f in fields(SpecAugment)}


def augmentation(settings: Mapping[str, Any]) -> SpecAugment:
    """SpecAugment by the settings of 03 (SPEC; its defaults where they lack one), or none."""
    if not settings["spec_augment"]:
        return spec_augment.NONE
    return SpecAugment(**{SPEC[name]: settings[name] for name in SPEC if name in settings})


def dataset_of(
    settings: LabelSettings,
    n_batch: int,
    seed: int,
    sets: Sequence[tuple[str, FeatureSet, float] | tuple[str, FeatureSet, float, float]],
    varied: SpecAugment | None = None,
) -> WakeWordDataset:
    """Batches over several sets, each with its name and its share of every batch.

    A fourth value is the weight of a set's negative steps, 1 without.
    """
    sources = [Source(n, s.store, labels_of(s, settings), *counts) for n, s, *counts in sets]
    return WakeWordDataset(sources, n_batch, varied or SpecAugment(), seed)


@dataclass(frozen=True)
class Balance(Checked):
    """Scenes of each class in a batch, as a ratio, and the weight of each class's negatives.

    The classes are those of `scenes.classes`: with the wake word, without, with a near miss.
    Nothing in `ratio`: as they come; nothing in `penalty`: 1 each.
    """

    ratio: tuple[float, ...] = ()
    penalty: tuple[float, ...] = ()
    n_batch: int = 16
    whose = "class_"

    def refuse_together(self) -> None:
        """Raise ValueError for other than three parts, and for a class that would have no scene."""
        for name in ("ratio", "penalty"):
            numbers = getattr(self, name)
            if numbers and (
                len(numbers) != len(CLASSES) or not all(0 <= x <= 1000 for x in numbers)
            ):
                raise WrongInput(
                    f"class_{name} is {list(numbers)}; wanted nothing, or three numbers of 0 to "
                    "1000, for scenes with the word, without, and with a near miss"
                )
        if self.ratio and not sum(self.ratio):
            raise WrongInput("class_ratio is all zeros; wanted at least one class in a batch")
        if self.penalty and not self.ratio:
            raise WrongInput("class_penalty needs a class_ratio, which says what a batch holds")
        least = min((part for part in self.ratio if part), default=1) / (sum(self.ratio) or 1)
        if self.ratio and least * self.n_batch < 0.5:
            raise WrongInput(
                f"class_ratio is {list(self.ratio)} and batch is {self.n_batch}: a class would "
                "have no scene; wanted a larger batch or part"
            )

    def sets(self, run: Run, train: FeatureSet) -> list[tuple[str, FeatureSet, float, float]]:
        """The training scenes by class, for `dataset_of`; ValueError for a class without any."""
        if not self.ratio:
            return [("scenes", train, 1.0, 1.0)]
        indices = by_class(train, decided.featurized_clips(run))
        penalty, sets = self.penalty or (1.0,) * len(CLASSES), []
        for name, part, weight in zip(CLASSES, self.ratio, penalty, strict=True):
            if part and not indices[name]:
                raise WrongInput(
                    f"class_ratio wants scenes of class {name!r} and 02 made none; set its part to "
                    "0, or give 01 such clips"
                )
            if part:
                sets.append((name, train.at(indices[name]), part, weight))
        return sets


def labels_of(features: FeatureSet, settings: LabelSettings) -> np.ndarray:
    """int8 [scenes, steps]; of a baseline window only the last step is supervised."""
    n_steps = int(features.store.n_frames.min()) // firmware.STRIDE
    labels = np.stack([label_steps(ends, n_steps, settings) for ends in features.ends_s])
    for row, (facts, ends) in enumerate(zip(features.facts, features.ends_s, strict=True)):
        if "window" in facts:
            labels[row, :-1], labels[row, -1] = IGNORED, len(ends)
    return labels


def validation_evaluator(
    run: Run,
    train: FeatureSet,
    target_fah: float,
    max_clip_fpr: float,
    before: History = NONE,
    workers: int = 1,
) -> Evaluator:
    """The evaluator that ranks candidates on the validation split, calibrated with `train`.

    A candidate's logit is calibrated on the words that choose, under every condition, and all else.
    People's words choose where they are enough; machines' are then told beside them. `before` are
    the units that are ranked already: those to come are ranked by the same words.

    Raises ValueError where the validation split has nothing of a kind to choose by, CheckpointError
    as `choosing_words` does.
    """
    sets = [FeatureSet.open(run, f"validation-{name}") for name in SET_NAMES]
    stores = [features.store for features in sets]
    wanted = ("the wake word", "other words", "long speech or noise")
    if missing := [w for w, store in zip(wanted, stores, strict=True) if not len(store)]:
        raise WrongInput(
            f"the validation split has no clip of {' and none of '.join(missing)}, so a cutoff "
            "cannot be chosen; add some in 01"
        )
    words = choosing_words(run, before)
    counted = sets[0].at(words.counted) if words.beside else sets[0]
    ends_s = [ends[0] for ends in counted.ends_s]
    material = counted.store, *stores[1:], calibration(train.store)
    rule = target_fah, max_clip_fpr, ends_s, EvaluationCache(run)
    near = provenance.near_misses(sets[1], provenance.records(run))
    return Evaluator(*material, *rule, words, sets[0].at(words.beside).store, near, workers)


def choosing_words(run: Run, before: History = NONE) -> WhoseWords:
    """Which words of the validation split choose weights, and whose they are.

    They are those by which the units `before` were ranked: all of them, if an earlier version did.
    Raises CheckpointError where those cannot be told from the others any more.
    """
    features = FeatureSet.open(run, "validation-words")
    words = provenance.whose_words(features, provenance.records(run))
    ranked = {reached.words_of for reached in map(evaluated, before.values()) if reached}
    if ranked <= {words.whose}:
        return words
    if ranked == {"people"}:
        raise CheckpointError(
            f"its weights were ranked by people's words so far, and now {_no_longer(words)}; give "
            "the run of 01 that it began with as PREVIOUS, or begin anew in another RUN_DIR"
        )
    return words.together


def _no_longer(words: WhoseWords) -> str:
    """Why people's words cannot choose any more."""
    if words.whose == "unknown":
        return "whose words there are is not known: clips/catalogue.csv is not at hand"
    return f"the words to choose by are others. {words}".rstrip(".")


def band_normalisation(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each band over the training features (CMVN), [40] each."""
    statistics = read_json(run.find("features/statistics.json"))
    return np.array(statistics["mean"]), np.array(statistics["deviation"])


def features_digest(run: Run) -> str:
    """A digest of the training features. Raises CheckpointError where 02 has not finished."""
    features = finished(run, "features")
    shards = [facts["sha256"] for unit, facts in features.items() if unit.startswith("train/")]
    return hashlib.sha256(" ".join(shards).encode()).hexdigest()


def weights_digest(run: Run) -> str:
    """The SHA-256 of the weights that 03 chose, none older than what was decided about clips.

    Raises CheckpointError where 03 has not finished, or not on the features as they are now.
    """
    decided.refuse_outdated(run, "training", "03", features=features_digest(run))
    return sha256(run.find(completed(run, "training")["weights"]))


@dataclass(frozen=True)
class Chosen:
    """The net that a finished stage chose, and what it is made of."""

    net: MixedNet
    shape: Shape
    cmvn: tuple[np.ndarray, np.ndarray] | None


def chosen_net(run: Run, folder: str) -> Chosen:
    """The choice of a finished stage: "training" or "tuned".

    Raises CheckpointError where the stage has not finished or its weights are damaged.
    """
    facts = completed(run, folder)
    shape = SHAPES[facts["shape"]]
    cmvn = band_normalisation(run) if facts["cmvn"] else None
    try:
        weights = load_arrays(run.find(facts["weights"]))
    except SnapshotError as error:
        raise CheckpointError(
            f"{error}; delete {folder}/ of that run and run the stage again, or give an earlier "
            "run that has it as PREVIOUS"
        ) from error
    if broken := sorted(name for name, array in weights.items() if not np.isfinite(array).all()):
        raise CheckpointError(
            f"{run.find(facts['weights'])} holds values that are no numbers ({broken[0]}): "
            f"training fell apart; delete {folder}/ of that run and take a lower learning rate"
        )
    return Chosen(net_of(weights, shape, cmvn), shape, cmvn)


@dataclass(frozen=True)
class TrainedWith:
    """Settings of 03 that fine-tuning keeps to."""

    labels: LabelSettings
    dropout: float
    varied: SpecAugment
    loss: LossSettings


def trained_with(run: Run) -> TrainedWith:
    """The settings that 04 keeps from the finished 03: labels, dropout, augmentation, loss.

    Raises CheckpointError where an older version did not write it down.
    """
    path = run.find("training/checkpoint.json")
    written = read_json(path)["settings"]
    settings = former_of(LossSettings(), _LOSS_OF_03) | written
    wanted = ("label_from_s", "label_to_s", "dropout", "spec_augment")
    if missing := [name for name in wanted if name not in settings]:
        raise CheckpointError(
            f"{path} does not tell {missing[0]}, which 04 keeps to: an older mwwkit wrote it; run "
            "03 again in a new RUN_DIR"
        )
    before_s = settings.get("label_ignore_before_s", 0.12)  # as it was before it could be set
    labels = LabelSettings(settings["label_from_s"], settings["label_to_s"], -before_s)
    loss = LossSettings(**{n: settings[n] for n in _LOSS_OF_03 if n in settings})
    varied = augmentation(settings)
    return TrainedWith(labels, settings["dropout"], varied, loss)


_LOSS_OF_03 = (
    "positive_weight",
    "negative_weight",
    "hard_weight",
    "hard_share",
    "pooling_sharpness",
    "focal",
    "smoothing",
)
