"""The last look before a model goes to a device: does the file keep the device's contract?

    if faults := inspect(model):
        raise GateError(faults)

Judged from the file itself (its flatbuffer), not from outputs on a PC: a model with float rings or
a dirty first state gives the same outputs here and fails there. Model, manifest and arena together
are judged in `mwwkit.esphome.certificate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mwwkit.device import firmware
from mwwkit.device.flatbuffer import Graph, Tensor, Unreadable, Variable
from mwwkit.device.simulator import Device, DeviceError
from mwwkit.esphome.findings import Finding, as_text
from mwwkit.run.errors import CannotGoOn


class GateError(CannotGoOn):
    """The model or its manifest breaks the device's contract; `findings` names the faults."""

    def __init__(self, findings: list[Finding] | tuple[Finding, ...]):
        """Tell all findings in the message."""
        super().__init__("not fit for the device:\n" + as_text(findings))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Envelope:
    """Limits that a kind of model (wake word or VAD) must keep to: input scale, stride, size."""

    input_scale: float = firmware.INPUT_SCALE
    scale_tolerance: float = 1e-4  # relative
    stride: int = firmware.STRIDE
    bytes_limit: int = firmware.MODEL_BYTES_LIMIT


ENVELOPES = {
    "wake_word": Envelope(),
    # The official "vad" was quantised with a scale 0.2 % wider than the front end's.
    "vad": Envelope(scale_tolerance=5e-3),
}


def inspect(model: bytes, envelope: Envelope | str = "wake_word") -> list[Finding]:
    """Return what in a .tflite breaks the device's contract; an empty list when nothing does."""
    return examine(model, ENVELOPES[envelope] if isinstance(envelope, str) else envelope)[0]


def examine(model: bytes, envelope: Envelope) -> tuple[list[Finding], dict[str, Any]]:
    """Return the findings and the facts (bytes, ops, their kinds, variables, state bytes)."""
    try:
        graph = Graph(model)
    except Unreadable as e:
        cure = "export the model again, or copy the file again: it may have been cut short"
        if model.startswith(b"version https://git-lfs"):
            cure = "this is a pointer that Git LFS left: fetch the file itself with git lfs pull"
        return [Finding("unreadable", f"the model is no whole .tflite file: {e}", cure)], {}
    findings = [*_ops(graph), *_ends(graph, envelope), *_types(graph), *_state(graph)]
    if len(model) > envelope.bytes_limit:
        words = f"the model has {len(model):,} bytes, wanted at most {envelope.bytes_limit:,}"
        findings.append(Finding("too-large", words, "take a smaller shape"))
    if not findings:
        findings += _loads(model)
    facts = {
        "bytes": len(model),
        "ops": sum(len(ops) for ops in graph.ops),
        "kinds of op": sorted({name for ops in graph.ops for name in ops}),
        "variables": len(graph.variables),
        "state bytes": sum(t.size for v in graph.variables.values() for t in v.reads[:1]),
    }
    return findings, facts


def _ops(graph: Graph) -> list[Finding]:
    findings = []
    cures = {
        "DEQUANTIZE": "quantise the variables too (_experimental_variable_quantization)",
        "SHAPE": "convert a plain tf.Module of fixed shapes, not a Keras model",
    }
    for name in sorted({name for ops in graph.ops for name in ops} - firmware.OPS):
        words = f"the op {name} is not among the {len(firmware.OPS)} that the device registers"
        cure = "build the layer from registered ops and export again"
        cure = cures[name] if name in cures else cure
        findings.append(Finding("op-not-registered", words, cure))
    if len(graph.ops) != 2:
        words = f"the model has {len(graph.ops)} subgraphs, wanted 2: main and initialisation"
        cure = "export the streaming model, whose state is in resource variables"
        findings.append(Finding("subgraphs", words, cure))
    return findings


