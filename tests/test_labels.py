"""What each step of a scene is taught, against times counted by hand."""

import numpy as np
import pytest

from mwwkit.device.detector import score_times
from mwwkit.training.labels import IGNORED, LabelSettings, label_steps

# Score i is out when 0.05 + 0.03 i seconds have been heard.


def where(labels, value):
    return np.flatnonzero(labels == value).tolist()


def test_a_words_steps_are_those_from_its_end_to_three_tenths_later():
    labels = label_steps([1.0], 100, LabelSettings())
    assert labels.dtype == np.int8 and len(labels) == 100
    assert where(labels, 1) == list(range(32, 42))  # heard 1.01 s .. 1.28 s
    assert where(labels, IGNORED) == [*range(24, 32), *range(42, 55)]  # 0.77 .. 0.98, 1.31 .. 1.67
    assert (np.delete(labels, np.arange(24, 55)) == 0).all()


def test_the_first_part_of_the_word_is_negative():
    labels = label_steps([1.0], 100, LabelSettings())
    assert (labels[:24] == 0).all()  # up to 0.74 s heard: the word is still being spoken


def test_words_are_numbered_in_their_order_and_a_later_one_takes_what_both_claim():
    labels = label_steps([1.0, 1.2], 100, LabelSettings())
    assert where(labels, 1) == list(range(32, 39))  # up to 1.19 s heard
    assert where(labels, 2) == list(range(39, 49))  # 1.22 s .. 1.49 s
    assert where(labels, IGNORED) == [*range(24, 32), *range(49, 62)]


def test_a_words_own_steps_win_over_the_unsure_stretch_of_another():
    labels = label_steps([1.0, 1.5], 100, LabelSettings())
    assert where(labels, 1) == list(range(32, 42))
    assert where(labels, 2) == list(range(49, 59))
    assert (labels[42:49] == IGNORED).all()


def test_silence_and_words_that_end_outside_the_scene_are_negative():
    assert not label_steps([], 50, LabelSettings()).any()
    assert not label_steps([9.0], 50, LabelSettings()).any()
    assert not label_steps([-0.7], 50, LabelSettings()).any()
    assert label_steps([1.0], 0, LabelSettings()).shape == (0,)


def test_the_stretches_are_as_long_as_they_are_set():
    settings = LabelSettings(from_s=-0.1, to_s=0.1, ignore_from_s=-0.1, ignore_to_s=0.1)
    labels = label_steps([1.0], 100, settings)
    assert where(labels, 1) == list(range(29, 35))  # 0.92 .. 1.07
    assert not where(labels, IGNORED)


@pytest.mark.parametrize(
    "times",
    [
        {"from_s": 0.3, "to_s": 0.3},
        {"from_s": 0.4, "to_s": 0.3},
        {"ignore_from_s": 0.1},
        {"ignore_to_s": 0.2},
        {"to_s": float("nan")},
    ],
)
def test_times_out_of_order_are_refused(times):
    with pytest.raises(ValueError, match="wanted them rising"):
        LabelSettings(**times)


def test_what_is_not_asked_before_a_words_end_is_a_setting_of_03():
    from mwwkit.stages.train import Config

    assert Config().labels() == LabelSettings()
    narrower = Config(label_ignore_before_s=0.12).labels()
    steps = label_steps([2.0], 100, narrower)
    at_s = score_times(100)
    assert (steps[(at_s >= 1.89) & (at_s < 2.0)] == IGNORED).all()
    assert (steps[at_s < 1.87] == 0).all()
