"""Quantisation-aware forward pass: the net computed as its int8 file would, in late training.

    quantised = Quantised(net)
    for features in batches:                         # ranges of the activations, first
        quantised(features, training=True)
    logits = quantised(features, dropout, training=True)

Rounding is where the converter puts it, and nowhere else: batch norm and CMVN are folded into the
weights first, as `streaming.fold` does; weights are then symmetric int8 with a scale for each
channel, activations int8 with one scale a tensor, the features on the device's own grid. Gradients
pass through the rounding as if it were not there, and not where an activation is out of its range.
Method: Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", CVPR 2018. The last two roundings, of the logit and of the
score, are left out: they are the same for every net.

Rounded steps alone teach the rounded net and let the float net with the same weights go elsewhere.
So both are asked to agree (`disagreement`): on nets with a planted gap this made it three to six
times smaller, and rounded steps alone hardly changed it.

tfmot, the usual library for this, does not know Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mwwkit.device import firmware
from mwwkit.model.backend import tf

if TYPE_CHECKING:
    from mwwkit.model.layers import MixBlock, Norm
    from mwwkit.model.mixednet import MixedNet

MEMORY = 0.99  # of the ranges, a step
AGREEMENT = 0.1  # weight of the loss that the rounded and the float net agree
FAR = 3e38  # beyond every level
SMALLEST = 1e-6  # range of a tensor: an activation that is 0 throughout has none


class Quantised:
    """The folded, rounded forward pass of a net, over the net's own variables.

    `ranges` are the lowest and highest value of every activation, [2] each, by the names of
    `streaming.fold`. Like the converter's calibration they follow what is seen; as there, a start
    from silence is hardly part of it. The batch norms' statistics stay as they are.
    """

    def __init__(self, net: MixedNet):
        """Start with empty activation ranges; run some batches with `training` first."""
        self.net = net
        self.warm_up = net.shape.context_steps
        names = ["stem"]
        for i, block in enumerate(net.blocks):
            names += [f"block{i}.depthwise", f"block{i}"]
            if block.residual:
                names += [f"block{i}.pointwise"]
            if block.projection is not None:
                names += [f"block{i}.projection"]
        only_first = {"aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA}
        shared = only_first if tf.distribute.has_strategy() else {}
        self.ranges = {
            name: tf.Variable([0.0, 0.0], trainable=False, name=f"{name}.range", **shared)
            for name in names
        }
        # A variable, so that the first batches can be averaged: see `Trainer`.
        self.momentum = tf.Variable(MEMORY, trainable=False, name="momentum", **shared)

    @property
    def variables(self) -> list[tf.Variable]:
        """What it keeps beside the net's own."""
        return [*self.ranges.values(), self.momentum]

    def __call__(
        self, features: tf.Tensor, dropout: tf.Tensor | None = None, training: bool = False
    ) -> tf.Tensor:
        """[batch, frames, 40] -> logits [batch, steps]; `training` lets the ranges follow."""
        return self.classify(self.embed(features, training), dropout)

    def embed(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[batch, frames, 40] -> what the head sees, [batch, steps, 1, channels]."""
        net = self.net
        mean, std = (tf.constant(value)[None, :, None] for value in net.cmvn)
        gain, bias = _affine(net.stem_norm)
        kernel = tf.convert_to_tensor(net.stem.kernel) / std * gain
        bias -= tf.reduce_sum(kernel * mean, [0, 1])
        one_scale = tf.quantization.fake_quant_with_min_max_vars
        x = on_levels(one_scale, tf.cast(features, tf.float32), 0.0, firmware.FEATURE_MAX)
        x = tf.nn.relu(net.stem.convolve(x, _by_channel(kernel)) + bias)
        x = self._rounded("stem", x, training)
        for i, block in enumerate(net.blocks):
            x = self._block(f"block{i}", block, x, training)
        return x

    def classify(self, x: tf.Tensor, dropout: tf.Tensor | None = None) -> tf.Tensor:
        """What `embed` gave -> logits [batch, steps]."""
        if dropout is not None:
            x = x * dropout[:, :, None, :]
        head = self.net.head
        kernel = tf.convert_to_tensor(head.kernel)
        return head.weigh(x, tf.reshape(_by_channel(tf.reshape(kernel, (-1, 1))), kernel.shape))

    def _block(self, name: str, block: MixBlock, x: tf.Tensor, training: bool) -> tf.Tensor:
        kernel = block.depthwise.masked()
        by_channel = tf.reshape(_by_channel(kernel[:, 0, :, 0]), kernel.shape)
        y = self._rounded(f"{name}.depthwise", block.depthwise.convolve(x, by_channel), training)
        gain, bias = _affine(block.norm)
        kernel = tf.convert_to_tensor(block.pointwise.kernel) * gain
        if block.projection is not None:
            bias += tf.convert_to_tensor(block.projection.bias)
        y = tf.nn.conv2d(y, _by_channel(kernel), 1, "VALID") + bias
        if block.residual:
            y = self._rounded(f"{name}.pointwise", y, training)
            if block.projection is not None:
                kernel = _by_channel(tf.convert_to_tensor(block.projection.kernel))
                x = tf.nn.conv2d(x, kernel, 1, "VALID")
                x = self._rounded(f"{name}.projection", x, training)
            y += x
        return self._rounded(name, tf.nn.relu(y), training)

    def _rounded(self, name: str, x: tf.Tensor, training: bool) -> tf.Tensor:
        """An activation on 256 levels from its lowest value to its highest, 0 among them."""
        known = self.ranges[name]
        if training:
            known.assign(self.momentum * known + (1 - self.momentum) * self._seen(x))
        low, high = tf.unstack(tf.stop_gradient(tf.convert_to_tensor(known)))
        one_scale = tf.quantization.fake_quant_with_min_max_vars
        return on_levels(one_scale, x, low, tf.maximum(high, SMALLEST))

    def _seen(self, x: tf.Tensor) -> tf.Tensor:
        """Lowest and highest value, [2], of the whole batch on whatever devices it is."""
        warm = x[:, self.warm_up :]
        ends = tf.stack([-tf.reduce_min(warm), tf.reduce_max(warm)])
        context = tf.distribute.get_replica_context()
        if context is not None and context.num_replicas_in_sync > 1:
            ends = tf.reduce_max(context.all_gather(ends[None], 0), 0)
        return tf.nn.relu(ends) * [-1.0, 1.0]  # 0 is always among them


def disagreement(rounded: tf.Tensor, exact: tf.Tensor) -> tf.Tensor:
    """What is added to the loss for logits [batch, steps] that rounding has changed."""
    return AGREEMENT * tf.reduce_mean((rounded - exact) ** 2)


def _affine(norm: Norm) -> tuple[tf.Tensor, tf.Tensor]:
    """Batch norm by its running statistics, as gain and bias, [channels] each."""
    gain = tf.convert_to_tensor(norm.gamma) * tf.math.rsqrt(norm.variance + norm.EPSILON)
    return gain, tf.convert_to_tensor(norm.beta) - norm.mean * gain


def on_levels(
    rounded: Callable, x: tf.Tensor, low: tf.Tensor | float, high: tf.Tensor | float
) -> tf.Tensor:
    """`x` [..., channels] as `rounded` between `low` and `high`; outside, the gradient is 0.

    It has the bits of TensorFlow's own gradient, an operation that refuses to run on a GPU when the
    same bits are asked of it each time: it sums gradients of `low` and `high`, of no use here.
    """

    @tf.custom_gradient
    def passing(x: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        return rounded(x, low, high), lambda upstream: upstream * tf.cast(within(x), x.dtype)

    def within(x: tf.Tensor) -> tf.Tensor:
        nothing = tf.zeros(x.shape[-1:], x.dtype)
        first, last = (rounded(nothing + far, low, high) for far in (-FAR, FAR))
        return (x >= first) & (x <= last)

    return passing(x)


def _by_channel(kernel: tf.Tensor) -> tf.Tensor:
    """Weights [..., channels] rounded to 255 levels, scaled by each channel's largest."""
    axes = np.arange(kernel.shape.rank - 1)
    largest = tf.maximum(tf.reduce_max(tf.abs(kernel), axes), SMALLEST)
    largest = tf.stop_gradient(largest)
    per_channel = tf.quantization.fake_quant_with_min_max_vars_per_channel
    return on_levels(partial(per_channel, narrow_range=True), kernel, -largest, largest)
