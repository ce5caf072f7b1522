"""What is wrong with a model or its manifest, in words that say how to put it right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One fault: its name, what was found and wanted, and the cure."""

    fault: str  # a short fixed name, e.g. "op-not-registered"
    words: str
    cure: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.fault}: {self.words} -> {self.cure}"


def told(findings: list[Finding] | tuple[Finding, ...]) -> str:
    """Lines of findings, for an error's message."""
    return "\n".join(f"  {finding}" for finding in findings)
