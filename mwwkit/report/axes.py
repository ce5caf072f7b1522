"""Axes: from values to 0..1, with the ticks that a reader expects."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri


def _same(value: float) -> float:
    return value


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high`, warped; what is outside is drawn at the edge."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str = ""
    warp: Callable[[float], float] = _same

    def at(self, value: float) -> float:
        """Where in 0..1."""
        low, high = self.warp(self.low), self.warp(self.high)
        inside = min(max(value, self.low), self.high)
        return (self.warp(inside) - low) / (high - low)


def linear(low: float, high: float, title: str = "", least: float = 0.0) -> Scale:
    """A linear axis from `low` to `high` with about five round ticks, at least `least` apart."""
    if not high > low:
        high = low + 1.0
    steps = [m * 10.0**e for e in range(-6, 9) for m in (1, 2, 5)]
    step = next(s for s in steps if (high - low) / s <= 6 and s >= least)
    first = int(np.ceil(low / step - 1e-9))
    values = [n * step for n in range(first, int(np.floor(high / step + 1e-9)) + 1)]
    return Scale(low, high, tuple((v, f"{v:,.6g}".replace("-", "−")) for v in values), title)


def shares(title: str) -> Scale:
    """0 to 100 %."""
    ticks = tuple((v / 100, f"{v} %") for v in (0, 25, 50, 75, 100))
    return Scale(0.0, 1.0, ticks, title)


def hourly(highest: float, title: str) -> Scale:
    """Events an hour from 0: even up to 1, then by powers of ten."""
    high = next(v for v in (3, 10, 30, 100, 300, 1000, 3000, 1e6) if v >= highest)
    shown = (0, 0.5, 1, 3, 10, 30, 100, 300, 1000, 3000)
    ticks = tuple((float(v), f"{v:g}") for v in shown if v <= high)
    return Scale(0.0, float(high), ticks, title, lambda value: float(np.log1p(value / 0.5)))


def deviates(low: float, high: float, title: str) -> Scale:
    """Shares by the normal distribution's deviates, as a DET curve has them (Martin et al. 1997).

    A share of 0 is at the edge.
    """
    shown = (0.01, 0.05, 0.2, 0.5, 0.8, 0.002, 0.02, 0.1, 0.35, 0.65, 0.9, 0.005)
    inside = [v for v in shown if low < v <= high]
    ticks = ((low, "0"), *((v, f"{v * 100:g} %") for v in inside))
    return Scale(low, high, ticks, title, lambda value: float(ndtri(value)))
