"""The device on a PC: from reset each time, whole steps only, as TensorFlow Lite Micro does it."""

import pickle
import sys
import warnings

import numpy as np
import pytest

from mwwkit.device import simulator, twin
from mwwkit.device.simulator import Device, DeviceError


@pytest.fixture(scope="module")
def features(feature_like):
    return feature_like(30, 1500)


def test_every_stream_starts_from_reset(tiny_model, features):
    one = Device(tiny_model)
    first = one.scores(features)
    assert first.dtype == np.uint8 and np.ptp(first) > 20
    one.scores(features[::-1].copy())
    assert np.array_equal(one.scores(features), first)


@pytest.mark.parametrize("engine", ["fast", "exact"])
def test_frames_after_the_last_whole_step_wait(tiny_model, features, engine):
    one = Device(tiny_model, engine=engine)
    assert one.stride == 3
    assert [len(one.scores(features[:n])) for n in (0, 2, 3, 5, 6)] == [0, 0, 1, 1, 2]
    assert np.array_equal(one.scores(features[:302]), one.scores(features)[:100])


def test_a_file_and_its_bytes_are_the_same_model(tiny_model, features, tmp_path):
    (tmp_path / "w.tflite").write_bytes(tiny_model)
    assert np.array_equal(
        Device(tmp_path / "w.tflite").scores(features), Device(tiny_model).scores(features)
    )


def test_the_fast_engine_stays_within_a_few_levels_of_the_reference(tiny_model, features):
    fast = Device(tiny_model).scores(features).astype(int)
    difference = np.abs(fast - Device(tiny_model, reference=True).scores(features))
    assert difference.mean() < 1 and difference.max() <= 16


def test_the_reference_is_tensorflow_lite_micro_to_the_last_bit(tiny_model, features):
    pytest.importorskip("tflite_micro")
    exact = Device(tiny_model, reference=True)
    assert exact.engine == "exact"
    assert np.array_equal(
        exact.scores(features), Device(tiny_model, engine="tflm").scores(features)
    )


def test_a_residual_model_of_another_stride_is_exact_too(made_net, as_floats, feature_like):
    """Two blocks that add their input, one through a projection; no ring at the head."""
    pytest.importorskip("tflite_micro")
    from mwwkit.model import streaming
    from mwwkit.model.shapes import Block, Shape

    blocks = (Block((3,), 12, residual=True), Block((5, 2), 12, residual=True))
    net = made_net(Shape("residual", 8, 5, blocks, 1, stride=2))
    folded = streaming.fold(net, scale=4.0)
    model = streaming.to_int8(folded, net.shape, [as_floats(feature_like(2, 600))])
    heard = feature_like(32, 900)
    scores = Device(model, engine="exact").scores(heard)
    assert len(scores) == 450 and np.ptp(scores) > 20
    assert np.array_equal(scores, Device(model, engine="tflm").scores(heard))


@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu", "vad"])
def test_official_models_are_exact(official_models, features, name):
    pytest.importorskip("tflite_micro")
    path = official_models / f"{name}.tflite"
    exact = Device(path, engine="exact").scores(features)
    assert np.array_equal(exact, Device(path, engine="tflm").scores(features))


def test_all_steps_at_once_or_a_few_are_the_same(tiny_model, features, monkeypatch):
    at_once = Device(tiny_model, reference=True).scores(features)
    monkeypatch.setattr(twin, "BLOCK_STEPS", 7)
    assert np.array_equal(Device(tiny_model, reference=True).scores(features), at_once)


