"""The manifest: the JSON that ESPHome reads, beside the model it names.

    write(Manifest(wake_word="Computer", ..., probability_cutoff=0.92), folder / "computer.json")
    problems(read_data(path))        # what is wrong with somebody else's

ESPHome refuses any key it does not know, and accepts values that can never work (a cutoff of 1.5, a
window or an arena of 0): so keys, types and meaning are all checked here.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

from mwwkit.device import detector, firmware
from mwwkit.esphome.esphome_package import parse_version
from mwwkit.esphome.findings import Finding, as_text
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import write_json

# Manifest v2 as ESPHome's components/micro_wake_word/__init__.py has it (MANIFEST_SCHEMA_V2).
REQUIRED = ("type", "wake_word", "author", "model", "trained_languages", "version", "micro")
OPTIONAL = ("website",)
MICRO = (
    "probability_cutoff",
    "sliding_window_size",
    "feature_step_size",
    "tensor_arena_size",
    "minimum_esphome_version",
)
LONGEST_WINDOW = 33  # scores, 1 s: no word keeps its score up for longer; 5 are usual


class ManifestError(WrongInput):
    """The manifest breaks the format or asks the impossible; `findings` names the faults."""

    def __init__(self, findings: list[Finding]):
        """Tell all findings in the message."""
        super().__init__("the manifest will not do:\n" + as_text(findings))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Manifest:
    """A wake word's manifest, version 2; `model` is a file name in the manifest's own folder."""

    wake_word: str
    author: str
    model: str
    trained_languages: tuple[str, ...]
    probability_cutoff: float  # a score above int(cutoff * 255) / 255 on average wakes
    sliding_window_size: int  # scores averaged
    tensor_arena_size: int  # bytes
    website: str = ""  # left out of the file when empty
    feature_step_size: int = firmware.HOP_MS
    minimum_esphome_version: str = firmware.MINIMUM_ESPHOME_VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that ESPHome reads."""
        flat = asdict(self) | {"trained_languages": list(self.trained_languages)}
        micro = {key: flat.pop(key) for key in MICRO}
        if not self.website:
            flat.pop("website")
        return flat | {"type": "micro", "version": firmware.MANIFEST_VERSION, "micro": micro}


def write(manifest: Manifest, path: Path) -> None:
    """Write the manifest, checked first; raises ManifestError."""
    data = manifest.as_dict()
    if findings := problems(data):
        raise ManifestError(findings)
    write_json(path, data)


def read(path: Path) -> Manifest:
    """Read and check a manifest; raises ManifestError, or FileNotFoundError when there is none."""
    data = read_data(path)
    if findings := problems(data):
        raise ManifestError(findings)
    known = {key: data[key] for key in ("wake_word", "author", "model")}
    website = data["website"] if "website" in data else ""
    languages = data["trained_languages"]
    languages = (languages,) if isinstance(languages, str) else tuple(languages)
    return Manifest(**known, **data["micro"], website=website, trained_languages=languages)


def read_data(path: Path) -> Any:
    """Return the JSON in a manifest file, unchecked; raises ManifestError when it is not JSON.

    ESPHome's reader lets the last of two equal keys win; here that is a fault, being a mistake.
    """
    cure = "write the manifest again, or mend the JSON where the message points"
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
    except ManifestError:
        raise
    except (ValueError, RecursionError) as e:
        raise ManifestError([Finding("not-json", f"{path.name} is no JSON: {e}", cure)]) from e


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        words = f"the key {twice[0]!r} stands there twice"
        raise ManifestError([Finding("double-key", words, "keep one of the two")])
    return dict(pairs)


def problems(data: Any) -> list[Finding]:
    """Return what is wrong with a manifest's JSON object: keys first, then types, then meaning."""
    if not isinstance(data, dict):
        words = f"the manifest is {_kind(data)}, wanted an object"
        return [Finding("not-json", words, "start from a manifest that mwwkit wrote")]
    findings = _keys(data, REQUIRED, OPTIONAL, "the manifest")
    for key in ("wake_word", "author", "model", "website"):
        if key in data and not (isinstance(data[key], str) and (data[key] or key == "website")):
            findings.append(_type(key, data[key], "some text"))
    if "type" in data and data["type"] != "micro":
        findings.append(_type("type", data["type"], '"micro"'))
    if "version" in data and (type(data["version"]), data["version"]) != (int, 2):
        words = f"version is {data['version']!r}, wanted 2"
        findings.append(Finding("wrong-version", words, "write a version 2 manifest"))
    if "trained_languages" in data and not _languages(data["trained_languages"]):
        findings.append(_type("trained_languages", data["trained_languages"], 'a list like ["en"]'))
    if "website" in data and isinstance(data["website"], str):
        findings += _website(data["website"])
    if "model" in data and isinstance(data["model"], str):
        findings += _model_name(data["model"])
    if "micro" in data and not isinstance(data["micro"], dict):
        findings.append(_type("micro", data["micro"], "an object"))
    elif "micro" in data:
        findings += _micro(data["micro"])
    return findings


