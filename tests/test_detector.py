"""The device's decision rule, on score tracks counted by hand."""

import device_rules
import numpy as np
import pytest

from mwwkit.audio.frontend import quantise
from mwwkit.device import detector
from mwwkit.device.detector import (
    Rule,
    StreamingDetector,
    detections,
    integer_cutoff,
    sliding_sum,
    voice_track,
)
from mwwkit.run.seeds import rng


def track(*pieces):
    """A track from (value, length) pieces."""
    return np.concatenate([np.full(n, value, np.uint8) for value, n in pieces])


def slice_by_slice(scores, cutoff, window, stride=3):
    """The firmware's loop, told a second time with other data structures; slices of detections."""
    ring, at, ignore, pending, found = [0] * window, 0, -100, False, []
    for number in range(1, len(scores) * stride + 1):
        if number % stride == 0:
            at = (at + 1) % window
            ring[at] = int(scores[number // stride - 1])
            pending = True
        if ring[at] < cutoff:
            ignore = min(ignore + 1, 0)
        if pending and ignore >= 0:
            pending = False
            if sum(ring) > cutoff * window:
                found.append(number)
                ring, ignore = [0] * window, -100
    return found


def test_the_cutoff_is_truncated_to_255ths():
    assert [integer_cutoff(c) for c in (0.0, 0.5, 0.9, 0.97, 0.999, 1.0)] == [
        0, 127, 229, 247, 254, 255,
    ]  # fmt: skip
    for wrong in (97, 1.01, -0.01):
        with pytest.raises(ValueError, match=f"cutoff is {wrong}"):
            integer_cutoff(wrong)


def test_every_live_cutoff_survives_the_manifest_and_dead_ones_are_refused():
    for integer in detector.LIVE_CUTOFFS:
        assert integer_cutoff(detector.manifest_cutoff(integer)) == integer
    for dead in (0, 255, -1, 256):
        with pytest.raises(ValueError, match="never fire"):
            detector.manifest_cutoff(dead)


def test_a_manifest_has_the_shortest_cutoff_and_of_three_digits_the_lowest_or_the_middle():
    hundredths = {integer_cutoff(n / 100): n / 100 for n in range(101)}
    for integer in detector.LIVE_CUTOFFS:
        cutoff = detector.manifest_cutoff(integer)
        assert cutoff == hundredths.get(integer, cutoff) == round(cutoff, 3)
    # 8 is from 0.03137 on, which rounds to what is 7 still; its middle is 0.03333
    assert [detector.manifest_cutoff(n) for n in (8, 10, 13, 228, 229, 254)] == [
        *(0.033, 0.04, 0.051, 0.896, 0.9, 0.998),
    ]  # fmt: skip


def test_a_rule_in_the_devices_numbers_and_in_peoples():
    rule, at_limit, over_it = Rule(0.5, 2), track((127, 2), (0, 1)), track((127, 1), (128, 1))
    assert (rule.integer, rule.limit, rule.level) == (127, 254, 127 / 255)
    assert rule.over(at_limit).tolist() == [False, False, False]
    assert rule.over(over_it).tolist() == [False, True]
    assert rule.wakes([at_limit, over_it, at_limit[:0]]).tolist() == [False, True, False]
    assert rule.means(track((255, 3))).tolist() == [0.5, 1.0, 1.0]
    assert rule.highest([at_limit, track((51, 1)), at_limit[:0]]).tolist() == [127 / 255, 0.1, 0.0]
    assert detector.shown(255) == 1.0


def test_the_highest_sum_of_each_track_is_a_whole_number_and_none_is_nothing():
    maxima = detector.clip_maxima([track((3, 1), (9, 2), (1, 4)), np.zeros(0, np.uint8)], 2)
    assert (maxima.tolist(), maxima.dtype) == ([18, 0], np.int64)
    assert (detector.clip_maxima([], 2).shape, detector.clip_maxima([], 2).dtype) == (
        (0,),
        np.int64,
    )


def test_a_score_is_out_when_its_audio_is_heard():
    assert detector.score_times(3).tolist() == pytest.approx([0.05, 0.08, 0.11])
    none = detections(np.zeros(40, np.uint8), Rule(0.5, 5))
    assert (none.shape, none.dtype) == ((0,), np.float64)


def test_the_sliding_sum_begins_with_zeros_and_does_not_wrap():
    scores = track((255, 7))
    assert sliding_sum(scores, 5).tolist() == [255, 510, 765, 1020, 1275, 1275, 1275]
    assert sliding_sum(scores[:2], 5).tolist() == [255, 510]
    assert sliding_sum(scores[:0], 5).tolist() == []
    assert sliding_sum(scores, 1).dtype == sliding_sum(scores[:0], 5).dtype == np.int64
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"window is {wrong}"):
            sliding_sum(scores, wrong)


def test_a_sum_equal_to_the_limit_does_not_fire_and_one_more_does():
    cutoff = integer_cutoff(0.5)
    assert len(detections(track((0, 50), (cutoff, 5), (0, 50)), Rule(0.5, 5))) == 0
    at_limit_plus_one = track((0, 50), (cutoff, 4), (cutoff + 1, 1), (0, 50))
    assert detections(at_limit_plus_one, Rule(0.5, 5)).tolist() == pytest.approx([0.05 + 54 * 0.03])


def test_a_cutoff_of_one_never_fires():
    everything = track((255, 1000))
    assert len(detections(everything, Rule(1.0, 5))) == 0
    assert StreamingDetector(1.0, 5).run(everything) == []


def test_events_are_counted_once_in_two_seconds():
    # 67 steps of 30 ms are the first whole number that is 2 s or more
    near = track((0, 10), (255, 1), (0, 65), (255, 1))
    far = track((0, 10), (255, 1), (0, 66), (255, 1))
    assert len(detections(near, Rule(0.5, 1))) == 1
    assert len(detections(far, Rule(0.5, 1))) == 2
    assert len(detections(track((255, 3 * 67)), Rule(0.5, 1))) == 3, "a held score goes on counting"


def test_the_device_cannot_fire_in_its_first_hundred_slices():
    # 99 quiet slices are steps 0..32; slice 100 is the one in which score 33 is not yet there
    early = StreamingDetector(0.5, 1).run(track((0, 32), (255, 2)))
    assert early == [], "slices 97 to 100 hold a high score: the pause is held"
    late = StreamingDetector(0.5, 1).run(track((0, 33), (255, 1)))
    assert [d.time_s for d in late] == pytest.approx([0.03 + 0.01 * 101])
    # slices 1 to 101 are quiet, so the pause is over one slice before the score
    assert late[0].mean == late[0].peak == 255


def test_a_high_score_from_the_start_holds_the_pause_for_ever():
    assert StreamingDetector(0.5, 5).run(track((255, 1000))) == []


def test_a_detection_clears_the_scores_and_needs_a_hundred_quiet_slices():
    word = ((255, 5), (0, 5))
    soon = track((0, 40), *word, (0, 20), *word)
    later = track((0, 40), *word, (0, 30), *word)
    assert len(StreamingDetector(0.5, 5).run(soon)) == 1
    assert len(StreamingDetector(0.5, 5).run(later)) == 2


def test_the_detector_equals_a_second_telling_of_the_firmware_loop():
    for seed in range(40):
        draws = rng(seed, "detector")
        pieces = [
            (int(draws.integers(0, 256)), int(draws.integers(1, 40))) for _ in range(60)
        ]  # held scores, so that pauses, detections and holds all occur
        scores = track(*pieces)
        window, cutoff = int(draws.integers(1, 9)), float(draws.uniform(0.1, 0.95))
        stride = int(draws.integers(1, 5))
        found = StreamingDetector(cutoff, window, stride=stride).run(scores)
        expected = slice_by_slice(scores, integer_cutoff(cutoff), window, stride)
        assert [round((d.time_s - 0.02) / 0.01) for d in found] == expected


def test_a_voice_is_there_from_the_slice_whose_score_makes_the_sum():
    scores = track((0, 2), (200, 2), (0, 3))
    # window 2, cutoff 127: sums 0, 0, 200, 400, 200, 0, 0, of which only the fourth is over 254
    assert np.flatnonzero(voice_track(scores, Rule(0.5, 2), stride=3)).tolist() == [11, 12, 13]
    assert np.flatnonzero(voice_track(scores, Rule(0.5, 2), stride=1)).tolist() == [3]
    assert len(voice_track(scores, Rule(0.5, 2))) == 21  # three slices a score
    assert voice_track(scores, Rule(0.5, 2)).dtype == bool
    assert voice_track(scores[:0], Rule(0.5, 2)).tolist() == []


def test_without_a_voice_a_word_is_held_back_and_judged_again_with_the_next_score():
    scores = track((0, 40), (255, 8), (0, 60))
    (word,) = StreamingDetector(0.5, 5).run(scores)
    silent = StreamingDetector(0.5, 5)
    assert silent.run(scores, [False]) == [] and silent.blocked[0] == word
    # 635 takes three of 255 in the window: from the third of the eight to the second after them
    assert len(silent.blocked) == 8
    late, from_slice = StreamingDetector(0.5, 5), 3 * 44 + 2
    (heard,) = late.run(scores, np.arange(3 * len(scores)) >= from_slice)
    assert heard.time_s == pytest.approx(0.03 + 0.01 * from_slice)
    assert [round(d.time_s - word.time_s, 2) for d in late.blocked] == [0.0, 0.03]


def test_the_last_thing_told_of_a_voice_holds_and_nothing_told_is_no_voice():
    scores = track((0, 40), (255, 8), (0, 60))
    (word,) = StreamingDetector(0.5, 5).run(scores)
    assert StreamingDetector(0.5, 5).run(scores, [True]) == [word]
    assert StreamingDetector(0.5, 5).run(scores, [False, True]) == [word]
    assert StreamingDetector(0.5, 5).run(scores, [True, False]) == []
    assert StreamingDetector(0.5, 5).run(scores, []) == []


def test_detections_are_those_of_the_rules_in_c(tmp_path):
    rules, counted = in_c(tmp_path), np.zeros(2, int)  # detections, held back
    for seed in range(60):
        draws = rng(seed, "voice")
        word, vad = (
            np.repeat(draws.integers(0, 256, 60).astype(np.uint8), draws.integers(1, 40, 60))
            for _ in range(2)
        )
        strides, windows = draws.integers(1, 5, 2).tolist(), draws.integers(1, 9, 2).tolist()
        cutoffs = draws.uniform(0.05, 0.99, 2).tolist()
        steps = min(len(word), len(vad) * strides[1] // strides[0])
        for gate in (None, (vad, cutoffs[1], windows[1], strides[1])):
            detector = StreamingDetector(cutoffs[0], windows[0], stride=strides[0])
            heard = gate and voice_track(gate[0], Rule(*gate[1:3]), gate[3])
            found = detector.run(word[:steps], heard)
            ours = device_rules.reports_of(found, detector.blocked)
            slices = steps * strides[0]
            assert ours == rules.detect(slices, word, cutoffs[0], windows[0], strides[0], gate)
            counted += len(found), len(detector.blocked)
    assert (counted > 100).all(), "or the tracks test nothing"


def test_cutoffs_and_features_are_those_of_the_rules_in_c(tmp_path):
    rules = in_c(tmp_path)
    raw = np.arange(1 << 16, dtype=np.uint16)
    assert np.array_equal(quantise(raw), rules.features(raw))
    for thousandths in range(1001):
        assert integer_cutoff(thousandths / 1000) == rules.cutoff(thousandths / 1000)


def in_c(folder):
    if device_rules.compiler() is None:
        pytest.skip("no C compiler; install gcc")
    return device_rules.DeviceRules(folder)


def test_without_its_pause_the_device_rule_finds_the_first_event_of_the_track():
    scores = track((0, 50), (200, 10), (0, 200))
    device = StreamingDetector(0.5, 5, start_slices=0).run(scores)
    assert device[0].time_s == pytest.approx(detections(scores, Rule(0.5, 5))[0])
    assert [d.time_s for d in StreamingDetector(0.5, 1, start_slices=0).run([255])] == [0.05]


def test_before_the_first_score_all_were_zero():
    lowest = detector.manifest_cutoff(1)
    assert StreamingDetector(lowest, 5, start_slices=0).run([5]) == []
    (found,) = StreamingDetector(lowest, 5, start_slices=0).run([6])
    assert (found.mean, found.peak) == (1, 6)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"window": 0}, "window 0, stride 3, start_slices 100, lockout_s 0.0; wanted at least 1"),
        ({"stride": 0}, "stride 0"),
        ({"start_slices": -1}, "start_slices -1"),
        ({"lockout_s": -0.1}, "lockout_s -0.1"),
        ({"votes": 0}, "votes is 0"),
        ({"votes": 6}, "votes is 6; wanted 1 to the window, 5"),
        ({"off_cutoff": -0.1}, "off_cutoff is -0.1"),
        ({"off_cutoff": 0.6}, "off_cutoff is 0.6; wanted 0 to the cutoff, 0.5"),
    ],
)
def test_a_setting_outside_its_range_is_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        StreamingDetector(**{"cutoff": 0.5, "window": 5} | settings)


