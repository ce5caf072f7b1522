"""What became of everything that was given: the last table of 01, from what is on disk.

    print(fates_of(run))
    # what was given            given   used  set aside  left out    train  validation  test
    # recordings/positive          24     22          2         0       16           3     3

Each is counted by itself: `used` by the catalogue's clips, of which a long file gives several, `set
aside` by the quarantine's rows, `left out` by what was asked. Where they are not `given` together,
the foot says how many things are not accounted for.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePath

from mwwkit.corpus.clips import QUARANTINE, Rejected, SampleRecord, Split
from mwwkit.corpus.gathering import Gathered, Place, given_thing
from mwwkit.corpus.sources import Input
from mwwkit.corpus.unit_folders import where
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.run.shown import Facts, Table
from mwwkit.run.typed_json import Count, from_json, to_json

FILE = "clips/fates.json"
LONGEST = 150  # characters of a reason that is shown; the whole is in the quarantine
MOST_LINES = 12  # of one kind of fate; the rest is counted
_Thing = tuple[int, Hashable]  # number of its place, and what of that which was given it is
NOT_USED = "Set aside is what cannot be used; left out is what you asked not to be used."
COLUMNS = ("given", "used", "set aside", "left out", "train", "validation", "test")


@dataclass(frozen=True)
class Fate:
    """One place: how many things were given, what became of them, and how many clips there are."""

    place: str
    given: Count
    used: Count
    set_aside: Count
    left_out: Count
    train: Count
    validation: Count
    test: Count

    def numbers(self) -> tuple[int, ...]:
        """In the order of `COLUMNS`."""
        rejected = self.set_aside, self.left_out
        return self.given, self.used, *rejected, self.train, self.validation, self.test

    @property
    def unaccounted(self) -> int:
        """Things of which nothing says what became of them; 0 unless mwwkit has a fault."""
        return self.given - self.used - self.set_aside - self.left_out


@dataclass(frozen=True)
class Why:
    """How many things met the same fate, and the first of them with its own reason."""

    n: Count
    name: str
    reason: str

    def __str__(self) -> str:
        """A line of the table's foot."""
        is_whole = len(self.reason) <= LONGEST or self.reason.endswith("?")  # a question is asked
        reason = self.reason if is_whole else f"{self.reason[:LONGEST]}…"
        others = f" and {self.n - 1:,} more" if self.n > 1 else ""
        return f"{self.n:>7,}  {reason} ({self.name}{others})"


