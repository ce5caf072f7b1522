"""The notebooks as on a free platform: sessions that are killed, a small disk, read-only inputs.

    rehearsal = Rehearsal(folder, "demo", given, inputs, Terms(300, int(19e9)), values)
    long_s = rehearsal.long_run()
    for session in rehearsal.sessions(): ...        # each goes on from the outputs of those before
    differences(rehearsal.long, rehearsal.outputs)

A session is `mwwkit run`, from the first notebook on that is not finished, in a process that is
killed with all its children (SIGKILL) when its time is over. Its folder is then copied to
`outputs/`, as platforms keep it, and is an earlier run of the next.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from mwwkit.cli import chain
from mwwkit.cli.command import OK, STOPPED
from mwwkit.presets.notebooks import ENDS_IN
from mwwkit.run.checkpoint_files import load
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import read_json, tree_bytes, write_json

FRUITLESS = 3  # sessions one after another that finish nothing: the next would not either
# In a file system view of its own: the first so many arguments read-only, then the rest is run.
READ_ONLY = """n=$1; shift
while [ "$n" -gt 0 ]; do
  mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 126
  shift; n=$((n - 1))
done
exec "$@" """


@dataclass(frozen=True)
class Terms:
    """What a session is given: seconds until it is killed, bytes of disk."""

    seconds: float
    n_bytes: int


@dataclass(frozen=True)
class Session:
    """How one session went."""

    number: int
    ended: str  # in words
    is_whole: bool  # nothing is left to do
    n_units: int  # finished in it
    n_bytes: int  # it left
    seconds: float


@dataclass
class Rehearsal:
    """One long run, and the same cut into sessions, under `folder`."""

    folder: Path
    preset: str
    given: Mapping[str, str]  # parameters, as texts
    inputs: Sequence[Path]  # folders and files of the user, only to be read
    terms: Terms
    values: Mapping[str, Mapping[str, Any]]  # what each notebook is given, by its stage
    outputs: list[Path] = field(default_factory=list)  # of the sessions so far, oldest first

    @property
    def long(self) -> Path:
        """The run that nothing disturbs."""
        return self.folder / "long"

    def long_run(self) -> float:
        """Make the long run unless it is there; the seconds it took.

        Raises WrongInput for one that was made of other values, and CannotGoOn where it fails.
        """
        known = self.folder / "long.json"
        made_of = {"preset": self.preset, "parameters": self.given, "values": self.values}
        if known.exists():
            self._refuse_another(read_json(known), made_of)
        else:
            began = time.monotonic()
            self._finish_long_run()
            write_json(known, {"seconds": round(time.monotonic() - began, 1), **made_of})
        return read_json(known)["seconds"]

    def _finish_long_run(self) -> None:
        log = self.folder / "long.log"
        with self._started(self.long, log, ()) as process:
            code = process.wait()
        if code:
            raise CannotGoOn(_failure("the long run", code, log))

    def _refuse_another(self, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if known.get("values") == wanted["values"]:
            return
        was, now = _in_words(known), _in_words(wanted)
        raise WrongInput(
            f"the long run in {self.long} was made with {was}, and this is {now}"
            + (", which says other values by now" if was == now else "")
            + f"; give what it was made with, or delete {self.long} and {self.folder / 'long.json'}"
        )

    def sessions(self) -> Iterator[Session]:
        """Sessions until nothing is left to do. Raises CannotGoOn where they get no further."""
        fruitless = 0
        for number in range(1, 10_000):
            session = self._session(number)
            yield session
            if session.is_whole:
                return
            fruitless = 0 if session.n_units else fruitless + 1
            if fruitless == FRUITLESS:
                raise CannotGoOn(
                    f"{FRUITLESS} sessions of {self.terms.seconds:g} s finished nothing: so long "
                    "it takes before their first unit is made; give --session-seconds more"
                )

    def _session(self, number: int) -> Session:
        output = self.folder / "outputs" / f"session-{number:03d}"
        log, began = output.with_suffix(".log"), time.monotonic()
        with limited(self.folder / "working", self.terms.n_bytes) as (working, is_mounted):
            with self._started(working, log, self.outputs) as process:
                ended, code = _watched(process, working, self.terms, is_mounted=is_mounted)
            seconds, n_bytes = time.monotonic() - began, tree_bytes(working)
            shutil.copytree(working, output)
        self.outputs.append(output)
        if code not in (None, OK, STOPPED):
            raise CannotGoOn(_failure(f"session {number}", code, log))
        return Session(number, ended, code == OK, n_units(output), n_bytes, seconds)

    @contextmanager
    def _started(self, run: Path, log: Path, earlier: Sequence[Path]) -> Iterator[subprocess.Popen]:
        """A session, killed on leaving: Ctrl-C does not reach it, for its terminal is its own."""
        stages = chain.stages(f"{first_left(earlier)}-05")
        taken = {name for stage in stages for name in chain.parameters(stage)}
        given = [f"{name}={text}" for name, text in self.given.items() if name in taken]
        call = [sys.executable, "-m", "mwwkit", "run", "--preset", self.preset]
        call += ["--run-dir", str(run), "--stages", ",".join(stages)]
        call += ["--previous", *map(str, earlier)] if earlier else []
        call += ["-p", *given] if given else []
        call = [*read_only([*self.inputs, *earlier]), *call]
        log.parent.mkdir(parents=True, exist_ok=True)
        before = psutil.Process().children()
        try:
            with open(log, "w", encoding="utf-8") as out:
                process = subprocess.Popen(call, stdout=out, stderr=out, start_new_session=True)
            yield process
        finally:  # not by `process`: Ctrl-C can come when the child is there and its name is not
            for child in psutil.Process().children():
                if child not in before:
                    kill(child)
                    child.wait()


def first_left(outputs: Sequence[Path]) -> str:
    """The first notebook that has not come to its end: 01's triples count where they are begun."""
    for stage, folder in ENDS_IN.items():
        for place in (folder, ".") if stage == "01" else (folder,):
            states = [load(run / place / "checkpoint.json") for run in reversed(outputs)]
            newest = next((state for state in states if state), None)
            if (newest or place != ".") and not (newest and newest["complete"] is not None):
                return stage
    return "05"


