"""The curves of a training, drawn anew after every unit.

    train.run(config, here, limits, on_unit=LiveCurves(here, "training"))

The history that it is called with is all it knows, so a resumed run draws the whole.
"""

from collections.abc import Mapping
from typing import Any

from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.checkpoint import CheckpointError, finished
from mwwkit.paths import Run
from mwwkit.previews import drawing

History = Mapping[str, Mapping[str, Any]]  # unit -> facts: loss, gradient_norm, sometimes a choice


class LiveCurves:
    """Call it with the history; the picture in the notebook's cell follows."""

    def __init__(self, here: Run | None = None, folder: str = "training") -> None:
        """Draw at once what a finished run has in `folder`; else with the first call."""
        self._handle: DisplayHandle | None = None
        if here is not None:
            try:
                self(finished(here, folder))
            except CheckpointError:
                return  # not finished: the units to come will draw it

    def __call__(self, history: History) -> None:
        """Draw `history`."""
        if not history:
            return
        picture = drawing.png(draw(history))
        if self._handle is None:
            self._handle = display(picture, display_id=True)
        else:
            self._handle.update(picture)


def draw(history: History) -> Figure:
    """Loss and gradient norm by step; what the int8 model reached where it was evaluated."""
    steps = {unit: int(unit.rpartition("-")[2]) for unit in history}
    judged = {steps[unit]: facts["choice"] for unit, facts in history.items() if "choice" in facts}
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.6), layout="constrained")
    (loss, recall), (norm, hourly) = figure.subplots(2, 2, sharex=True)
    for axes, name in ((loss, "loss"), (norm, "gradient_norm")):
        values = [facts[name] for facts in history.values()]
        axes.plot(list(steps.values()), values, color=drawing.INK, marker=".", markersize=4)
        axes.set(ylabel=name.replace("_", " "))
    _judged(recall, judged, "recall")
    recall.set(ylabel="recall", ylim=(-0.05, 1.1))
    _judged(hourly, judged, "false_accepts_per_hour")
    hourly.set(ylabel="false accepts (1/h)")
    top = max((choice["false_accepts_per_hour"] for choice in judged.values()), default=0.0)
    hourly.set_ylim(-0.05 * max(top, 1.0), 1.1 * max(top, 1.0))
    for axes in (norm, hourly):
        axes.set(xlabel="step", xlim=(0, max(steps.values()) * 1.03))
    for axes in figure.axes:
        drawing.plain(axes).grid(axis="y", color="0.92", linewidth=0.6, which="major")
    recall.set_title(_told(judged), fontsize=9)
    loss.set_title("training", fontsize=9)
    return figure


def _judged(axes: Axes, judged: dict[int, Mapping], name: str) -> None:
    values = [choice[name] for choice in judged.values()]
    axes.plot(list(judged), values, color=drawing.INK, marker="o", markersize=4)
    if judged:
        kept = _kept(judged)
        axes.plot(kept, judged[kept][name], "o", ms=11, mfc="none", mec=drawing.ACCENT, mew=1.6)


def _kept(judged: dict[int, Mapping]) -> int:
    """The late step of highest rank, of equals the latest: the choice that the stage makes.

    While no step is late yet, the best so far.
    """
    late = [step for step in judged if judged[step]["late"]] or list(judged)
    return max(late, key=lambda step: (judged[step]["rank"], step))


def _told(judged: dict[int, Mapping]) -> str:
    if not judged:
        return "int8 model on validation: not evaluated yet"
    kept = _kept(judged)
    choice = judged[kept]
    return (
        f"int8 model on validation: {choice['recall']:.1%} "
        f"at {choice['false_accepts_per_hour']:.2g} /h (step {kept:,})"
    )
