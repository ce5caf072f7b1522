"""Fixtures for all tests: sound that is made here, and real sound where there is some."""

import fcntl
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_run
from varied import SELDOM, THREADS

from mwwkit.run.paths import Run

RATE_HZ = 16_000
gc.set_threshold(*SELDOM)

LONGEST = (
    *("test_notebooks", "test_train", "test_old_run", "test_tuning", "test_mine"),
    *("test_one_fact", "test_resume", "test_loop_options", "test_triples"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: shared out among processes, none of them is begun last."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_collection_finish() -> None:
    """TensorFlow's threads, as in 03: the count must be set before anything runs."""
    gc.freeze()  # what was imported stays: no collection need walk it again
    if {"tensorflow", "mwwkit.model.backend"} & sys.modules.keys():
        from mwwkit.training.trainer import limit_threads

        limit_threads(THREADS)


def folder_at(variable: str, holds: str, what: str, beside: str = "") -> Path:
    """The folder that an environment variable names, if it has the file `holds`; else skip.

    Where the variable is not set, it is the folder `beside` the one of MWWKIT_REAL_AUDIO.
    """
    named, audio = os.environ.get(variable), os.environ.get("MWWKIT_REAL_AUDIO")
    folder = Path(named) if named else Path(audio, "..", beside) if audio and beside else None
    if folder is None or not (folder / holds).is_file():
        looked = f"; there is no {folder / holds}" if folder else ""
        pytest.skip(f"set {variable} to a folder {what}{looked}")
    return folder


@pytest.fixture(scope="session")
def real_audio() -> Path:
    """The folder MWWKIT_REAL_AUDIO names, with its index.csv; tests that need it skip without."""
    return folder_at("MWWKIT_REAL_AUDIO", "index.csv", "of recordings with an index.csv")


@pytest.fixture(scope="session")
def people() -> Path:
    """The folder of many named people's words and speech; tests that need it skip without."""
    what = "of words and speech of named speakers with an index.csv"
    return folder_at("MWWKIT_PEOPLE", "index.csv", what, beside="people")


@pytest.fixture(scope="session")
def speech_like():
    """A maker of speech-like sound: `speech_like(seed, seconds=1.0)` -> [n] float32, peak 0.5.

    A buzz with a moving pitch through three resonances, in syllables, with silence around: near
    enough to speech for level, onset and spectrum tests. The same seed is the same sound.
    """

    def make(seed: int, seconds: float = 1.0, rate_hz: int = RATE_HZ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        n = round(seconds * rate_hz)
        t = np.arange(n) / rate_hz
        pitch_hz = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 3) * t))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
        formants_hz = rng.uniform([300, 900, 2200], [800, 1800, 3200])
        audio = np.zeros(n)
        for k in range(1, int(5000 / pitch_hz.max())):
            near = np.exp(-(((k * pitch_hz[:, None] - formants_hz) / 250) ** 2)).sum(1)
            audio += (near + 0.02) * np.sin(k * phase) / k**0.5
        syllables = np.sin(np.pi * np.clip((t - 0.15) / (seconds - 0.3), 0, 1)) ** 0.5
        syllables *= 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(3, 5) * t)
        audio *= syllables
        return (0.5 * audio / max(1e-9, np.abs(audio).max())).astype(np.float32)

    return make


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A run of the test module's own, with the clips of `tiny_run` once `material` is asked for."""
    return Run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def material(here):
    """What scenes are made of: the words, speech, noises and rooms of `here`."""
    return tiny_run.material(tiny_run.make(here))


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`once(name, make)` -> a folder that `make(folder)` has filled, once for all processes.

    Under pytest-xdist the first worker that needs it makes it while the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name: str, make: Callable[[Path], object]) -> Path:
        folder, made = shared / name, shared / f"{name}.made"
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                made.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def featured(once):
    """A small run with 01 and 02 done; to be read, not written: give it as an earlier run."""
    small_run = pytest.importorskip("small_run")
    return Run(once("featured", small_run.featured))


