"""Where Python's time goes, as a text, when somebody asks."""

import cProfile
import io
import pstats
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mwwkit.run.files import replacing

LINES = 60


@contextmanager
def profiled(path: Path | None) -> Iterator[None]:
    """Write the functions that the block spent most time in to `path`; None: measure nothing.

    It is written when the block raises, too. A TensorFlow step is one line of it: `quick_execute`.
    """
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    try:
        with profile:
            yield
    finally:
        text = io.StringIO()
        stats = pstats.Stats(profile, stream=text).sort_stats("tottime")
        stats.print_stats(LINES)
        stats.sort_stats("cumulative").print_stats(LINES)
        with replacing(path) as part:
            part.write_text(text.getvalue(), encoding="utf-8")
