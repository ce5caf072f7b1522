"""Notebook kernels forked from a process that has imported what notebooks import.

A kernel of its own spends more time on imports than on a small notebook.
"""

import os
import signal
from multiprocessing.connection import Connection

import forking


def launch(command: list[str], env: dict[str, str], cwd: str | None = None, **_) -> "Kernel":
    """Start `python -m ipykernel_launcher ...`, as jupyter_client's `launch_kernel` does."""
    arguments = command[command.index("-m") + 1 :]
    ready, said = forking.CONTEXT.Pipe(duplex=False)
    process = forking.CONTEXT.Process(target=_kernel, args=(arguments, env, cwd, said))
    process.start()
    said.close()
    ready.recv()  # it has a group of its own by now, which the manager will signal
    return Kernel(process)


def _kernel(arguments: list[str], env: dict[str, str], cwd: str | None, said: Connection) -> None:
    import sys

    os.setsid()
    forking.leave_what_is_there()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd or ".")
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    said.send(True)
    sys.argv = arguments
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


class Kernel:
    """A process with the face of `subprocess.Popen`, as far as jupyter_client looks at it."""

    stdin = stdout = stderr = None

    def __init__(self, process):
        self.process, self.pid = process, process.pid

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end."""
        self.process.join(timeout)
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)
