"""The ops of `mwwkit.device.twin`, each over all steps of a stretch: [1, ...] becomes [steps, ...].

step = compiled(op)                 # reads its inputs from `values`, writes its outputs there
step(values, state)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mwwkit.device.firmware import INT8_MAX, INT8_MIN
from mwwkit.device.integer_ops import Requantise, logistic_table, saturate
from mwwkit.run.errors import WrongInput

NONE, RELU, RELU6 = 0, 1, 3  # the schema's ActivationFunctionType
VALID = 1  # the schema's Padding
_TYPES = {"INT8": np.int8, "UINT8": np.uint8, "INT32": np.int32}


class TwinError(WrongInput):
    """The model is not of the kind that the exact twin computes."""


@dataclass(frozen=True)
class Value:
    """A tensor of the graph; `scales` has one number, or one a channel, or none."""

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    scales: np.ndarray  # float32
    zero_point: int
    values: np.ndarray | None  # a constant's

    @classmethod
    def of(cls, index: int, tensor: Any, data: Any) -> Value:
        """Read a tensor of the schema's object API."""
        from ai_edge_litert.schema_py_generated import TensorType

        kind = next(name for name, n in vars(TensorType).items() if n == tensor.type)
        shape = tuple(int(n) for n in (() if tensor.shape is None else tensor.shape))
        quantization = tensor.quantization
        scales = None if quantization is None else quantization.scale
        scales = np.asarray([] if scales is None else scales, np.float32)
        values = None
        if data is not None and kind in _TYPES:
            values = np.frombuffer(bytes(bytearray(data)), _TYPES[kind]).reshape(shape)
        name = (tensor.name or b"").decode(errors="replace")
        zero_point = int(quantization.zeroPoint[0]) if len(scales) else 0
        return cls(index, name, shape, kind, scales, zero_point, values)

    @property
    def size(self) -> int:
        """Elements in one step."""
        return math.prod(self.shape)

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its values."""
        return self.values is not None

    @property
    def scale(self) -> float:
        """The one scale, in double precision."""
        return float(self.scales[0])


@dataclass(frozen=True)
class Op:
    """An operator with its tensors; `options` is the schema's own table for it."""

    number: int
    name: str
    inputs: list[Value]
    outputs: list[Value]
    options: Any

    def __str__(self) -> str:
        """As a message names it."""
        return f"op {self.number}, {self.name}"


Function = Callable[..., np.ndarray]


def compiled(op: Op) -> Callable[[dict, dict], None]:
    """A function that computes the op's outputs from earlier values."""
    if op.name not in OPS:
        raise TwinError(f"{op}: is not among the ops of the exact twin, {', '.join(sorted(OPS))}")
    if op.name == "SPLIT_V":
        return _split(op)
    function, out = OPS[op.name](op), op.outputs[0].index
    sources = [value.index for value in op.inputs if not value.is_constant]

    def step(values: dict, state: dict) -> None:
        values[out] = function(*(values[index] for index in sources))

    return step


def _wanted(op: Op, fits: bool, what: str) -> None:
    if not fits:
        raise TwinError(f"{op}: wanted {what}")


def _int8(op: Op, *values: Value) -> None:
    for value in values:
        _wanted(op, value.type == "INT8" and len(value.scales) == 1, f"{value.name!r} int8")


def _ends(op: Op) -> tuple[int, int]:
    """The smallest and largest output that the op's activation lets through."""
    kind, out = op.options.fusedActivationFunction, op.outputs[0]
    _wanted(op, kind in (NONE, RELU, RELU6), "no activation, ReLU or ReLU6")
    low = INT8_MIN if kind == NONE else max(INT8_MIN, out.zero_point)
    high = INT8_MAX
    if kind == RELU6:
        high = min(high, out.zero_point + math.floor(6 / out.scale + 0.5))
    return low, high


def _sums(op: Op, weights: np.ndarray, bias: np.ndarray) -> tuple[np.dtype, np.ndarray]:
    """The float type that sums int8 products exactly, and what to add for bias and zero point.

    `weights` are [n, channels]; what is added is int64 [channels].
    """
    largest = np.abs(weights).sum(0).max() * -INT8_MIN
    _wanted(op, largest < 2**31, "sums under 2^31")
    return (
        np.dtype(np.float32 if largest < 2**24 else np.float64),
        bias - op.inputs[0].zero_point * weights.sum(0),
    )


