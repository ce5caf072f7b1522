"""A copy of the run that outlives its session, file by whole file: on Colab, in Google Drive.

restore(run_folder)        # at a session's start: what the copy has and the folder lacks
unit_finished(checkpoint)  # what is new or changed, if the last time is long enough ago
save(run_folder)           # now

Where the copy is stands in paths.md, row `kept`; where it names no place nothing is copied. Units
are whole in the copy: a checkpoint is read before the files are copied and written after them, so
it never speaks of what is not there yet.
"""

import os
import shutil
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from mwwkit.run.files import PART, read_json, replacing, write_json
from mwwkit.run.paths import places, table

INDEX = "kept.json"  # in the copy: of each file, its bytes and its time when it was copied
_RECORDS = {"checkpoint.json", "checkpoint.previous.json", "manifest.json"}  # what speaks of files
_PAUSE = 10  # times as long as the last copying took passes before the next
_next_time: dict[Path, float] = {}
_Stamps = dict[str, list[int]]


def place_of(folder: Path) -> Path | None:
    """Where the copy of a run's folder is; None where none is kept of it.

    One is kept of the platform's own folder for runs (`RUN_DIR = "auto"`), if paths.md has a place.
    """
    found = places("kept") if "kept" in table() else []
    return found[0] if found and folder.absolute() == places("run")[0].absolute() else None


def restore(folder: Path) -> int:
    """Copy what the folder lacks from its copy; the number of files. Checkpoints come last."""
    place = place_of(folder)
    if place is None or not place.is_dir():
        return 0
    stamps = _index(place)
    names = [name for name in _names(place) if name != INDEX and not (folder / name).exists()]
    for name in sorted(names, key=_is_record):
        _copy(place / name, folder / name)
        if name in stamps:
            os.utime(folder / name, ns=(stamps[name][1], stamps[name][1]))
    return len(names)


def unit_finished(checkpoint: Path) -> None:
    """Save the run that this checkpoint is of, unless that was just done."""
    if (run := _run_of(checkpoint)) and time.monotonic() >= _next_time.get(run, 0.0):
        save(run)


def stage_finished(checkpoint: Path) -> None:
    """Save the run that this checkpoint is of."""
    if run := _run_of(checkpoint):
        save(run)


def _run_of(checkpoint: Path) -> Path | None:
    if "kept" not in table() or not places("kept"):
        return None
    run = places("run")[0].absolute()
    return run if checkpoint.absolute().is_relative_to(run) else None


def save(folder: Path) -> int:
    """Bring the copy up to date; the number of files copied. Warns where it cannot be written."""
    place = place_of(folder)
    if place is None:
        return 0
    began = time.monotonic()
    try:
        return _save(folder, place)
    except OSError as error:
        warnings.warn(
            f"{place} could not be brought up to date ({error}); what is finished is in {folder}, "
            "which this session's end will delete: make room, or copy it yourself",
            stacklevel=3,
        )
        return 0
    finally:
        now = time.monotonic()
        _next_time[folder.absolute()] = now + _PAUSE * (now - began)


def _save(folder: Path, place: Path) -> int:
    # In this order: a checkpoint's text, the files that it speaks of, the checkpoint.
    records = {n: (folder / n).read_bytes() for n in _names(folder) if _is_record(n)}
    here = {name: _stamp(folder / name) for name in _names(folder) if not _is_record(name)}
    there = _index(place)
    changed = [name for name, stamp in here.items() if stamp != there.get(name)]
    for name in changed:
        _copy(folder / name, place / name)
    for name, text in records.items():
        if not (place / name).is_file() or (place / name).read_bytes() != text:
            with replacing(place / name) as part:
                part.write_bytes(text)
            changed.append(name)
    gone = there.keys() - here.keys() - records.keys()
    for name in gone:
        (place / name).unlink(missing_ok=True)
    if changed or gone:
        stamps = {name: _stamp(folder / name) for name in records}
        write_json(place / INDEX, here | stamps)
    return len(changed)


def _index(place: Path) -> _Stamps:
    return read_json(place / INDEX) if (place / INDEX).is_file() else {}


def _names(folder: Path) -> Iterator[str]:
    """Every whole file under a folder; nothing that is being written, no locks."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(PART))
        for name in sorted(files):
            if not name.startswith(PART) and not name.endswith("lock"):
                yield str(Path(root, name).relative_to(folder))


def _is_record(name: str) -> bool:
    return Path(name).name in _RECORDS


def _stamp(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as part:
        shutil.copyfile(source, part)
