"""What a notebook works with: of each parameter the value that counts, and where it comes from.

    given = resolve(PRESET, "train", globals(), run, train.Config)
    config = train.Config.from_parameters(given)
    given                                          # a table of all that is not a default

First counts what papermill hands over, then a value that differs from the notebook's own default,
then one that was decided on in a panel (`run.decisions`), then the preset, then the default. A
setting of the whole run (`run.settings`) is what the run has wherever no other was handed over,
set, decided on or in the preset. Its word is the run's before the preset's: clips of one word make
no model of another; and so is what it was given to read, where the preset gives nothing. The preset
too is the run's where no other is said.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from mwwkit.presets import PresetError, load, suggest
from mwwkit.presets.misspelt import told_of_strays
from mwwkit.presets.notebooks import (
    ENDS_IN,
    INJECTED,
    SECTIONS,
    of_section,
    refuse_its_word,
    refuse_unknown_keys,
    stands_for,
)
from mwwkit.presets.notebooks import parameters as in_the_cell
from mwwkit.run import fresh_session
from mwwkit.run.config_base import Checked
from mwwkit.run.decisions import PARAMETERS, parameter_decisions
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.run.settings import FILE, GIVEN, NAMES, RunSettings, Value, of_run
from mwwkit.run.shown import as_html, as_lines, in_words
from mwwkit.run.written import spelled

FOLDERS = {SECTIONS[stage]: folder for stage, folder in ENDS_IN.items()}
RUN_WIDE = tuple(name.upper() for name in NAMES)
WORD = "WORD"  # the run's before a preset's
RECORDINGS = "RECORDINGS"
PRESET = "PRESET"
FIRST = "acquire"  # the stage that says them
HANDED, SET, DEFAULT = "said for this run", "set in this notebook", "default"
DECIDED = f"decided on ({PARAMETERS})"
NOWHERE = "default, as nothing in the run says it"


@dataclass(frozen=True)
class Parameter:
    """The value that counts, where it comes from, and what the run has, if it is one of those."""

    value: Any
    origin: str
    of_run: Value | None = None
    note: str = ""  # that the cell or the preset says something else, where the run's counts


@dataclass(frozen=True, eq=False)
class Parameters(Mapping[str, Any]):
    """Values by name; as a table, those that are no defaults, with where each comes from."""

    found: dict[str, Parameter]

    def __getitem__(self, name: str) -> Any:
        """The value of a parameter."""
        return self.found[name].value

    def __iter__(self) -> Iterator[str]:
        """The names, in upper case."""
        return iter(self.found)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.found)

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and origin of each that is no default; last, how many are."""
        told = [(name, p) for name, p in self.found.items() if p.origin != DEFAULT]
        rows = [(name, in_words(p.value) or "(empty)", p.origin) for name, p in told]
        n_others = f"{len(self) - len(rows)} others" if rows else f"all {len(self)}"
        return [*rows, (n_others, "as they stand above", DEFAULT)]

    def __repr__(self) -> str:
        """The table in lines."""
        return as_lines(self.rows())

    def _repr_html_(self) -> str:
        return as_html([("parameter", "value", "from"), *self.rows()], n_heads=1)


