"""One training step as a TensorFlow graph: loss, gradient, optimiser, average; on any devices.

stepper = Stepper(lambda: build(shape, seed), TrainingSettings())
loss, norm = stepper.take(LossSettings(), labels, penalty, decay, parts)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from mwwkit.model.backend import keras, tf
from mwwkit.training import qat, replicas, triplet_loss
from mwwkit.training.losses import LossSettings, scene_loss
from mwwkit.training.schedule import PRECISIONS, TrainingSettings

if TYPE_CHECKING:
    from mwwkit.model.mixednet import MixedNet


class EMA:
    """An exponential moving average of variables, kept as variables."""

    def __init__(self, variables: list):
        """Start at the variables' present values."""
        self.of = list(variables)
        self.values = [tf.Variable(tf.convert_to_tensor(v), trainable=False) for v in self.of]

    def update(self, decay: tf.Tensor) -> None:
        """One step: average = decay * average + (1 - decay) * variable."""
        for average, variable in zip(self.values, self.of, strict=True):
            average.assign(decay * average + (1 - decay) * tf.convert_to_tensor(variable))


@contextmanager
def _computing_in(precision: str):
    """Let layers that are made here compute in a precision; their variables stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class Stepper:
    """A net, its optimiser and its average, and how one step changes them."""

    def __init__(
        self,
        build: Callable[[], MixedNet],
        settings: TrainingSettings,
        teacher: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ):
        """Make the net and the optimiser; RuntimeError where there are too few devices."""
        self.settings, self.teacher = settings, teacher
        self.devices = replicas.devices(settings.replicas)
        with self.devices.scope():
            with _computing_in(settings.precision):
                self.net = build()
            self.optimizer = keras.optimizers.AdamW(
                settings.learning_rate,
                weight_decay=settings.weight_decay,
                global_clipnorm=settings.clip_norm,
            )
            if settings.precision == "float16":  # its smallest gradients would be 0
                self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
            self.optimizer.build(self.net.trainable_variables)
            self.ema = EMA(self.net.trainable_variables)
            self.quantised = qat.Quantised(self.net) if settings.qat_steps else None
        self._traced: dict[tuple[LossSettings, bool], Callable] = {}

    @property
    def scales(self) -> bool:
        """Whether the loss is scaled, and a step left out whose gradient overflows."""
        return isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)

    def take(
        self,
        loss: LossSettings,
        labels: tf.Tensor,
        penalty: tf.Tensor,
        decay: tf.Tensor,
        parts: dict[str, tf.Tensor],
        *,
        rounded: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Take one training step; the loss before it and the gradient's norm before clipping.

        `labels` [batch, steps], `penalty` [batch] and the average's `decay` are every device's;
        `parts` are shared out: "features" [batch, frames, 40], "dropout" [batch, 1, channels] and,
        where there are any, a teacher's logits "soft_labels" [batch, steps]. `rounded`: the net
        computes as its int8 file does.
        """
        how = loss, rounded
        if how not in self._traced:
            net = self.quantised if rounded else self.net
            # No tensor decides which way Python goes: AutoGraph's rewriting would be for nothing.
            self._traced[how] = tf.function(partial(self._step, net, loss), autograph=False)
        split = dict(zip(parts, self.devices.split(list(parts.values())), strict=True))
        return self._traced[how](labels, penalty, decay, split)

    def _step(self, net, settings, labels, penalty, decay, parts):
        def on_each(parts):
            with tf.GradientTape() as tape:
                loss = self._loss(net, settings, labels, penalty, parts)
                scaled = self._scaled(loss)
            gradients = tape.gradient(scaled, variables)
            limit = self._scaled(tf.constant(self.settings.clip_norm))
            gradients, norm = self.devices.clipped(gradients, limit)
            if self.scales:
                norm /= self._scaled(tf.constant(1.0))
            self.optimizer.apply(gradients, variables)
            return loss, norm

        variables = self.net.trainable_variables
        loss, norm = self.devices.run(on_each, parts)
        self.ema.update(decay)
        return loss, norm

    def _loss(self, net, settings, labels, penalty, parts):
        features, dropout, whole = parts["features"], parts["dropout"], self.devices.gathered
        soft_labels = self._soft_labels(settings, parts)
        if settings.triplet:
            x = net.embed(features, training=True)
            logits = whole(net.classify(x, dropout))
            chosen = triplet_loss.examples(whole(x), logits, labels, self.net.shape.head_steps)
            apart = triplet_loss.triplet_loss(chosen, settings.triplet_margin)
            total = scene_loss(logits, labels, penalty, settings, soft_labels)
            total += settings.triplet * apart
        else:
            logits = whole(net(features, dropout=dropout, training=True))
            total = scene_loss(logits, labels, penalty, settings, soft_labels)
        if net is self.quantised:
            total += qat.disagreement(logits, whole(self.net(features, dropout=dropout)))
        return total

    def _soft_labels(self, settings: LossSettings, parts: dict) -> tf.Tensor | None:
        """The teacher's logits [batch, steps], of the batch or computed now, or None."""
        if not settings.distillation or ("soft_labels" not in parts and self.teacher is None):
            return None
        logits = parts["soft_labels"] if "soft_labels" in parts else self.teacher(parts["features"])
        return self.devices.gathered(tf.cast(logits, tf.float32))

    def _scaled(self, value: tf.Tensor) -> tf.Tensor:
        return self.optimizer.scale_loss(value) if self.scales else value
