"""The last look before a model goes to a device: does the file keep the device's contract?

    report = verify(folder / "computer.json")      # manifest, model and arena together
    print(report)
    report.refuse()                                # GateError when anything is wrong

Judged from the file itself (its flatbuffer), not from outputs on a PC: a model with float rings or
a dirty first state gives the same outputs here and fails there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit import firmware
from mwwkit.model import arena, manifest
from mwwkit.model.device import Device, DeviceError
from mwwkit.model.findings import Finding, told
from mwwkit.model.graph import Graph, Unreadable, quantisation


class GateError(RuntimeError):
    """The model or its manifest breaks the device's contract; `findings` names the faults."""

    def __init__(self, findings: list[Finding] | tuple[Finding, ...]):
        """Tell all findings in the message."""
        super().__init__("not fit for the device:\n" + told(findings))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Envelope:
    """What a kind of model must keep to, beyond what the component itself demands."""

    name: str
    input_scale: float = firmware.INPUT_SCALE
    scale_tolerance: float = 1e-4  # relative
    stride: int = firmware.STRIDE
    bytes_limit: int = firmware.MODEL_BYTES_LIMIT


ENVELOPES = {
    "wake_word": Envelope("wake_word"),
    # The official "vad" was quantised with a scale 0.2 % wider than the front end's.
    "vad": Envelope("vad", scale_tolerance=5e-3),
}


@dataclass(frozen=True)
class Report:
    """What the gate found; `notes` tell checks not made here, `facts` what was measured."""

    subject: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def refuse(self) -> None:
        """Raise GateError when anything is wrong."""
        if self.findings:
            raise GateError(self.findings)

    def __str__(self) -> str:
        """Lines for people."""
        facts = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        lines = [f"{self.subject}: {'fit for the device' if self.ok else 'NOT fit for the device'}"]
        lines += [f"  {facts}"] if facts else []
        lines += [f"  {finding}" for finding in self.findings]
        return "\n".join(lines + [f"  not checked: {note}" for note in self.notes])


def verify(manifest_path: Path, envelope: str = "wake_word") -> Report:
    """Check a manifest, the model it names and the arena it states; never raises for their faults.

    `envelope` is a name in ENVELOPES.
    """
    manifest_path = Path(manifest_path)
    if not manifest_path.is_file():
        words = f"there is no {manifest_path}"
        cure = "give the path of the .json that export wrote"
        return Report(str(manifest_path), (Finding("missing-file", words, cure),))
    try:
        data = manifest.read_data(manifest_path)
    except manifest.ManifestError as e:
        return Report(str(manifest_path), e.findings)
    findings, notes, facts = manifest.problems(data), [], {}
    # A broken name is told already, and a path is not followed out of the folder.
    bad_model = not isinstance(data, dict) or not isinstance(data.get("model"), str)
    if not bad_model and not any(finding.fault == "model-path" for finding in findings):
        path = manifest_path.parent / data["model"]
        if path.is_file():
            model = path.read_bytes()
            found, facts = examine(model, ENVELOPES[envelope])
            findings += found
            if not found:
                found, notes = _arena(model, data, facts)
                findings += found
        else:
            words = f"the manifest names {data['model']!r}, which is not beside it"
            findings.append(Finding("missing-file", words, f"put the model at {path}"))
    return Report(str(manifest_path), tuple(findings), tuple(notes), facts)


def inspect(model: bytes, envelope: Envelope | str = "wake_word") -> list[Finding]:
    """Return what in a .tflite breaks the device's contract; an empty list when nothing does."""
    return examine(model, ENVELOPES[envelope] if isinstance(envelope, str) else envelope)[0]


