"""Who trains and who is tested, so that no model is scored on what it saw.

    for fold in folds("computer", data, k=3):
        fold.train["positives"], fold.train["speech"], ...   # paths under `data`, as lists
        fold.test["negatives"], fold.test["speech"]          # over the folds: each one once

`data` is the folder that MWWKIT_REAL_AUDIO names. What is known of the speakers keeps them whole:
named speakers and byte-identical clips stay on one side; "alexa" clips, whose neighbouring numbers
are mostly one voice, are cut into contiguous blocks with a gap. Clips of other words have no
speaker labels: they are dealt out at random, and one voice may be on both sides; so are the clips
of a wake word that is neither "alexa" nor "computer". The read speech of
kathleen and nathalie is one voice each: cut into contiguous blocks of sentences, so the voice is
on both sides and the sentence is not. Rooms are dealt out by place. Recorded noise only trains.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from mwwkit.audio.reading import read
from mwwkit.audio.wav16 import pcm_sha256, to_int16
from mwwkit.run.seeds import rng

GAP = 5  # clips of "alexa" left out of training on each side of a test block
SPLIT = Path("..", "benchmarks", "computer_split.csv")  # beside the data folder
PEOPLE = "people/"


@dataclass(frozen=True)
class Source:
    """A row of index.csv."""

    path: str
    kind: str
    word: str
    source: str
    speaker: str
    seconds: float


@dataclass(frozen=True)
class AtHand:
    """The recordings there are: of `data`, and of `people`, whose paths begin with people/."""

    data: Path
    people: Path | None = None

    @cached_property
    def rows(self) -> dict[str, Source]:
        """All of them by path."""
        if self.people is None:
            return index(self.data)
        theirs = (replace(row, path=PEOPLE + row.path) for row in index(self.people).values())
        return index(self.data) | {row.path: row for row in theirs}

    def file(self, path: str) -> Path:
        """Where the recording of a row lies."""
        if path.startswith(PEOPLE) and self.people:
            return self.people / path.removeprefix(PEOPLE)
        return self.data / path


@dataclass(frozen=True)
class Fold:
    """One division. Both sides are role -> sorted paths, as `AtHand.rows` has them.

    Train: positives, negatives, speech, noise, rirs. Test: positives, negatives, speech, rirs, and
    where a trial has it household: other clips of the voices that train.
    """

    word: str
    number: int
    of: int
    train: dict[str, list[str]]
    test: dict[str, list[str]]


@cache
def index(data: Path) -> dict[str, Source]:
    """The rows of `data`/index.csv by their path."""
    with open(data / "index.csv", encoding="utf-8", newline="") as file:
        rows = [
            Source(r["path"], r["kind"], r["word"], r["source"], r["speaker"], float(r["seconds"]))
            for r in csv.DictReader(file)
        ]
    return {row.path: row for row in rows}


def folds(word: str, data: Path, k: int, seed: int = 0) -> list[Fold]:
    """`k` divisions of everything in `data` for a wake word.

    "computer": the same 247 clips train and the same 164 test in every fold; "alexa": `k` blocks;
    another word: its clips are dealt out like those of other words, and a word that is not in
    `data` has none. Every negative and every second of speech is tested in exactly one fold.

    Raises:
        ValueError: fewer than two folds.
    """
    if k < 2:
        raise ValueError(f"{word!r} in {k} folds; wanted 2 or more")
    rows = index(data).values()
    negatives = [r for r in rows if r.kind == "keyword" and _is_negative(r, word)]
    blocks = _blocks(_in_order(r.path for r in rows if r.word == "alexa"), k)
    dealt = _deal([r for r in negatives if r.word != "alexa"], data, k, seed)
    own = _deal([r for r in rows if r.word == word], data, k, seed)
    speech = _deal_speech([r for r in rows if r.kind == "speech"], data, k, seed)
    dry = [r.path for r in rows if r.kind == "dry_speech_48k"]
    noise = sorted(r.path for r in rows if r.kind == "noise")
    rooms = _deal_rooms([r.path for r in rows if r.kind == "rir"], k, seed)
    made = []
    for number in range(k):
        alexa_test, alexa_train = blocks[number]
        if word == "alexa":
            alexa_negatives: tuple[list[str], list[str]] = ([], [])
            positives = alexa_test, alexa_train
        else:
            alexa_negatives = alexa_test, alexa_train
            positives = own[number], _others(own, number)
        if word == "computer":
            positives = _computer_split(data)
        heard = {sentence(path) for path in speech[number]}
        train = {
            "positives": positives[1],
            "negatives": _others(dealt, number) + alexa_negatives[1],
            "speech": _others(speech, number) + [p for p in dry if sentence(p) not in heard],
            "noise": noise,
            "rirs": _others(rooms, number),
        }
        test = {
            "positives": positives[0],
            "negatives": dealt[number] + alexa_negatives[0],
            "speech": speech[number],
            "rirs": rooms[number],
        }
        made.append(Fold(word, number, k, _sorted(train), _sorted(test)))
    return made


def _is_negative(row: Source, word: str) -> bool:
    # Mycroft's "computer" and "hey computer" clips hold the wake word as well.
    return row.word != word and not (word == "computer" and row.word.startswith("heycomputer"))


def _computer_split(data: Path) -> tuple[list[str], list[str]]:
    with open(data / SPLIT, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    test, train = ([r["path"] for r in rows if r["split"] == s] for s in ("test", "train"))
    return test, train


def _in_order(paths: Iterable[str]) -> list[str]:
    return sorted(paths, key=lambda path: int(Path(path).stem))


def _blocks(paths: Sequence[str], k: int) -> list[tuple[list[str], list[str]]]:
    """(test, train) of `k` contiguous blocks; training leaves out GAP clips on both sides."""
    edges = [round(i * len(paths) / k) for i in range(k + 1)]
    return [
        (list(paths[a:b]), [*paths[: max(0, a - GAP)], *paths[b + GAP :]])
        for a, b in zip(edges, edges[1:], strict=False)
    ]


def _deal(rows: list[Source], data: Path, k: int, seed: int) -> list[list[str]]:
    """Each word's groups (speaker, or clip and its copies) to the fold with least of that word."""
    groups = defaultdict(list)
    for row, group in zip(rows, _groups(rows, data), strict=True):
        groups[group].append(row)
    strata = defaultdict(list)  # a speaker of many words is dealt once, among such speakers
    for members in groups.values():
        strata[members[0].source if members[0].speaker else members[0].word].append(members)
    dealt: list[list[str]] = [[] for _ in range(k)]
    for name in sorted(strata):
        order = rng(seed, "folds", name).permutation(len(strata[name]))
        shares = [0] * k
        for at in sorted(order, key=lambda i, s=strata[name]: -len(s[i])):
            to = min(range(k), key=lambda i, s=shares: (s[i], len(dealt[i])))
            dealt[to] += [row.path for row in strata[name][at]]
            shares[to] += len(strata[name][at])
    return dealt


