"""The devices a model is meant for: what they have, and when a shape is told to be too large."""

from dataclasses import replace

import pytest

from mwwkit.device import arena
from mwwkit.device.flatbuffer import Graph
from mwwkit.model import targets
from mwwkit.model.shapes import SHAPES, Block, Shape, size_report
from mwwkit.model.targets import TARGETS, fit

OFFICIAL = ["okay_nabu", "alexa", "hey_mycroft", "hey_jarvis"]
BY_NAME = {target.name: target for target in TARGETS}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_estimates_of_an_official_shape_are_near_what_its_file_has(official_models, name):
    pytest.importorskip("tflite_micro")
    path, report = official_models / f"{name}.tflite", size_report(SHAPES[name])
    rings = Graph(path.read_bytes()).variables.values()
    state = sum(ring.reads[0].shape[1] * ring.reads[0].shape[3] for ring in rings)
    assert report.state_bytes == state
    assert report.arena_bytes == pytest.approx(arena.measure(path).smallest, rel=0.08)
    # Their mixed kernels are convolutions of their own, each with a name and tensors: more bytes.
    assert 0.88 < report.int8_bytes / path.stat().st_size < 1


def test_the_arena_of_our_own_net_is_near_its_estimate(tiny_model):
    pytest.importorskip("tflite_micro")
    smallest = arena.measure(tiny_model).smallest
    assert size_report(SHAPES["tiny"]).arena_bytes == pytest.approx(smallest, rel=0.08)


def test_person_detection_is_counted_layer_by_layer():
    size, channels = 48, 8
    macs = size**2 * 3 * 3 * 1 * channels  # the stem halves 96 x 96
    for filters, stride in [
        *((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)),
        *((128, 1),) * 5,
        *((256, 2), (256, 1)),
    ]:
        size //= stride
        macs += size**2 * channels * (3 * 3 + filters)  # depthwise, then pointwise
        channels = filters
    assert macs + channels * 2 == targets.PERSON_DETECTION_MACS


def test_what_runs_on_the_plain_esp32_is_told_to_fit_it():
    assert fit(size_report(SHAPES["okay_nabu"]), BY_NAME["ESP32"]).verdict == "fits"


def test_every_shape_that_is_offered_fits_every_target():
    for shape in SHAPES.values():
        assert {fit(size_report(shape), target).verdict for target in TARGETS} == {"fits"}
        assert not targets.warning(size_report(shape))


@pytest.mark.parametrize(
    ("what", "shares"),
    [
        ("arena_bytes", targets.RAM_SHARES),
        ("int8_bytes", targets.FLASH_SHARES),
        ("macs_per_second", targets.SPEED_SHARES),
    ],
)
def test_one_thing_that_is_too_much_is_enough_to_say_so(what, shares):
    small, target = size_report(SHAPES["tiny"]), BY_NAME["ESP32"]
    whole = {"arena_bytes": target.ram_bytes / targets.ARENA_MARGIN}
    whole |= {"int8_bytes": target.flash_bytes, "macs_per_second": target.macs_per_second}
    told = [
        fit(replace(small, **{what: int(whole[what] * share)}), target).verdict
        for share in (shares[0] * 0.99, shares[0] * 1.01, shares[1] * 0.99, shares[1] * 1.01)
    ]
    assert told == ["fits", "tight", "tight", "too large"]


def test_a_speed_that_nobody_published_is_not_made_up():
    unknown = [target for target in TARGETS if target.macs_per_second is None]
    report = replace(size_report(SHAPES["tiny"]), macs_per_second=10**12)
    for target in unknown:
        assert fit(report, target).speed is None and fit(report, target).verdict == "fits"
        [row] = [row for row in targets.rows(report) if row[0] == target.name]
        assert row[-2:] == ("unknown", "memory: fits (not with ESPHome)")


def test_a_warning_names_the_devices_that_are_too_small():
    large = Shape("large", 64, 5, tuple(Block((9,), 160) for _ in range(9)), 5)
    report = size_report(large)
    assert targets.warning(report) == "large is too large for ESP32, ESP32-C3"
    huge = Shape("huge", 128, 5, tuple(Block((9,), 512) for _ in range(8)), 10)
    assert "too large for every device" in targets.warning(size_report(huge))
    assert [row[0] for row in targets.rows(report)] == [target.name for target in TARGETS]