def examine(model: bytes, envelope: Envelope) -> tuple[list[Finding], dict[str, Any]]:
    """Return the findings and the facts (bytes, ops, variables, state bytes) of a .tflite."""
    try:
        graph = Graph(model)
    except Unreadable as e:
        cure = "export the model again, or copy the file again: it may have been cut short"
        return [Finding("unreadable", f"the model is no whole .tflite file: {e}", cure)], {}
    findings = [*_ops(graph), *_ends(graph, envelope), *_types(graph), *_state(graph)]
    if len(model) > envelope.bytes_limit:
        words = f"the model has {len(model):,} bytes, wanted at most {envelope.bytes_limit:,}"
        findings.append(Finding("too-large", words, "take a smaller shape"))
    if not findings:
        findings += _loads(model)
    facts = {
        "bytes": len(model),
        "ops": sum(len(subgraph.operators) for subgraph in graph.subgraphs),
        "variables": len(graph.variables),
        "state bytes": sum(int(np.prod(t.shape)) for t in graph.reads.values()),
    }
    return findings, facts


def _ops(graph: Graph) -> list[Finding]:
    findings = []
    for name in sorted({name for _, _, name in graph.ops()} - firmware.OPS):
        words = f"the op {name} is not among the {len(firmware.OPS)} that the device registers"
        cure = {
            "DEQUANTIZE": "quantise the variables too (_experimental_variable_quantization)",
            "SHAPE": "convert a plain tf.Module of fixed shapes, not a Keras model",
        }
        cure = (
            cure[name] if name in cure else "build the layer from registered ops and export again"
        )
        findings.append(Finding("op-not-registered", words, cure))
    if len(graph.subgraphs) != 2:
        words = f"the model has {len(graph.subgraphs)} subgraphs, wanted 2: main and initialisation"
        cure = "export the streaming model, whose state is in resource variables"
        findings.append(Finding("subgraphs", words, cure))
    return findings


def _ends(graph: Graph, envelope: Envelope) -> list[Finding]:
    inputs, outputs = graph.main.inputs, graph.main.outputs
    if len(inputs) != 1 or len(outputs) != 1:
        words = f"the model has {len(inputs)} inputs and {len(outputs)} outputs, wanted one of each"
        return [Finding("ends", words, "export features in and one score out, nothing else")]
    heard, said = graph.main.tensors[inputs[0]], graph.main.tensors[outputs[0]]
    findings = []
    shape = [int(n) for n in heard.shape]
    if len(shape) != 3 or shape[0] != 1 or shape[2] != firmware.N_BANDS:
        words = f"the input is {shape}, wanted {list(firmware.INPUT_SHAPE)}"
        findings.append(Finding("input-shape", words, "export one step of [1, 3, 40]"))
    elif shape[1] != envelope.stride:
        words = f"a step takes {shape[1]} frames, wanted {envelope.stride}"
        findings.append(Finding("stride", words, "train and export a shape with stride 3"))
    if [int(n) for n in said.shape] != list(firmware.OUTPUT_SHAPE):
        words = (
            f"the output is {[int(n) for n in said.shape]}, wanted {list(firmware.OUTPUT_SHAPE)}"
        )
        findings.append(Finding("output-shape", words, "export a head with one score"))
    scales = envelope.input_scale, envelope.scale_tolerance
    cure = "calibrate with 0 and 26 among the features"
    findings += _end(graph, "input", heard, "INT8", *scales, firmware.INPUT_ZERO_POINT, cure)
    cure = "export the sigmoid as uint8 (inference_output_type)"
    scales = firmware.OUTPUT_SCALE, 1e-6
    findings += _end(graph, "output", said, "UINT8", *scales, firmware.OUTPUT_ZERO_POINT, cure)
    return findings


def _end(graph, which, tensor, wanted, scale, tolerance, zero_point, cure) -> list[Finding]:
    """Type and quantisation of the input or the output."""
    if graph.type(tensor) != wanted:
        words = f"the {which} is {graph.type(tensor)}, wanted {wanted}"
        cure = f"convert with inference_{which}_type {wanted.lower()}"
        return [Finding(f"{which}-type", words, cure)]
    found_scale, found_zero = quantisation(tensor)
    if found_scale is None or abs(found_scale / scale - 1) > tolerance or found_zero != zero_point:
        words = f"the {which} has scale {found_scale} and zero point {found_zero}, "
        words += f"wanted {scale:.8f} and {zero_point}"
        return [Finding(f"{which}-scale", words, cure)]
    return []


