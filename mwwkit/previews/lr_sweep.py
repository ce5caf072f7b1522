"""The sweep of learning rates, drawn.

rates.show(train.find_rate(config, run))
"""

from IPython.display import display
from matplotlib.figure import Figure

from mwwkit.previews import drawing
from mwwkit.training.lr_finder import Sweep


def show(found: Sweep | None) -> str:
    """Draw it and tell what it suggests; `found` is None where it was not asked for."""
    if found is None:
        return "not asked for: FIND_RATE = True sweeps the learning rate here, before training"
    display(drawing.png(draw(found)))
    return str(found)


def draw(found: Sweep) -> Figure:
    """Loss over rate: each step, the smoothed line, and the rate that it suggests."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.0), layout="constrained")
    axes = drawing.plain(figure.subplots())
    axes.plot(found.rates, found.losses, ".", ms=3, color=drawing.SOFT, label="each step")
    axes.plot(found.rates, found.smooth, color=drawing.INK, label="smoothed")
    lowest = float(found.smooth.min())
    axes.plot(found.lowest, lowest, "o", ms=6, color=drawing.INK, label="lowest")
    axes.axvline(
        found.suggestion, color=drawing.ACCENT, lw=1.2, label=f"a tenth: {found.suggestion:.2g}"
    )
    first = float(found.smooth[0])
    room = 0.15 * max(first - lowest, 1e-3 * abs(first))
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
    axes.set_ylim(lowest - room, first + 2 * room)  # not up to where it exploded
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_title(str(found), fontsize=9)
    drawing.legend(axes)
    return figure