def n_units(run: Path) -> int:
    """Units and whole stages that a run's own checkpoints hold."""
    states = [load(path) for path in run.rglob("checkpoint.json")]
    return sum(len(s["done"]) + (s["complete"] is not None) for s in states if s)


def read_only(paths: Sequence[Path]) -> list[str]:
    """The beginning of a command in whose eyes `paths` are read-only; none where not allowed."""
    if not (view := own_view()):
        return []
    return [*view, "sh", "-c", READ_ONLY, "sh", str(len(paths)), *map(str, paths)]


def own_view() -> list[str]:
    """The beginning of a command with mounts of its own; none where that is not allowed."""
    for view in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        trial = [*view, "mount", "--bind", "/", "/"]
        if shutil.which("unshare") and not subprocess.run(trial, capture_output=True).returncode:
            return view
    return []


@contextmanager
def limited(folder: Path, n_bytes: int) -> Iterator[tuple[Path, bool]]:
    """An empty folder to work in, and whether its disk itself ends at `n_bytes`.

    It is in memory where mounting is allowed and there is twice as much free of it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    call = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder)]
    is_small = n_bytes < psutil.virtual_memory().available / 2
    may = is_small and shutil.which("mount") and os.name == "posix" and os.geteuid() == 0
    is_mounted = bool(may) and not subprocess.run(call, capture_output=True).returncode
    try:
        yield folder, is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def _watched(
    process: subprocess.Popen, working: Path, terms: Terms, *, is_mounted: bool
) -> tuple[str, int | None]:
    """Wait for a session's end, or kill it at its limits; how it ended, its exit code if it did."""
    until = time.monotonic() + terms.seconds
    while process.poll() is None:
        if time.monotonic() >= until:
            kill(psutil.Process(process.pid))
            process.wait()
            return f"killed after {terms.seconds:.0f} s", None
        if not is_mounted and tree_bytes(working) > terms.n_bytes:
            kill(psutil.Process(process.pid))
            process.wait()
            return f"killed at {terms.n_bytes / 1e6:.0f} MB of disk", None
        time.sleep(0.1)
    said = {OK: "finished", STOPPED: "stopped by itself, well"}
    return said.get(process.returncode, "failed"), process.returncode


def kill(process: psutil.Process) -> None:
    """SIGKILL to a process and all that it started, as when a machine goes down.

    Those that it started are gone then; the process itself waits for who started it.
    """
    with suppress(psutil.NoSuchProcess):
        family = process.children(recursive=True)
        for one in (process, *family):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, timeout=30)


def _in_words(made_of: Mapping[str, Any]) -> str:
    """A long run's preset and parameters."""
    given = " ".join(f"{n}={text}" for n, text in made_of.get("parameters", {}).items())
    preset = f"the preset {made_of['preset']}" if "preset" in made_of else "nobody knows what"
    return f"{preset} and {given}" if given else preset


def _failure(what: str, code: int, log: Path) -> str:
    last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
    return f"{what} failed (exit code {code}); the end of {log}:\n{last}"
