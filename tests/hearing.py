"""Nets whose hearing is known beforehand, for tests of what comes after training.

    net = hears()           # wakes to every wake word of `small_run`, to nothing else
    net = deaf(hears())     # the lowest score for everything

The weights lie in `fixtures/hears.npz`. They were found once, by 03 on the scenes of `small_run`
(2,000 steps), and their logits made flat enough that no clip scores at an end of the scale: wake
words reach 170 to 240 of 255 as the mean of five scores, the loudest of everything else 90.
"""

from pathlib import Path

import numpy as np

from mwwkit.model.mixednet import MixedNet
from mwwkit.model.shapes import SHAPES
from mwwkit.training.trainer import net_of

WEIGHTS = Path(__file__).parent / "fixtures/hears.npz"


def hears() -> MixedNet:
    """A net of the shape "tiny" that tells the wake word of `small_run` from all other sounds."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        weights = {name: stored[name].astype(np.float32) for name in stored.files}
    return net_of(weights, SHAPES["tiny"])


def with_cmvn(net: MixedNet, deviation: np.ndarray) -> MixedNet:
    """Weights that do the same where features are divided by their deviation, [40], beforehand.

    What their mean takes off is taken off again by the first norm, whatever it is.
    """
    net.stem.kernel.assign(net.stem.kernel * deviation[None, :, None])
    return net


def deaf(net: MixedNet) -> MixedNet:
    """The net with one logit for everything, the score of which rounds to 0."""
    net.head.kernel.assign(np.zeros_like(net.head.kernel))
    net.head.bias.assign([-20.0])
    return net
