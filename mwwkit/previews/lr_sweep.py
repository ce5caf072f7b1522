"""The sweep of learning rates, drawn.

lr_sweep.show(train.find_rate(config, run))
"""

from IPython.display import display
from matplotlib.figure import Figure

from mwwkit.previews import drawing
from mwwkit.run.shown import Sentence
from mwwkit.training.lr_finder import Sweep


def show(sweep: Sweep | None) -> Sentence:
    """Draw it and tell what it suggests; `sweep` is None where it was not asked for."""
    if sweep is None:
        return Sentence("No sweep of learning rates: FIND_RATE = True makes one, before training.")
    display(drawing.png(draw(sweep)))
    return Sentence(sweep)


def draw(sweep: Sweep) -> Figure:
    """Loss over rate: each step, the smoothed line, and the rate that it suggests."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.0), layout="constrained")
    axes = drawing.plain(figure.subplots())
    axes.plot(sweep.rates, sweep.losses, ".", ms=3, color=drawing.SOFT, label="each step")
    axes.plot(sweep.rates, sweep.smooth, color=drawing.INK, label="smoothed")
    lowest = float(sweep.smooth.min())
    axes.plot(sweep.lowest, lowest, "o", ms=6, color=drawing.INK, label="lowest")
    axes.axvline(
        sweep.suggestion, color=drawing.ACCENT, lw=1.2, label=f"a tenth: {sweep.suggestion:.2g}"
    )
    first = float(sweep.smooth[0])
    room = 0.15 * max(first - lowest, 1e-3 * abs(first))
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
    axes.set_ylim(lowest - room, first + 2 * room)  # not up to where it exploded
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_title(str(sweep), fontsize=9)
    drawing.legend(axes)
    return figure
