"""The net as the device runs it: one step of three frames at a time, state in variables, int8.

    folded = fold(model)                           # plain arrays; batch norm and CMVN are gone
    open("w.tflite", "wb").write(to_int8(folded, model.shape, streams))

Facts the conversion relies on, found by trying TensorFlow 2.16 to 2.21:

* The streaming net must be a plain `tf.Module`; converting a Keras model adds ops (SHAPE) that the
  device does not know, or fails at READ_VARIABLE.
* Without `_experimental_variable_quantization` the rings stay float behind DEQUANTIZE ops, while
  the outputs on a PC remain the same.
* The variables' values at conversion become the state after start-up, so they must be zero then.
* Calibration has to follow real streams in order, or the ranges of the rings are wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mwwkit.device import firmware
from mwwkit.model.layers import Norm
from mwwkit.model.logit_grid import refine
from mwwkit.model.mixednet import MixedNet, tf
from mwwkit.model.shapes import Shape
from mwwkit.run.errors import WrongInput
from mwwkit.run.quiet import quiet

Folded = dict[str, np.ndarray]


def fold(model: MixedNet, scale: float = 1.0, shift: float = 0.0) -> Folded:
    """Return the net's weights with batch norm and CMVN folded in, in float32.

    `scale` and `shift` change the logit to `scale * logit + shift` (a calibration: temperature is
    1 / scale).  Names: stem.kernel [taps, 40, out], stem.bias, block0.depthwise [taps, channels],
    block0.pointwise [in, out], block0.bias, block0.projection [in, out] (when there is one) ...,
    head.kernel [steps, channels], head.bias [1].
    """
    mean, std = (np.asarray(x, np.float64) for x in model.cmvn)
    gain, bias = _affine(model.stem_norm)
    stem = _array(model.stem.kernel) / std[None, :, None]
    bias = bias - gain * np.einsum("tio,i->o", stem, mean)
    folded = {"stem.kernel": stem * gain, "stem.bias": bias}
    for i, block in enumerate(model.blocks):
        gain, bias = _affine(block.norm)
        folded[f"block{i}.depthwise"] = _array(block.depthwise.masked())[:, 0, :, 0]
        folded[f"block{i}.pointwise"] = _array(block.pointwise.kernel)[0, 0] * gain
        folded[f"block{i}.bias"] = bias
        if block.projection is not None:
            folded[f"block{i}.projection"] = _array(block.projection.kernel)[0, 0]
            folded[f"block{i}.bias"] = bias + _array(block.projection.bias)
    folded["head.kernel"] = _array(model.head.kernel) * scale
    folded["head.bias"] = _array(model.head.bias) * scale + shift
    return {name: value.astype(np.float32) for name, value in folded.items()}


def _array(x) -> np.ndarray:
    return tf.convert_to_tensor(x).numpy().astype(np.float64)


def _affine(norm: Norm) -> tuple[np.ndarray, np.ndarray]:
    """Batch norm as gain and bias, [channels] each."""
    gain = _array(norm.gamma) / np.sqrt(_array(norm.variance) + norm.EPSILON)
    return gain, _array(norm.beta) - gain * _array(norm.mean)


class Twin(tf.Module):
    """The folded net, one step a call: [1, stride, 40] 0..26 -> score [1, 1] 0..1, float32."""

    def __init__(self, folded: Folded, shape: Shape):
        """Hold the weights as constants and each layer's past as a variable of zeros."""
        super().__init__(name="twin")
        self.shape, self.weights = shape, folded
        self.rings = {}
        widths = shape.widths()
        self._ring("stem", shape.stem_kernel - shape.stride, firmware.N_BANDS)
        for i, block in enumerate(shape.blocks):
            self._ring(f"block{i}", block.ring, widths[i])
        self._ring("head", shape.head_steps - 1, widths[-1])
        spec = tf.TensorSpec((1, shape.stride, firmware.N_BANDS), tf.float32, name="features")
        self.step = tf.function(self._step, input_signature=[spec], autograph=False)

    def _ring(self, layer: str, length: int, channels: int) -> None:
        if length:
            zeros = tf.zeros((1, length, 1, channels))
            self.rings[layer] = tf.Variable(zeros, trainable=False, name=f"{layer}_ring")

    def reset(self) -> None:
        """Forget what was heard, as a device does at start."""
        for ring in self.rings.values():
            ring.assign(tf.zeros_like(ring))

    def _remember(self, layer: str, x: tf.Tensor) -> tf.Tensor:
        """Put the layer's past before `x` and keep the newest steps for the next call."""
        if layer not in self.rings:
            return x
        ring = self.rings[layer]
        x = tf.concat([ring.read_value(), x], 1)
        ring.assign(x[:, x.shape[1] - ring.shape[1] :])
        return x

    def _step(self, features: tf.Tensor) -> tf.Tensor:
        w = self.weights
        x = self._remember("stem", tf.reshape(features, (1, self.shape.stride, 1, -1)))
        x = tf.nn.conv2d(x, w["stem.kernel"][:, None], self.shape.stride, "VALID")
        x = tf.nn.relu(x + w["stem.bias"])
        for i, block in enumerate(self.shape.blocks):
            x = self._block(f"block{i}", block.residual, x)
        x = tf.reshape(self._remember("head", x), (1, -1))
        logit = tf.matmul(x, w["head.kernel"].reshape(-1, 1)) + w["head.bias"]
        return tf.sigmoid(logit)

    def _block(self, name: str, residual: bool, x: tf.Tensor) -> tf.Tensor:
        w = self.weights
        y = self._remember(name, x)
        kernel = w[f"{name}.depthwise"][:, None, :, None]
        y = tf.nn.depthwise_conv2d(y, kernel, (1, 1, 1, 1), "VALID")
        y = tf.nn.conv2d(y, w[f"{name}.pointwise"][None, None], 1, "VALID") + w[f"{name}.bias"]
        if f"{name}.projection" in w:
            y += tf.nn.conv2d(x, w[f"{name}.projection"][None, None], 1, "VALID")
        elif residual:
            y += x
        return tf.nn.relu(y)


