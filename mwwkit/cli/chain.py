"""The notebooks one after another, by papermill: what `python -m mwwkit run` does.

    run = Run.of("run/demo")
    jobs = plan(stages("01-03"), presets.load("demo"), {"WORD": "marvin"}, run.folder)
    for done in execute(jobs, run):
        print(done.name, done.seconds)

Everything that can be wrong with a name or a value is found before the first notebook starts:
papermill itself only warns of a name that the notebook does not have.
"""

import ast
import json
import math
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, TextIO

import yaml

from mwwkit.cli import preflight
from mwwkit.presets import Preset, PresetError, in_one_line, suggest
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.fresh_session import Unfit
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import AS_TEXT
from mwwkit.run.session import StoppedEarly, stops_are_raised

SECTIONS = {"01": "acquire", "02": "featurize", "03": "train", "04": "mine", "05": "export"}
NOTEBOOKS = {stage: f"{stage}_{section}" for stage, section in SECTIONS.items()}
NOTEBOOKS["01"] = "01_acquire_and_augment"
LISTS = {"PREVIOUS"}  # takes a list as well as a text
# Errors whose message says all, so that it is shown without their name.
SAYS_ENOUGH = (
    "SystemExit",
    Unfit.__name__,
    "ValueError",
    WrongInput.__name__,
    CannotGoOn.__name__,
    "CheckpointError",
)
OUR_OWN = {"executed", "logs"}  # what running again writes anew


class StageFailed(CannotGoOn):
    """A notebook raised; the message is what it said, and where to read the rest."""


@dataclass(frozen=True)
class Job:
    """One notebook and every parameter it is given."""

    stage: str
    given: dict[str, Any]


@dataclass(frozen=True)
class Done:
    """One executed notebook."""

    name: str
    notebook: Path  # the executed copy
    seconds: float


def stages(text: str) -> list[str]:
    """The stages that a text names: "01-05", "03", "01,02" (leading zeros may be left out).

    Raises ValueError for anything else.
    """
    chosen: set[str] = set()
    for part in text.split(","):
        ends = [end.strip().zfill(2) for end in part.split("-")]
        if len(ends) > 2 or not set(ends) <= NOTEBOOKS.keys() or ends[0] > ends[-1]:
            raise WrongInput(f"{text!r}; wanted stages such as 01-05, 03 or 01,02")
        chosen |= {stage for stage in NOTEBOOKS if ends[0] <= stage <= ends[-1]}
    return sorted(chosen)


def notebook(stage: str) -> Path:
    """A stage's notebook: in the repository in a checkout, inside the package when installed."""
    package = Path(__file__).parents[1]
    inside = package / "notebooks"
    folder = inside if inside.is_dir() else package.parent / "notebooks"
    return folder / f"{NOTEBOOKS[stage]}.ipynb"


def parameters(stage: str) -> dict[str, Any]:
    """The names and defaults in the parameters cell of a stage's notebook."""
    cells = json.loads(notebook(stage).read_text(encoding="utf-8"))["cells"]
    [cell] = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
    lines = ast.parse("".join(cell["source"])).body
    return {line.targets[0].id: ast.literal_eval(line.value) for line in lines}


def plan(
    chosen: Sequence[str],
    preset: Preset,
    given: dict[str, str],
    run_dir: Path,
    previous: Sequence[str] = (),
    *,
    for_here: bool = True,
) -> list[Job]:
    """What each notebook will be given: its preset section, then what was given by name.

    `given` holds texts, as from the command line; each goes to every chosen notebook that has the
    name. Raises PresetError, in one line, for a name that none has, a value of the wrong type, and
    a value that its stage would refuse; the last only `for_here`, not for another machine.
    """
    takes = {stage: parameters(stage) for stage in NOTEBOOKS}
    _refuse_unknown_keys(preset, takes)
    _refuse_places(preset, given, previous)
    reachable = {name for stage in chosen for name in takes[stage]}
    for name in given:
        if name not in reachable:
            where = "no notebook" if len(chosen) > 1 else NOTEBOOKS[chosen[0]]
            raise PresetError(f"{where} takes a parameter {name}{suggest(name, reachable)}")
    jobs = []
    for stage in chosen:
        section = preset.get("all", {}) | preset.get(SECTIONS[stage], {})
        values = {name.upper(): value for name, value in section.items()}
        values = {name: value for name, value in values.items() if name in takes[stage]}
        values |= {n: _parsed(n, t, takes[stage][n]) for n, t in given.items() if n in takes[stage]}
        values = {name: fitting(name, v, takes[stage][name]) for name, v in values.items()}
        values |= {"RUN_DIR": str(run_dir)}
        values = {"PREVIOUS": list(previous)} | values  # a notebook by itself looks for them
        jobs.append(Job(stage, values))
    if not for_here:
        return jobs
    _refuse_missing_runs(jobs)
    preflight.refuse_nonsense({SECTIONS[j.stage]: takes[j.stage] | j.given for j in jobs})
    return jobs


