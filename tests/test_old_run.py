"""A run that version 33b86c6 left in the middle of 03 is gone on with, killed or not.

Its settings are the fixture's own, so that this says nothing about today's defaults. Compared are
two continuations by this version on this machine, never bytes from another one.
"""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_type_hints

import pytest
from forking import finish, kill_after, start
from old_run_fixture import PLACE, SETTINGS, unpack
from small_run import tree

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.config_base import Before
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import featurize

MOST_BYTES = 1_000_000
TAKEN = ["step-0000250", "step-0000500"]  # units of 03 that the old version finished
LEFT = ["step-0000750", "step-0001000", "step-0001010"]
TUNING = ["step-0000250", "step-0000260"]  # all of 04's
MADE = "units.log"  # beside the run: a line a unit of 03 or 04
# What goes on as long as its stage does; every other file of the fixture is never touched again.
GOES_ON = {
    *("training/checkpoint.json", "training/checkpoint.previous.json", "training/history.csv"),
    *(f"training/snapshot-{unit}.npz" for unit in TAKEN),
}
# A session is killed so many seconds after this file is there: inside a unit's steps, between a
# unit's last file and its record, and in 04.
KILLS = (
    ("training/snapshot-step-0000750.npz", 0.1),
    ("training/snapshot-step-0001000.npz", 0.0),
    ("tuned/snapshot-step-0000250.npz", 0.0),
)


def said(kind: type, section: str, **changed):
    """A Config, or the session's limits, as the fixture's settings have it."""
    settings = presets.load(str(PLACE / SETTINGS))[section]
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in settings.items() if name in names} | changed)


def session(work: Path, version: Callable[[type], type] = lambda config: config) -> None:
    """All five stages as far as they are not done; units of training go to a list as they end.

    `version` makes of each stage's Config the one that is used.
    """
    from mwwkit.stages import acquire, export, mine, train

    os.chdir(work)  # the settings name the recordings from there
    here = Run(work / "run")

    def noted(done: dict) -> None:
        with open(work / MADE, "a") as file:
            print(max(done), file=file)

    def run(stage, section: str, *more, **changed) -> None:
        config = said(version(stage.Config), section, **changed)
        stage.run(config, here, said(Limits, section), *more)

    run(acquire, "acquire")
    run(featurize, "featurize")
    run(train, "train", noted, label_ignore_before_s=0.12)  # as it was before it could be set
    run(mine, "mine", noted)
    run(export, "export")


@dataclass(frozen=True)
class Stamp:
    """A file that was written again has another of these, even with the same bytes."""

    inode: int
    written_ns: int
    content: bytes


@dataclass(frozen=True)
class Continued:
    """The fixture, gone on with to the end of 05."""

    work: Path
    before: dict[str, Stamp]  # its files as they were unpacked
    cut: list[dict[str, list[str]]]  # after each kill: the finished units of 03 and 04

    @property
    def run(self) -> Path:
        return self.work / "run"

    def units_made(self) -> list[str]:
        """Units of 03 and 04, as sessions came to their ends; not one that a kill came before."""
        return (self.work / MADE).read_text().split()

    def written_again(self) -> list[str]:
        """Files of the fixture that are not what was unpacked, but those that may go on."""
        after = stamps(self.run)
        kept = self.before.keys() - GOES_ON
        return sorted(name for name in kept if after.get(name) != self.before[name])


def stamps(run: Path) -> dict[str, Stamp]:
    """Every file of a run as it is on the disk."""
    content = tree(run)
    states = {name: (run / name).stat() for name in content}
    return {n: Stamp(s.st_ino, s.st_mtime_ns, content[n]) for n, s in states.items()}


def said_to_lie(run: Path, work: Path) -> None:
    """Let a run's settings.json say that its recordings lie in `work`, which is where they are."""
    path = run / "settings.json"
    said = read_json(path)
    places = {name: value for name, value in said.items() if str(value).startswith("/")}
    assert places  # whole paths: all else in a run is the same wherever it is made
    moved = {name: str(work / Path(value).name) for name, value in places.items()}
    write_json(path, said | moved)


def units(run: Path, folder: str) -> list[str]:
    path = run / folder / "checkpoint.json"
    return list(read_json(path)["done"]) if path.exists() else []


def go_on(work: Path, kills: tuple) -> Continued:
    """Unpack the fixture and run sessions: one for each kill, and one to the end."""
    run = unpack(work) / "run"
    found = Continued(work, stamps(run), [])
    for path, delay_s in kills:
        assert kill_after(start(session, work), run / path, delay_s)
        found.cut.append({folder: units(run, folder) for folder in ("training", "tuned")})
        assert not (run / "export").exists()
    finish(start(session, work))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Continued:
    return go_on(tmp_path_factory.mktemp("whole") / "old", ())


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Continued:
    return go_on(tmp_path_factory.mktemp("killed") / "old", KILLS)


