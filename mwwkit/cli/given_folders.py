"""Whether the folders and tables that are given to 01 are there, told before anything is made.

    refuse_missing_places(jobs)     # PresetError: RECORDINGS names /x/mywrods, and there ...

One that the run has already is for 01 itself: a finished one goes on without it.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from mwwkit.cli.command import say
from mwwkit.presets import PresetError
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run, given_path, typed_path
from mwwkit.run.settings import PLACES, of_run

MOST_TOLD = 5  # folders that are not used, before the work; 01 lists all
NOT_A_PLACE = ("", "auto")  # none, and those of paths.md


class Job(Protocol):
    """A notebook and what it is given, as `chain.Job`."""

    stage: str
    given: dict[str, Any]


def refuse_missing_places(jobs: Sequence[Job]) -> None:
    """PresetError, with the whole path, where 01 is given a place to read that is not there."""
    for job in jobs:
        if job.stage == "01" and job.given.get("PRODUCT") != "triples":
            for name, place in _places(job):
                _refuse(job, name, place)


def _places(job: Job) -> Iterator[tuple[str, str]]:
    """(setting, place) of each place that is given."""
    for name in PLACES:
        given = job.given.get(name.upper()) or []
        for place in [given] if isinstance(given, str) else given:
            if isinstance(place, str) and place not in NOT_A_PLACE:  # else its Config refuses it
                yield name, place


def _refuse(job: Job, name: str, place: str) -> None:
    from mwwkit.corpus.missing_places import refuse_missing

    try:
        path = typed_path(place).absolute()
        if not _has(job, name, path):
            refuse_missing(name, path)
            if name == "recordings":
                _look_into(path)
    except WrongInput as error:
        told = str(error)
        told = told if told.startswith(name.upper()) else f"{name.upper()}: {told}"
        raise PresetError(f"{told}{counted_from([place])}") from error


def _look_into(recordings: Path) -> None:
    """WrongInput where none of its folders has a name that is known; say which are not used."""
    from mwwkit.corpus.role_folders import roles_in

    aside = roles_in(recordings)[1].aside
    folders = [row for row in aside if Path(row.path).is_dir()]
    for unused in folders[:MOST_TOLD]:
        say(f"{unused.path} {unused.reason}")
    if len(folders) > MOST_TOLD:
        say(f"and {len(folders) - MOST_TOLD} more folders there are not used")


def counted_from(places: Iterable[str]) -> str:
    """From where relative places are counted, to end a refusal; empty where none is one."""
    relative = [place for place in places if not given_path(place).is_absolute()]
    return f" ({', '.join(relative)} was counted from {Path.cwd()})" if relative else ""


def _has(job: Job, name: str, path: Path) -> bool:
    """Whether the run was begun with that place."""
    run = Run.of(job.given["RUN_DIR"], job.given.get("PREVIOUS", ()))
    held = of_run(run).get(name)
    places = [] if held is None else [held.value] if isinstance(held.value, str) else held.value
    return str(path) in places
