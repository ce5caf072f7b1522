"""MixedNet in Keras, over whole spectrograms; streaming it gives the same numbers.

    model = build(SHAPES["okay_nabu"], seed=1)
    logits = model(features)        # [batch, frames, 40] 0..26 -> [batch, frames // 3]
    logits = model(features, dropout=mask, training=True)

Every layer is padded with zeros at its front and nowhere else: exactly what the streaming twin's
empty rings hold after a reset, so the start of a stream is trained as well.
"""

from __future__ import annotations

import numpy as np

from mwwkit.device import firmware
from mwwkit.model.backend import keras, tf
from mwwkit.model.layers import Head, MixBlock, Norm, Stem
from mwwkit.model.shapes import SHAPES, Block, Shape, SizeReport, size_report
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng

__all__ = ["SHAPES", "Block", "MixedNet", "Shape", "SizeReport", "build", "size_report"]


class MixedNet(keras.Model):
    """The net of a `Shape`; `cmvn` is (mean, std), [40] each, of training features in 0..26."""

    def __init__(self, shape: Shape, seed: int, cmvn: tuple[np.ndarray, np.ndarray] | None = None):
        """Make the layers; their first weights depend on the shape and the seed alone."""
        super().__init__(name=shape.name)
        self.shape = shape
        mean, std = cmvn if cmvn is not None else (np.zeros(firmware.N_BANDS), 1.0)
        std = np.broadcast_to(np.asarray(std, np.float32), (firmware.N_BANDS,))
        if std.min() <= 0 or np.shape(mean) != (firmware.N_BANDS,):
            raise WrongInput(f"cmvn: mean and std must be [{firmware.N_BANDS}], std above 0")
        self.cmvn = np.asarray(mean, np.float32), std

        def draw(*names):
            *names, size = names
            return rng(seed, "mixednet", shape.name, *names).normal(size=size).astype(np.float32)

        size = (shape.stem_kernel, firmware.N_BANDS, shape.stem_filters)
        kernel = draw("stem", size) / np.float32(np.sqrt(shape.stem_kernel * firmware.N_BANDS / 2))
        self.stem = Stem(kernel, shape.stride, self.cmvn, name="stem")
        self.stem_norm = Norm(name="stem_norm")
        widths = shape.widths()
        self.blocks = [
            MixBlock(block, width, lambda *names, i=i: draw(i, *names), name=f"block{i}")
            for i, (block, width) in enumerate(zip(shape.blocks, widths, strict=False))
        ]
        size = (shape.head_steps, widths[-1])
        kernel = draw("head", size) / np.float32(np.sqrt(shape.head_steps * widths[-1]))
        self.head = Head(kernel, name="head")

    def call(self, features, dropout=None, training=False):
        """[batch, frames, 40] -> logits [batch, frames // stride], float32.

        `dropout` [batch, 1, channels] multiplies what goes into the head (spatial dropout); the
        caller draws and scales it, so that a resumed training repeats.
        """
        return self.classify(self.embed(features, training=training), dropout)

    def embed(self, features, training=False):
        """[batch, frames, 40] -> what the head sees, [batch, frames // stride, 1, channels]."""
        x = tf.nn.relu(self.stem_norm(self.stem(features), training=training))
        for block in self.blocks:
            x = block(x, training=training)
        return x

    def classify(self, x, dropout=None):
        """What `embed` gave -> logits [batch, frames // stride], float32."""
        if dropout is not None:
            x = x * tf.cast(dropout, x.dtype)[:, :, None, :]
        return tf.cast(self.head(x), tf.float32)


def build(
    shape: Shape, seed: int = 0, cmvn: tuple[np.ndarray, np.ndarray] | None = None
) -> MixedNet:
    """Make a net whose first weights depend on the shape and the seed alone."""
    model = MixedNet(shape, seed, cmvn)
    model(tf.zeros((1, shape.stride * 2, firmware.N_BANDS)))
    return model