def test_litert_reference_kernels_differ_in_the_dense_layer_alone(tiny_model, features):
    """What was found in LiteRT 2.3: everything before the logit is the twin's, to the bit."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=tiny_model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    own = twin.Twin(tiny_model)
    dense = next(op for op in own._main.ops if op.name == "FULLY_CONNECTED")
    into, made = dense.inputs[0], dense.outputs[0]
    mine = own.tensors(features)
    for step, chunk in enumerate(features.reshape(-1, 1, 3, 40)):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], chunk)
        interpreter.invoke()
        theirs = interpreter.get_tensor(into.index)
        assert np.array_equal(theirs.ravel(), mine[into.name][step].ravel())
        logit = interpreter.get_tensor(made.index).astype(int)
        assert np.abs(logit - mine[made.name][step]).max() <= 1


def packed(root) -> bytes:
    """A model's objects as a .tflite file has them."""
    import flatbuffers

    builder = flatbuffers.Builder(0)
    builder.Finish(root.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def holding_its_memory(model: bytes) -> bytes:
    """A model whose first ring is assigned what was read from it: it never hears anything new."""
    from ai_edge_litert import schema_py_generated as schema

    root = schema.ModelT.InitFromPackedBuf(model, 0)
    of_op = {n: name for name, n in vars(schema.BuiltinOperator).items() if name[0] != "_"}
    made = {}
    for op in root.subgraphs[0].operators:
        code = root.operatorCodes[op.opcodeIndex]
        made.setdefault(of_op[max(code.builtinCode, code.deprecatedBuiltinCode)], []).append(op)
    read = made["READ_VARIABLE"][0]
    assign = next(op for op in made["ASSIGN_VARIABLE"] if op.inputs[0] == read.inputs[0])
    assign.inputs = [assign.inputs[0], read.outputs[0]]
    return packed(root)


def test_another_kind_of_memory_is_refused_and_left_to_micro(tiny_model, features, monkeypatch):
    pytest.importorskip("tflite_micro")
    odd = holding_its_memory(tiny_model)
    with pytest.raises(DeviceError, match="ASSIGN_VARIABLE: the memory .* newest inputs.*ask for"):
        Device(odd, engine="exact")
    assert Device(odd, reference=True).engine == "tflm"
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.warns(UserWarning, match="a few scores another value"):
        without = Device(odd, reference=True)
    assert without.engine == "litert_ref" and len(without.scores(features)) == 500
    wanted = Device(odd, engine="litert_ref").scores(features)
    assert np.array_equal(without.scores(features), wanted)
    assert not np.array_equal(Device(odd).scores(features), wanted)  # nor the quick kernels


def with_heavy_weights(model: bytes, ratio: float, features: np.ndarray) -> bytes:
    """A model whose dense layer has such a scale of input times weights, to that of its output.

    Its weights are across what the layer hears in the mean, so that the sums come to both sides
    of 0, where it has no bias.
    """
    from ai_edge_litert import schema_py_generated as schema

    own = twin.Twin(model)
    op = next(op for op in own._main.ops if op.name == "FULLY_CONNECTED")
    (into, weights), (made,) = op.inputs, op.outputs
    heard = own.tensors(features)[into.name].reshape(len(features) // own.stride, -1)
    heard = heard.astype(float) - into.zero_point
    mean = heard.mean(axis=0)
    most = np.linalg.svd(heard - mean, full_matrices=False)[2][0]  # where it varies most
    across = most - mean * (most @ mean) / (mean @ mean)
    root = schema.ModelT.InitFromPackedBuf(model, 0)
    tensor = root.subgraphs[0].tensors[weights.index]
    whole = np.round(127 * across / np.abs(across).max()).astype(np.int8)
    root.buffers[tensor.buffer].data = whole.view(np.uint8)
    tensor.quantization.scale = (ratio * made.scales / into.scales).astype(np.float32)
    return packed(root)


def test_a_model_that_xnnpack_refuses_is_scored_without_it(tiny_model, features):
    """Its limit is 256 for input times weights over output; the device has none like it."""
    heavy = with_heavy_weights(tiny_model, 1000, features)
    with pytest.warns(UserWarning, match="XNNPACK refuses this model .*own kernels score it"):
        fast = Device(heavy)
    scores = fast.scores(features)
    assert scores.min() == 0 and scores.max() == 255
    # Nothing is left between the two ends, so a level of difference before the last layer (which
    # the fast engine may have) turns a score over where a sum was nearly at the median.
    assert np.mean(scores != Device(heavy, engine="exact").scores(features)) <= 0.05
    assert np.array_equal(pickle.loads(pickle.dumps(fast)).scores(features), scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is not what scores here
        assert Device(heavy, reference=True).engine == "exact"


def never_set(model: bytes) -> bytes:
    """A model whose variables nothing sets at the start."""
    from ai_edge_litert import schema_py_generated as schema

    root = schema.ModelT.InitFromPackedBuf(model, 0)
    root.subgraphs[1].operators = []
    return packed(root)


def test_a_model_whose_memory_is_never_set_is_refused_by_the_exact_engine(tiny_model):
    with pytest.raises(DeviceError, match="exact engine does not know"):
        Device(never_set(tiny_model), engine="exact")


def test_an_engine_that_there_is_not_is_refused_by_name(tiny_model):
    for wrong in ({"engine": "quick"}, {"engine": "fast", "reference": True}):
        with pytest.raises(ValueError, match=r"wanted one of \('exact', 'tflm'"):
            Device(tiny_model, **wrong)


@pytest.mark.parametrize("workers", [1, 2])
def test_many_streams_are_scored_in_order_and_read_as_they_are_wanted(
    tiny_model, features, workers, monkeypatch
):
    monkeypatch.setattr(simulator, "JOB_FRAMES", 400)
    lengths, read = (300, 0, 700, 12, 1500, 2, 450, 60, 900, 1200), []

    def streams():
        for n in lengths:
            read.append(n)
            yield features[:n]

    one = Device(tiny_model, reference=True)
    tracks = simulator.score_all(one, streams(), workers)
    first = next(tracks)
    # How far ahead two processes read until the first answers is the machine's.
    assert len(first) == 100 and (workers > 1 or len(read) < len(lengths))
    for n, track in zip(lengths[1:], tracks, strict=True):
        assert np.array_equal(track, one.scores(features[:n]))
    for n, track in zip(lengths, simulator.scored(one, streams(), workers), strict=True):
        assert np.array_equal(track, one.scores(features[:n]))


def test_a_device_can_be_sent_to_another_process(tiny_model, features):
    one = Device(tiny_model)
    # The test alone pickles: joblib does so to reach its workers.
    sent = pickle.loads(pickle.dumps(one))
    assert np.array_equal(sent.scores(features), one.scores(features))


@pytest.mark.parametrize(
    "wrong", [np.zeros((30, 40), np.float32), np.zeros((30, 39), np.int8), np.zeros(40, np.int8)]
)
def test_features_off_the_devices_grid_are_refused(tiny_model, wrong):
    with pytest.raises(ValueError, match="wanted int8"):
        Device(tiny_model).scores(wrong)


def test_what_is_no_streaming_int8_model_is_refused(tiny_model, made_net, tmp_path):
    from mwwkit.model import streaming

    with pytest.raises(DeviceError, match="cannot load"):
        Device(b"no model")
    with pytest.raises(DeviceError, match="cannot load"):
        Device(tiny_model[: len(tiny_model) // 2])
    with pytest.raises(FileNotFoundError):
        Device(tmp_path / "none.tflite")
    net = made_net("tiny")
    with pytest.raises(DeviceError, match="float32 and float32, wanted int8 and uint8"):
        Device(streaming.to_float(streaming.fold(net), net.shape))


def test_without_tflite_micro_the_error_says_how_to_get_it(tiny_model, features, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(DeviceError, match=r"pip install 'mwwkit\[tflm\]'"):
        Device(tiny_model, engine="tflm").scores(features)
