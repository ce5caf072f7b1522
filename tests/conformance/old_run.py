"""Version 33b86c6 and the one that moved the modules go on from the same old run, side by side.

    python tests/conformance/old_run.py FOLDER

The run is the fixture `tests/fixtures/run-33b86c6`, which stopped in the middle of 03. Each version
runs 01 to 05 on a copy of it with `python -m mwwkit run` and the fixture's settings, each in
a git worktree of its own; so this works whatever the modules are called. Exits with 1 unless

* `clips/`, `features/`, `training/`, `tuned/` and both `.tflite` files are the same bytes, and
  `judged/` holds the same verdicts;
* in `mined/` only scores differ: the device's sum divided by 255 a score, not by 256;
* every text and every value of `export/` that differs is in a table below, which says why.

It speaks of the step from 33b86c6 to da14a60, the version that had moved the modules; both are
taken from git. Later ones may change what a new run makes: `--here` shows by how much this does.
"""

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from old_version import ROOT, VERSION, chain_of, worktree
from whole_runs import contents, differences

sys.path.insert(0, str(Path(__file__).parents[1]))

from old_run_fixture import unpack  # noqa: E402

MOVED = "da14a60"
SAME = ("clips", "features", "training", "tuned")
WINDOW = 5  # scores whose mean 04 looks at
OLD_UNIT, NEW_UNIT = 256, 255  # what a uint8 score was divided by, and is
DIGITS = 4  # of a score that is written down
FEWEST_SCORES = 8  # in mined.csv, so that something is compared

# What may differ in export/, and which line of the move's issue changed it: texts by their names,
# values of JSON files by their keys.
TEXTS = {
    "*.card.md": "4: the median latency has an interval; the sizes and digests of other files",
    "*.report.html": "4: the median latency has an interval; the sizes and digests of other files",
}
VALUES = {
    "*.false_accepts_per_hour.at_most": "3: a rate is one type, so its bound is always with it",
    "*.latency.median_*_s": "4: bootstrap gets the median latency's interval",
    "files.*.bytes": "of a file in this table",
    "files.*.sha256": "of a file in this table",
    "complete.sha256.*": "of a file in this table",
}
UNKNOWN = "NOT IN THE TABLE"


@dataclass(frozen=True)
class Row:
    """A line of the table: a folder or a file, what was found, and whether that was promised."""

    what: str
    found: str
    is_promised: bool

    def __str__(self) -> str:
        return f"| {self.what} | {self.found} | {'yes' if self.is_promised else 'NO'} |"


HEAD = "| | found | as promised |\n|---|---|---|"


def gone_on(tree: Path, work: Path) -> Path:
    """A copy of the fixture, brought to the end of 05 by the version at `tree`; its run."""
    unpack(work)
    log = work.with_suffix(".log")
    # What the older version did and could not be set: another default goes on with no old run.
    as_it_was = ("-p", "LABEL_IGNORE_BEFORE_S=0.12") if tree == ROOT else ()
    if chain_of(tree, work, log, "01-05", *as_it_was).wait():
        sys.exit(f"the chain at {tree} failed:\n{log.read_text()[-2000:]}")
    return work / "run"


def same_folders(old: Path, new: Path) -> Iterator[Row]:
    """The folders that must be the same bytes."""
    one, other = contents(old), contents(new)
    known = {*SAME, "judged", "mined", "export"}
    for folder in (*SAME, *sorted({name.split("/")[0] for name in one | other} - known)):
        mine, its = (_of_folder(files, folder) for files in (one, other))
        differ = differences(mine, its)
        shown = f": {', '.join(differ[:3])}" if differ else ""
        yield Row(f"{folder}/", f"{len(mine)} files, {len(differ)} differ{shown}", not differ)


def _of_folder(files: dict[str, str], folder: str) -> dict[str, str]:
    return {n: digest for n, digest in files.items() if n == folder or n.startswith(f"{folder}/")}


def verdicts(old: Path, new: Path) -> Row:
    """What candidates reach, whatever the files that keep it are called."""
    one, other = (sorted(p.read_text() for p in run.glob("judged/*.json")) for run in (old, new))
    told = f"{len(one)} verdicts, {'the same' if one == other else 'others'}"
    return Row("judged/", told, one == other)


def rescored(score: float) -> float:
    """A score that the old version wrote, as the same sum of bytes divided by 255 each gives it."""
    total = score * OLD_UNIT * WINDOW
    if abs(total - round(total)) > OLD_UNIT * WINDOW * 0.51 * 10**-DIGITS:
        raise ValueError(f"{score} is no mean of {WINDOW} scores of an integer / {OLD_UNIT}")
    return round(round(total) / (NEW_UNIT * WINDOW), DIGITS)


