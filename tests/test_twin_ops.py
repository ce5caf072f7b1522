"""Each op of the exact twin against TensorFlow Lite Micro, in models of that op alone."""

import numpy as np
import pytest

from mwwkit.device import twin
from mwwkit.device.integer_ops import Requantise, saturate
from mwwkit.device.twin_ops import TwinError, compiled
from mwwkit.run.seeds import rng

EVERY = np.arange(-128, 128, dtype=np.int8)


@pytest.fixture(scope="module")
def micro():
    """`micro(model, *inputs)` -> the output in TensorFlow Lite Micro."""
    pytest.importorskip("tflite_micro")
    from mwwkit.device.simulator import tflm

    def run(model: bytes, *inputs: np.ndarray) -> np.ndarray:
        interpreter = tflm().Interpreter.from_bytes(model, arena_size=1 << 20)
        for i, values in enumerate(inputs):
            interpreter.set_input(values, i)
        interpreter.invoke()
        return interpreter.get_output(0)

    return run


def ours(model: bytes, *inputs: np.ndarray) -> np.ndarray:
    """The output of the one op in the twin."""
    (op,) = twin._read(model)[0].ops
    values = {value.index: x for value, x in zip(op.inputs, inputs, strict=False)}
    compiled(op)(values, {})
    return values[op.outputs[0].index]


