"""Would the device run this model, and would it ever wake? A sheet for people, JSON for machines.

    found = certify(folder / "computer.json")      # manifest, model and arena together
    print(found)                                   # a line a check, and what to do
    found.refuse()                                 # GateError when anything is wrong
    write_json(path, found.as_dict())              # certificate.schema.json says what is where

A check that could not be made says so, and why; it neither passes nor fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mwwkit import __version__
from mwwkit.device import firmware
from mwwkit.esphome import gate
from mwwkit.esphome.checks import Sheet, as_certified, beside
from mwwkit.esphome.findings import FAIL, PASS, UNCHECKED, Check, Finding

VERSION = 1


@dataclass(frozen=True)
class Certificate:
    """All checks of a model and its manifest; `facts` tells what was measured."""

    subject: str  # the manifest's file name
    envelope: str
    checks: tuple[Check, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)  # of both files, by name
    esphome: str = ""  # the release whose package was asked; "" where none is installed

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All faults, in the order of the sheet."""
        return tuple(finding for check in self.checks for finding in check.findings)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what could not be checked is not counted."""
        return not self.findings

    def refuse(self) -> None:
        """Raise GateError when anything is wrong."""
        if not self.ok:
            raise gate.GateError(self.findings)

    def sealed(self) -> Certificate:
        """The same as it will read where it lies beside the files that it is about.

        It is written for these very files: whoever makes the sheet again counts that check too.
        """
        return replace(self, checks=tuple(map(self._sealed, self.checks)))

    def _sealed(self, check: Check) -> Check:
        if (check.name, check.result) != ("unchanged", UNCHECKED) or not self.sha256:
            return check
        return Check(check.name, PASS, as_certified(beside(Path(self.subject))))

    def counted(self) -> dict[str, int]:
        """Number of checks by result: pass, fail, not checked."""
        return {r: sum(c.result == r for c in self.checks) for r in (PASS, FAIL, UNCHECKED)}

    def __str__(self) -> str:
        """The sheet: lines for people."""
        n = self.counted()
        verdict = "fit for the device" if self.ok else "NOT fit for the device"
        lines = [f"{self.subject}: {verdict}"]
        lines += [f"{n[PASS]} checks passed, {n[FAIL]} failed, {n[UNCHECKED]} not made", ""]
        for check in self.checks:
            shown = "FAIL" if check.result == FAIL else check.result
            lines.append(f"{shown:<11}  {check.title}")
            lines.append(f"{'':<13}{check.found}")
            lines += [f"{'':<13}what to do: {check.do}"] if check.do else []
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The certificate as JSON data."""
        return {
            "format": "mwwkit certificate",
            "version": VERSION,
            "subject": self.subject,
            "envelope": self.envelope,
            "fit": self.ok,
            "counts": self.counted(),
            "checks": [
                {
                    **{"name": check.name, "title": check.title, "result": check.result},
                    **{"found": check.found, "do": check.do},
                    "faults": [vars(finding) for finding in check.findings],
                }
                for check in self.checks
            ],
            "facts": self.facts,
            "sha256": self.sha256,
            "rules": {
                "mwwkit": __version__,
                "esphome": firmware.ESPHOME_VERSION,
                "installed_esphome": self.esphome or None,
            },
        }


def certify(manifest_path: Path, envelope: str = "wake_word") -> Certificate:
    """Check a manifest, the model it names and the arena it states; never raises for their faults.

    `envelope` is a name in `gate.ENVELOPES`: what kind of model it ought to be.
    """
    sheet = Sheet(Path(manifest_path), envelope)
    sheet.look()
    installed = sheet.installed.version if sheet.installed else ""
    checks = tuple(sheet.checks())
    return Certificate(sheet.path.name, envelope, checks, sheet.facts, sheet.sums, installed)
