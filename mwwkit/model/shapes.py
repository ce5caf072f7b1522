"""The shapes a MixedNet can have, and what each costs on the device; no TensorFlow here.

shape = SHAPES["okay_nabu"]
print(size_report(shape))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mwwkit.device import firmware
from mwwkit.run.config_base import Checked, at_least
from mwwkit.run.errors import WrongInput


@dataclass(frozen=True)
class Block(Checked):
    """A causal depthwise convolution over time, a pointwise one, batch norm, ReLU.

    With several `kernels` the channels are split into as many groups, one kernel length each
    (MixConv, Tan and Le 2019).  `residual` adds the block's input, through a 1x1 convolution when
    widths differ.
    """

    kernels: tuple[int, ...]
    filters: Annotated[int, at_least(1)]
    residual: bool = False
    whose = "Block."

    def refuse_together(self) -> None:
        """Raise ValueError for kernels that cannot be built."""
        if not self.kernels or min(self.kernels) < 1:
            raise WrongInput(f"Block.kernels is {self.kernels}: one or more lengths of at least 1")

    @property
    def ring(self) -> int:
        """Steps of input that the block remembers."""
        return max(self.kernels) - 1

    def groups(self, channels: int) -> tuple[int, ...]:
        """Channels in each kernel's group; the first takes what does not divide."""
        n = len(self.kernels)
        if channels < n:
            raise WrongInput(f"{channels} channels cannot be split over {n} kernels")
        return (channels - (n - 1) * (channels // n), *[channels // n] * (n - 1))


@dataclass(frozen=True)
class Shape(Checked):
    """A whole net: strided stem, blocks, and a head over the last `head_steps` steps."""

    name: str
    stem_filters: Annotated[int, at_least(1)]
    stem_kernel: int
    blocks: tuple[Block, ...]
    head_steps: Annotated[int, at_least(1)]
    stride: Annotated[int, at_least(1)] = firmware.STRIDE

    whose = "Shape."

    def refuse_together(self) -> None:
        """Raise ValueError for what cannot be built or streamed."""
        if self.stem_kernel < self.stride:
            raise WrongInput(
                f"Shape.stem_kernel is {self.stem_kernel}: frames are lost below the stride, "
                f"{self.stride}"
            )
        if not self.blocks:
            raise WrongInput(f"Shape {self.name}: needs a block")
        self.widths()

    def widths(self) -> tuple[int, ...]:
        """Channels into each block, and out of the last."""
        widths = [self.stem_filters]
        for block in self.blocks:
            block.groups(widths[-1])
            widths.append(block.filters)
        return tuple(widths)

    @property
    def rings(self) -> tuple[tuple[int, int], ...]:
        """Length and channels of every state that there is, stem first, head last."""
        widths = self.widths()
        rings = [(self.stem_kernel - self.stride, firmware.N_BANDS)]
        rings += [(block.ring, width) for block, width in zip(self.blocks, widths, strict=False)]
        rings += [(self.head_steps - 1, widths[-1])]
        return tuple(ring for ring in rings if ring[0] > 0)

    @property
    def context_steps(self) -> int:
        """Steps that one score depends on (stem frames rounded up)."""
        stem = -(-self.stem_kernel // self.stride)
        return stem + sum(block.ring for block in self.blocks) + self.head_steps - 1


def _uniform(*kernels: tuple[int, ...], filters: int, residual: bool = False) -> tuple[Block, ...]:
    return tuple(Block(kernel, filters, residual) for kernel in kernels)


# Read off the official v2 model files (github.com/esphome/micro-wake-word-models), but for the last
# three, which are ours: "mixed" is "okay_nabu" shortened until its masked taps cost nothing (24,096
# MACs a step, the official file's number; one convolution of the longest kernel has 320 more), its
# blocks residual: they train better and cost an addition.
SHAPES = {
    shape.name: shape
    for shape in (
        Shape("okay_nabu", 32, 5, _uniform((5,), (7, 11), (9, 15), (23,), filters=64), 6),
        Shape("alexa", 32, 5, _uniform((5,), (9,), (13,), (21,), filters=64), 5),
        Shape("hey_mycroft", 32, 5, _uniform((5,), (9,), (13,), (21,), filters=64), 15),
        Shape("hey_jarvis", 30, 5, _uniform((5,), (9,), (13,), (21,), filters=60), 5),
        Shape(
            "hey_jarvis_residual",
            30,
            5,
            (Block((5,), 60), *_uniform((9,), (13,), (21,), filters=60, residual=True)),
            5,
        ),
        Shape(
            "mixed",
            32,
            5,
            (Block((5,), 64), *_uniform((7, 11), (9, 15), (19,), filters=64, residual=True)),
            5,
        ),
        Shape("tiny", 8, 5, _uniform((3,), (5, 7), filters=12), 3),
    )
}


@dataclass(frozen=True)
class SizeReport:
    """What a shape costs.

    `int8_bytes` is an estimate within a per cent; `arena_bytes`, which a device must set aside for
    the state and everything else, one within 8 per cent (05 measures it).
    """

    shape: str
    parameters: int  # weights and biases of the folded net
    macs_per_step: int  # multiply-accumulates per score
    macs_per_second: int
    state_bytes: int  # int8 rings
    int8_bytes: int  # the .tflite file, estimated
    arena_bytes: int  # the smallest that runs, state included, estimated

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.shape}: {self.parameters:,} parameters, about {self.int8_bytes:,} bytes int8, "
            f"{self.state_bytes:,} bytes of state in an arena of about {self.arena_bytes:,}, "
            f"{self.macs_per_step:,} MACs a step ({self.macs_per_second / 1e6:.2f} M a second)"
        )


def size_report(shape: Shape) -> SizeReport:
    """Parameters, operations and bytes of the folded int8 net."""
    macs = shape.stem_filters * shape.stem_kernel * firmware.N_BANDS
    biases = channels = shape.stem_filters  # channels: outputs of all convolutions
    convolutions, residuals = 1, 0
    widths = shape.widths()
    for block, before, after in zip(shape.blocks, widths, widths[1:], strict=False):
        projected = block.residual and before != after
        macs += before * max(block.kernels) + before * after * (1 + projected)
        biases += after
        channels += before + after * (1 + projected)
        convolutions += 2 + projected
        residuals += block.residual
    macs += shape.head_steps * widths[-1]
    parameters = macs + biases + 1
    state = sum(length * width for length, width in shape.rings)
    # Fitted to the files of ten shapes (TensorFlow 2.21), right to 0.1 per cent: the flatbuffer's
    # frame, each ring's tensors and operators, each channel's float scale, zero point, name and
    # bias.
    overhead = 2_940 + 1_161 * len(shape.rings) + 233 * convolutions + 177 * residuals
    overhead += round(27.6 * channels + 0.92 * state)
    # Fitted to what 13 shapes need in TensorFlow Lite Micro on a PC, right to 5 per cent: a ring is
    # held and copied, a channel has a multiplier and a shift. The four official files, whose
    # convolutions are cut otherwise, are met within 8.
    arena = 2_740 + 1_510 * len(shape.rings) + 110 * residuals
    arena += round(1.69 * state + 9.74 * channels)
    return SizeReport(
        shape=shape.name,
        parameters=parameters,
        macs_per_step=macs,
        macs_per_second=macs * 1000 // (shape.stride * firmware.HOP_MS),
        state_bytes=state,
        int8_bytes=parameters + overhead,
        arena_bytes=arena,
    )
