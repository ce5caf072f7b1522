"""What belongs to a run and is said once, in 01: word, seed, what is allowed, languages, preset.

And which recordings it was given, so that who goes on with it need not say it again.

    keep(run, RunSettings(word="marvin"))     # 01 writes settings.json, whole
    values = of_run(run, "training")          # 03: what the run has, and where that stands
    values["seed"].value, values["seed"].where

A run begun before there was the file has none: its values are then those of its checkpoints.
"""

import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from mwwkit.run.checkpoint import states
from mwwkit.run.checkpoint_files import CheckpointError, as_json
from mwwkit.run.config_base import Between, Checked, Texts, more_than
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run, locations, typed_path

FILE = "settings.json"
# Where each of the five stages, in their order, keeps the checkpoint of what it ends with.
STAGES = ("clips", "features", "training", "tuned", "export")

# False accepts an hour of long speech and noise, and the share of other words' clips, near misses
# apart, that may be accepted: what weights and cutoffs are chosen by.
TargetFah = Annotated[float, more_than(0, "more than 0 an hour")]
MaxClipFpr = Annotated[float, Between(0, 1)]
# What 01 was given to read: folders, tables; and which rows of a table.
PLACES = ("recordings", "positive", "negative", "hard_negative", "ambient", "background", "rirs")
PLACES += ("table", "given_splits")
# What a stage that needs the word says where nothing has it.
NO_WORD = (
    "nothing says what the device listens for, since 01 has not run here, in the folder that "
    "RUN_DIR names; mend RUN_DIR, run 01_acquire_and_augment first, or give its run as PREVIOUS"
)
GIVEN = (*PLACES, "table_positive", "table_hard_negative", "table_exclude")


@dataclass(frozen=True)
class RunSettings(Checked):
    """The values of a whole run; the defaults are those of the stages before there was a file."""

    word: str = ""
    seed: int = 42
    target_fah: TargetFah = 0.5
    max_clip_fpr: MaxClipFpr = 0.01
    languages: Texts = ("en",)
    preset: str = ""  # what the values of each notebook begin with
    # GIVEN, as 01's Config has them: places as whole paths, nothing where there was none
    recordings: str = ""  # or "auto", where that found some
    positive: Texts = ()
    negative: Texts = ()
    hard_negative: Texts = ()
    ambient: Texts = ()
    background: Texts = ()
    rirs: Texts = ()
    table: str = ""
    table_positive: Texts = ()
    table_hard_negative: Texts = ()
    table_exclude: Texts = ()
    given_splits: str = ""

    def __post_init__(self) -> None:  # noqa: D105
        super().__post_init__()
        for name in PLACES:
            object.__setattr__(self, name, _whole(getattr(self, name)))


def _whole(place: Any) -> Any:
    """The whole path of a place, or of each, as seen from here."""
    if isinstance(place, tuple):
        return tuple(map(_whole, place))
    return place if place in ("", "auto") else str(typed_path(place).absolute())


NAMES = tuple(field.name for field in fields(RunSettings))


@dataclass(frozen=True)
class Value:
    """A value that a run has, and where it stands.

    `others` are checkpoints that were made with another one, and which; `conflict` says that two
    earlier runs say different things, so that neither can be taken.
    """

    value: Any
    where: str
    others: tuple[tuple[str, Any], ...] = ()
    conflict: str = ""


def keep(run: Run, settings: RunSettings) -> None:
    """Write the run's settings, unless its file has them, or those of all earlier runs.

    Says what is changed.
    """
    path, held = run / FILE, [_read(each) for each in run.all(FILE)]
    before = held[0] if held else {}
    now = _as_file(settings, before)
    for name in (name for name in sorted(before) if before[name] != now.get(name)):
        print(f"{FILE}: {name} was {before[name]!r} and is {now.get(name, '')!r} from here on")
    if before != now or (not path.exists() and any(each != now for each in held)):
        write_json(path, now)


def _as_file(settings: RunSettings, before: dict[str, Any]) -> dict[str, Any]:
    """As the file has them; what was not given is left out, as by versions that kept none.

    Unless it was given `before`: then it is taken back.
    """
    held = as_json(asdict(settings))
    kept = {*NAMES} - {"preset", *(name for name in GIVEN if name not in before)}
    return {name: value for name, value in held.items() if name in kept or value}


