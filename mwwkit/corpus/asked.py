"""What 01 was asked for when it wrote each catalogue, and whether features are of another one.

    keep(run, asked_for(config), content, before)   # 01, when its catalogue is written
    refuse_other_clips(run)                         # 02, before it goes on with what it made
    refuse_to_change(run, asked_for(config), ...)   # `mwwkit run`, before 01 changes any clip

Features hold the digest of the catalogue that they were made of; by it they find what was asked
for then. Of a catalogue that an older version wrote nothing is held.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mwwkit.corpus.clips import CATALOGUE, Split
from mwwkit.corpus.recording_folders import recorded_in
from mwwkit.run.checkpoint import states
from mwwkit.run.checkpoint_files import CheckpointError, OtherSettings, as_json
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, sha256, write_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import Count, from_json

FILE = "clips/asked.json"  # the catalogue's SHA-256 -> `Asked`
FEATURES = "features"
# Where 02 to 05 keep what hangs on 01's clips.
MADE_OF_THEM = (FEATURES, "teacher", "training", "judged", "mined", "tuned", "export")
_AMOUNTS = ("noise_minutes", "rooms", "piper_voices")  # and all that begins with tts_


@dataclass(frozen=True)
class Asked:
    """What a catalogue was made from, how many clips it has, and what machines were asked for."""

    content: str  # of `digest`
    clips: Count
    settings: dict  # of `asked_for`


def digest(units: Iterable[str], given_splits: Mapping[str, Split]) -> str:
    """What a catalogue is made from, in 16 hex digits."""
    text = "\n".join(
        [*units, *(f"{name} {split.value}" for name, split in sorted(given_splits.items()))]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def asked_for(config: Any) -> dict[str, Any]:
    """Those of 01's settings that say what machines say and make up, as a file has them."""
    held = asdict(config)
    return as_json({n: v for n, v in held.items() if n.startswith("tts_") or n in _AMOUNTS})


def keep(run: Run, settings: dict[str, Any], content: str, before: tuple[str, int]) -> None:
    """Hold what the catalogue that was just written was made from, and say what changed by that.

    `before`: of `standing`, asked before it was written.
    """
    held, (then, n_then) = _held(run), before
    now, n_now = standing(run)
    if then and then != now:
        differ = _differences(held[then].settings, settings) if then in held else {}
        named = " and ".join(f"{n} is {b!r} here and was {a!r}" for n, (a, b) in differ.items())
        why = f"{named} in this run" if named else "01 is given something else than before"
        print(f"01: {why}: there are {n_now:,} clips now, and there were {n_then:,}")
    held.setdefault(now, Asked(content, n_now, settings))
    write_json(run / FILE, {key: asdict(asked) for key, asked in sorted(held.items())})


def settings_of(run: Run) -> dict[str, Any]:
    """01's settings that shape the clips that there are, by name.

    Raises WrongInput where an older version made them and kept no amounts.
    """
    held = _held(run).get(standing(run)[0])
    if held is None:
        raise WrongInput(
            f"{run.folder} does not hold what machines were asked for, since an older version made "
            "its clips; run 01 again with a recording more, or make the folds' runs by the commands"
        )
    shaping = next((state["settings"] for _, state in states(run, "clips")), {})
    return {**shaping, **held.settings}


def standing(run: Run) -> tuple[str, int]:
    """Digest and clips of the catalogue that there is; "" and 0 where there is none."""
    for path in run.all(CATALOGUE)[:1]:
        with open(path, newline="", encoding="utf-8") as file:  # of any version: rows are counted
            return sha256(path), sum(1 for _ in csv.reader(file)) - 1
    return "", 0


def _held(run: Run) -> dict[str, Asked]:
    """What was asked for, by the catalogue's digest, in this run and in earlier ones."""
    tables = [(str(path), read_json(path)) for path in reversed(run.all(FILE))]
    return {key: from_json(Asked, row, at) for at, rows in tables for key, row in rows.items()}


def _differences(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    both = [name for name in sorted(then.keys() & now.keys()) if then[name] != now[name]]
    return {name.upper(): (then[name], now[name]) for name in both}


def refuse_other_clips(run: Run, *, recorded_too: bool = False) -> None:
    """CheckpointError where 02's features were made of other clips than there are.

    With recordings made in the notebook 02 makes them anew by itself: that is no fault, unless
    asked for (`recorded_too`).
    """
    again = bool(recorded_in(run))
    if (again and not recorded_too) or not run.all(CATALOGUE):
        return
    now, n_now = standing(run)
    for folder, then in _featured(run)[: 1 if again else None]:
        if then != now:
            held = _held(run)
            was, is_now = held.get(then), held.get(now)
            numbers = f"{was.clips:,} clips then, {n_now:,} now" if was else f"{n_now:,} clips now"
            made = f"{folder} was made of other clips than 01 has made since ({numbers})"
            if again:
                raise CheckpointError(f"{made}; run 02 again: it makes its features anew of them")
            raise OtherSettings(_told(run, made, was, is_now.settings if is_now else None))


def refuse_to_change(
    run: Run, settings: dict[str, Any], content: str, units: Iterable[str]
) -> None:
    """CheckpointError where 01 would make other clips than those that 02's features are of.

    `settings` of `asked_for`, `content` of `digest`, and all of 01's units as they would be.
    """
    if recorded_in(run):
        return
    held = _held(run)
    for folder, then in _featured(run):
        was = held.get(then)
        if was.content != content if was else _would_add(run, then, units):
            n_then = f" ({was.clips:,} clips)" if was else ""
            made = (
                f"{folder} was made of 01's clips as they are{n_then}, and 01 would now make others"
                if then == standing(run)[0]
                else f"{folder} was made of other clips{n_then} than 01 would make now"
            )
            raise OtherSettings(_told(run, made, was, settings))


def _would_add(run: Run, then: str, units: Iterable[str]) -> bool:
    """Of features whose catalogue an older version wrote: whether 01 has more to make than it."""
    done: set[str] = set()
    for _, state in states(run, "clips"):
        done |= state["done"].keys()
    return then == standing(run)[0] and not done.issuperset(units)


def _featured(run: Run) -> list[tuple[Path, str]]:
    """Folders of features and digests of the catalogues they were made of, the newest first."""
    held = [(path.parent, state["settings"]) for path, state in states(run, FEATURES)]
    return [(folder, has["catalogue"]) for folder, has in held if "catalogue" in has]


def _told(run: Run, made: str, was: Asked | None, now: dict[str, Any] | None) -> str:
    """The whole of a refusal: what was made of what, what differs, what to do."""
    differ = _differences(was.settings, now) if was and now is not None else {}
    if differ:
        why = ", ".join(f"{name} {a!r} then, {b!r} now" for name, (a, b) in differ.items())
        back = f"give 01 {', '.join(f'{name} {a!r}' for name, (a, _) in differ.items())} again"
    elif was and now is not None:
        why = "what machines are asked for is the same, so recordings, a table or splits changed"
        back = "give 01 the recordings, table and splits that it had"
    else:
        why = "what 01 was asked for then is not known: an older mwwkit made them"
        back = "give 01 the settings and recordings that it had"
    there = [f"{name}/" for name in MADE_OF_THEM if (run / name).is_dir()]
    anew = f"delete {', '.join(there)} of {run.folder} to make them again"
    if not (run / FEATURES).is_dir():
        anew = "leave the run that has the features out of PREVIOUS"
    ways = back, "use a new run folder (--run-dir, RUN_DIR)", anew
    return f"{made}: {why}; {', or '.join(ways)}"
