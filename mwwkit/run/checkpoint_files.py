"""The files of a checkpoint: read, compared with the settings, and overlaid over earlier runs."""

import json
import warnings
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwwkit import __version__
from mwwkit.run.config_base import Before, hints_of
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import read_json

TIME_FIELDS = frozenset({"cpu_seconds", "wall_seconds"})  # facts that differ from run to run
_MISSING = object()  # equals no setting, None neither


class CheckpointError(CannotGoOn):
    """A checkpoint that cannot be continued; the message says what to do about it."""


@dataclass
class EarlierRuns:
    """What the files of one stage in earlier runs hold together."""

    units: dict[str, dict] = field(default_factory=dict)  # name -> facts
    complete: dict | None = None  # facts of the whole stage, where the last of them finished it
    figures: list[dict] = field(default_factory=list)  # oldest first
    forced: list[str] = field(default_factory=list)  # beginnings of units that were made again


def earlier_runs(runs: Sequence[Path], folder: str, settings: dict, former: dict) -> EarlierRuns:
    """Overlay the checkpoints that a stage left in the folders of earlier runs, oldest first.

    Raises CheckpointError if one is damaged or was made under other settings, or if two hold the
    same unit with other facts.
    """
    earlier = EarlierRuns()
    origin: dict[str, Path] = {}
    for place in runs:
        path = place / folder / "checkpoint.json"
        if not (state := load(path, earlier=True)):
            continue
        refuse_other_settings(path, former | state["settings"], settings, earlier=True)
        earlier.figures.append(state.get("figures", {}))
        earlier.forced += state.get("forced", [])
        earlier.units = without(earlier.units, state.get("forced", []))
        for unit, facts in state["done"].items():
            if unit in earlier.units and _timeless(earlier.units[unit]) != _timeless(facts):
                raise CheckpointError(
                    f"{origin[unit]} and {path} both hold unit {unit!r}, made differently; "
                    "leave one of the two runs out of PREVIOUS"
                )
            earlier.units[unit], origin[unit] = facts, path
        if state["complete"] is not None:
            earlier.complete = state["complete"]
    return earlier


def former_of(config: Any, names: Container[str]) -> dict[str, Any]:
    """Values to assume for settings an older checkpoint lacks, from the fields' `Before`.

    Of the settings in `names`; nothing for a field that does not say it, and without a Config.
    """
    hints = {} if config is None else hints_of(type(config))
    former = {n: m.value for n, (_, said) in hints.items() for m in said if isinstance(m, Before)}
    return as_json({name: value for name, value in former.items() if name in names})


def as_json(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as a file has them: tuples are lists."""
    return json.loads(json.dumps(settings))


def _timeless(facts: dict) -> dict:
    return {name: value for name, value in facts.items() if name not in TIME_FIELDS}


def without(units: dict[str, dict], beginnings: list[str]) -> dict[str, dict]:
    """The units whose names start with none of `beginnings`."""
    return {unit: f for unit, f in units.items() if not unit.startswith(tuple(beginnings))}


def previous_of(path: Path) -> Path:
    """Where the generation before the checkpoint at `path` is kept."""
    return path.with_name("checkpoint.previous.json")


def _read(path: Path) -> dict:
    state = read_json(path)
    shown = {"figures", "forced"}
    if isinstance(state, dict) and {"settings", "done", "complete"} < set(state) - shown:
        more = ", ".join(sorted(set(state) - shown - {"settings", "done", "complete"}))
        raise CheckpointError(
            f"{path} was written by a newer mwwkit: it has {more}, which {__version__} does not "
            "know; update mwwkit, or use a new RUN_DIR"
        )
    if not isinstance(state, dict) or set(state) - shown != {"settings", "done", "complete"}:
        raise WrongInput(f"{path} holds {str(state)[:60]!r}, not settings, done and complete")
    if not isinstance(state["settings"], dict) or not isinstance(state["done"], dict):
        raise WrongInput(f"{path}: settings and done must be tables")
    return state


def is_good(path: Path) -> bool:
    """Whether the file at `path` can be read as a checkpoint."""
    try:
        _read(path)
    except ValueError:
        return False
    return True


def load(path: Path, *, earlier: bool = False) -> dict | None:
    """The state at `path`, or its last good generation; None where there is neither."""
    previous = previous_of(path)
    if not path.exists() and not previous.exists():
        return None
    try:
        return _read(path)
    except (ValueError, FileNotFoundError) as error:
        try:
            state = _read(previous)
        except (ValueError, FileNotFoundError):
            cure = (
                "leave that run out of PREVIOUS"
                if earlier
                else f"delete {path.name} and {previous.name} to redo every unit of {path.parent}"
            )
            raise CheckpointError(
                f"{path} is damaged ({error}) and no earlier generation of it is left; {cure}"
            ) from error
        warnings.warn(
            f"{path} is damaged ({error}); going on from its last good generation, "
            f"{len(state['done'])} finished units",
            stacklevel=3,
        )
        return state


def refuse_other_settings(path: Path, before: dict, now: dict, *, earlier: bool) -> None:
    """CheckpointError where the file at `path` has other settings than `now`."""
    names = sorted(before | now)
    changed = [n for n in names if before.get(n, _MISSING) != now.get(n, _MISSING)]
    if changed:
        shown = ", ".join(f"{n} ({_of(before, n)} then, {_of(now, n)} now)" for n in changed)
        cure = "leave that run out of PREVIOUS" if earlier else "use a new RUN_DIR"
        if unknown := [n for n in changed if n not in now]:
            cure += f"; or update mwwkit: {__version__} does not know {', '.join(unknown)}"
        raise CheckpointError(
            f"{path} was made with other values of {shown}; put them back, or {cure}"
        )


def why_not_one_run(one: dict, other: dict) -> str:
    """Why two states of one stage cannot be parts of one run, in words; empty if they can.

    A setting that only one of them has says nothing: an older version may have left it out.
    """
    names = one["settings"].keys() & other["settings"].keys()
    for name in sorted(names):
        if one["settings"][name] != other["settings"][name]:
            return f"{name} is {one['settings'][name]!r} and {other['settings'][name]!r}"
    for unit in sorted(one["done"].keys() & other["done"].keys()):
        if _timeless(one["done"][unit]) != _timeless(other["done"][unit]):
            return f"both hold unit {unit!r}, made differently"
    return ""


def _of(settings: dict, name: str) -> str:
    return repr(settings[name]) if name in settings else "missing"
