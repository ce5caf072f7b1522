"""Links to a run's files from a notebook: relative, so that a page in a browser may follow them.

with copy_in(folder): ...                        # the executed copy will lie there
link(path)                                       # "../export/computer.report.html"
"""

import os
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from urllib.parse import quote

from mwwkit.run.environment import variable

_FOLDER = "MWWKIT_NOTEBOOK_FOLDER"  # an environment variable that kernels inherit


def copy_in(folder: Path) -> AbstractContextManager[None]:
    """Say to kernels started inside the block where their notebook's copy will lie."""
    return variable(_FOLDER, str(folder.absolute()))


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
