"""Streaming equals the whole spectrogram at once, in float and, within bounds, in int8."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.special import expit

from mwwkit.device.flatbuffer import Graph
from mwwkit.device.simulator import Device
from mwwkit.model import mixednet, streaming
from mwwkit.model.mixednet import Block, Shape, size_report

SHAPES = [
    "tiny",
    "okay_nabu",
    "hey_jarvis_residual",
    Shape("stateless parts", 6, 3, (Block((1,), 6, residual=True), Block((4,), 5)), 1),
    Shape("long stem", 6, 8, (Block((3, 1), 8, residual=True),), 2),
    Shape("stride 2", 6, 5, (Block((3,), 8),), 2, stride=2),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_streaming_in_float_equals_the_whole_at_once(made_net, feature_like, as_floats, shape):
    net = made_net(shape)
    x = as_floats(feature_like(20, 240))
    streamed = streaming.stream(streaming.fold(net, scale=3.0), net.shape, x)
    whole = expit(3.0 * net(x[None])[0])
    assert np.ptp(whole) > 0.1
    assert np.abs(streamed - whole).max() <= 1e-5


@pytest.mark.parametrize("layer", ["stem", "block0", "block1", "head"])
def test_each_layer_streamed_remembers_what_the_padded_layer_sees(
    made_net, feature_like, as_floats, layer
):
    net = made_net("tiny")
    x = as_floats(feature_like(21, 90))
    twin = streaming.Twin(streaming.fold(net), net.shape)
    for chunk in x.reshape(-1, 1, 3, 40):
        twin.step(chunk)
    # What enters each layer, whole: the ring must hold the newest of it.
    entering = {"stem": x[None, :, None]}
    z = np.maximum(net.stem_norm(net.stem(x[None])), 0)
    for i, block in enumerate(net.blocks):
        entering[f"block{i}"] = np.asarray(z)
        z = block(z)
    entering["head"] = np.asarray(z)
    ring = twin.rings[layer].numpy()
    assert np.abs(ring - entering[layer][:, -ring.shape[1] :]).max() <= 1e-4


def test_reset_forgets(made_net, feature_like, as_floats):
    net = made_net("tiny")
    chunks = as_floats(feature_like(22, 60)).reshape(-1, 1, 3, 40)
    twin = streaming.Twin(streaming.fold(net), net.shape)
    first = [twin.step(chunk).numpy() for chunk in chunks]
    twin.reset()
    assert np.array_equal(first, [twin.step(chunk).numpy() for chunk in chunks])


def test_the_folded_logit_is_scaled_and_shifted(made_net, feature_like, as_floats):
    net = made_net("tiny")
    x = as_floats(feature_like(23, 120))
    plain = streaming.stream(streaming.fold(net), net.shape, x).astype(np.float64)
    moved = streaming.stream(streaming.fold(net, scale=0.5, shift=-1.0), net.shape, x)
    logit = np.log(plain / (1 - plain))
    assert np.allclose(moved, expit(0.5 * logit - 1.0), atol=1e-5)


def with_statistics(name, batch_norm, cmvn, features):
    """A net whose norms and CMVN change a lot, or nothing where they are not asked for.

    Its logits are 0.3 and deviate by 2, so that a score shows what changes.
    """
    draws = np.random.default_rng(3)
    bands = (draws.uniform(-2, 9, 40), draws.uniform(0.3, 8, 40)) if cmvn else None
    net = mixednet.build(mixednet.SHAPES[name], 3, bands)
    for variable in net.variables if batch_norm else ():
        n = variable.shape
        if variable.name == "gamma":
            variable.assign(draws.uniform(0.2, 3, n) * draws.choice([-1, 1], n))
        elif variable.name == "variance":
            variable.assign(draws.uniform(0.02, 30, n))
        elif variable.name in ("mean", "beta"):
            variable.assign(draws.normal(0, 2, n))
    net.head.kernel.assign(net.head.kernel * (2 / float(np.std(net(features[None])))))
    net.head.bias.assign([0.3 - float(np.mean(net(features[None])))])
    return net


@pytest.mark.parametrize("name", ["tiny", "hey_jarvis_residual", "mixed"])
@pytest.mark.parametrize(
    ("batch_norm", "cmvn", "scale", "shift"),
    [
        (False, False, 1.0, 0.0),
        (True, False, 1.0, 0.0),
        (False, True, 1.0, 0.0),
        (False, False, 1 / 1.7, -0.8),
        (True, True, 1 / 1.7, -0.8),
    ],
    ids=["nothing", "batch norm", "CMVN", "temperature", "all"],
)
def test_what_is_folded_in_gives_the_scores_from_before(
    feature_like, as_floats, name, batch_norm, cmvn, scale, shift
):
    x = as_floats(feature_like(27, 150))
    net = with_statistics(name, batch_norm, cmvn, x)
    before = expit(scale * net(x[None])[0].numpy().astype(np.float64) + shift)
    after = streaming.stream(streaming.fold(net, scale, shift), net.shape, x)
    assert np.ptp(before) > 0.3
    assert np.abs(after - before).max() <= 1e-5
    # And it is needed: without it the scores are others.
    plain = streaming.fold(net) if scale != 1 else bare(net)
    unfolded = streaming.stream(plain, net.shape, x)
    is_there = batch_norm or cmvn or scale != 1
    assert (np.abs(unfolded - before).max() > 0.05) == is_there


def bare(net):
    """The weights as they are trained, no statistics in them."""
    plain = mixednet.build(net.shape, 0)
    kernels = [v for v in net.variables if v.path.endswith(("kernel", "bias"))]
    own = [v for v in plain.variables if v.path.endswith(("kernel", "bias"))]
    for mine, its in zip(own, kernels, strict=True):
        mine.assign(its)
    return streaming.fold(plain)


def test_the_float_file_equals_the_float_twin(made_net, feature_like, as_floats):
    from ai_edge_litert.interpreter import Interpreter

    net = made_net("tiny")
    x = as_floats(feature_like(24, 120))
    folded = streaming.fold(net)
    interpreter = Interpreter(model_content=streaming.to_float(folded, net.shape))
    interpreter.allocate_tensors()
    (heard,), (said,) = interpreter.get_input_details(), interpreter.get_output_details()
    scores = []
    for chunk in x.reshape(-1, 1, 3, 40):
        interpreter.set_tensor(heard["index"], chunk)
        interpreter.invoke()
        scores.append(interpreter.get_tensor(said["index"])[0, 0])
    assert np.abs(scores - streaming.stream(folded, net.shape, x)).max() <= 1e-5


def test_the_float_file_is_float_in_every_part(made_net):
    from ai_edge_litert.interpreter import Interpreter

    net = made_net("mixed")
    model = streaming.to_float(streaming.fold(net), net.shape)
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    types = {t["dtype"].__name__ for t in interpreter.get_tensor_details()}
    # int32 are the ends of slices and shapes, objects the handles of variables.
    assert types == {"float32", "int32", "object_"}
    assert not {name for ops in Graph(model).ops for name in ops} & {"QUANTIZE", "DEQUANTIZE"}
    # Four bytes a weight: kernels stored as int8 or float16 would be half of this or less.
    assert len(model) > 4 * size_report(net.shape).parameters


@pytest.mark.parametrize("name", ["tiny", "okay_nabu", "hey_jarvis_residual"])
def test_int8_stays_near_the_float_net_on_other_features(made_net, feature_like, as_floats, name):
    net = made_net(name)
    folded = streaming.fold(net)
    model = streaming.to_int8(folded, net.shape, [as_floats(feature_like(s, 900)) for s in (2, 3)])
    features = feature_like(25, 1500)
    scores = Device(model).scores(features) / 256
    whole = expit(net(as_floats(features)[None])[0])
    difference = np.abs(scores - whole)
    assert np.ptp(whole) > 0.3
    # Random weights are the hard case: every score lies where the sigmoid is steep.
    assert difference.mean() < 0.03
    assert np.quantile(difference, 0.99) < 0.12


def test_the_input_grid_is_the_devices_whatever_the_calibration_spans(
    made_net, feature_like, as_floats
):
    net = made_net("tiny")
    quiet = np.clip(as_floats(feature_like(26, 300)), 1, 9)
    graph = Graph(streaming.to_int8(streaming.fold(net), net.shape, [quiet]))
    assert graph.inputs[0].scale == np.float32(26 / 255)
    assert graph.inputs[0].zero_point == -128


def test_the_same_weights_give_the_same_bytes(made_net, feature_like, as_floats):
    def once():
        net = made_net("tiny")
        x = as_floats(feature_like(2, 300))
        return streaming.to_int8(streaming.fold(net), net.shape, [x])

    assert once() == once()


def test_the_calibration_may_be_a_generator(made_net, feature_like, as_floats):
    net = made_net("tiny")
    folded = streaming.fold(net)
    streams = [as_floats(feature_like(seed, 300)) for seed in (2, 3)]
    from_list = streaming.to_int8(folded, net.shape, streams)
    assert streaming.to_int8(folded, net.shape, (s for s in streams)) == from_list


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        ([], "no calibration"),
        ([np.zeros((2, 40))], "no calibration"),
        ([np.zeros((9, 39))], r"\(9, 39\)"),
        ([np.full((9, 40), 30.0)], "span 30.00"),
        ([np.full((9, 40), np.nan)], "span nan"),
    ],
)
def test_calibration_that_misleads_is_refused(made_net, calibration, words):
    net = made_net("tiny")
    with pytest.raises(ValueError, match=words):
        streaming.to_int8(streaming.fold(net), net.shape, calibration)


def test_importing_and_converting_write_nothing_to_stderr():
    code = """
import numpy as np
from mwwkit.model import mixednet, streaming
from mwwkit.device.simulator import Device
net = mixednet.build(mixednet.SHAPES["tiny"], 1)
x = np.random.default_rng(0).uniform(0, 26, (300, 40)).astype(np.float32)
model = streaming.to_int8(streaming.fold(net), net.shape, [x])
Device(model).scores(np.zeros((30, 40), np.int8))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("", "")
