"""Progress: one line that is replaced as work goes on, and says at the end how long it took.

    with progress(total=28, unit="shard", desc="02 featurize") as bar:
        bar.update()

In a notebook it is an output that is replaced, so that papermill and nbconvert keep its last form
alone; outside of one it is tqdm's bar. Whoever runs a notebook knows it by `MARK`, and whether it
has ended.
"""

import html
import io
import sys
from typing import Any
from uuid import uuid4

from tqdm.std import tqdm

from mwwkit.run.quantities import how_long, how_many

MARK = "mwwkit-progress"  # in the message's transient part, which no saved notebook has
GOING_ON, ENDED = "going on", "ended"
EVERY_S = 0.5


def progress(*args: Any, **more: Any) -> tqdm:
    """A bar as tqdm makes it: total, initial, unit, desc, disable; `update`, `set_postfix`, ..."""
    return (_InNotebook if _in_a_kernel() else tqdm)(*args, **more)


def _in_a_kernel() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


class _InNotebook(tqdm):
    """A bar that is one output of its cell."""

    monitor_interval = 0  # no thread that displays beside the cell's own

    def __init__(self, *args: Any, **more: Any) -> None:
        self._id = ""
        super().__init__(*args, **more | {"file": io.StringIO(), "mininterval": EVERY_S})

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Replace what stands there; tqdm calls it when it is time."""
        from IPython.display import publish_display_data

        ended, is_new = self.disable, not self._id
        self._id = self._id or uuid4().hex
        text = self.words()
        data = {"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>"}
        if not ended and self.total:
            done = f'<progress value="{self.n}" max="{self.total}"></progress>'
            data["text/html"] = f"<p>{done} {html.escape(text)}</p>"
        transient = {"display_id": self._id, MARK: ENDED if ended else GOING_ON}
        publish_display_data(data, transient=transient, update=not is_new)
        return True

    def words(self) -> str:
        """The line as it stands."""
        took_s = self.format_dict["elapsed"]
        more = f", {self.postfix.replace('=', ' ')}" if self.postfix else ""
        return f"{self.desc.removesuffix(': ')}: {self._how_far(took_s)}{more}"

    def _how_far(self, took_s: float) -> str:
        now = self.n - self.initial
        if self.disable and (not self.total or self.n >= self.total):
            whole = f", {how_many(self.n, self.unit)} in all" if self.initial else ""
            return f"{how_many(now, self.unit)} in {how_long(took_s)}{whole}"
        if not self.total:
            return f"{how_many(self.n, self.unit)}, {how_long(took_s)}"
        of = f"{self.n:,} of {how_many(self.total, self.unit)}"
        if self.disable:
            return f"stopped at {of} after {how_long(took_s)}"
        left = f", about {how_long(took_s / now * (self.total - self.n))} left" if now else ""
        return f"{of} ({self.n / self.total:.0%}), {how_long(took_s)}{left}"

    @classmethod
    def write(cls, s: str, *_: Any, **__: Any) -> None:
        """Print a line beside the bar."""
        print(s)
