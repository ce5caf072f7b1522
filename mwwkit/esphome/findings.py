"""What is looked at in a model and its manifest, and what is wrong, with how to put it right."""

from __future__ import annotations

from dataclasses import dataclass

PASS, FAIL, UNCHECKED = "pass", "fail", "not checked"

# Every check in the order of the sheet: its name, what holds where it passes, the faults it finds.
CHECKS: dict[str, tuple[str, set[str]]] = {
    "files": (
        "both files are there and can be read",
        {"missing-file", "not-json", "double-key", "unreadable", "model-path", "model-name"}
        | {"manifest-name"},
    ),
    "unchanged": ("they are the files that were certified", {"changed-file"}),
    "schema": (
        "ESPHome takes the manifest",
        {"unknown-key", "missing-key", "wrong-type", "wrong-version", "website"}
        | {"esphome-version", "esphome-refuses"},
    ),
    "name": ("it is loaded as what it is", {"vad-name"}),
    "cutoff": ("the cutoff can be reached", {"cutoff-range", "cutoff-never-fires"}),
    "window": ("the sliding window makes sense", {"sliding-window-size"}),
    "step": ("features come in the step it was trained on", {"feature-step-size"}),
    "ops": ("the device knows every operation", {"op-not-registered"}),
    "ends": (
        "features go in and one score comes out",
        {"ends", "input-shape", "stride", "output-shape"},
    ),
    "numbers": (
        "it computes in the device's whole numbers",
        {"input-type", "output-type", "input-scale", "output-scale", "float-tensors"}
        | {"variable-type"},
    ),
    "memory": (
        "it remembers what it heard before",
        {"subgraphs", "no-state", "too-many-variables"},
    ),
    "start": ("it starts from silence", {"initial-state", "dirty-state"}),
    "size": ("it is small enough", {"too-large"}),
    "runs": ("it runs", {"does-not-run"}),
    "arena": ("its memory is enough", {"no-arena", "arena-too-small", "arena-too-large"}),
}
OF_MODEL = ("ops", "ends", "numbers", "memory", "start", "size", "runs", "arena")
CHECK_OF = {fault: name for name, (_, faults) in CHECKS.items() for fault in faults}


@dataclass(frozen=True)
class Finding:
    """One fault: its name, what was found and wanted, and the cure."""

    fault: str  # a short fixed name, e.g. "op-not-registered"
    words: str
    cure: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.fault}: {self.words} -> {self.cure}"


@dataclass(frozen=True)
class Check:
    """One line of the sheet: what was looked at, what came out, what was found, what to do."""

    name: str
    result: str  # PASS, FAIL or UNCHECKED
    found: str
    do: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def title(self) -> str:
        """The statement that is true where the check passes."""
        return CHECKS[self.name][0]


def as_text(findings: list[Finding] | tuple[Finding, ...]) -> str:
    """Lines of findings, for an error's message."""
    return "\n".join(f"  {finding}" for finding in findings)
