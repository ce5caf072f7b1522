"""The curves of a training, drawn anew after every unit.

    train.run(config, here, limits, on_unit=Curves())

The history that it is called with is all it knows, so a resumed run draws the whole.
"""

from collections.abc import Mapping

from IPython.display import DisplayHandle, display
from matplotlib.figure import Figure

Facts = Mapping[str, object]


class Curves:
    """Call it with the history (unit -> facts); the picture in the notebook's cell follows."""

    def __init__(self) -> None:
        """The picture appears with the first call."""
        self._handle: DisplayHandle | None = None

    def __call__(self, history: Mapping[str, Facts]) -> None:
        """Draw `history`."""
        figure = draw(history)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def draw(history: Mapping[str, Facts]) -> Figure:
    """Loss by step, and recall beside false accepts an hour where the int8 model was evaluated."""
    steps = {unit: int(unit.rpartition("-")[2]) for unit in history}
    chosen = {steps[unit]: facts["choice"] for unit, facts in history.items() if "choice" in facts}
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    loss, recall = figure.subplots(1, 2)
    loss.plot(list(steps.values()), [facts["loss"] for facts in history.values()], color="0.2")
    loss.set(xlabel="step", ylabel="loss", yscale="log")
    recall.plot(list(chosen), [c["recall"] for c in chosen.values()], "o-", color="tab:blue")
    recall.set(xlabel="step", ylabel="recall, validation", ylim=(0, 1.02))
    alarms = recall.twinx()
    hourly = [c["false_accepts_per_hour"] for c in chosen.values()]
    alarms.plot(list(chosen), hourly, "s--", color="tab:red")
    alarms.set(ylabel="false accepts an hour")
    alarms.set_ylim(bottom=0)
    return figure
