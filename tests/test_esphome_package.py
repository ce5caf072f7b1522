"""ESPHome's schema, its own and ours: they agree; and the generated YAML is valid to ESPHome."""

import copy
import http.server
import importlib.util
import subprocess
import sys
import threading
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mwwkit.device import firmware
from mwwkit.esphome import esphome_package, manifest
from mwwkit.esphome.manifest import Manifest

GOOD = Manifest("Computer", "Someone", "computer.tflite", ("en",), 0.92, 5, 25_040)
HAS_ESPHOME = importlib.util.find_spec("esphome") is not None
needs_esphome = pytest.mark.skipif(not HAS_ESPHOME, reason="pip install esphome")
ABSENT = object()
VALUES = (
    *(ABSENT, None, True, False, 0, 1, 2, 5, 30, 31, -1, 0.5, 2.0, 2.5, 1e30, 10**30),
    *(
        float("nan"),
        float("inf"),
        -float("inf"),
        [],
        {},
        ["en"],
        ["en", 5],
        [None],
        [True],
        {"a": 1},
    ),
    *("", " ", "2", " 5 ", "5.0", "0x10", "1_000", "0.9", "nan", "text", "micro", "vad", "1e400"),
    *(
        "https://example.org/a",
        "example.org",
        "file:///a",
        "file:x",
        "https://",
        "https://[x",
        "//x",
    ),
    *("2024.7.0", "2024.7", "2026.6.5", "2026.6.6", "2026.6.5b1", "2026.6.5-b1", "2026.7.0-dev"),
    *("2024.7.0\n", "2024x7x0", "v2024.7.0", "99.1.1", "0.0.0", "2026.6.4.zzz"),
)
PLACES = [(key,) for key in (*manifest.REQUIRED, *manifest.OPTIONAL, "notes")]
PLACES += [("micro", key) for key in (*manifest.MICRO, "recall")]


def put(data: dict, place: tuple[str, ...], value) -> dict:
    """A copy with another value, or none, at one place; no place any more: as it is."""
    data = copy.deepcopy(data)
    holder = data
    for key in place[:-1]:
        holder = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(holder, dict):
        holder.pop(place[-1], None)
        if value is not ABSENT:
            holder[place[-1]] = copy.deepcopy(value)
    return data


def many_manifests():
    """Every value at every place, then seeded handfuls of changes; and what is no object."""
    good = GOOD.as_dict()
    yield from (good, [], None, "micro", 5, {})
    for place, value in product(PLACES, VALUES):
        yield put(good, place, value)
    draw = np.random.default_rng(5)
    for _ in range(600):
        data = good
        for _ in range(draw.integers(2, 4)):
            data = put(data, PLACES[draw.integers(len(PLACES))], VALUES[draw.integers(len(VALUES))])
        yield data


@needs_esphome
def test_our_schema_and_esphomes_own_agree_on_every_manifest():
    installed = esphome_package.find()
    ours = replace(installed, version=firmware.ESPHOME_VERSION)
    if installed.version != ours.version:
        pytest.skip(f"our schema is that of ESPHome {ours.version}; {installed.version} is here")
    accepted = refused = 0
    for data in many_manifests():
        own, theirs = esphome_package.refusal(data), installed.refusal(data)
        assert bool(own) == bool(theirs), (data, own, theirs)
        accepted, refused = accepted + (not own), refused + bool(own)
    assert accepted > 200 and refused > 800


def test_what_our_own_rules_accept_esphomes_schema_accepts_too():
    for data in many_manifests():
        if not manifest.problems(data):
            refused = esphome_package.refusal(data)  # a model may ask for a later ESPHome than ours
            assert not refused or refused.endswith("is too old for that"), (data, refused)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("type",), "macro", "type: wanted 'micro'"),
        (("notes",), "x", "the manifest has a key 'notes' that it does not know"),
        (("micro", "recall"), 1, "\"micro\" has a key 'recall' that it does not know"),
        (("author",), ABSENT, "the manifest has no key 'author'"),
        (("micro", "feature_step_size"), 40, "feature_step_size: 0 to 30"),
        (("micro", "minimum_esphome_version"), "2099.1.0", "is too old for that"),
        (("website",), "example.org", "website: wanted a whole address"),
    ],
)
def test_a_refusal_names_the_key_and_what_is_wanted(place, value, words):
    assert words in esphome_package.refusal(put(GOOD.as_dict(), place, value))


