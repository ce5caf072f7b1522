"""The label of every 30 ms step of a scene: word, not word, or none."""

from dataclasses import dataclass

import numpy as np

from mwwkit.device.detector import score_times
from mwwkit.run.config_base import Checked
from mwwkit.run.errors import WrongInput

IGNORED = -1


@dataclass(frozen=True)
class LabelSettings(Checked):
    """Times after a word's end, in seconds, that bound its positive and its unlabelled steps.

    From `from_s` to `to_s` a step is positive; from `ignore_from_s` to `ignore_to_s` it is not
    supervised otherwise; everything else, the first part of the word included, is negative.
    Labels that start earlier make a model fire on half the word. Nothing is asked in the word's
    last quarter of a second: people who say its last sound without voice sound as others do up to
    there (measured against 0.12 s in benchmarks/README.md, on words of development).
    """

    from_s: float = 0.0
    to_s: float = 0.30
    ignore_from_s: float = -0.25
    ignore_to_s: float = 0.70

    def refuse_together(self) -> None:
        """Raise ValueError for times out of order."""
        order = (self.ignore_from_s, self.from_s, self.to_s, self.ignore_to_s)
        if not order[0] <= order[1] < order[2] <= order[3]:
            raise WrongInput(f"label times are {order}; wanted them rising, from_s before to_s")


def label_steps(word_ends_s: list[float], n_steps: int, settings: LabelSettings) -> np.ndarray:
    """int8 [steps]: 0 not the word, -1 not supervised, n = 1, 2, ... the n-th word of the scene."""
    at_s = score_times(n_steps)
    labels = np.zeros(n_steps, np.int8)
    for end_s in word_ends_s:
        near = (at_s >= end_s + settings.ignore_from_s) & (at_s < end_s + settings.ignore_to_s)
        labels[near] = IGNORED
    for number, end_s in enumerate(word_ends_s, start=1):
        labels[(at_s >= end_s + settings.from_s) & (at_s < end_s + settings.to_s)] = number
    return labels
