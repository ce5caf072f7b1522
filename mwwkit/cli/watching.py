"""What a person sees of a notebook that runs: its prints, one line of progress, what it came to.

    screen = Screen(log, sys.stderr, said=set())    # `said`: by all notebooks of a command
    papermill.execute_notebook(..., engine_name=engine(), stdout_file=screen, stderr_file=screen)

Papermill by itself tells of streams alone; progress and results are displays.
"""

import logging
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any, TextIO

from mwwkit.run.progress_bars import ENDED, MARK

NAME = "mwwkit"
HEADING = re.compile(r"^##? (\w+)", re.MULTILINE)
EVERY_S = 60.0  # where no line can be replaced
# what stands for pictures, players and widgets
NO_TEXT = re.compile(r"<IPython|[A-Z]\w+\(children=|None$|a (picture|sound), to be ")
RUN_CELLS = "ending.of(", "TrainingPanel("  # what the cell that runs a stage calls
SILENT_S = 5.0  # after which a cell that begins is told where no line can be replaced
# What goes on under each heading of a notebook, to whoever waits.
DOING = {
    "Parameters": "reading the parameters",
    "Setup": "loading what it needs",
    "Plan": "looking at what is there and what is left",
    "Run": "getting ready",
    "Look": "drawing what came out",
    "Check": "checking what was made",
}
ELSE = "drawing"  # under any other
LOADS = "TrainingPanel(", "export.run"  # in a cell that loads TensorFlow where work is left


class Screen:
    """A log that also shows on a terminal what is written to it, and what goes on."""

    def __init__(
        self,
        log: TextIO,
        terminal: TextIO | None,
        *,
        shows_result: bool = True,
        said: set[str] | None = None,
    ) -> None:
        """Write to `log`; to `terminal`, if there is one, as well.

        `said`: lines that a cell other than the run's printed, which are shown once.
        """
        self.log, self.terminal, self.shows_result = log, terminal, shows_result
        self._said = set() if said is None else said
        self._is_open, self._told_at, self._is_run = False, time.monotonic(), False

    def begins(self, source: str, heading: str) -> None:
        """A cell of this source, under this heading, begins."""
        self._is_run = any(call in source for call in RUN_CELLS)
        doing = DOING.get(heading, ELSE)
        loads = "; TensorFlow is loaded if there is work" * any(call in source for call in LOADS)
        doing = f"{doing}{loads} ..."
        if self.terminal and self.terminal.isatty():
            self._replaceable(doing)
        elif time.monotonic() - self._told_at > SILENT_S:
            self._on_terminal(f"{doing}\n")

    def write(self, text: str) -> None:
        """Text that a cell printed."""
        self.log.write(text)
        self._on_terminal(text if self._is_run else self._new_in(text))

    def _new_in(self, text: str) -> str:
        """What of a text was not said yet, by whole lines."""
        new = []
        for line in text.splitlines(keepends=True):
            is_whole = line.endswith("\n") and bool(line.strip())
            if not is_whole or line not in self._said:
                new.append(line)
            self._said |= {line} if is_whole else set()
        return "".join(new)

    def result(self, text: str, *, of_run: bool) -> None:
        """What a cell came to; a terminal shows that of the run alone."""
        self.log.write(f"{text}\n")
        if of_run and self.shows_result:
            self._on_terminal(f"{text}\n")

    def progress(self, line: str, *, ended: bool) -> None:
        """How far the work is; the log has it once, when it has ended."""
        if ended:
            self.log.write(f"{line}\n")
            self._on_terminal(f"{line}\n")
        elif self.terminal and self.terminal.isatty():
            self._replaceable(line)
        elif time.monotonic() - self._told_at > EVERY_S:
            self._on_terminal(f"{line}\n")
        self.flush()

    def _replaceable(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1  # a folded line cannot be replaced
        self.terminal.write(f"\r\x1b[K{line[:width]}")
        self.terminal.flush()
        self._is_open = True

    def _on_terminal(self, text: str) -> None:
        if self.terminal and text:
            self.terminal.write(f"\r\x1b[K{text}" if self._is_open else text)
            self.terminal.flush()
            self._is_open, self._told_at = False, time.monotonic()

    def end(self) -> None:
        """Nothing more comes: take a line away that would have been replaced."""
        if self.terminal and self._is_open:
            self.terminal.write("\r\x1b[K")
            self.terminal.flush()
            self._is_open = False

    def close_terminal(self) -> None:
        """What comes now is for the log alone."""
        self.end()
        self.terminal = None

    def flush(self) -> None:
        """Nothing waits."""
        self.log.flush()
        if self.terminal:
            self.terminal.flush()


@contextmanager
def quiet_at_interrupt(screen: Screen) -> Iterator[None]:
    """At Ctrl-C, keep from the terminal what dies with the kernel and says so.

    Those are its children's tracebacks, and tasks of nbclient's that find no kernel any more.
    """
    if threading.current_thread() is not threading.main_thread():  # none other hears of it
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def interrupted(number: int, frame: FrameType | None) -> None:
        screen.close_terminal()
        logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
        signal.default_int_handler(number, frame)

    is_plain = before is signal.default_int_handler
    if is_plain:
        signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        if is_plain:
            signal.signal(signal.SIGINT, before)


@lru_cache(maxsize=1)
def engine() -> str:
    """Give papermill an engine that tells a `Screen` of displays, too; its name."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.log import logger

    class Client(PapermillNotebookClient):
        def execute_cell(self, cell: Any, cell_index: int, *more: Any, **names: Any) -> Any:
            if isinstance(self.stdout_file, Screen) and cell.cell_type == "code":
                self.stdout_file.begins(cell.source, heading_of(self.nb.cells[:cell_index]))
            return super().execute_cell(cell, cell_index, *more, **names)

        def process_message(self, msg: dict, cell: Any, cell_index: int) -> Any:
            output = super().process_message(msg, cell, cell_index)
            if isinstance(self.stdout_file, Screen):
                tell(self.stdout_file, msg, cell.source)
            return output

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, start_timeout: int = 60, **more: Any
        ) -> Any:
            own = {n: v for n, v in more.items() if n not in ("input_path", "execution_timeout")}
            own |= {"kernel_name": kernel_name, "startup_timeout": start_timeout, "log": logger}
            return Client(nb_man, **own, timeout=more.get("execution_timeout")).execute()

    papermill_engines.register(NAME, Engine)
    return NAME


def heading_of(above: Sequence[Any]) -> str:
    """The heading that a cell stands under: "Plan"; `above` are the cells over it."""
    texts = (cell.source for cell in reversed(above) if cell.cell_type == "markdown")
    return next((found[1] for text in texts if (found := HEADING.search(text))), "")


def tell(screen: Screen, message: dict, source: str) -> None:
    """Tell a screen of a kernel's message about a cell of this source."""
    kind, content = message["msg_type"], message["content"]
    if kind not in ("display_data", "update_display_data", "execute_result"):
        return
    text = content["data"].get("text/plain", "")
    state = content.get("transient", {}).get(MARK)
    if state:
        screen.progress(text, ended=state == ENDED)
    elif kind != "update_display_data" and text and not NO_TEXT.match(text):
        is_run = any(call in source for call in RUN_CELLS)
        screen.result(text, of_run=kind == "execute_result" and is_run)
