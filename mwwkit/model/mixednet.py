"""MixedNet as Keras layers, whole spectrograms at a time, made so that streaming it gives the same.

    model = build(SHAPES["okay_nabu"], seed=1)
    logits = model(features)                      # [batch, frames, 40] 0..26 -> [batch, frames //
    3] logits = model(features, dropout=mask, training=True)

Every layer is padded with zeros at its front and nowhere else: exactly what the streaming twin's
empty rings hold after a reset, so the start of a stream is trained as well.
"""

from __future__ import annotations

import numpy as np

from mwwkit import firmware
from mwwkit.model.quiet import quiet
from mwwkit.model.shapes import SHAPES, Block, Shape, SizeReport, size_report
from mwwkit.random import rng

with quiet():
    import keras
    import tensorflow as tf

__all__ = ["SHAPES", "Block", "MixedNet", "Shape", "SizeReport", "build", "size_report"]


def pad_front(x: tf.Tensor, n: int) -> tf.Tensor:
    """Put `n` zero steps before a [batch, steps, 1, channels] tensor."""
    return tf.pad(x, [[0, 0], [n, 0], [0, 0], [0, 0]]) if n else x


class Convolution(keras.layers.Layer):
    """Convolution over time, [batch, steps, 1, in] -> [batch, (front + steps) // stride, 1, out].

    `front` zero steps are put before the input; taps - 1 of them make it causal.
    """

    def __init__(self, initial: np.ndarray, front=0, stride=1, *, bias=False, **names):
        super().__init__(**names)
        self.initial = np.asarray(initial, np.float32)
        self.front, self.stride, self.with_bias = front, stride, bias

    def build(self, _):
        """Make the kernel, [taps, 1, in, out], and the bias when there is one."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.initial.shape,
            initializer=lambda *_, **__: tf.constant(self.initial),
        )
        if self.with_bias:
            out = self.initial.shape[-1]
            self.bias = self.add_weight(name="bias", shape=(out,), initializer="zeros")

    def call(self, x):
        """Convolve; the newest tap falls on the newest step."""
        y = tf.nn.conv2d(pad_front(x, self.front), self.kernel, (self.stride, 1), "VALID")
        return y + self.bias if self.with_bias else y


class MixConvolution(keras.layers.Layer):
    """Causal depthwise convolution; groups with shorter kernels have their oldest taps masked.

    One convolution of the longest kernel is the same function as a split, one convolution a group
    and a concatenation, is faster to train, and needs no SPLIT_V on the device.
    """

    def __init__(self, initial: np.ndarray, mask: np.ndarray, **names):
        super().__init__(**names)
        self.initial, self.mask = np.asarray(initial, np.float32), mask

    def build(self, _):
        """Make the kernel, [taps, 1, channels, 1]."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.initial.shape,
            initializer=lambda *_, **__: tf.constant(self.initial),
        )

    def masked(self) -> tf.Tensor:
        """Return the kernel as it works."""
        return self.kernel * tf.cast(self.mask, self.kernel.dtype)

    def call(self, x):
        """Convolve each channel with its own taps."""
        x = pad_front(x, self.initial.shape[0] - 1)
        return tf.nn.depthwise_conv2d(x, self.masked(), (1, 1, 1, 1), "VALID")


class Norm(keras.layers.Layer):
    """Batch norm over [batch, steps, 1, channels], by TensorFlow's fused op when training."""

    EPSILON = 1e-3

    def build(self, shape):
        """Make scale, offset and the running statistics, [channels] each."""
        n = (shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=n, initializer="ones", autocast=False)
        self.beta = self.add_weight(name="beta", shape=n, initializer="zeros", autocast=False)
        frozen = {"trainable": False, "autocast": False}
        self.mean = self.add_weight(name="mean", shape=n, initializer="zeros", **frozen)
        self.variance = self.add_weight(name="variance", shape=n, initializer="ones", **frozen)
        # A weight, so that `training` can make the running statistics a plain mean over batches.
        self.momentum = self.add_weight(
            name="momentum", shape=(), initializer=keras.initializers.Constant(0.99), **frozen
        )

    def call(self, x, training=False):
        """Normalise by the batch's statistics when training, else by the running ones."""
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        if not training:
            scale = gamma * tf.math.rsqrt(self.variance + self.EPSILON)
            shift = beta - self.mean * scale
            return x * tf.cast(scale, x.dtype) + tf.cast(shift, x.dtype)
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, gamma, beta, epsilon=self.EPSILON, is_training=True
        )
        self.mean.assign(self.momentum * self.mean + (1 - self.momentum) * mean)
        self.variance.assign(self.momentum * self.variance + (1 - self.momentum) * variance)
        return y


