"""The recorded metrics of real trainings, a file for each cell of the verdict's truth table.

    recorded = read(Cell("shy", "people", "few"))
    verdict(recorded.metrics.threshold, ...)

tests/conformance/verdicts.py makes them; test_recorded_verdicts.py reads them. `judged.csv` beside
them says what a person calls each, and which plain facts that rests on.
"""

import csv
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from mwwkit.evaluation.measured import SplitFigures, Worst
from mwwkit.evaluation.metrics_file import Metrics
from mwwkit.report.origins import Data, StageSettings
from mwwkit.run.files import read_json, replacing
from mwwkit.run.typed_json import Amount, Keyed, from_json, in_lines, to_json

PLACE = Path(__file__).parent / "fixtures/verdicts"
JUDGED = PLACE / "judged.csv"
KINDS = ("deaf", "shy", "trigger-happy", "untested", "good")
VOICES, HOURS = ("people", "machines", "mixed"), ("few", "many")
DIGITS = 6  # of floats, as in a report
ABOUT = (
    "What 05 measured of a model that was really trained, without what no verdict reads: clips' "
    "scores, mistakes, other cutoffs, parity. tests/conformance/verdicts.py made it."
)
RECALL_BY = ("condition", "voice")  # the groups that are kept


@dataclass(frozen=True)
class Cell:
    """A kind of model, whose words it is tested on, and how much long sound there is."""

    kind: str
    voices: str
    hours: str  # "few" or "many"; an untested model has few

    @property
    def name(self) -> str:
        """As its file is called."""
        return f"{self.voices}-{self.hours}-{self.kind}"


CELLS = tuple(
    Cell(kind, voices, hours)
    for voices, hours, kind in product(VOICES, HOURS, KINDS)
    if kind != "untested" or hours == "few"
)


@dataclass(frozen=True)
class LongSound:
    """Hours of long sound of a split, by what it is."""

    split: str
    speech_of_people: Amount  # the speech at hand: read sentences and commands
    recorded_noise: Amount
    made_up_talk: Amount  # random sentences by espeak-ng's voices
    made_up_noise: Amount


@dataclass(frozen=True)
class Recorded:
    """What a file holds."""

    about: str
    command: str
    version: str
    settings: Annotated[tuple[StageSettings, ...], Keyed("stage", "settings")]
    long_sound: Annotated[tuple[LongSound, ...], Keyed("split")]
    data: Data
    history: dict  # 03's: what `diagnose` takes
    metrics: Metrics


def path_of(cell: Cell) -> Path:
    """Where a cell's file is."""
    return PLACE / f"{cell.name}.json"


def read(cell: Cell) -> Recorded:
    """What a cell's file holds; DataError where it is none of these."""
    path = path_of(cell)
    return from_json(Recorded, read_json(path), str(path))


def write(cell: Cell, recorded: Recorded) -> None:
    """Write a cell's file, whole or not at all."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with replacing(path_of(cell)) as part:
        part.write_text(in_lines(to_json(recorded, DIGITS)) + "\n", encoding="utf-8")


def stripped(metrics: Metrics) -> Metrics:
    """Metrics without what no verdict reads; the same types read it."""
    parity = metrics.parity
    compared = replace(parity.test, clips=(), differ=())
    return replace(
        metrics,
        validation=_stripped(metrics.validation),
        test=_stripped(metrics.test),
        parity=replace(parity, forms=(), against=(), test=compared),
    )


def _stripped(figures: SplitFigures) -> SplitFigures:
    groups, none = figures.groups, np.zeros((0, 0), np.int64)
    kept = tuple(by for by in groups.recall if by.dimension in RECALL_BY)
    return replace(
        figures,
        clips=(),
        surface=replace(
            figures.surface,
            windows=(),
            cutoffs=(),
            hits=none,
            clip_false_accepts=none,
            ambient_events=none,
        ),
        detectors=(),
        groups=replace(groups, recall=kept, other_clips_accepted=()),
        worst=Worst((), ()),
    )


@dataclass(frozen=True)
class Facts:
    """What anybody can count in a cell, at the cutoff that ships; and no opinion on it.

    Of the validation split's words there is but one count, of those that chose: people's where
    they were enough, and in files of an earlier version whoever said them.
    """

    people_heard: int  # test words, each under every condition
    people_of: int
    machines_heard: int
    machines_of: int
    recordings: int  # different ones among the test words of people, of machines without people
    test_events: int  # false accepts in long sound
    test_hours: float
    other_words_taken: int
    other_words_of: int
    validation_heard: int
    validation_of: int
    validation_events: int
    validation_hours: float
    asked_an_hour: float
    tail_expects: float | None


COLUMNS = tuple(Facts.__dataclass_fields__)


def facts(metrics: Any) -> Facts:
    """The plain facts in a metrics file, as JSON: read by its keys, with nothing of the verdict."""
    test, validation, threshold = (metrics[name] for name in ("test", "validation", "threshold"))
    heard = {row["group"]: row for row in test["groups"]["recall"]["voice"]}
    people, machines = (
        heard.get(name, {"count": 0, "of": 0, "units": 0}) for name in ("recorded", "synthetic")
    )
    on_test, on_validation = (of["false_accepts_per_hour"] for of in (test, validation))
    chosen_on = validation["recall"].values()
    return Facts(
        people["count"],
        people["of"],
        machines["count"],
        machines["of"],
        round((people["of"] or machines["of"]) / len(test["recall"])),
        on_test["events"],
        on_test["hours"],
        test["other_clips_accepted"]["count"],
        test["other_clips_accepted"]["of"],
        sum(row["count"] for row in chosen_on),
        sum(row["of"] for row in chosen_on),
        on_validation["events"],
        on_validation["hours"],
        threshold["target_false_accepts_per_hour"],
        threshold["false_accepts_expected_per_hour"],
    )


@dataclass(frozen=True)
class Judged:
    """What a person calls a model, by its facts alone."""

    facts: dict[str, str]  # a column each, as text
    kind: str
    grade: str
    diagnosis: str  # what 03 should call the training, which had few hours to choose by
    why: str


def judged() -> dict[str, Judged]:
    """Each cell of `judged.csv` by its name."""
    with open(JUDGED, newline="", encoding="utf-8") as file:
        return {row["cell"]: _judged(row) for row in csv.DictReader(file)}


def _judged(row: dict[str, str]) -> Judged:
    kept = {name: row[name] for name in COLUMNS}
    return Judged(kept, row["kind"], row["grade"], row["diagnosis"], row["why"])


def as_text(found: Facts) -> dict[str, str]:
    """Facts as `judged.csv` has them."""
    values = ((name, getattr(found, name)) for name in COLUMNS)
    return {name: "" if value is None else f"{value:g}" for name, value in values}
