"""`mwwkit ablate --previous` and `mwwkit folds --run` of a finished run, and killed in the middle.

    python tests/conformance/studies.py FOLDER

A tiny run is made; it is ablated and folded; then both again in other folders, each killed with
SIGKILL once and gone on with. Prints the tables; exits with 1 unless both came to the same figures.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from whole_runs import ROOT

KILLED_AFTER_S = 35.0


def mwwkit(folder: Path, *words: str, kill: bool = False) -> str:
    """What a command printed; where it shall be killed, that it was."""
    call = [sys.executable, "-m", "mwwkit", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with open(folder / "log.txt", "a") as log:
        process = subprocess.Popen(
            call, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True,
            start_new_session=True,
        )  # fmt: skip
        if kill:
            time.sleep(KILLED_AFTER_S)
            os.killpg(process.pid, signal.SIGKILL)
    told, _ = process.communicate()
    if kill and process.returncode != -signal.SIGKILL:
        sys.exit(f"{' '.join(words)} ended before it could be killed; shorten KILLED_AFTER_S")
    if not kill and process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}: {folder / 'log.txt'}")
    return told


def main() -> None:
    """Make, study, study again with a kill, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    run = ("run", "--preset", "fast_test", "--run-dir", "full")
    sound = ("TTS_POSITIVE=80", "TTS_AMBIENT_MINUTES=8", "NOISE_MINUTES=6")  # some for each split
    mwwkit(folder, *run, "-p", "WORD=okay computer", *sound)
    parts = ("--flags", "no_rir", "no_mining")
    ablate = ("ablate", "--preset", "fast_test", "--previous", "full", *parts, "--run-dir")
    fold = ("folds", "full", "--k", "2", "--run", "--to")
    same = True
    for command, name in ((ablate, "ablated"), (fold, "folded")):
        once = mwwkit(folder, *command, name)
        mwwkit(folder, *command, f"{name}-killed", kill=True)
        again = mwwkit(folder, *command, f"{name}-killed")
        print(f"{once}{'the same after a kill' if once == again else f'after a kill: {again}'}\n")
        same &= once == again
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
