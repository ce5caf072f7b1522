"""The float net as ONNX, for programs that are not ESPHome: ONNX Runtime on a PC, a phone, the web.

    model = to_onnx(folded, shape, {"wake_word": "Computer"})
    check(model, shape, spectrograms, wanted)       # ONNX Runtime against the float net
    scores = run(model, features)                   # a whole spectrogram, from reset

One graph for both uses. `features` is float32 [batch, frames, 40] in 0..26, any multiple of the
stride; `scores` is [batch, frames // stride] in 0..1. Every layer's past is an input `past_NAME`
and an output `next_NAME`, [batch, channels, steps], zeros at start: give a whole recording at once,
or some frames at a time and each `next_` as the following call's `past_`.

Written with `onnx.helper`, op by op, from the same folded arrays as the device's model: a converter
from TensorFlow would fix the number of frames and be one more thing to fit TensorFlow's versions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from mwwkit.device import firmware
from mwwkit.model.shapes import Shape
from mwwkit.run.errors import CannotGoOn

# ONNX 1.8's, of 2020: what runtimes in the field read. No op here has gained anything since.
OPSET, IR_VERSION = 13, 7
TOLERANCE = 1e-5  # between ONNX Runtime and the float net, in scores of 0..1
HOW_FEATURES = "(int8 feature of the device + 128) * 26 / 255; a frame of 30 ms every 10 ms, 16 kHz"


def needed() -> tuple[ModuleType, ModuleType]:
    """Import onnx and onnxruntime; CannotGoOn, saying how to install them, if one is missing."""
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise CannotGoOn(
            f"ONNX needs the extra onnx ({error}): pip install 'mwwkit[onnx]'"
        ) from None
    return onnx, onnxruntime


def to_onnx(
    folded: Mapping[str, np.ndarray], shape: Shape, facts: Mapping[str, Any] | None = None
) -> bytes:
    """The folded net (`streaming.fold`) as an ONNX file; `facts` go into its metadata as text."""
    onnx, _ = needed()
    graph = _Graph(onnx, folded)
    x = graph.op("Transpose", ["features"], perm=[0, 2, 1])  # [batch, 40, frames]
    x = graph.remember("stem", x, shape.stem_kernel - shape.stride, firmware.N_BANDS)
    stem = np.transpose(folded["stem.kernel"], (2, 1, 0))  # [out, 40, taps]
    x = graph.convolve(x, "stem", stem, folded["stem.bias"], strides=[shape.stride])
    x = graph.op("Relu", [x])
    for i, (block, channels) in enumerate(zip(shape.blocks, shape.widths(), strict=False)):
        x = graph.block(f"block{i}", block.ring, channels, block.residual, x)
    x = graph.remember("head", x, shape.head_steps - 1, shape.widths()[-1])
    x = graph.convolve(x, "head", folded["head.kernel"].T[None], folded["head.bias"])
    x = graph.op("Sigmoid", [x])  # [batch, 1, steps]
    graph.op("Squeeze", [x, graph.constant("channel", np.array([1]))], "scores")
    return graph.file(shape, {"features": HOW_FEATURES, "stride": shape.stride, **(facts or {})})


class _Graph:
    """A graph as it grows: nodes, arrays, and the ends that a user sees."""

    def __init__(self, onnx: ModuleType, folded: Mapping[str, np.ndarray]):
        self.onnx, self.folded = onnx, folded
        self.nodes, self.arrays, self.inputs, self.outputs = [], [], [], []
        self._end(self.inputs, "features", ["batch", "frames", firmware.N_BANDS])
        self._end(self.outputs, "scores", ["batch", "steps"])

    def _end(self, ends: list, name: str, dims: list) -> None:
        float32 = self.onnx.TensorProto.FLOAT
        ends.append(self.onnx.helper.make_tensor_value_info(name, float32, dims))

    def constant(self, name: str, values: np.ndarray) -> str:
        """An array under a name."""
        self.arrays.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def op(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """A node with one output; its name."""
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def remember(self, layer: str, x: str, length: int, channels: int) -> str:
        """`x` after the layer's past (an input); the newest `length` steps become an output."""
        if not length:
            return x
        past, following = f"past_{layer}", f"next_{layer}"
        self._end(self.inputs, past, ["batch", channels, length])
        self._end(self.outputs, following, ["batch", channels, length])
        x = self.op("Concat", [past, x], axis=2)
        ends = {"begin": -length, "end": np.iinfo(np.int64).max, "axis": 2}
        names = [self.constant(f"{layer}.{n}", np.array([v], np.int64)) for n, v in ends.items()]
        self.op("Slice", [x, *names], following)
        return x

    def convolve(
        self, x: str, name: str, kernel: np.ndarray, bias: np.ndarray | None = None, **attributes
    ) -> str:
        """A convolution over time; kernel [out, in of a group, taps]."""
        inputs = [x, self.constant(f"{name}.kernel", kernel)]
        inputs += [] if bias is None else [self.constant(f"{name}.bias", bias)]
        return self.op("Conv", inputs, **attributes)

    def block(self, name: str, ring: int, channels: int, residual: bool, x: str) -> str:
        """Depthwise, pointwise, the input again when residual, ReLU."""
        y = self.remember(name, x, ring, channels)
        depthwise = self.folded[f"{name}.depthwise"].T[:, None]  # [channels, 1, taps]
        y = self.convolve(y, f"{name}.depthwise", depthwise, group=channels)
        pointwise = self.folded[f"{name}.pointwise"].T[:, :, None]
        y = self.convolve(y, f"{name}.pointwise", pointwise, self.folded[f"{name}.bias"])
        if f"{name}.projection" in self.folded:
            projection = self.folded[f"{name}.projection"].T[:, :, None]
            y = self.op("Add", [y, self.convolve(x, f"{name}.projection", projection)])
        elif residual:
            y = self.op("Add", [y, x])
        return self.op("Relu", [y])

    def file(self, shape: Shape, facts: Mapping[str, Any]) -> bytes:
        """The checked file; names, arrays and order depend on the net alone."""
        helper = self.onnx.helper
        name = "".join(c if c.isalnum() else "_" for c in shape.name)
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.arrays)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="mwwkit"
        )
        helper.set_model_props(model, {key: str(value) for key, value in facts.items()})
        self.onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)


