"""What training minimises over the steps of a batch of scenes."""

from dataclasses import dataclass

from mwwkit.model.mixednet import tf


@dataclass(frozen=True)
class LossSettings:
    """Weights of the three parts, and how a word's steps are pooled.

    `pooling` 0 wants every positive step of a word high; 1 only its highest, which needs no exact
    word end (max-pooling: Sun et al., SLT 2016); between, a mixture of both.
    """

    negative_weight: float = 0.5
    hard_weight: float = 1.0
    hard_share: float = 0.01
    pooling: float = 0.0

    def __post_init__(self) -> None:  # noqa: D105
        if not 0 <= self.pooling <= 1:
            raise ValueError(f"pooling is {self.pooling}; wanted 0 to 1")
        if not 0 < self.hard_share <= 1:
            raise ValueError(f"hard_share is {self.hard_share}; wanted more than 0, at most 1")
        if min(self.negative_weight, self.hard_weight) < 0:
            raise ValueError("negative_weight and hard_weight must be 0 or more")


def scene_loss(
    logits: tf.Tensor, labels: tf.Tensor, penalty: tf.Tensor, settings: LossSettings
) -> tf.Tensor:
    """The loss of logits [batch, steps] under `labels.label_steps` labels [batch, steps].

    Mean cross-entropy over positives, plus that over negatives, plus that over the hardest share
    of the negatives; the last keeps the output from saturating where it is wrong. `penalty`
    [batch] weighs each scene's negatives by its source.
    """
    positive = labels > 0
    negative = tf.cast(labels == 0, logits.dtype) * penalty[:, None]
    negative_loss = tf.nn.softplus(logits) * negative
    total = tf.zeros((), logits.dtype)
    if settings.pooling < 1:
        is_positive = tf.cast(positive, logits.dtype)
        per_step = tf.reduce_sum(tf.nn.softplus(-logits) * is_positive)
        total += (1 - settings.pooling) * per_step / tf.maximum(tf.reduce_sum(is_positive), 1.0)
    if settings.pooling > 0:
        total += settings.pooling * _pooled(logits, labels)
    total += (
        settings.negative_weight
        * tf.reduce_sum(negative_loss)
        / tf.maximum(tf.reduce_sum(negative), 1.0)
    )
    n_hard = tf.cast(settings.hard_share * tf.cast(tf.size(logits), tf.float32), tf.int32)
    hardest = tf.math.top_k(tf.reshape(negative_loss, [-1]), tf.maximum(n_hard, 1), sorted=False)
    return total + settings.hard_weight * tf.reduce_mean(hardest.values)


def _pooled(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Mean over words of the cross-entropy of each word's highest step."""
    n_batch = tf.shape(labels)[0]
    word = tf.maximum(tf.cast(labels, tf.int32), 0)  # 0: no word's step
    most = 1 + tf.reduce_max(word)
    segment = tf.range(n_batch)[:, None] * most + word
    lowest = logits.dtype.min
    best = tf.math.unsorted_segment_max(
        tf.where(labels > 0, logits, lowest), segment, n_batch * most
    )
    words = tf.boolean_mask(best, best > lowest)
    return tf.reduce_sum(tf.nn.softplus(-words)) / tf.maximum(
        tf.cast(tf.size(words), logits.dtype), 1.0
    )
