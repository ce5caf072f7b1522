"""The shapes and what they cost."""

import pytest

from mwwkit.device.flatbuffer import Graph
from mwwkit.device.simulator import Device
from mwwkit.model.shapes import SHAPES, Block, Shape, size_report


@pytest.mark.parametrize("name", ["okay_nabu", "alexa", "hey_mycroft", "hey_jarvis"])
def test_a_shape_has_the_rings_of_the_official_model_of_its_name(official_models, name):
    graph = Graph((official_models / f"{name}.tflite").read_bytes())
    rings = {variable.reads[0].shape for variable in graph.variables.values()}
    assert rings == {(1, length, 1, width) for length, width in SHAPES[name].rings}
    assert Device(official_models / f"{name}.tflite").stride == SHAPES[name].stride


@pytest.mark.parametrize("name", ["alexa", "mixed", "hey_jarvis", "hey_jarvis_residual"])
def test_the_shapes_offered_cost_no_more_than_the_official_okay_nabu(name):
    report = size_report(SHAPES[name])
    assert report.macs_per_step <= 24_096  # counted on the official file, its kernels split
    assert report.state_bytes <= 3_472
    assert report.int8_bytes <= 60_264


def test_the_costs_of_a_small_shape_equal_those_counted_by_hand():
    shape = Shape("hand", 2, 5, (Block((3,), 4), Block((1, 5), 4, residual=True)), 3)
    report = size_report(shape)
    stem, first, second, head = 2 * 5 * 40, 2 * 3 + 2 * 4, 4 * 5 + 4 * 4, 3 * 4
    assert report.macs_per_step == stem + first + second + head
    assert report.parameters == report.macs_per_step + 2 + 4 + 4 + 1
    assert report.state_bytes == 2 * 40 + 2 * 2 + 4 * 4 + 2 * 4
    assert shape.context_steps == 2 + 2 + 4 + 2
    assert report.macs_per_second == report.macs_per_step * 1000 // 30


def test_the_size_report_is_within_two_per_cent_of_the_file(tiny_model):
    assert size_report(SHAPES["tiny"]).int8_bytes == pytest.approx(len(tiny_model), rel=0.02)


def test_channels_that_do_not_divide_go_to_the_first_kernel():
    assert Block((3, 5, 7), 8).groups(32) == (12, 10, 10)


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: Block((), 4),
        lambda: Block((0,), 4),
        lambda: Block((3,), 0),
        lambda: Shape("x", 4, 2, (Block((3,), 4),), 1),
        lambda: Shape("x", 4, 5, (), 1),
        lambda: Shape("x", 1, 5, (Block((3, 5), 4),), 1),
        lambda: Shape("x", 4, 5, (Block((3,), 4),), 1, stride=0),
    ],
)
def test_a_shape_that_cannot_be_built_is_refused(nonsense):
    with pytest.raises(ValueError, match="at least|below|split|needs"):
        nonsense()