def _refuse_unknown_keys(preset: Preset, takes: dict[str, dict[str, Any]]) -> None:
    known = {SECTIONS[s]: {name.lower() for name in names} for s, names in takes.items()}
    known["all"] = set().union(*known.values())
    for section, values in preset.items():
        for key in values:
            if key not in known[section]:
                others = [other for other in known if other != "all" and key in known[other]]
                where = f"the preset's section {section} has a key {key!r} that nothing takes"
                where_it_belongs = f"; it belongs to {' or '.join(others)}" if others else ""
                raise PresetError(where + (where_it_belongs or suggest(str(key), known[section])))


def _refuse_places(preset: Preset, given: dict[str, str], previous: Sequence[str]) -> None:
    """Refuse RUN_DIR as a parameter, and PREVIOUS given both as a parameter and as an option."""
    keys = {str(key).upper() for values in preset.values() for key in values} | given.keys()
    if "RUN_DIR" in keys:
        raise PresetError("RUN_DIR is given as a parameter; wanted the option --run-dir")
    if previous and "PREVIOUS" in keys:
        raise PresetError("PREVIOUS is given twice, as a parameter and as the option --previous")


def _refuse_missing_runs(jobs: Sequence[Job]) -> None:
    for job in jobs:
        try:
            Run.of(job.given["RUN_DIR"], job.given.get("PREVIOUS", ()))
        except (ValueError, OSError) as error:
            raise PresetError(str(error)) from error


def _parsed(name: str, text: str, default: Any) -> Any:
    """The value of NAME=text: YAML, unless a text is wanted, which is taken unchanged.

    YAML would read the wake word `no` as False and `1984` as a number.
    """
    if isinstance(default, str):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"{name} is {text!r}, which is not readable as YAML: {in_one_line(error)}"
        raise PresetError(message) from error


def fitting(name: str, value: Any, default: Any) -> Any:
    """`value` as the type of the default it replaces; PresetError where it cannot be."""
    if name in LISTS and isinstance(value, list):
        return [fitting(f"one of {name}", item, "") for item in value]
    if isinstance(default, float) and isinstance(value, str | int) and type(value) is not bool:
        try:
            value = float(value)  # YAML reads 1e-3 as a text, and 1 as a whole number
        except (ValueError, OverflowError):
            pass
    if type(value) is not type(default):
        kinds = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
        wanted = kinds.get(type(default).__name__, type(default).__name__)
        example = f", such as {default!r}" if default else ""
        raise PresetError(f"{name} is {value!r}; wanted a {wanted}{example}")
    if isinstance(value, float) and not math.isfinite(value):
        raise PresetError(f"{name} is {value}; wanted a finite number, such as {default!r}")
    if isinstance(value, list) and default:  # of what an empty one is, its Config knows
        return [fitting(f"one of {name}", item, default[0]) for item in value]
    return value


def snapshot(run: Run) -> dict[str, tuple[int, int]]:
    """Time and size of every file that the stages made in a run's folder."""
    stamps = {}
    for root, folders, files in os.walk(run.folder):
        if Path(root) == run.folder:
            folders[:] = [name for name in folders if name not in OUR_OWN]
        for name in files:
            state = os.stat(os.path.join(root, name))
            stamps[os.path.join(root, name)] = (state.st_mtime_ns, state.st_size)
    return stamps


