"""The logit's grid: finer where cutoffs lie, and the same model otherwise."""

import numpy as np
import pytest

from mwwkit.device.flatbuffer import Graph
from mwwkit.device.simulator import Device
from mwwkit.model import logit_grid, streaming


@pytest.fixture(scope="module")
def coarse_and_fine(made_net, feature_like, as_floats):
    """A model with logits of a wide range, as converted and as refined."""
    net = made_net("tiny")
    folded = streaming.fold(net, scale=20.0)
    streams = [as_floats(feature_like(seed, 600)) for seed in (2, 3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "refine", lambda model: model)
        coarse = streaming.to_int8(folded, net.shape, streams)
    return coarse, streaming.to_int8(folded, net.shape, streams)


def logit(model: bytes):
    """The last tensor before the scores: one int8 value that is no constant."""
    ends = [t for t in Graph(model).tensors[0] if t.shape == (1, 1) and t.type == "INT8"]
    return next(t for t in ends if t.scale != 1 / 256)


def test_the_logit_spans_minus_7_to_6(coarse_and_fine):
    coarse, fine = (logit(model) for model in coarse_and_fine)
    assert coarse.scale > 0.1
    assert fine.scale == pytest.approx(13 / 255)
    assert (-128 - fine.zero_point) * fine.scale == pytest.approx(-7, abs=0.03)
    assert (127 - fine.zero_point) * fine.scale == pytest.approx(6, abs=0.03)


def test_scores_take_more_levels_and_stay_near(coarse_and_fine, feature_like):
    features = feature_like(40, 6000)
    coarse, fine = (Device(m, reference=True).scores(features).astype(int) for m in coarse_and_fine)
    assert len(set(fine.tolist())) > 1.5 * len(set(coarse.tolist()))
    step = logit(coarse_and_fine[0]).scale
    assert np.abs(fine - coarse).max() <= np.ceil(256 * step / 4 / 2) + 8
    assert (fine.min(), fine.max()) == (0, 255)


def test_four_numbers_of_the_file_change_at_most(coarse_and_fine):
    coarse, fine = (np.frombuffer(model, np.uint8) for model in coarse_and_fine)
    assert len(coarse) == len(fine)
    assert 0 < (coarse != fine).sum() <= 4 + 8


def test_a_fine_grid_is_left_alone(coarse_and_fine):
    assert logit_grid.refine(coarse_and_fine[1]) == coarse_and_fine[1]


def test_the_official_models_can_be_refined_too(official_models, feature_like):
    model = (official_models / "alexa.tflite").read_bytes()
    assert logit(model).scale > 0.15
    features = feature_like(41, 300)
    difference = Device(model).scores(features).astype(int) - Device(
        logit_grid.refine(model)
    ).scores(features)
    assert np.abs(difference).max() <= 16


def test_a_model_with_another_end_is_refused(made_net, monkeypatch):
    from ai_edge_litert import schema_py_generated as schema

    net = made_net("tiny")
    model = streaming.to_float(streaming.fold(net), net.shape)
    monkeypatch.setattr(schema.BuiltinOperator, "LOGISTIC", schema.BuiltinOperator.TANH)
    with pytest.raises(ValueError, match="does not end in"):
        logit_grid.refine(model)