class MixBlock(keras.layers.Layer):
    """Depthwise, pointwise, norm, the input again when residual, ReLU."""

    def __init__(self, block: Block, channels: int, draw, **names):
        super().__init__(**names)
        mask = _mask(block, channels)
        taps = np.repeat(block.kernels, block.groups(channels))[None, None, :, None]
        longest = mask.shape[0]
        initial = draw("depthwise", (longest, 1, channels, 1)) / np.sqrt(taps)
        pointwise = draw("pointwise", (1, 1, channels, block.filters)) * np.sqrt(2 / channels)
        self.depthwise = MixConvolution(initial * mask, mask, name="depthwise")
        self.pointwise = Convolution(pointwise, name="pointwise")
        self.norm = Norm(name="norm")
        self.residual = block.residual
        self.projection = None
        if block.residual and channels != block.filters:
            kernel = draw("projection", (1, 1, channels, block.filters)) / np.sqrt(channels)
            self.projection = Convolution(kernel, bias=True, name="projection")

    def call(self, x, training=False):
        """[batch, steps, 1, channels] -> [batch, steps, 1, filters]."""
        y = self.norm(self.pointwise(self.depthwise(x)), training=training)
        if self.residual:
            y = y + (x if self.projection is None else self.projection(x))
        return tf.nn.relu(y)


class MixedNet(keras.Model):
    """The net of a `Shape`; `cmvn` is (mean, std), [40] each, of training features in 0..26."""

    def __init__(self, shape: Shape, seed: int, cmvn: tuple[np.ndarray, np.ndarray] | None = None):
        """Make the layers; their first weights depend on the shape and the seed alone."""
        super().__init__(name=shape.name)
        self.shape = shape
        mean, std = cmvn if cmvn is not None else (np.zeros(firmware.N_BANDS), 1.0)
        std = np.broadcast_to(np.asarray(std, np.float32), (firmware.N_BANDS,))
        if std.min() <= 0 or np.shape(mean) != (firmware.N_BANDS,):
            raise ValueError(f"cmvn: mean and std must be [{firmware.N_BANDS}], std above 0")
        self.cmvn = np.asarray(mean, np.float32), std

        def draw(*names):
            *names, size = names
            return rng(seed, "mixednet", shape.name, *names).normal(size=size).astype(np.float32)

        size = (shape.stem_kernel, 1, firmware.N_BANDS, shape.stem_filters)
        kernel = draw("stem", size) / np.float32(np.sqrt(shape.stem_kernel * firmware.N_BANDS / 2))
        self.stem = Convolution(kernel, stride=shape.stride, name="stem")
        self.stem_norm = Norm(name="stem_norm")
        widths = shape.widths()
        self.blocks = [
            MixBlock(block, width, lambda *names, i=i: draw(i, *names), name=f"block{i}")
            for i, (block, width) in enumerate(zip(shape.blocks, widths, strict=False))
        ]
        size = (shape.head_steps, 1, widths[-1], 1)
        kernel = draw("head", size) / np.float32(np.sqrt(shape.head_steps * widths[-1]))
        self.head = Convolution(kernel, shape.head_steps - 1, bias=True, name="head")

    def call(self, features, dropout=None, training=False):
        """[batch, frames, 40] -> logits [batch, frames // stride], float32.

        `dropout` [batch, 1, channels] multiplies what goes into the head (spatial dropout); the
        caller draws and scales it, so that a resumed training repeats.
        """
        stride = self.shape.stride
        steps = tf.shape(features)[1] // stride
        x = features[:, : steps * stride, None, :]
        # Padding is raw silence, as on the device, so it goes before the normalisation.
        x = pad_front(x, self.shape.stem_kernel - stride)
        x = (x - self.cmvn[0]) / self.cmvn[1]
        x = self.stem(x)
        x = tf.nn.relu(self.stem_norm(x, training=training))
        for block in self.blocks:
            x = block(x, training=training)
        if dropout is not None:
            x = x * tf.cast(dropout, x.dtype)[:, :, None, :]
        return tf.cast(self.head(x)[:, :, 0, 0], tf.float32)


def build(
    shape: Shape, seed: int = 0, cmvn: tuple[np.ndarray, np.ndarray] | None = None
) -> MixedNet:
    """Make a net whose first weights depend on the shape and the seed alone."""
    model = MixedNet(shape, seed, cmvn)
    model(tf.zeros((1, shape.stride * 2, firmware.N_BANDS)))
    return model


def _mask(block: Block, channels: int) -> np.ndarray:
    """[taps, 1, channels, 1] of 0 and 1: which taps of the longest kernel each channel may use."""
    longest = max(block.kernels)
    of_channel = np.repeat(block.kernels, block.groups(channels))
    age = np.arange(longest)[::-1, None]  # 0 is the newest tap, the last of the kernel
    return (age < of_channel).astype(np.float32)[:, None, :, None]
