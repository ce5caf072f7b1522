"""The arena: the smallest that runs is found, and less does not run."""

import json
import sys

import pytest

from mwwkit.device import arena
from mwwkit.device.arena import ArenaError


def test_the_smallest_arena_runs_and_a_step_less_does_not(tiny_model):
    pytest.importorskip("tflite_micro")
    found = arena.measure(tiny_model)
    with arena._trials(tiny_model) as fails:
        assert not fails(found.smallest)
        assert fails(found.smallest - arena.STEP)
        assert fails(0)
        assert not fails(found.size)


def test_the_stated_size_has_the_margin_and_the_alignment():
    assert [arena.stated(n) for n in (16, 10_000, 22_752)] == [32, 11_008, 25_040]


@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_what_is_stated_for_an_official_model_is_near_its_manifest(official_models, name):
    pytest.importorskip("tflite_micro")
    found = arena.measure(official_models / f"{name}.tflite")
    manifest = json.loads((official_models / f"{name}.json").read_text())
    stated = manifest["micro"]["tensor_arena_size"]
    assert found.smallest < stated
    assert abs(found.size / stated - 1) < 0.10


def test_what_is_stated_for_ours_is_enough_and_little_more(tiny_model):
    pytest.importorskip("tflite_micro")
    found = arena.measure(tiny_model)
    assert found.smallest <= found.size <= 1.15 * found.smallest


def test_a_model_that_runs_in_no_arena_is_told_with_the_interpreters_words():
    pytest.importorskip("tflite_micro")
    with pytest.raises(ArenaError, match=r"does not run in an arena .* bytes: \w"):
        arena.measure(b"\x00" * 64)


def test_without_tflite_micro_the_error_says_how_to_get_it(tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    for ask in (arena.measure, lambda _: arena.needed()):
        with pytest.raises(ArenaError, match="pip install .mwwkit.tflm."):
            ask(tiny_model)
