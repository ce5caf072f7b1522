"""A copy of the run that outlives its session, file by whole file: on Colab, in Google Drive.

restore(run_folder)        # at a session's start: what the copy has and the folder lacks
unit_finished(checkpoint)  # what is new or changed, if the last time is long enough ago
save(run_folder)           # now

Where the copy is stands in paths.md, row `kept`; where it names no place nothing is copied. Units
are whole in the copy: a checkpoint is read before the files are copied and written after them, so
it never speaks of what is not there yet.

Several sessions may keep one copy, each on a machine of its own that has a part of the run. So a
session brings there what it made itself, deletes there only what it read from there or brought
there before, and leaves all else as it is. One that has not read the copy writes nothing to it.
"""

import os
import shutil
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from mwwkit.run.files import PART, read_json, replacing, write_json
from mwwkit.run.lock import FILES
from mwwkit.run.paths import places, table

INDEX = "kept.json"  # in the copy: of each file, its bytes and its time when it was copied
_RECORDS = {"checkpoint.json", "checkpoint.previous.json", "manifest.json"}  # what speaks of files
_PAUSE = 10  # times as long as the last copying took passes before the next
_Stamps = dict[str, list[int]]
_next_time: dict[Path, float] = {}
_known: dict[Path, _Stamps] = {}  # of a run's folder: what this process and the copy both have


def place_of(folder: Path) -> Path | None:
    """Where the copy of a run's folder is; None where none is kept of it.

    One is kept of the platform's own folder for runs (`RUN_DIR = "auto"`), if paths.md has a place.
    """
    place = _place()
    return place if place and folder.absolute() == places("run")[0].absolute() else None


def _place() -> Path | None:
    """Where this platform's copies are, whatever run they are of."""
    return next(iter(places("kept") if "kept" in table() else []), None)


def told(folder: Path) -> str:
    """In words, where a platform keeps copies and none is kept of this folder; else nothing."""
    place = _place()
    if place is None or place_of(folder) or folder.absolute().is_relative_to(mount_of(place)):
        return ""
    return (
        f"no copy of {folder} is kept in {mount_of(place)}: it ends with this session's machine; "
        "RUN_DIR = 'auto' is copied"
    )


def mount_of(place: Path) -> Path:
    """The folder of Google Drive that a copy is in, else the folder that it is in."""
    return next((p for p in place.parents if p.name == "MyDrive"), place.parent)


def restore(folder: Path) -> int:
    """Copy what the folder lacks from its copy; the number of files. Checkpoints come last."""
    place, folder = place_of(folder), folder.absolute()
    if place is None:
        return 0
    stamps = _index(place)
    there = [name for name in _names(place) if name != INDEX]
    names = [name for name in there if not (folder / name).exists()]
    for name in sorted(names, key=_is_record):
        _copy(place / name, folder / name)
        if name in stamps:
            os.utime(folder / name, ns=(stamps[name][1], stamps[name][1]))
    here = {name: _stamp(folder / name) for name in there}
    alike = {name: stamp for name, stamp in here.items() if stamps.get(name) == stamp}
    _known[folder] = alike | {name: here[name] for name in names}
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
    if _place() is None:
        return None
    run = places("run")[0].absolute()
    return run if checkpoint.absolute().is_relative_to(run) else None


def save_all() -> None:
    """Save every run that this process keeps a copy of."""
    for folder in list(_known):
        save(folder)


def save(folder: Path) -> int:
    """Bring the copy up to date; the number of files copied. Warns where it cannot be written.

    Warns too, and writes nothing, where there is a copy that this process has not read: it may be
    of more than the folder has.
    """
    place, folder = place_of(folder), folder.absolute()
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
        _next_time[folder] = now + _PAUSE * (now - began)


def _save(folder: Path, place: Path) -> int:
    _refuse_unread(folder, place)
    # In this order: a checkpoint's text, the files that it speaks of, the checkpoint.
    before = {name: _stamp(folder / name) for name in _names(folder)}
    records = {name: (folder / name).read_bytes() for name in before if _is_record(name)}
    here = {name: _stamp(folder / name) for name in _names(folder) if not _is_record(name)}
    there = _index(place)
    known = _known.get(folder, {}) if there else {}  # somebody emptied the copy
    now = here | {name: before[name] for name in records}
    ours = [name for name in now if now[name] != known.get(name, there.get(name))]
    changed = [name for name in ours if name in here]
    for name in changed:
        _copy(folder / name, place / name)
    for name in (name for name in ours if name in records):
        text = records[name]
        if not (place / name).is_file() or (place / name).read_bytes() != text:
            with replacing(place / name) as part:
                part.write_bytes(text)
            changed.append(name)
    gone = {name for name in known.keys() - now if there.get(name, known[name]) == known[name]}
    for name in gone:
        (place / name).unlink(missing_ok=True)
    if ours or gone:
        others = {name: stamp for name, stamp in _index(place).items() if name not in gone}
        write_json(place / INDEX, others | {name: now[name] for name in ours})
    _known[folder] = now
    return len(changed)


def _refuse_unread(folder: Path, place: Path) -> None:
    """OSError where the copy cannot be that of this folder."""
    if not mount_of(place).is_dir():
        raise FileNotFoundError(f"{mount_of(place)} is not mounted")
    if folder not in _known and (_index(place) or any(map(_is_record, _names(place)))):
        raise FileExistsError(
            "it has files of a run that this session did not read back: run the notebook's first "
            "cell, which does, or set another RUN_DIR"
        )


def _index(place: Path) -> _Stamps:
    return read_json(place / INDEX) if (place / INDEX).is_file() else {}


def _names(folder: Path) -> Iterator[str]:
    """Every whole file under a folder; nothing that is being written, no locks of the run."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(PART))
        for name in sorted(files):
            if not name.startswith(PART) and name not in FILES:
                yield str(Path(root, name).relative_to(folder))


def _is_record(name: str) -> bool:
    return Path(name).name in _RECORDS


def _stamp(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as part:
        shutil.copyfile(source, part)
