"""The device's integer arithmetic: roundings counted by hand, the sigmoid against the true one."""

import math
from fractions import Fraction

import numpy as np
import pytest

from mwwkit.device import integer_ops
from mwwkit.device.integer_ops import Requantise, fixed_point, logistic_table
from mwwkit.run.seeds import rng


def test_a_factor_is_a_mantissa_of_31_bits_and_a_shift():
    assert fixed_point(1.0) == (1 << 30, 1)
    assert fixed_point(0.25) == (1 << 30, -1)
    assert fixed_point(0.0) == fixed_point(2.0**-40) == (0, 0)
    assert fixed_point(1 - 2.0**-40) == (1 << 30, 1), "rounded up to a whole power of two"
    for factor in rng(1, "factors").uniform(1e-6, 8, 200):
        multiplier, shift = fixed_point(float(factor))
        assert 1 << 30 <= multiplier < 1 << 31
        assert multiplier * 2.0 ** (shift - 31) == pytest.approx(factor, rel=2**-31)


def test_halves_are_rounded_up_in_the_product_and_away_from_zero_in_the_shift():
    half = np.array([1 << 30, -(1 << 30)])
    assert integer_ops.high_product(half, 1).tolist() == [1, 0]
    x = np.array([2, -2, 1, -1, 6, -6, 5, -5])
    assert integer_ops.shifted_right(x, 2).tolist() == [1, -1, 0, 0, 2, -2, 1, -1]
    assert integer_ops.shifted_right(x, np.zeros(8, np.int64)).tolist() == x.tolist()


def test_rounding_twice_is_told_from_rounding_once():
    """The rule step by step in Python's own integers; and cases where one rounding says another."""
    draws, once_differs = rng(2, "sums"), 0
    for factor in draws.uniform(1e-4, 0.02, 10):
        scale = Requantise.of([factor])
        multiplier, shift = fixed_point(float(factor))
        sums = draws.integers(-200_000, 200_000, 2000)
        for x, y in zip(sums.tolist(), scale(sums).tolist(), strict=True):
            high = math.floor(Fraction(x * multiplier, 1 << 31) + Fraction(1, 2))
            magnitude = int(abs(Fraction(high, 1 << -shift)) + Fraction(1, 2))
            assert y == (magnitude if high >= 0 else -magnitude)
            once = Fraction(x * multiplier, 1 << (31 - shift)) + Fraction(1, 2)
            once_differs += y != math.floor(once)
    assert 0 < once_differs < 20_000 * 0.02


def test_each_channel_has_its_own_factor():
    sums = np.array([[1000, 1000, -1000]])
    assert Requantise.of([0.5, 0.001, 3.0])(sums).tolist() == [[500, 1, -3000]]


@pytest.mark.parametrize(("scale", "zero_point"), [(0.05, 9), (0.1, -20), (0.004, 0), (1.5, 127)])
def test_the_table_is_the_sigmoid_within_half_a_level_and_a_little(scale, zero_point):
    table = logistic_table(scale, zero_point).astype(int) + 128
    exact = 256 / (1 + np.exp(-scale * (np.arange(-128, 128) - zero_point)))
    # 0.001 is what the series may be off where the true value lies half-way
    assert np.abs(table - np.minimum(exact, 255)).max() <= 0.501
    assert (np.diff(table) >= 0).all()
