"""The notebooks one after another, by papermill: what `python -m mwwkit run` does.

    run = Run.of("run/demo")
    jobs = plan(stages("01-03"), presets.load("demo"), {"WORD": "marvin"}, run.folder)
    for done in execute(jobs, run):
        print(done.name, done.seconds)

Everything that can be wrong with a name or a value is found before the first notebook starts:
papermill itself only warns of a name that the notebook does not have.
"""

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile, gettempdir
from typing import Any, TextIO

import yaml

from mwwkit.cli import preflight, watching
from mwwkit.cli.command import say
from mwwkit.cli.given_folders import refuse_missing_places
from mwwkit.presets import Preset, PresetError, in_one_line
from mwwkit.presets.notebooks import (
    ENDS_IN,
    NOTEBOOKS,
    SECTIONS,
    notebook,
    of_section,
    parameters,
    refuse_unknown_keys,
    refuse_unknown_names,
    stands_for,
)
from mwwkit.presets.pristine import as_it_came
from mwwkit.run.comparison import OUR_OWN
from mwwkit.run.config_base import ONE
from mwwkit.run.decisions import parameter_decisions
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.fresh_session import Unfit
from mwwkit.run.links import copy_in
from mwwkit.run.lock import FILES as LOCKS
from mwwkit.run.lock import Occupied, session_in
from mwwkit.run.paths import Run
from mwwkit.run.session import DiskIsFull, StoppedEarly, stops_are_raised
from mwwkit.run.settings import NAMES as RUN_WIDE
from mwwkit.run.settings import of_run
from mwwkit.run.written import advice, as_written, in_parts, read, spelled

LISTS = {"PREVIOUS"}  # takes a list as well as a text
# Errors whose message says all, so that it is shown without their name.
SAYS_ENOUGH = ("SystemExit", "ValueError", WrongInput.__name__, CannotGoOn.__name__)
SAYS_ENOUGH += ("CheckpointError", "OtherSettings", "Unfinished", Occupied.__name__, Unfit.__name__)
STOPS = {stop.__name__: stop for stop in (StoppedEarly, DiskIsFull)}
# Of 104 bytes that a socket's path may have (macOS; 108 on Linux), less /mwwkit-xxxxxxxx/kernel-5.
SOCKETS_PATH_BYTES = 78


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


def plan(
    chosen: Sequence[str],
    preset: Preset,
    given: dict[str, str],
    run_dir: Path,
    previous: Sequence[str] = (),
    named: str | None = "",
    *,
    goes_on: bool = False,
) -> list[Job]:
    """What each notebook will be given: its preset section, then what was given by name.

    `given` holds texts, as from the command line; each goes to every chosen notebook that has the
    name. `named` is the preset's name, which the run keeps for notebooks run by themselves; None
    where it is the run's own.
    Raises PresetError, in one line, for a name that none has, a value of the wrong type, and a
    value that its stage would refuse, and where the run `goes_on` and has been made with other
    values of what cannot change; CannotGoOn where that cannot be told, as of what is damaged.
    """
    jobs = assembled(chosen, preset, given, run_dir, previous, named)
    refuse_missing(jobs)
    preflight.refuse_nonsense(every_value(jobs), goes_on=goes_on)
    return jobs


def assembled(
    chosen: Sequence[str],
    preset: Preset,
    given: dict[str, str],
    run_dir: Path,
    previous: Sequence[str] = (),
    named: str | None = "",
) -> list[Job]:
    """As `plan`, but only names and types are tried: the values may be for another machine."""
    takes = {stage: parameters(stage) for stage in NOTEBOOKS}
    refuse_unknown_keys(preset)
    _refuse_places(preset, given, previous)
    refuse_unknown_names(chosen, given)
    jobs = []
    for stage in chosen:
        values = of_section(preset, SECTIONS[stage])
        values = {name: value for name, value in values.items() if name in takes[stage]}
        values |= {n: parsed(n, t, takes[stage][n]) for n, t in given.items() if n in takes[stage]}
        values = {name: fitting(name, v, takes[stage][name]) for name, v in values.items()}
        values |= {"RUN_DIR": str(run_dir)}
        if named is not None and "PRESET" in takes[stage]:
            # said even where it is empty: of the run's own preset these values know nothing
            values["PRESET"] = named
        values = {"PREVIOUS": list(previous)} | values  # a notebook by itself looks for them
        jobs.append(Job(stage, values))
    return jobs


