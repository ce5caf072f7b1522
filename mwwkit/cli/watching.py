"""What a person sees of a notebook that runs: its prints, one line of progress, what it came to.

    screen = Screen(log, sys.stderr)
    papermill.execute_notebook(..., engine_name=engine(), stdout_file=screen, stderr_file=screen)

Papermill by itself tells of streams alone; progress and results are displays.
"""

import re
import shutil
import time
from functools import lru_cache
from typing import Any, TextIO

from mwwkit.run.progress_bars import ENDED, MARK

NAME = "mwwkit"
EVERY_S = 60.0  # where no line can be replaced
# what stands for pictures, players and widgets
NO_TEXT = re.compile(r"<IPython|[A-Z]\w+\(children=|None$|a (picture|sound), to be ")
RUN_CELLS = "ending.of(", "TrainingPanel("  # what the cell that runs a stage calls


class Screen:
    """A log that also shows on a terminal what is written to it, and what goes on."""

    def __init__(self, log: TextIO, terminal: TextIO | None, *, shows_result: bool = True) -> None:
        """Write to `log`; to `terminal`, if there is one, as well."""
        self.log, self.terminal, self.shows_result = log, terminal, shows_result
        self._is_open, self._told_at = False, time.monotonic()

    def write(self, text: str) -> None:
        """Text that a cell printed."""
        self.log.write(text)
        self._on_terminal(text)

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
            width = shutil.get_terminal_size().columns - 1  # a folded line cannot be replaced
            self.terminal.write(f"\r\x1b[K{line[:width]}")
            self._is_open = True
        elif time.monotonic() - self._told_at > EVERY_S:
            self._told_at = time.monotonic()
            self._on_terminal(f"{line}\n")
        self.flush()

    def _on_terminal(self, text: str) -> None:
        if self.terminal and text:
            self.terminal.write(f"\r\x1b[K{text}" if self._is_open else text)
            self.terminal.flush()
            self._is_open = False

    def flush(self) -> None:
        """Nothing waits."""
        self.log.flush()
        if self.terminal:
            self.terminal.flush()


@lru_cache(maxsize=1)
def engine() -> str:
    """Give papermill an engine that tells a `Screen` of displays, too; its name."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.log import logger

    class Client(PapermillNotebookClient):
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
