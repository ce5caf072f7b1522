"""The first cell: what is missing is installed, what is there stays, what cannot work is told."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import jupytext
import pip
import pytest

from mwwkit.cli import chain
from mwwkit.run import fresh_session
from mwwkit.run.errors import CannotGoOn

TF, NUMPY = "2.18.0", "1.26.4"


def wheel(folder: Path, name: str, version: str, requires=(), files=()) -> Path:
    """A wheel of no content but its metadata and some files."""
    about = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    needs += "Provides-Extra: tts\n" if "extra ==" in needs else ""
    texts = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    }
    texts[f"{about}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    texts |= dict(files) | {f"{name}.py" if not files else f"{name}/__init__.py": ""}
    names = [*texts, f"{about}/RECORD"]
    texts[f"{about}/RECORD"] = "".join(f"{n},,\n" for n in names)
    with zipfile.ZipFile(path, "w") as file:
        for inside, text in texts.items():
            file.writestr(inside, text)
    return path


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A Python that has a TensorFlow, a NumPy and pip, and nothing else."""
    folder = tmp_path_factory.mktemp("image")
    venv.create(folder / "venv", with_pip=False)
    (folder / "path").mkdir()
    (folder / "path/pip").symlink_to(Path(pip.__file__).parent)
    [packages] = (folder / "venv").glob("lib/python*/site-packages")
    for name, version in (("tensorflow", TF), ("numpy", NUMPY)):
        with zipfile.ZipFile(wheel(folder, name, version)) as file:
            file.extractall(packages)
    return folder


PREPARE = {"mwwkit/run/__init__.py": "", "mwwkit/run/fresh_session.py": "prepare = len\n"}