def _groups(rows: list[Source], data: Path) -> list[Hashable]:
    """One key a row: its speaker where known, joined with every row of the same PCM."""
    first: dict[str, Hashable] = {}
    joined: dict[Hashable, Hashable] = {}
    keys = []
    for row in rows:
        key: Hashable = ("speaker", row.speaker) if row.speaker else ("clip", row.path)
        same = first.setdefault(pcm_sha256(to_int16(read(data / row.path))), key)
        if _root(joined, same) != _root(joined, key):
            joined[_root(joined, key)] = _root(joined, same)
        keys.append(key)
    return [_root(joined, key) for key in keys]


def _root(joined: dict[Hashable, Hashable], key: Hashable) -> Hashable:
    while key in joined:
        key = joined[key]
    return key


def sentence(path: str) -> str:
    """What is said in a speech file, as far as its name tells: `arctic_a0001` was read twice."""
    return re.sub(r"_\d{10}$", "", Path(path).stem)


def _deal_speech(rows: list[Source], data: Path, k: int, seed: int) -> list[list[str]]:
    """Single voices in contiguous blocks of sentences, files of unknown voices at random."""
    dealt = _deal([row for row in rows if not row.speaker], data, k, seed)
    for speaker in sorted({row.speaker for row in rows} - {""}):
        own = sorted((row for row in rows if row.speaker == speaker), key=lambda r: r.path)
        spoken = sorted({sentence(row.path) for row in own})
        for row in own:
            dealt[spoken.index(sentence(row.path)) * k // len(spoken)].append(row.path)
    return dealt


def place(path: str) -> str:
    """Where a room's response was taken: its other microphones are the same place."""
    name = Path(path).stem
    return name.rpartition("__")[0] or name.split("_")[0]


def _deal_rooms(paths: list[str], k: int, seed: int) -> list[list[str]]:
    """Whole places, each to the fold with the fewest responses."""
    places = sorted({place(path) for path in paths})
    dealt: list[list[str]] = [[] for _ in range(k)]
    for at in rng(seed, "folds", "rooms").permutation(len(places)):
        min(dealt, key=len).extend(p for p in paths if place(p) == places[at])
    return dealt


def _others(dealt: list[list[str]], number: int) -> list[str]:
    return [path for i, paths in enumerate(dealt) if i != number for path in paths]


def _sorted(roles: dict[str, list[str]]) -> dict[str, list[str]]:
    return {role: sorted(paths) for role, paths in roles.items()}
