"""Links to a run's files from a notebook: relative, so that a page in a browser may follow them.

with copy_in(folder): ...                        # the executed copy will lie there
link(path)                                       # "../export/computer.report.html"
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from urllib.parse import quote

_FOLDER = "MWWKIT_NOTEBOOK_FOLDER"  # an environment variable that kernels inherit


@contextmanager
def copy_in(folder: Path) -> Iterator[None]:
    """Say to kernels started inside the block where their notebook's copy will lie."""
    before = os.environ.get(_FOLDER)
    os.environ[_FOLDER] = str(folder.absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[_FOLDER]
        else:
            os.environ[_FOLDER] = before


def link(path: Path) -> str:
    """A file's address as seen from the notebook: from its copy, else from the kernel's folder.

    A browser opens no file:// address from a page of Jupyter's. On another drive there is no
    relative one, and the path stands as it is.
    """
    try:
        near = os.path.relpath(path, os.environ.get(_FOLDER) or os.getcwd())
    except ValueError:  # Windows: another drive
        return path.as_uri()
    return quote(PurePath(near).as_posix())
