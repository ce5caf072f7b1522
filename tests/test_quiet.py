"""Chatter is held back, explanations are not."""

import os
import warnings

import pytest

from mwwkit.run.quiet import quiet


def test_what_is_written_to_the_file_descriptor_is_held_back(capfd):
    with quiet():
        os.write(2, b"chatter from C++\n")
        warnings.warn("chatter from Python", stacklevel=1)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_failure_shows_what_was_held_back(capfd):
    with pytest.raises(RuntimeError), quiet():
        os.write(2, b"why it failed\n")
        raise RuntimeError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "why it failed\nafter\n"


def test_no_file_descriptor_is_left_open():
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(5):
        with quiet():
            pass
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert before == after
