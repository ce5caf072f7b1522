"""What training minimises over the steps of a batch of scenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mwwkit.model.backend import tf
from mwwkit.run.config_base import Between, Checked
from mwwkit.run.errors import WrongInput

Weight = Annotated[float, Between(0, 1000)]
Share = Annotated[float, Between(0, 1)]
LEAST_WRONG = 1e-6  # under this a focal weight is taken for 0: powers below 1 have no slope there


@dataclass(frozen=True)
class LossSettings(Checked):
    """Weights of the parts, how a word's steps are pooled, and what else the loss is to ask for.

    `pooling` 0 wants every positive step of a word high; 1 only its highest, which needs no exact
    word end (max-pooling: Sun et al., SLT 2016); between, a mixture of both. With a
    `pooling_sharpness` the highest step becomes a smooth one: the log of the mean of exponentials
    (Pinheiro and Collobert, CVPR 2015), near the mean where it is small, the highest where large.

    `focal` is the power by which steps that are right already count less (Lin et al., ICCV 2017).
    `smoothing` is the doubt that is taught: targets are 1 - smoothing and smoothing instead of 1
    and 0 (Szegedy et al., CVPR 2016).

    `triplet` weighs the loss of `training.triplet_loss`. `distillation` is the share of the loss
    that a teacher's logits take over from the labels, at `distillation_temperature`.
    """

    positive_weight: Weight = 1.0
    negative_weight: Weight = 0.5
    hard_weight: Weight = 1.0
    hard_share: Annotated[float, Between(0, 1, above=True)] = 0.01
    pooling: Share = 0.0
    # 0: the highest step itself
    pooling_sharpness: Annotated[float, Between(0, 100, "0 (the highest) to 100")] = 0.0
    focal: Annotated[float, Between(0, 5, "0 (off) to 5, as 2")] = 0.0
    smoothing: Annotated[float, Between(0, 0.5, below=True)] = 0.0
    triplet: Weight = 0.0
    # Schroff et al., CVPR 2015, of squared distances
    triplet_margin: Annotated[float, Between(0, 4, above=True)] = 0.2
    distillation: Share = 0.0
    distillation_temperature: Annotated[float, Between(0.1, 100)] = 2.0


def scene_loss(
    logits: tf.Tensor,
    labels: tf.Tensor,
    penalty: tf.Tensor,
    settings: LossSettings,
    teacher_logits: tf.Tensor | None = None,
) -> tf.Tensor:
    """The loss of logits [batch, steps] under `labels.label_steps` labels [batch, steps].

    Mean cross-entropy over positives, plus that over negatives, plus that over the hardest share
    of the negatives; the last keeps the output from saturating where it is wrong. `penalty`
    [batch] weighs each scene's negatives by its source. A teacher's logits [batch, steps] count at
    every step, at those without a label too: that is where labels know least; not where they are
    NaN, which is what a teacher says that had better not be followed (`training.distillation`).

    Raises ValueError where distillation is asked for without a teacher's logits.
    """
    total = _labelled(logits, labels, penalty, settings)
    if not settings.distillation:
        return total
    if teacher_logits is None:
        raise WrongInput(
            f"distillation is {settings.distillation}, and there are no logits of a teacher; "
            "train one first, or set distillation to 0"
        )
    has_soft_label = tf.math.is_finite(teacher_logits)
    soft = distillation_loss(
        logits,
        tf.where(has_soft_label, teacher_logits, 0.0),
        tf.cast(has_soft_label, logits.dtype),
        settings.distillation_temperature,
    )
    return (1 - settings.distillation) * total + settings.distillation * soft


def distillation_loss(
    logits: tf.Tensor, teacher_logits: tf.Tensor, mask: tf.Tensor, temperature: float
) -> tf.Tensor:
    """How far logits are from a teacher's, [batch, steps] each, where `mask` [batch, steps] is 1.

    The mean divergence (KL) of the two probabilities with both logits divided by the temperature,
    times the temperature squared, so that the gradient keeps its size (Hinton et al., 2015). 0
    where they agree. The teacher gets no gradient.
    """
    mine, its = logits / temperature, tf.stop_gradient(teacher_logits) / temperature
    target = tf.sigmoid(its)
    # Cross-entropy less its own least value, the teacher's entropy.
    apart = (tf.nn.softplus(mine) - target * mine) - (tf.nn.softplus(its) - target * its)
    n_steps = tf.maximum(tf.reduce_sum(mask), 1.0)
    return temperature**2 * tf.reduce_sum(apart * mask) / n_steps


def _labelled(
    logits: tf.Tensor, labels: tf.Tensor, penalty: tf.Tensor, settings: LossSettings
) -> tf.Tensor:
    positive = labels > 0
    negative = tf.cast(labels == 0, logits.dtype) * penalty[:, None]
    negative_loss = _cross_entropy(logits, 0, settings) * negative
    total = tf.zeros((), logits.dtype)
    if settings.pooling < 1:
        is_positive = tf.cast(positive, logits.dtype)
        per_step = tf.reduce_sum(_cross_entropy(logits, 1, settings) * is_positive)
        total += (1 - settings.pooling) * per_step / tf.maximum(tf.reduce_sum(is_positive), 1.0)
    if settings.pooling > 0:
        total += settings.pooling * _pooled(logits, labels, settings)
    if settings.positive_weight != 1:
        total *= settings.positive_weight
    total += (
        settings.negative_weight
        * tf.reduce_sum(negative_loss)
        / tf.maximum(tf.reduce_sum(negative), 1.0)
    )
    n_hard = tf.cast(settings.hard_share * tf.cast(tf.size(logits), tf.float32), tf.int32)
    hardest = tf.math.top_k(tf.reshape(negative_loss, [-1]), tf.maximum(n_hard, 1), sorted=False)
    return total + settings.hard_weight * tf.reduce_mean(hardest.values)


def _cross_entropy(logits: tf.Tensor, target: int, settings: LossSettings) -> tf.Tensor:
    """Cross-entropy of each logit against target 1 (word) or 0 (not), smoothed and focal if set."""
    loss = tf.nn.softplus(-logits if target else logits)
    if settings.smoothing:
        loss += settings.smoothing * (logits if target else -logits)
    if settings.focal:
        # The distance to the target, so that a smoothed target stays the optimum (Li et al.,
        # NeurIPS 2020); with hard labels it is Lin's 1 - p.
        target_value = 1 - settings.smoothing if target else settings.smoothing
        wrong = tf.maximum(tf.abs(target_value - tf.sigmoid(logits)), LEAST_WRONG)
        loss *= wrong**settings.focal
    return loss


def _pooled(logits: tf.Tensor, labels: tf.Tensor, settings: LossSettings) -> tf.Tensor:
    """Mean over words of the cross-entropy of each word's highest step, or of a smooth one."""
    n_batch = tf.shape(labels)[0]
    word = tf.maximum(tf.cast(labels, tf.int32), 0)  # 0: no word's step
    most = 1 + tf.reduce_max(word)
    segment = tf.range(n_batch)[:, None] * most + word
    lowest = logits.dtype.min
    best = tf.math.unsorted_segment_max(
        tf.where(labels > 0, logits, lowest), segment, n_batch * most
    )
    is_word = best > lowest
    if settings.pooling_sharpness:
        best = _smooth_max(logits, labels, segment, best, settings.pooling_sharpness)
    words = tf.boolean_mask(best, is_word)
    return tf.reduce_sum(_cross_entropy(words, 1, settings)) / tf.maximum(
        tf.cast(tf.size(words), logits.dtype), 1.0
    )


def _smooth_max(
    logits: tf.Tensor, labels: tf.Tensor, segment: tf.Tensor, best: tf.Tensor, sharpness: float
) -> tf.Tensor:
    """The log of the mean of exponentials of each segment, measured from its highest [segments]."""
    is_step = tf.cast(labels > 0, logits.dtype)
    top = tf.stop_gradient(best)
    under = tf.where(labels > 0, logits - tf.gather(top, segment), 0.0)
    n_segments = tf.size(best)
    total = tf.math.unsorted_segment_sum(tf.exp(sharpness * under) * is_step, segment, n_segments)
    count = tf.math.unsorted_segment_sum(is_step, segment, n_segments)
    mean = tf.where(count > 0, total / tf.maximum(count, 1.0), 1.0)
    return top + tf.math.log(mean) / sharpness
