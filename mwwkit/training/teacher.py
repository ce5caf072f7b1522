"""The teacher: a larger net that hears what comes after a step too, so it cannot be streamed.

    net = build_teacher(TeacherShape(), seed=1)
    logits = net(features)                           # [batch, frames, 40] 0..26 -> [batch, steps]
    save_teacher("teacher.npz", net)
    scores = track(load_teacher("teacher.npz"), spectrogram)   # uint8 [steps], as a device's

One logit for each 30 ms step, like the net it teaches. Residual blocks of wide depthwise and
pointwise convolutions, as in QuartzNet (Kriman et al., ICASSP 2020), for their cost on a CPU: a
bidirectional GRU of 64 units takes longer than all of this.
"""

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from mwwkit.device import firmware
from mwwkit.model.backend import keras, tf
from mwwkit.model.layers import Norm, Pointwise, Weighted
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng
from mwwkit.training.evaluator import to_float_features
from mwwkit.training.snapshots import load_arrays, save_arrays
from mwwkit.training.teacher_shape import TeacherShape
from mwwkit.training.trainer import weights_of

PIECE_STEPS = 4000  # 2 minutes of a long stream at a time: some 100 MB


class CentredStem(Weighted):
    """Strided convolution around each step, [batch, frames, 40] -> [batch, steps, 1, out]."""

    def call(self, features):
        """Convolve whole steps; outside is silence."""
        side = (self.initial.shape[0] - firmware.STRIDE) // 2
        whole = tf.shape(features)[1] // firmware.STRIDE * firmware.STRIDE
        x = tf.pad(features[:, :whole], [[0, 0], [side, side], [0, 0]])
        return tf.nn.conv1d(x, self.kernel, firmware.STRIDE, "VALID")[:, :, None]


class CentredConvolution(Weighted):
    """Depthwise convolution that sees as far ahead as back, [batch, steps, 1, channels]."""

    def call(self, x):
        """Convolve each channel with its own taps."""
        return tf.nn.depthwise_conv2d(x, self.kernel, (1, 1, 1, 1), "SAME")


class TeacherBlock(keras.layers.Layer):
    """Depthwise, pointwise, norm, ReLU, and the input again."""

    def __init__(self, shape: TeacherShape, draw, **names):
        """Make the layers; `draw` gives normal values by name and size."""
        super().__init__(**names)
        depthwise = draw("depthwise", (shape.taps, 1, shape.width, 1)) / np.sqrt(shape.taps)
        pointwise = draw("pointwise", (1, 1, shape.width, shape.width)) * np.sqrt(2 / shape.width)
        self.depthwise = CentredConvolution(depthwise, name="depthwise")
        self.pointwise = Pointwise(pointwise, name="pointwise")
        self.norm = Norm(name="norm")

    def call(self, x, training=False):
        """[batch, steps, 1, width] -> the same."""
        y = self.pointwise(self.depthwise(x))
        return x + tf.nn.relu(self.norm(y, training=training))


class TeacherNet(keras.Model):
    """The net of a `TeacherShape`; its first weights depend on that and the seed alone."""

    def __init__(self, shape: TeacherShape, seed: int):
        """Make the layers."""
        super().__init__(name="teacher")
        self.shape = shape

        def draw(*names):
            *names, size = names
            return rng(seed, "teacher", *names).normal(size=size).astype(np.float32)

        size = (shape.stem_taps, firmware.N_BANDS, shape.width)
        stem = draw("stem", size) / np.float32(np.sqrt(shape.stem_taps * firmware.N_BANDS / 2))
        self.stem = CentredStem(stem, name="stem")
        self.stem_norm = Norm(name="stem_norm")
        self.blocks = [
            TeacherBlock(shape, lambda *names, i=i: draw(i, *names), name=f"block{i}")
            for i in range(shape.blocks)
        ]
        head = draw("head", (1, 1, shape.width, 1)) / np.float32(np.sqrt(shape.width))
        self.head = Pointwise(head, bias=True, name="head")
        spec = tf.TensorSpec((None, None, firmware.N_BANDS), tf.float32)
        # Traced once: on a clip of a second, layer by layer takes some ten times as long.
        self.infer = tf.function(self, input_signature=[spec], autograph=False)

    def call(self, features, dropout=None, training=False):
        """[batch, frames, 40] -> logits [batch, steps], float32; `dropout` as in `MixedNet`."""
        x = tf.nn.relu(self.stem_norm(self.stem(features), training=training))
        for block in self.blocks:
            x = block(x, training=training)
        if dropout is not None:
            x = x * tf.cast(dropout, x.dtype)[:, :, None, :]
        return tf.cast(self.head(x)[:, :, 0, 0], tf.float32)


def build_teacher(shape: TeacherShape, seed: int = 0, cmvn: None = None) -> TeacherNet:
    """Make a teacher, for `Trainer` too; it normalises by itself, so there is no CMVN."""
    if cmvn is not None:
        raise WrongInput("a teacher takes no CMVN: its first norm does the same")
    net = TeacherNet(shape, seed)
    net(tf.zeros((1, 2 * firmware.STRIDE, firmware.N_BANDS)))
    return net


def save_teacher(path: Path, net: TeacherNet) -> None:
    """Write all that `load_teacher` needs into one file."""
    sizes = {f"shape/{name}": np.array(value) for name, value in asdict(net.shape).items()}
    save_arrays(path, sizes | weights_of(net))


def load_teacher(path: Path) -> TeacherNet:
    """The net of `save_teacher`.

    Raises SnapshotError for a damaged file, ValueError for one that holds something else.
    """
    arrays = load_arrays(path)
    sizes = {field.name: arrays.get(f"shape/{field.name}") for field in fields(TeacherShape)}
    if missing := [name for name, size in sizes.items() if size is None or size.ndim]:
        raise WrongInput(f"{path} holds no teacher: its {missing[0]} is missing")
    shape = TeacherShape(**{name: int(size) for name, size in sizes.items()})
    return teacher_of(arrays, shape)


def teacher_of(weights: dict[str, np.ndarray], shape: TeacherShape) -> TeacherNet:
    """The teacher of `training.weights_of`; ValueError when they are of another shape."""
    net = build_teacher(shape)
    kept = [weights[name] for name in sorted(weights) if name.startswith("net/")]
    if [array.shape for array in kept] != [tuple(v.shape) for v in net.variables]:
        raise WrongInput(f"the weights are not those of a teacher of {shape}")
    for variable, array in zip(net.variables, kept, strict=True):
        variable.assign(array)
    return net


def logits_of(net: TeacherNet, features: np.ndarray) -> np.ndarray:
    """float32 [frames // 3] for int8 features [frames, 40] of any length, piece by piece."""
    stride, around = firmware.STRIDE, net.shape.context_steps
    n_steps = len(features) // stride
    pieces = [np.zeros(0, np.float32)]
    for first in range(0, n_steps, PIECE_STEPS):
        start, end = max(first - around, 0), min(first + PIECE_STEPS + around, n_steps)
        piece = to_float_features(features[start * stride : end * stride])[None]
        logits = net.infer(piece)[0].numpy()
        pieces.append(logits[first - start :][: min(PIECE_STEPS, n_steps - first)])
    return np.concatenate(pieces)


def track(net: TeacherNet, features: np.ndarray) -> np.ndarray:
    """uint8 scores [frames // 3] of int8 features [frames, 40], rounded as a device's are."""
    scores = 1 / (1 + np.exp(-logits_of(net, features).astype(np.float64)))
    return np.clip(np.rint(scores * 256), 0, 255).astype(np.uint8)
