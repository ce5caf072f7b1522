"""Checkpoint of a stage: which units are finished, so that a new session continues there.

A stage cuts its work into named units (a shard of features, some hundred training steps). It
writes a unit's files first and calls `finish` last: a unit in the checkpoint is wholly on disk,
and a unit cut off by a time-out is redone. Units finished in earlier runs, which are read where
they lie and never written, count as done.

    checkpoint = Checkpoint.resume(run, "features", config.shaping(), of=config)
    for unit in checkpoint.left(units):
        checkpoint.finish(unit, **write(run / "features" / unit))
    checkpoint.complete()

A stage must be continued under the settings that it was begun with. A checkpoint of an older
mwwkit lacks the settings that were added since; each such field of a Config says by `Before` what
the older code did, and the checkpoint is read as if it held that value.

A person's decisions (`run.decisions`) may change what a stage is made of. A stage then says by
`anew` which units that were made under other settings do not count, and all others go on.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwwkit.run import kept
from mwwkit.run.checkpoint_files import (
    MADE_OF,
    Anew,
    CheckpointError,  # noqa: F401  (where its callers look for it)
    Unfinished,
    as_json,
    earlier_runs,
    former_of,
    is_good,
    load,
    made_of_the_same,
    never,
    previous_of,
    refuse_other_settings,
    without,
)
from mwwkit.run.files import read_json, replacing, write_json
from mwwkit.run.paths import Run
from mwwkit.run.quantities import how_many

# The notebook that makes each folder of a run, for whoever misses what is in it.
MADE_BY = {
    "clips": "01_acquire_and_augment",
    "features": "02_featurize",
    "teacher": "03_train",
    "training": "03_train",
    "mined": "04_mine",
    "tuned": "04_mine",
    "export": "05_export",
}
SEAL = "unit.json"  # written last into a unit's folder: the facts, and the settings behind them


@dataclass
class Checkpoint:
    """The finished units of one stage, all made under the same settings."""

    path: Path
    settings: dict[str, Any]
    own: dict[str, dict]  # units finished in this run: name -> facts, e.g. {"clips": 512}
    before: dict[str, dict] = field(default_factory=dict)  # the same, from earlier runs
    is_complete: bool = False
    facts: dict[str, Any] = field(default_factory=dict)  # of the whole stage, once complete
    count: Callable[[dict[str, dict]], dict] | None = None  # finished units -> figures for people
    figures: dict[str, Any] = field(default_factory=dict)  # as the file in this run shows them
    figures_before: list[dict] = field(default_factory=list)  # of earlier runs, oldest first
    forced: list[str] = field(default_factory=list)  # beginnings of units made again in this run
    forced_before: list[str] = field(default_factory=list)  # and in an earlier one
    former: dict[str, Any] = field(default_factory=dict)  # settings where a file lacks them
    outdated: list[str] = field(default_factory=list)  # units that decisions make anew
    begins_anew: bool = False  # some of them are this run's

    @property
    def done(self) -> dict[str, dict]:
        """All finished units, in order of their names."""
        return dict(sorted((self.before | self.own).items()))

    @classmethod
    def resume(
        cls,
        run: Run,
        folder: str,
        settings: dict,
        count: Callable[[dict[str, dict]], dict] | None = None,
        of: Any = None,
        anew: Anew = never,
    ) -> "Checkpoint":
        """Continue `folder`/checkpoint.json of this run and of earlier ones, or start afresh.

        `count` makes the figures that the file shows to people out of the finished units. `of` is
        the Config that the settings come from: its fields say what older files, which lack them,
        are read as. `anew` says of other settings which beginnings of units are outdated under the
        present ones, so that these units are made again; None: nothing can go on.

        Raises CheckpointError if a file is damaged beyond its last good generation, if it was
        made under other settings, or if two earlier runs hold the same unit with other facts.
        """
        settings = as_json(settings)
        former = former_of(of, settings)
        earlier = earlier_runs(run.earlier, folder, settings, former, anew)
        before, complete = earlier.units, earlier.complete
        path = run / folder / "checkpoint.json"
        own: dict[str, dict] = {}
        figures: dict[str, Any] = {}
        forced: list[str] = []
        outdated, begins_anew = earlier.outdated, False
        if state := load(path):
            figures, forced = state.get("figures", {}), state.get("forced", [])
            before = without(before, forced)
            then = former | state["settings"]
            beginnings = refuse_other_settings(path, then, settings, anew, earlier=False)
            own = without(state["done"], beginnings)
            complete = state["complete"]  # what it added to a finished earlier run must finish too
            if beginnings:
                complete, begins_anew = None, True
                outdated |= state["done"].keys() - own.keys()
        return cls(
            path=path,
            settings=settings,
            own=own,
            before=before,
            is_complete=complete is not None,
            facts=complete or {},
            count=count,
            figures=figures,
            figures_before=earlier.figures,
            forced=forced,
            forced_before=earlier.forced,
            former=former,
            outdated=sorted(outdated - own.keys() - before.keys()),
            begins_anew=begins_anew,
        )

    def left(self, units: list[str]) -> list[str]:
        """Those of `units` that are not finished, in the order given."""
        done = self.before.keys() | self.own.keys()
        return [unit for unit in units if unit not in done]

    def finish(self, unit: str, **facts: Any) -> None:
        """Record `unit` as done. Its files must already be on disk."""
        self._save(self.own | {unit: as_json(facts)})

    def forget(self, units: list[str]) -> None:
        """Units of this run are to be made again: their files are gone or not what was written."""
        self._save({unit: facts for unit, facts in self.own.items() if unit not in units})

    def mend(self, is_there: Callable[[str], bool], what: str, upwards: Iterable[str] = ()) -> None:
        """Units whose files are gone, as in a copy made while a session wrote, are made again.

        In this run, where an earlier one lost them. `upwards` are units of which each is made from
        the one before: with a lost one all after it are lost. `what` names them in the warning.
        """
        gone = [unit for unit in self.done if not is_there(unit)]
        chain = [unit for unit in upwards if unit in self.done]
        first = min((chain.index(unit) for unit in gone if unit in chain), default=len(chain))
        gone = list(dict.fromkeys([*gone, *chain[first:]]))
        if not gone:
            return
        warnings.warn(
            f"{self.path.parent}: the files of {len(gone)} finished {what} are gone ({gone[0]} "
            "first); they are made again",
            stacklevel=2,
        )
        self.before = {unit: facts for unit, facts in self.before.items() if unit not in gone}
        self.forget(gone)

    def force(self, beginnings: list[str]) -> None:
        """Drop all units whose names start with these, earlier runs' too, to be made again."""
        self.forced = sorted({*self.forced, *beginnings})
        self.before = without(self.before, beginnings)
        self._save(without(self.own, beginnings))

    def _save(self, own: dict[str, dict]) -> None:
        if self.path.exists() and is_good(self.path):
            with replacing(previous_of(self.path)) as part:
                part.write_bytes(self.path.read_bytes())
        write_json(self.path, self._state(own, None))
        self.own, self.is_complete, self.facts = own, False, {}
        kept.unit_finished(self.path)

    def _state(self, own: dict[str, dict], complete: dict | None) -> dict:
        state = {"settings": self.settings, "done": own, "complete": complete}
        if self.count:
            self.figures = self.count(self.before | own)
            state["figures"] = self.figures
        return state | ({"forced": self.forced} if self.forced else {})

    def adopt(self, unit: str, folder: Path) -> bool:
        """Record `unit` if a killed session sealed its folder but did not get to record it.

        The seal is the last thing written into the folder, and the folder was renamed into place
        whole, so its presence under the same settings proves the unit.
        """
        seal = folder / SEAL
        if unit in self.done or not seal.exists():
            return unit in self.done
        sealed = read_json(seal)
        if self.former | sealed["settings"] != self.settings:
            return False
        self.finish(unit, **sealed["facts"])
        return True

    def seal(self, part: Path, facts: dict) -> None:
        """Write the seal that `adopt` reads into a unit's folder that is being written."""
        write_json(part / SEAL, {"settings": self.settings, "facts": facts})

    def complete(self, **facts: Any) -> None:
        """Record the stage as complete; both generations then hold the same bytes."""
        if self.is_complete and self.facts == as_json(facts):
            return
        # The older generation first: killed between the two, the stage still is to be completed.
        state = self._state(self.own, facts)
        write_json(previous_of(self.path), state)
        write_json(self.path, state)
        self.is_complete, self.facts = True, as_json(facts)
        kept.stage_finished(self.path)


