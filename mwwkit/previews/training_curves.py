"""The curves of a training, drawn anew after every unit.

    train.run(config, run, limits, on_unit=LiveCurves())

The history that it is called with is all it knows, so a resumed run draws the whole.
"""

from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.previews import drawing
from mwwkit.training.evaluated import Evaluated, History, evaluated


class LiveCurves:
    """Call it with the history; the picture in the notebook's cell follows."""

    def __init__(self) -> None:
        """Draw with the first call."""
        self._handle: DisplayHandle | None = None

    def __call__(self, history: History, before: Evaluated | None = None, stays: bool = False):
        """Draw `history`; of 04 what 03 had reached, and whether 03's weights stay."""
        if not history:
            return
        picture = drawing.png(draw(history, before, stays))
        if self._handle is None:
            self._handle = display(picture, display_id=True)
        else:
            self._handle.update(picture)


def draw(history: History, before: Evaluated | None = None, stays: bool = False) -> Figure:
    """Loss and gradient norm by step; what the int8 model reached where it was evaluated.

    A ring is about what is kept: none where the weights of `before` stay, which is a dashed line.
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
        found = ((step, evaluated(facts)) for step, facts in course.items())
        reached = {step: each for step, each in found if each}
        _draw_reached(recall, reached, "recall", colour, stays)
        _draw_reached(hourly, reached, "false_accepts_per_hour", colour, stays)
        recall.set_title(_title(reached) + "; 03's weights stay" * stays, fontsize=9)
    if before:
        _draw_before(recall, before.recall)
        _draw_before(hourly, before.false_accepts_per_hour)
    loss.set(ylabel="loss")
    norm.set(ylabel="gradient norm")
    recall.set(ylabel="recall", ylim=(-0.05, 1.1))
    looked_at = filter(None, [before, *map(evaluated, history.values())])
    top = max((each.false_accepts_per_hour for each in looked_at), default=0.0)
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


def _courses(history: History) -> dict[str, dict]:
    """Split a history into courses by unit-name prefix: course -> step -> facts."""
    courses: dict[str, dict] = {}
    for unit, facts in history.items():
        name, _, step = unit.rpartition("step-")
        courses.setdefault(name.strip("-") or "all", {})[int(step)] = facts
    return courses


def _colours(n: int) -> list[str]:
    """The last one stands out."""
    return [drawing.SOFT] * (n - 1) + [drawing.INK]


def _draw_before(axes: Axes, value: float | None) -> None:
    if value is not None:
        axes.axhline(value, color=drawing.OTHER, linewidth=1, linestyle="--", label="before (03)")
        drawing.legend(axes, loc="center left")


def _draw_reached(
    axes: Axes, reached: dict[int, Evaluated], fact: str, colour: str, stays: bool
) -> None:
    values = [getattr(each, fact) for each in reached.values()]
    axes.plot(list(reached), values, color=colour, marker="o", markersize=4)
    if not stays and (kept := _kept(reached)) is not None:
        value = getattr(reached[kept], fact)
        axes.plot(kept, value, "o", ms=11, mfc="none", mec=drawing.ACCENT, mew=1.6)


def _kept(reached: dict[int, Evaluated]) -> int | None:
    """The late step of highest rank, of equals the latest: the choice that the stage makes."""
    candidates = [step for step, each in reached.items() if each.late]
    return max(candidates, key=lambda step: (reached[step].rank, step), default=None)


def _title(reached: dict[int, Evaluated]) -> str:
    if not reached:
        return "int8 model on validation: not evaluated yet"
    kept = _kept(reached)
    step = max(reached) if kept is None else kept
    at = f"int8 on validation, step {step:,}{', early' * (kept is None)}"
    return f"{at}:\n{reached[step].short}"
