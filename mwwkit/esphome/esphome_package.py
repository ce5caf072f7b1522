"""Validate manifests and ops with the installed `esphome` package, or with our own copy of rules.

    refused = refusal(data)          # "" or why ESPHome refuses the manifest: our own equivalent
    installed = find()               # None without the package
    refused = installed.refusal(data)            # the same, by ESPHome's own schema
    installed.ops                    # what its C++ source registers
    print(yaml_for_file("computer.json"))        # lines for a configuration

The schema (`MANIFEST_SCHEMA_V2` in components/micro_wake_word/__init__.py, read in release
`firmware.ESPHOME_VERSION`) is lenient: it takes "5" for 5 and any number for a cutoff. What it
takes and what works are two things; the second is in `mwwkit.esphome.manifest`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlparse

from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput

Version = tuple[int, int, int, str]


def refusal(data: Any) -> str:
    """Why ESPHome would refuse a manifest, or "", by our copy of its rules (package not needed)."""
    try:
        _object(data, _MANIFEST, "the manifest")
    except (ValueError, OverflowError) as no:
        return str(no)
    return ""


def _object(data: Any, keys: dict[str, tuple[bool, Callable]], where: str) -> None:
    if not isinstance(data, dict):
        raise WrongInput(f"{where} is no object")
    for key in data:
        if key not in keys:
            raise WrongInput(f"{where} has a key {key!r} that it does not know")
    for key, (is_required, check) in keys.items():
        if key not in data and is_required:
            raise WrongInput(f"{where} has no key {key!r}")
        if key in data:
            try:
                check(data[key])
            except (ValueError, OverflowError, TypeError) as no:
                raise WrongInput(f"{key}: {no}") from no


def _literal(wanted: Any) -> Callable:
    def check(value: Any) -> None:
        if value != wanted:
            raise WrongInput(f"wanted {wanted!r}")

    return check


def _text(value: Any) -> None:
    """`cv.string`: numbers become text."""
    if value is None or isinstance(value, bool | dict | list):
        raise WrongInput("wanted text")


def _strict(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongInput("wanted text in quotes")
    return value


def _whole(value: Any) -> int:
    """`cv.int_`: also text, hexadecimal, and floats without a fraction."""
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if int(value) != value:
            raise WrongInput("wanted a whole number")
        return int(value)
    digits = _strict(value).lower()
    return int(digits, 16 if digits.startswith("0x") else 10)


def _within(low: int, high: float = float("inf")) -> Callable:
    def check(value: Any) -> None:
        if not low <= _whole(value) <= high:
            wanted = f"wanted {low} or more" if high == float("inf") else f"{low} to {high}"
            raise WrongInput(wanted)

    return check


def _version_2(value: Any) -> None:
    number = _whole(value)
    if number != 2:
        raise WrongInput("wanted 2")


def _languages(value: Any) -> None:
    """`cv.ensure_list(cv.string)`."""
    if value is None or value == {}:
        return
    for each in value if isinstance(value, list) else [value]:
        _text(each)


def _url(value: Any) -> None:
    parsed = urlparse(_strict(value))
    if not (parsed.scheme and parsed.netloc or parsed.scheme == "file"):
        raise WrongInput("wanted a whole address")


def _not_too_new(value: Any) -> None:
    wanted = parse_version(_strict(value))
    if parse_version(firmware.ESPHOME_VERSION) < wanted:
        raise WrongInput(f"ESPHome {firmware.ESPHOME_VERSION} is too old for that")


def parse_version(text: str) -> Version:
    """ESPHome's `Version.parse`; raises ValueError."""
    match = re.match(r"^(\d+).(\d+).(\d+)[-.]?(\w*)$", text)
    if match is None:
        raise WrongInput(f"{text!r} is no version such as 2024.7.0")
    return int(match[1]), int(match[2]), int(match[3]), match[4]


