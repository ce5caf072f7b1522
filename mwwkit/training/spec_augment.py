"""SpecAugment on the device's int8 grid, as one matrix a spectrogram, on NumPy or on CuPy.

Warping the bands, a gain and masking bands are all linear in the bands, so together they are one
40 x 40 matrix for each spectrogram: drawing costs microseconds, applying one matrix product.

    draws = draw_augment(rng, n_batch=16, settings=SpecAugment())
    x = augment(np, features, draws)                 # int8 [batch, frames, 40] -> float32 0..26
    x = batch_spec_augment_gpu(features, draws)      # the same on CuPy; RuntimeError without a GPU

SpecAugment: Park et al., Interspeech 2019; band warping as vocal tract length perturbation: Jaitly
and Hinton, ICML workshop 2013.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any

import numpy as np

from mwwkit.device import firmware
from mwwkit.run.config_base import Between, Checked, at_least
from mwwkit.run.errors import CannotGoOn, WrongInput

Warp = Annotated[float, Between(0, 0.5, below=True)]
Gain = Annotated[float, Between(0, 1, below=True)]
MaskCount = Annotated[int, at_least(0)]
Bands = Annotated[int, Between(0, firmware.N_BANDS)]
Frames = Annotated[int, at_least(0)]


@dataclass(frozen=True)
class SpecAugment(Checked):
    """How far features are varied. Zeros leave them as they are."""

    warp: Warp = 0.08  # bands are read from up to this share higher or lower
    gain: Gain = 0.1  # features times 1 +- this
    n_band_masks: MaskCount = 2
    band_mask: Bands = 5  # bands at most
    n_time_masks: MaskCount = 0
    time_mask: Frames = 12  # frames at most


NONE = SpecAugment(warp=0, gain=0, n_band_masks=0)


@dataclass(frozen=True)
class Draws:
    """The random augmentation of a batch: a band matrix and masked frames for each spectrogram."""

    matrix: np.ndarray  # float32 [batch, 40, 40]
    spans: np.ndarray  # int [batch, masks, 2]: frames from, to, that are silenced


def draw_augment(
    rng: np.random.Generator, n_batch: int, n_frames: int, settings: SpecAugment
) -> Draws:
    """Draw for `n_batch` spectrograms of `n_frames`."""
    bands = np.arange(firmware.N_BANDS, dtype=np.float32)
    warp = 1 + rng.uniform(-settings.warp, settings.warp, (n_batch, 1)).astype(np.float32)
    at = np.clip(bands * warp, 0, firmware.N_BANDS - 1)  # [batch, 40]: where each band reads
    low = np.minimum(at.astype(int), firmware.N_BANDS - 2)
    share = at - low
    matrix = np.zeros((n_batch, firmware.N_BANDS, firmware.N_BANDS), np.float32)
    row, column = np.ogrid[:n_batch, : firmware.N_BANDS]
    matrix[row, low, column] = 1 - share
    matrix[row, low + 1, column] += share
    matrix *= 1 + rng.uniform(-settings.gain, settings.gain, (n_batch, 1, 1)).astype(np.float32)
    for _ in range(settings.n_band_masks):
        width = rng.integers(0, settings.band_mask + 1, n_batch)
        first = rng.integers(0, firmware.N_BANDS - width + 1)
        masked = (bands >= first[:, None]) & (bands < (first + width)[:, None])
        matrix *= ~masked[:, None, :]
    width = rng.integers(0, settings.time_mask + 1, (n_batch, settings.n_time_masks))
    first = rng.integers(0, np.maximum(n_frames - width, 1))
    return Draws(matrix, np.stack([first, first + width], axis=-1))


def augment(xp: ModuleType, features: Any, draws: Draws) -> Any:
    """int8 [batch, frames, 40] -> float32 [batch, frames, 40] in 0..26; `xp` is numpy or cupy."""
    scale = xp.float32(firmware.INPUT_SCALE)
    matrix = xp.asarray(draws.matrix) * scale
    # (q + 128) * scale @ matrix, with the 128 moved behind the product: one pass over the batch.
    offset = -firmware.INPUT_ZERO_POINT * matrix.sum(axis=1, keepdims=True)
    x = xp.matmul(xp.asarray(features).astype(xp.float32), matrix)
    x += offset
    for row, spans in enumerate(draws.spans.tolist()):
        for first, last in spans:
            x[row, first:last] = 0
    return xp.clip(x, 0, xp.float32(firmware.FEATURE_MAX), out=x)


def array_module(device: str) -> ModuleType:
    """`numpy` for "cpu", `cupy` for "gpu".

    Raises RuntimeError where a GPU is asked for and there is none: nothing falls back in silence.
    """
    if device == "cpu":
        return np
    if device != "gpu":
        raise WrongInput(f"device is {device!r}; wanted 'cpu' or 'gpu'")
    try:
        import cupy
    except ImportError as error:
        raise CannotGoOn(
            "device is 'gpu' but CuPy is not installed: pip install cupy-cuda12x, or device = 'cpu'"
        ) from error
    if not cupy.cuda.is_available():
        raise CannotGoOn(
            "device is 'gpu' but CuPy finds no GPU: turn one on for this session, or use "
            "device = 'cpu', which gives the same augmentation"
        )
    return cupy


def batch_spec_augment_gpu(features: Any, draws: Draws) -> Any:
    """`augment` on the GPU, a CuPy array; RuntimeError without a GPU."""
    return augment(array_module("gpu"), features, draws)


def spec_augment_gpu(features: Any, draws: Draws) -> Any:
    """One spectrogram, int8 [frames, 40], with the first of `draws`; RuntimeError without a GPU."""
    first = Draws(draws.matrix[:1], draws.spans[:1])
    return batch_spec_augment_gpu(features[None], first)[0]