def first_cell(image, session: Path, given: str = "", prelude: str = ""):
    """Run the first code cell after the parameters, as a session in a folder `working`."""
    cells = [c.source for c in jupytext.read(chain.notebook("03")).cells if c.cell_type == "code"]
    (session / "working").mkdir(parents=True, exist_ok=True)
    text = f"MWWKIT = {given!r}\n{prelude}\n{cells[2]}\nprint(sorted(here.items()))"
    environment = os.environ | {"PYTHONPATH": str(image / "path"), "PIP_NO_INDEX": "1"}
    environment |= {"PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    call = [image / "venv/bin/python", "-c", text]
    return subprocess.run(
        call, cwd=session / "working", env=environment, capture_output=True, text=True
    )


def versions(image) -> dict[str, str]:
    """Every package that the image has by now."""
    [packages] = (image / "venv").glob("lib/python*/site-packages")
    names = (path.name.removesuffix(".dist-info") for path in packages.glob("*.dist-info"))
    return dict(name.split("-") for name in names)


def test_an_attached_wheelhouse_adds_what_is_missing_and_changes_nothing(image, tmp_path):
    house = tmp_path / "input/datasets/me/wheelhouse"
    wheel(house, "mwwkit", "0.1.0", ["tensorflow>=2.16", "numpy>=1.26", "lacked>=1"], PREPARE)
    wheel(house, "lacked", "1.2")
    wheel(house, "numpy", "2.4.0")  # newer ones stay where they are
    wheel(house, "tensorflow", "2.21.0")
    done = first_cell(image, tmp_path)
    assert not done.returncode, done.stderr
    assert versions(image) == {"tensorflow": TF, "numpy": NUMPY, "mwwkit": "0.1.0", "lacked": "1.2"}
    again = first_cell(image, tmp_path / "elsewhere", prelude="here = {}")
    assert again.stdout == "[]\n", "mwwkit is there: nothing is asked of pip"
    pip_of = [image / "venv/bin/python", "-m", "pip", "uninstall", "-q", "-y", "mwwkit", "lacked"]
    environment = os.environ | {"PYTHONPATH": str(image / "path")}
    subprocess.run(pip_of, check=True, env=environment, capture_output=True)


def test_what_cannot_be_beside_the_image_s_tensorflow_is_told_in_a_line(image, tmp_path):
    needs = ["tensorflow>=2.20", "numpy>=1.26"]
    path = wheel(tmp_path / "input/old-mount", "mwwkit", "0.1.0", needs, PREPARE)
    wheel(path.parent, "tensorflow", "2.21.0")
    done = first_cell(image, tmp_path)
    [told] = done.stderr.splitlines()
    assert done.returncode == 1 and "its pip cannot add ../input/old-mount/mwwkit" in told
    assert f"tensorflow {TF}" in told and "ERROR" in told and "set MWWKIT" in told
    assert versions(image) == {"tensorflow": TF, "numpy": NUMPY}


def test_several_wheels_another_python_and_no_source_are_told_in_a_line(image, tmp_path):
    wheel(tmp_path / "input/a/b", "mwwkit", "0.1.0")
    wheel(tmp_path / "input/datasets/c/d", "mwwkit", "0.2.0")
    told = first_cell(image, tmp_path).stderr
    assert told.startswith("several wheels are attached: ") and told.count("mwwkit-0.") == 2
    old = "import sys, collections; v = 'major minor micro'\n"
    old += "sys.version_info = collections.namedtuple('v', v)(3, 9, 1); sys.version = '3.9.1 x'"
    told = first_cell(image, tmp_path / "none", prelude=old).stderr
    assert told.startswith("Python 3.9.1 (") and told.count("\n") == 1
    assert "runs here; mwwkit wants 3.10 to 3.13: choose a kernel" in told
    told = first_cell(image, tmp_path / "none", given="/nowhere/x-1-py3-none-any.whl").stderr
    assert "its pip cannot add /nowhere/x-1" in told and told.count("\n") == 1


@pytest.mark.parametrize(
    ("its_pip", "why"),
    [
        ("import sys; sys.exit('the disk is full')", "the disk is full"),
        ("import sys; sys.exit(3)", "exit code 3"),
        (None, "No module named pip"),
    ],
)
def test_a_python_that_has_neither_mwwkit_nor_a_pip_that_works_is_told(tmp_path, its_pip, why):
    venv.create(tmp_path / "venv", with_pip=False)
    (tmp_path / "path/pip").mkdir(parents=True)
    if its_pip:
        (tmp_path / "path/pip/__init__.py").touch()
        (tmp_path / "path/pip/__main__.py").write_text(its_pip)
    else:
        (tmp_path / "path/pip").rmdir()
    done = first_cell(tmp_path, tmp_path)
    [told] = done.stderr.splitlines()
    assert done.returncode == 1 and told.startswith(f"Python {sys.version.split()[0]} ({tmp_path}")
    assert "has no mwwkit and neither TensorFlow nor NumPy, and its pip cannot add git+" in told
    assert f": {why}" in told or f"python: {why}" in told, told
    assert "choose the kernel that has mwwkit, or set MWWKIT" in told


@pytest.mark.parametrize(
    "given, wanted",
    [
        ({"PRODUCT": "clips", "TTS_POSITIVE": 10, "EMBEDDINGS": "clap"}, ["tts"]),
        ({"PRODUCT": "clips", "TTS_POSITIVE": 0, "TTS_AMBIENT_MINUTES": 0.0}, []),
        ({"PRODUCT": "clips", "TTS_NEGATIVE": 5, "PIPER_VOICES": "voices"}, ["piper"]),
        ({"PRODUCT": "clips", "TTS_NEGATIVE": 5, "TTS_ENGINES": ["kokoro"]}, []),
        ({"TTS_POSITIVE": 5, "TTS_ENGINES": ["kokoro"], "TTS_CHECK": True}, ["tts"]),
        (
            {"PRODUCT": "clips", "TTS_NEGATIVE": 5, "TTS_ENGINES": "espeak-ng, piper"},
            ["tts", "piper"],
        ),
        ({"PRODUCT": "both", "TTS_POSITIVE": 1, "EMBEDDINGS": "clap"}, ["tts", "clap"]),
        ({"PRODUCT": "triples", "TTS_POSITIVE": 1, "EMBEDDINGS": "none"}, []),
        ({"DEVICE": "gpu"}, ["gpu"]),
        ({"DEVICE": "cpu"}, []),
        ({"ARENA_BYTES": 0, "ONNX": True}, ["tflm", "onnx"]),
        ({"ARENA_BYTES": 30_000, "ONNX": False}, []),
    ],
)
def test_extras_are_those_that_the_parameters_ask_for(given, wanted):
    assert fresh_session.extras(given) == wanted


@pytest.fixture
def packages(monkeypatch):
    """What importlib.metadata says is installed, and what mwwkit requires."""
    there = {"tensorflow": TF, "numpy": NUMPY, "keras": "3.5.0"}
    needs = ["tensorflow<2.22,>=2.16", "numpy<3,>=1.26", "soxr>=0.4"]
    needs += ['espeakng-loader>=0.2.4; extra == "tts"', 'cupy>=13; extra == "gpu"']

    def version(name):
        if name not in there:
            raise fresh_session.metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(fresh_session.metadata, "version", version)
    monkeypatch.setattr(fresh_session.metadata, "requires", lambda _: needs)
    return there


def test_what_is_lacking_is_named_with_its_range_and_what_is_there_is_not(packages):
    assert fresh_session.lacking([]) == ["soxr>=0.4"]
    packages["soxr"] = "0.3.7"
    assert fresh_session.lacking(["tts"]) == ["soxr>=0.4", "espeakng-loader>=0.2.4"]
    packages["soxr"] = "0.5.0"
    assert fresh_session.lacking([]) == []


@pytest.mark.parametrize(
    "version, told", [("2.15.1", "TensorFlow 2.15.1 is"), ("2.22.0", "2.22.0")]
)
def test_a_tensorflow_that_mwwkit_does_not_work_with_stops_in_a_line(packages, version, told):
    packages["tensorflow"] = version
    with pytest.raises(CannotGoOn, match=f"{told}.*; mwwkit wants tensorflow.*: take an image"):
        fresh_session.prepare({})
    del packages["tensorflow"]
    with pytest.raises(CannotGoOn, match="^there is no package tensorflow; mwwkit wants"):
        fresh_session.prepare({})


def test_a_mwwkit_that_is_not_installed_stops_in_a_line(monkeypatch):
    monkeypatch.setattr(sys, "path", [])  # as with a checkout in PYTHONPATH: no metadata
    with pytest.raises(fresh_session.Unfit, match="not installed, .*: pip install -e") as error:
        fresh_session.prepare({})
    assert "\n" not in str(error.value)


def test_a_gpu_whose_kind_the_driver_does_not_tell_is_told_and_taken(tmp_path, monkeypatch):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'GRID T4, [N/A]'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match="capability of GRID T4 .*N/A.*built for 6.0"):
        fresh_session.refuse_gpu()