def one_op(name: str, tensors: list[tuple], **options) -> bytes:
    """A .tflite of one op; `tensors` are (shape, type, scales, zero point, constant or None), the
    last is the output.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    code, op, graph, model = (
        getattr(schema, kind)() for kind in ("OperatorCodeT", "OperatorT", "SubGraphT", "ModelT")
    )
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
    op.opcodeIndex, op.inputs, op.outputs = 0, list(range(len(tensors) - 1)), [len(tensors) - 1]
    table = {"ADD": "Add", "FULLY_CONNECTED": "FullyConnected", "CONV_2D": "Conv2D"}.get(name)
    if table:
        op.builtinOptionsType = getattr(schema.BuiltinOptions, f"{table}Options")
        op.builtinOptions = getattr(schema, f"{table}OptionsT")()
        for option, value in options.items():
            setattr(op.builtinOptions, option, value)
    graph.tensors, model.buffers = [], [schema.BufferT()]
    for i, (shape, kind, scales, zero_point, constant) in enumerate(tensors):
        made = schema.TensorT()
        made.name, made.shape, made.type = f"t{i}", shape, getattr(schema.TensorType, kind)
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = [float(s) for s in scales]
        made.quantization.zeroPoint = [zero_point] * len(scales)
        if constant is not None:
            made.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.frombuffer(constant.tobytes(), np.uint8)
        graph.tensors.append(made)
    graph.inputs = [i for i in op.inputs if tensors[i][4] is None]
    graph.outputs, graph.operators = op.outputs, [op]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(1 << 14)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(("scale", "zero_point"), [(0.05, 9), (0.1, -20), (0.004, 0), (1.5, 127)])
def test_the_sigmoid_of_every_input(micro, scale, zero_point):
    shape = [1, 256]
    model = one_op(
        "LOGISTIC",
        [(shape, "INT8", [scale], zero_point, None), (shape, "INT8", [1 / 256], -128, None)],
    )
    assert np.array_equal(ours(model, EVERY[None]), micro(model, EVERY[None]))


@pytest.mark.parametrize("out", [("UINT8", 1 / 256, 0), ("INT8", 0.003, -7), ("UINT8", 0.011, 9)])
def test_requantising_every_input(micro, out):
    kind, scale, zero_point = out
    shape = [1, 256]
    model = one_op(
        "QUANTIZE",
        [(shape, "INT8", [1 / 256], -128, None), (shape, kind, [scale], zero_point, None)],
    )
    found = ours(model, EVERY[None])
    assert found.dtype == np.dtype(kind.lower())
    assert np.array_equal(found, micro(model, EVERY[None]))


@pytest.mark.parametrize("activation", [0, 1, 3], ids=["none", "relu", "relu6"])
def test_the_sum_of_every_pair(micro, activation):
    draws, shape = rng(1, "add", str(activation)), [1, 1 << 16]
    x, y = np.repeat(EVERY, 256)[None], np.tile(EVERY, 256)[None]
    for _ in range(8):
        a, b, c = ([np.float32(s)] for s in draws.uniform(0.01, 0.1, 3))
        za, zb, zc = draws.integers(-128, 40, 3).tolist()
        kinds = [(shape, "INT8", a, za, None), (shape, "INT8", b, zb, None)]
        model = one_op(
            "ADD", [*kinds, (shape, "INT8", c, zc, None)], fusedActivationFunction=activation
        )
        assert np.array_equal(ours(model, x, y), micro(model, x, y))


def dense(x, w, out, weights, bias) -> bytes:
    inputs, outputs = weights.shape[1], len(weights)
    product = [np.float32(x) * np.float32(s) for s in w]
    return one_op(
        "FULLY_CONNECTED",
        [
            ([1, inputs], "INT8", [x], -3, None),
            (list(weights.shape), "INT8", w, 0, weights.astype(np.int8)),
            ([outputs], "INT32", product, 0, bias.astype(np.int32)),
            ([1, outputs], "INT8", [out], 5, None),
        ],
    )


def convolution(x, w, out, weights, bias) -> bytes:
    inputs, outputs = weights.shape[1], len(weights)
    product = [np.float32(x) * np.float32(s) for s in w]
    return one_op(
        "CONV_2D",
        [
            ([1, 1, 1, inputs], "INT8", [x], -3, None),
            ([outputs, 1, 1, inputs], "INT8", w, 0, weights.astype(np.int8)),
            ([outputs], "INT32", product, 0, bias.astype(np.int32)),
            ([1, 1, 1, outputs], "INT8", [out], 5, None),
        ],
        **{"padding": 1, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1},
    )


def near_ties(factor: float) -> np.ndarray:
    """Sums at which the output is just about to become another."""
    sums = np.arange(-200_000, 200_000)
    outputs = saturate(Requantise.of([factor])(sums))
    turns = np.flatnonzero(np.diff(outputs))
    return np.concatenate([sums[turns], sums[turns + 1]])


def test_a_dense_layer_at_sums_that_are_nearly_ties(micro):
    """Where taking a product of scales in single precision, or rounding once, would show."""
    draws = rng(2, "dense")
    silent = np.full((1, 8), -3, np.int8)  # zero, so that the bias alone is the sum
    seen = dict.fromkeys(("single precision", "one rounding"), 0)
    for _ in range(60):
        x, w, out = (np.float32(s) for s in draws.uniform([0.01, 5e-4, 0.03], [0.1, 4e-3, 0.06]))
        factor = float(x) * float(w) / float(out)
        other = float(x * w) / float(out)
        ties = near_ties(factor)
        by_other = saturate(Requantise.of([other])(ties)), saturate(np.rint(ties * factor))
        mine = saturate(Requantise.of([factor])(ties))
        telling = [np.flatnonzero(mine != theirs)[:1] for theirs in by_other]
        for name, at in zip(seen, telling, strict=True):
            for tie in ties[at]:
                seen[name] += 1
                model = dense(x, [w], out, np.ones((1, 8)), np.array([tie]))
                assert np.array_equal(ours(model, silent), micro(model, silent)), (name, tie)
    assert min(seen.values()) > 2, seen


@pytest.mark.parametrize("layer", [dense, convolution])
def test_a_layer_with_a_scale_for_each_channel(micro, layer):
    draws = rng(3, layer.__name__)
    for _ in range(5):
        weights = draws.integers(-127, 128, (16, 24))
        scales = draws.uniform(5e-4, 4e-3, 16).astype(np.float32)
        bias = draws.integers(-3000, 3000, 16)
        model = layer(np.float32(0.03), scales, np.float32(0.04), weights, bias)
        for _ in range(20):
            shape = (1, 24) if layer is dense else (1, 1, 1, 24)
            x = draws.integers(-128, 128, shape).astype(np.int8)
            found = ours(model, x)
            assert len(np.unique(found)) > 8
            assert np.array_equal(found, micro(model, x))


def test_what_the_twin_does_not_know_is_named():
    shape = [1, 256]
    kinds = [(shape, "INT8", [0.1], 0, None), (shape, "INT8", [1 / 128], 0, None)]
    with pytest.raises(TwinError, match="op 0, TANH: is not among"):
        ours(one_op("TANH", kinds), EVERY[None])
    with pytest.raises(TwinError, match="op 0, LOGISTIC: wanted an output in 1/256"):
        ours(one_op("LOGISTIC", kinds), EVERY[None])
