"""The net's arithmetic against Keras's, its front end against physics, and whose voice is whose."""

import csv
import os
import pickle
import subprocess
import sys
import types
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mwwkit.audio.effects import loudest_rms
from mwwkit.corpus import speaker_weights_child, voices_heard
from mwwkit.corpus.clips import load_clips
from mwwkit.corpus.speaker_embedding import (
    ALIKE,
    N_MELS,
    WORDS_EACH,
    NoEmbedder,
    SpeakerEmbedder,
    mel_frames,
    n_people,
)
from mwwkit.corpus.voice_files import SPEAKERS
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

RATE_HZ = 16_000
OF_LSTM = [(kind, of, n) for n in range(3) for kind in ("weight", "bias") for of in ("ih", "hh")]
SHAPES = {
    f"lstm.{kind}_{of}_l{n}": (1024, 256) if kind == "weight" else (1024,)
    for kind, of, n in OF_LSTM
} | {"lstm.weight_ih_l0": (1024, N_MELS), "linear.weight": (256, 256), "linear.bias": (256,)}


@pytest.fixture(scope="module")
def weights():
    """Any weights of the net's shapes."""
    draw = np.random.default_rng(7)
    return {name: draw.normal(0, 0.08, of).astype(np.float32) for name, of in SHAPES.items()}


def test_its_layers_are_those_of_keras(weights):
    keras = pytest.importorskip("tensorflow").keras
    windows = np.random.default_rng(1).random((2, 160, N_MELS)).astype(np.float32)
    inputs = windows
    for layer in range(3):
        of_input, of_state, *biases = (
            weights[f"lstm.{kind}_{of}_l{n}"] for kind, of, n in OF_LSTM if n == layer
        )
        lstm = keras.layers.LSTM(256, return_sequences=True)
        lstm.build(inputs.shape)
        lstm.set_weights([of_input.T, of_state.T, sum(biases)])  # Keras too has i, f, g, o
        inputs = np.array(lstm(inputs))
    linear = np.maximum(inputs[:, -1] @ weights["linear.weight"].T + weights["linear.bias"], 0)
    wanted = linear / np.linalg.norm(linear, axis=1, keepdims=True)
    # Sums of 256 float32 products in another order, through 160 steps of three layers.
    np.testing.assert_allclose(SpeakerEmbedder(weights)._windows(windows), wanted, atol=1e-5)


def test_a_tone_is_in_the_band_of_its_pitch_and_levels_do_not_matter_to_quiet_sound():
    t = np.arange(RATE_HZ) / RATE_HZ
    loudest = []
    for hz in (200, 400, 1000, 2000, 4000, 7000):
        frames = mel_frames(np.float32(0.01) * np.sin(2 * np.pi * hz * t).astype(np.float32))
        assert frames.shape == (101, N_MELS)
        loudest.append(int(frames[50].argmax()))
        quieter = mel_frames(np.float32(0.001) * np.sin(2 * np.pi * hz * t).astype(np.float32))
        np.testing.assert_allclose(quieter, frames, rtol=1e-3, atol=1e-6)
    # Slaney's mels: 3 for 200 Hz, 15 for 1 kHz, 15 + 27 ln(7)/ln(6.4) for 7 kHz; 45.2 is 8 kHz.
    mels = [3, 6, 15, 15 + 27 * np.log(2) / np.log(6.4), 15 + 27 * np.log(4) / np.log(6.4)]
    mels.append(15 + 27 * np.log(7) / np.log(6.4))
    expected = [m / 45.245 * 41 - 1 for m in mels]
    assert np.abs(np.array(loudest) - expected).max() <= 0.75  # a band is one wide


