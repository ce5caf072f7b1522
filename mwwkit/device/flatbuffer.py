"""Read a .tflite file's flatbuffer into tensors, ops and variables, without TensorFlow."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mwwkit.run.errors import WrongInput


class Unreadable(WrongInput):
    """The bytes are no whole TFLite flatbuffer."""


# What reading past the end, or through a damaged offset, comes to in flatbuffers and in `Graph`.
DAMAGE = (
    struct.error,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


@dataclass(frozen=True)
class Tensor:
    """A tensor: `type` as the schema calls it; scale and zero point when it has one of each."""

    name: str
    shape: tuple[int, ...]
    type: str
    scale: float | None
    zero_point: int | None
    values: np.ndarray | None  # a constant's bytes, int8

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))


@dataclass
class Variable:
    """A resource variable: what main reads from it, and what initialisation assigns to it."""

    reads: list[Tensor] = field(default_factory=list)
    initial: list[Tensor] = field(default_factory=list)


class Graph:
    """A .tflite's tensors, ops and variables.

    `ops` are names in the schema, a custom op's own name in quotes; `variables` are by shared name.
    """

    def __init__(self, model: bytes):
        """Read all of the file, so that a missing end shows; raises Unreadable."""
        from ai_edge_litert import schema_py_generated as schema

        if len(model) < 8 or model[4:8] != b"TFL3":
            raise Unreadable("it does not begin as a TensorFlow Lite model, version 3")
        self._op_names, self._types = _names(schema.BuiltinOperator), _names(schema.TensorType)
        try:
            root = schema.ModelT.InitFromPackedBuf(model, 0)
            self.tensors = [[self._tensor(root, t) for t in g.tensors] for g in root.subgraphs]
            self.ops = [[self._name(root, op) for op in g.operators] for g in root.subgraphs]
            main = root.subgraphs[0]
            self.inputs = [self.tensors[0][i] for i in main.inputs]
            self.outputs = [self.tensors[0][i] for i in main.outputs]
            self.variables = self._variables(root)
        except DAMAGE as e:
            raise Unreadable(f"reading it fails ({type(e).__name__}: {e})") from e

    def _name(self, root: Any, op: Any) -> str:
        code = root.operatorCodes[op.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        if number not in self._op_names:
            return f"number {number}"
        if self._op_names[number] == "CUSTOM":
            return f'custom "{_text(code.customCode)}"'
        return self._op_names[number]

    def _tensor(self, root: Any, tensor: Any) -> Tensor:
        quantization, data = tensor.quantization, root.buffers[tensor.buffer].data
        single = quantization is not None and quantization.scale is not None
        single = single and len(quantization.scale) == 1
        return Tensor(
            name=_text(tensor.name),
            shape=tuple(int(n) for n in (() if tensor.shape is None else tensor.shape)),
            type=self._types[tensor.type],
            scale=float(quantization.scale[0]) if single else None,
            zero_point=int(quantization.zeroPoint[0]) if single else None,
            values=None if data is None else np.asarray(data, np.uint8).view(np.int8),
        )

    def _variables(self, root: Any) -> dict[str, Variable]:
        variables: dict[str, Variable] = {}
        for i, subgraph in enumerate(root.subgraphs):
            handles = {}
            for op, name in zip(subgraph.operators, self.ops[i], strict=True):
                if name == "VAR_HANDLE":
                    shared = _text(op.builtinOptions.sharedName)
                    handles[int(op.outputs[0])] = variables.setdefault(shared, Variable())
                elif name == "READ_VARIABLE" and i == 0:
                    handles[int(op.inputs[0])].reads.append(self.tensors[i][op.outputs[0]])
                elif name == "ASSIGN_VARIABLE" and i > 0:
                    handles[int(op.inputs[0])].initial.append(self.tensors[i][op.inputs[1]])
        return variables


def _names(enum: type) -> dict[int, str]:
    return {number: name for name, number in vars(enum).items() if not name.startswith("_")}


def _text(name: bytes | None) -> str:
    return (name or b"").decode(errors="replace")
