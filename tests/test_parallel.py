import os
import signal
import sys
import time

import pytest
from killing import start

from mwwkit.run.errors import CannotGoOn
from mwwkit.run.parallel import each, starting


def double(number):
    return 2 * number


def slow_first(number):
    time.sleep(0.3 if number == 0 else 0)
    return number


def process_of(_):
    time.sleep(0.02)
    return os.getpid()


def has_loaded(_):
    time.sleep(0.02)
    return os.getpid(), "ftplib" in sys.modules


def refuse_five(number):
    if number == 5:
        raise ValueError("five is not wanted")
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_for_any_number_of_workers(workers):
    assert list(each(double, range(20), workers)) == list(range(0, 40, 2))
    assert list(each(slow_first, range(4), workers)) == [0, 1, 2, 3]
    assert list(each(double, [], workers)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_unordered_results_are_all_there(workers):
    assert sorted(each(slow_first, range(6), workers, ordered=False)) == list(range(6))


def test_unordered_results_do_not_wait_for_a_slow_one():
    assert list(each(slow_first, range(4), 2, ordered=False))[0] != 0


def test_one_worker_works_in_this_process_and_two_in_others():
    assert set(each(process_of, range(4), 1)) == {os.getpid()}
    others = set(each(process_of, range(8), 2))
    assert len(others) == 2 and os.getpid() not in others


@pytest.mark.parametrize("workers", [1, 2])
def test_items_are_taken_only_as_workers_become_free(workers):
    taken = []

    def items():
        for number in range(30):
            taken.append(number)
            yield number

    results = each(process_of, items(), workers)
    next(results)
    assert len(taken) < 8
    assert len(list(results)) == 29 and taken == list(range(30))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_generator_that_stops_at_a_limit_stops_the_work(workers):
    def until_the_deadline():
        for number in range(1000):
            if number == 7:
                return
            yield number

    assert list(each(double, until_the_deadline(), workers)) == [0, 2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_an_item_raises_is_raised_here(workers):
    with pytest.raises(ValueError, match="five is not wanted"):
        list(each(refuse_five, range(10), workers))


def test_processes_that_are_started_early_have_loaded_what_they_will_need():
    before = "ftplib" in sys.modules
    with starting(2, ("ftplib",)):
        pass
    ready = {process for process, loaded in each(has_loaded, range(20), 2) if loaded}
    assert ready and os.getpid() not in ready
    with starting(1, ("ftplib",)):  # one worker is this process: it loads what it needs itself
        pass
    assert ("ftplib" in sys.modules) == before


def test_no_workers_is_nonsense():
    with pytest.raises(ValueError, match="workers is 0; wanted at least 1"):
        each(double, [1], 0)


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_is_told_in_one_line_that_says_what_to_try():
    with pytest.raises(CannotGoOn, match="^a worker process was killed, .* fewer WORKERS.*kept$"):
        list(each(die, range(4), 2))


def write_for_ever(folder):
    (folder / f"{os.getpid()}").touch()
    while True:
        with (folder / "written").open("ab") as file:
            file.write(b".")
        time.sleep(0.01)


def test_a_killed_session_leaves_no_process_that_writes_on(tmp_path):
    code = """
    import sys
    from pathlib import Path
    from test_parallel import write_for_ever
    from mwwkit.run.parallel import each
    list(each(write_for_ever, [Path(sys.argv[1])] * 2, 2))
    """
    process = start(code, tmp_path)
    while len(list(tmp_path.glob("[0-9]*"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 60  # of a machine that may be busy
    before = None
    while before != (before := (tmp_path / "written").stat().st_size):
        assert time.monotonic() < deadline, "the workers live on"
        time.sleep(0.3)
