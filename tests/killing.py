"""A real child process, and a real SIGKILL: what a session that runs out of time does to us."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

TESTS = Path(__file__).parent


def start(code: str, *args: object) -> subprocess.Popen:
    """A Python process, in a group of its own, that runs `code` with `args` in sys.argv[1:]."""
    paths = [str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def killed_by_itself(code: str, *args: object) -> None:
    """Run `code`, which ends with SIGKILL to itself."""
    process = start(code, *args)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, said.decode()
