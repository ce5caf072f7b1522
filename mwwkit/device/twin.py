"""Exact engine: a streaming int8 model run in the integers that the device computes.

    twin = Twin(Path("okay_nabu.tflite").read_bytes())
    scores = twin.scores(features)                    # int8 [frames, 40] -> uint8 [frames // 3]

TensorFlow Lite Micro computes a step at a time. A model of this kind is a chain of convolutions
whose only memory is each layer's newest inputs, so all steps of a stretch can be computed layer by
layer, in NumPy, with the same result to the last bit (`integer_ops`); sums are exact in floating
point as long as they stay under its 24 or 53 bits, which is checked. So it is three times as fast.

A model of another kind (an op outside `OPS`, a memory that feeds on itself) is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from mwwkit.device import twin_ops
from mwwkit.device.flatbuffer import DAMAGE
from mwwkit.device.twin_ops import Op, TwinError, Value

BLOCK_STEPS = 512  # steps computed at once: what is between two layers stays in the cache

Values = dict[int, np.ndarray]  # by tensor, [steps, ...]: the leading 1 of its shape is the steps


class Twin:
    """A model compiled for `scores`; holds nothing that changes, so each call starts from reset."""

    def __init__(self, model: bytes):
        """Compile the main graph. Raises TwinError, naming the op, for what cannot be."""
        try:
            graphs = _read(model)
            self._main = graphs[0]
            self._initial = _initial_states(graphs[1:])
            self._reads: dict[int, str] = {}  # tensors that are a memory, and whose
            self._steps = [step for op in self._main.ops for step in self._compile(op)]
            self.stride = self._main.inputs[0].shape[1]
        except TwinError:
            raise
        except DAMAGE as e:
            raise TwinError(f"the model cannot be read ({type(e).__name__}: {e})") from e

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Score one stream from reset: int8 [frames, 40] -> uint8 [frames // stride]."""
        n = len(features) // self.stride
        return self.go_on({}, features[: n * self.stride])

    def go_on(self, state: dict[str, np.ndarray], features: np.ndarray) -> np.ndarray:
        """Score the next steps, int8 [steps, ...] or [frames, 40], updating `state`.

        Empty, it is that after a reset.
        """
        for name, values in self._initial.items():
            state.setdefault(name, values)
        steps = features.reshape(-1, *self._main.inputs[0].shape[1:])
        blocks = (steps[at : at + BLOCK_STEPS] for at in range(0, len(steps), BLOCK_STEPS))
        parts = [self._run(block, state) for block in blocks]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint8)

    def tensors(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Every tensor of every step by its name, [steps, ...]; for one block, to find a cause."""
        n = min(len(features) // self.stride, BLOCK_STEPS)
        steps = features[: n * self.stride].reshape(n, *self._main.inputs[0].shape[1:])
        values = self._forward(steps, dict(self._initial))
        return {self._main.names[index]: value for index, value in values.items()}

    def _run(self, steps: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
        return self._forward(steps, state)[self._main.outputs[0].index].reshape(len(steps))

    def _forward(self, steps: np.ndarray, state: dict[str, np.ndarray]) -> Values:
        values = {self._main.inputs[0].index: steps}
        for step in self._steps:
            step(values, state)
        return values

    def _compile(self, op: Op) -> Iterator[Callable[[Values, dict], None]]:
        """The functions that compute an op; nothing for ops that only name or read variables."""
        if op.name in ("CALL_ONCE", "VAR_HANDLE"):
            return
        if op.name == "READ_VARIABLE":
            self._reads[op.outputs[0].index] = self._main.handles[op.inputs[0].index]
        elif op.name == "ASSIGN_VARIABLE":
            name = self._main.handles[op.inputs[0].index]
            self._check_assigned(op, name)
            yield partial(_assign, op.inputs[1].index, name)
        elif op.name == "CONCATENATION" and op.inputs[0].index in self._reads:
            yield self._window(op)
        else:
            self._refuse_reads(op)
            yield twin_ops.compiled(op)

    def _window(self, op: Op) -> Callable[[Values, dict], None]:
        """A step that joins a variable's past with the new input, so all steps run at once."""
        past, *new = op.inputs
        if len(new) != 1 or op.options.axis % len(past.shape) != 1 or new[0].is_constant:
            raise TwinError(f"{op}: wanted the memory and one new tensor, joined along the steps")
        if new[0].index in self._reads:
            raise TwinError(f"{op}: joins two memories")
        name = self._reads[past.index]
        if self._initial[name].size != past.size:
            raise TwinError(f"{op}: the memory starts with {self._initial[name].size} bytes")
        return partial(_join, past, new[0], op.outputs[0], name)

    def _check_assigned(self, op: Op, name: str) -> None:
        """Raise TwinError unless a variable is set to the newest part of its past plus the new."""
        made_by = self._main.made_by.get(op.inputs[1].index)
        if made_by is not None and made_by.name == "STRIDED_SLICE":
            joined = self._main.made_by.get(made_by.inputs[0].index)
            if joined is not None and self._reads.get(joined.inputs[0].index) == name:
                kept = op.inputs[1].shape[1]
                if twin_ops.slices(made_by)[1:] == _last(made_by.inputs[0], kept):
                    return
        raise TwinError(f"{op}: the memory {name!r} is not just the newest inputs of its layer")

    def _refuse_reads(self, op: Op) -> None:
        if any(value.index in self._reads for value in op.inputs):
            raise TwinError(f"{op}: uses a memory other than by joining what is new behind it")


def _last(joined: Value, kept: int) -> tuple[range, ...]:
    rows = joined.shape[1]
    return (range(rows - kept, rows), *(range(n) for n in joined.shape[2:]))


def _join(past: Value, new: Value, out: Value, name: str, values: Values, state: dict) -> None:
    rows, fresh = out.shape[1], new.shape[1]
    arrived = values[new.index].reshape(-1, *new.shape[2:])
    sequence = np.concatenate([state[name].reshape(past.shape[1:]), arrived])
    windows = np.lib.stride_tricks.sliding_window_view(sequence, rows, axis=0)[::fresh]
    values[out.index] = np.moveaxis(windows, -1, 1)


def _assign(newest: int, name: str, values: Values, state: dict) -> None:
    state[name] = values[newest][-1].copy()


class _Graph:
    """One subgraph: ops with their tensors, the op that makes each tensor, each variable's name."""

    def __init__(self, root: Any, number: int, names: dict[int, str]):
        graph = root.subgraphs[number]
        values = [Value.of(i, t, root.buffers[t.buffer].data) for i, t in enumerate(graph.tensors)]
        self.names = [value.name for value in values]
        self.inputs = [values[i] for i in graph.inputs]
        self.outputs = [values[i] for i in graph.outputs]
        self.ops, self.handles = [], {}
        self.made_by: dict[int, Op] = {}
        for op in graph.operators:
            code = root.operatorCodes[op.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            inputs = [values[i] for i in op.inputs if i >= 0]
            outputs = [values[i] for i in op.outputs]
            if name == "VAR_HANDLE":
                self.handles[outputs[0].index] = op.builtinOptions.sharedName.decode()
            self.ops.append(Op(len(self.ops), name, inputs, outputs, op.builtinOptions))
            self.made_by |= {value.index: self.ops[-1] for value in outputs}


def _read(model: bytes) -> list[_Graph]:
    from ai_edge_litert import schema_py_generated as schema

    root = schema.ModelT.InitFromPackedBuf(model, 0)
    names = {n: name for name, n in vars(schema.BuiltinOperator).items() if name[0] != "_"}
    return [_Graph(root, i, names) for i in range(len(root.subgraphs))]


def _initial_states(graphs: list[_Graph]) -> dict[str, np.ndarray]:
    """What each memory holds at start, flat int8, by its shared name."""
    states = {}
    for graph in graphs:
        for op in graph.ops:
            if op.name == "ASSIGN_VARIABLE" and op.inputs[1].values is not None:
                states[graph.handles[op.inputs[0].index]] = op.inputs[1].values.ravel()
    return states