def _bias(op: Op, channels: int) -> np.ndarray:
    if len(op.inputs) < 3:
        return np.zeros(channels, np.int64)
    return op.inputs[2].values.astype(np.int64)


def _requantise(op: Op) -> Requantise:
    """The scaling from an op's int32 sums to its output's scale."""
    x, weights, out = op.inputs[0], op.inputs[1], op.outputs[0]
    return Requantise.of(x.scale * weights.scales.astype(np.float64) / out.scale)


def _check_convolution(op: Op) -> None:
    x, weights, options = op.inputs[0], op.inputs[1], op.options
    _int8(op, x, op.outputs[0])
    _wanted(op, len(x.shape) == 4 and x.shape[2] == 1, "[1, steps, 1, channels]")
    _wanted(op, weights.is_constant and weights.shape[2] == 1, "constant weights, one wide")
    whole = weights.shape[1] == 1 and options.strideH == 1  # then both paddings are none
    _wanted(op, options.padding == VALID or whole, "padding VALID")
    _wanted(op, options.dilationHFactor == options.dilationWFactor == 1, "no dilation")


def _conv_2d(op: Op) -> Function:
    _check_convolution(op)
    weights, out, stride = op.inputs[1], op.outputs[0], op.options.strideH
    taps, channels = weights.shape[1], weights.shape[0]
    _wanted(op, weights.shape[3] == op.inputs[0].shape[3], "one group")
    matrix = weights.values.reshape(channels, -1).T.astype(np.int64)
    exact, offset = _sums(op, matrix, _bias(op, channels))
    matrix, scale, ends = matrix.astype(exact), _requantise(op), _ends(op)

    def at(x: np.ndarray, first: int) -> np.ndarray:
        rows = x[:, first : first + taps].reshape(len(x), -1).astype(exact)
        sums = (rows @ matrix).astype(np.int64) + offset
        return saturate(scale(sums) + out.zero_point, *ends)

    return _over_time(at, stride, out.shape[1])


def _depthwise_conv_2d(op: Op) -> Function:
    _check_convolution(op)
    weights, out, stride = op.inputs[1], op.outputs[0], op.options.strideH
    taps, channels = weights.shape[1], weights.shape[3]
    _wanted(op, channels == op.inputs[0].shape[3], "depth multiplier 1")
    matrix = weights.values.reshape(taps, channels).astype(np.int64)
    exact, offset = _sums(op, matrix, _bias(op, channels))
    matrix, scale, ends = matrix.astype(exact), _requantise(op), _ends(op)

    def at(x: np.ndarray, first: int) -> np.ndarray:
        sums = np.zeros((len(x), channels), exact)
        for tap in range(taps):
            sums += x[:, first + tap, 0] * matrix[tap]
        return saturate(scale(sums.astype(np.int64) + offset) + out.zero_point, *ends)

    return _over_time(at, stride, out.shape[1])


def _over_time(at: Callable[[np.ndarray, int], np.ndarray], stride: int, n: int) -> Function:
    """`n` rows, each from its own first row of the input: `at(x, first)`."""
    return lambda x: np.stack([at(x, stride * i) for i in range(n)], 1)[:, :, None]


def _fully_connected(op: Op) -> Function:
    x, weights, out = op.inputs[0], op.inputs[1], op.outputs[0]
    _int8(op, x, out)
    _wanted(op, weights.is_constant and weights.zero_point == 0, "constant symmetric weights")
    matrix = weights.values.T.astype(np.int64)
    exact, offset = _sums(op, matrix, _bias(op, matrix.shape[1]))
    matrix, scale, ends = matrix.astype(exact), _requantise(op), _ends(op)

    def function(x: np.ndarray) -> np.ndarray:
        sums = (x.reshape(len(x), -1).astype(exact) @ matrix).astype(np.int64) + offset
        return saturate(scale(sums) + out.zero_point, *ends).reshape(len(x), *out.shape[1:])

    return function


