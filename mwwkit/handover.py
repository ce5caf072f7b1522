"""What 02 hands over to 03, 04 and 05, in the forms that training and judging need."""

from dataclasses import dataclass

import numpy as np

from mwwkit import firmware
from mwwkit.audio.shards import FeatureSet
from mwwkit.checkpoint import CheckpointError, completed
from mwwkit.files import read_json
from mwwkit.model.batches import Source, WakeWordDataset
from mwwkit.model.evaluate import Judge, calibration
from mwwkit.model.labels import IGNORED, LabelSettings, label_steps
from mwwkit.model.mixednet import MixedNet
from mwwkit.model.shapes import SHAPES, Shape
from mwwkit.model.snapshots import SnapshotError, load_arrays
from mwwkit.model.spec_augment import SpecAugment
from mwwkit.model.training import net_of
from mwwkit.paths import Run

JUDGED_BY = ("words", "others", "ambient")


def dataset_of(
    settings: LabelSettings, n_batch: int, seed: int, sets: list[tuple[str, FeatureSet, float]]
) -> WakeWordDataset:
    """Batches over several sets, each with its name and its share of every batch."""
    sources = [Source(name, s.store, labels_of(s, settings), share) for name, s, share in sets]
    return WakeWordDataset(sources, n_batch, SpecAugment(), seed)


def labels_of(features: FeatureSet, settings: LabelSettings) -> np.ndarray:
    """int8 [scenes, steps]; of a baseline window only the last step is supervised."""
    n_steps = int(features.store.n_frames.min()) // firmware.STRIDE
    labels = np.stack([label_steps(ends, n_steps, settings) for ends in features.ends_s])
    for row, (facts, ends) in enumerate(zip(features.facts, features.ends_s, strict=True)):
        if "window" in facts:
            labels[row, :-1], labels[row, -1] = IGNORED, len(ends)
    return labels


def validation_judge(here: Run, train: FeatureSet, target_fah: float, max_clip_fpr: float) -> Judge:
    """What candidates are chosen by; `train` gives the int8 calibration.

    Raises ValueError where the validation split has nothing of a kind to choose by.
    """
    stores = [FeatureSet.open(here, f"validation-{name}").store for name in JUDGED_BY]
    wanted = ("the wake word", "other words", "long speech or noise")
    if missing := [w for w, store in zip(wanted, stores, strict=True) if not len(store)]:
        raise ValueError(
            f"the validation split has no clip of {' and none of '.join(missing)}, so a cutoff "
            "cannot be chosen; add some in 01"
        )
    return Judge(*stores, calibration(train.store), target_fah, max_clip_fpr)


def band_normalisation(here: Run) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each band over the training features (CMVN), [40] each."""
    statistics = read_json(here.find("features/statistics.json"))
    return np.array(statistics["mean"]), np.array(statistics["deviation"])


@dataclass(frozen=True)
class Chosen:
    """The net that a finished stage chose, and what it is made of."""

    net: MixedNet
    shape: Shape
    cmvn: tuple[np.ndarray, np.ndarray] | None


def chosen_net(here: Run, folder: str) -> Chosen:
    """The choice of a finished stage: "training" or "tuned".

    Raises CheckpointError where the stage has not finished or its weights are damaged.
    """
    facts = completed(here, folder)
    shape = SHAPES[facts["shape"]]
    cmvn = band_normalisation(here) if facts["cmvn"] else None
    try:
        weights = load_arrays(here.find(facts["weights"]))
    except SnapshotError as error:
        raise CheckpointError(
            f"{error}; delete {folder}/ of that run and run the stage again, or give an earlier "
            "run that has it as PREVIOUS"
        ) from error
    return Chosen(net_of(weights, shape, cmvn), shape, cmvn)


@dataclass(frozen=True)
class TrainedWith:
    """Settings of 03 that fine-tuning keeps to."""

    labels: LabelSettings
    dropout: float


def trained_with(here: Run) -> TrainedWith:
    """What the finished 03 was set to."""
    settings = read_json(here.find("training/checkpoint.json"))["settings"]
    labels = LabelSettings(from_s=settings["label_from_s"], to_s=settings["label_to_s"])
    return TrainedWith(labels, settings["dropout"])
