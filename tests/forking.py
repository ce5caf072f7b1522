"""Child processes that are killed: forked from a server that has TensorFlow imported already."""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

from varied import SELDOM

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [f"mwwkit.stages.{name}" for name in ("acquire", "featurize", "train", "mine", "export")]
    # which mwwkit itself loads only when they are first needed
    + ["keras", "tensorflow", "scipy.signal", "scipy.stats", "scipy.ndimage", "scipy.optimize"]
    + ["ipykernel.kernelapp"]
)


def start(function: Callable, *args) -> multiprocessing.Process:
    """A process that calls a function of a test module."""
    process = CONTEXT.Process(target=_quietly, args=(function, *args))
    process.start()
    return process


def _quietly(function: Callable, *args) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    leave_what_is_there()
    function(*args)


def leave_what_is_there() -> None:
    """No collection walks what was imported before the fork, nor copies its pages so."""
    gc.freeze()
    gc.set_threshold(*SELDOM)


def finish(process: multiprocessing.Process, limit_s: float = 600) -> None:
    """Wait for a process, which must end well."""
    process.join(limit_s)
    assert process.exitcode == 0


def kill_after(process: multiprocessing.Process, path: Path, delay_s: float) -> bool:
    """SIGKILL so many seconds after `path` appears; False where the process ended before."""
    while process.is_alive() and not path.exists():
        time.sleep(0.002)
    time.sleep(delay_s)
    was_alive = process.is_alive()
    process.kill()
    process.join()
    return was_alive
