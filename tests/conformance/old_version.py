"""An older version of mwwkit beside this one: its tree, and its chain as people start it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = "33b86c6"


@contextmanager
def worktree(place: Path, version: str = VERSION) -> Iterator[Path]:
    """The tree of a version at `place`, taken away again at the end."""
    git = ["git", "-C", str(ROOT), "worktree"]
    made = subprocess.run([*git, "add", "--detach", str(place), version], capture_output=True)
    if made.returncode:
        sys.exit(f"there is no worktree of {version}: {made.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def chain_of(tree: Path, work: Path, log: Path, stages: str, *more: str) -> subprocess.Popen:
    """`python -m mwwkit run` of the version at `tree`, on work/run with work/settings.yaml.

    `more` are further arguments. In a process group of its own; what it says is added to `log`.
    """
    call = [sys.executable, "-m", "mwwkit", "run", "--preset", "settings.yaml"]
    with open(log, "a") as out:
        return subprocess.Popen(
            [*call, "--run-dir", "run", "--stages", stages, *more],
            env=os.environ | {"PYTHONPATH": str(tree)},
            cwd=work,  # the settings name the recordings from there
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