def stream(folded: Folded, shape: Shape, features: np.ndarray) -> np.ndarray:
    """Scores 0..1 of the float twin, from reset, [frames, 40] 0..26 -> [frames // stride]."""
    twin = Twin(folded, shape)
    scores = [twin.step(x).numpy()[0, 0] for x in _chunks(features, shape.stride)]
    return np.asarray(scores, np.float32)


def to_float(folded: Folded, shape: Shape) -> bytes:
    """Return a float streaming .tflite; for comparison, the device does not run it."""
    return _convert(_converter(Twin(folded, shape)))


def to_int8(folded: Folded, shape: Shape, calibration: Iterable[np.ndarray]) -> bytes:
    """Return the streaming .tflite for the device.

    `calibration` gives streams of features, [frames, 40] float 0..26, in the order of time inside
    each; half a minute to a few minutes of what the device will hear, wake words among it.

    Raises ValueError when there is no calibration data or it leaves 0..26.
    """
    streams = [np.asarray(stream, np.float32) for stream in calibration]
    if sum(len(stream) for stream in streams) < shape.stride:
        raise WrongInput("to_int8: no calibration data; give some minutes of training features")
    for stream in streams:
        if stream.ndim != 2 or stream.shape[1] != firmware.N_BANDS:
            raise WrongInput(
                f"to_int8: a calibration stream is {stream.shape}, wanted [frames, 40]"
            )
        if stream.size and not (stream.min() >= 0 and stream.max() <= firmware.FEATURE_MAX + 1e-3):
            raise WrongInput(
                f"to_int8: calibration features span {stream.min():.2f} to {stream.max():.2f}, "
                f"wanted 0 to {firmware.FEATURE_MAX:g}"
            )
    converter = _converter(Twin(folded, shape))
    converter.optimizations = {tf.lite.Optimize.DEFAULT}
    converter._experimental_variable_quantization = True
    converter.target_spec.supported_ops = {tf.lite.OpsSet.TFLITE_BUILTINS_INT8}
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.uint8
    converter.representative_dataset = lambda: _representative(streams, shape.stride)
    return refine(_convert(converter))


def _representative(streams: list[np.ndarray], stride: int):
    for stream in streams:
        for chunk in _chunks(stream, stride):
            yield [chunk]
    # Both ends of the range, which fixes the input's scale and zero point to the device's; last, so
    # that the jump disturbs the rings for nobody.
    pinned = np.zeros((1, stride, firmware.N_BANDS), np.float32)
    pinned[0, 0, 0] = firmware.FEATURE_MAX
    yield [pinned]


def _chunks(features: np.ndarray, stride: int):
    """Successive [1, stride, 40]; frames that do not fill a step are left out."""
    steps = len(features) // stride
    yield from np.asarray(features[: steps * stride], np.float32).reshape(
        steps, 1, stride, firmware.N_BANDS
    )


def _converter(twin: Twin) -> tf.lite.TFLiteConverter:
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [twin.step.get_concrete_function()], twin
    )


def _convert(converter: tf.lite.TFLiteConverter) -> bytes:
    with quiet():
        return bytes(converter.convert())