def _add(op: Op) -> Function:
    a, b, out = (*op.inputs, op.outputs[0])
    _int8(op, a, b, out)
    _wanted(op, a.shape == b.shape and not (a.is_constant or b.is_constant), "two alike tensors")
    head, twice = 20, 2 * max(a.scale, b.scale)  # bits of room that both are given first
    scales = [Requantise.of([value.scale / twice]) for value in (a, b)]
    back, ends = Requantise.of([twice / ((1 << head) * out.scale)]), _ends(op)

    def function(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        total = sum(
            scale((part.astype(np.int64) - value.zero_point) << head)
            for scale, part, value in zip(scales, (x, y), (a, b), strict=True)
        )
        return saturate(back(total) + out.zero_point, *ends)

    return function


def _logistic(op: Op) -> Function:
    x, out = op.inputs[0], op.outputs[0]
    _int8(op, x, out)
    _wanted(op, (out.scale, out.zero_point) == (1 / 256, INT8_MIN), "an output in 1/256")
    table = logistic_table(x.scale, x.zero_point)
    return lambda x: table[x.astype(np.int64) - INT8_MIN]


def _quantize(op: Op) -> Function:
    x, out = op.inputs[0], op.outputs[0]
    _int8(op, x)
    _wanted(op, out.type in ("INT8", "UINT8"), "an output of int8 or uint8")
    scale, ends = Requantise.of([x.scale / out.scale]), np.iinfo(_TYPES[out.type])

    def function(values: np.ndarray) -> np.ndarray:
        scaled = scale(values.astype(np.int64) - x.zero_point) + out.zero_point
        return np.clip(scaled, ends.min, ends.max).astype(ends.dtype)

    return function


def _reshape(op: Op) -> Function:
    shape = op.outputs[0].shape[1:]
    _wanted(op, op.outputs[0].shape[0] == 1, "a leading 1")
    return lambda x: x.reshape(len(x), *shape)


def _concatenation(op: Op) -> Function:
    axis = op.options.axis % len(op.outputs[0].shape)
    _wanted(op, axis > 0 and op.options.fusedActivationFunction == NONE, "a plain joining")
    _wanted(op, not any(value.is_constant for value in op.inputs), "no constants")
    return lambda *parts: np.concatenate(parts, axis)


def slices(op: Op) -> tuple[range, ...]:
    """What a STRIDED_SLICE takes of each axis."""
    begin, end, strides = (value.values for value in op.inputs[1:])
    _wanted(op, begin is not None and end is not None and strides is not None, "constant ends")
    options = op.options
    masks = options.ellipsisMask or options.newAxisMask or options.shrinkAxisMask
    _wanted(op, not masks and (strides == 1).all(), "stride 1 and no axis made or dropped")
    taken = []
    for axis, size in enumerate(op.inputs[0].shape):
        first = None if options.beginMask >> axis & 1 else int(begin[axis])
        last = None if options.endMask >> axis & 1 else int(end[axis])
        taken.append(range(size)[slice(first, last)])
    return tuple(taken)


def _strided_slice(op: Op) -> Function:
    taken = (slice(None), *(slice(r.start, r.stop) for r in slices(op)[1:]))
    return lambda x: x[taken]


def _split(op: Op) -> Callable[[dict, dict], None]:
    x, sizes, axis = op.inputs
    number = int(axis.values.ravel()[0]) % len(x.shape)
    _wanted(op, sizes.is_constant and number > 0, "constant sizes, not along the steps")
    ends = np.cumsum([value.shape[number] for value in op.outputs])[:-1]

    def step(values: dict, state: dict) -> None:
        parts = np.split(values[x.index], ends, number)
        values.update(zip((value.index for value in op.outputs), parts, strict=True))

    return step


OPS: dict[str, Callable[[Op], Function]] = {
    "ADD": _add,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
    "LOGISTIC": _logistic,
    "QUANTIZE": _quantize,
    "RESHAPE": _reshape,
    "SPLIT_V": _split,
    "STRIDED_SLICE": _strided_slice,
}