def mined(old: Path, new: Path) -> Iterator[Row]:
    """What 04 kept: the same events, with scores that are the same sums."""
    tables = [list(csv.DictReader(io.StringIO(_text(run, "mined.csv")))) for run in (old, new)]
    told = [[{**row, "score": ""} for row in table] for table in tables]
    scores = [[float(row["score"]) for row in table] for table in tables]
    yield _of_scores("mined/mined.csv", told[0] == told[1], *scores)
    for name in ("checkpoint.json", "checkpoint.previous.json"):
        states = [json.loads(_text(run, name)) for run in (old, new)]
        scores = [list(_taken_out(state)) for state in states]
        yield _of_scores(f"mined/{name}", states[0] == states[1], *scores)
    rest = [_of_folder(contents(run), "mined/hard") for run in (old, new)]
    differ = differences(*rest)
    yield Row("mined/hard/", f"{len(rest[0])} files, {len(differ)} differ", not differ)
    names = [{path.name for path in (run / "mined").iterdir()} for run in (old, new)]
    yield Row("mined/", f"{len(names[0])} names", names[0] == names[1])


def _text(run: Path, name: str) -> str:
    return (run / "mined" / name).read_text(encoding="utf-8")


def _taken_out(state: dict[str, Any]) -> Iterator[float]:
    """The scores of a checkpoint's events, which are taken out of it."""
    for facts in state["done"].values():
        for event in facts["events"]:
            yield event.pop()


def _of_scores(what: str, rest_is_same: bool, old: list[float], new: list[float]) -> Row:
    kept = old == new
    scaled = list(map(rescored, old)) == new
    how = "the same" if kept else "256/255 of the old" if scaled else "others"
    rest = "the rest the same" if rest_is_same else "the rest DIFFERS"
    is_promised = rest_is_same and (kept or scaled) and len(old) >= FEWEST_SCORES
    return Row(what, f"{len(old)} scores, {how}; {rest}", is_promised)


def exported(old: Path, new: Path) -> Iterator[Row]:
    """Every file of 05: the same, or listed with what changed it."""
    one, other = (_of_folder(contents(run), "export") for run in (old, new))
    models = [name for name in one if name.endswith(".tflite")]
    same = [name for name in models if one[name] == other.get(name)]
    yield Row("export/*.tflite", f"{len(models)} models, {len(same)} the same", len(same) == 2)
    differ = differences(one, other)
    yield Row("export/", f"{len(one)} files, {len(differ)} differ", True)
    for name in differ:
        if name in one and name in other:
            found = _changed(old / name, new / name)
        else:
            found = f"{UNKNOWN}: in one of the two only"
        yield Row(name, found, UNKNOWN not in found)


def _changed(old: Path, new: Path) -> str:
    """Why two files differ, as the tables have it; with the keys that are not in them."""
    if old.suffix != ".json":
        return _why(TEXTS, old.name)
    one, other = (dict(_leaves(json.loads(path.read_text("utf-8")))) for path in (old, new))
    keys = [k for k in one | other if k not in one or k not in other or one[k] != other[k]]
    reasons: dict[str, list[str]] = {}
    for key in keys:
        reasons.setdefault(_why(VALUES, key), []).append(key)
    told = [f"{len(of)} values ({min(of)}): {why}" for why, of in sorted(reasons.items())]
    return "; ".join(told) or f"{UNKNOWN}: the same values, written otherwise"


def _why(table: dict[str, str], name: str) -> str:
    return next((why for pattern, why in table.items() if fnmatchcase(name, pattern)), UNKNOWN)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside a JSON, with its keys joined by dots."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in inside:
        path = f"{key}.{name}" if key else str(name)
        if isinstance(item, dict | list) and item:
            yield from _leaves(item, path)
        else:
            yield path, item


def main() -> None:
    """Run both, compare, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for two worktrees and runs; an empty one")
    options.add_argument("--here", action="store_true", help="this version, not the moved one")
    arguments = options.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with worktree(folder / VERSION) as tree:
        old = gone_on(tree, folder / "old")
    with nullcontext(ROOT) if arguments.here else worktree(folder / MOVED, MOVED) as tree:
        new = gone_on(tree, folder / "new")
    rows = [*same_folders(old, new), verdicts(old, new), *mined(old, new), *exported(old, new)]
    print(HEAD)
    for row in rows:
        print(row)
    wrong = [row for row in rows if not row.is_promised]
    to = "this version" if arguments.here else MOVED
    print(f"\nFrom {VERSION} to {to}: {len(wrong)} of {len(rows)} lines not as promised.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
