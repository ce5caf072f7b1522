"""The sentences that a notebook ends with follow the figures of its run."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from mwwkit.corpus.clips import CATALOGUE, Kind, Label, SampleRecord, Split, write_catalogue
from mwwkit.corpus.own_recordings import FEWEST_TO_TEST
from mwwkit.device.detector import Rule
from mwwkit.metrics import judgement
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.previews import cutoff_table, good_enough, training_curves
from mwwkit.report.cutoff_choices import Advice, Reached, told_once
from mwwkit.report.verdict import DEAF, TRIGGER_HAPPY, Verdict
from mwwkit.run.paths import Run
from mwwkit.training.evaluated import Evaluated


def words(split: Split, n: int, source: str = "home") -> list[SampleRecord]:
    facts = {"label": Label.POSITIVE, "kind": Kind.CLIP, "word": "up", "speaker": "", "licence": ""}
    rows = [(f"{source}-{split.value}-{i}.wav", f"{source} {split} {i}") for i in range(n)]
    return [
        SampleRecord(
            path=at, split=split, seconds=1.0, source=source, sha256=sha, origin=at, **facts
        )
        for at, sha in rows
    ]


def of_clips(tmp_path, *split: tuple[Split, int]) -> str:
    """What 01 would end with: machines' words, and so many of people in each split."""
    records = words(Split.TRAIN, 5, "espeak-ng")
    for part, n in split:
        records += words(part, n)
    long = replace(
        records[0], path="a.wav", kind=Kind.AMBIENT, label=Label.NEGATIVE, seconds=7200.0
    )
    write_catalogue(tmp_path / CATALOGUE, [*records, long])
    return repr(good_enough.clips(Run(tmp_path)))


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / CATALOGUE).parent.mkdir(parents=True)


def test_01_counts_the_word_by_who_said_it_and_the_hours_beside_it(tmp_path):
    told = of_clips(tmp_path, (Split.TRAIN, 8), (Split.VAL, 3), (Split.TEST, 2))
    assert "there 18 times, 13 from people and 5 from machines" in told
    assert "2.00 h of speech without it" in told
    assert "13 recordings of the word: 8 train, 3 validation, 2 test" in told


@pytest.mark.parametrize(
    ("n", "n_test", "told"),
    [
        (0, 0, "not enough for people"),
        (6, 1, "record more"),
        (40, 4, "its figures will be rough"),
        (40, FEWEST_TO_TEST, "Enough to train on and to test on"),
    ],
)
def test_01_says_what_to_do_by_how_many_people_said_it(tmp_path, n, n_test, told):
    assert told in of_clips(tmp_path, (Split.TRAIN, n), (Split.TEST, n_test)).splitlines()[-1]


@pytest.mark.parametrize(
    ("hours", "told"), [(0.0, "No long speech"), (0.2, "no more than 15 an hour")]
)
def test_little_speech_is_told_by_what_it_leaves_open(hours, told):
    assert told in good_enough._proof(hours, 0.5)
    assert "enough to prove 0.5 an hour" in good_enough._proof(6.1, 0.5)


def test_the_bound_of_03_is_told_against_what_was_asked_for():
    reached = Evaluated(false_accepts_per_hour=0.0, hours=0.2, false_accepts_at_most=15.0)
    assert not good_enough._proved(reached), "an earlier version kept no target"
    asked = replace(reached, false_accepts_target=0.5)
    assert "leaves room for 15 false accepts an hour" in good_enough._proved(asked)
    assert "enough speech to believe it" in good_enough._proved(
        replace(asked, hours=9.0, false_accepts_at_most=0.4)
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (6, "wakes to 6 of 647 other words, as now"),
        (9, "wakes to 9 of 647 other words instead of 6"),
    ],
)
def test_a_lower_cutoff_is_told_by_what_it_lets_pass(wrong, told):
    def at(heard, count):
        return Reached(Rate.counted(heard, 274), Rate.counted(count, 647), Hourly.counted(0, 1.0))

    said = good_enough._traded(at(268, 6), at(269, wrong))
    assert said == f"hears 269 of 274 words instead of 268, and {told}"


