"""Tests in k runs: which clips each of them keeps for its test; by fold, or by speaker.

    tables = write_folds(records(run), 5, seed=42, folder=Path("folds"))
    # one run a table: mwwkit run ... -p GIVEN_SPLITS=folds/fold-1.csv
    tables = write_speakers(records(run), seed=42, folder=Path("folds"))

Every clip is in the test of exactly one fold and in the training of the others, where 01 takes its
validation from. What 01 keeps together (a speaker, the same sound, the pieces of a file) is in one
fold, and each fold has its share of every source, kind and label, as far as groups allow. 01 splits
few speakers by file, and so do folds; leaving out one speaker a run tells how strangers are heard.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mwwkit.corpus.clips import Label, SampleRecord, Split
from mwwkit.corpus.own_recordings import is_recording
from mwwkit.corpus.splits import SHARES, assign, grouped
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing
from mwwkit.run.quantities import how_many
from mwwkit.run.seeds import rng


def deal(records: Sequence[SampleRecord], k: int, seed: int) -> list[int]:
    """The fold, 0 to k - 1, of each record.

    The largest group first, each to the fold where the shares of its classes (source, kind and
    label) grow most even: with one class that is the fold with least, as GroupKFold deals. Groups
    of one size come in the seed's order. Raises ValueError for k under 2, and where fewer than k
    groups hold the wake word.
    """
    if k < 2:
        raise WrongInput(f"k is {k}; wanted 2 or more")
    groups = grouped(records)
    _refuse_few(records, groups, k)
    classes = {c: i for i, c in enumerate(sorted({_class(record) for record in records}))}
    counts = np.zeros((len(groups), len(classes)))
    for row, members in zip(counts, groups, strict=True):
        for member in members:
            row[classes[_class(records[member])]] += 1
    shares = counts / counts.sum(axis=0)
    order = rng(seed, "folds").permutation(len(groups))
    order = order[np.argsort(-shares[order].max(axis=1), kind="stable")]
    folds, held = [0] * len(records), np.zeros((k, len(classes)))
    for at in order:
        # How much the sum of squares grows; rounded, so that the last bits decide no tie.
        growth = (2 * held + shares[at]) @ shares[at]
        to = int(np.argmin(np.round(growth, 12)))
        held[to] += shares[at]
        for member in groups[at]:
            folds[member] = to
    return folds


def _class(record: SampleRecord) -> tuple[str, str, str]:
    return record.source, record.kind.value, record.label.value


def _refuse_few(records: Sequence[SampleRecord], groups: Sequence[tuple[int, ...]], k: int) -> None:
    speaking = sum(any(records[i].label is Label.POSITIVE for i in group) for group in groups)
    if speaking < k:
        raise WrongInput(
            f"the wake word is in {speaking} groups of clips that must stay together (by speaker, "
            f"sound or file); wanted at least {k}: ask for fewer folds or record more speakers"
        )


Written = tuple[Path, dict[str, int]]  # a table, and how many clips it tests, by label or kind


def write_folds(records: Sequence[SampleRecord], k: int, seed: int, folder: Path) -> list[Written]:
    """Write fold-1.csv ... fold-k.csv (path, split) for 01's GIVEN_SPLITS.

    Returns each table with the number of clips that it tests, by label or kind. Raises ValueError
    as `deal` does, and for one name of two inputs.
    """
    folds, written = deal(records, k, seed), []
    for fold in range(k):
        splits = [Split.TEST if of_record == fold else Split.TRAIN for of_record in folds]
        written.append(_write(folder / f"fold-{fold + 1}.csv", records, splits))
    return written


def write_speakers(records: Sequence[SampleRecord], seed: int, folder: Path) -> dict[str, Written]:
    """Write without-1-ann.csv, ... (path, split) for 01's GIVEN_SPLITS: a table a speaker.

    Returns them by speaker, as `write_folds` does. Raises WrongInput where fewer than two known
    people say the word, and for one name of two inputs.
    """
    speakers = sorted({r.speaker for r in records if is_recording(r)} - {""})
    if len(speakers) < 2:
        raise WrongInput(
            f"{how_many(len(speakers), 'known speaker')} recorded the word; wanted 2 or more, so "
            "that one can be left out: keep each person's recordings in a folder of their name"
        )
    written = {}
    for number, speaker in enumerate(speakers, start=1):
        name = re.sub(r"[^\w-]+", "_", speaker)[:40]
        path = folder / f"without-{number}-{name}.csv"
        written[speaker] = _write(path, records, without(records, speaker, seed))
    return written


def without(records: Sequence[SampleRecord], speaker: str, seed: int) -> list[Split | None]:
    """The splits of a run that tests people by one speaker, and is taught by none of their clips.

    Other people's recordings of the word train and choose, in 01's shares. None for all else, which
    01 splits as ever.
    """
    names = {r.origin for r in records if r.speaker == speaker}
    _, chooses, _ = SHARES
    shares = (1 - chooses, chooses, 0.0)
    splits = assign(records, seed, shares, dict.fromkeys(names, Split.TEST))
    return [
        split if split is Split.TEST or is_recording(record) else None
        for record, split in zip(records, splits, strict=True)
    ]


def _write(path: Path, records: Sequence[SampleRecord], splits: Sequence[Split | None]) -> Written:
    """Write the table of the records that have a split."""
    tested: dict[str, int] = defaultdict(int)
    rows: dict[str, str | None] = {}
    for record, split in zip(records, splits, strict=True):
        if rows.setdefault(record.origin, split and split.value) != (split and split.value):
            raise WrongInput(
                f"two inputs are named {record.origin}, {record.path} for one, and a table "
                "can give a name one split only; rename the folder of one of them"
            )
        if split is Split.TEST:
            what = record.label if record.kind.value == "clip" else record.kind
            tested[what.value] += 1
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "split"])
    table.writerows((name, split) for name, split in sorted(rows.items()) if split)
    _write_if_other(path, text.getvalue())
    return path, dict(sorted(tested.items()))


def _write_if_other(path: Path, text: str) -> None:
    """A table that is there stays, so that a run which was made with it is known to be done."""
    if not (path.exists() and path.read_text(encoding="utf-8") == text):
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8")
