"""Earlier runs that are attached to a session: found, put in order, and compared.

found = earlier_runs_in([Path("/inputs/run1")], run_folder)

A run is a folder in which a stage has left its checkpoint; whose it is and what it is called says
nothing. Which of two is older is read off what they hold: of the first stage that both have units
of, the later one finished it, or has more clips, or the later unit. Runs that share no stage come
in the order of the stages.
"""

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path
from typing import Any

from mwwkit.run.checkpoint_files import CheckpointError, load, why_not_one_run
from mwwkit.run.errors import WrongInput

STAGES = (".", "clips", "features", "teacher", "training", "mined", "tuned", "export")
DEPTH = 2  # folders between a place of paths.md and a run in it
_Reach = tuple[bool, int, str, int]


@dataclass(frozen=True)
class _Held:
    """What the checkpoints of one run say."""

    folder: Path
    states: dict[str, dict[str, Any]] = field(default_factory=dict)  # stage's folder -> state

    def reach(self, stage: str) -> _Reach:
        """How far this stage is; the larger, the later."""
        state = self.states[stage]
        done, complete = state["done"], state["complete"] or {}
        n_clips = complete.get("clips", 0)
        return (
            state["complete"] is not None,
            n_clips if isinstance(n_clips, int) else 0,
            max(done, default=""),
            len(done),
        )

    @property
    def furthest(self) -> tuple[int, _Reach, str]:
        """The last stage it has, how far that is, and its folder."""
        last = max(self.states, key=STAGES.index)
        return STAGES.index(last), self.reach(last), str(self.folder)


def earlier_runs_in(places: Iterable[Path], working: Path) -> tuple[Path, ...]:
    """The runs in some folders, oldest first; `working`, the run itself, is none.

    Raises WrongInput where two cannot be parts of one chain of sessions, naming both.
    """
    folders = {folder: None for place in places for folder in _runs(place, DEPTH)}
    found = [_held(folder) for folder in folders if folder.resolve() != working.resolve()]
    return tuple(held.folder for held in _oldest_first([held for held in found if held.states]))


def runs_in(folder: Path, depth: int = 1) -> tuple[Path, ...]:
    """The run that a folder is, or those in it as deep as that; none where it is not there."""
    return tuple(_runs(folder, depth)) if folder.is_dir() else ()


def _runs(folder: Path, depth: int) -> Iterator[Path]:
    """The run that `folder` is, or those in it."""
    if any((folder / stage / "checkpoint.json").is_file() for stage in STAGES):
        yield folder
    elif depth:
        with os.scandir(folder) as entries:  # knows a folder without asking a slow mount again
            names = sorted(entry.name for entry in entries if entry.is_dir())
        for name in names:
            yield from _runs(folder / name, depth - 1)


def _held(folder: Path) -> _Held:
    """What a folder holds; a file that is no checkpoint is left out, and told."""
    states = {}
    for stage in STAGES:
        path = folder / stage / "checkpoint.json"
        try:
            state = load(path, earlier=True)
        except CheckpointError as error:
            warnings.warn(f"{path} is left out: {error}", stacklevel=4)
            continue
        if state and (state["done"] or state["complete"] is not None):
            states[stage] = state
    return _Held(folder, states)


def _oldest_first(found: Sequence[_Held]) -> list[_Held]:
    order: TopologicalSorter[int] = TopologicalSorter({n: () for n in range(len(found))})
    for a, b in combinations(range(len(found)), 2):
        older_first = _in_order(found[a], found[b])
        if older_first is not None:
            order.add(*((b, a) if older_first else (a, b)))
    try:
        order.prepare()
    except CycleError as error:
        raise _mixed([found[n] for n in error.args[1][1:]], "none of them is the oldest") from None
    ready: set[int] = set()
    ordered = []
    while order.is_active() or ready:
        ready |= set(order.get_ready())
        ordered.append(min(ready, key=lambda n: found[n].furthest))
        ready.remove(ordered[-1])
        order.done(ordered[-1])
    return [found[n] for n in ordered]


def _in_order(one: _Held, other: _Held) -> bool | None:
    """Whether `one` is older than `other`; None where they say nothing of each other."""
    shared = [stage for stage in STAGES if stage in one.states and stage in other.states]
    told = []
    for stage in shared:
        _refuse_to_mix(one, other, stage)
        if one.reach(stage) != other.reach(stage):
            told.append(one.reach(stage) < other.reach(stage))
    if len(set(told)) > 1:
        raise _mixed([one, other], "each holds the later state of a stage")
    return told[0] if told else None


def _refuse_to_mix(one: _Held, other: _Held, stage: str) -> None:
    if why := why_not_one_run(one.states[stage], other.states[stage]):
        raise _mixed([one, other], f"{stage}/checkpoint.json: {why}")


def _mixed(runs: Sequence[_Held], why: str) -> WrongInput:
    names = " and ".join(str(held.folder) for held in runs)
    return WrongInput(
        f'PREVIOUS = "auto" found {names}, which are not parts of one run ({why}); detach what '
        "does not belong, or name the runs in PREVIOUS, oldest first"
    )
