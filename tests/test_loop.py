"""Units of training: where they end, which is best, what is kept on disk."""

import pytest

from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.paths import Run
from mwwkit.training.evaluated import best
from mwwkit.training.loop import Course, drop_snapshots, where_time_went


def test_units_end_every_250_steps_and_at_the_last():
    assert Course("t", 600, 250).units() == {
        "step-0000250": 250,
        "step-0000500": 500,
        "step-0000600": 600,
    }
    assert list(Course("t", 500, 250).units().values()) == [250, 500]
    assert list(Course("t", 3, 250).units().values()) == [3]


def test_an_evaluation_comes_at_its_multiples_and_at_the_end():
    course = Course("t", 1100, 500)
    ends = course.units().values()
    assert [end for end in ends if course.evaluates(end)] == [500, 1000, 1100]


def test_units_sort_as_text_in_the_order_of_their_steps():
    units = list(Course("t", 50_000, 250).units())
    assert units == sorted(units)


def test_two_variants_in_one_folder_share_no_unit_and_no_file():
    one, other = Course("t", 500, 250), Course("t", 500, 250, "without-ab-")
    assert not set(one.units()) & set(other.units())
    assert other.weights("without-ab-step-0000250") == "t/averaged-without-ab-step-0000250.npz"


@pytest.mark.parametrize("every", [0, 100, 251, -250])
def test_an_evaluation_inside_a_unit_is_refused(every):
    with pytest.raises(ValueError, match=f"evaluate_every is {every}; wanted a multiple of 250"):
        Course("t", 1000, every)


def choice_facts(*rank, late=True):
    return {"choice": {"rank": list(rank), "late": late}}


def test_the_best_unit_has_the_highest_rank_and_of_equals_the_latest():
    done = {
        "step-1": choice_facts(1.0, 1.0, 0.9),
        "step-2": choice_facts(1.0, 1.0, 0.9),
        "step-3": choice_facts(1.0, 0.0, 0.99),
        "step-4": {"loss": 0.1},
    }
    assert best(done) == "step-2"


def test_an_early_unit_is_never_the_best_however_well_it_does():
    done = {
        "step-1": choice_facts(1.0, 1.0, 1.0, late=False),
        "step-2": choice_facts(0.0, 0.0, 0.0),
    }
    assert best(done) == "step-2"


def test_only_the_two_newest_snapshots_of_this_run_stay(tmp_path):
    course, here = Course("t", 1000, 250), Run(tmp_path)
    checkpoint = Checkpoint.resume(here, "t", {})
    for unit in course.units():
        path = here / course.snapshot(unit)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"12345")
        checkpoint.finish(unit)
        gone = drop_snapshots(course, here, checkpoint)
        assert gone == (5 if unit > "step-0000500" else 0)
    kept = sorted(path.name for path in (tmp_path / "t").glob("*.npz"))
    assert kept == ["snapshot-step-0000750.npz", "snapshot-step-0001000.npz"]


def test_the_time_is_told_in_seconds_and_shares_without_what_took_next_to_none():
    told = where_time_went({"loading": 50.0, "saving": 0.9, "step": 150.0})
    assert told == "loading 50 s (25%), step 2.5 min (75%)"
    assert where_time_went({}) == ""
