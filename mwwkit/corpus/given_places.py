"""What 01 is given to read by its settings, as places; and what of it a session lacks.

    read_given(config, run)                 # a place for each folder of recordings, and the table
    without(config, lost)                   # 01's settings less the places that are not there now

A run remembers where its recordings lie (`run.settings`), and may go on where they do not.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mwwkit.corpus import tables
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.recording_folders import read_folders, recorded_in, roots_of
from mwwkit.corpus.sources import FOLDERS
from mwwkit.run.paths import Run, typed_path, without_dots


def read_given(config: Any, run: Run) -> list[Place]:
    """The places that 01's settings name, and those that were recorded in the notebook."""
    former, level, here = config.input_rules == 1, config.speaker_level, recorded_in(run)
    roots, more = roots_of(config.recordings), _more(config)
    places = read_folders(roots, more, config.word, level, former=former, recorded=here)
    if config.table:
        mapping = tables.TableMapping(
            config.table_positive, config.table_hard_negative, config.table_exclude
        )
        places.append(tables.table(typed_path(config.table), config.word, mapping, former))
    return places


def folders_given(config: Any) -> list[Path]:
    """The folders, and the table, that the settings name."""
    table = [typed_path(config.table)] if config.table else []
    return [*roots_of(config.recordings), *(at for _, at in _more(config)), *table]


def _more(config: Any) -> list[tuple[str, Path]]:
    """(role, folder) of each folder that is set by role."""
    given = [(role, name) for role in FOLDERS for name in getattr(config, role)]
    return [(role, typed_path(name).absolute()) for role, name in given]


def without(config: Any, lost: Mapping[str, list[str]]) -> Any:
    """The settings less some of the places in them, by setting."""
    left = {}
    for name, places in lost.items():
        has = getattr(config, name)
        is_list = isinstance(has, tuple)
        kept = [each for each in has if str(typed_path(each).absolute()) not in places] * is_list
        left[name] = tuple(kept) if is_list else ""
    return replace(config, **left | ({"table_exclude": ()} if "table" in lost else {}))


def not_there(lost: Mapping[str, list[str]]) -> str:
    """Which they are, as the beginning of a sentence."""
    shown = {name: ", ".join(map(without_dots, places)) for name, places in lost.items()}
    named = (f"{name.upper()} has {places}" for name, places in shown.items())
    return f"{'; '.join(named)}, as the run has it, and that is not there now"


def cure(config: Any, lost: Mapping[str, list[str]]) -> str:
    """What to do where 01 cannot go on without them."""
    first = next(iter(lost))
    name, none = first.upper(), "[]" if isinstance(getattr(config, first), tuple) else ""
    return (
        f"say where it lies now: set {name}, or -p {name}=...; to go on without it, say that there "
        f"is none: -p {name}={none}"
    )