def every_value(jobs: Sequence[Job]) -> dict[str, dict[str, Any]]:
    """Every parameter of each notebook as it will count, by its section.

    What one is not given of the run's settings is what 01 is given, if it is among the jobs, else
    what the run has; what it is not given of others, what was decided on in a panel.
    """
    said_in_01 = next((job.given for job in jobs if job.stage == "01"), None)
    values = {}
    for job in jobs:
        run = Run.of(job.given["RUN_DIR"], job.given.get("PREVIOUS", ()))
        has = of_run(run, "" if said_in_01 else ENDS_IN[job.stage])
        said = {name.upper(): found.value for name, found in has.items()} | (said_in_01 or {})
        decided = parameter_decisions(run).get(SECTIONS[job.stage], {}).items()
        counting = _defaults(job, said) | {n: v for n, v in decided if v is not None}
        values[SECTIONS[job.stage]] = counting | job.given
    return values


def _defaults(job: Job, said: dict[str, Any]) -> dict[str, Any]:
    """The defaults of a job; `said` has the run's settings, by name."""
    defaults = parameters(job.stage)
    for name, default in defaults.items():
        if name.lower() in RUN_WIDE:
            defaults[name] = said.get(name, stands_for(name, default))
    return defaults


def _refuse_places(preset: Preset, given: dict[str, str], previous: Sequence[str]) -> None:
    """Refuse RUN_DIR as a parameter, and PREVIOUS given both as a parameter and as an option."""
    keys = {str(key).upper() for values in preset.values() for key in values} | given.keys()
    for name, option in (("RUN_DIR", "--run-dir"), ("PRESET", "--preset")):
        if name in keys:
            raise PresetError(f"{name} is given as a parameter; wanted the option {option}")
    if previous and "PREVIOUS" in keys:
        raise PresetError("PREVIOUS is given twice, as a parameter and as the option --previous")


def refuse_missing(jobs: Sequence[Job]) -> None:
    """PresetError where jobs are given earlier runs, folders or tables that are not there."""
    refuse_missing_runs(jobs)
    refuse_missing_places(jobs)


def refuse_missing_runs(jobs: Sequence[Job]) -> None:
    """PresetError for a run or an earlier one that cannot be one."""
    for job in jobs:
        try:
            Run.of(job.given["RUN_DIR"], job.given.get("PREVIOUS", ()))
        except (ValueError, OSError) as error:
            raise PresetError(str(error)) from error


def parsed(name: str, text: str, default: Any) -> Any:
    """The value of NAME=text: where a list is wanted it is YAML, and a text anywhere else.

    Where that list's default is empty, a text stands for its parts between commas.
    """
    wanted = stands_for(name, default)
    if not isinstance(wanted, list):
        return text
    try:
        value = as_written(text)
        return in_parts(value) if isinstance(value, str) and not wanted else value
    except yaml.YAMLError as error:
        message = f"{name} is {text!r}, which is not readable as YAML: {in_one_line(error)}"
        raise PresetError(message) from error


def fitting(name: str, value: Any, default: Any) -> Any:
    """`value` as the type of the default it replaces; PresetError where it cannot be.

    A text stays as it was written, and so do the items of a list whose default is empty: what they
    are, its Config knows.
    """
    default = stands_for(name, default)
    if name in LISTS and isinstance(value, list):
        return [fitting(f"one of {name}", item, "") for item in value]
    if isinstance(default, list):
        return _fitting_list(name, value, default)
    kind, value = type(default), spelled(value)
    try:
        if isinstance(value, str):
            return read(value, kind)
    except ValueError:
        pass
    raise PresetError(_refusal(name, value, ONE[kind], default))


def _fitting_list(name: str, value: Any, default: list) -> list:
    if isinstance(value, str) and value.lstrip().startswith("["):  # of an environment variable
        value = parsed(name, value, default)
    if not isinstance(value, list):
        raise PresetError(_refusal(name, value, "a list", default))
    if not default:
        return spelled(value)
    return [fitting(f"one of {name}", item, default[0]) for item in value]


def _refusal(name: str, value: Any, wanted: str, default: Any) -> str:
    found = "without a value" if value is None else repr(value)
    example = f", such as {default!r}" if default and not isinstance(default, bool) else ""
    return f"{name} is {found}; wanted {wanted}{example}{advice(value)}"


