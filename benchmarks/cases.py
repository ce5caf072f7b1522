"""The trials of the benchmark: who trains, who is tested, by which preset.

    case = Case("alexa", "all", fold=0, of=5, seed=1)
    case.name                          # alexa-all-0of5-seed1-standard
    fold = material(case, AtHand(data, people))

Trials:

    all        a fold's recordings train, the fold's others test: of "alexa" other voices, of
               another word voices may be on both sides
    few        twenty of those, drawn anew for each seed; "alexa": twenty of seven blocks of
               neighbours, tested on the blocks' other clips (household) and on all others
               (strangers)
    people200  one clip each of 200 reserved people train, drawn anew for each seed; everybody
               who is not reserved tests
    people20   the same with 20
    alone      twenty recordings, as of few or people20, and nothing else: no other words, no
               noise, no rooms
    none       no recording of anything trains: voices of machines; tested as above
    folders3   "alexa": 24 recordings of six blocks of neighbours in three speakers' folders; so
               with folders0, 1, 2 and 6; tested as few

Nobody on the list of reserved people is ever tested. Those who are not are tested and never train.
Their long speech and their other words are dealt out over the folds that a table pools, so that
each is tested once; a trial of one fold is tested on all of it.
"""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, replace

from benchmarks.folds import GAP, PEOPLE, AtHand, Fold, Source, folds
from benchmarks.reserve import is_reserved
from mwwkit.presets import load as preset_named
from mwwkit.run.seeds import rng

TRIALS = (
    "all",
    "few",
    "people200",
    "people20",
    "alone",
    "none",
    *(f"folders{n}" for n in (0, 1, 2, 3, 6)),
)
# Raise it when code, or a default that a preset leaves alone, makes another model, cutoff or card.
# 3: nothing is asked 0.25 s before a word ends; the tail knows what calibration scaled logits by.
# 5: near misses go by sound. Machines say none beside a hundred recordings: there it is as it was.
# (4 was a trial: machines silent beside twenty recordings.)
MADE = 5
MADE_OF = {"all": 3, "people200": 3}
WORDS_OF_PEOPLE = ("cat", "bed")
FEW, BLOCKS, BLOCK = 20, 7, 6  # recordings; drawn blocks of so many neighbouring clips of "alexa"
IN_FOLDERS, HOUSEHOLD = 24, 6  # recordings; blocks


@dataclass(frozen=True)
class Case:
    """One model to make and to measure."""

    word: str
    trial: str
    fold: int
    of: int
    seed: int  # of the training, and of the draw of recordings
    preset: str = "standard"
    changes: tuple[str, ...] = ()  # NAME=VALUE over the preset, for trials of a recipe

    @property
    def name(self) -> str:
        """What its files are called."""
        parts = (self.word, self.trial, f"{self.fold}of{self.of}", f"seed{self.seed}", self.preset)
        return "-".join(parts) + (f"-{self.recipe}" if self.changes else "")

    @property
    def recipe(self) -> str:
        """Eight hex digits of how it is made, what the preset says, and the changes."""
        return _digest([self._made, preset_named(self.preset), sorted(self.changes)])

    @property
    def _made(self) -> int:
        asks_machines = any(change.startswith("TTS_") for change in self.changes)
        return MADE if asks_machines else MADE_OF.get(self.trial, MADE)

    @property
    def run_name(self) -> str:
        """What its run is called: one begun by another recipe is not gone on with."""
        return self.name if self.changes else f"{self.name}-{self.recipe}"

    @property
    def spoken_changes(self) -> tuple[str, ...]:
        """Those of the changes that the run of 01 must have too that speaks for it."""
        return tuple(sorted(c for c in self.changes if c.startswith(("TTS_", "SHARES="))))

    @property
    def voices_name(self) -> str:
        """What the run of 01 is called that speaks for it: all cases of the word share it."""
        acquire = preset_named(self.preset).get("acquire", {})
        settings = [self._made, acquire, *([self.spoken_changes] if self.spoken_changes else [])]
        return f"{self.word}-{self.preset}-{_digest(settings)}"

    @property
    def pools(self) -> bool:
        """Whether a table pools its folds, so that what is tested is dealt out over them."""
        return self.trial == "all"


def _digest(settings: list | dict) -> str:
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def cases_of(
    word: str, trial: str, seeds: list[int], of: int, preset: str, changes: tuple[str, ...]
) -> list[list[Case]]:
    """What one table row is the middle of: for each seed all folds, or one fold by turns."""
    one = Case(word, trial, 0, of, 0, preset, changes)
    if one.pools:
        return [[replace(one, fold=i, seed=seed) for i in range(of)] for seed in seeds]
    return [[replace(one, fold=(seed - 1) % of, seed=seed)] for seed in seeds]


