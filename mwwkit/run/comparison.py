"""Whether a chain of runs holds what one long run does, byte for byte.

    differences(Path("long"), [Path("session-001"), Path("session-002")])     # [] where it does

A file counts as the newest run of the chain has it. Checkpoints are laid over each other, as the
stages read them; times, logs and executed notebooks are each session's own.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mwwkit.run.checkpoint_files import TIME_FIELDS, load, without
from mwwkit.run.files import PART
from mwwkit.run.lock import FILES

OUR_OWN = frozenset({"executed", "logs"})  # folders that every session writes anew
CHECKPOINTS = frozenset({"checkpoint.json", "checkpoint.previous.json"})
PASSING = "snapshot-"  # to go on from; what is behind a run's last ones is deleted


def digests(run: Path) -> dict[str, str]:
    """Digest of every file of a run by its name, but for what is a session's own; without times."""
    found = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run)
        if path.is_file() and name.parts[0] not in OUR_OWN | FILES:
            data = path.read_bytes()
            if path.suffix == ".json" and (value := json.loads(data)) != timeless(value):
                data = json.dumps(timeless(value)).encode()
            found[str(name)] = hashlib.sha256(data).hexdigest()
    return found


def timeless(value: Any) -> Any:
    """A JSON value without the fields that hold how long something took."""
    if isinstance(value, dict):
        return {name: timeless(v) for name, v in value.items() if name not in TIME_FIELDS}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def differences(long: Path, chain: Sequence[Path]) -> list[str]:
    """What one long run and a chain of runs (oldest first) do not have alike, in words."""
    wanted, found = _files(long), {}
    for run in chain:
        found |= _files(run)
    said = [f"{name}: not in the chain" for name in sorted(wanted.keys() - found.keys())]
    more = [name for name in found.keys() - wanted.keys() if PASSING not in name]
    said += [f"{name}: only in the chain" for name in sorted(more)]
    both = sorted(wanted.keys() & found.keys())
    said += [f"{name}: other bytes" for name in both if wanted[name] != found[name]]
    return said + [f"{folder}/checkpoint.json: {what}" for folder, what in _units(long, chain)]


def _files(run: Path) -> dict[str, str]:
    """Digests of what counts: no checkpoint, and nothing that was being written."""
    return {
        name: digest
        for name, digest in digests(run).items()
        if Path(name).name not in CHECKPOINTS
        and not any(part.startswith(PART) for part in Path(name).parts)
    }


def _units(long: Path, chain: Sequence[Path]) -> Iterator[tuple[str, str]]:
    places = {path.parent.relative_to(run) for run in (long, *chain) for path in _checkpoints(run)}
    for place in sorted(places):
        one, other = _overlaid([long / place]), _overlaid([run / place for run in chain])
        yield from ((str(place), what) for what in one if one[what] != other[what])


def _checkpoints(run: Path) -> list[Path]:
    return [path for path in run.rglob("checkpoint.json") if path.parent.name not in OUR_OWN]


def _overlaid(folders: Sequence[Path]) -> dict[str, Any]:
    units, complete, settings = {}, None, None
    for folder in folders:
        if state := load(folder / "checkpoint.json", earlier=True):
            units = without(units, state.get("forced", [])) | state["done"]
            complete = complete if state["complete"] is None else state["complete"]
            settings = state["settings"]
    return {"units": timeless(units), "complete": timeless(complete), "settings": settings}
