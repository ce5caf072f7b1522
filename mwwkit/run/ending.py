"""How a notebook ends at a limit of its session: well, with the lines that the next one takes.

    ending = Ending(run)
    ending.of(mine.run, config, run, limits)        # in the cell that runs the stage
    ending.stopped or mistakes_panel.mined(run)     # in the cells after it

Platforms may keep the output of notebooks alone that end without an error. Under the command line,
which has an exit code for it, a stop is raised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwwkit.run import kept
from mwwkit.run.paths import Run, platform
from mwwkit.run.session import DiskIsFull, StoppedEarly, well_ended
from mwwkit.run.shown import Sentence

STOPPED = "Stopped at a limit of the session: the next one shows and checks it."


@dataclass
class Ending:
    """Whether the stage of a notebook was stopped at a limit, and what comes next."""

    run: Run
    stopped: str = ""  # why the cells after it have nothing to show, where it was

    def of(self, stage_run: Callable, *args: Any, **names: Any) -> Any:
        """What `stage_run(*args, **names)` returns; at a stop nothing, and the next lines printed.

        Raises StoppedEarly under `python -m mwwkit`.
        """
        self.stopped = ""
        try:
            return stage_run(*args, **names)
        except StoppedEarly as stop:
            well_ended(stop)
            self.stopped = Sentence(STOPPED)
            print(f"{stop}\n\n{next_session(self.run, is_full=isinstance(stop, DiskIsFull))}")
            return None
        finally:
            from mwwkit.run import pace  # loads NumPy, which the command line's help does without

            pace.save(self.run)


def next_session(run: Run, *, is_full: bool) -> str:
    """What to set in the cell of parameters, and what to attach, so that the next goes on."""
    if platform() == "kaggle":
        attached = "".join(f"\n    {path}" for path in run.earlier)
        still = f" beside what is attached now:{attached}\nand" if attached else " and"
        return (
            "The next session: save this version. Then attach its output (Add input, Notebook "
            f'output){still} set, with all other parameters as they are,\n    PREVIOUS = "auto"'
        )
    if place := kept.place_of(run.folder):
        return _from_the_copy(run, place, is_full=is_full)
    folder, earlier = next_places(run, is_full=is_full)
    lost = f"\nBut {told}: copy it before." if (told := kept.told(run.folder)) else ""
    disk = ", in a folder on a disk that has room" if is_full else ""
    return (
        f"The next session: all cells again{disk}, with all other parameters as they are and\n"
        f"    RUN_DIR = {str(folder)!r}\n"
        f"    PREVIOUS = {', '.join(map(str, earlier))!r}{lost}"
    )


def _from_the_copy(run: Run, place: Path, *, is_full: bool) -> str:
    """The same for a run that the next session reads back from its copy, whole."""
    room = (
        "\nAll of the run is read back: take a machine with a larger disk or, where BUDGET_GB was "
        "reached, raise that."
    )
    return (
        f"The next session: all cells again, on any machine: the run is read back from {place}. "
        "All other parameters as they are and\n"
        '    RUN_DIR = "auto"\n'
        f"    PREVIOUS = {', '.join(map(str, run.earlier))!r}{room if is_full else ''}"
    )


def next_places(run: Run, *, is_full: bool) -> tuple[Path, tuple[Path, ...]]:
    """The folder of the next session, and the runs before it: another folder where it is full.

    It stays the same where a copy of it is kept, since only that one is read back.
    """
    if not is_full or kept.place_of(run.folder):
        return run.folder, run.earlier
    return _beside(run.folder), (*run.earlier, run.folder)


def _beside(folder: Path) -> Path:
    """The first folder of that name and a number, from 2 on, that is not there yet."""
    number = 2
    while (path := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return path