def resolve(
    preset: str | None, section: str, given: Mapping[str, Any], run: Run, *configs: type[Checked]
) -> Parameters:
    """The parameters of a stage's notebook, for its Configs and Limits; `given` is its `globals()`.

    `preset` is what its cell says; none is the run's.

    Prints where a setting of the whole run is another one here, and from where it is in a run that
    has no file of them. Equips a fresh session for the values that count, and prints what that
    installed. Raises PresetError for a preset that there is not or that has a key which cannot
    count here, WrongInput where earlier runs say different things or a name looks like a parameter
    and is none, and what `fresh_session.equip` raises.
    """
    for line in told_of_strays(section, given):
        print(line)
    defaults, handed = _defaults(section, configs), _handed_over(given)
    decided = _decided(run, section, defaults)
    run_has = {name.upper(): value for name, value in of_run(run, FOLDERS[section]).items()}
    as_it_came = "" if section == FIRST else None
    chosen = _chosen_preset(preset, as_it_came, handed, run_has.get(PRESET))
    of_preset = _of_preset(chosen, section, defaults, handed) if chosen.value else {}
    of_them, is_said = f"preset {chosen.value}", chosen.origin in (HANDED, SET)
    of_them += "" if is_said else f", as {chosen.origin} has it"
    found = {PRESET: chosen}
    for name in filter(given.__contains__, defaults):  # `from_parameters` says what is missing
        value, has = given[name], run_has.get(name)
        said = of_preset.get(name)
        if value is not None and name in handed:
            # the command line hands a preset's values over beside its name
            texts = spelled(value), spelled(said)
            as_preset = said is not None and (_same(value, said) or _same(*texts))
            found[name] = Parameter(value, of_them if as_preset else HANDED, has)
        elif value is not None and not _same(value, defaults[name]):
            found[name] = Parameter(value, SET, has)
        elif decided.get(name) is not None:
            found[name] = Parameter(decided[name], DECIDED, has)
        elif said is not None and not (has and (stays(name, said) or not is_said)):
            found[name] = Parameter(said, of_them, has)
        elif has:
            note = _stays_in_words(name, has, said, value) if said or value else ""
            if name == RECORDINGS and not said:
                note = _as_before(has)
            if name == WORD and not is_said:  # the word of the preset that a run began with
                note = ""
            found[name] = _of_the_run(name, has, said or value, note)
        else:
            found[name] = _default(name, value)
    if section == FIRST and is_said:
        by_hand = {n: p.value for n, p in found.items() if n in handed or p.origin == SET}
        refuse_its_word(chosen.value, by_hand)
    parameters = Parameters(found)
    for line in (*words_about_the_run(parameters, section), *_not_taken(found, decided, configs)):
        print(line)
    if installed := fresh_session.equip(dict(given) | _as_read(parameters, configs)):
        print(f"installed: {', '.join(installed)}")
    return parameters


def stays(name: str, of_preset: Any) -> bool:
    """Whether what the run has counts before the value of a preset that somebody names."""
    return name == WORD or (name.lower() in GIVEN and not of_preset)


def _chosen_preset(
    said: str | None, as_it_came: str | None, handed: set[str], has: Value | None
) -> Parameter:
    """The preset: what is handed over or set in the cell, else the run's, else none."""
    if said is not None and PRESET in handed:
        return Parameter(said, HANDED, has)
    if said != as_it_came:
        return Parameter(said or "", SET, has)
    return _of_the_run(PRESET, has, said, "") if has else Parameter("", DEFAULT)


def _as_read(given: Mapping[str, Any], configs: Sequence[type[Checked]]) -> dict[str, Any]:
    """The values as the Configs read them: papermill may hand texts over."""
    taken = [config.taken(given).items() for config in configs]
    return {name.upper(): value for items in taken for name, value in items}


def words_about_the_run(found: Parameters, section: str) -> Iterator[str]:
    """A sentence for each setting of the run that is another one here, or that has no file."""
    for name in (name for name in RUN_WIDE if name in found):
        value, has = _as_setting(name, found[name]), found.found[name].of_run
        if has and not _same(value, _as_setting(name, has.value)):
            yield f"{name} is {value!r} here; the run has {has.value!r} ({has.where})"
        elif has and has.where != FILE:
            yield f"the run has no {FILE}: {name} is {value!r}, as {has.where} has it"
        elif not has and section != FIRST and found.found[name].origin == NOWHERE:
            yield f"nothing in the run says {name}: it is {value!r}, the default"
        if found.found[name].note:
            yield found.found[name].note
        for where, held in has.others if has else ():
            if not _same(value, _as_setting(name, held)) and not _is_own(where, section):
                yield f"{name} is {value!r} here; {where} was made with {held!r}"


def _is_own(checkpoint: str, section: str) -> bool:
    return checkpoint.startswith(f"{FOLDERS[section]}/")


def _as_setting(name: str, value: Any) -> Any:
    """A value of the run read as its type, since papermill may hand texts over; else as it is."""
    try:
        return getattr(RunSettings(**RunSettings.taken({name: value})), name.lower())
    except WrongInput:  # the stage's Config refuses it
        return value


def _default(name: str, value: Any) -> Parameter:
    if value is None:
        return Parameter(getattr(RunSettings(), name.lower()), NOWHERE)
    return Parameter(value, DEFAULT)


