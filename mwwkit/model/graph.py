"""A .tflite file as the gate reads it: its flatbuffer, without TensorFlow."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np


class Unreadable(ValueError):
    """The bytes are no whole TFLite flatbuffer."""


class Graph:
    """A .tflite as the gate looks at it, read without TensorFlow."""

    def __init__(self, model: bytes):
        """Read all of the file, so that a missing end shows."""
        from ai_edge_litert import schema_py_generated as schema

        self.op_names = _names(schema.BuiltinOperator)
        self.type_names = _names(schema.TensorType)
        if len(model) < 8 or model[4:8] != b"TFL3":
            raise Unreadable("it does not begin as a TensorFlow Lite model, version 3")
        try:
            self.model = schema.ModelT.InitFromPackedBuf(model, 0)
            self.subgraphs = self.model.subgraphs
            self.main = self.subgraphs[0]
            self.variables: dict[bytes, list[Any]] = {}
            self.reads: dict[bytes, Any] = {}  # variable -> the main graph's tensor read from it
            self.initial: dict[bytes, list[Any]] = {}  # variable -> the tensors assigned at start
            self._follow_variables()
        # What reading past the end or through a damaged offset comes to in flatbuffers.
        except (
            struct.error,
            ValueError,
            IndexError,
            TypeError,
            AttributeError,
            OverflowError,
        ) as e:
            raise Unreadable(f"reading it fails ({e})") from e

    def name(self, op: Any) -> str:
        """Return an operator's name in the schema, or a custom operator's own in quotes."""
        code = self.model.operatorCodes[op.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        if self.op_names[number] == "CUSTOM":
            return f'custom "{(code.customCode or b"").decode(errors="replace")}"'
        return self.op_names[number]

    def type(self, tensor: Any) -> str:
        """Return a tensor's type, as the schema calls it."""
        return self.type_names[tensor.type]

    def ops(self) -> Iterator[tuple[int, Any, str]]:
        """Each operator with its subgraph's number and its name."""
        for i, subgraph in enumerate(self.subgraphs):
            for op in subgraph.operators:
                yield i, op, self.name(op)

    def _follow_variables(self) -> None:
        for i, subgraph in enumerate(self.subgraphs):
            handles = {}
            for op in subgraph.operators:
                if self.name(op) == "VAR_HANDLE":
                    shared = op.builtinOptions.sharedName
                    handles[int(op.outputs[0])] = shared
                    self.variables.setdefault(shared, [])
                elif self.name(op) == "READ_VARIABLE" and i == 0:
                    self.reads[handles[int(op.inputs[0])]] = subgraph.tensors[op.outputs[0]]
                elif self.name(op) == "ASSIGN_VARIABLE" and i > 0:
                    tensor = subgraph.tensors[op.inputs[1]]
                    self.initial.setdefault(handles[int(op.inputs[0])], []).append(tensor)

    def constant(self, tensor: Any) -> np.ndarray | None:
        """Return a constant int8 tensor's values, or None when it has none of its own."""
        data = self.model.buffers[tensor.buffer].data
        return None if data is None else np.asarray(data, np.uint8).view(np.int8)


def _names(enum: type) -> dict[int, str]:
    return {number: name for name, number in vars(enum).items() if not name.startswith("_")}


def quantisation(tensor: Any) -> tuple[float | None, int | None]:
    """Return a tensor's scale and zero point, or None twice when it has not one of each."""
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        return None, None
    return float(quantization.scale[0]), int(quantization.zeroPoint[0])
