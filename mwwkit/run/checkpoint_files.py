"""The files of a checkpoint: read, compared with the settings, and overlaid over earlier runs."""

import json
import warnings
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwwkit import __version__
from mwwkit.run.config_base import Before, hints_of
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import read_json

TIME_FIELDS = frozenset({"cpu_seconds", "wall_seconds"})  # facts that differ from run to run
# settings that name what a stage before it made
MADE_OF = ("catalogue", "features", "weights", "decided")
_MISSING = object()  # equals no setting, None neither
# Settings then and now: beginnings of the units that are made again, "" of all; None: refused.
Anew = Callable[[dict[str, Any], dict[str, Any]], "list[str] | None"]


class CheckpointError(CannotGoOn):
    """A checkpoint that cannot be continued; the message says what to do about it."""


@dataclass
class EarlierRuns:
    """What the files of one stage in earlier runs hold together."""

    units: dict[str, dict] = field(default_factory=dict)  # name -> facts
    complete: dict | None = None  # facts of the whole stage, where the last of them finished it
    figures: list[dict] = field(default_factory=list)  # oldest first
    forced: list[str] = field(default_factory=list)  # beginnings of units that were made again
    outdated: set[str] = field(default_factory=set)  # units that do not count any more


class Unfinished(CheckpointError):
    """What is there is good, and is not all that there will be."""


class OtherSettings(CheckpointError):
    """What is there is good, and was made with or of something else than is asked for now."""


def never(then: dict[str, Any], now: dict[str, Any]) -> None:
    """No stage goes on under other settings unless it says so."""


def earlier_runs(
    runs: Sequence[Path], folder: str, settings: dict, former: dict, anew: Anew = never
) -> EarlierRuns:
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
        then = former | state["settings"]
        beginnings = refuse_other_settings(path, then, settings, anew, earlier=True)
        earlier.figures.append(state.get("figures", {}))
        earlier.forced += state.get("forced", [])
        earlier.units = without(earlier.units, state.get("forced", []))
        counting = without(state["done"], beginnings)
        earlier.outdated |= state["done"].keys() - counting.keys()
        for unit, facts in counting.items():
            if unit in earlier.units and _timeless(earlier.units[unit]) != _timeless(facts):
                raise CheckpointError(
                    f"{origin[unit]} and {path} both hold unit {unit!r}, made differently; "
                    "leave one of the two runs out of PREVIOUS"
                )
            earlier.units[unit], origin[unit] = facts, path
        if state["complete"] is not None:
            earlier.complete = None if beginnings else state["complete"]
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


def changed_settings(before: dict, now: dict) -> list[str]:
    """Names of the settings that differ, or that only one of the two has."""
    names = sorted(before | now)
    return [n for n in names if before.get(n, _MISSING) != now.get(n, _MISSING)]


def made_of_the_same(states: Iterable[tuple[Path, dict]]) -> list[tuple[Path, dict]]:
    """Those states of a stage, oldest first, that were made of what the newest was made of."""
    found = list(states)
    newest = found[0][1]["settings"] if found else {}
    return [each for each in reversed(found) if not _of_others(each[1]["settings"], newest)]


def _of_others(one: dict, other: dict) -> bool:
    both = one.keys() & other.keys() | {"decided"}  # which is missing where nothing was decided
    return any(one.get(name) != other.get(name) for name in both.intersection(MADE_OF))


def refuse_other_settings(
    path: Path, before: dict, now: dict, anew: Anew = never, *, earlier: bool
) -> list[str]:
    """OtherSettings where the file at `path` has other settings than `now`.

    Where `anew` lets it go on, the beginnings of the units that are made again.
    """
    changed = changed_settings(before, now)
    beginnings = anew(before, now) if changed else []
    if beginnings is None:
        shown = ", ".join(f"{n} ({_of(before, n)} then, {_of(now, n)} now)" for n in changed)
        cure = "leave that run out of PREVIOUS" if earlier else "use a new RUN_DIR"
        if unknown := [n for n in changed if n not in now]:
            cure += f"; or update mwwkit: {__version__} does not know {', '.join(unknown)}"
        raise OtherSettings(
            f"{path} was made with other values of {shown}; put them back, or {cure}"
        )
    return beginnings


def why_not_one_run(one: dict, other: dict) -> str:
    """Why two states of one stage cannot be parts of one run, in words; empty if they can.

    A setting that only one of them has says nothing: an older version may have left it out.
    """
    names = one["settings"].keys() & other["settings"].keys()
    for name in sorted(names):
        if one["settings"][name] != other["settings"][name]:
            return f"{name} is {one['settings'][name]!r} and {other['settings'][name]!r}"
    forced = [*one.get("forced", []), *other.get("forced", [])]
    for unit in sorted(without(one["done"], forced).keys() & other["done"].keys()):
        if _timeless(one["done"][unit]) != _timeless(other["done"][unit]):
            return f"both hold unit {unit!r}, made differently"
    return ""


def _of(settings: dict, name: str) -> str:
    return repr(settings[name]) if name in settings else "missing"