def snapshot(run: Run) -> dict[str, tuple[int, int]]:
    """Time and size of every file that the stages made in a run's folder.

    A view of another run (`run.views`) is nothing but links: what those lead to counts.
    """
    stamps = {}
    for top in [run.folder, *filter(Path.is_symlink, _entries(run.folder))]:
        for root, folders, files in os.walk(top):
            if Path(root) == run.folder:
                folders[:] = [name for name in folders if name not in OUR_OWN]
            for name in set(files) - LOCKS:  # whose session it is
                state = os.stat(os.path.join(root, name))
                stamps[os.path.join(root, name)] = (state.st_mtime_ns, state.st_size)
    return stamps


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def execute(jobs: Sequence[Job], run: Run, *, show: bool = False) -> Iterator[Done]:
    """Run each notebook; its executed copy goes to `executed/`, what it printed to `logs/`.

    `show` sends what is printed to stderr as well. A SESSION_HOURS among the parameters is for all
    notebooks together. Raises StoppedEarly where a notebook stopped to be continued, StageFailed
    where it failed for any other reason, Occupied where another process writes into the folder.
    """
    with session_in(run.folder):
        yield from _executed(jobs, run, show=show)


def _executed(jobs: Sequence[Job], run: Run, *, show: bool) -> Iterator[Done]:
    started, said = time.monotonic(), set()
    _make_our_own(run)
    for job in jobs:
        name, began, parameters = NOTEBOOKS[job.stage], time.monotonic(), dict(job.given)
        if show:
            say(f"{name}: starting ...")
        if parameters.get("SESSION_HOURS"):
            left_hours = parameters["SESSION_HOURS"] - (began - started) / 3600
            parameters["SESSION_HOURS"] = max(left_hours, 1e-6)  # 0 would mean no deadline
        copy = run / "executed" / f"{name}.ipynb"
        with open(run / "logs" / f"{name}.log", "w", encoding="utf-8") as log:
            with _children_into(log) as terminal:
                told_later = job.stage in ("01", "05")  # by the command: fates, verdict
                screen = watching.Screen(
                    log, terminal if show else None, shows_result=not told_later, said=said
                )
                try:
                    _execute(job.stage, parameters, copy, screen)
                finally:
                    screen.end()
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


def _execute(stage: str, parameters: dict[str, Any], copy: Path, out: watching.Screen) -> None:
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from papermill.log import logger
    from traitlets.config import Config

    logger.setLevel("ERROR")  # it knows the tagged cell alone; `assembled` has tried every name
    name, place = NOTEBOOKS[stage], _place_for_sockets()
    shown = {"progress_bar": False, "stdout_file": out, "stderr_file": out}
    engine = watching.engine()
    try:
        with TemporaryDirectory(prefix="mwwkit-", dir=place) as sockets:
            config = Config({} if sys.platform == "win32" else _sockets_in(sockets))
            # papermill fills in names in braces in a path
            both = as_it_came(notebook(stage), Path(sockets)), copy
            paths = [str(path).replace("{", "{{").replace("}", "}}") for path in both]
            with stops_are_raised(), copy_in(copy.parent), watching.quiet_at_interrupt(out):
                papermill.execute_notebook(*paths, parameters, engine, **shown, config=config)
    except PapermillExecutionError as error:
        out.log.write(re.sub("\x1b.*?m", "", "\n".join(error.traceback)) + "\n")
        if error.ename in STOPS:
            raise STOPS[error.ename](error.evalue) from error
        kind = "" if error.ename in SAYS_ENOUGH else f"{error.ename}: "
        raise StageFailed(f"{name} failed: {kind}{error.evalue}\n(see {copy})") from error
    except RuntimeError as error:  # nbclient's DeadKernelError, or a kernel that never answered
        raise StageFailed(
            f"{name} ended without a word, most often for want of memory: try fewer WORKERS, then "
            "run it again; finished units are kept"
        ) from error


def _place_for_sockets() -> str:
    """A folder with a path short enough for sockets in it; StageFailed where there is none."""
    places = [gettempdir(), os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp", "/var/tmp", "/dev/shm"]
    for place in places:
        is_short = len(os.fsencode(place)) <= SOCKETS_PATH_BYTES or sys.platform == "win32"
        if is_short and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
            return place
    raise StageFailed(
        f"no folder for temporary files has a path of at most {SOCKETS_PATH_BYTES} bytes, as the "
        f"sockets of a notebook's kernel want; TMPDIR is {places[0]}; set it to a shorter one"
    )


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
