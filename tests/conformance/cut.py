"""The chain cut in two in the middle of training; the second part reads the first read-only.

    python tests/conformance/cut.py FOLDER

The first session is killed when half of training's units are recorded. Its folder is then mounted
read-only (a tmpfs of its own; that takes root on Linux) and given to a new run as PREVIOUS. Exits
with 1 unless that run makes no finished unit again, writes nothing into the first, and ends with
the same model files, byte for byte, as a run that was not cut.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whole_runs import contents, kill, recorded, seconds_until_gone, start, whole

MODEL_FILES = (".tflite", ".json")


@contextmanager
def mounted_read_only(run: Path, at: Path) -> Iterator[Path]:
    """A copy of `run` on a file system that takes no writes, not even root's."""
    at.mkdir(parents=True)
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2g", "mwwkit-cut", str(at)], capture_output=True
    )
    if mount.returncode:
        at.rmdir()
        said = mount.stderr.decode().strip()
        sys.exit(f"cannot mount a tmpfs at {at} ({said}); run this as root on Linux")
    try:
        subprocess.run(["cp", "-a", f"{run}/.", str(at)], check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(at)], check=True)
        try:
            (at / "written").touch()
        except OSError as error:
            print(f"the first session's folder: {error.strerror}")
        else:
            sys.exit(f"{at} can be written; it should not")
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)
        at.rmdir()


def first_session(run: Path, log: Path, n_units: int) -> None:
    """Run the chain and kill it as soon as training has recorded `n_units`."""
    process = start(run, log)
    while len(recorded(run)["training"]) < n_units:
        if process.poll() is not None:
            sys.exit(f"the first session ended early:\n{log.read_text()[-2000:]}")
        time.sleep(0.01)
    seconds_until_gone(kill(process, everything=True))


def main() -> None:
    """Run whole and in two, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for three runs; a whole one there is kept")
    folder = options.parse_args().folder.absolute()
    whole(folder)
    first, second = folder / "first", folder / "second"
    n_training = len(recorded(folder / "whole")["training"])
    first_session(first, folder / "first.log", n_training // 2)
    with mounted_read_only(first, folder / "read-only" / "first") as earlier:
        process = start(second, folder / "second.log", (earlier,))
        if process.wait():
            sys.exit(f"the second session failed:\n{(folder / 'second.log').read_text()[-2000:]}")
    wanted, early, late = (recorded(run) for run in (folder / "whole", first, second))
    print("| folder | units | of the first session | of the second | made twice | missing |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for name, units in wanted.items():
        twice, missing = early[name] & late[name], units - early[name] - late[name]
        wrong += len(twice) + len(missing)
        cells = (len(units), len(early[name]), len(late[name]), len(twice), len(missing))
        print(f"| {name} | {' | '.join(map(str, cells))} |")
    one, other = contents(folder / "whole"), contents(second)
    model = [n for n in one if n.startswith("export/") and n.endswith(MODEL_FILES)]
    differ = [name for name in model if one[name] != other.get(name)]
    also = [name for name in other if name in one and one[name] != other[name]]
    print(f"\n{len(model)} model files, {len(differ)} not the same bytes: {differ}")
    print(f"{len(other)} files in the second session, not the same as in the whole run: {also}")
    sys.exit(bool(wrong or differ or not model or os.path.ismount(folder / "read-only/first")))


if __name__ == "__main__":
    main()
