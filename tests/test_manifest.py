"""The manifest: ESPHome's keys and no others, and only what the device can do."""

import json

import pytest

from mwwkit.esphome import manifest
from mwwkit.esphome.manifest import Manifest, ManifestError

GOOD = Manifest(
    wake_word="Computer",
    author="Someone",
    model="computer.tflite",
    trained_languages=("en",),
    probability_cutoff=0.92,
    sliding_window_size=5,
    tensor_arena_size=25_040,
    website="https://example.org/words",
)


def faults(data):
    return [finding.fault for finding in manifest.problems(data)]


def changed(**changes):
    data = GOOD.as_dict()
    micro = {key: changes.pop(key) for key in list(changes) if key in manifest.MICRO}
    return data | changes | {"micro": data["micro"] | micro}


def test_a_manifest_survives_writing_and_reading(tmp_path):
    manifest.write(GOOD, tmp_path / "computer.json")
    assert manifest.read(tmp_path / "computer.json") == GOOD


def test_what_is_written_has_the_keys_of_the_official_ones(official_models, tmp_path):
    manifest.write(GOOD, tmp_path / "computer.json")
    ours = json.loads((tmp_path / "computer.json").read_text())
    theirs = json.loads((official_models / "okay_nabu.json").read_text())
    assert set(ours) == set(theirs)
    assert set(ours["micro"]) == set(theirs["micro"])
    assert (ours["version"], ours["type"]) == (2, "micro")


def test_the_official_manifests_are_accepted(official_models):
    paths = sorted(official_models.glob("*.json"))
    assert len(paths) >= 4
    for path in paths:
        assert manifest.read(path).as_dict() == json.loads(path.read_text())


def test_no_website_means_no_key():
    data = Manifest(**{**vars(GOOD), "website": ""}).as_dict()
    assert "website" not in data
    assert faults(data) == []


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (changed(metrics={}), "unknown-key"),
        (changed() | {"micro": GOOD.as_dict()["micro"] | {"recall": 0.9}}, "unknown-key"),
        (changed(version=1), "wrong-version"),
        (changed(version="2"), "wrong-version"),
        (changed(type="macro"), "wrong-type"),
        (changed(wake_word=""), "wrong-type"),
        (changed(author=7), "wrong-type"),
        (changed(trained_languages=[]), "wrong-type"),
        (changed(website="example.org"), "website"),
        (changed(website="https://[x"), "website"),
        (changed(website="ftp://example.org"), "website"),
        (changed(model="../other.tflite"), "model-path"),
        (changed(model="a\\b.tflite"), "model-path"),
        (changed(model="a#1.tflite"), "model-name"),
        (changed(model="c:a.tflite"), "model-name"),
        (changed(probability_cutoff=1.0), "cutoff-never-fires"),
        (changed(probability_cutoff=0.0), "cutoff-never-fires"),
        (changed(probability_cutoff=0.003), "cutoff-never-fires"),
        (changed(probability_cutoff=97), "cutoff-range"),
        (changed(probability_cutoff=1.5), "cutoff-range"),
        (changed(probability_cutoff=-0.1), "cutoff-range"),
        (changed(probability_cutoff=float("nan")), "cutoff-range"),
        (changed(probability_cutoff="0.9"), "wrong-type"),
        (changed(probability_cutoff=True), "wrong-type"),
        (changed(sliding_window_size=0), "sliding-window-size"),
        (changed(sliding_window_size=2.5), "wrong-type"),
        (changed(sliding_window_size=34), "sliding-window-size"),
        (changed(feature_step_size=20), "feature-step-size"),
        (changed(feature_step_size=0), "feature-step-size"),
        (changed(tensor_arena_size=0), "no-arena"),
        (changed(tensor_arena_size=-5), "no-arena"),
        (changed(tensor_arena_size=True), "wrong-type"),
        (changed(tensor_arena_size=600_000), "arena-too-large"),
        (changed(minimum_esphome_version="soon"), "wrong-type"),
        (changed(minimum_esphome_version="2023.12.1"), "esphome-version"),
        (changed() | {"micro": None}, "wrong-type"),
        ([], "not-json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_found_alone_and_named(data, fault):
    assert faults(data) == [fault]
    (finding,) = manifest.problems(data)
    assert finding.words and finding.cure


def test_missing_keys_are_named():
    data = GOOD.as_dict()
    del data["author"], data["micro"]["sliding_window_size"]
    assert faults(data) == ["missing-key", "missing-key"]
    assert "'author'" in manifest.problems(data)[0].words
    assert "'sliding_window_size'" in manifest.problems(data)[1].words


def test_several_faults_are_told_together():
    data = changed(probability_cutoff=1.0, tensor_arena_size=0, notes="x")
    assert sorted(faults(data)) == ["cutoff-never-fires", "no-arena", "unknown-key"]


def test_a_bad_manifest_is_not_written(tmp_path):
    bad = Manifest(**{**vars(GOOD), "probability_cutoff": 1.0})
    with pytest.raises(ManifestError, match="never fires"):
        manifest.write(bad, tmp_path / "computer.json")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_json_is_told(tmp_path):
    (tmp_path / "computer.json").write_text("{")
    with pytest.raises(ManifestError, match="not-json"):
        manifest.read(tmp_path / "computer.json")


@pytest.mark.parametrize("twice", ['"author": "me"', '"micro": {}'])
def test_a_key_that_stands_there_twice_is_named(tmp_path, twice):
    text = json.dumps(GOOD.as_dict())
    (tmp_path / "computer.json").write_text(text[:-1] + f", {twice}}}")
    with pytest.raises(ManifestError, match="double-key: the key .* twice -> keep one"):
        manifest.read(tmp_path / "computer.json")
