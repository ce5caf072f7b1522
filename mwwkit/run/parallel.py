"""One map over many processes: joblib's loky here, or the cluster that a user registers.

with joblib.parallel_config(backend="dask"):  # optional; the default is this machine
    for facts in each(make_shard, units, workers=4): ...
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import TypeVar

import joblib
from threadpoolctl import threadpool_limits

from mwwkit.run.errors import CannotGoOn, WrongInput

T = TypeVar("T")
R = TypeVar("R")


def each(
    function: Callable[[T], R], items: Iterable[T], workers: int, *, ordered: bool = True
) -> Iterator[R]:
    """`function(item)` for each item, by `workers` processes; results in order, or as they come.

    Items are taken from the iterable only as workers become free, so a generator that stops at a
    deadline or a budget stops the work. With one worker everything happens in this process. Raises
    CannotGoOn where a worker was killed.
    """
    if workers < 1:
        raise WrongInput(f"workers is {workers}; wanted at least 1")
    if workers == 1:
        return _here(function, items)
    return _until_one_dies(_begun(function, items, workers, ordered=ordered))


@contextmanager
def starting(workers: int, modules: tuple[str, ...]) -> Iterator[None]:
    """Processes for `each` start, and import `modules`, while the block works in this one.

    The block must not call `each` with more than one worker. With one worker nothing is started.
    """
    if workers == 1:
        yield
        return
    importing = _begun(_import, [modules] * workers, workers, ordered=False)
    yield
    for _ in _until_one_dies(importing):
        pass


def _import(modules: tuple[str, ...]) -> None:
    for name in modules:
        import_module(name)


def _begun(
    function: Callable[[T], R], items: Iterable[T], workers: int, *, ordered: bool
) -> Iterator[R]:
    order = "generator" if ordered else "generator_unordered"
    pool = joblib.Parallel(n_jobs=workers, return_as=order, pre_dispatch=workers, batch_size=1)
    session = (socket.gethostname(), os.getpid())
    return pool(joblib.delayed(_in_worker)(session, function, item) for item in items)


def _until_one_dies(results: Iterator[R]) -> Iterator[R]:
    try:
        yield from results
    except BrokenExecutor as error:
        raise CannotGoOn(
            "a worker process was killed, most often for want of memory: try fewer WORKERS, then "
            "run it again; finished units are kept"
        ) from error


def _here(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    for item in items:
        yield _alone(function, item)


def _in_worker(session: tuple[str, int], function: Callable[[T], R], item: T) -> R:
    host, pid = session
    if os.getppid() == pid:  # not so on a cluster, which has its own ways
        end_with(pid)
    elif host == socket.gethostname() and not _lives(pid):
        os._exit(1)  # killed while its item was on the way here
    return _alone(function, item)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, so it lives
        pass
    return True


@lru_cache(maxsize=1)
def end_with(session: int) -> None:
    """End this process soon after `session`, its parent, is killed.

    It would go on with its item, and write it beside the session that comes next.
    """

    def watch() -> None:
        while os.getppid() == session:
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _alone(function: Callable[[T], R], item: T) -> R:
    """One item on one thread: BLAS threads that wait for each other spin, and double the cost."""
    with threadpool_limits(1):
        return function(item)