def _ends(graph: Graph, envelope: Envelope) -> list[Finding]:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        words = f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, "
        words += "wanted one of each"
        return [Finding("ends", words, "export features in and one score out, nothing else")]
    input_, output = graph.inputs[0], graph.outputs[0]
    findings = []
    if len(input_.shape) != 3 or input_.shape[0] != 1 or input_.shape[2] != firmware.N_BANDS:
        words = f"the input is {list(input_.shape)}, wanted {list(firmware.INPUT_SHAPE)}"
        findings.append(Finding("input-shape", words, "export one step of [1, 3, 40]"))
    elif input_.shape[1] != envelope.stride:
        words = f"a step takes {input_.shape[1]} frames, wanted {envelope.stride}"
        findings.append(Finding("stride", words, "train and export a shape with stride 3"))
    if output.shape != firmware.OUTPUT_SHAPE:
        words = f"the output is {list(output.shape)}, wanted {list(firmware.OUTPUT_SHAPE)}"
        findings.append(Finding("output-shape", words, "export a head with one score"))
    wanted = envelope.input_scale, envelope.scale_tolerance, firmware.INPUT_ZERO_POINT
    cure = "calibrate with 0 and 26 among the features"
    findings += _end("input", input_, "INT8", wanted, cure)
    wanted = firmware.OUTPUT_SCALE, 1e-6, firmware.OUTPUT_ZERO_POINT
    cure = "export the sigmoid as uint8 (inference_output_type)"
    return findings + _end("output", output, "UINT8", wanted, cure)


def _end(
    which: str, tensor: Tensor, type_wanted: str, wanted: tuple[float, float, int], cure: str
) -> list[Finding]:
    """Type and quantisation of the input or the output; wanted: scale, tolerance, zero point."""
    if tensor.type != type_wanted:
        words = f"the {which} is {tensor.type}, wanted {type_wanted}"
        cure = f"convert with inference_{which}_type {type_wanted.lower()}"
        return [Finding(f"{which}-type", words, cure)]
    scale, tolerance, zero_point = wanted
    near = tensor.scale is not None and abs(tensor.scale / scale - 1) <= tolerance
    if near and tensor.zero_point == zero_point:
        return []
    words = f"the {which} has scale {tensor.scale} and zero point {tensor.zero_point}, "
    return [Finding(f"{which}-scale", words + f"wanted {scale:.8f} and {zero_point}", cure)]


def _types(graph: Graph) -> list[Finding]:
    types = ("FLOAT32", "FLOAT16", "FLOAT64", "BFLOAT16")
    floats = [t.name for tensors in graph.tensors for t in tensors if t.type in types]
    if not floats:
        return []
    words = f"{len(floats)} tensors are float, the first {floats[0]!r}; wanted int8 throughout"
    return [Finding("float-tensors", words, "convert with to_int8: calibration data and int8 ops")]


def _state(graph: Graph) -> list[Finding]:
    if not graph.variables:
        words = "the model has no resource variables: it would forget everything between steps"
        return [Finding("no-state", words, "export the streaming model")]
    findings = []
    if len(graph.variables) > firmware.MAX_RESOURCE_VARIABLES:
        words = f"{len(graph.variables)} variables, the device has room for "
        words += str(firmware.MAX_RESOURCE_VARIABLES)
        findings.append(Finding("too-many-variables", words, "take a shape with fewer layers"))
    for name, variable in graph.variables.items():
        other = [read.type for read in variable.reads if read.type != "INT8"]
        if other:
            words = f"the variable {name!r} is {other[0]}, wanted INT8"
            cure = "convert with _experimental_variable_quantization = True"
            findings.append(Finding("variable-type", words, cure))
        else:
            findings += [f for read in variable.reads for f in _initial(name, read, variable)]
    return findings


def _initial(name: str, read: Tensor, variable: Variable) -> list[Finding]:
    """The state at start must be silence: every byte the variable's zero point."""
    if len(variable.initial) != 1:
        words = f"the variable {name!r} is set {len(variable.initial)} times at start, wanted once"
        return [Finding("initial-state", words, "export again from a tf.Module with its variables")]
    start = variable.initial[0]
    if start.values is None or read.zero_point is None or start.type != "INT8":
        words = f"the variable {name!r} does not start from int8 constants"
        return [Finding("initial-state", words, "export again with the variables at zero")]
    if (start.values != read.zero_point).any() or start.values.size != read.size:
        words = f"the variable {name!r} of {read.size} bytes starts with "
        words += f"{(start.values != read.zero_point).sum()} of {start.values.size} that are not "
        words += f"its zero point, {read.zero_point}: the model would wake up mid-sentence"
        return [Finding("dirty-state", words, "reset the streaming model before converting it")]
    return []


def _loads(model: bytes) -> list[Finding]:
    """A last try: does LiteRT load it, and the reference engine step it?"""
    try:
        device = Device(model, reference=True)
        silence = np.full((2 * device.stride, firmware.N_BANDS), firmware.INT8_MIN, np.int8)
        device.scores(silence)
    except (DeviceError, RuntimeError, ValueError) as e:
        words = f"the model does not run: {e}"
        return [Finding("does-not-run", words, "export the model again")]
    return []
