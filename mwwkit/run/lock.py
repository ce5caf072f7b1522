"""One writer a run's folder: a lock that a dead process does not hold.

    with sole_writer(run.folder):       # a stage
        ...                             # another start is refused, told who writes and since when

    with session_in(run.folder):        # a chain of stages, whose kernels take part in its lock
        ...

    with sole_user(path, refusal):      # anything else; `path` is the lock's own file
        ...

The lock is the kernel's (flock): it ends with its process, and a folder that is copied is not
locked. The files say who holds it and are gone when nobody does; a killed process leaves one, which
means nothing. A stage has a lock of its own inside its session's: a notebook kernel outlives the
chain that started it by a moment, and the next session waits for that.
"""

import contextlib
import errno
import functools
import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from io import TextIOWrapper
from pathlib import Path

import psutil

from mwwkit.run.environment import variable
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import read_json

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

SESSION, STAGE = ".session.lock", ".stage.lock"  # no part of a run's state
FILES = frozenset({SESSION, STAGE})
CHAIN = "MWWKIT_CHAIN"  # the process whose session a kernel belongs to; kernels inherit it
ORPHANS_S = 5.0  # a kernel whose chain was killed sees it within a second, and ends
UNLOCKABLE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR}


class Occupied(CannotGoOn):
    """Another process writes into the run's folder; the message says which and since when."""


@dataclass(frozen=True)
class Writer:
    """Who holds a lock, as its file says."""

    pid: int
    host: str
    since: str  # local time, to the second
    inode: int  # of the file: in a copy it is another

    @classmethod
    def me(cls, inode: int) -> "Writer":
        """This process, from now on."""
        since = datetime.now(timezone.utc).astimezone().isoformat(" ", "seconds")
        return cls(os.getpid(), socket.gethostname(), since, inode)

    def lives(self) -> bool:
        """Whether the process is on this machine and still there."""
        return self.host == socket.gethostname() and psutil.pid_exists(self.pid)

    def __str__(self) -> str:
        """For a refusal."""
        return f"process {self.pid} on {self.host} since {self.since}"


def one_writer(run_stage: Callable) -> Callable:
    """Make a stage's `run` the only writer of its run's folder while it works."""

    @functools.wraps(run_stage)
    def alone(config, run, limits, *args, **names):
        with sole_writer(run.folder):
            return run_stage(config, run, limits, *args, **names)

    return alone


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's locks for one stage. Raises Occupied where another process has them."""
    with contextlib.ExitStack() as held:
        if not _is_in_our_session(folder):
            held.enter_context(_locked(folder / SESSION))
        held.enter_context(_locked(folder / STAGE, wait_s=ORPHANS_S))
        yield


@contextlib.contextmanager
def session_in(folder: Path) -> Iterator[None]:
    """Hold the folder for stages run by kernels started inside the block. Raises Occupied."""
    with _locked(folder / SESSION), variable(CHAIN, str(os.getpid())):
        yield


def sole_user(path: Path, refusal: str) -> contextlib.AbstractContextManager[None]:
    """Hold the lock whose file is `path`. Raises Occupied(refusal) where another process has it."""
    return _locked(path, refusal)


def writer_of(path: Path) -> Writer | None:
    """Who a lock's file names; None where there is no file, or none that can be read."""
    try:
        return Writer(**read_json(path))
    except (OSError, ValueError, TypeError):  # TypeError: it holds other things than a Writer has
        return None


def _is_in_our_session(folder: Path) -> bool:
    writer, chain = writer_of(folder / SESSION), os.environ.get(CHAIN)
    return chain is not None and writer is not None and str(writer.pid) == chain and writer.lives()


@contextlib.contextmanager
def _locked(path: Path, refusal: str = "", wait_s: float = 0.0) -> Iterator[None]:
    """Hold one lock; nothing where the folder cannot be written, since nobody can write there."""
    folder, until = path.parent, time.monotonic() + wait_s
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        while not (file := _taken(path)):
            if time.monotonic() >= until:
                raise Occupied(refusal or _refusal(folder, writer_of(path)))
            time.sleep(0.05)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        yield  # the stage says it in words, if it has something to write
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone, or its disk read-only by now
            path.unlink()
            for place in made:  # those that nothing was written into
                place.rmdir()
        file.close()


def _refusal(folder: Path, writer: Writer | None) -> str:
    return (
        f"{folder} is being written by {writer or 'another process'}; wait for its end or stop it, "
        "or set another RUN_DIR (--run-dir)"
    )


def _taken(path: Path) -> TextIOWrapper | None:
    """The lock's file, open and locked by this process; None where another has it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = open(path, "a+", encoding="utf-8")
        except FileNotFoundError:  # its holder took the empty folder away with it
            continue
        try:
            is_ours = _flock(file, path)
            if is_ours and _is_at(file, path):
                _sign(file)
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        if not is_ours:
            return None  # else its holder ended, and took the file away, between our two calls


def _flock(file: TextIOWrapper, path: Path) -> bool:
    if fcntl is None:
        return _by_its_number(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNLOCKABLE:
            raise
        return _by_its_number(path)
    return True


def _by_its_number(path: Path) -> bool:
    """Whether the process that the file names is gone: for file systems without locks."""
    warnings.warn(
        f"{path.parent} is on a file system without locks: a second start on this machine is "
        "refused by its process number, one on another machine is not seen",
        stacklevel=2,
    )
    writer = writer_of(path)
    return writer is None or writer.inode != path.stat().st_ino or not writer.lives()


def _is_at(file: TextIOWrapper, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sign(file: TextIOWrapper) -> None:
    with contextlib.suppress(OSError):  # a full disk: locked all the same, by nobody by name
        file.truncate(0)
        json.dump(asdict(Writer.me(os.fstat(file.fileno()).st_ino)), file)
        file.flush()
