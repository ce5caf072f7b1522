"""A training to be watched, stopped between two units, and gone on with.

    panel = TrainingPanel(ending, train.run, config, run, limits)
    panel.go()                                       # what train.run returns

The curves and what they show so far are drawn after every unit. In a live notebook Stop, or the
notebook's own button that interrupts, ends the training after the unit under way: nothing is lost.
Interrupted twice, it stops at once, and that unit is taken again. Then Start goes on, as running
the cell again does.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ipykernel.connect import get_connection_file
from IPython.display import DisplayHandle, display
from ipywidgets import Button, Layout

from mwwkit.previews.panel import Words, controls, is_live, sentence
from mwwkit.previews.training_curves import LiveCurves
from mwwkit.run.checkpoint import CheckpointError, completed, finished
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, ask_to_stop
from mwwkit.training.diagnosis import diagnose, length
from mwwkit.training.evaluated import Evaluated, History, read

STOPPING = "It stops after the unit under way; nothing is lost."
HOW = "To stop it between two units: the button, or interrupt the kernel once. Nothing is lost."
# A kernel that computes may hear of a button only afterwards; an interrupt it hears at once.
INTERRUPT = """
(() => {
  const config = document.getElementById("jupyter-config-data");
  const token = (document.cookie.match(/_xsrf=([^;]*)/) || ["", ""])[1];
  const headers = {"X-XSRFToken": decodeURIComponent(token)};
  document.addEventListener("click", event => {
    if (!config || !event.target.closest(".MARK")) return;
    const address = JSON.parse(config.textContent).baseUrl + "api/kernels/KERNEL/interrupt";
    fetch(address, {method: "POST", headers});
  });
})();
"""


class TrainingPanel:
    """What a stage that trains is run by in a notebook."""

    def __init__(
        self,
        ending: Ending,
        stage_run: Callable,
        config: Any,
        run: Run,
        limits: Limits,
        folder: str = "training",
    ):
        """Show what there is in `folder`, and the controls."""
        self.ending, self._args, self._stage_run = ending, (config, run, limits), stage_run
        self.stop = Button(description="Stop after this unit", layout=Layout(width="14em"))
        self.start = Button(description="Start", button_style="primary", disabled=True)
        self.stop.on_click(lambda _: self._stop())
        self.start.on_click(lambda _: self._start())
        self.curves = LiveCurves()
        self._told: DisplayHandle | None = None
        self._state: DisplayHandle | None = None
        self.worker: threading.Thread | None = None
        self._place, self._history = (run, folder), {}
        self._begin(run, folder)

    def _begin(self, run: Run, folder: str) -> None:
        if is_live():
            display(self._interrupts())
            controls(self.stop, self.start)
            self._state = display(sentence(""), display_id=True)
        try:
            self.watch(finished(run, folder))
        except CheckpointError:
            return  # not finished: the units to come will draw it

    def _interrupts(self) -> Words:
        """What makes the button interrupt the kernel too, where the page is Jupyter's."""
        mark = f"mwwkit-stop-{self.stop.model_id}"
        self.stop.add_class(mark)
        kernel = Path(get_connection_file()).stem.removeprefix("kernel-")
        script = INTERRUPT.replace("MARK", mark).replace("KERNEL", kernel)
        return Words(f"<script>{script}</script>", "")

    def go(self) -> Any:
        """Run the stage here; what it returns, None where it was stopped."""
        self._running(True)
        try:
            with interrupts_stop_between_units(self._say):
                made = self.ending.of(self._stage_run, *self._args, on_unit=self.watch)
                self.watch(self._history)  # now it is known whose weights stay
                return made
        finally:
            self._running(False)

    def watch(self, history: History) -> None:
        """Draw a history, and say what it shows so far."""
        if not history:
            return
        self._history = history
        self.curves(history, *_what_stays(*self._place))
        if self._told is None:
            self._told = display(so_far(history, *self._place), display_id=True)
        else:
            self._told.update(so_far(history, *self._place))

    def _running(self, is_on: bool) -> None:
        self.stop.disabled, self.start.disabled = not is_on, is_on or not self.ending.stopped
        self._say(HOW if is_on else self.ending.stopped and "Stopped. Start goes on.")

    def _say(self, text: str) -> None:
        if self._state is not None:
            self._state.update(sentence(text))

    def _stop(self) -> None:
        ask_to_stop()
        self._say(STOPPING)

    def _start(self) -> None:
        """Go on beside the cell, so that Stop is heard."""
        self.start.disabled = True
        self.worker = threading.Thread(target=self._go_on, daemon=True)
        self.worker.start()

    def _go_on(self) -> None:
        made = self.go()
        if not self.ending.stopped:
            self._say(f"Finished: run the cells below. {made!r}")


def _what_stays(run: Run, folder: str) -> tuple[Evaluated | None, bool]:
    """Of a finished fine-tuning: what the weights before it reached, and whether they stay."""
    try:
        made = completed(run, folder)
    except CheckpointError:
        return None, False
    before = made.get("before")
    return (read(before), not made["weights"].startswith(f"{folder}/")) if before else (None, False)


def so_far(history: History, run: Run, folder: str) -> Words:
    """Where a training is, and its diagnosis."""
    *_, last = history
    step = int(last.rpartition("step-")[2])
    return sentence(f"Step {step:,}: {diagnose(history, trained=length(run, folder))}")


@contextmanager
def interrupts_stop_between_units(say: Callable[[str], None]) -> Iterator[None]:
    """Let the first interrupt ask for a stop, and the second one interrupt as usual.

    Only where a person may give one, and in the main thread, which is the one that gets signals.
    """
    if not is_live() or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def asked(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ask_to_stop()
        say(STOPPING)

    signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
