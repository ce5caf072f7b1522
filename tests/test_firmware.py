"""What the device fixes, compared with ESPHome's own sources where they are installed."""

import importlib.util
import os
import re
from pathlib import Path

import pytest

from mwwkit.device import firmware


@pytest.fixture(scope="module")
def component() -> Path:
    """The C++ sources of micro_wake_word; MWWKIT_ESPHOME names the package's folder elsewhere."""
    found = importlib.util.find_spec("esphome")
    named = os.environ.get("MWWKIT_ESPHOME", "")
    package = Path(named) if named else Path(found.origin).parent if found else Path()
    folder = package / "components" / "micro_wake_word"
    if not (folder / "streaming_model.cpp").is_file():
        pytest.skip("pip install esphome, or set MWWKIT_ESPHOME to its package folder")
    return folder


def constant(text: str, name: str) -> float:
    return float(re.search(rf"{name}\s*=\s*([\d.]+)", text)[1])


def test_the_ops_are_those_that_the_component_registers(component):
    text = (component / "streaming_model.cpp").read_text()
    added = re.findall(r"op_resolver\.Add(\w+)\(\)", text)
    # AddDepthwiseConv2D is DEPTHWISE_CONV_2D in the schema.
    names = [re.sub(r"(?<=[a-z])(?=[A-Z\d])", "_", op).upper() for op in added]
    assert sorted(names) == sorted(firmware.OPS)
    assert len(firmware.OPS) == 20


def test_the_front_end_is_the_components(component):
    text = (component / "preprocessor_settings.h").read_text()
    assert constant(text, "PREPROCESSOR_FEATURE_SIZE") == firmware.N_BANDS
    assert constant(text, "FEATURE_DURATION_MS") == firmware.WINDOW_MS


def test_features_are_scaled_as_the_component_scales_them(component):
    text = (component / "micro_wake_word.cpp").read_text()
    assert constant(text, "value_scale") == firmware.FEATURE_SCALE_NUM
    assert constant(text, "value_div") == firmware.FEATURE_SCALE_DEN
    assert firmware.FEATURE_ROUNDING == firmware.FEATURE_SCALE_DEN // 2
    assert "(value_div / 2)" in text


def test_the_limits_are_the_components(component):
    header = (component / "streaming_model.h").read_text()
    source = (component / "streaming_model.cpp").read_text()
    assert constant(header, "MIN_SLICES_BEFORE_DETECTION") == firmware.MIN_SLICES_BEFORE_DETECTION
    size = constant(header, "STREAMING_MODEL_VARIABLE_ARENA_SIZE")
    assert size == firmware.VARIABLE_ARENA_BYTES
    assert f"->ma_, {firmware.MAX_RESOURCE_VARIABLES})" in source
    python = (component / "__init__.py").read_text()
    assert f"int(probability_cutoff * {firmware.CUTOFF_LEVELS})" in python


def test_the_int8_grid_spans_0_to_26():
    ends = (-128 - firmware.INPUT_ZERO_POINT, 127 - firmware.INPUT_ZERO_POINT)
    assert ends[0] * firmware.INPUT_SCALE == 0
    assert ends[1] * firmware.INPUT_SCALE == pytest.approx(26)
