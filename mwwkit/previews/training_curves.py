"""The curves of a training, drawn anew after every unit.

    train.run(config, run, limits, on_unit=LiveCurves(run, "training"))

The history that it is called with is all it knows, so a resumed run draws the whole.
"""

from collections.abc import Mapping
from typing import Any

from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.previews import drawing
from mwwkit.run.checkpoint import CheckpointError, finished
from mwwkit.run.paths import Run

History = Mapping[str, Mapping[str, Any]]  # unit -> facts: loss, gradient_norm, sometimes a choice


class LiveCurves:
    """Call it with the history; the picture in the notebook's cell follows."""

    def __init__(self, run: Run | None = None, folder: str = "training") -> None:
        """Draw at once what a finished run has in `folder`; else with the first call."""
        self._handle: DisplayHandle | None = None
        if run is not None:
            try:
                self(finished(run, folder))
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
    """Loss and gradient norm by step; what the int8 model reached where it was evaluated.

    04 has a course for every choice of a listener; each is a line of its own.
    """
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.6), layout="constrained")
    (loss, recall), (norm, hourly) = figure.subplots(2, 2, sharex=True)
    courses = _courses(history)
    for (name, course), colour in zip(courses.items(), _colours(len(courses)), strict=True):
        steps = list(course)
        for axes, fact in ((loss, "loss"), (norm, "gradient_norm")):
            values = [facts[fact] for facts in course.values()]
            axes.plot(steps, values, color=colour, marker=".", markersize=4, label=name)
        evaluated = {step: facts["choice"] for step, facts in course.items() if "choice" in facts}
        _draw_choices(recall, evaluated, "recall", colour)
        _draw_choices(hourly, evaluated, "false_accepts_per_hour", colour)
        recall.set_title(_title(evaluated), fontsize=9)
    loss.set(ylabel="loss")
    norm.set(ylabel="gradient norm")
    recall.set(ylabel="recall", ylim=(-0.05, 1.1))
    choices = (facts["choice"] for facts in history.values() if "choice" in facts)
    top = max((choice["false_accepts_per_hour"] for choice in choices), default=0.0)
    hourly.set(ylabel="false accepts (1/h)")
    hourly.set_ylim(-0.05 * max(top, 1.0), 1.1 * max(top, 1.0))
    last = max(step for course in courses.values() for step in course)
    for axes in (norm, hourly):
        axes.set(xlabel="step", xlim=(0, last * 1.03))
    for axes in figure.axes:
        drawing.plain(axes).grid(axis="y", color="0.92", linewidth=0.6, which="major")
    loss.set_title("training", fontsize=9)
    if len(courses) > 1:
        drawing.legend(loss)
    return figure


def _courses(history: History) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Split a history into courses by unit-name prefix: course -> step -> facts."""
    courses: dict[str, dict[int, Mapping[str, Any]]] = {}
    for unit, facts in history.items():
        name, _, step = unit.rpartition("step-")
        courses.setdefault(name.strip("-") or "all", {})[int(step)] = facts
    return courses


def _colours(n: int) -> list[str]:
    """The last one stands out."""
    return [drawing.SOFT] * (n - 1) + [drawing.INK]


def _draw_choices(axes: Axes, evaluated: dict[int, Mapping], name: str, colour: str) -> None:
    values = [choice[name] for choice in evaluated.values()]
    axes.plot(list(evaluated), values, color=colour, marker="o", markersize=4)
    if (kept := _kept(evaluated)) is not None:
        axes.plot(kept, evaluated[kept][name], "o", ms=11, mfc="none", mec=drawing.ACCENT, mew=1.6)


def _kept(evaluated: dict[int, Mapping]) -> int | None:
    """The late step of highest rank, of equals the latest: the choice that the stage makes."""
    candidates = [step for step, choice in evaluated.items() if choice["late"]]
    return max(candidates, key=lambda step: (evaluated[step]["rank"], step), default=None)


def _title(evaluated: dict[int, Mapping]) -> str:
    if not evaluated:
        return "int8 model on validation: not evaluated yet"
    kept = _kept(evaluated)
    step = max(evaluated) if kept is None else kept
    choice = evaluated[step]
    return (
        f"int8 model on validation: {choice['recall']:.1%} at "
        f"{choice['false_accepts_per_hour']:.2g} /h (step {step:,}{', early' * (kept is None)})"
    )
