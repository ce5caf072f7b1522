"""What a notebook's session needs before its work: a TensorFlow that fits, extras, its state.

prepare(globals())     # in the first cell, where mwwkit itself is installed by then
equip(parameters)      # in the next, by `presets.parameters.resolve`: it knows the preset's values

On Kaggle and Colab, and where `MWWKIT` names a source, what is missing is installed, with the
extras that the parameters ask for, beside the image's TensorFlow and NumPy, which stay as they are.
Elsewhere nothing is installed; the Plan says which extra is missing.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlparse

from packaging.requirements import Requirement

from mwwkit.run import kept
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.paths import Run, platform
from mwwkit.run.session import RAISES
from mwwkit.run.shown import Facts, in_words

STAYS = ("tensorflow", "keras", "numpy")  # as the image has them
OLDEST_GPU = 6.0  # compute capability: what TensorFlow's packages are built for
SPOKEN = ("TTS_POSITIVE", "TTS_NEGATIVE", "TTS_HARD_NEGATIVE", "TTS_AMBIENT_MINUTES")
Parameters = Mapping[str, Any]


class Unfit(CannotGoOn):
    """The session cannot do the work."""


def prepare(parameters: Parameters) -> Facts:
    """Make the session fit for mwwkit and get the run's folder ready; what was done, for people.

    Raises Unfit, in one line, for a TensorFlow that mwwkit cannot work with, for packages that
    cannot be installed, and where Google Drive cannot be reached.
    """
    refuse_tensorflow()
    done: dict[str, Any] = {"platform": platform()}
    if installed := _installed([], parameters):
        done["installed"] = installed
    if "RUN_DIR" in parameters:
        done |= read_back(Run.of(parameters["RUN_DIR"]).folder)
    told = [f"{what}: {in_words(found)}." for what, found in done.items() if what != "platform"]
    return Facts(done, _session(), *told)


def _session() -> str:
    """Where this is and what works here, in a sentence."""
    where = {"local": "your own machine", "kaggle": "Kaggle", "colab": "Colab"}[platform()]
    here = [f"{name} {found}" for name in ("mwwkit", *STAYS) if (found := _version(name))]
    return f"Ready, on {where}: Python {sys.version.split()[0]}, {', '.join(here)}."


def equip(parameters: Parameters) -> list[str]:
    """Make the session fit for what a notebook works with; what was installed.

    `parameters`: the values that count, each of its own type. Raises Unfit, in one line, for a GPU
    that mwwkit cannot work with, and for extras that cannot be installed.
    """
    if parameters.get("DEVICE") == "gpu":
        refuse_gpu()
    return _installed(extras(parameters), parameters)


def _installed(chosen: list[str], parameters: Parameters) -> list[str]:
    is_ours = platform() != "local" or parameters.get("MWWKIT")
    return install(lacking(chosen)) if is_ours else []


def read_back(folder: Path, *, can_ask: bool = True) -> dict[str, Any]:
    """Restore a run's folder from its copy, if one is kept of it; what was done, for people.

    `can_ask`: this is a notebook, where the user can give leave to mount Google Drive. Raises
    Unfit where it cannot be reached.
    """
    if place := kept.place_of(folder):
        _mount(kept.mount_of(place), can_ask=can_ask and RAISES not in os.environ)
        return {f"files restored from {place}": kept.restore(folder)}
    return {"copy": told} if (told := kept.told(folder)) else {}


def extras(parameters: Parameters) -> list[str]:
    """The extras of mwwkit that a notebook's parameters, each of its own type, ask for."""
    product = parameters.get("PRODUCT", "clips")
    speaks = any(parameters.get(name) for name in SPOKEN) and product != "triples"
    by_default = "piper" if parameters.get("PIPER_VOICES") else "espeak-ng"
    engines = parameters.get("TTS_ENGINES") or by_default  # a list, or a text with commas
    wanted = {
        "tts": speaks and ("espeak-ng" in engines or bool(parameters.get("TTS_CHECK"))),
        "piper": speaks and "piper" in engines,
        "clap": product != "clips" and parameters.get("EMBEDDINGS") == "clap",
        "gpu": parameters.get("DEVICE") == "gpu",
        "tflm": parameters.get("ARENA_BYTES") == 0,
        "onnx": parameters.get("ONNX") is True,
    }
    return [extra for extra, is_wanted in wanted.items() if is_wanted]


def lacking_extras(parameters: Parameters) -> list[str]:
    """Those extras of `extras` that are not installed here, or not in a version that will do."""
    others = lacking([])
    return [e for e in extras(parameters) if any(r not in others for r in lacking([e]))]


def refuse_tensorflow() -> None:
    """Raise Unfit unless TensorFlow is here, in a version that mwwkit works with."""
    [wanted] = [r for r in _requirements([]) if r.name == "tensorflow"]
    version = _version("tensorflow")
    if not version or not wanted.specifier.contains(version, prereleases=True):
        found = f"TensorFlow {version} is here" if version else "there is no package tensorflow"
        raise Unfit(f"{found}; mwwkit wants {wanted}: take an image that has it, or install it")