def carry(run: Run) -> None:
    """Take the settings of earlier runs over into this one's folder, if it has none.

    Where those say different things none is taken: `of_run` goes on to tell of it. Of what 01 was
    given to read the newest counts.
    """
    held = [_read(path) for path in run.all(FILE)]
    besides = [{n: value for n, value in each.items() if n not in GIVEN} for each in held]
    if held and not (run / FILE).exists() and all(each == besides[0] for each in besides):
        write_json(run / FILE, held[0])


def gone(run: Run, settings: RunSettings) -> dict[str, list[str]]:
    """Of the places that 01 is given, as the run has them, those that are not there now.

    By the setting's name; "auto" is gone where none of paths.md's folders is there any more.
    """
    has, found = of_run(run), {}
    for name in PLACES:
        before = _each(has[name].value) if name in has else []
        now = [place for place in _each(getattr(settings, name)) if place in before]
        if lost := [place for place in now if not _is_there(place)]:
            found[name] = lost
    return found


def _each(places: str | Iterable[str]) -> list[str]:
    return [places] if isinstance(places, str) else list(places)


def _is_there(place: str) -> bool:
    return bool(locations("recordings")) if place == "auto" else not place or Path(place).exists()


def of_run(run: Run, folder: str = "") -> dict[str, Value]:
    """By name, what the run has: by its file, else by its checkpoints; what it lacks is left out.

    Of the checkpoints that of the stage that writes into `folder` comes first, then those of the
    stages in their order. Raises WrongInput where a file holds anything but settings, and
    CheckpointError where that stage's own checkpoint is damaged; of another's it warns.
    """
    files = [(path, _read(path)) for path in run.all(FILE)]
    made = _made_with(run, folder)
    found = {}
    for name in NAMES:
        said = [(path, held[name]) for path, held in files if name in held]
        kept = [(p, held[name]) for p, held in made.items() if name in held and name not in GIVEN]
        kept.sort(key=lambda entry: entry[0].parent.name != folder)
        if said or kept:
            found[name] = _value(run, name, said, kept)
    return found


def _value(run: Run, name: str, said: list, kept: list) -> Value:
    where, value = (said or kept)[0]
    others = tuple((_shown(path), held) for path, held in kept if held != value)
    different = [(path, held) for path, held in said if held != value]
    conflict = ""
    if different and where != run / FILE and name not in GIVEN:  # of those the newest counts
        other, held = different[0]
        conflict = (
            f"{where} says {name} {value!r} and {other} {held!r}; leave one of the two runs out "
            f"of PREVIOUS, or set {name.upper()}"
        )
    return Value(value, _shown(where), others, conflict)


def _shown(path: Path) -> str:
    return FILE if path.name == FILE else f"{path.parent.name}/{path.name}"


def _read(path: Path) -> dict[str, Any]:
    """What a file of settings holds; it may lack some."""
    cure = f"mend it, or delete {path}: the values are then taken from the run's checkpoints"
    held = read_json(path)
    if not isinstance(held, dict):
        raise WrongInput(f"{path} holds {str(held)[:60]!r}, not settings; {cure}")
    if unknown := sorted(held.keys() - set(NAMES)):
        raise WrongInput(
            f"{path} has {unknown[0]!r}, which this mwwkit does not know; a newer one wrote it: "
            f"take that one, or {cure}"
        )
    try:
        read = RunSettings(**held)
    except WrongInput as error:
        raise WrongInput(f"{path}: {error}; {cure}") from error
    return {name: value for name, value in as_json(asdict(read)).items() if name in held}


def _made_with(run: Run, folder: str) -> dict[Path, dict[str, Any]]:
    """Those of the settings that each stage's newest checkpoint holds.

    One that is damaged stops the stage that writes into `folder` alone; others are told of it.
    """
    made = {}
    for stage in STAGES:
        try:
            found = list(islice(states(run, stage), 1))
        except CheckpointError as error:
            if stage == folder:
                raise
            warnings.warn(f"the run's settings are read without {stage}/: {error}", stacklevel=3)
            continue
        for path, state in found:
            held = state["settings"] | (state["complete"] or {}).get("made_of", {})
            made[path] = {name: held[name] for name in NAMES if name in held}
    return made
