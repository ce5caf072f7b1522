"""The layers of MixedNet in Keras, over whole spectrograms; streaming takes their weights."""

from __future__ import annotations

import numpy as np

from mwwkit.model.backend import keras, tf
from mwwkit.model.shapes import Block


class Weighted(keras.layers.Layer):
    """A layer with a kernel whose first value is given, and a bias from 0 when asked for."""

    def __init__(self, initial: np.ndarray, *, bias: bool = False, **names):
        """Keep the first value of the kernel."""
        super().__init__(**names)
        self.initial, self.with_bias = np.asarray(initial, np.float32), bias

    def build(self, _):
        """Make the weights."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.initial.shape,
            initializer=lambda *_, **__: tf.constant(self.initial),
        )
        if self.with_bias:
            out = self.initial.shape[-1:]
            self.bias = self.add_weight(name="bias", shape=out, initializer="zeros")


class Stem(Weighted):
    """Strided convolution, [batch, frames, 40] -> [batch, frames // stride, 1, out]; CMVN inside.

    One matrix product over unfolded frames: on a CPU a tenth of the whole training step faster than
    `conv2d`.  Padding is raw silence, as on the device, so it comes before the normalisation, which
    is applied to the kernel instead of the frames.
    """

    def __init__(self, initial: np.ndarray, stride: int, cmvn, **names):
        """Take the first kernel, [taps, 40, out], and CMVN's mean and std, [40] each."""
        super().__init__(initial, **names)
        self.stride, self.cmvn = stride, cmvn

    def call(self, features):
        """Convolve whole steps; frames after the last are left out."""
        mean, std = (tf.cast(value, self.kernel.dtype)[None, :, None] for value in self.cmvn)
        kernel = self.kernel / std
        return self.convolve(features, kernel) - tf.reduce_sum(kernel * mean, [0, 1])

    def convolve(self, features, kernel):
        """Apply the stem with another kernel, [taps, 40, out], and no CMVN of its own."""
        taps, bands, out = self.initial.shape
        steps = tf.shape(features)[1] // self.stride
        before = -(-taps // self.stride) - 1  # whole steps that the kernel looks back
        x = tf.pad(features[:, : steps * self.stride], [[0, 0], [before * self.stride, 0], [0, 0]])
        x = tf.reshape(x, (-1, before + steps, self.stride * bands))
        x = tf.concat([x[:, i : i + steps] for i in range(before + 1)], 2)
        x = x[:, :, ((before + 1) * self.stride - taps) * bands :]  # [batch, steps, taps * 40]
        y = tf.matmul(tf.reshape(x, (-1, taps * bands)), tf.reshape(kernel, (-1, out)))
        return tf.reshape(y, (-1, steps, 1, out))


class Pointwise(Weighted):
    """1x1 convolution, [batch, steps, 1, in] -> [batch, steps, 1, out]; kernel [1, 1, in, out]."""

    def call(self, x):
        """Mix the channels of each step."""
        y = tf.nn.conv2d(x, self.kernel, 1, "VALID")
        return y + self.bias if self.with_bias else y


class Head(Weighted):
    """Causal convolution to one output, [batch, steps, 1, in] -> [batch, steps]; kernel [taps, in].

    All taps of all steps in one matrix product, then shifted sums: a tenth of the whole training
    step faster on a CPU than `conv2d` with one output.
    """

    def call(self, x):
        """Weigh the last steps."""
        return self.weigh(x, self.kernel)

    def weigh(self, x, kernel):
        """Apply the head with another kernel, [taps, in], and its own bias."""
        taps, channels = self.initial.shape
        steps = tf.shape(x)[1]
        y = tf.matmul(tf.reshape(x, (-1, channels)), kernel, transpose_b=True)
        y = tf.pad(tf.reshape(y, (-1, steps, taps)), [[0, 0], [taps - 1, 0], [0, 0]])
        return tf.add_n([y[:, i : i + steps, i] for i in range(taps)]) + self.bias

    def build(self, shape):
        """Make the kernel and the one bias."""
        super().build(shape)
        self.bias = self.add_weight(name="bias", shape=(1,), initializer="zeros")


class MixConvolution(Weighted):
    """Causal depthwise convolution; groups with shorter kernels have their oldest taps masked.

    One convolution of the longest kernel is the same function as a split, one convolution a group
    and a concatenation, is faster to train, and needs no SPLIT_V on the device.
    """

    def __init__(self, initial: np.ndarray, mask: np.ndarray, **names):
        """Take the first kernel and its mask, [taps, 1, channels, 1] each."""
        super().__init__(initial, **names)
        self.mask = mask

    def masked(self) -> tf.Tensor:
        """The kernel with its masked taps set to zero."""
        return self.kernel * tf.cast(self.mask, self.kernel.dtype)

    def call(self, x):
        """Convolve each channel with its own taps."""
        return self.convolve(x, self.masked())

    def convolve(self, x, kernel):
        """Apply the convolution with another kernel, [taps, 1, channels, 1]."""
        x = tf.pad(x, [[0, 0], [self.initial.shape[0] - 1, 0], [0, 0], [0, 0]])
        return tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID")


class Norm(keras.layers.Layer):
    """Batch norm over [batch, steps, 1, channels], by TensorFlow's fused op when training."""

    EPSILON = 1e-3

    def build(self, shape):
        """Make scale, offset and the running statistics, [channels] each."""
        n = (shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=n, initializer="ones", autocast=False)
        self.beta = self.add_weight(name="beta", shape=n, initializer="zeros", autocast=False)
        frozen = {"trainable": False, "autocast": False}
        if tf.distribute.has_strategy():  # all devices compute the same statistics
            frozen["aggregation"] = "only_first_replica"
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
        context = tf.distribute.get_replica_context()
        if context is not None and context.num_replicas_in_sync > 1:
            y, mean, variance = self._over_replicas(x, gamma, beta, context)
        else:
            y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                x, gamma, beta, epsilon=self.EPSILON, is_training=True
            )
        self.mean.assign(self.momentum * self.mean + (1 - self.momentum) * mean)
        self.variance.assign(self.momentum * self.variance + (1 - self.momentum) * variance)
        return y

    def _over_replicas(self, x, gamma, beta, context):
        """What the fused op gives, with statistics of the batch's parts on all devices."""
        mean_of = tf.distribute.ReduceOp.MEAN
        as_float = tf.cast(x, tf.float32)
        mean = context.all_reduce(mean_of, tf.reduce_mean(as_float, [0, 1, 2]))
        square = tf.reduce_mean((as_float - mean) ** 2, [0, 1, 2])
        variance = context.all_reduce(mean_of, square)
        y = (as_float - mean) * (gamma * tf.math.rsqrt(variance + self.EPSILON)) + beta
        n = tf.cast(tf.size(x) // tf.shape(x)[-1] * context.num_replicas_in_sync, tf.float32)
        return tf.cast(y, x.dtype), mean, variance * n / (n - 1)


class MixBlock(keras.layers.Layer):
    """Depthwise, pointwise, norm, the input again when residual, ReLU."""

    def __init__(self, block: Block, channels: int, draw, **names):  # noqa: D107
        super().__init__(**names)
        mask = _mask(block, channels)
        taps = np.repeat(block.kernels, block.groups(channels))[None, None, :, None]
        longest = mask.shape[0]
        initial = draw("depthwise", (longest, 1, channels, 1)) / np.sqrt(taps)
        pointwise = draw("pointwise", (1, 1, channels, block.filters)) * np.sqrt(2 / channels)
        self.depthwise = MixConvolution(initial * mask, mask, name="depthwise")
        self.pointwise = Pointwise(pointwise, name="pointwise")
        self.norm = Norm(name="norm")
        self.residual = block.residual
        self.projection = None
        if block.residual and channels != block.filters:
            kernel = draw("projection", (1, 1, channels, block.filters)) / np.sqrt(channels)
            self.projection = Pointwise(kernel, bias=True, name="projection")

    def call(self, x, training=False):
        """[batch, steps, 1, channels] -> [batch, steps, 1, filters]."""
        y = self.norm(self.pointwise(self.depthwise(x)), training=training)
        if self.residual:
            y = y + (x if self.projection is None else self.projection(x))
        return tf.nn.relu(y)


def _mask(block: Block, channels: int) -> np.ndarray:
    """[taps, 1, channels, 1] of 0 and 1: which taps of the longest kernel each channel may use."""
    longest = max(block.kernels)
    of_channel = np.repeat(block.kernels, block.groups(channels))
    age = np.arange(longest)[::-1, None]  # 0 is the newest tap, the last of the kernel
    return (age < of_channel).astype(np.float32)[:, None, :, None]
