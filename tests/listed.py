"""Spectrograms in memory, for tests of what takes them from a store."""

from itertools import pairwise

import numpy as np
import varied

from mwwkit.model.shapes import Block, Shape
from mwwkit.training.batches import Source, WakeWordDataset
from mwwkit.training.spec_augment import NONE, SpecAugment

# A net that is soon traced, for what holds of any.
ONE_BLOCK = Shape("one_block", 8, 5, (Block((5, 7), 12),), 3)


class Listed:
    """int8 [spectrograms, frames, 40] with a feature store's face."""

    def __init__(self, features: np.ndarray):
        self.features = features
        self.n_frames = np.full(len(features), features.shape[1] if features.ndim > 1 else 0)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.features[index]

    def gather(self, indices: np.ndarray, out: np.ndarray) -> np.ndarray:
        out[:] = self.features[indices][:, : out.shape[1]]
        return out


def numbered(name: str, value: int, n_scenes: int, n_steps: int = 4, **counts) -> Source:
    """Scenes that are all `value`, with their own number as the label of every step."""
    features = np.full((n_scenes, 3 * n_steps, 40), value, np.int8)
    labels = np.repeat(np.arange(n_scenes, dtype=np.int8)[:, None], n_steps, axis=1)
    return Source(name, Listed(features), labels, **counts)


# Of a training: so little at a time that every step goes downhill, as calculus has it.
SMALL_STEPS = {"learning_rate": 1e-5, "warmup_steps": 0, "dropout": 0.0}


def same_batch() -> WakeWordDataset:
    """Every batch is the same: one scene with a word in it, four times."""
    return learnable(n_scenes=1)


def goes_downhill(trainer, dataset: WakeWordDataset) -> bool:
    """Whether the loss is lower after each of four steps; the trainer's are to be SMALL_STEPS."""
    losses = [trainer.train(dataset, trainer.step + 1)["loss"] for _ in range(5)]
    return all(later < earlier for earlier, later in pairwise(losses))


def learnable(
    n_batch: int = 4, n_scenes: int = 40, seed: int = 5, augment: SpecAugment = NONE
) -> WakeWordDataset:
    """Scenes of 60 steps of noise; in half of them six steps are loud in the upper bands."""
    seed = varied.seed(seed)
    rng = np.random.default_rng(seed)
    features = rng.integers(-128, -90, (n_scenes, 180, 40)).astype(np.int8)
    labels = np.zeros((n_scenes, 60), np.int8)
    for scene in range(0, n_scenes, 2):
        at = int(rng.integers(5, 50))
        features[scene, 3 * at : 3 * at + 18, 20:] = rng.integers(20, 90, (18, 20))
        labels[scene, at + 1 : at + 7] = 1
    return WakeWordDataset([Source("made", Listed(features), labels)], n_batch, augment, seed)
