"""The faults seeded into model, manifest and data, and what each is told: a table.

    python tests/conformance/faults.py

Runs the seeded tests of tests/test_certificate.py (the faults are in tests/seeded.py), so a row is
what a user reads. Exits with 1 where one is not caught.
"""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Rows:
    """What the tests recorded, in their order."""

    def __init__(self):
        """Nothing yet."""
        self.rows: list[list[str]] = []
        self.missed: list[str] = []

    def pytest_runtest_logreport(self, report):
        """A row of a test that passed, a name of one that did not."""
        if report.when == "call" and report.passed:
            self.rows += [value for name, value in report.user_properties if name == "row"]
        elif report.failed or report.skipped:
            self.missed.append(report.nodeid)


def main() -> None:
    """Run them, print the table."""
    sys.path.insert(0, str(ROOT))
    rows = Rows()
    path = ROOT / "tests/test_certificate.py"
    pytest.main(["-qq", "--no-header", "--no-summary", str(path), "-k", "seeded"], plugins=[rows])
    print("\n| | in | fault | named | told | to do |\n|---|---|---|---|---|---|")
    for number, cells in enumerate(rows.rows, start=1):
        print("| " + " | ".join([str(number), *(cell.replace("|", "/") for cell in cells)]) + " |")
    print(f"\n{len(rows.rows)} caught, {len(rows.missed)} not: {rows.missed}")
    sys.exit(bool(rows.missed))


if __name__ == "__main__":
    main()