@dataclass(frozen=True, repr=False)
class Fates:
    """The table, and the reasons under it."""

    content: str  # what it was made from
    places: tuple[Fate, ...]
    set_aside: tuple[Why, ...]
    left_out: tuple[Why, ...]
    remarks: tuple[Why, ...]  # about what is used
    ignored: tuple[Why, ...]

    @property
    def n_set_aside(self) -> int:
        """How many things could not be used."""
        return sum(fate.set_aside for fate in self.places)

    @property
    def faults(self) -> list[str]:
        """A sentence for each place with things that are not accounted for."""
        return [
            f"{fate.place}: {fate.unaccounted:,} of {fate.given:,} are not accounted for, which is "
            "a fault of mwwkit; please report it"
            for fate in self.places
            if fate.unaccounted
        ]

    def __str__(self) -> str:
        """The table for people."""
        return "\n".join([*_table(self.places), *self._foot()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(fate.place, *_cells(fate.numbers())) for fate in self.places if fate.given]
        totals = map(sum, zip(*(fate.numbers() for fate in self.places), strict=True))
        table = Table([*rows, ("all", *_cells(totals))], ("what was given", *COLUMNS))
        return Facts({}, table, *self._foot())._repr_html_()

    def _foot(self) -> list[str]:
        heads = {
            f"set aside, each with its reason in {QUARANTINE}:": self.set_aside,
            "left out, as you asked:": self.left_out,
            "used, but for your information:": self.remarks,
            "hidden or the system's own, not counted:": self.ignored,
        }
        told = [line for head, whys in heads.items() if whys for line in (head, *_lines(whys))]
        some_are_not_used = any(fate.set_aside or fate.left_out for fate in self.places)
        return [*[NOT_USED] * some_are_not_used, *self.faults, *told]


def _cells(numbers: Iterable[int]) -> list[str]:
    return [f"{number:,}" for number in numbers]


def _lines(whys: Sequence[Why]) -> list[str]:
    rest = whys[MOST_LINES:]
    more = [f"{sum(why.n for why in rest):>7,}  of {len(rest)} more kinds"] if rest else []
    return [*map(str, whys[:MOST_LINES]), *more]


def _table(places: Sequence[Fate]) -> list[str]:
    columns = zip(*(fate.numbers() for fate in places), strict=True)
    rows = [(fate.place, fate.numbers()) for fate in places if fate.given]
    rows.append(("all", tuple(map(sum, columns))))
    width = max(len(name) for name, _ in rows)
    head = "".join(f"{name:>{len(name) + 3}}" for name in COLUMNS)
    sizes = [len(name) + 3 for name in COLUMNS]
    lines = [f"{'what was given':<{width}}{head}"]
    for name, numbers in rows:
        cells = (f"{number:>{size},}" for number, size in zip(numbers, sizes, strict=True))
        lines.append(f"{name:<{width}}{''.join(cells)}")
    return lines


def digest(gathered: Gathered, content: str) -> str:
    """What a table is made from, in 16 hex digits: the catalogue's content and what is no part."""
    lines = [content, *(f"{place.name} {len(place)}" for place in gathered.places)]
    return hashlib.sha256("\n".join([*lines, *gathered.lines()]).encode()).hexdigest()[:16]


def fates_of(run: Run) -> Fates | None:
    """The table of this run or of the newest earlier one; None where an older version ran 01."""
    paths = run.all(FILE)
    return from_json(Fates, read_json(paths[0]), str(paths[0])) if paths else None


def write_fates(
    run: Run,
    gathered: Gathered,
    units: Mapping[str, Sequence[Input]],
    records: Iterable[SampleRecord],
    rejected: Sequence[Rejected],
    content: str,
    remarks: Sequence[tuple[str, str]] = (),
) -> None:
    """Make the table and keep it in `clips/fates.json`.

    `rejected`: the quarantine's rows about inputs; `content`: of `digest`; `remarks`: (name,
    remark) of inputs that are used.
    """
    place_of = {id(i): number for number, p in enumerate(gathered.places) for i in p.inputs}
    used: set[_Thing] = set()
    clips: Counter = Counter()
    for record in records:
        item = _input_of(record.path, units)
        place = place_of[id(item)]
        used.add((place, given_thing(item)))
        clips[place, record.split] += 1
    aside, in_part = _set_aside(gathered, rejected, used)
    n_used, n_aside = (Counter(number for number, _ in things) for things in (used, aside))
    left_out = [_parted(line) for place in gathered.places for line in place.left_out]
    fates = Fates(
        content,
        tuple(
            _fate(place, n_used[number], n_aside[number], [clips[number, s] for s in Split])
            for number, place in enumerate(gathered.places)
        ),
        grouped([*aside.values(), *((row.path, row.reason) for row in gathered.aside)]),
        grouped(left_out),
        grouped([*remarks, *in_part]),
        grouped((p.name, _ignored(name)) for p in gathered.places for name in p.ignored),
    )
    write_json(run / FILE, to_json(fates))


def _fate(place: Place, n_used: int, n_rejected: int, of_split: Sequence[int]) -> Fate:
    n_aside = n_rejected + len(place.aside)
    return Fate(place.name, len(place), n_used, n_aside, len(place.left_out), *of_split)


def _set_aside(
    gathered: Gathered, rejected: Iterable[Rejected], used: set[_Thing]
) -> tuple[dict[_Thing, tuple[str, str]], list[tuple[str, str]]]:
    """Things that rows name and that are not used, with (name, reason); and what to know of used.

    Of a long file some pieces may be set aside and others be used.
    """
    named: dict[str, set[_Thing]] = defaultdict(set)
    for number, place in enumerate(gathered.places):
        for item in place.inputs:
            named[where(item)].add((number, given_thing(item)))
    called: dict[str, list[str]] = defaultdict(list)
    for name in named:
        called[PurePath(name).name].append(name)
    aside: dict[_Thing, tuple[str, str]] = {}
    in_part = []
    for row in rejected:
        things = named[_as_named_now(row.path, named, called)]
        for thing in things - used:
            aside.setdefault(thing, (row.path, row.reason))
        if things and things <= used:
            in_part.append((row.path, f"a part of it is set aside ({row.reason})"))
    return aside, in_part


def _as_named_now(name: str, named: Collection[str], called: Mapping[str, list[str]]) -> str:
    """An input's name where it lies today: a unit may have been made from where it lay then."""
    others = called.get(PurePath(name).name, ())
    if name in named or not others:
        return name
    parts = PurePath(name).parts[::-1]

    def n_alike(other: str) -> int:
        pairs = zip(parts, PurePath(other).parts[::-1], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(others, key=n_alike)


def _input_of(path: str, units: Mapping[str, Sequence[Input]]) -> Input:
    """What a clip was made from, by its path: clips/<unit>/<number>-<piece>-<name>.wav."""
    unit, _, name = path.partition("/")[2].rpartition("/")
    return units[unit][int(name.partition("-")[0])]


def _ignored(name: str) -> str:
    return "._* of macOS" if name.startswith("._") else name


def _parted(line: str) -> tuple[str, str]:
    name, _, why = line.rpartition(": ")
    return name, why


def grouped(rows: Iterable[tuple[str, str]]) -> tuple[Why, ...]:
    """(name, reason) put together by their kind of reason, the most frequent first."""
    first: dict[str, tuple[str, str]] = {}
    counts: Counter = Counter()
    for name, reason in sorted(rows):
        kind = _kind(reason)
        counts[kind] += 1
        first.setdefault(kind, (name, reason))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Why(n, *first[kind]) for kind, n in ordered)


def _kind(reason: str) -> str:
    """A reason without what is this file's alone: numbers, paths, and what follows a colon."""
    return re.sub(r"\S*[\d/]\S*", "#", re.split(r"[:;(]", reason)[0]).strip()