_MICRO = {
    "feature_step_size": (True, _within(0, 30)),
    "tensor_arena_size": (True, _whole),
    "probability_cutoff": (True, float),
    "sliding_window_size": (True, _within(0)),
    "minimum_esphome_version": (True, _not_too_new),
}
_MANIFEST = {
    "type": (True, _literal("micro")),
    "model": (True, _text),
    "author": (True, _text),
    "version": (True, _version_2),
    "wake_word": (True, _text),
    "trained_languages": (True, _languages),
    "website": (False, _url),
    "micro": (True, lambda value: _object(value, _MICRO, '"micro"')),
}


@dataclass(frozen=True)
class Installed:
    """An ESPHome package on this machine: its version and the C++ source of the component."""

    version: str
    source: str  # streaming_model.cpp
    header: str  # streaming_model.h

    def refusal(self, data: Any) -> str:
        """Why its own schema refuses a manifest's JSON, or ""."""
        import voluptuous
        from esphome.components.micro_wake_word import MANIFEST_SCHEMA_V2

        try:
            MANIFEST_SCHEMA_V2(data)
        except (voluptuous.Invalid, OverflowError) as no:
            return str(no)
        return ""

    @property
    def ops(self) -> frozenset[str]:
        """The ops that it registers, by their names in the TFLite schema."""
        added = re.findall(r"op_resolver\.Add(\w+)\(\)", self.source)
        # AddDepthwiseConv2D is DEPTHWISE_CONV_2D in the schema.
        return frozenset(re.sub(r"(?<=[a-z])(?=[A-Z\d])", "_", op).upper() for op in added)

    def differences(self) -> list[str]:
        """Where this release does otherwise than what mwwkit holds a model to; in words."""
        differences = []
        if more := sorted(self.ops - firmware.OPS):
            differences.append(f"it also registers {', '.join(more)}")
        if fewer := sorted(firmware.OPS - self.ops):
            differences.append(f"it does not register {', '.join(fewer)}")
        slices = r"MIN_SLICES_BEFORE_DETECTION\s*=\s*(\d+)"
        arena = r"STREAMING_MODEL_VARIABLE_ARENA_SIZE\s*=\s*(\d+)"
        for name, text, pattern, ours in (
            ("resource variables", self.source, r"ma_, (\d+)\)", firmware.MAX_RESOURCE_VARIABLES),
            ("slices after start", self.header, slices, firmware.MIN_SLICES_BEFORE_DETECTION),
            ("bytes for variables", self.header, arena, firmware.VARIABLE_ARENA_BYTES),
        ):
            numbers = set(map(int, re.findall(pattern, text)))
            if numbers != {ours}:
                shown = ", ".join(map(str, sorted(numbers))) or "no number that was found"
                differences.append(f"{name}: {shown}, not {ours}")
        return differences


def find() -> Installed | None:
    """The installed ESPHome, or None; a release without the component's sources counts as none."""
    spec = importlib.util.find_spec("esphome")
    if spec is None or not spec.origin:
        return None
    folder = Path(spec.origin).parent / "components" / "micro_wake_word"
    try:
        source = (folder / "streaming_model.cpp").read_text(encoding="utf-8")
        header = (folder / "streaming_model.h").read_text(encoding="utf-8")
        version = importlib.metadata.version("esphome")
    except (OSError, importlib.metadata.PackageNotFoundError):
        return None
    return Installed(version, source, header)


def yaml_for_file(manifest_name: str) -> str:
    """Lines for an ESPHome configuration; `model:` points at the .json, not the .tflite."""
    return (
        "# Put the .json and the .tflite beside this configuration (paths are relative to it).\n"
        + _lines(json.dumps(manifest_name))
    )


def yaml_for_url(manifest_name: str, folder_url: str = "https://example.org/wake_words") -> str:
    """ESPHome YAML lines for a model on a web server, with a line to fill in the address."""
    return (
        "# Put the .json and the .tflite on a web server, side by side, and their folder here:\n"
        "substitutions:\n"
        f"  wake_word_folder: {json.dumps(folder_url)}\n"
        + _lines(json.dumps("${wake_word_folder}/" + quote(manifest_name)))
    )


def _lines(model: str) -> str:
    return (
        "micro_wake_word:\n"
        "  models:\n"
        f"    - model: {model}\n"
        "  on_wake_word_detected:\n"
        '    - logger.log: "Heard the wake word"\n'
    )
