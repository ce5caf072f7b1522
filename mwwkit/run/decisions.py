"""What a person decided while looking at a run, kept in files of the run that the stages read.

    decide_clip(run, ClipDecision("clips/clip/ann-0000-1f/000-000-7.wav", "exclude", "a door"))
    decide_cutoff(run, CutoffDecision(201, 5, sha256_of_the_weights, "rather miss than annoy"))
    decide_parameters(run, "featurize", {"EQ": 0.6})
    clip_decisions(run), cutoff_decision(run), parameter_decisions(run)

`decisions/clips.csv`, `decisions/cutoff.json` and `decisions/parameters.json` are plain text that a
person may edit or write; what is wrong in them is refused by name. The newest file of each counts,
this run's before those of earlier ones, and it counts whole: what is decided here is added to what
was decided before and written into this run. So a batch run over the same files ends the same.

A clip keeps its decision when 01 gives it another name: the file has its sound's SHA-256 too. A row
without one, written by hand, is of the sound that has its path now; one of a sound whose path has
another now is not applied (`of_other_sounds`).
"""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any

from mwwkit.run import kept
from mwwkit.run.config_base import Between, Checked, OneOf, at_least
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, replacing, write_json
from mwwkit.run.paths import Run

CLIPS, CUTOFF = "decisions/clips.csv", "decisions/cutoff.json"
PARAMETERS = "decisions/parameters.json"
CATALOGUE = "clips/catalogue.csv"  # of 01, for the clips' SHA-256
KEEP, EXCLUDE = "keep", "exclude"
LABELS = ("positive", "negative", "hard_negative")  # what a clip may be called instead
ACTIONS = (KEEP, EXCLUDE, *LABELS)


@dataclass(frozen=True)
class Sha256:
    """A SHA-256 in hex; nothing where it may be `unknown`."""

    unknown: bool = False

    def fault(self, value: str) -> str:
        """What is wrong with a value, to stand after its name; empty where nothing is."""
        is_good = re.fullmatch("[0-9a-f]{64}", value) or (self.unknown and not value)
        return "" if is_good else f"is {value!r}; wanted a SHA-256, 64 digits of 0-9 and a-f"


@dataclass(frozen=True)
class InTheRun:
    """A file of the run, as the catalogue names it."""

    def fault(self, value: str) -> str:
        """What is wrong with a value, to stand after its name; empty where nothing is."""
        inside = value.startswith("clips/") and ".." not in value.split("/")
        return "" if inside else f"is {value!r}; wanted a path of {CATALOGUE}, such as clips/..."


@dataclass(frozen=True)
class ClipDecision(Checked):
    """What to do with a clip: keep it, leave it out, or take it for something else."""

    clip: Annotated[str, InTheRun()]  # its path in the catalogue
    action: Annotated[str, OneOf(ACTIONS)]
    reason: str = ""
    sha256: Annotated[str, Sha256(unknown=True)] = ""  # of its sound; `decide_clip` looks it up


@dataclass(frozen=True)
class CutoffDecision(Checked):
    """The operating point to ship, instead of the one that 05 would choose."""

    cutoff: Annotated[int, Between(1, 254)]  # of 255 steps, as the device compares
    window: Annotated[int, at_least(1)]  # scores averaged
    weights: Annotated[str, Sha256()]  # of the weights' file with which it was looked at
    reason: str = ""


def clip_decisions(run: Run) -> dict[str, ClipDecision]:
    """The decisions by the path that the clip has in the catalogue now; {} where there are none.

    One whose path is not there any more stands under it; without those of `of_other_sounds`. Raises
    WrongInput, naming file and line, for anything that is no decision.
    """
    return _placed(run)[0]


def of_other_sounds(run: Run) -> dict[str, ClipDecision]:
    """Decisions about sounds that are gone, whose paths have other sounds now: by these paths.

    They are kept, and apply again where their sound comes back. Raises as `clip_decisions` does.
    """
    return _placed(run)[1]


def _placed(run: Run) -> tuple[dict[str, ClipDecision], dict[str, ClipDecision]]:
    """The decisions that count by their clips' paths, and those of sounds that others replaced."""
    decided = sorted(_written(run), key=lambda each: each.clip)
    now = _sounds(run) if decided else {}
    paths = {sha256: path for path, sha256 in now.items()}
    count: dict[str, ClipDecision] = {}
    others: dict[str, ClipDecision] = {}
    for each in decided:
        at, path = now.get(each.clip), each.clip
        if each.sha256 and at != each.sha256:
            path = paths.get(each.sha256, each.clip)
            if at and path == each.clip:
                others[path] = each
                continue
        if path in count and count[path].action != each.action:
            raise WrongInput(
                f"{run.all(CLIPS)[0]} decides twice about the sound that is {path} now: "
                f"{count[path].action}, and under {each.clip} {each.action}; leave one row"
            )
        count[path] = replace(each, clip=path)
    return dict(sorted(count.items())), others


