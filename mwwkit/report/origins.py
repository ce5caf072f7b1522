"""Where a run comes from: its data and licences, its settings, and what made it."""

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mwwkit import __version__
from mwwkit.corpus.clips import Kind, Label, SampleRecord
from mwwkit.device import firmware
from mwwkit.model.shapes import SHAPES, size_report
from mwwkit.run.files import read_json, sha256
from mwwkit.run.paths import Run
from mwwkit.scenes import provenance

STAGES = ("clips", "features", "training", "mined", "tuned")
PACKAGES = (
    *("numpy", "scipy", "tensorflow", "ai-edge-litert", "pymicro-features"),
    *("espeakng-loader", "tflite-micro"),
)


def data(here: Run) -> dict[str, Any] | None:
    """Files, hours, speakers and licences of every source; None without the catalogue."""
    records = provenance.records(here)
    if not records:
        return None
    by_source: dict[str, list[SampleRecord]] = {}
    for record in records.values():
        by_source.setdefault(record.source, []).append(record)
    return {
        "sources": [_source(name, by_source[name]) for name in sorted(by_source)],
        "splits": {
            split: {
                "files": len(own),
                "hours": _hours(own),
                "wake_words": sum(r.label is Label.POSITIVE for r in own),
                "speakers": _speakers(own),
            }
            for split in ("train", "validation", "test")
            for own in [[r for r in records.values() if r.split.value == split]]
        },
    }


def _source(name: str, records: list[SampleRecord]) -> dict[str, Any]:
    return {
        "source": name,
        "synthetic": records[0].is_synthetic,
        "licences": sorted({record.licence for record in records}),
        "files": len(records),
        "hours": _hours(records),
        "speakers": _speakers(records),
        "wake_words": sum(record.label is Label.POSITIVE for record in records),
        "kinds": {kind.value: n for kind in Kind if (n := sum(r.kind is kind for r in records))},
    }


def _hours(records: list[SampleRecord]) -> float:
    return sum(record.seconds for record in records) / 3600


def _speakers(records: list[SampleRecord]) -> int:
    return len({record.speaker for record in records if record.speaker})


def settings(here: Run, of_export: dict[str, Any]) -> dict[str, Any]:
    """The settings that shaped every stage, by its folder."""
    found = {}
    for folder in STAGES:
        if paths := here.all(f"{folder}/checkpoint.json"):
            found[folder] = read_json(paths[0])["settings"]
    # In order, whether they come from a file or not.
    return {
        stage: dict(sorted(own.items())) for stage, own in (found | {"export": of_export}).items()
    }


def digest(settings: dict[str, Any]) -> str:
    """SHA-256 of the settings; the same settings, the same digest."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def versions() -> dict[str, str]:
    """mwwkit, Python and the packages whose versions can change a byte of what is made."""
    found = {"mwwkit": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an extra that is not installed
    return found


def files(folder: Path, names: dict[str, str]) -> list[dict[str, Any]]:
    """What 05 wrote, but for the report itself; an earlier version wrote fewer."""
    told = "model", "manifest", "certificate", "yaml", "yaml_url", "float", "metrics"
    paths = [folder / names[what] for what in told if what in names]
    return [{"name": p.name, "bytes": p.stat().st_size, "sha256": sha256(p)} for p in paths]


def device(manifest: dict[str, Any], metrics: dict[str, Any], yaml: Path) -> dict[str, Any]:
    """What the model asks of an ESP32."""
    micro = manifest["micro"]
    shape = SHAPES.get(metrics["model"]["shape"])
    size = size_report(shape) if shape else None
    return {
        "shape": metrics["model"]["shape"],
        "model_bytes": metrics["model"]["bytes"],
        "arena_bytes": micro["tensor_arena_size"],
        "smallest_arena_bytes": metrics["arena"]["smallest"],
        "parameters": size and size.parameters,
        "macs_per_second": size and size.macs_per_second,
        "scores_per_second": 1000 / firmware.STEP_MS,
        "minimum_esphome_version": micro["minimum_esphome_version"],
        "esphome_yaml": yaml.read_text(encoding="utf-8"),
    }
