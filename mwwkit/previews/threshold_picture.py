"""The picture of the threshold explorer, and what a click on it means.

picture = ThresholdPicture(surfaces, shipped, tried)
picture.png, picture.rule_at(0.3, 0.5)          # at a share of its width and height
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics.operating_points import CUTOFFS, Surface
from mwwkit.previews import drawing

STYLES = {"validation": (drawing.INK, "-"), "test": (drawing.OTHER, "--")}
FIRST = int(CUTOFFS[0])


class ThresholdPicture:
    """Left misses against false accepts, right the share heard at every cutoff and window."""

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        shipped: Threshold,
        tried: Rule,
        max_clip_fpr: float = 1.0,
    ):
        """Draw for what 05 measured on each split; the limits are the shipped rule's."""
        self.surfaces, self.shipped, self.tried = surfaces, shipped, tried
        self.chosen_by = surfaces.get("validation") or next(iter(surfaces.values()))
        self.figure = Figure(figsize=(drawing.WIDTH_IN, 4.4), layout="constrained")
        self.left, self.right = self.figure.subplots(1, 2)
        self._draw_trade_off()
        self._draw_surface(self._allowed(max_clip_fpr))
        self.png = drawing.png(self.figure)  # lays it out: only then a click can be placed

    def rule_at(self, x: float, y: float) -> Rule | None:
        """The rule nearest to a click, at shares of width and height from the upper left corner.

        None for a click outside both charts.
        """
        width, height = self.figure.get_size_inches() * self.figure.dpi
        pixel = np.array([x * width, (1 - y) * height])
        if self.right.bbox.contains(*pixel):
            return self._on_surface(pixel)
        if self.left.bbox.contains(*pixel):
            return self._on_curve(pixel)
        return None

    def _on_surface(self, pixel: np.ndarray) -> Rule:
        level, row = self.right.transData.inverted().transform(pixel)
        windows = self.chosen_by.windows
        row = int(np.clip(np.rint(row), 0, len(windows) - 1))
        return _rule(int(np.clip(np.rint(level * 255), FIRST, CUTOFFS[-1])), windows[row])

    def _on_curve(self, pixel: np.ndarray) -> Rule:
        """The nearest cutoff of any window on the curve by which a cutoff is chosen."""
        surface, nearest = self.chosen_by, []
        for row, window in enumerate(surface.windows):
            places = self.left.transData.transform(np.stack(_trade(surface, row), axis=1))
            gaps = np.hypot(*(places - pixel).T)
            column = int(np.argmin(gaps))
            nearest.append((float(gaps[column]), window != self.tried.window, column, window))
        _, _, column, window = min(nearest)
        return _rule(FIRST + column, window)

    def _draw_trade_off(self) -> None:
        for split, surface in self.surfaces.items():
            colour, line = STYLES[split]
            for row, window in enumerate(surface.windows):
                if window == self.tried.window:
                    self.left.plot(*_trade(surface, row), line, color=colour, label=split)
                elif split == "validation":
                    self.left.plot(*_trade(surface, row), color=drawing.SOFT, linewidth=0.8)
            for rule, marker in _marks(self.shipped, self.tried):
                at = surface.at(rule)
                place = at.hourly().value, 100 * at.missed.value
                self.left.plot(*place, linestyle="", **marker | {"label": None})
        target = self.shipped.target_false_accepts_per_hour
        self.left.axvline(
            target, color=drawing.ACCENT, linewidth=0.8, linestyle=":", label="target"
        )
        self.left.set_xscale("symlog", linthresh=1.0)
        self.left.set_yscale("symlog", linthresh=1.0)
        self.left.set(xlabel="false accepts (1/h)", ylabel="missed (%)", ylim=(-0.1, 100))
        self.left.set_xlim(left=-0.08)
        for axis in (self.left.xaxis, self.left.yaxis):
            axis.set_major_formatter("{x:g}")
        self.left.set_title("lower and further left is better", fontsize=9)
        drawing.plain(self.left).grid(color="0.93", linewidth=0.6)
        _legend_under(self.left)

    def _draw_surface(self, allowed: np.ndarray) -> None:
        surface, windows = self.chosen_by, self.chosen_by.windows
        heard = np.asarray(surface.hits) / max(surface.n_positives, 1)
        half = 0.5 / 255
        extent = (FIRST / 255 - half, CUTOFFS[-1] / 255 + half, -0.5, len(windows) - 0.5)
        how = {"aspect": "auto", "origin": "lower", "extent": extent, "interpolation": "nearest"}
        image = self.right.imshow(heard, vmin=0, vmax=1, cmap="viridis", **how)
        veil = np.zeros((*allowed.shape, 4))
        veil[~allowed] = (0.8, 0.8, 0.8, 0.85)
        self.right.imshow(veil, **how)
        for rule, marker in _marks(self.shipped, self.tried):
            self.right.plot(rule.level, windows.index(rule.window), linestyle="", **marker)
        self.right.set_yticks(range(len(windows)), [f"mean of {window}" for window in windows])
        self.right.set(xlabel="cutoff", xlim=(0, 1))
        self.right.set_title("share heard; pale: more false accepts than asked for", fontsize=9)
        self.figure.colorbar(image, ax=self.right, format="{x:.0%}").ax.tick_params(labelsize=8)
        _legend_under(drawing.plain(self.right))

    def _allowed(self, max_clip_fpr: float) -> np.ndarray:
        """Where the counts keep to the limits, bool [windows, cutoffs]."""
        surface, allowed = (
            self.chosen_by,
            np.ones((len(self.chosen_by.windows), len(CUTOFFS)), bool),
        )
        if surface.ambient_hours:
            hourly = np.asarray(surface.ambient_events) / surface.ambient_hours
            allowed &= hourly <= self.shipped.target_false_accepts_per_hour
        if surface.n_negatives:
            allowed &= surface.share_of_others <= max_clip_fpr
        return allowed


def _rule(integer: int, window: int) -> Rule:
    return Rule(manifest_cutoff(integer), window)


def _trade(surface: Surface, row: int) -> tuple[np.ndarray, np.ndarray]:
    """False accepts an hour and misses in per cent at every cutoff of a window."""
    hourly = np.asarray(surface.ambient_events)[row] / surface.ambient_hours
    return hourly, 100 - 100 * np.asarray(surface.hits)[row] / surface.n_positives


def _marks(shipped: Rule, tried: Rule) -> list[tuple[Rule, dict]]:
    ring = {"marker": "o", "ms": 11, "mfc": "none", "mec": drawing.ACCENT, "mew": 1.8}
    dot = {"marker": "o", "ms": 7, "color": drawing.GOOD, "mec": "white", "mew": 0.8}
    marks = [(shipped, ring | {"label": "ships now"})]
    return marks if tried.is_same(shipped) else [*marks, (tried, dot | {"label": "tried"})]


def _legend_under(axes: Axes) -> None:
    drawing.legend(axes, loc="upper left", bbox_to_anchor=(0.0, -0.14), ncols=3)
