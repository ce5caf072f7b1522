import math
import os

import pytest

from mwwkit.run import session as session_module
from mwwkit.run.paths import Run
from mwwkit.run.session import (
    RAISES,
    DiskIsFull,
    Limits,
    StoppedEarly,
    stops_are_raised,
    well_ended,
)


@pytest.fixture
def here(tmp_path):
    return Run(tmp_path / "run")


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget_gb": 0},
        {"budget_gb": math.nan},
        {"session_hours": -1},
        {"session_hours": math.nan},
        {"workers": -1},
        {"workers": 513},
    ],
)
def test_limits_that_are_nonsense_are_refused_by_name_and_value(wrong):
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=f"{name} is {value}; wanted"):
        Limits(**wrong)


def test_no_number_of_workers_means_the_cores_this_process_may_use():
    assert Limits().n_workers == len(os.sched_getaffinity(0))
    assert Limits(workers=3).n_workers == 3


def test_without_limits_reached_every_unit_begins(here):
    session = Limits(budget_gb=1, session_hours=1000).session(here)
    assert list(session.units(["a", "b"], lambda _: 10)) == ["a", "b"]
    session.must_be_continued("02 featurize", 0)


def test_a_deadline_stops_before_the_next_unit_and_says_how_to_go_on(here):
    session = Limits(session_hours=1e-9).session(here)  # over before it began
    assert list(session.units(["a", "b"], lambda _: 0)) == []
    with pytest.raises(StoppedEarly, match="02 featurize.*hours are over; 2 units are left.*PREV"):
        session.must_be_continued("02 featurize", 2)


def test_the_first_unit_is_begun_though_getting_ready_took_until_the_deadline(here, monkeypatch):
    monkeypatch.setattr(session_module, "hours_so_far", iter([0.0, *[2.0] * 9]).__next__)
    session = Limits(session_hours=1).session(here)
    session.must_begin_in_time("04 mine", 3)
    assert list(session.units(["a", "b", "c"], lambda _: 0)) == ["a"]
    with pytest.raises(StoppedEarly, match="2 units are left"):
        session.must_be_continued("04 mine", 2)


def test_a_stage_that_begins_after_the_deadline_gets_nothing_ready(here):
    session = Limits(session_hours=1e-9).session(here)
    session.must_begin_in_time("04 mine", 0)
    with pytest.raises(StoppedEarly, match="3 units are left"):
        session.must_begin_in_time("04 mine", 3)


def test_a_unit_begun_has_its_bytes_reserved_while_it_is_under_way(here):
    session = Limits(budget_gb=1000 / 1e9).session(here)
    units = session.units(range(10), lambda _: 300)
    begun = [next(units), next(units), next(units)]  # none has written anything yet
    assert begun == [0, 1, 2] and session.budget.used_bytes == 900
    assert list(units) == []
    assert "the disk budget is reached" in session.reason
    with pytest.raises(StoppedEarly, match="disk budget.*7 units are left and nothing is lost"):
        session.must_be_continued("02 featurize", 7)


def test_a_deadline_after_a_want_of_room_is_a_deadline(here, monkeypatch):
    hours = iter([0.0, 0.0, *[2.0] * 9])
    monkeypatch.setattr(session_module, "hours_so_far", hours.__next__)
    session = Limits(budget_gb=1000 / 1e9, session_hours=1).session(here)
    assert "disk budget" in session.stop(2000) and session.kind is DiskIsFull
    assert "hours are over" in session.stop() and session.kind is StoppedEarly


def test_a_smaller_unit_does_not_slip_past_one_that_did_not_fit(here):
    session = Limits(budget_gb=1000 / 1e9).session(here)
    sizes = {"big": 800, "bigger": 900, "small": 100}
    assert list(session.units(sizes, sizes.get)) == ["big"]


def test_a_good_end_is_an_error_only_where_the_command_line_waits_for_it():
    well_ended(StoppedEarly("the disk budget is reached"))
    with stops_are_raised():
        with pytest.raises(StoppedEarly, match="the disk budget is reached"):
            well_ended(StoppedEarly("the disk budget is reached"))
    assert RAISES not in os.environ
    well_ended(StoppedEarly("the disk budget is reached"))