def material(case: Case, at_hand: AtHand) -> Fold:
    """Who trains and who is tested."""
    fold = folds(case.word, at_hand.data, case.of)[case.fold]
    train, test = dict(fold.train), dict(fold.test)
    is_peoples = case.word in WORDS_OF_PEOPLE
    if is_peoples:
        known, tested = _of_people(case.word, at_hand)
        train["positives"], test["positives"] = known, tested
        test["negatives"] = test["negatives"] + _dealt(case, _other_words(case.word, at_hand))
    test["speech"] = test["speech"] + _dealt(case, _long_speech(at_hand))
    if case.trial == "none":
        train = {role: [] for role in train}
    elif case.trial.startswith("people") or is_peoples and case.trial == "alone":
        train["positives"] = _one_each(train["positives"], case, at_hand)
    elif case.trial in ("few", "alone") and case.word == "alexa":
        everything = sorted(train["positives"] + test["positives"])
        divided = _blocks(everything, FEW, BLOCKS, case.seed)
        train["positives"], test["household"], test["positives"] = divided
    elif case.trial.startswith("folders"):
        everything = sorted(path for path in at_hand.rows if "/alexa/" in path)
        divided = _blocks(everything, IN_FOLDERS, HOUSEHOLD, case.seed)
        train["positives"], test["household"], test["positives"] = divided
    elif case.trial in ("few", "alone"):
        train["positives"] = _drawn(train["positives"], FEW, case)
    if case.trial == "alone":
        train = {"positives": train["positives"]}
    sides = ({role: sorted(p) for role, p in side.items()} for side in (train, test))
    return replace(fold, train=next(sides), test=next(sides))


def _drawn(paths: list[str], n: int, case: Case) -> list[str]:
    draw = rng(case.seed, "recordings", case.word)
    return [paths[i] for i in sorted(draw.choice(len(paths), n, replace=False))]


def _one_each(paths: list[str], case: Case, at_hand: AtHand) -> list[str]:
    """A clip each of as many people as the trial's name says."""
    of_person = defaultdict(list)
    for path in sorted(paths):
        of_person[at_hand.rows[path].speaker].append(path)
    n = FEW if case.trial == "alone" else int(case.trial.removeprefix("people"))
    draw = rng(case.seed, "people", case.word)
    names = [sorted(of_person)[i] for i in draw.permutation(len(of_person))[:n]]
    return [of_person[name][int(draw.integers(len(of_person[name])))] for name in names]


def folder_of(case: Case, path: str, fold: Fold) -> str:
    """The speaker's folder that a recording of the word is put in, where the trial says it."""
    n = int(case.trial.removeprefix("folders"))
    if not n:
        return ""
    in_order = sorted(fold.train["positives"], key=_number)
    return f"voice{in_order.index(path) * n // len(in_order) + 1}"


def _number(path: str) -> int:
    return int(path.rpartition("/")[2].partition(".")[0])


def _blocks(
    paths: list[str], n: int, n_blocks: int, seed: int
) -> tuple[list[str], list[str], list[str]]:
    """`n` clips of some blocks, the blocks' other clips, and all clips that are far from them.

    A clip that is no further than GAP from a block may be of its voice: it is on no side.
    """
    paths = sorted(paths, key=_number)
    draw = rng(seed, "blocks")
    chosen = sorted(draw.choice(len(paths) // BLOCK, n_blocks, replace=False))
    inside = [i for block in chosen for i in range(block * BLOCK, (block + 1) * BLOCK)]
    train = set()
    for turn in range(n):  # by turns, so that each block gives alike
        block = chosen[turn % n_blocks]
        left = [i for i in range(block * BLOCK, (block + 1) * BLOCK) if i not in train]
        train.add(left[int(draw.integers(len(left)))])
    near = {i + step for i in inside for step in range(-GAP, GAP + 1)}
    return (
        [paths[i] for i in sorted(train)],
        [paths[i] for i in inside if i not in train],
        [path for i, path in enumerate(paths) if i not in near],
    )


def _theirs(at_hand: AtHand) -> list[Source]:
    return [row for path, row in at_hand.rows.items() if path.startswith(PEOPLE)]


def _of_people(word: str, at_hand: AtHand) -> tuple[list[str], list[str]]:
    """The word by people who are reserved, and by those who are not."""
    said = [row for row in _theirs(at_hand) if row.word == word]
    known = [row.path for row in said if is_reserved(row.speaker)]
    return known, [row.path for row in said if not is_reserved(row.speaker)]


def _other_words(word: str, at_hand: AtHand) -> list[Source]:
    theirs = _theirs(at_hand)
    return [r for r in theirs if r.word not in ("", word) and not is_reserved(r.speaker)]


def _long_speech(at_hand: AtHand) -> list[Source]:
    return [r for r in _theirs(at_hand) if r.kind == "speech" and not is_reserved(r.speaker)]


def _dealt(case: Case, rows: list[Source]) -> list[str]:
    """Those for the case's fold, by speaker; all where nothing is pooled."""
    speakers = sorted({row.speaker for row in rows})
    order = rng(0, "people's folds").permutation(len(speakers))
    mine = {speakers[i] for at, i in enumerate(order) if at % case.of == case.fold}
    return [row.path for row in rows if not case.pools or row.speaker in mine]