def run(model: bytes, features: np.ndarray, frames: int | None = None) -> np.ndarray:
    """Scores 0..1 by ONNX Runtime, from reset: float32 [n, 40] in 0..26 -> float32 [n // stride].

    All at once, or `frames` (a multiple of the stride) a call with the state handed on.
    """
    _, onnxruntime = needed()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    stride = int(session.get_modelmeta().custom_metadata_map["stride"])
    past = {end.name: np.zeros((1, *end.shape[1:]), np.float32) for end in session.get_inputs()[1:]}
    names = [end.name for end in session.get_outputs()]
    whole = np.asarray(features[: len(features) // stride * stride], np.float32)
    frames, scores = frames or max(len(whole), stride), []
    for at in range(0, len(whole), frames):
        inputs = {"features": whole[None, at : at + frames], **past}
        outputs = dict(zip(names, session.run(None, inputs), strict=True))
        scores.append(outputs.pop("scores")[0])
        past = {name.replace("next_", "past_", 1): value for name, value in outputs.items()}
    return np.concatenate(scores) if scores else np.zeros(0, np.float32)


def check(
    model: bytes, shape: Shape, spectrograms: Sequence[np.ndarray], wanted: Sequence[np.ndarray]
) -> float:
    """The largest difference from the float net's scores, whole and step by step.

    `spectrograms` are float32 [frames, 40] in 0..26, `wanted` the net's scores [frames // stride].
    Raises CannotGoOn where it is more than TOLERANCE.
    """
    largest = 0.0
    for features, scores in zip(spectrograms, wanted, strict=True):
        for frames in (None, shape.stride):
            onnx_scores = run(model, features, frames)
            largest = max(largest, float(np.abs(onnx_scores - scores).max(initial=0)))
    if not largest <= TOLERANCE:
        raise CannotGoOn(
            f"ONNX Runtime is up to {largest:.2g} from the float net, wanted {TOLERANCE:g}: try "
            "other versions of onnx and onnxruntime, or export without ONNX"
        )
    return largest
