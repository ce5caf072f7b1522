"""Real trainings for every cell of the verdict's truth table, and their recorded metrics.

    MWWKIT_REAL_AUDIO=... python tests/conformance/verdicts.py FOLDER [--only people]

A cell is what a model is like (deaf, shy, trigger-happy, untested, good), whose words it learns and
is tested on (people's, machines', both), and how much long sound there is in each of the validation
and the test split (few: minutes of speech and noise; many: ten hours, most of them made up). What a
model is like comes of how it is trained: see `RECIPES`.

01 gathers everything once; what a cell has is a choice of the rows of that catalogue, in the splits
that 01 drew. 02 makes the scenes of each kind of voices, and the ten hours once for all; 03 and 05
are run for each cell, with those as its earlier runs. All of it is the product's own stages: a
second call goes on where the first was stopped. What 05 measured goes to
tests/fixtures/verdicts/CELL.json, without what no verdict reads (`tests/recorded_verdicts.py`).

Beside them `judged.csv` has the plain facts of each cell, and what a person called a model of which
these are the facts; no script writes it. This one prints the facts of what it recorded, and exits
with 1 where they are not those that were judged: then somebody has to look again.
"""

import argparse
import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import recorded_verdicts as table  # noqa: E402
from recorded_verdicts import Cell, Facts, LongSound, Recorded  # noqa: E402

from mwwkit import __version__  # noqa: E402
from mwwkit.corpus import synthetic_inputs  # noqa: E402
from mwwkit.corpus.clips import (  # noqa: E402
    CATALOGUE,
    Kind,
    Label,
    SampleRecord,
    Split,
    load_clips,
    write_catalogue,
)
from mwwkit.evaluation.exported import Exported, Shipped  # noqa: E402
from mwwkit.model.shapes import SHAPES, Block, Shape  # noqa: E402
from mwwkit.report import origins  # noqa: E402
from mwwkit.run.checkpoint import finished  # noqa: E402
from mwwkit.run.files import read_json, replacing  # noqa: E402
from mwwkit.run.paths import Run  # noqa: E402
from mwwkit.run.session import Limits  # noqa: E402
from mwwkit.scenes import provenance  # noqa: E402
from mwwkit.scenes.shards import FeatureSet  # noqa: E402
from mwwkit.stages import acquire, export, featurize, train  # noqa: E402

COMMAND = "MWWKIT_REAL_AUDIO=... python tests/conformance/verdicts.py FOLDER"
WORD, SEED = "computer", 42
HOLD_THE_WORD = ("heycomputer_en", "heycomputer_es")  # neither the word alone nor without it
LIMITS = Limits(budget_gb=40.0)
NOISE_MINUTES, TRAIN_NOISES = 1052, 20  # made up, a minute each; the rest is halved
MADE_UP = "mwwkit noise"  # the source that 01 names for it
HELD_OUT = (Split.VAL, Split.TEST)
FEW_H = 0.1  # of recorded speech, and of recorded noise, in each held-out split
TOO_SHORT_H = 0.025

# A net of a third of the width: ten hours of it cost a tenth.
SMALL = Shape(
    name="small",
    stem_filters=16,
    stem_kernel=5,
    blocks=tuple(Block((kernel,), 24, residual=False) for kernel in (5, 9, 13, 21)),
    head_steps=5,
)
SHAPES[SMALL.name] = SMALL  # 03 takes the shapes that are named there

# Scenes that are easier than 02's own, so that a minute of training learns them.
FEATURES = featurize.Config(
    scenes=1200,
    scene_seconds=6.0,
    conditions=("clean", "noise10"),
    rir=0.0,
    background_noise=0.2,
    color_noise=0.2,
    voice=0.1,
    babble=0.1,
    snr_db=(5.0, 20.0),
    speed_log=0.1,
    eq=0.0,
    distortion=0.0,
    band_stop=0.0,
)
NO_TRAINING = replace(FEATURES, scenes=1, scene_seconds=3.0)
TRAINING = train.Config(
    shape=SMALL.name,
    steps=2500,
    evaluate_every=2500,
    dropout=0.0,
    ema_decay=0.99,
    ema_decay_late=0.995,
    spec_augment=False,
)


@dataclass(frozen=True)
class Recipe:
    """How the models of a kind are trained, and for which target 03 and 05 choose their cutoff."""

    train: train.Config
    target_fah: float = 0.5


RECIPES = {
    # Stopped before it learnt anything.
    "deaf": Recipe(replace(TRAINING, steps=100, evaluate_every=250)),
    # Stopped early, and asked for one false accept in a hundred hours.
    "shy": Recipe(replace(TRAINING, steps=400, evaluate_every=500), 0.01),
    # What is not the word weighs next to nothing.
    "trigger-happy": Recipe(
        replace(TRAINING, steps=500, evaluate_every=500, negative_weight=0.01, hard_weight=0.0)
    ),
    "untested": Recipe(TRAINING),
    "good": Recipe(TRAINING),
}


