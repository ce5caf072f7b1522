"""mwwkit and what a Kaggle image lacks, as wheels in a data set: for sessions without internet.

    made = make(Path("wheels"), "me", source="", pythons=["3.12"], extras=["tts", "tflm"])

pip resolves twice, without installing: what an image has (HAD, with all that it requires), and
mwwkit with extras. The wheels that only the second needs are downloaded.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import write_json

# What Kaggle's images bring, of what mwwkit requires: their own versions are used.
HAD = ("tensorflow", "numpy", "scipy", "matplotlib", "pandas", "joblib", "threadpoolctl", "tqdm")
HAD += ("pyyaml", "packaging", "soundfile", "ipywidgets", "papermill", "nbformat", "ipykernel")
NAME, TITLE = "mwwkit-wheelhouse", "mwwkit wheelhouse"
METADATA = "dataset-metadata.json"
GLIBC = range(17, 36)  # 2.N: Kaggle's images are of Ubuntu 22.04, which has 2.35
PLATFORMS = (*(f"manylinux_2_{n}_x86_64" for n in reversed(GLIBC)), "manylinux2014_x86_64")


def make(
    folder: Path, owner: str, source: str, pythons: Sequence[str], extras: Sequence[str]
) -> list[Path]:
    """Fill a folder with wheels and the data set's metadata; the wheels.

    `source`: what pip makes mwwkit's wheel from; nothing: the checkout that this is part of.
    Raises WrongInput where there is none, CannotGoOn with pip's own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("mwwkit-*.whl"):
        old.unlink()  # the first cell takes one wheel of mwwkit
    _pip("wheel", "--no-deps", "-w", str(folder), source or _checkout())
    [own] = folder.glob("mwwkit-*.whl")
    wanted = f"{own}[{','.join(extras)}]" if extras else str(own)
    for python in pythons:
        had, all_of_it = _resolved(python, HAD), _resolved(python, [wanted])
        lacked = {name: at for name, at in all_of_it.items() if name not in {*had, "mwwkit"}}
        if lacked:
            exact = [f"{name}=={version}" for name, version in lacked.items()]
            _pip("download", "--no-deps", "-d", str(folder), *_target(python), *exact)
    about = {"id": f"{owner}/{NAME}", "title": TITLE, "licenses": [{"name": "other"}]}
    write_json(folder / METADATA, about)
    return sorted(folder.glob("*.whl"))


def _resolved(python: str, requirements: Sequence[str]) -> dict[str, str]:
    """Name -> version of all that pip would install for a Python, in an empty environment."""
    with TemporaryDirectory() as trial:
        report = Path(trial, "report.json")
        options = ("--dry-run", "--ignore-installed", "--report", str(report), "--target", trial)
        _pip("install", *options, *_target(python), *requirements)
        installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    facts = (install["metadata"] for install in installs)
    return {fact["name"].lower().replace("_", "-"): fact["version"] for fact in facts}


def _target(python: str) -> list[str]:
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    return ["--only-binary", ":all:", "--python-version", python, *platforms]


def _pip(*words: str) -> None:
    call = [sys.executable, "-m", "pip", words[0], "-q", "--disable-pip-version-check", *words[1:]]
    done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        why = [line for line in done.stderr.splitlines() if "ERROR" in line] or [done.stderr[-300:]]
        raise CannotGoOn(f"pip {words[0]} failed: {' '.join(' '.join(why).split())[:600]}")


def _checkout() -> str:
    """The checkout that this module is part of."""
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").is_file():
        raise WrongInput(
            "this mwwkit was installed from a wheel, so there is no checkout to make one from; "
            "give --source: a wheel, a checkout or git+https://..."
        )
    return str(root)
