"""The gate: models of ours pass, faults of a conversion are named (more in test_certificate)."""

from functools import partial

import numpy as np
import pytest
from seeded import changed_graph

from mwwkit.device.flatbuffer import Graph
from mwwkit.esphome import gate
from mwwkit.model import streaming


def faults(model, envelope="wake_word"):
    return {finding.fault for finding in gate.inspect(model, envelope)}


@pytest.fixture
def edited(tiny_model):
    """Change the tiny model's flatbuffer by a function of its object form; return the bytes."""
    return partial(changed_graph, tiny_model)


def test_a_model_that_mwwkit_made_passes(tiny_model):
    assert gate.inspect(tiny_model) == []


@pytest.mark.parametrize("name", ["okay_nabu", "hey_jarvis_residual", "mixed"])
def test_each_shape_passes(made_net, feature_like, as_floats, name):
    net = made_net(name)
    model = streaming.to_int8(streaming.fold(net), net.shape, [as_floats(feature_like(2, 600))])
    assert gate.inspect(model) == []


def test_rewriting_the_file_unchanged_changes_nothing(edited):
    assert faults(edited(lambda model: None)) == set()


def test_a_float_model_is_named_by_its_input_output_variables_and_tensors(made_net):
    net = made_net("tiny")
    found = faults(streaming.to_float(streaming.fold(net), net.shape))
    assert {"input-type", "output-type", "variable-type", "float-tensors"} <= found


def test_float_variables_behind_an_int8_face_are_named(made_net, feature_like, as_floats):
    net = made_net("tiny")
    converter = streaming._converter(streaming.Twin(streaming.fold(net), net.shape))
    converter.optimizations = {streaming.tf.lite.Optimize.DEFAULT}
    converter.target_spec.supported_ops = {streaming.tf.lite.OpsSet.TFLITE_BUILTINS_INT8}
    converter.inference_input_type = streaming.tf.int8
    converter.inference_output_type = streaming.tf.uint8
    x = as_floats(feature_like(2, 300))
    converter.representative_dataset = lambda: streaming._representative([x], 3)
    findings = gate.inspect(streaming._convert(converter))
    assert {"op-not-registered", "variable-type", "float-tensors"} <= {f.fault for f in findings}
    assert any("DEQUANTIZE" in f.words for f in findings)
    assert any("_experimental_variable_quantization" in f.cure for f in findings)


def test_another_stride_is_named(made_net, feature_like, as_floats):
    from mwwkit.model.mixednet import Block, Shape

    net = made_net(Shape("stride 2", 6, 5, (Block((3,), 8),), 2, stride=2))
    model = streaming.to_int8(streaming.fold(net), net.shape, [as_floats(feature_like(2, 300))])
    (finding,) = gate.inspect(model)
    assert finding.fault == "stride"
    assert "2 frames, wanted 3" in finding.words


def test_a_state_left_dirty_by_training_is_named(made_net, feature_like, as_floats, monkeypatch):
    net = made_net("tiny")
    x = as_floats(feature_like(2, 300))

    class Used(streaming.Twin):
        def __init__(self, *parts):
            super().__init__(*parts)
            for chunk in x[:60].reshape(-1, 1, 3, 40):
                self.step(chunk)

    monkeypatch.setattr(streaming, "Twin", Used)
    model = streaming.to_int8(streaming.fold(net), net.shape, [x])
    findings = gate.inspect(model)
    assert {finding.fault for finding in findings} == {"dirty-state"}
    assert len(findings) == len(Graph(model).variables)


def test_too_many_variables_are_named(made_net, feature_like, as_floats):
    from mwwkit.model.mixednet import Block, Shape

    net = made_net(Shape("deep", 4, 5, (Block((2,), 4),) * 19, 2))
    model = streaming.to_int8(streaming.fold(net), net.shape, [as_floats(feature_like(2, 90))])
    assert faults(model) == {"too-many-variables"}


def test_a_model_too_large_for_the_envelope_is_named(tiny_model):
    small = gate.Envelope(bytes_limit=len(tiny_model) - 1)
    assert [finding.fault for finding in gate.inspect(tiny_model, small)] == ["too-large"]


def test_a_file_cut_short_anywhere_is_unreadable_and_never_a_crash(tiny_model):
    for length in range(0, len(tiny_model), 97):
        assert faults(tiny_model[:length]) == {"unreadable"}


def test_damaged_bytes_are_never_a_crash(tiny_model):
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(150):
        damaged = np.frombuffer(tiny_model, np.uint8).copy()
        damaged[rng.integers(0, len(damaged), 12)] = rng.integers(0, 256, 12)
        named += bool(gate.inspect(damaged.tobytes()))
    assert named > 20
