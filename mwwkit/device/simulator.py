"""The device on a PC: the shipped .tflite, stepped as ESPHome steps it, from reset.

    device = Device("okay_nabu.tflite", reference=True)
    scores = device.scores(features)              # int8 [frames, 40] -> uint8 [frames // 3]
    tracks = list(score_all(device, store, workers=4))
    stream = device.stream()                      # the same in pieces: stream.scores(features)

What the component does with the scores (cutoff, sliding window, start-up, voice) is in
`mwwkit.device.detector`; both together, from a manifest, in `mwwkit.esphome.component`.

Four engines give almost the same scores on one file. Against TensorFlow Lite Micro, which the
device runs, on 2.7 hours of speech, words and noise (`tests/conformance/README.md` has the table):

* `exact`, the reference: integers in NumPy (`mwwkit.device.twin`), equal to the last bit, at
  100,000 steps a second on one core;
* `tflm`: TensorFlow Lite Micro itself, where `tflite-micro` is installed; 30,000 a second;
* `fast`, LiteRT's default kernels: round once where the device rounds twice; up to 20 % of the
  scores differ, by up to about 28 of 255; 250,000 a second (by its own kernels, with a warning,
  where the default ones, XNNPACK's, refuse a model);
* `litert_ref`, LiteRT's reference kernels: one op differs, the dense layer at the end, which they
  requantise in floating point; few scores, by up to 7 (not in that table); 25,000 a second.

So search, mine and select with `fast`; measure what ships with the reference.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from mwwkit.device import firmware
from mwwkit.device.twin import Twin
from mwwkit.device.twin_ops import TwinError
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.parallel import each
from mwwkit.run.progress_bars import progress
from mwwkit.run.quiet import quiet

ENGINES = ("exact", "tflm", "fast", "litert_ref")
JOB_FRAMES = 60_000  # ten minutes: what a worker of `score_all` is given at once


class DeviceError(CannotGoOn):
    """The model cannot be run as the device would run it."""


class Device:
    """One streaming int8 model; every call to `scores` starts from reset.

    Holds only the model's bytes, so it can be sent to worker processes. `engine` says which of
    `ENGINES` computes.
    """

    def __init__(
        self, model: bytes | str | Path, reference: bool = False, engine: str | None = None
    ):
        """Load a model from its bytes or a path.

        `reference` asks for the device's own numbers: `exact`, or for a model that it does not know
        (`mwwkit.device.twin`) `tflm`, or with a warning `litert_ref`. `engine` asks for one by
        name.

        Raises FileNotFoundError, and DeviceError when the file is no model that streams int8
        features, or the engine cannot run it.
        """
        if engine is not None and (reference or engine not in ENGINES):
            raise WrongInput(f"engine is {engine!r}; wanted one of {ENGINES}, without `reference`")
        self.model = model if isinstance(model, bytes) else Path(model).read_bytes()
        self.engine = engine or "fast"
        self._without_xnnpack = ""  # why it refuses the model, where it does
        interpreter = self._first()
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        shape = inputs[0]["shape"].tolist()
        if len(shape) != 3 or shape[0] != 1 or shape[1] < 1 or shape[2] != firmware.N_BANDS:
            raise DeviceError(f"the model's input is {shape}, wanted [1, stride, 40]")
        types = inputs[0]["dtype"], outputs[0]["dtype"]
        if types != (np.int8, np.uint8):
            names = " and ".join(np.dtype(t).name for t in types)
            raise DeviceError(f"the model's input and output are {names}, wanted int8 and uint8")
        self.stride = int(shape[1])  # frames a step, read from the model as the component does
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        if reference:
            self.engine = _reference_engine(self.model)
        elif engine == "exact":
            _compiled_or_error(self.model)
        elif engine == "tflm":
            _micro(self.model)
        elif self._without_xnnpack:
            warnings.warn(
                f"XNNPACK refuses this model ({self._without_xnnpack}): LiteRT's own kernels score "
                "it, more slowly",
                stacklevel=2,
            )

    def _first(self):
        """The first interpreter; from here on without XNNPACK where that refuses the model.

        It does not take ops whose scales are far apart (a dense layer's input times its weights
        over its output: 256 and more), which the device computes as it does any other.
        """
        with quiet():
            try:
                return self._fresh()
            except DeviceError as e:
                if self.engine != "fast":
                    raise
                self._without_xnnpack = str(e.__cause__)
            return self._fresh()

    def _fresh(self):
        """Make an interpreter; nothing else resets LiteRT's resource variables."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        if self.engine != "fast":
            kernels = OpResolverType.BUILTIN_REF
        elif self._without_xnnpack:
            kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        else:
            kernels = OpResolverType.AUTO
        try:
            interpreter = Interpreter(
                model_content=self.model, num_threads=1, experimental_op_resolver_type=kernels
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as e:
            raise DeviceError(f"LiteRT cannot load the model: {e}") from e
        return interpreter

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Score one stream from reset, int8 [frames, 40] -> uint8 [frames // stride].

        Frames after the last whole step wait on the device, and are left out here.
        """
        return self.stream().scores(features)

    def stream(self) -> Stream:
        """A stream from reset that comes in pieces, as from a microphone."""
        if self.engine == "exact":
            return Stream(self.stride, partial(_compiled(self.model).go_on, {}))
        if self.engine == "tflm":
            return Stream(self.stride, partial(_micro_scores, _micro(self.model)))
        return Stream(self.stride, partial(self._litert_scores, self._fresh()))

    def _litert_scores(self, interpreter, chunks: np.ndarray) -> np.ndarray:
        scores = np.empty(len(chunks), np.uint8)
        for i, chunk in enumerate(chunks):
            interpreter.set_tensor(self._input, chunk)
            interpreter.invoke()
            scores[i] = interpreter.get_tensor(self._output)[0, 0]
        return scores


class Stream:
    """One stream of features that a model hears piece by piece, its state kept in between."""

    def __init__(self, stride: int, score: Callable[[np.ndarray], np.ndarray]):
        """Keep `stride` (frames a step) and `score`, which scores whole steps and keeps state."""
        self.stride, self._score = stride, score
        self._rest: np.ndarray | None = None

    def scores(self, features: np.ndarray) -> np.ndarray:
        """uint8 scores of the steps that int8 [frames, 40] make whole; the rest waits."""
        if self._rest is not None and len(self._rest):
            features = np.concatenate([self._rest, features])
        chunks = _chunks(features, self.stride)
        self._rest = features[len(chunks) * self.stride :].copy()
        return self._score(chunks)


def score_all(
    device: Device, streams: Iterable[np.ndarray], workers: int = 1, label: str = "scoring"
) -> Iterator[np.ndarray]:
    """Score streams of stored features, each from reset, by `workers` processes, in order.

    `streams` gives int8 [frames, 40] and may be a feature store: it is read here, as workers become
    free, so hours need no more memory than the jobs under way. A bar shows the seconds heard.
    """
    with progress(desc=label, unit="s", unit_scale=True) as bar:
        for n_frames, tracks in each(_Job(device), _jobs(streams), workers):
            bar.update(n_frames * firmware.HOP_MS / 1000)
            yield from tracks


def scored(device: Device, streams: Iterable[np.ndarray], workers: int = 1) -> list[np.ndarray]:
    """The tracks of `score_all` at once, without a bar, and in this process where that is quicker.

    Processes take seconds to start, so each wants at least two jobs.
    """
    if workers == 1:
        return [device.scores(features) for features in streams]
    jobs = _jobs(streams)
    first = [*islice(jobs, 2 * workers)]
    n = workers if len(first) == 2 * workers else 1
    return [track for _, made in each(_Job(device), chain(first, jobs), n) for track in made]


def _jobs(streams: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Group streams into jobs of about `JOB_FRAMES`, copied from memory maps into plain arrays."""
    job, n_frames = [], 0
    for features in streams:
        job.append(np.array(features))
        n_frames += len(features)
        if n_frames >= JOB_FRAMES:
            yield job
            job, n_frames = [], 0
    if job:
        yield job


class _Job:
    def __init__(self, device: Device):
        self.device = device

    def __call__(self, streams: list[np.ndarray]) -> tuple[int, list[np.ndarray]]:
        return sum(map(len, streams)), [self.device.scores(features) for features in streams]


@lru_cache(maxsize=8)
def _compiled(model: bytes) -> Twin:
    return Twin(model)


def _compiled_or_error(model: bytes) -> Twin:
    try:
        return _compiled(model)
    except TwinError as e:
        raise DeviceError(f"the exact engine does not know this model: {e}; ask for tflm") from e


def _reference_engine(model: bytes) -> str:
    try:
        _compiled(model)
        return "exact"
    except TwinError as e:
        why = str(e)
    try:
        _micro(model)
        return "tflm"
    except DeviceError as e:
        warnings.warn(
            f"the exact engine does not know this model ({why}) and TensorFlow Lite Micro cannot "
            f"be used ({e}): LiteRT's reference kernels are, which give a few scores "
            "another value than the device",
            stacklevel=3,
        )
        return "litert_ref"


def _micro(model: bytes):
    try:
        return tflm().Interpreter.from_bytes(model)
    except RuntimeError as e:
        if isinstance(e, DeviceError):
            raise
        raise DeviceError(f"TensorFlow Lite Micro cannot load the model: {e}") from e


def _micro_scores(interpreter, chunks: np.ndarray) -> np.ndarray:
    scores = np.empty(len(chunks), np.uint8)
    for i, chunk in enumerate(chunks):
        interpreter.set_input(chunk, 0)
        interpreter.invoke()
        scores[i] = interpreter.get_output(0)[0, 0]
    return scores


def tflm():
    """Return tflite-micro's `runtime` module, or raise DeviceError saying how to get it."""
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError as e:
        raise DeviceError(
            "the package tflite-micro is not installed: pip install 'mwwkit[tflm]' "
            "(wheels for Linux x86, Python 3.11 to 3.13)"
        ) from e
    return runtime


def _chunks(features: np.ndarray, stride: int) -> np.ndarray:
    """[steps, 1, stride, 40] views of whole steps."""
    if features.dtype != np.int8 or features.ndim != 2 or features.shape[1] != firmware.N_BANDS:
        raise WrongInput(
            f"features are {features.dtype} {list(features.shape)}, wanted int8 [frames, 40] "
            "on the device's grid"
        )
    steps = len(features) // stride
    return features[: steps * stride].reshape(steps, 1, stride, firmware.N_BANDS)
