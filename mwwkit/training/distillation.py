"""Train a teacher, and make its logits for every training scene for the net to learn from.

Its logits are computed once a scene, on the features as they are, and not anew on the augmented
features of each step: a forward pass of the teacher costs as much as a whole step of the net it
teaches, and there are some ten times as many steps as batches of scenes. The augmentation moves
nothing in time, so the logits fit it; that the teacher hears the clean features and the net the
varied ones is as in "Self-training with Noisy Student" (Xie et al., CVPR 2020).

It looks ahead, so shortly before a word ends it is sure of what no causal net can know, and a net
that followed it would fire on half the word. Labels say nothing in those steps, and neither may the
teacher: `hold_back`. Everywhere else its labels are as causal as those that both are trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from mwwkit.device import firmware
from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.paths import Run
from mwwkit.run.session import Session
from mwwkit.training.batches import Source, WakeWordDataset
from mwwkit.training.evaluated import best
from mwwkit.training.evaluator import Evaluator, Tracks, to_float_features
from mwwkit.training.labels import IGNORED
from mwwkit.training.loop import Course, drop_snapshots, fit
from mwwkit.training.snapshots import load_arrays, save_arrays
from mwwkit.training.teacher_shape import TeacherShape
from mwwkit.training.trainer import Trainer

if TYPE_CHECKING:
    from mwwkit.training.teacher import TeacherNet

FOLDER = "teacher"
WEIGHTS, LOGITS = f"{FOLDER}/teacher.npz", f"{FOLDER}/logits.npz"
N_BATCH = 16  # scenes in one forward pass


class TeacherEvaluator(Evaluator):
    """Ranks teachers by the rule for nets, on a teacher's own scores, not an int8 model's."""

    @classmethod
    def like(cls, evaluator: Evaluator) -> TeacherEvaluator:
        """An evaluator of teachers, from the same validation material and rule as `evaluator`."""
        same = {field.name: getattr(evaluator, field.name) for field in fields(Evaluator)}
        return cls(**same | {"calibration": [], "cache": None})

    def scored(self, net: TeacherNet, shape: TeacherShape) -> Tracks:
        """The teacher's own scores on the validation split."""
        from mwwkit.training.teacher import track  # TensorFlow

        material = self.positives, self.negatives, self.ambient, self.beside
        return Tracks(*([track(net, store[i]) for i in range(len(store))] for store in material))


def train_teacher(
    course: Course,
    trainer: Trainer,
    dataset: WakeWordDataset,
    evaluator: TeacherEvaluator,
    run: Run,
    checkpoint: Checkpoint,
    session: Session,
    on_unit: Callable[[dict], None] = lambda done: None,
) -> dict[str, float]:
    """Train what is left of a teacher, until a limit; return where the seconds went.

    Once it is whole, write the choice and what it says of the scenes of `dataset`.
    """
    seconds = fit(course, trainer, dataset, evaluator, run, checkpoint, session, on_unit)
    if not course.left(checkpoint.done):
        weights = load_arrays(run.find(course.weights(best(checkpoint.done))))
        from mwwkit.training.teacher import save_teacher, teacher_of

        net = teacher_of(weights, trainer.shape)
        save_teacher(run / WEIGHTS, net)
        save_arrays(run / LOGITS, {s.name: soft_labels(net, s) for s in dataset.sources})
        drop_snapshots(course, run, checkpoint)
        checkpoint.complete(weights=WEIGHTS, logits=LOGITS)
    return seconds


def soft_labels(net: TeacherNet, source: Source) -> np.ndarray:
    """float16 [scenes, steps]: the teacher's logits, NaN where they are held back."""
    n_scenes, n_steps = source.labels.shape
    logits = np.empty((n_scenes, n_steps), np.float16)
    for first in range(0, n_scenes, N_BATCH):
        rows = np.arange(first, min(first + N_BATCH, n_scenes))
        features = np.empty((len(rows), n_steps * firmware.STRIDE, firmware.N_BANDS), np.int8)
        source.spectrograms.gather(rows, features)
        logits[rows] = net.infer(to_float_features(features)).numpy()
    return hold_back(logits, source.labels)


def hold_back(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Set logits [scenes, steps] to NaN at the unlabelled steps just before a word's steps."""
    n_steps = labels.shape[1]
    supervised = np.where(labels != IGNORED, np.arange(n_steps), n_steps)
    following = np.minimum.accumulate(supervised[:, ::-1], axis=1)[:, ::-1]
    ended = np.pad(labels, [(0, 0), (0, 1)])
    before_word = (labels == IGNORED) & (np.take_along_axis(ended, following, axis=1) > 0)
    return np.where(before_word, np.array(np.nan, logits.dtype), logits)


def with_soft_labels(dataset: WakeWordDataset, logits: Mapping[str, np.ndarray]) -> WakeWordDataset:
    """The same batches with a teacher's logits, given by the names of their sources."""
    sources = [replace(source, soft_labels=logits[source.name]) for source in dataset.sources]
    return WakeWordDataset(sources, dataset.n_batch, dataset.augment, dataset.seed)
