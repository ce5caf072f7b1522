"""A disk that fails and a clock that jumps, under a whole process: nothing of ours is replaced."""

import os
import subprocess
import sys

import disturbed
import killing
import pytest
from small_run import write_corpus

from mwwkit.run.comparison import differences
from mwwkit.run.paths import Run

ACQUIRES = """
import sys
from pathlib import Path
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire
made_up = {"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0}
made_up |= {"tts_ambient_minutes": 0.0, "noise_minutes": 0.1, "rooms": 2}
config = acquire.Config("wake", recordings="", positive=(sys.argv[2],), **made_up)
print(acquire.run(config, Run(Path(sys.argv[1])), Limits(workers=1, session_hours=1.0))["rejected"])
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    write_corpus(Run(folder))
    return folder / "clips/clip"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return disturbed.library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, words):
    run = tmp_path_factory.mktemp("whole") / "run"
    assert acquired(run, words).returncode == 0
    return run


def acquired(run, words, **variables):
    """01 over a folder of words, in a process of its own."""
    path = os.pathsep.join([str(killing.TESTS.parent), os.environ.get("PYTHONPATH", "")])
    call = [sys.executable, "-c", ACQUIRES, str(run), str(words)]
    env = os.environ | {"PYTHONPATH": path} | variables
    return subprocess.run(call, env=env, capture_output=True, text=True)


def test_a_disk_that_fails_is_told_in_a_line_and_gone_on_from(library, words, whole, tmp_path):
    """Other places and stages: conformance/disturbances.py."""
    how = disturbed.under(library, CALL="fsync", PATH="checkpoint.json", AFTER=3)
    failed = acquired(tmp_path / "run", words, **how)
    assert failed.returncode == 1
    last = failed.stderr.strip().splitlines()[-1]
    assert "cannot go on: the disk failed ([Errno 5] Input/output error" in last
    assert acquired(tmp_path / "run", words).returncode == 0
    assert not differences(whole, [tmp_path / "run"])


def test_a_recording_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(
    library, words, tmp_path
):
    how = disturbed.under(library, CALL="read", PATH="train-w03.wav")
    done = acquired(tmp_path / "run", words, **how)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"
    [line] = (tmp_path / "run/quarantine.jsonl").read_text().splitlines()
    assert "train-w03.wav" in line


def test_a_clock_that_jumps_changes_no_byte_and_ends_no_session(library, words, whole, tmp_path):
    how = disturbed.under(library, JUMP_S=400 * 86_400)  # and back, every half second
    done = acquired(tmp_path / "run", words, **how)
    assert done.returncode == 0, done.stderr
    assert not differences(whole, [tmp_path / "run"])