def refuse_changes(
    run: Run, folder: str, settings: dict[str, Any], of: Any = None, anew: Anew = never
) -> None:
    """CheckpointError where a stage that is begun has other settings, as `resume` would raise.

    Of what it was made of nothing is said: the stages before it may still go on.
    """
    settings = as_json(settings)
    former = former_of(of, settings)
    for path, state in states(run, folder):
        then = former | state["settings"]
        then = {name: value for name, value in then.items() if name not in MADE_OF}
        is_own = path.parent == run / folder
        refuse_other_settings(path, then, settings, anew, earlier=not is_own)


def states(run: Run, folder: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each checkpoint of a stage and what it holds: this run's, then earlier ones, newest first.

    Raises CheckpointError at one that is damaged, which of an earlier run cannot be deleted.
    """
    for path in run.all(f"{folder}/checkpoint.json"):
        if state := load(path, earlier=path.parent != run / folder):
            yield path, state


def finished(run: Run, folder: str) -> dict[str, dict]:
    """The finished units of a stage that another stage reads, whatever settings made them.

    Raises CheckpointError when the stage has not finished.
    """
    done: dict[str, dict] = {}
    complete = False
    for path, state in made_of_the_same(states(run, folder)):  # oldest first
        done = without(done, state.get("forced", [])) | state["done"]
        is_own = path.parent == run / folder  # a finished earlier run may be continued
        complete = state["complete"] is not None or (complete and not is_own)
    if not complete:
        also = f" ({run.looked})" if run.looked else ""
        stage = MADE_BY.get(folder, "the stage that makes it")
        raise Unfinished(
            f"{run / folder} is not finished ({how_many(len(done), 'unit')} done); run {stage} to "
            f"its end first, or give the run that has it as PREVIOUS{also}"
        )
    return dict(sorted(done.items()))


def completed(run: Run, folder: str) -> dict[str, Any]:
    """The facts that a finished stage left about the whole of it; CheckpointError if unfinished."""
    finished(run, folder)
    facts = (state["complete"] for _, state in states(run, folder))
    return next(each for each in facts if each is not None)
