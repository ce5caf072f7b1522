"""Time that is left is told by what was measured, in this run or in an earlier one."""

import json
import re

import pytest

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.cli.forecast import Forecast
from mwwkit.run import pace
from mwwkit.run.pace import Watch, expected, times_the_guess
from mwwkit.run.paths import Run


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on when it is told to."""
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def measured(run, stage, guessed_s, took_s, clock):
    with Watch(run, stage) as watch:
        clock[0] += took_s
        watch.add(guessed_s)


def test_a_guess_is_put_right_by_what_the_stage_took_before(tmp_path, clock):
    run = Run(tmp_path / "run")
    assert (
        expected(run, "03 train", 120.0) == "about 2.0 min (a guess: nothing was measured here yet)"
    )
    measured(run, "03 train", 980.0, 2980.0, clock)  # three times as long, some seconds apart
    assert (
        expected(run, "03 train", 120.0)
        == "about 6.0 min (by what 03 train took in this run so far)"
    )
    assert times_the_guess(run, "04 mine") == (3.0, "by how long 03 took")


def test_what_was_interrupted_counts_and_what_took_no_time_does_not(tmp_path, clock):
    run = Run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt), Watch(run, "02 featurize") as watch:
        clock[0] += 100
        watch.add(40)
        raise KeyboardInterrupt
    assert times_the_guess(run, "02 featurize")[0] == 2.0
    measured(run, "04 mine", 50.0, 0.1, clock)
    assert times_the_guess(run, "04 mine")[1] == "by how long 02 took"


def test_another_session_knows_it_from_the_run_or_an_earlier_one(tmp_path, clock):
    first = Run(tmp_path / "one")
    measured(first, "01 acquire", 80.0, 180.0, clock)
    pace.save(first)
    pace._measured.clear()  # as in a new process
    assert times_the_guess(Run(tmp_path / "two", (first.folder,)), "01 acquire")[0] == 2.0
    (first / pace.FILE).write_text("{")
    assert times_the_guess(first, "01 acquire")[0] == 1.0
    (first / pace.FILE).write_text(json.dumps({"01 acquire": {"took_s": "long"}}))
    assert times_the_guess(first, "01 acquire")[0] == 1.0


def test_neural_voices_are_told_to_take_longer(tmp_path):
    def seconds(**given):
        jobs = chain.assembled(["01"], presets.load("demo"), given, tmp_path / "run")
        return Forecast(jobs, Run(tmp_path / "run")).seconds(jobs)

    plain, both, kokoro = (seconds(TTS_ENGINES=e) for e in ("[]", "kokoro, espeak-ng", "kokoro"))
    assert plain < both - 20 < both < kokoro and 1.9 < (kokoro - plain) / (both - plain) < 2.1


def test_the_chain_is_told_before_it_begins_and_again_as_it_goes_on(tmp_path, clock):
    run = Run(tmp_path / "run")
    jobs = chain.assembled(list(chain.NOTEBOOKS), presets.load("demo"), {}, run.folder)
    forecast = Forecast(jobs, run)
    before = forecast.seconds(jobs)
    told = forecast.told(jobs)
    assert re.fullmatch(r"about [\d.]+ min to go for 01 to 05 \(a guess: .*\)", told)
    assert 120 < before < 1200 and forecast.told([]) == ""
    measured(run, "01 acquire", 80.0, 180.0, clock)
    assert forecast.seconds(jobs[2:]) > 1.5 * Forecast(jobs, Run(tmp_path)).seconds(jobs[2:])
    assert "for 05 (a guess by how long 01 took)" in forecast.told(jobs[4:])
