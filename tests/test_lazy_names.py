"""The names that users of earlier systems know are found in the rooms where they would look."""

import importlib
import subprocess
import sys

import pytest

OFFERED = {
    "audio": (
        "AudioAugmentation",
        "AudioValidationError",
        "FeatureConfig",
        "MicroFrontend",
        "SpectrogramGeneration",
    ),
    "corpus": ("Clips", "Label", "SampleRecord", "Split", "load_clips"),
    "device": ("StreamingDetector",),
    "scenes": ("FeatureStore",),
    "training": (
        "EMA",
        "LRFinder",
        "WakeWordDataset",
        "batch_spec_augment_gpu",
        "spec_augment_gpu",
    ),
}


@pytest.mark.parametrize("room", OFFERED)
def test_a_room_offers_the_names_of_the_specification(room):
    offering = importlib.import_module(f"mwwkit.{room}")
    for name in OFFERED[room]:
        assert getattr(offering, name).__name__ == name
    with pytest.raises(AttributeError, match=f"'mwwkit.{room}' has no attribute 'Klips'"):
        offering.Klips  # noqa: B018


def test_to_import_a_room_loads_nothing_heavy():
    rooms = ", ".join(f"mwwkit.{room}" for room in OFFERED)
    code = f"import sys, {rooms}; print({{'numpy', 'keras'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
