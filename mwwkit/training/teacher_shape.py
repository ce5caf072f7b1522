"""How large a teacher is; no TensorFlow."""

from dataclasses import dataclass
from typing import Annotated

from mwwkit.device import firmware
from mwwkit.run.config_base import Between, Checked
from mwwkit.run.errors import WrongInput


@dataclass(frozen=True)
class TeacherShape(Checked):
    """How large a teacher is."""

    width: Annotated[int, Between(1, 1024)] = 96  # channels
    blocks: Annotated[int, Between(1, 50)] = 5
    taps: int = 25  # steps that each block sees at once, as many before as after
    stem_taps: int = 9  # frames

    whose = "the teacher's "

    def refuse_together(self) -> None:
        """Raise ValueError for taps that are not centred."""
        if self.taps < 1 or self.taps % 2 == 0:
            raise WrongInput(f"the teacher's taps are {self.taps}; wanted an odd number")
        if self.stem_taps < firmware.STRIDE or (self.stem_taps - firmware.STRIDE) % 2:
            raise WrongInput(f"the teacher's stem_taps are {self.stem_taps}; wanted 3, 5, 7, ...")

    def widths(self) -> tuple[int, ...]:
        """Channels after the stem and after each block."""
        return (self.width,) * (1 + self.blocks)

    @property
    def step_s(self) -> float:
        """Seconds of a training step of 16 scenes of 12 s, on one core of a small CPU machine."""
        return 0.07 * (self.blocks / 5) * (self.width / 96) ** 1.5

    @property
    def context_steps(self) -> int:
        """Steps before a score, and after it, that it depends on."""
        return self.blocks * (self.taps // 2) + -(-self.stem_taps // (2 * firmware.STRIDE))
