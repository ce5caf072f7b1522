"""People's recordings of the wake word are counted by split; whose test the model is told."""

from dataclasses import replace

import pytest

from mwwkit.corpus.clips import SYNTHETIC_SOURCES, Clips, Kind, Label, SampleRecord, Split
from mwwkit.corpus.data_health import Health
from mwwkit.corpus.own_recordings import (
    FEWEST_TO_TEST,
    VoicesTested,
    recordings_of_word,
    voices_tested,
    where_they_went,
)
from mwwkit.metrics import judgement
from mwwkit.run.paths import Run

NOT_NAMED = (
    "whether it knows the voices that test it is not known, since not every speaker is named; "
    "strangers may be heard worse"
)


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
        f"your 10 recordings of the word: 7 train, 2 validation, 1 test; {NOT_NAMED}; 1 is too few "
        "to test on"
    )


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            (8, 8, 8),
            f"your 24 recordings of the word: 8 train, 8 validation, 8 test; {NOT_NAMED}; 8 are "
            "too few to test on (wanted 20 or more in the test split): one word heard or missed "
            "moves recall by 12 points",
        ),
        (
            (47, 10, 20),
            f"your 77 recordings of the word: 47 train, 10 validation, 20 test; {NOT_NAMED}",
        ),
        (
            (1400, 300, 300),
            "your 2,000 recordings of the word: 1,400 train, 300 validation, 300 test; "
            f"{NOT_NAMED}",
        ),
        (
            (1, 0, 0),
            "your 1 recording of the word: 1 train, 0 validation, 0 test; with none to test on, "
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


def test_too_few_is_what_the_verdict_calls_untested():
    assert FEWEST_TO_TEST == judgement.FEWEST_WORDS


def by(*who: str, **as_in_clips) -> list[SampleRecord]:
    """A recording each: "ann train", "ben test", or only "test" where nobody is named."""
    records = []
    for i, text in enumerate(who):
        *speaker, split = text.split()
        [record] = clips(Split(split), 1, **as_in_clips)
        records.append(replace(record, speaker=" ".join(speaker), sha256=f"{i}"))
    return records


ADDED = [  # machines of the same names, and other words of unnamed people, say nothing
    *by("ann train", "cem train", "train", source="espeak-ng"),
    *by("train", "test", label=Label.NEGATIVE),
]


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (by("ann train", "ben train", "ben test", "ann test"), ("household", 2, 2, 0)),
        (by("ann train", "ben validation", "cem test"), ("strangers", 1, 0, 0)),  # an older run's
        (by("ann train", "ann test", "cem test"), ("mixed", 2, 1, 0)),
        (by("ann train", "ben validation", "ben test"), ("mixed", 1, 1, 0)),
        (by("train", "validation", "test", "test"), ("unknown", 0, 0, 2)),
        (by("ann train", "ann test", "test"), ("unknown", 1, 1, 1)),
        (by("ann train", "train", "cem test"), ("unknown", 1, 0, 0)),  # it may be cem's
        (by("ann train", "train", "ann test"), ("household", 1, 1, 0)),
    ],
)
def test_whose_recordings_test_is_read_off_the_clips(records, found):
    assert voices_tested(records) == VoicesTested(*found)
    others = [replace(record, source=f"other {record.source}") for record in ADDED[3:]]
    assert voices_tested([*records, *others]) == VoicesTested(*found)


def test_a_voice_that_trains_other_words_is_known_and_one_of_another_source_is_not_anybodys():
    records = by("ann train", "cem test")
    assert voices_tested([*records, *by("cem train", label=Label.NEGATIVE)]).kind == "household"
    assert voices_tested([*records, *by("train", source="elsewhere")]).kind == "strangers"


@pytest.mark.parametrize("records", [[], by("ann train"), by("ann test", source="piper")])
def test_where_no_person_tests_nobody_is_named(records):
    assert voices_tested(records) is None


@pytest.mark.parametrize(
    ("who", "told"),
    [
        (("ann train", "ann test"), "tested on voices it knows, so strangers may be heard worse"),
        (
            ("ann train", "cem test"),
            "tested on strangers, none of whom it was taught by, as far as they are named",
        ),
        (
            ("ann train", "ann test", "cem test"),
            "tested partly on voices it knows (1 of 2 taught it or chose its cutoff), so strangers",
        ),
        (("train", "test"), NOT_NAMED),
    ],
)
def test_the_sentence_says_whether_it_knows_the_voices(who, told):
    assert f" test; {told}" in where_they_went(by(*who))


def in_health(records) -> str:
    return " ".join(Health(Clips(Run.of("."), tuple(records)), {}).words)


def test_the_health_of_the_clips_says_the_same_of_who_tests(tmp_path):
    """Five people of one recording each: who tests did not train."""
    each = [Split.TRAIN, Split.TRAIN, Split.TRAIN, Split.VAL, Split.TEST]
    one_each = [
        replace(clips(split, 1)[0], speaker=f"p{n}", path=f"{n}.wav")
        for n, split in enumerate(each)
    ]
    assert "tested on strangers" in where_they_went(one_each)
    assert "knows" not in in_health(one_each)
    both = [*one_each, replace(one_each[-1], split=Split.TRAIN, path="more.wav")]
    assert "tested on voices it knows" in where_they_went(both)
    assert "5 people say the word: tested on voices it knows" in in_health(both)
    unnamed = [replace(record, speaker="") for record in both]
    assert NOT_NAMED in where_they_went(unnamed) and NOT_NAMED in in_health(unnamed)
