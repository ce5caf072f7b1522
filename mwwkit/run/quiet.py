"""Keep the C++ libraries' chatter from the user, but not what explains a failure."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back warnings and what is written to stderr, by C++ too; show it if the body raises.

    TensorFlow's converter logs through channels that no setting reaches, so the file descriptor
    itself is pointed elsewhere.  Not for use from several threads at once.
    """
    sys.stderr.flush()
    logger = logging.getLogger("tensorflow")  # in a notebook it writes past the descriptor
    level = logger.level
    logger.setLevel(logging.ERROR)
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except BaseException:
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            logger.setLevel(level)
