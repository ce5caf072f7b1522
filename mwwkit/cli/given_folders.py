"""Whether the folder of recordings that is given to 01 is there, told before anything is made.

    refuse_missing_recordings(jobs)     # PresetError: RECORDINGS names /x/mywrods, and there ...

A folder that the run has already is for 01 itself: a finished one goes on without it.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from mwwkit.presets import PresetError
from mwwkit.run.paths import Run, typed_path
from mwwkit.run.settings import of_run

NAME = "RECORDINGS"
NOT_A_FOLDER = ("", "auto")  # none, and those of paths.md


class Job(Protocol):
    """A notebook and what it is given, as `chain.Job`."""

    stage: str
    given: dict[str, Any]


def refuse_missing_recordings(jobs: Sequence[Job]) -> None:
    """PresetError, with the whole path, where RECORDINGS names a folder that is not there."""
    for job in jobs:
        place = job.given.get(NAME, "")
        if job.stage != "01" or place in NOT_A_FOLDER or job.given.get("PRODUCT") == "triples":
            continue
        try:
            folder = typed_path(place).absolute()
        except ValueError as error:
            raise PresetError(f"{NAME}: {error}") from error
        if not folder.is_dir() and not _has(job, folder):
            raise PresetError(
                f"{NAME} names {folder}, {_why_none(folder)}{close_by(folder, only_folders=True)}; "
                "wanted a folder with positive/ in it"
            )


def _has(job: Job, folder: Path) -> bool:
    """Whether the run was begun with that folder."""
    run = Run.of(job.given["RUN_DIR"], job.given.get("PREVIOUS", ()))
    held = of_run(run).get(NAME.lower())
    return held is not None and held.value == str(folder)


def _why_none(folder: Path) -> str:
    return "which is a file" if folder.exists() else "and there is no such folder"


def close_by(path: Path, *, only_folders: bool = False) -> str:
    """A question, where something of nearly the same name lies beside a path; else empty."""
    try:
        beside = [each for each in path.parent.iterdir() if each.is_dir() or not only_folders]
    except OSError:
        return ""
    names = {each.name.casefold(): each for each in beside if each != path}
    near = get_close_matches(path.name.casefold(), sorted(names), 1, 0.6)
    return f" (did you mean {names[near[0]]}?)" if near else ""
