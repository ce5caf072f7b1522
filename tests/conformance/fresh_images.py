"""A wheel of a clean clone, the first cells and the five notebooks, in images of a platform.

    python tests/conformance/fresh_images.py FOLDER [--images 3.11+2.18+1.26 3.12+2.21] [--keep]

An image is a Python with a TensorFlow and a NumPy (as in --images) and what these require, nothing
else. There the first cells of 01 and 05 install the wheel and the extras that fast_test asks for,
then all five notebooks run with it. Exits with 1 unless no package that was there has another
version afterwards, and the run is whole and its certificate good.

Pythons are looked for as python3.N, and in --pythons. FOLDER takes some 3 GB an image, which goes
after its turn, but with --keep.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGES = ("3.11+2.18+1.26", "3.12+2.21", "3.13+2.21", "3.10+2.18+1.26")
FIRST_CELLS = ("01_acquire_and_augment", "05_export")  # these ask for extras


def main() -> None:
    """Every image in turn; a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", nargs="+", default=IMAGES, help="Python+TensorFlow[+NumPy]")
    parser.add_argument("--pythons", nargs="*", default=[], help="interpreters beside the path's")
    parser.add_argument("--keep", action="store_true", help="the images, to look into them")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    folder = given.folder.resolve()
    wheel = clean_wheel(folder)
    print("| Python | TensorFlow | NumPy | there before | added | changed | install | notebooks |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    good = [in_image(folder, wheel, image, given.pythons, given.keep) for image in given.images]
    sys.exit(not all(good))


def clean_wheel(folder: Path) -> Path:
    """A wheel of what is committed."""
    clone, wheels = folder / "clone", folder / "wheels"
    for place in (clone, wheels):
        shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    call = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, clone]
    subprocess.run(call, check=True)
    [wheel] = wheels.glob("mwwkit-*.whl")
    return wheel


def interpreter(version: str, others: Sequence[str]) -> str:
    """A Python of a version such as 3.12."""
    for path in (*others, shutil.which(f"python{version}")):
        if path:
            call = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            if subprocess.run(call, capture_output=True, text=True).stdout.strip() == version:
                return path
    sys.exit(f"there is no python{version}; give one with --pythons")


def in_image(folder: Path, wheel: Path, image: str, pythons: Sequence[str], keep: bool) -> bool:
    """Make the image, install, run; a row of the table, and whether all is as promised."""
    version, tensorflow, *numpy = image.split("+")
    place, run = folder / f"image-{image}", folder / f"run-{image}"
    python = place / "bin/python"
    if not python.exists():
        subprocess.run([interpreter(version, pythons), "-m", "venv", place], check=True)
        packages = [f"tensorflow=={tensorflow}.*", *(f"numpy=={n}.*" for n in numpy)]
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    before, began = frozen(python), time.monotonic()
    for name in FIRST_CELLS:
        first_cell(python, folder / "clone", name, wheel, folder)
    installed_s, began = time.monotonic() - began, time.monotonic()
    shutil.rmtree(run, ignore_errors=True)
    call = [python, "-m", "mwwkit", "run", "--preset", "fast_test", "--run-dir", run]
    ran = subprocess.run(call, cwd=folder, env=environment(), capture_output=True, text=True)
    ran_s = time.monotonic() - began
    after = frozen(python)
    changed = {n: f"{v} to {after.get(n)}" for n, v in before.items() if after.get(n) != v}
    whole = not ran.returncode and is_whole(python, run, folder)
    shown = (after["Python"], after["tensorflow"], after["numpy"], len(before) - 1)
    shown += (len(after) - len(before), changed or "none", f"{installed_s:.0f} s")
    shown += (f"good, {ran_s:.0f} s" if whole else f"bad: {ran.stderr.strip()[-300:]}",)
    print("| " + " | ".join(map(str, shown)) + " |", flush=True)
    if not keep:
        shutil.rmtree(place)
    return whole and not changed


def environment() -> Mapping[str, str]:
    """Ours, without what would bring this checkout in."""
    return {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "PYTHONHOME")}


def first_cell(python: Path, clone: Path, name: str, wheel: Path, folder: Path) -> None:
    """Run a notebook's parameters and its first cell, and the next one as far as it equips."""
    cells = (clone / "notebooks" / f"{name}.py").read_text().split("\n# %%")
    parameters = [cell for cell in cells if cell.startswith((' tags=["parameters"]', "\n"))][:2]
    [at] = [at for at, cell in enumerate(cells) if "find_spec" in cell]
    equips = cells[at + 1].split("\nlimits = ")[0]
    given = f"MWWKIT = {str(wheel)!r}\nPRESET = 'fast_test'"
    text = f"#{parameters[0]}\n#{parameters[1]}\n{given}\n#{cells[at]}\n#{equips}"
    subprocess.run([python, "-c", text], check=True, cwd=folder, env=environment())


def frozen(python: Path) -> dict[str, str]:
    """Every package and its version; and Python's."""
    text = "import sys; from importlib.metadata import distributions as d\n"
    text += "print('Python', '%d.%d.%d' % sys.version_info[:3])\n"
    text += "[print(x.name, x.version) for x in d()]"
    told = subprocess.run([python, "-c", text], check=True, capture_output=True, text=True)
    return dict(line.split(" ", 1) for line in told.stdout.splitlines())


def is_whole(python: Path, run: Path, folder: Path) -> bool:
    """Whether all stages check, and the certificate is good."""
    [manifest] = (
        p
        for p in (run / "export").glob("*.json")
        if p.name.count(".") == 1 and p.name != "checkpoint.json"
    )
    for words in (["check", run], ["verify", manifest]):
        call = [python, "-m", "mwwkit", *words]
        if subprocess.run(call, cwd=folder, env=environment(), capture_output=True).returncode:
            return False
    return True


if __name__ == "__main__":
    main()
