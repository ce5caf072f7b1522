"""The device on a PC: the shipped .tflite, stepped as ESPHome steps it, from reset.

    device = Device("okay_nabu.tflite")
    scores = device.scores(features)              # int8 [frames, 40] -> uint8 [frames // 3]

What the component does with the scores (cutoff, sliding window, start-up) is in `mwwkit.detector`.

Three sets of kernels give slightly different scores on the same file.  Measured on 4,669 steps of
speech against TensorFlow Lite Micro (what the device runs) with the official "alexa": LiteRT's
default differs on 3.7 % of steps, by up to 12 of 255; its reference kernels on 0.02 %, by up to 6.
The default runs about 250,000 steps a second on one core (7,500 times real time), the reference
about 25,000.  So search, mine and select with the default; measure what ships with the reference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mwwkit import firmware
from mwwkit.model.quiet import quiet


class DeviceError(RuntimeError):
    """The model cannot be run as the device would run it."""


class Device:
    """One streaming int8 model; every call to `scores` starts from reset.

    Holds only the model's bytes, so it can be sent to worker processes.
    """

    def __init__(self, model: bytes | str | Path, reference: bool = False):
        """Load a model from its bytes or a path; `reference` runs the slower, more exact kernels.

        Raises FileNotFoundError, and DeviceError when the file is no model that streams int8
        features.
        """
        self.model = model if isinstance(model, bytes) else Path(model).read_bytes()
        self.reference = reference
        with quiet():
            interpreter = self._fresh()
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        shape = inputs[0]["shape"].tolist()
        if len(shape) != 3 or shape[0] != 1 or shape[2] != firmware.N_BANDS:
            raise DeviceError(f"the model's input is {shape}, wanted [1, stride, 40]")
        types = inputs[0]["dtype"], outputs[0]["dtype"]
        if types != (np.int8, np.uint8):
            names = " and ".join(np.dtype(t).name for t in types)
            raise DeviceError(f"the model's input and output are {names}, wanted int8 and uint8")
        self.stride = int(shape[1])  # frames a step, read from the model as the component does
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]

    def _fresh(self):
        """Make an interpreter; nothing else resets LiteRT's resource variables."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kernels = OpResolverType.BUILTIN_REF if self.reference else OpResolverType.AUTO
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
        chunks = _chunks(features, self.stride)
        scores = np.empty(len(chunks), np.uint8)
        interpreter = self._fresh()
        for i, chunk in enumerate(chunks):
            interpreter.set_tensor(self._input, chunk)
            interpreter.invoke()
            scores[i] = interpreter.get_tensor(self._output)[0, 0]
        return scores


def tflm_scores(model: bytes | str | Path, features: np.ndarray) -> np.ndarray:
    """Score one stream in TensorFlow Lite Micro: int8 [frames, 40] -> uint8 [frames // stride].

    Raises DeviceError when the package `tflite-micro` is not installed or the model does not load.
    """
    runtime = tflm()
    device = Device(model)
    try:
        interpreter = runtime.Interpreter.from_bytes(device.model)
    except RuntimeError as e:
        raise DeviceError(f"TensorFlow Lite Micro cannot load the model: {e}") from e
    scores = []
    for chunk in _chunks(features, device.stride):
        interpreter.set_input(chunk, 0)
        interpreter.invoke()
        scores.append(interpreter.get_output(0)[0, 0])
    return np.asarray(scores, np.uint8)


def tflm():
    """Return tflite-micro's `runtime` module, or raise DeviceError saying how to get it."""
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError as e:
        raise DeviceError(
            "the package tflite-micro is not installed: pip install --pre tflite-micro "
            "(wheels for Linux x86, Python 3.11 to 3.13)"
        ) from e
    return runtime


def _chunks(features: np.ndarray, stride: int) -> np.ndarray:
    """[steps, 1, stride, 40] views of whole steps."""
    if features.dtype != np.int8 or features.ndim != 2 or features.shape[1] != firmware.N_BANDS:
        raise ValueError(
            f"features are {features.dtype} {list(features.shape)}, wanted int8 [frames, 40] "
            "on the device's grid"
        )
    steps = len(features) // stride
    return features[: steps * stride].reshape(steps, 1, stride, firmware.N_BANDS)