@pytest.mark.parametrize(
    "script, told",
    [
        (None, "there is no NVIDIA GPU here .no nvidia-smi."),
        ("echo No devices were found; exit 6", "finds none .No devices were found."),
        ("echo 'Tesla K80, 3.7'", "Tesla K80 has compute capability 3.7; TensorFlow is built for"),
        ("echo 'Tesla T4, 7.5'", ""),
    ],
)
def test_a_gpu_that_is_missing_or_too_old_stops_in_a_line(tmp_path, monkeypatch, script, told):
    if script:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if told:
        with pytest.raises(CannotGoOn, match=f"DEVICE is 'gpu' and .*{told}.*set DEVICE to 'cpu'$"):
            fresh_session.refuse_gpu()
    else:
        fresh_session.refuse_gpu()


def test_pip_is_asked_only_where_the_session_is_fresh(packages, monkeypatch):
    asked = []
    monkeypatch.setattr(fresh_session, "install", lambda lines: asked.append(lines) or lines)
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    assert fresh_session.prepare({"ONNX": True}) == {"platform": "local"} and not asked
    fresh_session.prepare({"MWWKIT": "a.whl"})
    monkeypatch.setenv("MWWKIT_PLATFORM", "kaggle")
    assert fresh_session.prepare({})["installed"] == ["soxr>=0.4"]
    assert asked == [["soxr>=0.4"]] * 2


def test_an_extra_that_pip_cannot_bring_is_told_in_a_line(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(CannotGoOn) as error:
        fresh_session.install(["mwwkit-no-such-package>=1"])
    assert "ERROR: " in str(error.value) and "\n" not in str(error.value)
    assert "attach a wheelhouse" in str(error.value) and "numpy" in str(error.value)


def test_extras_come_from_the_folder_that_mwwkit_came_from(tmp_path, monkeypatch):
    class Installed:
        def read_text(self, name):
            assert name == "direct_url.json"
            return json.dumps(
                {"url": f"{(tmp_path / 'a b').as_uri()}/mwwkit-0.1.0-py3-none-any.whl"}
            )

    monkeypatch.setattr(fresh_session.metadata, "distribution", lambda _: Installed())
    first, last = fresh_session._where_to_ask()
    assert first == ["--no-index", "--find-links", str(tmp_path / "a b")] and last == []


def test_every_extra_is_in_pyproject():
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    everything = {"PRODUCT": "both", "TTS_POSITIVE": 1, "EMBEDDINGS": "clap", "DEVICE": "gpu"}
    for extra in fresh_session.extras(everything | {"ARENA_BYTES": 0, "ONNX": True}):
        assert f"\n{extra} = [" in text
    assert sys.version_info[:2] >= (3, 10)