@dataclass(frozen=True)
class Left:
    """What is left of the held-out material: words of people and of machines, hours of a sort."""

    people: int
    machines: int
    hours: float


ALL = 10_000
TESTED = Left(ALL, ALL, FEW_H)
UNTESTED = {
    "people": Left(8, 0, FEW_H),
    "machines": Left(0, ALL, TOO_SHORT_H),
    "mixed": Left(5, 4, FEW_H),
}


def material(folder: Path) -> Run:
    """01 over all that there is: real recordings, words and talk by machines, made-up noise."""
    run = Run(folder / "material")
    run.folder.mkdir(parents=True, exist_ok=True)
    _write_noise_splits(folder / "noise.csv")
    data = Path(os.environ["MWWKIT_REAL_AUDIO"])
    config = acquire.Config(
        word=WORD,
        recordings="",
        table=str(data / "index.csv"),
        table_positive=(WORD,),
        table_exclude=HOLD_THE_WORD,
        given_splits=str(folder / "noise.csv"),
        shares=(0.4, 0.3, 0.3),
        tts_positive=500,
        tts_negative=400,
        tts_hard_negative=150,
        tts_ambient_minutes=200.0,
        noise_minutes=float(NOISE_MINUTES),
        rooms=0,
        seed=SEED,
    )
    acquire.run(config, run, LIMITS)
    return run


def _write_noise_splits(path: Path) -> None:
    """Of the made-up noise some trains; validation and test have half of the rest each."""
    with replacing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["path", "split"])
        for k, noise in enumerate(synthetic_inputs.noises(NOISE_MINUTES, SEED)):
            split = Split.TRAIN if k < TRAIN_NOISES else HELD_OUT[k % 2]
            rows.writerow([noise.about.origin, split.value])


def scenes(
    folder: Path,
    gathered: Run,
    name: str,
    rows: Iterable[SampleRecord],
    config: featurize.Config,
) -> Run:
    """02 of some rows of what was gathered."""
    run = Run(folder / name, (gathered.folder,))
    run.folder.mkdir(parents=True, exist_ok=True)
    write_catalogue(run / CATALOGUE, rows)
    featurize.run(config, run, LIMITS)
    return run


def is_long(row: SampleRecord) -> bool:
    """Whether a clip is held-out long sound."""
    return row.split in HELD_OUT and row.kind in (Kind.AMBIENT, Kind.NOISE)


def is_made_up(row: SampleRecord) -> bool:
    """Whether long sound is not recorded: talk by espeak-ng, noise by mwwkit."""
    return row.is_synthetic or row.source == MADE_UP


def of_voices(voices: str, rows: Iterable[SampleRecord]) -> Iterator[SampleRecord]:
    """Without the wake words of others."""
    left_out = {"people": True, "machines": False}.get(voices)  # synthetic ones or not; or None
    for row in rows:
        if row.label is not Label.POSITIVE or row.is_synthetic is not left_out:
            yield row


def shortened(rows: Iterable[SampleRecord], left: Left) -> Iterator[SampleRecord]:
    """No more of what is held out than this, and nothing of long sound that is made up."""
    n_words, hours = Counter(), Counter()
    for row in rows:
        if is_long(row):
            kind, length_h = (row.split, row.kind), row.seconds / 3600
            if is_made_up(row) or hours[kind] + length_h > left.hours:
                continue
            hours[kind] += length_h
        if row.split in HELD_OUT and row.label is Label.POSITIVE:
            n_words[row.split, row.is_synthetic] += 1
            most = left.machines if row.is_synthetic else left.people
            if n_words[row.split, row.is_synthetic] > most:
                continue
        yield row


def words(voices: str, folder: Path, gathered: Run) -> Run:
    """02 of the words of a kind of voices, beside few hours of recorded speech and noise."""
    rows = shortened(of_voices(voices, load_clips(gathered)), TESTED)
    return scenes(folder, gathered, voices, rows, FEATURES)


def too_little(voices: str, folder: Path, gathered: Run) -> Run:
    """02 of too few held-out words or too little long sound, and of what it cannot do without."""
    rows = shortened(of_voices(voices, load_clips(gathered)), UNTESTED[voices])
    rows = (row for row in rows if row.split is not Split.TRAIN or row.kind is Kind.CLIP)
    return scenes(folder, gathered, f"{voices}-too-little", rows, NO_TRAINING)


def long_sound(folder: Path, gathered: Run) -> Run:
    """02 of ten hours for each held-out split, and of what it cannot do without."""
    spoken = (row for row in load_clips(gathered) if row.is_synthetic and row.kind is Kind.CLIP)
    rows = [*spoken, *(row for row in load_clips(gathered) if is_long(row))]
    return scenes(folder, gathered, "long", rows, NO_TRAINING)


