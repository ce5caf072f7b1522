"""One small chart as inline SVG: colours and fonts come from the page's CSS, by class.

plot = Plot(linear(0, 10, "step"), shares("recall"), "Recall by step")
plot.line(steps, recalls, "c1")
plot.svg()
"""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.image import imsave

from mwwkit.report.axes import Scale
from mwwkit.report.markup import Html, tag

WIDTH, HEIGHT = 360, 236
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 24, 40
APART = {"x": 30, "y": 15}  # between the labels of two ticks, at least


class Plot:
    """Axes, and what is drawn on them in the order of the calls."""

    def __init__(self, x: Scale, y: Scale, description: str, height: int = HEIGHT):
        """`description` says in words what is drawn, for those who do not see it."""
        self.x, self.y, self.description = x, y, description
        self.right, self.bottom, self.height = WIDTH - RIGHT, height - BOTTOM, height
        self.parts: list[Html] = []

    def across(self, value: float) -> float:
        """Where a value of x is drawn."""
        return LEFT + (self.right - LEFT) * self.x.at(value)

    def up(self, value: float) -> float:
        """Where a value of y is drawn."""
        return self.bottom - (self.bottom - TOP) * self.y.at(value)

    def line(self, xs: Sequence[float], ys: Sequence[float], class_: str) -> None:
        """A line through points."""
        self.parts.append(_path(self._points(xs, ys), f"line {class_}"))

    def band(
        self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], class_: str
    ) -> None:
        """The area between two lines."""
        points = [*self._points(xs, lows), *reversed(self._points(xs, highs))]
        self.parts.append(_path(points, f"band {class_}", closed=True))

    def dots(self, xs: Sequence[float], ys: Sequence[float], class_: str, r: float = 3) -> None:
        """A dot at each point."""
        for x, y in self._points(xs, ys):
            self.parts.append(tag("circle", cx=_n(x), cy=_n(y), r=r, class_=f"dot {class_}"))

    def cross(
        self, x: tuple[float, float, float], y: tuple[float, float, float], class_: str
    ) -> None:
        """A point with its interval in both directions: (value, low, high) of each."""
        self._stroke(self.across(x[1]), self.up(y[0]), self.across(x[2]), self.up(y[0]), class_)
        self._stroke(self.across(x[0]), self.up(y[1]), self.across(x[0]), self.up(y[2]), class_)
        self.dots([x[0]], [y[0]], f"{class_} ring", r=5)

    def vertical(self, x: float, class_: str, label: str = "") -> None:
        """A line over the whole height, with a label at its top."""
        at = self.across(x)
        self._stroke(at, TOP, at, self.bottom, class_)
        if label:
            is_far_right = self.x.at(x) > 0.6
            place = {"x": _n(at - 4 if is_far_right else at + 4), "y": TOP + 10}
            anchor = "end" if is_far_right else "start"
            self.parts.append(
                tag("text", label, **place, text_anchor=anchor, class_=f"mark {class_}")
            )

    def horizontal(self, y: float, class_: str) -> None:
        """A line over the whole width."""
        self._stroke(LEFT, self.up(y), self.right, self.up(y), class_)

    def bars(self, edges: Sequence[float], heights: Sequence[float], class_: str) -> None:
        """A histogram: a bar from each edge to the next."""
        for left, right, height in zip(edges, edges[1:], heights, strict=False):
            if height > 0:
                x, y = self.across(left), self.up(height)
                wide, high = max(self.across(right) - x - 1, 1), self.bottom - y
                box = {"x": _n(x), "y": _n(y), "width": _n(wide), "height": _n(high)}
                self.parts.append(tag("rect", **box, class_=f"bar {class_}"))

    def svg(self) -> Html:
        """The chart."""
        axes = [stroke(LEFT, self.bottom, self.right, self.bottom, "axis")]
        for at, label in _apart([(self.across(v), label) for v, label in self.x.ticks], "x"):
            axes.append(stroke(at, self.bottom, at, self.bottom + 4, "axis"))
            place = {"x": _n(at), "y": self.bottom + 17}
            axes.append(tag("text", label, **place, text_anchor="middle", class_="tick"))
        for at, label in _apart([(self.up(v), label) for v, label in self.y.ticks], "y"):
            axes.append(stroke(LEFT, at, self.right, at, "grid"))
            place = {"x": LEFT - 6, "y": _n(at + 4)}
            axes.append(tag("text", label, **place, text_anchor="end", class_="tick"))
        under = {"x": _n((LEFT + self.right) / 2), "y": self.height - 6, "text_anchor": "middle"}
        titles = (
            tag("text", self.y.title, x=2, y=12, class_="title"),
            tag("text", self.x.title, **under, class_="title"),
        )
        return canvas(self.description, WIDTH, self.height, *axes, *self.parts, *titles)

    def _points(self, xs: Sequence[float], ys: Sequence[float]) -> list[tuple[float, float]]:
        return [(self.across(x), self.up(y)) for x, y in zip(xs, ys, strict=True)]

    def _stroke(self, x1: float, y1: float, x2: float, y2: float, class_: str) -> None:
        self.parts.append(stroke(x1, y1, x2, y2, class_))


def _apart(ticks: list[tuple[float, str]], axis: str) -> list[tuple[float, str]]:
    """Both ends, and of the ticks between them those whose labels have room."""
    kept = [ticks[-1]] if ticks else []
    for at, label in ticks[:-1]:
        if all(abs(at - other) >= APART[axis] for other, _ in kept):
            kept.append((at, label))
    return kept


def canvas(description: str, width: int, height: int, *parts: Any) -> Html:
    """An SVG that fills its place in the page and keeps its proportions."""
    box = f"0 0 {width} {height}"
    return tag("svg", *parts, viewBox=box, role="img", aria_label=description)


def stroke(x1: float, y1: float, x2: float, y2: float, class_: str, **more: Any) -> Html:
    """A straight line."""
    ends = {"x1": _n(x1), "y1": _n(y1), "x2": _n(x2), "y2": _n(y2)}
    return tag("line", **ends, class_=f"stroke {class_}", **more)


def area(points: Sequence[tuple[float, float]], class_: str) -> Html:
    """A filled shape with its corners at `points`."""
    return _path(points, class_, closed=True)


def path(points: Sequence[tuple[float, float]], class_: str) -> Html:
    """A line through `points`."""
    return _path(points, f"line {class_}")


def _path(points: Sequence[tuple[float, float]], class_: str, closed: bool = False) -> Html:
    drawn = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) if points else "M0 0"
    return tag("path", d=drawn + "Z" * closed, class_=class_)


def picture(values: np.ndarray, colours: str, low: float, high: float) -> str:
    """A data URI of a PNG: a pixel for each of `values` [rows, columns], the first row on top."""
    stream = io.BytesIO()
    nameless = {"Software": None}  # it would name matplotlib's version
    imsave(stream, values, cmap=colours, vmin=low, vmax=high, format="png", metadata=nameless)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