def _micro(micro: dict[str, Any]) -> list[Finding]:
    findings = _keys(micro, MICRO, (), '"micro"')
    for key in ("sliding_window_size", "feature_step_size", "tensor_arena_size"):
        if key in micro and type(micro[key]) is not int:
            findings.append(_type(key, micro[key], "a whole number"))
        elif key in micro and micro[key] < 1:
            words = f"{key} is {micro[key]}, wanted 1 or more"
            cure = {
                "sliding_window_size": "5 scores (150 ms) is usual",
                "feature_step_size": "10, in ms",
                "tensor_arena_size": "let mwwkit compute it, or take 26080 bytes",
            }[key]
            name = key.replace("_", "-") if key != "tensor_arena_size" else "no-arena"
            findings.append(Finding(name, words, cure))
        elif key == "feature_step_size" and key in micro and micro[key] != firmware.HOP_MS:
            words = f"feature_step_size is {micro[key]} ms, wanted {firmware.HOP_MS}"
            cure = "write 10: models are trained on a frame every 10 ms"
            findings.append(Finding("feature-step-size", words, cure))
        elif key in micro:
            findings += _too_much(key, micro[key])
    if "probability_cutoff" in micro:
        findings += _cutoff(micro["probability_cutoff"])
    if "minimum_esphome_version" in micro:
        findings += _minimum(micro["minimum_esphome_version"])
    return findings


def _too_much(key: str, value: int) -> list[Finding]:
    if key == "sliding_window_size" and value > LONGEST_WINDOW:
        words = f"sliding_window_size is {value}, wanted at most {LONGEST_WINDOW}, the scores of a "
        words += "second: no word keeps its score up for longer"
        return [Finding("sliding-window-size", words, "5 scores (150 ms) is usual")]
    if key == "tensor_arena_size" and value > firmware.SRAM_BYTES:
        words = f"tensor_arena_size is {value}, more than the {firmware.SRAM_BYTES:,} bytes of "
        words += "memory on an ESP32-S3"
        cure = "let mwwkit compute it; the published models state about 26,000"
        return [Finding("arena-too-large", words, cure)]
    return []


def _minimum(version: Any) -> list[Finding]:
    text = version if isinstance(version, str) else ""
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}\.\d{1,4}[-.]?\w*", text):
        return [_type("minimum_esphome_version", version, 'a text like "2024.7.0"')]
    if parse_version(text) < parse_version(firmware.MINIMUM_ESPHOME_VERSION):
        words = f"minimum_esphome_version is {text}, but ESPHome knows manifests of version 2 only "
        words += f"from {firmware.MINIMUM_ESPHOME_VERSION} on"
        cure = f"write {firmware.MINIMUM_ESPHOME_VERSION}"
        return [Finding("esphome-version", words, cure)]
    return []


def _cutoff(cutoff: Any) -> list[Finding]:
    if type(cutoff) not in (int, float):
        return [_type("probability_cutoff", cutoff, "a number")]
    cure = "choose a cutoff in 0.01 to 0.99, from the false accepts it gives"
    if not 0 <= cutoff <= 1:  # nor is NaN
        return [Finding("cutoff-range", f"probability_cutoff is {cutoff}, wanted 0 to 1", cure)]
    level = detector.integer_cutoff(cutoff)
    if level in detector.LIVE_CUTOFFS:
        return []
    words = f"probability_cutoff is {cutoff}: the device makes it int({cutoff} * 255) = {level}, "
    words += (
        "and a mean of bytes is never above 255: it never fires"
        if level
        else "and a score is never below 0, so the pause after start never ends: it never fires"
    )
    return [Finding("cutoff-never-fires", words, cure)]


def _keys(data: dict, required: tuple, optional: tuple, where: str) -> list[Finding]:
    findings = []
    for key in required:
        if key not in data:
            findings.append(Finding("missing-key", f"{where} has no {key!r}", f"add {key!r}"))
    for key in data:
        if key not in required + optional:
            words = f"{where} has the key {key!r}, which ESPHome refuses"
            findings.append(Finding("unknown-key", words, "remove it; notes go in a file beside"))
    return findings


def _model_name(name: str) -> list[Finding]:
    # Both kinds of separator: the manifest may be read on another system than it was written on.
    if name and (PurePosixPath(name).name != name or "\\" in name or name in (".", "..")):
        words = f"model is {name!r}, wanted the name of a file beside the manifest"
        return [Finding("model-path", words, "put both files in one folder and name the .tflite")]
    if name and (odd := sorted(set(name) & set('#?%:*"<>|') | {c for c in name if c < " "})):
        words = f"model is {name!r}: a file whose name holds {' '.join(map(repr, odd))} is not "
        words += "found by URL or on every system"
        return [Finding("model-name", words, "rename the file: letters, digits and underscores")]
    return []


def _website(url: str) -> list[Finding]:
    try:
        parsed = urlparse(url)
    except ValueError:  # brackets that hold no address
        parsed = urlparse("")
    if parsed.scheme in ("http", "https") and parsed.netloc and not re.search(r"\s", url):
        return []
    words = f"website is {url!r}, wanted an address that begins with https://"
    return [Finding("website", words, "give a whole address, or leave the key out")]


def _languages(value: Any) -> bool:
    value = [value] if isinstance(value, str) else value
    return isinstance(value, list) and bool(value) and all(isinstance(x, str) and x for x in value)


def _type(key: str, value: Any, wanted: str) -> Finding:
    words = f"{key} is {_kind(value)}, wanted {wanted}"
    return Finding("wrong-type", words, f"correct {key!r}")


def _kind(value: Any) -> str:
    return f"{value!r} ({type(value).__name__})"