def trained(cell: Cell, folder: Path, gathered: Run) -> Run:
    """03 of a kind of model and voices, with few hours to choose by."""
    earlier, recipe = scenes_of(cell, folder, gathered), RECIPES[cell.kind]
    run = Run(folder / f"{cell.voices}-trained-{cell.kind}", earlier)
    train.run(replace(recipe.train, target_fah=recipe.target_fah), run, LIMITS)
    return run


def scenes_of(cell: Cell, folder: Path, gathered: Run) -> tuple[Path, ...]:
    """Runs of 01 and 02, oldest first: of units of one name the newest run's count."""
    runs = [gathered, words(cell.voices, folder, gathered)]
    if cell.kind == "untested":
        runs.append(too_little(cell.voices, folder, gathered))
    if cell.hours == "many":
        # Before the words, so that of its units nothing but long sound is left; and of that the
        # first half hour is the few hours', whose recorded noise may come once more.
        runs.insert(1, long_sound(folder, gathered))
    return tuple(run.folder for run in runs)


def made(cell: Cell, folder: Path, gathered: Run) -> Run:
    """05 of a cell: the weights that few hours chose, and a cutoff and figures by its own."""
    weights = trained(replace(cell, hours="few"), folder, gathered)
    earlier = (*scenes_of(cell, folder, gathered), weights.folder)
    run, recipe = Run(folder / cell.name, earlier), RECIPES[cell.kind]
    run.folder.mkdir(parents=True, exist_ok=True)
    write_catalogue(run / CATALOGUE, list(_used(cell, run, load_clips(gathered))))
    config = export.Config(word=WORD, target_fah=recipe.target_fah, other_calibrations=False)
    export.run(config, run, LIMITS)
    return run


def _used(cell: Cell, run: Run, rows: Iterable[SampleRecord]) -> Iterator[SampleRecord]:
    """The rows of a cell: of held-out words and long sound only what is in the run's sets."""
    names = [f"{split.value}-{of}" for split in HELD_OUT for of in ("words", "ambient")]
    items = [
        item for n in names for scene in FeatureSet.open(run, n).scenes for item in scene["items"]
    ]
    heard = {item["piece"]["path"] for item in items}
    for row in of_voices(cell.voices, rows):
        word = row.split in HELD_OUT and row.label is Label.POSITIVE
        if row.path in heard or not (word or is_long(row)):
            yield row


def record(cell: Cell, run: Run) -> Facts:
    """Write what 05 measured to the cell's file; the plain facts of it."""
    exported = Exported(run)
    shipped = Shipped(run / export.FOLDER, exported.names, exported.record.made_of)
    recorded = Recorded(
        about=table.ABOUT,
        command=COMMAND,
        version=version(),
        settings=origins.settings(run, shipped),
        long_sound=tuple(_long_sound(split, run) for split in HELD_OUT),
        data=origins.data(run),
        history=finished(run, train.FOLDER),
        metrics=table.stripped(exported.metrics),
    )
    table.write(cell, recorded)
    return table.facts(read_json(exported.path(exported.names.metrics)))


def _long_sound(split: Split, run: Run) -> LongSound:
    """What the long sound of a split is, in hours."""
    features, about = FeatureSet.open(run, f"{split.value}-ambient"), provenance.records(run)
    hours = Counter()
    for scene in features.scenes:
        for item in scene["items"]:
            row = about.of(item["piece"]["path"])
            seconds = item["piece"]["to_s"] - item["piece"]["from_s"]
            hours[row.kind, is_made_up(row)] += seconds / 3600
    return LongSound(
        split.value,
        speech_of_people=hours[Kind.AMBIENT, False],
        recorded_noise=hours[Kind.NOISE, False],
        made_up_talk=hours[Kind.AMBIENT, True],
        made_up_noise=hours[Kind.NOISE, True],
    )


def version() -> str:
    """Of mwwkit, and the commit of the tree that this is."""
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    return f"{__version__}, {commit}" if commit else __version__


def main() -> None:
    """Make, record, compare with what was judged, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path, help="for the runs: 6 GB; a second call goes on")
    options.add_argument("--only", nargs="*", default=[], help="cells whose names begin so")
    arguments = options.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    gathered = material(folder)
    known = table.judged() if table.JUDGED.exists() else {}
    print(",".join(("cell", *table.COLUMNS)))
    unknown = []
    for cell in table.CELLS:
        if arguments.only and not cell.name.startswith(tuple(arguments.only)):
            continue
        found = table.as_text(record(cell, made(cell, folder, gathered)))
        print(",".join((cell.name, *found.values())), flush=True)
        if cell.name not in known or known[cell.name].facts != found:
            unknown.append(cell.name)
    print(f"\n{len(unknown)} cells are not as they were judged: {' '.join(unknown)}")
    sys.exit(bool(unknown))


if __name__ == "__main__":
    main()