@pytest.fixture(scope="session")
def trained(once, featured):
    """The same with 03 done, by a net that hears its word; to be read, not written."""
    small_run = pytest.importorskip("small_run")
    folder = once("trained", lambda folder: small_run.trained(folder, featured))
    return Run(folder, (featured.folder,))


@pytest.fixture(scope="session")
def exported(once, trained):
    """The same with 05 done, its word "chirp"; to be read, not written."""
    small_run = pytest.importorskip("small_run")
    earlier = (*trained.earlier, trained.folder)
    folder = once("exported", lambda folder: small_run.exported(Run(folder, earlier)))
    return Run(folder, earlier)


@pytest.fixture
def mounted(tmp_path):
    """`mounted(options)` -> a folder on a file system of its own; skips where none may be made."""
    folders = []

    def mount(options):
        folder = tmp_path / f"mount {len(folders)}"
        folder.mkdir()
        call = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(call, capture_output=True).returncode:
            pytest.skip("mounting a file system is not allowed here")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def official_models() -> Path:
    """The folder of the official models (*.json with *.tflite); tests that need it skip without."""
    what = "with ESPHome's official v2 models"
    return folder_at("MWWKIT_OFFICIAL", "okay_nabu.json", what, beside="models/official")


@pytest.fixture(scope="session")
def feature_like():
    """A maker of features as in speech: `feature_like(seed, frames)` -> int8 [frames, 40].

    A floor, and bumps over some bands that come and go within some tenths of a second.
    """

    def make(seed: int, frames: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        t, band = np.arange(frames)[:, None], np.arange(40)
        values = rng.uniform(0, 4, 40) + rng.normal(0, 0.7, (frames, 40))
        for _ in range(frames // 12):
            at, length = rng.uniform(0, frames), rng.uniform(4, 25)
            centre, width = rng.uniform(0, 40), rng.uniform(2, 10)
            shape = np.exp(-(((t - at) / length) ** 2) - ((band - centre) / width) ** 2)
            values += rng.uniform(5, 22) * shape
        return (np.rint(np.clip(values, 0, 26) * 255 / 26) - 128).astype(np.int8)

    return make


@pytest.fixture(scope="session")
def as_floats():
    """Turn int8 features into what the net is trained on, float32 0..26."""
    return lambda features: (features.astype(np.float32) + 128) * np.float32(26 / 255)


@pytest.fixture(scope="session")
def made_net(feature_like, as_floats):
    """A maker of nets of random weights whose norms have seen features: `made_net("tiny")`.

    The norms' offsets and the CMVN are random too, so that nothing is zero by luck.
    """
    mixednet = pytest.importorskip("mwwkit.model.mixednet")
    from mwwkit.training.trainer import limit_threads

    limit_threads(THREADS)  # the first to run TensorFlow where no collected module imports it

    def make(name: str, seed: int = 1):
        rng = np.random.default_rng(seed)
        shape = name if isinstance(name, mixednet.Shape) else mixednet.SHAPES[name]
        cmvn = rng.uniform(1, 4, 40), rng.uniform(2, 5, 40)
        net = mixednet.build(shape, seed, cmvn)
        for variable in net.variables:
            if variable.name == "momentum":
                variable.assign(0.0)
            elif variable.name == "beta":
                variable.assign(rng.normal(0, 0.3, variable.shape))
        net(as_floats(feature_like(seed, 900))[None], training=True)
        return net

    return make


@pytest.fixture(scope="session")
def tiny_model(made_net, feature_like, as_floats) -> bytes:
    """A streaming int8 .tflite of the "tiny" shape, random weights, scores over much of 0..1."""
    from mwwkit.model import streaming

    net = made_net("tiny")
    calibration = [as_floats(feature_like(seed, 600)) for seed in (2, 3)]
    return streaming.to_int8(streaming.fold(net, scale=4.0), net.shape, calibration)