@needs_esphome
def test_the_installed_sources_register_the_ops_that_models_are_held_to():
    assert esphome_package.find().ops == firmware.OPS
    assert esphome_package.find().differences() == []


@needs_esphome
def test_a_release_that_does_otherwise_is_told_in_words():
    found = esphome_package.find()
    other = replace(
        found,
        source=found.source.replace("AddPack()", "AddTanh()").replace("ma_, 20)", "ma_, 12)"),
        header=found.header.replace("DETECTION = 100", "DETECTION = 50"),
    )
    assert other.differences() == [
        "it also registers TANH",
        "it does not register PACK",
        "resource variables: 12, not 20",
        "slices after start: 50, not 100",
    ]


def test_without_the_package_nothing_is_found(monkeypatch):
    monkeypatch.setitem(sys.modules, "esphome", None)
    assert esphome_package.find() is None


DEVICE = """
esphome: {name: listener}
esp32: {board: esp32-s3-devkitc-1, framework: {type: esp-idf}}
logger:
i2s_audio: {i2s_lrclk_pin: GPIO3, i2s_bclk_pin: GPIO2}
microphone: {platform: i2s_audio, adc_type: external, i2s_din_pin: GPIO4}
packages: {word: !include word.yaml}
"""


@pytest.fixture
def valid(tmp_path):
    """`valid(lines, *options)` -> what `esphome config` says of a whole device with those lines."""
    pytest.importorskip("esphome")

    def ask(lines: str, *options: str) -> tuple[int, str]:
        (tmp_path / "device.yaml").write_text(DEVICE)
        (tmp_path / "word.yaml").write_text(lines)
        command = [sys.executable, "-m", "esphome", *options, "config", "device.yaml"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr

    return ask


@pytest.fixture
def served(tmp_path):
    """The address of a server on loopback that has a model in its folder, and the paths asked."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()
    manifest.write(replace(GOOD, model="tiny.tflite"), folder / "my word.json")
    (folder / "tiny.tflite").write_bytes(b"to ESPHome a model is bytes")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def log_message(self, *about):
            asked.append((self.command, self.path))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_esphome_takes_the_lines_for_a_file_that_lies_beside(valid, tmp_path):
    manifest.write(replace(GOOD, model="tiny.tflite"), tmp_path / "tiny.json")
    (tmp_path / "tiny.tflite").write_bytes(b"to ESPHome a model is bytes")
    code, said = valid(esphome_package.yaml_for_file("tiny.json"))
    assert code == 0 and "Configuration is valid!" in said, said
    (tmp_path / "tiny.tflite").unlink()
    assert valid(esphome_package.yaml_for_file("tiny.json"))[0] != 0


def test_esphome_takes_the_lines_for_an_address_and_fetches_both_files(valid, served):
    address, asked = served
    lines = esphome_package.yaml_for_url("my word.json")
    code, said = valid(lines, "-s", "wake_word_folder", address)
    assert code == 0 and "Configuration is valid!" in said, said
    assert {path for _, path in asked} == {"/my%20word.json", "/tiny.tflite"}
    assert valid(esphome_package.yaml_for_url("my word.json", address))[0] == 0
    assert valid(lines, "-s", "wake_word_folder", address + "/nowhere")[0] != 0


def test_the_lines_point_at_the_json_whatever_it_is_called():
    import yaml

    config = yaml.safe_load(esphome_package.yaml_for_file('my "word".json'))
    assert config["micro_wake_word"]["models"] == [{"model": 'my "word".json'}]
    config = yaml.safe_load(esphome_package.yaml_for_url("my word.json", "https://example.org/a"))
    assert config["substitutions"] == {"wake_word_folder": "https://example.org/a"}
    [entry] = config["micro_wake_word"]["models"]
    assert entry == {"model": "${wake_word_folder}/my%20word.json"}
