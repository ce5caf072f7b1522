"""Folds by speaker: everything tested once, nobody on two sides, as scikit-learn deals them."""

import csv
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from mwwkit.corpus import tables
from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split
from mwwkit.corpus.folds import deal, write_folds, write_speakers
from mwwkit.corpus.own_recordings import voices_tested
from mwwkit.corpus.sources import About, FromFile
from mwwkit.corpus.splits import assign, audit
from mwwkit.run.seeds import rng


def clip(number, speaker="", label=Label.POSITIVE, kind=Kind.CLIP, source="home"):
    name = f"{source}/{number}.wav"
    about = (name, label, kind, "up", speaker, Split.TRAIN, 1.0, source, "CC0", name, name)
    return SampleRecord(*about)


@pytest.fixture(scope="module")
def corpus():
    """Thirteen speakers of unequal industry, other words of nobody, three rooms, one recording."""
    draws = rng(1, "corpus")
    said = [f"s{i}" for i in range(13) for _ in range(int(draws.integers(2, 30)))]
    records = [clip(i, speaker) for i, speaker in enumerate(said)]
    records += [clip(i, label=Label.NEGATIVE, source="words") for i in range(47)]
    records += [clip(i, kind=Kind.RIR, label=Label.NEGATIVE, source="rooms") for i in range(3)]
    return [*records, clip(0, kind=Kind.AMBIENT, label=Label.NEGATIVE, source="radio")]


def test_every_clip_is_tested_once_and_each_fold_has_some_of_each(corpus):
    folds = np.array(deal(corpus, 5, seed=1))
    assert set(folds) == set(range(5))
    for source, of in Counter(r.source for r in corpus).items():
        own = folds[[r.source == source for r in corpus]]
        assert len(set(own)) == min(5, of)


def test_no_speaker_is_in_two_folds_nor_the_same_sound(corpus):
    same = [*corpus, replace(clip(99, "s3"), sha256=clip(7, source="words").sha256)]
    folds = deal(same, 4, seed=1)
    of_speaker = {}
    for record, fold in zip(same, folds, strict=True):
        if record.speaker:
            assert of_speaker.setdefault(record.speaker, fold) == fold
    twin = next(f for r, f in zip(same, folds, strict=True) if r.origin == "words/7.wav")
    assert twin == of_speaker["s3"]


def test_the_folds_are_as_even_as_scikit_learns(corpus):
    sklearn = pytest.importorskip("sklearn.model_selection")
    spoken = [record for record in corpus if record.speaker]
    ours = Counter(deal(spoken, 4, seed=1))
    split = sklearn.GroupKFold(4).split(spoken, groups=[record.speaker for record in spoken])
    assert sorted(ours.values()) == sorted(len(test) for _, test in split)


def test_speakers_of_different_words_are_dealt_so_that_each_fold_has_both():
    """Twelve say only the wake word, twelve only others: by clips alone they could lie apart."""
    records = [clip(i, f"p{i // 4}") for i in range(48)]
    records += [clip(100 + i, f"n{i // 5}", label=Label.NEGATIVE) for i in range(60)]
    folds = deal(records, 4, seed=1)
    found = Counter((r.label, fold) for r, fold in zip(records, folds, strict=True))
    assert {found[Label.POSITIVE, fold] for fold in range(4)} == {12}
    assert {found[Label.NEGATIVE, fold] for fold in range(4)} == {15}


def test_the_seed_deals_anew_and_repeats(corpus):
    assert deal(corpus, 5, seed=1) == deal(corpus, 5, seed=1) != deal(corpus, 5, seed=2)