def decide_clip(run: Run, decision: ClipDecision) -> None:
    """Keep a decision about a clip, in the place of an earlier one about it."""
    decided, others = _placed(run)
    if not decision.sha256:
        decision = replace(decision, sha256=_sounds(run).get(decision.clip, ""))
    _write_clips(run, others | decided | {decision.clip: decision})


def undecide_clip(run: Run, clip: str) -> None:
    """Take the decision about a clip back, if there is one."""
    decided, others = _placed(run)
    if decided.pop(clip, None):
        _write_clips(run, others | decided)


def cutoff_decision(run: Run) -> CutoffDecision | None:
    """The cutoff and window that a person chose; None where nobody did.

    Whoever takes it compares `weights`: a cutoff says nothing about other weights. Raises
    WrongInput, naming the file, for anything that is no such decision.
    """
    found = run.all(CUTOFF)
    held = read_json(found[0]) if found else None
    if held is None:
        return None
    names = [field.name for field in fields(CutoffDecision)]
    if not isinstance(held, dict) or not set(held) <= set(names):
        raise WrongInput(f"{found[0]} holds {_shortened(held)}; wanted {', '.join(names)}")
    try:
        return CutoffDecision(**held)
    except (TypeError, WrongInput) as error:  # one is missing, or is none
        raise WrongInput(f"{found[0]}: {error}; mend it, or delete it") from error


def decide_cutoff(run: Run, decision: CutoffDecision | None) -> None:
    """Keep the operating point to ship; None: 05 chooses again."""
    if decision is not None or run.all(CUTOFF):
        _write_json(run, CUTOFF, decision and asdict(decision))


def parameter_decisions(run: Run) -> dict[str, dict[str, Any]]:
    """By notebook ("featurize"), the values of parameters by their names ("EQ").

    Whether there are such parameters the notebook says. Raises WrongInput, naming the file, for
    anything but such a table.
    """
    found = run.all(PARAMETERS)
    held = read_json(found[0]) if found else {}
    is_table = isinstance(held, dict) and all(isinstance(of, dict) for of in held.values())
    if not is_table:
        wanted = 'tables by notebook, such as {"featurize": {"EQ": 0.6}}'
        raise WrongInput(f"{found[0]} holds {_shortened(held)}; wanted {wanted}")
    for notebook, values in held.items():
        for name in values:
            if not (name.isidentifier() and name.isupper()):
                raise WrongInput(
                    f"{found[0]} has {name!r} under {notebook}; wanted a parameter's name as the "
                    f"notebook writes it, such as {name.upper()}"
                )
    return held


def decide_parameters(run: Run, notebook: str, values: Mapping[str, Any]) -> None:
    """Keep values of a notebook's parameters beside those that it has; None takes one back."""
    decided = parameter_decisions(run)
    held = decided.get(notebook, {}) | dict(values)
    held = {name: value for name, value in held.items() if value is not None}
    _write_json(run, PARAMETERS, decided | {notebook: held})


def _written(run: Run) -> list[ClipDecision]:
    """The rows of the newest file, as they stand."""
    found = run.all(CLIPS)
    if not found:
        return []
    names = [field.name for field in fields(ClipDecision)]
    decided: dict[str, ClipDecision] = {}
    with open(found[0], newline="", encoding="utf-8-sig") as file:  # a spreadsheet writes a mark
        rows = csv.DictReader(file)
        if not {"clip", "action"} <= set(rows.fieldnames or ()) <= set(names):
            raise WrongInput(
                f"{found[0]} has the columns {rows.fieldnames}; wanted {', '.join(names)}, with "
                "commas between them"
            )
        for row in rows:
            each = _decision(f"{found[0]}, line {rows.line_num}", row)
            if each.clip in decided:
                raise WrongInput(f"{found[0]} decides twice about {each.clip}; leave one row")
            decided[each.clip] = each
    return list(decided.values())


def _decision(where: str, row: dict[str | None, Any]) -> ClipDecision:
    if None in row or None in row.values():
        raise WrongInput(f"{where}: the row has more or fewer cells than the head; mend it")
    try:
        return ClipDecision(**{name: text.strip() for name, text in row.items()})
    except WrongInput as error:
        raise WrongInput(f"{where}: {error}") from error


def _write_clips(run: Run, decided: Mapping[str, ClipDecision]) -> None:
    names = [field.name for field in fields(ClipDecision)]
    with replacing(run / CLIPS) as part, open(part, "w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, names, lineterminator="\n")
        rows.writeheader()
        rows.writerows(asdict(each) for _, each in sorted(decided.items()))
    kept.save(run.folder)


def _write_json(run: Run, name: str, value: Any) -> None:
    write_json(run / name, value)
    kept.save(run.folder)


def _sounds(run: Run) -> dict[str, str]:
    """By the paths of 01's catalogue, the SHA-256 of each clip's sound; {} before there is one."""
    found = run.all(CATALOGUE)
    if not found:
        return {}
    with open(found[0], newline="", encoding="utf-8") as file:
        return {row["path"]: row["sha256"] for row in csv.DictReader(file)}


def _shortened(value: Any) -> str:
    return json.dumps(value)[:60] if isinstance(value, dict | list) else repr(value)[:60]