def _types(graph: Graph) -> list[Finding]:
    floats = [
        tensor.name.decode(errors="replace")
        for subgraph in graph.subgraphs
        for tensor in subgraph.tensors
        if graph.type(tensor) in ("FLOAT32", "FLOAT16", "FLOAT64", "BFLOAT16")
    ]
    if not floats:
        return []
    words = f"{len(floats)} tensors are float, the first {floats[0]!r}; wanted int8 throughout"
    return [Finding("float-tensors", words, "convert with to_int8: calibration data and int8 ops")]


def _state(graph: Graph) -> list[Finding]:
    findings = []
    if not graph.variables:
        words = "the model has no resource variables: it would forget everything between steps"
        return [Finding("no-state", words, "export the streaming model")]
    if len(graph.variables) > firmware.MAX_RESOURCE_VARIABLES:
        words = f"{len(graph.variables)} variables, the device has room for "
        words += str(firmware.MAX_RESOURCE_VARIABLES)
        findings.append(Finding("too-many-variables", words, "take a shape with fewer layers"))
    for name, tensor in graph.reads.items():
        text = name.decode(errors="replace")
        if graph.type(tensor) != "INT8":
            words = f"the variable {text!r} is {graph.type(tensor)}, wanted INT8"
            cure = "convert with _experimental_variable_quantization = True"
            findings.append(Finding("variable-type", words, cure))
        else:
            findings += _initial(graph, text, tensor, graph.initial.get(name, []))
    return findings


def _initial(graph: Graph, name: str, read: Any, assigned: list[Any]) -> list[Finding]:
    """The state at start must be silence: every byte the variable's zero point."""
    if len(assigned) != 1:
        words = f"the variable {name!r} is set {len(assigned)} times at start, wanted once"
        return [Finding("initial-state", words, "export again from a tf.Module with its variables")]
    values, zero = graph.constant(assigned[0]), quantisation(read)[1]
    if values is None or zero is None or graph.type(assigned[0]) != "INT8":
        words = f"the variable {name!r} does not start from int8 constants"
        return [Finding("initial-state", words, "export again with the variables at zero")]
    if (values != zero).any() or values.size != int(np.prod(read.shape)):
        words = (
            f"the variable {name!r} starts with {(values != zero).sum()} of {values.size} values "
        )
        words += f"other than its zero point {zero}: the model would wake up mid-sentence"
        return [Finding("dirty-state", words, "reset the streaming model before converting it")]
    return []


def _loads(model: bytes) -> list[Finding]:
    """A last try: does LiteRT load it, and step it?"""
    try:
        device = Device(model, reference=True)
        silence = np.full((2 * device.stride, firmware.N_BANDS), firmware.INT8_MIN, np.int8)
        device.scores(silence)
    except (DeviceError, RuntimeError) as e:
        words = f"LiteRT does not run the model: {e}"
        return [Finding("does-not-run", words, "export the model again")]
    return []


def _arena(model: bytes, data: Any, facts: dict) -> tuple[list[Finding], list[str]]:
    """Does the stated arena hold the model, as far as a PC can tell?"""
    micro = data["micro"] if isinstance(data, dict) and "micro" in data else None
    size = micro.get("tensor_arena_size") if isinstance(micro, dict) else None
    if type(size) is not int or size < 1:
        return [], []  # told already
    try:
        if arena.runs(model, size):
            return [], []
        smallest = arena.measure(model)
    except arena.ArenaError as e:
        return [], [f"the arena ({e})"]
    facts["smallest arena"] = smallest.smallest
    words = f"tensor_arena_size is {size}, but the model needs {smallest.smallest} bytes or more"
    return [Finding("arena-too-small", words, f"state {smallest.size}")], []