def test_the_fixture_is_small_and_ends_in_the_middle_of_03(tmp_path):
    assert sum(path.stat().st_size for path in PLACE.iterdir()) <= MOST_BYTES
    run = unpack(tmp_path / "old") / "run"
    state = read_json(run / "training/checkpoint.json")
    assert list(state["done"]) == TAKEN and state["complete"] is None
    for folder in ("clips", "features"):
        assert read_json(run / folder / "checkpoint.json")["complete"]
    assert not {"mined", "tuned", "export", *chain.OUR_OWN} & {path.name for path in run.iterdir()}


def test_each_parameter_that_it_says_is_still_taken_by_its_notebook():
    settings = presets.load(str(PLACE / SETTINGS))
    for stage, section in chain.SECTIONS.items():
        takes = chain.parameters(stage)
        for name, value in settings[section].items():
            assert chain.fitting(name, value, takes[name.upper()]) == value


def refuse_fields_that_say_nothing() -> None:
    """Fail for a field of a stage that the fixture lacks and that does not say `Before`."""
    from mwwkit.stages import acquire, export, mine, train

    settings = presets.load(str(PLACE / SETTINGS))
    stages = {"acquire": acquire, "featurize": featurize}
    stages |= {"train": train, "mine": mine, "export": export}
    for section, stage in stages.items():
        for name, hint in get_type_hints(stage.Config, include_extras=True).items():
            marks = [type(mark) for mark in getattr(hint, "__metadata__", ())]
            added = name not in settings[section]
            assert Before in marks or not added, f"{section}: {name} wants Before(...) beside it"


def test_every_setting_that_was_added_since_says_what_the_older_code_did():
    finish(start(refuse_fields_that_say_nothing))


def test_every_unit_that_the_old_version_finished_is_adopted_and_none_is_made_twice(whole):
    assert len(whole.before.keys() - GOES_ON) > 400 and GOES_ON <= whole.before.keys()
    assert not whole.written_again()
    then = json.loads(whole.before["training/checkpoint.json"].content)["done"]
    now = read_json(whole.run / "training/checkpoint.json")["done"]
    assert list(then) == TAKEN and {unit: now[unit] for unit in TAKEN} == then
    assert whole.units_made() == LEFT + TUNING


def test_killed_twice_in_03_and_once_in_04_it_ends_with_the_same_bytes_as_in_one_go(whole, killed):
    first, second, third = killed.cut
    for cut in (first, second):
        assert set(TAKEN) <= set(cut["training"]) < {*TAKEN, *LEFT} and not cut["tuned"]
    assert third["training"] == TAKEN + LEFT and set(third["tuned"]) < set(TUNING)
    made = killed.units_made()
    assert len(made) == len(set(made)) and set(made) <= {*LEFT, *TUNING}
    assert not killed.written_again()
    said_to_lie(killed.run, whole.work)
    assert tree(killed.run) == tree(whole.run)
    assert any(name.endswith(".tflite") for name in tree(whole.run / "export"))


def later(config: type) -> type:
    """A Config with a setting more, which says that the older code had none of it."""
    return with_echo(config, Annotated[float, Before(0.0)])


def with_echo(config: type, kind: object) -> type:
    """A Config with a setting more, of a kind: 0.0 where it is not given, and without effect."""
    field = ("echo", kind, 0.0)
    return dataclasses.make_dataclass("Later", [field], bases=(config,), frozen=True)


def test_a_stage_with_a_setting_more_adopts_what_the_older_code_made_without_it(tmp_path):
    here, limits = Run(unpack(tmp_path / "old") / "run"), Limits(workers=1)
    before = stamps(here.folder)
    goes_on, careless = later(featurize.Config), with_echo(featurize.Config, float)
    assert featurize.run(said(goes_on, "featurize"), here, limits)["shards made now"] == 0
    for config, told in (
        (said(goes_on, "featurize", echo=0.5), r"other values of echo \(0.0 then, 0.5 now\)"),
        (said(careless, "featurize"), r"other values of echo \(missing then, 0.0 now\)"),
    ):
        with pytest.raises(CheckpointError, match=told):
            featurize.run(config, here, limits)
    assert stamps(here.folder) == before


def test_with_a_setting_more_in_every_stage_a_finished_run_is_done_and_not_touched(whole, tmp_path):
    shutil.copytree(whole.work, tmp_path / "copy")
    said_to_lie(tmp_path / "copy" / "run", tmp_path / "copy")
    before = stamps(tmp_path / "copy")
    finish(start(session, tmp_path / "copy", later))
    assert stamps(tmp_path / "copy") == before