def test_the_tables_are_ones_that_01_takes_and_its_splits_pass_the_audit(corpus, tmp_path):
    inputs = [
        FromFile(About(r.label, r.kind, r.word, r.speaker, r.source, "", r.origin), tmp_path, 1)
        for r in corpus
    ]
    tested = []
    for path, counts in write_folds(corpus, 3, seed=1, folder=tmp_path):
        given, left_out = tables.given_splits(path, inputs)
        assert not left_out and len(given) == len(corpus)
        splits = assign(corpus, seed=1, given=given)
        audit([replace(r, split=s) for r, s in zip(corpus, splits, strict=True)])
        assert set(splits) == set(Split)  # validation is taken from training
        own = [r.origin for r, s in zip(corpus, splits, strict=True) if s is Split.TEST]
        assert sum(counts.values()) == len(own)
        tested += own
    assert sorted(tested) == sorted(r.origin for r in corpus)
    with open(tmp_path / "fold-1.csv", newline="") as file:
        assert next(csv.reader(file)) == ["path", "split"]


def test_folds_that_speakers_do_not_suffice_for_are_refused():
    six = [clip(i, f"s{i % 6}") for i in range(24)] + [clip(99, "s9", label=Label.NEGATIVE)]
    with pytest.raises(ValueError, match="wake word is in 6 groups"):
        deal(six, 7, seed=1)
    with pytest.raises(ValueError, match="k is 1; wanted 2"):
        deal(six, 1, seed=1)


def test_two_inputs_of_one_name_are_refused(tmp_path):
    clips = [clip(i, f"s{i}") for i in range(6)]
    clips.append(replace(clip(0, "s9", source="away"), origin="home/0.wav"))
    with pytest.raises(ValueError, match="two inputs are named home/0.wav"):
        write_folds(clips, 6, 1, tmp_path)


def given(records, path, tmp_path):
    """The records with the splits that 01 gives them by a table."""
    inputs = [
        FromFile(About(r.label, r.kind, r.word, r.speaker, r.source, "", r.origin), tmp_path, 1)
        for r in records
    ]
    splits = assign(records, seed=1, given=tables.given_splits(path, inputs)[0])
    return [replace(r, split=s) for r, s in zip(records, splits, strict=True)]


@pytest.mark.parametrize("n_speakers", [2, 3, 5, 6, 9])
def test_each_speaker_is_left_out_of_one_run_and_is_all_of_the_people_who_test_it(
    n_speakers, tmp_path
):
    records = [clip(i, f"s{i % n_speakers}") for i in range(54)]
    records += [clip(100 + i, f"s{i % n_speakers}", Label.NEGATIVE) for i in range(18)]
    records += [clip(i, label=Label.NEGATIVE, source="words") for i in range(40)]
    records += [clip(i, f"v{i % 20}", source="espeak-ng") for i in range(60)]
    tables = write_speakers(records, 1, tmp_path)
    assert list(tables) == [f"s{i}" for i in range(n_speakers)]
    for speaker, (path, tested) in tables.items():
        made = given(records, path, tmp_path)
        audit(made)
        own = [r for r in made if r.speaker == speaker]
        assert {r.split for r in own} == {Split.TEST}
        assert tested == Counter(r.label.value for r in own)
        assert voices_tested(made).kind == "strangers" and voices_tested(made).speakers == 1
        said = Counter(r.split for r in made[:54])
        assert said[Split.TRAIN] > said[Split.VAL] > 0
        for source in ("words", "espeak-ng"):  # 01's own shares
            assert {r.split for r in made if r.source == source} == set(Split)


def test_speakers_of_one_name_but_for_its_signs_have_a_table_each(tmp_path):
    tables = write_speakers([clip(0, "a/b"), clip(1, "a?b"), clip(2, "ünä")], 1, tmp_path)
    names = [path.name for path, _ in tables.values()]
    assert names == ["without-1-a_b.csv", "without-2-a_b.csv", "without-3-ünä.csv"]


def test_a_lone_speaker_cannot_be_left_out(tmp_path):
    lone = [clip(i, "ann") for i in range(8)] + [clip(i, "v", source="piper") for i in range(8)]
    with pytest.raises(ValueError, match="1 known speaker.*wanted 2 or more"):
        write_speakers(lone, 1, tmp_path)
