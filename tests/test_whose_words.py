"""Whose words choose and are told as recall: people's where they are enough, else all."""

from typing import get_args

import pytest

from mwwkit.metrics.judgement import FEWEST_RECORDINGS
from mwwkit.metrics.whose_words import Whose, named, whose_words


def words(n_people: int, n_machines: int, n_conditions: int = 2):
    """So many recordings of either, each under some conditions."""
    clips = [
        *(f"p{i}" for i in range(n_people)),
        *(f"m{i}" for i in range(n_machines)),
    ] * n_conditions
    return clips, whose_words(clips, [clip.startswith("m") for clip in clips])


@pytest.mark.parametrize(
    ("n_people", "n_machines", "whose", "told"),
    [
        (FEWEST_RECORDINGS, 90, "people", "10 recordings by people choose; 90 words of machines"),
        (FEWEST_RECORDINGS - 1, 90, "people and machines", "9 recordings by people are too few"),
        (FEWEST_RECORDINGS - 1, 0, "people", "9 recordings by people choose."),
        (1, 0, "people", "1 recording by people choose."),
        (0, 90, "machines", "No recording by people is there to choose by: 90 words of machines"),
    ],
)
def test_people_choose_alone_where_they_are_enough_and_else_it_is_said(
    n_people, n_machines, whose, told
):
    clips, found = words(n_people, n_machines)
    assert found.whose == whose and str(found).startswith(told)
    counted, beside = ([clips[i] for i in which] for which in (found.counted, found.beside))
    assert sorted([*found.counted, *found.beside]) == list(range(len(clips)))
    alone = whose == "people"
    assert alone == all(clip.startswith("p") for clip in counted)
    assert all(clip.startswith("m") for clip in beside) and bool(beside) == (
        alone and n_machines > 0
    )
    assert found.recordings == len(set(counted))


def test_a_recording_under_many_conditions_is_one_recording():
    _, found = words(FEWEST_RECORDINGS - 1, 1, n_conditions=5)
    assert (found.whose, found.n_people) == ("people and machines", FEWEST_RECORDINGS - 1)


def test_where_it_is_not_known_who_spoke_one_of_them_all_count():
    found = whose_words(["a", "b"], [False, None])
    assert (found.whose, found.counted, found.beside) == ("unknown", (0, 1), ())
    assert "not at hand" in str(found)


def test_together_is_all_of_them_in_their_order_and_is_called_so():
    clips, found = words(FEWEST_RECORDINGS, 3)
    assert found.together.counted == tuple(range(len(clips))) and not found.together.beside
    assert found.together.whose == "people and machines"
    assert "choose together" in str(found.together)
    assert found.together.recordings == FEWEST_RECORDINGS + 3
    _, few = words(2, 3)
    assert few.together == few


def test_every_whose_has_a_name_of_its_own():
    assert len({named(whose) for whose in get_args(Whose)}) == len(get_args(Whose)) == 4
    assert named(None) == named("unknown") == "the words"
