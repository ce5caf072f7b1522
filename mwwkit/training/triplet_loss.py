"""A loss on what goes into the head: words near each other, what sounds like them far away.

The embedding of a step is all that the head sees of it, the last `taps` vectors of channels, as one
vector of length 1. Of every scene two count: the step of a word, and the step without one, that the
head gives the highest logit. Hardest pairs of the batch: Hermans et al., 2017; squared distances on
the unit sphere and the margin: Schroff et al., CVPR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

from mwwkit.model.backend import tf

FURTHEST = 4.0  # the largest squared distance on the unit sphere


@dataclass(frozen=True)
class Examples:
    """One word and one other sound of each scene, and whether the scene has any."""

    positives: tf.Tensor  # [batch, taps * channels], of length 1
    negatives: tf.Tensor  # the same
    has_word: tf.Tensor  # bool [batch]
    has_other: tf.Tensor  # bool [batch]


def examples(head_input: tf.Tensor, logits: tf.Tensor, labels: tf.Tensor, taps: int) -> Examples:
    """Choose from what goes into the head, [batch, steps, 1, channels], by its logits and labels.

    `logits` and `labels` are [batch, steps].
    """
    x = tf.cast(head_input[:, :, 0], tf.float32)
    x = tf.pad(x, [[0, 0], [taps - 1, 0], [0, 0]])

    def best(is_candidate: tf.Tensor) -> tf.Tensor:
        at = tf.argmax(tf.where(is_candidate, logits, logits.dtype.min), 1, tf.int32)
        window = at[:, None] + tf.range(taps)  # the step itself and those before, as padded
        seen = tf.gather(x, window, batch_dims=1)
        flat = tf.reshape(seen, (-1, taps * x.shape[2]))
        return tf.math.l2_normalize(flat, 1, epsilon=1e-6)

    is_word, is_other = labels > 0, labels == 0
    return Examples(
        best(is_word), best(is_other), tf.reduce_any(is_word, 1), tf.reduce_any(is_other, 1)
    )


def triplet_loss(examples: Examples, margin: float) -> tf.Tensor:
    """How much nearer than the margin the nearest other sound is than the furthest word.

    Mean over words, squared distances; 0 for a batch without a word.
    """
    to_positives = 2 - 2 * tf.matmul(examples.positives, examples.positives, transpose_b=True)
    to_negatives = 2 - 2 * tf.matmul(examples.positives, examples.negatives, transpose_b=True)
    furthest = tf.reduce_max(tf.where(examples.has_word[None], to_positives, 0.0), 1)
    nearest = tf.reduce_min(tf.where(examples.has_other[None], to_negatives, FURTHEST), 1)
    short = tf.nn.relu(margin + furthest - nearest)
    is_anchor = tf.cast(examples.has_word, short.dtype)
    return tf.reduce_sum(short * is_anchor) / tf.maximum(tf.reduce_sum(is_anchor), 1.0)