@pytest.mark.parametrize(
    "settings",
    [{"votes": 1}, {"votes": 5}, {"off_cutoff": 0.0}, {"off_cutoff": 0.5}, {"stride": 1}],
)
def test_a_setting_at_the_end_of_its_range_wakes(settings):
    scores = track((0, 120), (255, 8))
    assert len(StreamingDetector(0.5, 5, **settings).run(scores)) == 1


def test_votes_ignore_how_high_a_score_is():
    one_spike = track((0, 40), (255, 3), (0, 40))
    three_of_five = StreamingDetector(0.5, 5, votes=3)
    four_of_five = StreamingDetector(0.5, 5, votes=4)
    assert len(three_of_five.run(one_spike)) == 1
    assert len(four_of_five.run(one_spike)) == 0
    one_of_one = StreamingDetector(0.5, 1, start_slices=0, votes=1)
    assert one_of_one.run([127]) == []  # the cutoff itself is no vote
    assert len(one_of_one.run([128])) == 1


def test_hysteresis_waits_for_the_off_cutoff():
    dip_to_half = track((0, 40), (255, 10), (120, 20), (255, 10), (0, 20), (255, 10))
    shallow = StreamingDetector(0.8, 5, off_cutoff=0.3).run(dip_to_half)
    deep = StreamingDetector(0.8, 5, off_cutoff=0.6).run(dip_to_half)
    assert (len(shallow), len(deep)) == (2, 3)
    for low, n_found in ((127, 2), (128, 1)):  # at or under
        half = StreamingDetector(0.8, 1, start_slices=0, off_cutoff=0.5)
        assert len(half.run([255, low, 255])) == n_found


def test_a_lockout_outlasts_the_pause():
    word = ((255, 5), (0, 60))
    scores = track((0, 40), *word, *word, *word)
    assert len(StreamingDetector(0.5, 5).run(scores)) == 3
    assert len(StreamingDetector(0.5, 5, lockout_s=3.0).run(scores)) == 2
    for lockout_s, n_found in ((0.03, 2), (0.031, 1)):  # two scores, 30 ms apart
        held = StreamingDetector(0.5, 1, start_slices=0, lockout_s=lockout_s)
        assert len(held.run([255, 255])) == n_found
