"""Every check of a model and its manifest, made one after another as far as each can be.

sheet = Sheet(folder / "computer.json", "wake_word")
sheet.look()
for check in sheet.checks():
    print(check.result, check.title, check.found, check.do)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mwwkit.device import arena, firmware
from mwwkit.device.detector import integer_cutoff
from mwwkit.esphome import esphome_package, gate, manifest
from mwwkit.esphome.findings import (
    CHECK_OF,
    CHECKS,
    FAIL,
    OF_MODEL,
    PASS,
    UNCHECKED,
    Check,
    Finding,
)
from mwwkit.run.files import read_json, sha256

ENDING = ".certificate.json"  # beside computer.json: computer.certificate.json
KINDS = {"wake_word": "wake word", "vad": "voice activity model"}  # envelopes, in words


def beside(manifest_path: Path) -> Path:
    """Where the certificate of a manifest is."""
    return manifest_path.with_name(manifest_path.stem + ENDING)


def as_certified(certificate: Path) -> str:
    """What is found where files are those that a certificate was written for."""
    return f"as {certificate.name} has them, by SHA-256"


class Sheet:
    """The state of one verification: what passed, failed, or could not be checked."""

    def __init__(self, path: Path, envelope: str):
        """Begin checks of the manifest at `path`, judged by the limits that `envelope` names."""
        self.path, self.envelope = path, envelope
        self.installed = esphome_package.find()
        self.found: list[Finding] = []
        self.unchecked: dict[str, tuple[str, str]] = {}  # a check -> why not, and what to do
        self.passed: dict[str, str] = {}  # a check -> what was found where it passes
        self.facts: dict[str, Any] = {}
        self.sums: dict[str, str] = {}

    def look(self) -> None:
        """Check files, manifest, model and arena, skipping checks whose input is missing."""
        data = self._manifest()
        model = self._model(data) if isinstance(data, dict) else None
        if isinstance(data, dict):
            self._meaning(data)
            self._certified()
        else:
            self._skip([n for n in CHECKS if n != "files"], "the manifest cannot be read")
        if model is not None:
            self._examine(model, data)
        elif isinstance(data, dict):
            self._skip(OF_MODEL, "the model cannot be read")

    def checks(self) -> Iterator[Check]:
        """The lines of the sheet."""
        for name in CHECKS:
            findings = tuple(f for f in self.found if CHECK_OF[f.fault] == name)
            if findings:
                cures = dict.fromkeys(f.cure for f in findings)
                words = "; ".join(f.words for f in findings)
                yield Check(name, FAIL, words, "; ".join(cures), findings)
            elif name in self.unchecked:
                yield Check(name, UNCHECKED, *self.unchecked[name])
            else:
                yield Check(name, PASS, self.passed[name])

    def _fails(self, check: str) -> bool:
        return any(CHECK_OF[finding.fault] == check for finding in self.found)

    def _skip(self, names: Sequence[str], why: str) -> None:
        for name in names:
            self.unchecked[name] = why, "put right what failed, then verify again"

    def _manifest(self) -> Any:
        """The manifest's JSON, or None where there is none."""
        if not self.path.is_file():
            cure = "give the path of the .json that export wrote"
            self.found.append(Finding("missing-file", f"there is no {self.path}", cure))
            return None
        if self.path.suffix != ".json":
            words = f"the manifest is called {self.path.name}: ESPHome takes only names in .json"
            self.found.append(Finding("manifest-name", words, "rename it, or give the .json"))
            return None
        self.sums[self.path.name] = sha256(self.path)
        try:
            data = manifest.read_data(self.path)
        except manifest.ManifestError as e:
            self.found += e.findings
            return None
        self.found += manifest.problems(data)
        return data if isinstance(data, dict) else None

    def _model(self, data: dict) -> bytes | None:
        """The model's bytes, or None; a path is not followed out of the folder."""
        name = data.get("model")
        broken = [f for f in self.found if f.fault in ("model-path", "model-name")]
        if not isinstance(name, str) or not name or broken:
            self._skip(["files"], "the manifest names no model")
            return None
        path = self.path.parent / name
        if not path.is_file():
            words = f"the manifest names {name!r}, which is not beside it"
            self.found.append(Finding("missing-file", words, f"put the model at {path}"))
            return None
        self.sums[name] = sha256(path)
        size = path.stat().st_size
        self.passed["files"] = f"{self.path.name} and {name} ({size:,} bytes)"
        return path.read_bytes()

    def _meaning(self, data: dict) -> None:
        """Check the manifest against ESPHome's schema, and that its values make sense together."""
        refused, by = esphome_package.refusal(data), "by mwwkit's copy of its schema"
        if self.installed:
            name = f"ESPHome {self.installed.version}"
            try:
                refused, by = self.installed.refusal(data), f"by {name} itself"
            except ImportError as e:
                by += f" ({name} is installed and cannot be imported: {e})"
        if refused and not self._fails("schema"):
            words = f"ESPHome refuses the manifest ({by}): {refused}"
            cure = "correct what it names, or update ESPHome where it is too old"
            self.found.append(Finding("esphome-refuses", words, cure))
        self.passed["schema"] = f"accepted, {by}"
        name = data.get("wake_word")
        if (name == "vad") != (self.envelope == "vad"):
            kind = f"{KINDS['vad']}, which wakes nothing" if name == "vad" else KINDS["wake_word"]
            words = f"wake_word is {name!r}, so ESPHome loads it as a {kind}"
            cure = "give the wake word another name; a voice activity model must be called 'vad'"
            cure += " and be verified with --envelope vad"
            self.found.append(Finding("vad-name", words, cure))
        self.passed["name"] = f"{name!r}, as a {KINDS[self.envelope]}"
        micro = data["micro"] if isinstance(data.get("micro"), dict) else {}
        self._value("cutoff", "probability_cutoff", micro, (int, float))
        self._value("window", "sliding_window_size", micro, (int,))
        self._value("step", "feature_step_size", micro, (int,))

    def _value(self, check: str, key: str, micro: dict, types: tuple[type, ...]) -> None:
        value = micro.get(key)
        if type(value) not in types:
            self._skip([check], f"{key} is missing or no number")
        elif not self._fails(check):
            self.passed[check] = {
                "cutoff": lambda: (
                    f"{value}: it wakes when the mean of scores passes "
                    f"{integer_cutoff(value)} of 255"
                ),
                "window": lambda: f"the mean of {value} scores, {value * firmware.STEP_MS} ms",
                "step": lambda: f"every {value} ms",
            }[check]()

    def _certified(self) -> None:
        """The certificate beside the files, if there is one, is of these files."""
        path = beside(self.path)
        if not path.is_file():
            reason = "no certificate lies beside them, so there is nothing to compare with"
            self.unchecked["unchanged"] = reason, "05 writes one with every export"
            return
        try:
            sums = dict(read_json(path)["sha256"])
        except (ValueError, LookupError, TypeError, RecursionError):
            sums = {}
        for name, digest in self.sums.items():
            if sums.get(name) != digest:
                words = f"{name} is not the file that {path.name} was written for"
                cure = f"put the exported file back; if you meant the change, delete {path.name}"
                self.found.append(Finding("changed-file", words, cure))
        self.passed["unchanged"] = as_certified(path)

    def _examine(self, model: bytes, data: dict) -> None:
        """The flatbuffer, and where that is right the arena."""
        faults, self.facts = gate.examine(model, gate.ENVELOPES[self.envelope])
        self.found += faults
        if not self.facts:
            self._skip(OF_MODEL, "the model cannot be read")
            return
        self._ops()
        facts, kind = self.facts, gate.ENVELOPES[self.envelope]
        self.passed |= {
            "ends": f"[1, {kind.stride}, {firmware.N_BANDS}] in, one score out, every "
            f"{kind.stride * firmware.HOP_MS} ms",
            "numbers": "int8 features of 0 to 26, uint8 scores of 0 to 1, no float in between",
            "memory": f"{facts['variables']} variables of {facts['state bytes']:,} bytes in all; "
            f"there is room for {firmware.MAX_RESOURCE_VARIABLES}",
            "start": "every variable begins at its zero",
            "size": f"{facts['bytes']:,} bytes of at most {kind.bytes_limit:,}",
            "runs": "on this PC, and steps through silence",
        }
        if faults:
            self._skip(["runs", "arena"], "not tried on a model with faults")
        else:
            self._arena(model, data)

    def _ops(self) -> None:
        kinds = self.facts["kinds of op"]
        by = f"the list of ESPHome {firmware.ESPHOME_VERSION}"
        if self.installed:
            by = f"the source of the installed ESPHome {self.installed.version}"
            for name in sorted(firmware.OPS & set(kinds) - self.installed.ops):
                words = f"the op {name} is not registered by ESPHome {self.installed.version}"
                self.found.append(Finding("op-not-registered", words, "update ESPHome"))
            if other := self.installed.differences():
                by += f" (it differs from {firmware.ESPHOME_VERSION}: {'; '.join(other)})"
        self.passed["ops"] = f"{len(kinds)} kinds, all of them registered, by {by}"

    def _arena(self, model: bytes, data: dict) -> None:
        """Does the stated arena hold the model, as far as a PC can tell?"""
        micro = data["micro"] if isinstance(data.get("micro"), dict) else {}
        size = micro.get("tensor_arena_size")
        if type(size) is not int or size < 1:
            self._skip(["arena"], "tensor_arena_size is missing or no size")
            return
        try:
            measured = arena.measure(model)
        except arena.ArenaError as e:
            self.unchecked["arena"] = f"{size:,} bytes are stated; not measured", str(e)
            return
        self.facts |= {"smallest arena": measured.smallest, "stated arena": size}
        if size < measured.smallest:
            words = f"tensor_arena_size is {size}, but the model needs {measured.smallest} bytes "
            cure = f"state {measured.size}"
            self.found.append(Finding("arena-too-small", words + "or more", cure))
        elif not self._fails("arena"):
            self.passed["arena"] = arena.explained(size, measured.smallest)
