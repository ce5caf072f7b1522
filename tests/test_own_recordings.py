"""People's recordings of the wake word are counted by split, and too few are said to be."""

import pytest

from mwwkit.corpus.clips import SYNTHETIC_SOURCES, Kind, Label, SampleRecord, Split
from mwwkit.corpus.own_recordings import FEWEST_TO_TEST, recordings_of_word, where_they_went


def clips(split: Split, n: int, source="home", label=Label.POSITIVE) -> list[SampleRecord]:
    return [
        SampleRecord(
            path=f"{i}.wav",
            label=label,
            kind=Kind.CLIP,
            word="up",
            speaker="",
            split=split,
            seconds=1.0,
            source=source,
            licence="",
            sha256=f"{source} {split} {i}",
            origin=f"{i}.wav",
        )
        for i in range(n)
    ]


def parted(train: int, choose: int, test: int, **as_in_clips) -> list[SampleRecord]:
    numbers = zip(Split, (train, choose, test), strict=True)
    return [record for split, n in numbers for record in clips(split, n, **as_in_clips)]


def test_machines_and_other_words_are_not_among_the_recordings():
    records = parted(7, 2, 1)
    for name in SYNTHETIC_SOURCES:
        records += parted(100, 50, 50, source=name)
    for label in (Label.NEGATIVE, Label.HARD_NEGATIVE):
        records += parted(30, 20, 10, source="other", label=label)
    assert recordings_of_word(records) == {Split.TRAIN: 7, Split.VAL: 2, Split.TEST: 1}
    assert where_they_went(records).startswith(
        "your 10 recordings of the word: 7 train, 2 choose, 1 test; 1 is too few to test on"
    )


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            (8, 8, 8),
            "your 24 recordings of the word: 8 train, 8 choose, 8 test; 8 are too few to test on "
            "(wanted 10 or more): one word heard or missed moves recall by 12 points",
        ),
        ((47, 10, 10), "your 67 recordings of the word: 47 train, 10 choose, 10 test"),
        (
            (1400, 300, 300),
            "your 2,000 recordings of the word: 1,400 train, 300 choose, 300 test",
        ),
        (
            (1, 0, 0),
            "your 1 recording of the word: 1 train, 0 choose, 0 test; with none to test on, "
            "nothing tells how well people are heard",
        ),
        (
            (0, 0, 0),
            "no recordings of the word by people: nothing tells how well people are heard",
        ),
    ],
)
def test_one_sentence_says_where_they_went_and_whether_they_can_test(counts, sentence):
    assert where_they_went(parted(*counts)) == sentence


def test_too_few_is_where_one_word_is_more_than_ten_points_of_recall():
    assert 1 / FEWEST_TO_TEST <= 0.1 < 1 / (FEWEST_TO_TEST - 1)
