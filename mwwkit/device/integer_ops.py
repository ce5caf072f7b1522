"""The int8 arithmetic of TensorFlow Lite Micro, in NumPy, over many steps at once.

    scale = Requantise.of([input_scale * w / output_scale for w in weight_scales])
    y = saturate(scale(sums) + zero_point)             # int64 [..., channels] -> int8

A sum of products becomes int8 again by a fixed-point multiplication that rounds **twice**: to 31
fraction bits (halves up), and after the shift (halves away from zero). LiteRT rounds once: its
default kernels everywhere, its reference kernels in the dense layer, which they multiply in
floating point (google-ai-edge/LiteRT issue 8567; the history is in tensorflow/tflite-micro 3252).
The rules are those of the TFLite quantisation specification and gemmlowp's `fixedpoint` (Jacob and
others 2018, arXiv 1712.05877, section 2.4), written anew and tested against tflite-micro itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mwwkit.device.firmware import INT8_MAX, INT8_MIN

FRACTION_BITS = 31
ONE = (1 << FRACTION_BITS) - 1  # the largest Q0.31 number stands for 1


def fixed_point(factor: float) -> tuple[int, int]:
    """A positive factor as (multiplier, shift): factor = multiplier / 2^31 * 2^shift.

    The multiplier is from 2^30 to 2^31 - 1; a factor too small for 32 bits is (0, 0).
    """
    if factor == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(factor)
    multiplier = math.floor(mantissa * (1 << FRACTION_BITS) + 0.5)
    if multiplier == 1 << FRACTION_BITS:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -FRACTION_BITS else (multiplier, shift)


def high_product(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """a * b / 2^31 of int64 arrays that hold int32 values, halves rounded up."""
    return (a * b + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS


def shifted_right(x: np.ndarray, bits: np.ndarray | int) -> np.ndarray:
    """x / 2^bits of int64, halves rounded away from zero."""
    half = np.where(np.asarray(bits) > 0, (1 << np.maximum(bits, 1)) >> 1, 0)
    away = np.where(np.asarray(bits) > 0, x >> 63, 0)  # -1 under zero
    return (x + half + away) >> bits


@dataclass(frozen=True)
class Requantise:
    """Multiplication by one positive factor for each channel, the last axis.

    Args:
        multiplier: int64 [channels] or [1], as `fixed_point` makes them.
        left: int64, bits to shift before.
        right: int64, bits to shift after.
    """

    multiplier: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, factors: Sequence[float]) -> Requantise:
        """For factors in double precision, one or one a channel."""
        pairs = np.array([fixed_point(float(factor)) for factor in factors], np.int64)
        return cls(pairs[:, 0], np.maximum(pairs[:, 1], 0), np.maximum(-pairs[:, 1], 0))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The product, int64 [..., channels]; x is int64 with values of int32."""
        return shifted_right(high_product(x << self.left, self.multiplier), self.right)


def saturate(x: np.ndarray, low: int = INT8_MIN, high: int = INT8_MAX) -> np.ndarray:
    """int8, clipped to low..high."""
    return np.clip(x, low, high).astype(np.int8)


def logistic_table(scale: float, zero_point: int) -> np.ndarray:
    """The sigmoid of every int8 input, int8 [256] (index: input + 128), for an output in 1/256.

    The input is brought to Q4.27; outside of what that holds the output is the end of its range.
    """
    multiplier, shift = fixed_point(scale * (1 << (FRACTION_BITS - _INPUT_INTEGER_BITS)))
    reach = ((1 << _INPUT_INTEGER_BITS) - 1) << (FRACTION_BITS - _INPUT_INTEGER_BITS)
    radius = reach >> shift if shift >= 0 else reach << -shift
    centred = np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64) - zero_point
    to_fixed = Requantise(*(np.array([n]) for n in (multiplier, max(shift, 0), max(-shift, 0))))
    inside = np.clip(centred, -radius, radius)
    output = np.minimum(shifted_right(_logistic(to_fixed(inside)), 23), 255) + INT8_MIN
    output = np.where(centred <= -radius, INT8_MIN, output)
    return np.where(centred >= radius, INT8_MAX, output).astype(np.int8)


_INPUT_INTEGER_BITS = 4
_FRACTION = FRACTION_BITS - _INPUT_INTEGER_BITS  # 27 fraction bits of the input
# exp(-2^k) in Q0.31 for k = -2 to 3: the factors that make up any exp(-x), x under 16.
_EXP = {k: round(math.exp(-(2.0**k)) * (1 << FRACTION_BITS)) for k in range(-2, 4)}


def _logistic(x: np.ndarray) -> np.ndarray:
    """Q4.27 -> Q0.31, by gemmlowp's series and three steps of Newton's."""
    positive = _reciprocal_of_one_plus(_exp_of_negative(-np.abs(x)))
    return np.where(x == 0, 1 << (FRACTION_BITS - 1), np.where(x > 0, positive, ONE - positive))


def _exp_of_negative(x: np.ndarray) -> np.ndarray:
    """exp(x), x at or under 0 in Q4.27 -> Q0.31."""
    quarter = 1 << (_FRACTION - 2)
    rest = (x & (quarter - 1)) - quarter  # in -1/4 .. 0
    result = _exp_near_zero(_saturated(rest << _INPUT_INTEGER_BITS))
    whole = rest - x  # the quarters that were left out
    for exponent, factor in _EXP.items():
        has = (whole & (1 << (_FRACTION + exponent))) != 0
        result = np.where(has, high_product(result, factor), result)
    return np.where(x == 0, ONE, result)


def _exp_near_zero(x: np.ndarray) -> np.ndarray:
    """exp(x) for -1/4 to 0 in Q0.31: Taylor's series to the fourth order around -1/8."""
    middle = round(math.exp(-1 / 8) * (1 << FRACTION_BITS))
    third = round((1 << FRACTION_BITS) / 3)
    x = x + (1 << (FRACTION_BITS - 3))
    square = high_product(x, x)
    cube, fourth = high_product(square, x), high_product(square, square)
    series = high_product(shifted_right(fourth, 2) + cube, third) + square
    return middle + high_product(x + shifted_right(series, 1), middle)


def _reciprocal_of_one_plus(x: np.ndarray) -> np.ndarray:
    """1 / (1 + x) for 0 to 1 in Q0.31, by Newton's method in Q2.29."""
    half = (x + ONE + 1) >> 1
    one = 1 << 29
    result = round(48 / 17 * one) + high_product(half, round(-32 / 17 * one))
    for _ in range(3):
        error = one - high_product(half, result)
        result = result + _saturated(high_product(result, error) << 2)
    return _saturated(result << 1)


def _saturated(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -(1 << FRACTION_BITS), ONE)