def test_a_vector_is_of_unit_length_and_the_same_for_short_and_long_sound(weights):
    embedder = SpeakerEmbedder(weights)
    noise = np.random.default_rng(3).normal(0, 0.01, 3 * RATE_HZ).astype(np.float32)
    for sounds in ([noise], [noise[:3000]], [noise[:9000], noise[9000:20000]]):
        vector = embedder.embed(sounds)
        assert vector.shape == (256,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_people_are_counted_by_how_alike_their_vectors_are():
    draw = np.random.default_rng(5)
    people = draw.normal(size=(6, 256))
    vectors = np.concatenate([people + 0.3 * draw.normal(size=people.shape) for _ in range(4)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert n_people(vectors) == 6
    assert n_people(vectors[:1]) == 1 and n_people(vectors[:0]) == 0
    assert n_people(vectors, alike=-1) == 1 and n_people(vectors, alike=0.9999) == len(vectors)


def test_what_is_no_such_file_is_told_with_the_command_that_gets_it(tmp_path):
    (tmp_path / "text.npz").write_text("nothing")
    np.savez(tmp_path / "other.npz", bias=np.zeros(3))
    for name in ("text.npz", "other.npz", "none.npz"):
        with pytest.raises(NoEmbedder, match="mwwkit voices get speakers"):
            SpeakerEmbedder.load(tmp_path / name)


# What a run is told


def test_01_says_as_how_many_people_machines_sound_where_the_weights_are(
    tmp_path, monkeypatch, weights
):
    config = acquire.Config(
        word="hey you", recordings="", tts_positive=12, tts_negative=8, tts_hard_negative=0,
        tts_ambient_minutes=0.0, noise_minutes=0.1, rooms=0, tts_speakers=6,
    )  # fmt: skip
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    run, limits = Run(tmp_path / "run"), Limits(workers=1)
    acquire.run(config, run, limits)
    assert not run.all(voices_heard.FILE) and not acquire.check(run)["voices"]
    SPEAKERS.folder().mkdir(parents=True)
    np.savez(SPEAKERS.folder() / SPEAKERS.converted, **weights)
    for file in SPEAKERS.files:
        (SPEAKERS.folder() / file.name).touch()
        os.truncate(SPEAKERS.folder() / file.name, file.n_bytes)
    acquire.run(config, run, limits)
    [(engine, found)] = read_json(run / voices_heard.FILE)["engines"].items()
    who = {r.speaker for r in load_clips(run) if r.is_synthetic and r.speaker}
    assert (engine, found["voices"]) == ("espeak-ng", len(who)) and 2 <= len(who) <= 6
    assert 1 <= found["people"] <= len(who)
    told = (
        f"machines speak with {len(who)} voices of espeak-ng, which sound like {found['people']} p"
    )
    assert acquire.check(run)["voices"].startswith(told) and told[1:] in repr(acquire.check(run))
    before = os.stat(run / voices_heard.FILE).st_mtime_ns
    acquire.run(config, run, limits)
    assert os.stat(run / voices_heard.FILE).st_mtime_ns == before  # of these clips it is known


# The child that reads a pickle


class _Tensor:
    """What PyTorch's files hold for a tensor: a function's name and what it is called with."""

    def __init__(self, array, key, size=None):
        self.array, self.key, self.size = np.ascontiguousarray(array, np.float32), key, size

    def __reduce__(self):
        shape = self.size or self.array.shape
        stride = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (_Storage(self.key, self.array.size), 0, shape, stride, False, None)


class _Storage:
    def __init__(self, key, size):
        self.key, self.size = key, size


class _Pickler(pickle.Pickler):
    def persistent_id(self, what):
        storage = sys.modules["torch"].FloatStorage
        if isinstance(what, _Storage):
            return "storage", storage, what.key, "cpu", what.size, None


@pytest.fixture
def file_of(monkeypatch, tmp_path):
    """A writer of files in PyTorch's older form, without PyTorch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    exec("def _rebuild_tensor_v2(*_): ...", utils.__dict__)
    utils._rebuild_tensor_v2.__module__ = "torch._utils"
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    def write(state, storages, cut=0):
        path = tmp_path / "pretrained.pt"
        with open(path, "wb") as file:
            magic = (
                speaker_weights_child.MAGIC,
                speaker_weights_child.VERSION,
                {"little_endian": True},
            )
            for each in magic:
                pickle.dump(each, file, 2)
            _Pickler(file, 2).dump(state)
            pickle.dump(list(storages), file, 2)
            for floats in storages.values():
                file.write(
                    len(floats.ravel()).to_bytes(8, "little") + floats.astype("<f4").tobytes()
                )
        if cut:
            os.truncate(path, path.stat().st_size - cut)
        return path

    return write


def converted(path):
    call = [
        sys.executable,
        "-I",
        speaker_weights_child.__file__,
        str(path),
        str(path.parent / "made.npz"),
    ]
    return subprocess.run(call, capture_output=True, text=True)


def test_weights_come_through_the_child_as_they_are(file_of, weights):
    state = {"step": 3, "model_state": {n: _Tensor(a, n) for n, a in weights.items()}}
    path = file_of(state, weights)
    done = converted(path)
    assert done.returncode == 0, done.stderr
    loaded = SpeakerEmbedder.load(path.parent / "made.npz").weights
    assert loaded.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(loaded[name], array)


class _Runs:
    """A pickle that runs something when it is read."""

    def __init__(self, what, *arguments):
        self.what, self.arguments = what, arguments

    def __reduce__(self):
        return self.what, self.arguments


def test_a_file_that_would_run_something_is_refused_and_nothing_runs(file_of, weights, tmp_path):
    marker = tmp_path / "ran"
    for what in (_Runs(os.system, f"touch {marker}"), _Runs(eval, "1"), _Runs(getattr, "a", "b")):
        state = {"model_state": {n: _Tensor(a, n) for n, a in weights.items()}, "more": what}
        done = converted(file_of(state, weights))
        assert done.returncode and "which is not allowed" in done.stderr
        assert not marker.exists()


def test_a_file_that_lies_about_its_sizes_is_refused(file_of, weights):
    tensors = {n: _Tensor(a, n) for n, a in weights.items()}
    tensors["linear.bias"] = _Tensor(weights["linear.bias"], "linear.bias", size=(257,))
    done = converted(file_of({"model_state": tensors}, weights))
    assert done.returncode and "ends behind its storage of 256 floats" in done.stderr
    tensors["linear.bias"] = _Tensor(weights["linear.bias"], "linear.bias")
    done = converted(file_of({"model_state": tensors}, weights, cut=100))
    assert done.returncode and "ends inside its weights" in done.stderr


# The real weights


@pytest.fixture(scope="module")
def embedder():
    if not SPEAKERS.is_there(SPEAKERS.folder()):
        pytest.skip(f"{SPEAKERS.folder()} has no weights: {SPEAKERS.command}")
    return SpeakerEmbedder.load(SPEAKERS.folder() / SPEAKERS.converted)


@pytest.fixture(scope="module")
def speakers():
    """Eight words of each of the people who have as many: their sound, cut to what is loud."""
    people = os.environ.get("MWWKIT_PEOPLE")
    if not people:
        pytest.skip("set MWWKIT_PEOPLE to the folder of words by many named speakers")
    of = defaultdict(list)
    with open(Path(people, "index.csv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["source"] == "speech_commands":
                of[row["speaker"]].append(row["path"])
    chosen = [paths for _, paths in sorted(of.items()) if len(paths) >= 2 * WORDS_EACH][:40]
    return [[loud(Path(people, path)) for path in paths[: 2 * WORDS_EACH]] for paths in chosen]


def loud(path):
    audio, _ = soundfile.read(path, dtype="float32")
    parts = np.array_split(audio, len(audio) // 400)
    at = np.flatnonzero([np.sqrt(np.mean(part**2)) > 0.05 * loudest_rms(audio) for part in parts])
    return np.concatenate(parts[at[0] : at[-1] + 1])


def test_forty_people_twice_are_nearly_forty_groups(embedder, speakers):
    first, second = (
        np.stack([embedder.embed(words[at : at + WORDS_EACH]) for words in speakers])
        for at in (0, WORDS_EACH)
    )
    alike = first @ second.T
    same, others = np.diag(alike), alike[~np.eye(len(alike), dtype=bool)]
    # 97 % of 71 people were told apart at 0.62 when ALIKE was set; nine in ten leaves room.
    assert np.mean(same > 0.62) > 0.9 and np.mean(others < 0.62) > 0.9
    found = n_people(np.concatenate([first, second]), ALIKE)
    assert 0.8 * len(speakers) <= found <= 1.3 * len(speakers)
