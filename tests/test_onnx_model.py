"""The ONNX file is the float net: at once, in pieces, in batches, in ONNX Runtime."""

import sys

import numpy as np
import pytest
from test_streaming import SHAPES

from mwwkit.evaluation import net_forms
from mwwkit.model import onnx_model, streaming
from mwwkit.run.errors import CannotGoOn

HERE = "install the extra onnx: pip install 'mwwkit[onnx]'"


@pytest.fixture
def extra():
    pytest.importorskip("onnx", reason=HERE)
    return pytest.importorskip("onnxruntime", reason=HERE)


@pytest.mark.parametrize("shape", [*SHAPES, "mixed"], ids=str)
def test_it_gives_the_float_nets_scores_at_once_and_in_pieces(
    extra, made_net, feature_like, as_floats, shape
):
    net, features = made_net(shape), feature_like(20, 240)
    model = onnx_model.to_onnx(streaming.fold(net, scale=3.0), net.shape)
    whole = net_forms.float_scores(net, features, 3.0)
    assert np.ptp(whole) > 0.1
    x = as_floats(features)
    assert onnx_model.check(model, net.shape, [x], [whole]) <= 1e-5
    for frames in (net.shape.stride * n for n in (1, 7, 40)):
        assert np.abs(onnx_model.run(model, x, frames) - whole).max() <= 1e-5


def test_recordings_go_in_batches(extra, made_net, feature_like, as_floats):
    net = made_net("tiny")
    x = np.stack([as_floats(feature_like(seed, 120)) for seed in (1, 2, 3)])
    session = extra.InferenceSession(onnx_model.to_onnx(streaming.fold(net), net.shape))
    past = {e.name: np.zeros((3, *e.shape[1:]), np.float32) for e in session.get_inputs()[1:]}
    [scores] = session.run(["scores"], {"features": x} | past)
    assert scores.shape == (3, 40) and scores.dtype == np.float32
    assert np.abs(scores - 1 / (1 + np.exp(-np.asarray(net(x))))).max() <= 1e-5


def test_the_ends_and_the_metadata_tell_how_to_use_it(extra, made_net):
    net = made_net("tiny")
    model = onnx_model.to_onnx(
        streaming.fold(net), net.shape, {"wake_word": "Ça va", "cutoff": 0.9}
    )
    session = extra.InferenceSession(model)
    inputs = {end.name: end.shape for end in session.get_inputs()}
    outputs = {end.name: end.shape for end in session.get_outputs()}
    assert inputs.pop("features") == ["batch", "frames", 40]
    assert outputs.pop("scores") == ["batch", "steps"]
    rings = dict(zip(("stem", "block0", "block1", "head"), net.shape.rings, strict=True))
    states = {name: ["batch", channels, steps] for name, (steps, channels) in rings.items()}
    assert inputs == {f"past_{name}": dims for name, dims in states.items()}
    assert outputs == {f"next_{name}": dims for name, dims in states.items()}
    told = session.get_modelmeta().custom_metadata_map
    assert (told["wake_word"], told["cutoff"], told["stride"]) == ("Ça va", "0.9", "3")
    assert "26 / 255" in told["features"]


def test_the_same_weights_give_the_same_bytes(extra, made_net):
    net = made_net("mixed")
    folded = streaming.fold(net)
    assert onnx_model.to_onnx(folded, net.shape) == onnx_model.to_onnx(folded, net.shape)


def test_a_file_that_is_not_the_net_is_refused(extra, made_net, feature_like, as_floats):
    net, features = made_net("tiny"), feature_like(20, 120)
    other = onnx_model.to_onnx(streaming.fold(net, shift=0.01), net.shape)
    wanted = net_forms.float_scores(net, features)
    with pytest.raises(CannotGoOn, match="up to 0.00.* from the float net, wanted 1e-05"):
        onnx_model.check(other, net.shape, [as_floats(features)], [wanted])


def test_without_the_extra_it_says_how_to_get_it(made_net, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(CannotGoOn, match=r"pip install 'mwwkit\[onnx\]'"):
        onnx_model.needed()