def refuse_gpu() -> None:
    """Raise Unfit unless there is an NVIDIA GPU that TensorFlow's packages are built for.

    Warns where the driver does not tell for which it is.
    """
    cure = "choose an accelerator such as GPU T4 for the session, or set DEVICE to 'cpu'"
    if not (query := shutil.which("nvidia-smi")):
        raise Unfit(f"DEVICE is 'gpu' and there is no NVIDIA GPU here (no nvidia-smi); {cure}")
    call = [query, "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    told = subprocess.run(call, capture_output=True, text=True)
    if told.returncode or not told.stdout.strip():
        why = " ".join((told.stdout + told.stderr).split())
        raise Unfit(f"DEVICE is 'gpu' and nvidia-smi finds none ({why}); {cure}")
    name, _, capability = told.stdout.splitlines()[0].rpartition(",")
    try:
        is_too_old = float(capability) < OLDEST_GPU
    except ValueError:  # [N/A], by some drivers
        warnings.warn(
            f"nvidia-smi does not tell the compute capability of {name} ({capability.strip()}); "
            f"TensorFlow is built for {OLDEST_GPU} and newer",
            stacklevel=2,
        )
        return
    if is_too_old:
        raise Unfit(
            f"DEVICE is 'gpu' and {name} has compute capability {capability.strip()}; TensorFlow "
            f"is built for {OLDEST_GPU} and newer: {cure}"
        )


def lacking(chosen: Iterable[str]) -> list[str]:
    """The requirements of mwwkit and of some extras that are not met here, as pip takes them."""
    return [str(r) for r in _requirements(chosen) if not _is_met(r)]


def install(requirements: list[str]) -> list[str]:
    """Let pip add requirements, and change nothing that stays; what was added.

    A folder of wheels that mwwkit was installed from is asked first: a session may be offline.
    """
    if not requirements:
        return []
    with TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("".join(f"{n}=={v}\n" for n in STAYS if (v := _version(n))))
        call = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        call += ["-c", str(constraints), *requirements]
        for places_asked in _where_to_ask():
            told = subprocess.run([*call, *places_asked], capture_output=True, text=True)
            if not told.returncode:
                importlib.invalidate_caches()
                return requirements
    lines = told.stderr.splitlines()
    why = [line for line in lines if "ERROR" in line] or lines[-1:] or ["it does not say why"]
    here = ", ".join(f"{name} {_version(name) or '(none)'}" for name in STAYS)
    raise Unfit(
        f"pip could not install {', '.join(requirements)} beside {here}: {' '.join(why)[:400]}; "
        "turn the session's internet on, attach a wheelhouse (`mwwkit kaggle wheelhouse`), or "
        "switch off what needs it"
    )


def _where_to_ask() -> list[list[str]]:
    """pip's options for each place to ask, in order."""
    wheels = _wheelhouse()
    return [*([["--no-index", "--find-links", str(wheels)]] if wheels else []), []]


def _wheelhouse() -> Path | None:
    """The folder of the wheel that mwwkit was installed from, where it was one (PEP 610)."""
    origin = metadata.distribution("mwwkit").read_text("direct_url.json")
    url = urlparse(json.loads(origin)["url"]) if origin else None
    if url and url.scheme == "file" and url.path.endswith(".whl"):
        return Path(unquote(url.path)).parent
    return None


def _requirements(chosen: Iterable[str]) -> list[Requirement]:
    """What mwwkit and some extras require here, without markers."""
    try:
        lines = metadata.requires("mwwkit") or []
    except metadata.PackageNotFoundError as error:
        where = Path(__file__).parents[2]
        raise Unfit(
            f"mwwkit is read from {where}, where it is not installed, so nobody knows what it "
            f"needs: pip install -e {where}"
        ) from error
    found = []
    for line in lines:
        requirement = Requirement(line)
        marker, requirement.marker = requirement.marker, None
        if marker is None or any(marker.evaluate({"extra": e}) for e in ["", *chosen]):
            found.append(requirement)
    return found


def _is_met(requirement: Requirement) -> bool:
    version = _version(requirement.name)
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _mount(at: Path, *, can_ask: bool) -> None:
    """Mount Google Drive where it is not: it asks the user for leave."""
    if at.is_dir():
        return
    if not can_ask:
        raise Unfit(
            f"{at} is not there: mount Google Drive in a cell of the notebook beside this terminal "
            f"(from google.colab import drive; drive.mount({str(at.parent)!r})), or name another "
            "folder for the run (--run-dir)"
        )
    try:
        drive = importlib.import_module("google.colab.drive")
    except ImportError as error:
        raise Unfit(
            f"{at} is not there, and this is no Colab that could mount it; set RUN_DIR to a folder"
        ) from error
    drive.mount(str(at.parent))
