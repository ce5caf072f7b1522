"""Training batches, gathered straight from the feature store.

The batch of step `n` depends on the seed and `n` alone, so training goes on in the middle of an
epoch as if it had not stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng
from mwwkit.training.spec_augment import Draws, SpecAugment, draw_augment


class Spectrograms(Protocol):
    """Interface of a feature source for batches, e.g. `scenes.store.FeatureStore`."""

    def __len__(self) -> int: ...  # noqa: D105
    def __getitem__(self, index: int) -> np.ndarray: ...  # noqa: D105
    def gather(self, indices: np.ndarray, out: np.ndarray) -> np.ndarray: ...  # noqa: D102


@dataclass(frozen=True)
class Source:
    """Scenes of one origin: their features, labels, and how they count.

    `share` of every batch comes from here; `penalty` multiplies the loss of its negative steps.
    `soft_labels` are a teacher's logits at the same steps, where there are any.
    """

    name: str
    spectrograms: Spectrograms  # all of one length
    labels: np.ndarray  # int8 [scenes, steps]
    share: float = 1.0
    penalty: float = 1.0
    soft_labels: np.ndarray | None = None  # float [scenes, steps]

    def __post_init__(self) -> None:  # noqa: D105
        if self.soft_labels is not None and self.soft_labels.shape != self.labels.shape:
            raise WrongInput(
                f"source {self.name!r}: a teacher's logits are "
                f"{list(self.soft_labels.shape)}; wanted "
                f"one a label, {list(self.labels.shape)}"
            )
        if len(self.spectrograms) != len(self.labels) or not len(self.labels):
            raise WrongInput(
                f"source {self.name!r} has {len(self.spectrograms)} spectrograms and "
                f"{len(self.labels)} labels; wanted as many of each, and at least one"
            )
        if not (self.share > 0 and self.penalty >= 0):
            raise WrongInput(f"source {self.name!r}: share must be above 0, penalty 0 or more")


@dataclass(frozen=True)
class Batch:
    """One step's material."""

    features: np.ndarray  # int8 [batch, frames, 40]
    labels: np.ndarray  # int8 [batch, steps]
    penalty: np.ndarray  # float32 [batch]
    soft_labels: np.ndarray | None = None  # float32 [batch, steps]: a teacher's logits


class WakeWordDataset:
    """Batches of `n_batch` scenes; every batch holds each source's share exactly."""

    def __init__(self, sources: Sequence[Source], n_batch: int, augment: SpecAugment, seed: int):
        """Raises ValueError when a source's share is less than one scene of a batch."""
        self.sources = list(sources)
        self.n_batch, self.augment, self.seed = n_batch, augment, seed
        self.counts = _whole_shares([s.share for s in self.sources], n_batch)
        for source, count in zip(self.sources, self.counts, strict=True):
            if not count:
                raise WrongInput(f"source {source.name!r}: its share of {n_batch} is no scene")
        steps = {source.labels.shape[1] for source in self.sources}
        if len(steps) != 1:
            raise WrongInput(f"sources hold scenes of {sorted(steps)} steps; wanted one length")
        self.n_steps = steps.pop()
        self.n_frames = self.n_steps * firmware.STRIDE
        self.has_soft_labels = any(source.soft_labels is not None for source in self.sources)
        missing = [source.name for source in self.sources if source.soft_labels is None]
        if missing and self.has_soft_labels:
            raise WrongInput(f"source {missing[0]!r} has no logits of the teacher, others have")

    def batch(self, step: int) -> Batch:
        """The batch of training step `step`."""
        draw = rng(self.seed, "batch", step)
        features = np.empty((self.n_batch, self.n_frames, firmware.N_BANDS), np.int8)
        labels = np.empty((self.n_batch, self.n_steps), np.int8)
        penalty = np.empty(self.n_batch, np.float32)
        soft_labels = np.empty(labels.shape, np.float32) if self.has_soft_labels else None
        first = 0
        for source, count in zip(self.sources, self.counts, strict=True):
            rows = slice(first, first + count)
            chosen = np.sort(draw.integers(len(source.labels), size=count))
            source.spectrograms.gather(chosen, features[rows])
            labels[rows], penalty[rows] = source.labels[chosen], source.penalty
            if soft_labels is not None:
                soft_labels[rows] = source.soft_labels[chosen]
            first += count
        return Batch(features, labels, penalty, soft_labels)

    def draws(self, step: int) -> Draws:
        """How the batch of training step `step` is varied."""
        draw = rng(self.seed, "augment", step)
        return draw_augment(draw, self.n_batch, self.n_frames, self.augment)


def _whole_shares(shares: list[float], total: int) -> list[int]:
    """Whole numbers that add up to `total`, as near to the shares as can be (largest remainder)."""
    exact = np.array(shares) / sum(shares) * total
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts.tolist()