def execute(jobs: Sequence[Job], run: Run, *, show: bool = False) -> Iterator[Done]:
    """Run each notebook; its executed copy goes to `executed/`, what it printed to `logs/`.

    `show` sends what is printed to stderr as well. A SESSION_HOURS among the parameters is for all
    notebooks together. Raises StoppedEarly where a notebook stopped to be continued, StageFailed
    where it failed for any other reason.
    """
    started = time.monotonic()
    _make_our_own(run)
    for job in jobs:
        name, began, parameters = NOTEBOOKS[job.stage], time.monotonic(), dict(job.given)
        if parameters.get("SESSION_HOURS"):
            left_hours = parameters["SESSION_HOURS"] - (began - started) / 3600
            parameters["SESSION_HOURS"] = max(left_hours, 1e-6)  # 0 would mean no deadline
        copy = run / "executed" / f"{name}.ipynb"
        with open(run / "logs" / f"{name}.log", "w", encoding="utf-8") as log:
            with _children_into(log) as terminal:
                _execute(job.stage, parameters, copy, _Tee(log, terminal if show else None))
        yield Done(name, copy, time.monotonic() - began)


def _make_our_own(run: Run) -> None:
    """Make the folders for executed notebooks and logs; StageFailed if they cannot be written."""
    try:
        for folder in sorted(OUR_OWN):
            (run / folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=run / folder):
            pass  # a folder made before the disk was mounted read-only says nothing yet
    except OSError as error:
        raise StageFailed(
            f"{run.folder} cannot be written ({error.strerror}); give another folder to --run-dir "
            "(RUN_DIR), and a finished run that is read-only to --previous (PREVIOUS)"
        ) from error


def _execute(stage: str, parameters: dict[str, Any], copy: Path, out: "_Tee") -> None:
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    name = NOTEBOOKS[stage]
    # Papermill fills in names in braces in a path.
    paths = [str(path).replace("{", "{{").replace("}", "}}") for path in (notebook(stage), copy)]
    shown = {"progress_bar": False, "stdout_file": out, "stderr_file": out}
    os.environ.update(AS_TEXT)  # the kernel inherits it
    try:
        with TemporaryDirectory(prefix="mwwkit-") as sockets:
            config = Config({} if sys.platform == "win32" else _sockets_in(sockets))
            with stops_are_raised():
                papermill.execute_notebook(*paths, parameters, **shown, config=config)
    except PapermillExecutionError as error:
        out.log.write(re.sub("\x1b.*?m", "", "\n".join(error.traceback)) + "\n")
        if error.ename == StoppedEarly.__name__:
            raise StoppedEarly(error.evalue) from error
        kind = "" if error.ename in SAYS_ENOUGH else f"{error.ename}: "
        raise StageFailed(f"{name} failed: {kind}{error.evalue}\n(see {copy})") from error
    except RuntimeError as error:  # nbclient's DeadKernelError, or a kernel that never answered
        raise StageFailed(
            f"{name} ended without a word, most often for want of memory: try fewer WORKERS, then "
            "run it again; finished units are kept"
        ) from error


def _sockets_in(folder: str) -> dict[str, dict[str, str]]:
    """Jupyter settings that talk to the kernel over socket files in a private folder.

    Other users can listen to ports; Jupyter's own place for socket files is the working folder,
    which may be read-only, and where two runs take the same names.
    """
    return {"KernelManager": {"transport": "ipc", "ip": os.path.join(folder, "kernel")}}


@contextmanager
def _children_into(log: TextIO) -> Iterator[TextIO]:
    """Let child processes write into `log` what they write to stderr; yields our own stderr.

    What a notebook prints comes to us by messages; the rest is a kernel's chatter about its end.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(log.fileno(), 2)
    try:
        # A stderr that somebody put in the place of the real one is not our file number 2.
        real = sys.stderr is sys.__stderr__
        yield open(kept, "w", encoding="utf-8", closefd=False) if real else sys.stderr
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class _Tee:
    """A log that also shows what is written to it."""

    def __init__(self, log: TextIO, terminal: TextIO | None):
        self.log, self.terminal = log, terminal

    def write(self, text: str) -> None:
        self.log.write(text)
        if self.terminal:
            self.terminal.write(text)

    def flush(self) -> None:
        self.log.flush()
        if self.terminal:
            self.terminal.flush()
