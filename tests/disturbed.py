"""A process whose disk or clock is disturbed, by a library of a few lines of C put under it."""

import os
import subprocess
from pathlib import Path

import device_rules
import pytest

SOURCE = Path(__file__).with_name("disturb.c")


def library(folder: Path) -> Path:
    """The library of disturb.c, made in `folder`; skips where the system has no C compiler."""
    if (compiler := device_rules.compiler()) is None or not os.path.isdir("/proc/self/fd"):
        pytest.skip("there is no C compiler, or this is not Linux")
    made = folder / "disturb.so"
    call = [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(call, check=True)
    return made


def under(made: Path, **how: object) -> dict[str, str]:
    """Variables for a child process: `under(made, CALL="fsync", PATH=".part-", AFTER=3)`."""
    return {"LD_PRELOAD": str(made)} | {f"DISTURB_{name}": str(v) for name, v in how.items()}