def test_a_lower_cutoff_is_told_by_the_split_to_choose_by():
    def at(heard):
        return Reached(Rate.counted(heard, 274), Rate.counted(6, 647), Hourly.counted(0, 1.0))

    ships = Advice(0.5, 3, "balanced", "why", validation=at(268), test=at(201))
    lenient = replace(ships, name="lenient", cutoff=0.4, validation=at(269), test=at(272))
    report = SimpleNamespace(advice=(ships, ships, lenient), threshold=Rule(0.5, 3))
    told = good_enough._cutoffs(report)
    assert "By the validation split" in told and "269 of 274" in told
    assert "272" not in told and "201" not in told


def test_what_to_do_is_about_the_worst_fault_or_about_a_training_too_short():
    found = Verdict("bad", DEAF.headline, ("It heard 0 of 9.", DEAF.cure, TRIGGER_HAPPY.cure))
    assert good_enough._cure(found) == DEAF.cure
    assert (
        good_enough._cure(replace(found, sentences=("It heard 0 of 9.", "Too short.")))
        == "Too short."
    )
    first = f"It was trained for 1 step, {judgement.SHOWS_NOTHING}."
    assert good_enough._cure(replace(found, sentences=(first, "It heard 0 of 9."))) == first


def test_sentences_are_a_list_in_a_notebook_and_lines_in_a_terminal():
    told = good_enough._sentences(["one here.", "two there."])
    assert repr(told) == "One here.\nTwo there."
    assert told._repr_markdown_() == "* One here.\n* Two there."


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ["clean", "babble10", "clean"],
            "tested in: clean, babble at 10 dB; noise and room are not tested",
        ),
        (["clean", "noise10", "babble5"], "babble at 5 dB; room is not tested here."),
        (["clean", "noise10", "babble10", "room"], "noise at 10 dB, babble at 10 dB, room."),
    ],
)
def test_conditions_that_were_not_tested_are_named(names, told):
    assert told in good_enough._tested_in(names)


def test_the_three_cutoffs_stand_once_each_with_both_splits_and_their_price():
    def reached(heard, wrong):
        return Reached(Rate.counted(heard, 288), Rate.counted(wrong, 647), Hourly.counted(0, 0.21))

    shipped = Advice(0.5, 3, "balanced", "why", reached(268, 5), reached(274, 6))
    strict = replace(shipped, name="strict")
    lenient = Advice(0.404, 3, "lenient", "why", reached(269, 5), reached(279, 9))
    names = told_once((strict, shipped, lenient))
    rows = [row for each in names for row in cutoff_table._rows(*each)]
    assert [row[:3] for row in rows] == [
        ("strict, balanced (ships)", "0.5", "validation"),
        ("", "", "test"),
        ("lenient", "0.404", "validation"),
        ("", "", "test"),
    ]
    assert rows[3][3:] == ("279 of 288: 96.9 %", "0 in 0.21 h: at most 14.3", "9 of 647: 1.4 %")


def test_a_curve_of_04_rings_nothing_where_the_weights_before_it_stay():
    choice = {"recall": 0.9, "false_accepts_per_hour": 0.0, "late": True, "rank": [1.0]}
    history = {"step-0000250": {"loss": 1.0, "gradient_norm": 1.0, "choice": choice}}
    before = Evaluated(recall=0.95, false_accepts_per_hour=0.0)

    def shown(stays: bool) -> tuple[int, str]:
        recall = training_curves.draw(history, before, stays).axes[1]
        rings = [line for line in recall.lines if line.get_markersize() == 11]
        assert recall.get_legend().get_texts()[0].get_text() == "before (03)"
        return len(rings), recall.get_title()

    assert shown(False)[0] == 1 and "stay" not in shown(False)[1]
    assert shown(True)[0] == 0 and "03's weights stay" in shown(True)[1]


def test_a_cutoff_without_a_lower_one_is_told_by_what_it_does_itself():
    def told(n_events: int) -> str:
        hourly = Hourly.counted(n_events, 0.05)
        reached = Reached(Rate.counted(3, 7), Rate.counted(0, 34), hourly)
        shipped = Advice(0.42, 3, "balanced", "why", reached, reached)
        threshold = SimpleNamespace(
            told="0.42, on the mean of 3 scores", target_false_accepts_per_hour=0.5
        )
        advice = (shipped, replace(shipped, name="lenient"))
        return good_enough._cutoffs(SimpleNamespace(advice=advice, threshold=threshold))

    assert "8 in 3.0 min, more than the 0.5 an hour that were asked for" in told(8)
    assert "a lower one would exceed the limits" in told(0) and "asked for" not in told(0)
