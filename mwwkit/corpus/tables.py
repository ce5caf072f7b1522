"""Tables of recordings, and tables of splits, made into inputs.

words = table(Path("index.csv"), "hey you", TableMapping())
words.inputs, words.aside, words.left_out, words.splits, words.notices
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from mwwkit.corpus.clips import STAGE, Kind, Label, Rejected, Split
from mwwkit.corpus.folder_names import plain, splits_named
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.missing_places import refuse_missing
from mwwkit.corpus.near_misses import says
from mwwkit.corpus.sources import About, FromFile, Input
from mwwkit.corpus.table_files import read_rows
from mwwkit.corpus.table_paths import resolved
from mwwkit.run.errors import WrongInput

LEFT_OUT = "exclude"  # beside the splits' names, in a file of given splits


@dataclass(frozen=True)
class _Said:
    """What the kind of a row says."""

    kind: Kind
    label: Label | None = None  # None: the row's word decides


_FORMER = {  # the kinds that versions knew whose runs go on as they were begun
    "keyword": _Said(Kind.CLIP),
    "clip": _Said(Kind.CLIP),
    "speech": _Said(Kind.AMBIENT),
    "ambient": _Said(Kind.AMBIENT),
    "noise": _Said(Kind.NOISE),
    "background": _Said(Kind.NOISE),
    "rir": _Said(Kind.RIR),
}
_OTHERS = {
    _Said(Kind.CLIP): "keywords word words wakeword wake_word wakewords hotword wake",
    _Said(Kind.CLIP, Label.POSITIVE): "positive positives target",
    _Said(Kind.CLIP, Label.NEGATIVE): "negative negatives unknown other others non_keyword",
    _Said(Kind.CLIP, Label.HARD_NEGATIVE): "hard_negative hard_negatives near_miss confusable",
    _Said(Kind.AMBIENT): "conversation talk",
    _Said(Kind.NOISE): "noises backgrounds background_noise music",
    _Said(Kind.RIR): "rirs ir irs impulse_response impulse_responses",
}
KINDS = _FORMER | {name: said for said, names in _OTHERS.items() for name in names.split()}


@dataclass(frozen=True)
class TableMapping:
    """Which rows of a table are what. A pattern is a word, or a path with `*`.

    Without `positive` it is the wake word.
    """

    positive: tuple[str, ...] = ()
    hard_negative: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def label(self, row: dict[str, str]) -> Label | None:
        """The label of a row of clips, None for one to be left out."""
        for patterns, label in (
            (self.exclude, None),
            (self.positive, Label.POSITIVE),
            (self.hard_negative, Label.HARD_NEGATIVE),
        ):
            if any(_matches(pattern, row) for pattern in patterns):
                return label
        return Label.NEGATIVE


def _matches(pattern: str, row: dict[str, str]) -> bool:
    one_form = unicodedata.normalize("NFC", pattern)
    return one_form == unicodedata.normalize("NFC", row["word"]) or fnmatchcase(
        row["path"], pattern
    )


def table(path: Path, word: str, mapping: TableMapping, former: bool = False) -> Place:
    """Inputs from a table of files (path, kind, ...), what is set aside and what is left out.

    `former`: read as by the versions that knew fewer kinds and no splits. Raises WrongInput for a
    table that cannot be read or of which no row can be used, a relative path that leads out of its
    folder, a pattern that matches nothing, and clips of other words that hold the wake word.
    """
    refuse_missing("table", Path(path))
    rows, told = read_rows(
        path, ("path", "kind"), ("word", "source", "speaker", "licence", "split")
    )
    path, of_kind = Path(path), _FORMER if former else KINDS
    _refuse_idle_patterns(path, rows, word, mapping, of_kind)
    mapping = replace(mapping, positive=mapping.positive or (word,))
    inputs, aside, left_out = [], [], []
    for row in rows:
        found = _of_row(path, row, word, mapping, of_kind, former)
        if isinstance(found, FromFile):
            inputs.append(found)
        elif isinstance(found, Rejected):
            aside.append(found)
        else:
            left_out.append(found)
    if not former:
        _refuse_useless(path, inputs, aside)
    splits, out, more = ({}, [], []) if former else _splits(path, rows)
    inputs, out = (
        [i for i in inputs if i.about.origin not in out],
        [f"{i.about.origin}: {LEFT_OUT}" for i in inputs if i.about.origin in out],
    )
    return Place(
        path.name,
        tuple(inputs),
        tuple(aside),
        (*left_out, *out),
        splits=splits,
        notices=(*told, *more),
    )


def _refuse_idle_patterns(
    path: Path, rows: list[dict], word: str, mapping: TableMapping, of_kind: dict[str, _Said]
) -> None:
    """WrongInput for a pattern without a row; the wake word needs one where words decide."""
    said = [of_kind.get(plain(row["kind"])) for row in rows]
    decides = _Said(Kind.CLIP) in said and _Said(Kind.CLIP, Label.POSITIVE) not in said
    wanted = mapping.positive or ((word,) if decides else ())
    for pattern in (*wanted, *mapping.hard_negative, *mapping.exclude):
        if not any(_matches(pattern, row) for row in rows):
            raise WrongInput(f"{pattern!r} matches no word and no path of {path}; correct it")


def _of_row(
    path: Path,
    row: dict[str, str],
    word: str,
    mapping: TableMapping,
    of_kind: dict[str, _Said],
    former: bool,
) -> FromFile | Rejected | str:
    """The input that a row is, or why it is set aside, or the line that says it is left out."""
    kind = row["kind"] if former else plain(row["kind"])
    said, label = of_kind.get(kind), mapping.label(row)
    if label is None:
        return f"{row['path']}: excluded"
    if said is None:
        known = "positive, negative, hard_negative, keyword, ambient, noise, rir"
        what = f"its kind {row['kind']!r} is none of" if kind else "has no kind; wanted one of"
        return Rejected(row["path"], f"{what} {known}", STAGE)
    if said.kind is not Kind.CLIP:
        label = Label.NEGATIVE
    else:
        label = _label(path, row, word, said, label)
        if isinstance(label, Rejected):
            return label
    spoken = word if label is Label.POSITIVE else row["word"]
    source = row["source"] or path.parent.name
    about = About(label, said.kind, spoken, row["speaker"], source, row["licence"], row["path"])
    file, problem = (path.parent / row["path"], "") if former else resolved(path, row["path"])
    if problem:
        return Rejected(row["path"], problem, STAGE)
    # A file that is not there is quarantined when its turn comes.
    return FromFile(about, file, file.stat().st_size if file.is_file() else 0)


def _label(
    path: Path, row: dict[str, str], word: str, said: _Said, by_word: Label
) -> Label | Rejected:
    """The label of a row of clips: as its word and path say, and as its kind says."""
    if said.label is Label.POSITIVE and by_word is Label.NEGATIVE:
        if not row["word"] or says(row["word"], word, whole=True):
            return Label.POSITIVE
        reason = f"is called positive, and its word is {row['word']!r} and not {word!r}"
        return Rejected(row["path"], f"{reason}; name it in TABLE_POSITIVE if it is", STAGE)
    if said.label in (Label.NEGATIVE, Label.HARD_NEGATIVE):
        if by_word is Label.POSITIVE:
            reason = f"is called {said.label.value}, and its word is {row['word']!r}"
            return Rejected(row["path"], f"{reason}; correct one of them", STAGE)
        by_word = said.label if by_word is Label.NEGATIVE else by_word
    if by_word is not Label.POSITIVE and says(row["word"], word):
        raise WrongInput(
            f"{path} has {row['path']} of the word {row['word']!r}, which holds {word!r}, "
            "among the negatives; name it in table_positive or table_exclude"
        )
    return by_word


def _refuse_useless(path: Path, inputs: Sequence[FromFile], aside: Sequence[Rejected]) -> None:
    """WrongInput where nothing of a table can be used, or none of its files is there."""
    if not inputs:
        first = {row.reason: row.path for row in reversed(aside)}
        reasons = Counter(row.reason for row in aside).most_common(3)
        shown = "; ".join(f"{first[why]}: {why} ({n} rows)" for why, n in reasons)
        shown = shown or "all are excluded"
        raise WrongInput(f"none of the rows of {path} can be used: {shown}; correct the table")
    if not any(item.n_bytes or item.path.is_file() for item in inputs):
        raise WrongInput(
            f"none of the {len(inputs)} files that {path} names is there, {inputs[0].path} for "
            "one; wanted paths from the table's folder on, or whole ones"
        )


def _splits(path: Path, rows: list[dict[str, str]]) -> tuple[dict[str, Split], set[str], list[str]]:
    """The splits that a table's own column gives by origin, the origins out, and what to know."""
    texts = {row["split"] for row in rows} - {""}
    known = splits_named(texts)
    unknown = sorted(texts - known.keys() - {LEFT_OUT})
    told = [
        f"{path}: its column split has {text!r}, which is none of train, validation, test and "
        f"{LEFT_OUT}; these rows are split as ever"
        for text in unknown[:3]
    ]
    out = {row["path"] for row in rows if row["split"] == LEFT_OUT}
    return {r["path"]: known[r["split"]] for r in rows if r["split"] in known}, out, told


def paths_in(path: Path) -> set[str]:
    """The paths that a table of splits names."""
    return {row["path"] for row in read_rows(path, ("path", "split"), ())[0]}


def given_splits(path: Path, inputs: Sequence[Input]) -> tuple[dict[str, Split], set[str]]:
    """Splits by origin, and the origins to leave out, from a table with the columns path, split.

    Raises WrongInput for a split that does not exist and a path that is no input's.
    """
    origins = {item.about.origin for item in inputs}
    refuse_missing("given_splits", path)
    rows, _ = read_rows(path, ("path", "split"), ())
    known = splits_named({row["split"] for row in rows})
    split_of, left_out = {}, set()
    for row in rows:
        if row["path"] not in origins:
            raise WrongInput(
                f"{path} names {row['path']}, which is none of the {len(origins)} inputs (such as "
                f"{min(origins, default='none')}); correct the path"
            )
        if row["split"] == LEFT_OUT:
            left_out.add(row["path"])
        elif row["split"] in known:
            split_of[row["path"]] = known[row["split"]]
        else:
            names = ", ".join([*(split.value for split in Split), LEFT_OUT])
            raise WrongInput(f"{path} has the split {row['split']!r}; wanted {names}")
    return split_of, left_out