def _stays_in_words(name: str, has: Value, said: Any, value: Any) -> str:
    """That what the preset says, else the cell's default, does not count."""
    about = f"the cell's {value!r} is its default, which counts as not said"
    about = f"the preset has {said!r}" if said else about
    return (
        f"{name} stays {has.value!r}, as the run has it ({has.where}); {about}; to have it, hand "
        f"it over (-p {name}=...) or change it in {FILE}"
    )


def _as_before(has: Value) -> str:
    """That recordings need not be named again: `auto` and an empty text are no others."""
    others = f"others: set {RECORDINGS} (-p {RECORDINGS}=...)"
    return f"Recordings as before: {has.value or 'none'} ({has.where}); {others}"


def _of_the_run(name: str, has: Value, other: Any, note: str) -> Parameter:
    """What the run has; `note` is told where `other`, which does not count, is another value."""
    if has.conflict:
        raise WrongInput(has.conflict)
    differs = note and not _same(_as_setting(name, other), _as_setting(name, has.value))
    return Parameter(has.value, f"the run ({has.where})", has, note if differs else "")


def _defaults(section: str, configs: Sequence[type[Checked]]) -> dict[str, Any]:
    """The notebook's own defaults: a Config's, and None for what the run has."""
    defaults = {}
    for field in [field for config in (*configs, Limits) for field in fields(config)]:
        name = field.name.upper()
        said_by_run = name in RUN_WIDE and section != FIRST
        defaults[name] = None if said_by_run else "" if field.default is MISSING else field.default
    return {name: value for name, value in defaults.items() if name != PRESET}


def _handed_over(given: Mapping[str, Any]) -> set[str]:
    """The names that papermill's own cell assigns; a kernel keeps the cells it ran in `In`."""
    cells = [cell for cell in given.get("In", ()) if cell.startswith(INJECTED)]
    lines = [
        line for cell in cells for line in ast.parse(cell).body if isinstance(line, ast.Assign)
    ]
    return {name.id for line in lines for name in line.targets if isinstance(name, ast.Name)}


def _decided(run: Run, section: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    of_all = parameter_decisions(run)
    if unknown := [name for name in of_all if name not in FOLDERS]:
        raise WrongInput(
            f"{PARAMETERS} has {unknown[0]!r}, which no notebook is called"
            f"{suggest(unknown[0], FOLDERS)}; correct it or take it out"
        )
    decided = of_all.get(section, {})
    for name in decided:
        if name not in defaults:
            raise WrongInput(
                f"{PARAMETERS} has {name} under {section}, which no parameter there is called"
                f"{suggest(name, defaults)}; correct it or take it out"
            )
    return decided


def _not_taken(
    found: Mapping[str, Parameter], decided: Mapping[str, Any], configs: Sequence[type[Checked]]
) -> Iterator[str]:
    """A sentence for each value that was decided on and does not count."""
    for name in sorted(decided.keys() & found.keys()):
        value, wanted, origin = found[name].value, decided[name], found[name].origin
        here, there = (_as_read({name: each}, (*configs, Limits)) for each in (value, wanted))
        if wanted is not None and not _same(here[name], there[name]):
            yield f"{name} is {value!r} here, {origin}; not {wanted!r}, as {DECIDED}"


def _of_preset(
    preset: Parameter, section: str, defaults: Mapping[str, Any], handed: set[str]
) -> dict[str, Any]:
    """A preset's values for a stage by name; what is handed over beside it counts before them."""
    try:
        held = load(preset.value)
    except PresetError as error:
        if preset.origin in (HANDED, SET):
            raise
        cure = "set PRESET here"
        raise PresetError(f"PRESET is as {preset.origin} has it: {error}; {cure}") from error
    refuse_unknown_keys(held)
    [stage] = [stage for stage, name in SECTIONS.items() if name == section]
    values = of_section(held, section)
    for name in (values.keys() - defaults.keys() - handed) & in_the_cell(stage).keys():
        raise PresetError(
            f"the preset {preset.value} has {name.lower()}, which a notebook cannot take from a "
            f"preset; set {name} in its cell"
        )
    return {
        name: spelled(value) if isinstance(stands_for(name, defaults[name]), str) else value
        for name, value in values.items()
        if name in defaults
    }


def _same(value: Any, other: Any) -> bool:
    """Whether two values are one setting: lists are tuples."""
    return _plain(value) == _plain(other)


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
