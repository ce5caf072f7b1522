"""Whether a chain has nothing to do: it was made already, of just what it would be made of now.

    made = Made(jobs, run)
    made.is_all_there()         # True: no kernel has to be started to find out
    made.look()                 # before the first notebook starts
    made.keep()                 # after the last one has ended

A chain that ends well leaves digests of what each notebook was given, of what 01 was given to read,
of the code, and of the run's files, which are compared by time and size. Where anything differs the
notebooks run as ever, and each stage finds out for itself what is left of its work.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import mwwkit
from mwwkit.cli.chain import NOTEBOOKS, Job, every_value, snapshot
from mwwkit.presets.notebooks import CELLS, SECTIONS, notebook
from mwwkit.run.errors import MwwkitError
from mwwkit.run.files import read_json, write_json
from mwwkit.run.lock import session_in
from mwwkit.run.paths import Run, typed_path
from mwwkit.run.settings import PLACES

FILE = "logs/finished.json"
GIVEN_MEANWHILE = ("decisions", "recorded")  # folders that a person may write into at any time
PLACELESS = {"RUN_DIR", "PREVIOUS"}  # they say where, and what is there is looked at itself
OURS = "MWWKIT_"  # begins our own variables


class Made:
    """What the notebooks of a chain are made of, as it is now."""

    def __init__(self, jobs: Sequence[Job], run: Run) -> None:
        """Of these notebooks in this run; nothing is looked at yet."""
        self.run, self.jobs = run, jobs
        self.of: dict[str, str] | None = None
        self._before: dict[str, tuple[int, int]] = {}

    def look(self) -> None:
        """Look at all of it but the run's own files, once; for 01 that loads NumPy."""
        if self.of is not None:
            return
        self._before = snapshot(self.run)
        try:
            self.of = _digests(self.jobs, self.run)
        except (MwwkitError, OSError, ValueError, KeyError):  # the stage says what is wrong with it
            self.of = {}

    @property
    def was_of_others(self) -> bool:
        """Whether a chain of these notebooks ended well here, of something else than now."""
        made_of = self._held().get("made_of", {})
        is_known = bool(self.of) and made_of.keys() >= self.of.keys()
        return is_known and any(made_of[stage] != of for stage, of in self.of.items())

    def _held(self) -> dict[str, Any]:
        """What the last chain that ended well left; nothing where it cannot be read."""
        with suppress(OSError, ValueError):
            held = read_json(self.run / FILE)
            if isinstance(held, dict) and isinstance(held.get("made_of"), dict):
                return held
        return {}

    def is_all_there(self) -> bool:
        """Whether a chain of these notebooks ended well here, of the same, and all is as it was.

        Raises Occupied where another process writes into the folder.
        """
        if not (self.run / FILE).is_file():
            return False
        self.look()
        if not self.of:
            return False
        with session_in(self.run.folder):
            held = self._held()
            same = bool(held) and held["made_of"].items() >= self.of.items()
            same = same and held.get("files") == _digest(sorted(snapshot(self.run).items()))
        copies = (self.run / "executed" / f"{NOTEBOOKS[stage]}.ipynb" for stage in self.of)
        return same and all(copy.is_file() for copy in copies)

    def keep(self) -> None:
        """Write it down, after all of the notebooks ended well; nothing where it cannot be known.

        What a person decided or recorded meanwhile may be in none of it.
        """
        after = snapshot(self.run)
        if self.of and self._by_people(self._before) == self._by_people(after):
            files = _digest(sorted(after.items()))
            with suppress(OSError):  # the next session looks for itself
                write_json(self.run / FILE, {"made_of": self.of, "files": files})

    def _by_people(self, files: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        folders = tuple(f"{self.run / name}{os.sep}" for name in GIVEN_MEANWHILE)
        return {path: state for path, state in files.items() if path.startswith(folders)}


def _digests(jobs: Sequence[Job], run: Run) -> dict[str, str]:
    """By stage, a digest of what it is made of; none where that is not known from outside."""
    values = every_value(jobs)
    if any(each.get("PRODUCT", "clips") != "clips" for each in values.values()):
        return {}  # triples are read from places that this does not know
    common = [_code(), *(sorted(snapshot(Run(folder)).items()) for folder in run.earlier)]
    common.append(sorted(item for item in os.environ.items() if item[0].startswith(OURS)))
    found = {}
    for job in jobs:
        of = values[SECTIONS[job.stage]]
        read = list(_read_by_01(of, run)) if job.stage == "01" else []
        found[job.stage] = _digest([common, _plain(of), read])
    return found


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as they count: places by their whole paths."""
    places = {name.upper() for name in PLACES}
    return {
        name: _whole(value) if name in places else value
        for name, value in sorted(values.items())
        if name not in PLACELESS
    }


def _whole(place: Any) -> Any:
    if isinstance(place, list | tuple):
        return [_whole(each) for each in place]
    return place if place in ("", "auto") else str(typed_path(place).absolute())


def _code() -> list[Any]:
    """The versions of what works, and the files of mwwkit itself."""
    package = Path(mwwkit.__file__).parent
    files = [*package.rglob("*.py"), *package.rglob("*.yaml"), CELLS, *map(notebook, NOTEBOOKS)]
    return [mwwkit.__version__, sys.version, *map(_state, sorted(files))]


def _read_by_01(values: dict[str, Any], run: Run) -> Iterator[Any]:
    """What 01 would find in the places that it is given; what it would look at and cannot use."""
    from mwwkit.corpus import given_places
    from mwwkit.corpus.recording_folders import not_looked_at
    from mwwkit.stages import acquire

    own = acquire.Config.taken(values)
    config = acquire.Config(**{name: value for name, value in own.items() if value is not None})
    config = acquire.as_begun(config, run)
    for place in given_places.read_given(config, run):
        yield place.name, [(_state(item.path), item.about.origin) for item in place.inputs]
        aside = [(str(Path(row.path).absolute()), row.reason) for row in place.aside]
        yield aside, place.ignored, place.left_out, place.notices
    given = given_places.folders_given(config)
    yield not_looked_at(config.recordings, given)
    tables = [typed_path(each) for each in (config.table, config.given_splits) if each]
    yield [_state(path) for path in tables]
    if config.piper_voices:
        yield [_state(path) for path in sorted(typed_path(config.piper_voices).rglob("*"))]


def _state(path: Path) -> tuple[str, int, int, int]:
    """A file by its times and its size."""
    state = os.stat(path)
    return str(path.absolute()), state.st_mtime_ns, state.st_ctime_ns, state.st_size


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]
