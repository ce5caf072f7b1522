"""The choice of cutoff and window, on score tracks counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mwwkit.device.detector import (
    Rule,
    clip_maxima,
    detections,
    integer_cutoff,
    manifest_cutoff,
)
from mwwkit.metrics.cutoff_selection import at_cutoff, choose_cutoff, median_latency
from mwwkit.metrics.operating_points import CUTOFFS, SET_NAMES, PerSet, Surface, operating_points
from mwwkit.metrics.rates import false_accepts_at_most, proportion
from mwwkit.metrics.tail_fit import expected_rates
from mwwkit.run.seeds import rng


def peak(value, length=40, width=5):
    """A track that holds `value` for `width` steps in its middle."""
    track = np.zeros(length, np.uint8)
    track[length // 2 : length // 2 + width] = value
    return track


def stream(*values, minutes=60.0):
    """Ambient scores with one held peak after another, more than 2 s apart."""
    track = np.zeros(round(minutes * 60 / 0.03), np.uint8)
    for at, value in enumerate(values):
        track[100 + at * 100 : 105 + at * 100] = value
    return track


def test_a_clip_counts_by_its_highest_sliding_sum():
    assert clip_maxima([peak(200), peak(200, width=2), np.zeros(0, np.uint8)], 5).tolist() == [
        1000,
        400,
        0,
    ]


def test_the_surface_agrees_with_one_detection_run_for_each_cutoff():
    draws = rng(1, "surface")
    ambient = [
        np.repeat(draws.integers(0, 256, 400), draws.integers(1, 90, 400)).astype(np.uint8)
        for _ in range(2)
    ]
    clips = [draws.integers(0, 256, 50).astype(np.uint8) for _ in range(30)]
    surface = operating_points(clips[:10], clips[10:], ambient, windows=(1, 5))
    for row, window in enumerate(surface.windows):
        for cutoff in (0.1, 0.5, 0.9):
            column = integer_cutoff(cutoff) - 1
            rule = Rule(cutoff, window)
            n_events = sum(len(detections(t, rule)) for t in ambient)
            fired = [len(detections(t, rule)) > 0 for t in clips]
            assert surface.ambient_events[row, column] == n_events
            assert surface.hits[row, column] == sum(fired[:10])
            assert surface.clip_false_accepts[row, column] == sum(fired[10:])
    assert surface.ambient_hours == pytest.approx(sum(map(len, ambient)) * 0.03 / 3600)


def test_the_target_comes_first_and_recall_second():
    # over 150: three of four positives and no event; over 100: all four, but one event
    positives = [peak(v) for v in (120, 200, 220, 240)]
    surface = operating_points(positives, [peak(50)], [stream(150)])
    strict, loose = choose_cutoff(surface, 0.5), choose_cutoff(surface, 1.0)
    assert (strict.recall.value, strict.fah.value, strict.reached) == (0.75, 0.0, True)
    assert 150 <= integer_cutoff(strict.cutoff) < 200
    assert (loose.recall.value, loose.fah.value) == (1.0, 1.0)
    assert 50 <= integer_cutoff(loose.cutoff) < 120
    assert loose.window == 5


def test_of_equal_cutoffs_the_middle_is_taken():
    surface = operating_points([peak(201)], [peak(100)], [stream(50)])
    choice = choose_cutoff(surface, 0.5)
    assert (integer_cutoff(choice.cutoff), choice.margin) == (150, 101)


def thinning(minutes):
    """Ambient scores with fewer and fewer higher and higher peaks, none over 30."""
    return stream(*[10] * 100, *[14] * 20, *[18] * 10, *[24] * 5, *[30] * 3, minutes=minutes)


def test_where_the_tail_shows_the_lowest_cutoff_that_it_allows_is_taken():
    surface = operating_points([peak(250)], [peak(1)], [thinning(minutes=60)])
    choice = choose_cutoff(surface, 0.5)
    column = integer_cutoff(choice.cutoff) - 1
    events, hours = surface.other_sound
    tail = expected_rates(events[0], hours)
    assert tail[column] == choice.fah_expected <= 0.5 < tail[column - 1]
    # a mean excess of 0.51 logits, 1.6 times that for strangers, over 38 peaks at a logit of -3.15:
    # 0.5 an hour at a logit of 0.41
    assert 148 < column < 158
    assert "lets expect 0.49 an hour" in choice.note


def test_what_is_expected_forbids_what_was_not_counted():
    # over 30 nothing was counted, so by the count alone any cutoff under 105 would do
    few = operating_points([peak(105), peak(250)], [peak(1)], [thinning(minutes=30)])
    choice = choose_cutoff(few, 0.5)
    assert choice.recall.value == 0.5 and choice.fah_expected <= 0.5
    assert choice.kept
    # a target that no cutoff is expected to meet: as strict as costs no recall
    stuck = operating_points([peak(251)], [peak(1)], [stream(*[200] * 9, minutes=10)])
    choice = choose_cutoff(stuck, 1e-3)
    assert integer_cutoff(choice.cutoff) == 250
    # the rank goes by the count; what is told needs the tail as well
    assert choice.reached and choice.rank[1] and not choice.kept and not choice.supported
    assert choice.fah_expected > 1e-3 and "the target of 0.001 is not reached" in choice.note


def test_a_tie_goes_to_the_model_that_does_not_hang_on_one_value():
    wide = choose_cutoff(operating_points([peak(250)], [peak(10)], [stream(10)]), 0.5)
    thin = choose_cutoff(operating_points([peak(250)], [peak(240)], [stream(240)]), 0.5)
    misses = choose_cutoff(operating_points([peak(250), peak(0)], [peak(1)], [stream(1)]), 0.5)
    assert wide.rank > thin.rank > misses.rank


def test_a_cutoff_that_recognises_nothing_is_never_chosen():
    # cutoff 254 has no events because nothing fires there at all
    surface = operating_points([peak(200)], [peak(0)], [stream(210, 220, 230)])
    choice = choose_cutoff(surface, 0.5)
    assert not choice.reached
    assert choice.recall.value == 1.0
    assert choice.fah.value == 3.0
    assert "meets the target" in choice.note


def test_a_dead_model_and_a_saturated_one_have_a_live_cutoff_and_say_so():
    dead = choose_cutoff(operating_points([peak(0)], [peak(0)], [stream()]), 0.5)
    assert integer_cutoff(dead.cutoff) in CUTOFFS
    assert (dead.reached, dead.recall.value) == (False, 0.0)
    assert "recognises nothing" in dead.note
    saturated = choose_cutoff(operating_points([peak(255)], [peak(255)], [stream(255)]), 0.5)
    assert integer_cutoff(saturated.cutoff) in CUTOFFS
    assert not saturated.reached
    weak = choose_cutoff(operating_points([peak(90)], [peak(0)], [stream(99, 99)]), 0.5)
    assert dead.rank < weak.rank < choose_cutoff(
        operating_points([peak(90)], [peak(0)], [stream(99)]), 1.0
    ).rank  # fmt: skip


def test_too_little_audio_is_said_and_enough_is_believed():
    clips = [peak(200)], [peak(10)]
    little = choose_cutoff(operating_points(*clips, [stream(10)]), 0.5)
    assert little.reached and not little.supported
    assert "at least 6 h" in little.note
    enough = choose_cutoff(operating_points(*clips, [stream(10, minutes=60 * 6.1)]), 0.5)
    assert enough.reached and enough.supported


def test_the_note_gives_the_bound_that_the_audio_allows():
    silent = choose_cutoff(
        operating_points([peak(200)], [peak(10)], [stream(10, minutes=2.4 * 60)]), 0.5
    )
    assert silent.note == (
        "0 false accepts in 2.40 h mean under 1.25 an hour at 95 %: too little audio to support "
        "0.5 an hour; that takes at least 6 h without one."
    )
    assert silent.fah.at_most == pytest.approx(np.log(20) / 2.4)
    noisy = choose_cutoff(operating_points([peak(90)], [peak(99)], [stream(99, 99)]), 0.5)
    assert noisy.note.endswith("2 false accepts in 1.00 h and takes 1 of 1 other clips.")


def test_a_tie_in_recall_goes_to_the_model_that_is_a_step_quicker_and_no_less():
    late = [peak(250)], [peak(10)], [stream(10)]
    choice = choose_cutoff(operating_points(*late), 0.5)
    quick, slow = replace(choice, latency_s=0.09), replace(choice, latency_s=0.13)
    clumsy = replace(quick, clip_false_accepts=proportion(1, 9))
    assert quick.rank > clumsy.rank > slow.rank
    assert replace(quick, latency_s=0.1).rank == quick.rank  # less than a step is chance
    better = replace(slow, recall=proportion(99, 100))
    worse = replace(quick, recall=proportion(98, 100))
    assert better.rank > worse.rank
    # while the target is missed, what misses it comes first
    missed, worse = (replace(c, reached=False) for c in (slow, clumsy))
    assert missed.rank > worse.rank


def test_the_median_latency_is_that_of_the_words_detected():
    tracks = [peak(200), peak(200), peak(50), peak(200, length=60)]
    # over half with the third of five: steps 22, 22 and 32, heard at 0.71, 0.71 and 1.01 s
    ends_s = [0.6, 0.7, 0.6, 0.71]
    assert median_latency(tracks, ends_s, Rule(0.4, 5)) == pytest.approx(0.11)
    assert median_latency(tracks[2:3], ends_s[2:3], Rule(0.4, 5)) is None
    assert median_latency(tracks[:1], [0.60049], Rule(0.4, 5)) == 0.11  # to a millisecond
    with pytest.raises(ValueError, match="shorter"):
        median_latency(tracks, ends_s[:3], Rule(0.4, 5))


def test_accepted_negative_clips_can_be_limited_too():
    surface = operating_points([peak(120), peak(240)], [peak(150)], [stream()])
    assert choose_cutoff(surface, 0.5).recall.value == 1.0
    assert choose_cutoff(surface, 0.5, max_clip_fpr=0.0).recall.value == 0.5


def test_a_choice_needs_all_three_kinds():
    for kinds in (
        ([peak(1)], [peak(1)], []),
        ([], [peak(1)], [peak(1)]),
        ([peak(1)], [], [peak(1)]),
    ):
        with pytest.raises(ValueError, match="wanted some of each"):
            choose_cutoff(operating_points(*kinds), 0.5)


def counted(*rows, hours=1.0, of=(9, 4)):
    """A surface of (hits, wrong, events, number of cutoffs) pieces, one row a window."""
    tables = [
        np.array([np.repeat([p[kind] for p in row], [p[3] for p in row]) for row in rows])
        for kind in range(3)
    ]
    return Surface(tuple(range(3, 3 + len(rows))), *tables, *of, hours)


def test_at_the_limits_a_cutoff_is_still_within_them():
    surface = counted([(9, 2, 2, 50), (8, 1, 1, 50), (7, 0, 0, 154)], hours=2.0)
    assert choose_cutoff(surface, 0.5).recall.count == 8  # 1 in 2 h
    assert choose_cutoff(surface, 0.4999).recall.count == 7
    assert choose_cutoff(surface, 1.0, max_clip_fpr=0.25).recall.count == 8  # 1 of 4
    assert choose_cutoff(surface, 1.0, max_clip_fpr=0.2499).recall.count == 7


def test_few_words_that_are_all_heard_for_long_do_not_pull_the_cutoff_up():
    # the nine words are heard up to 200, and fewer and fewer of the others pass up to there
    steps = [(9, 2, 0, 40), (9, 1, 0, 40), (9, 0, 0, 60), (1, 0, 0, 54)]
    surface = counted([(9, 4, 45, 20), (9, 3, 20, 40), *steps], of=(9, 400))
    choice = choose_cutoff(surface, 10.0, max_clip_fpr=0.01)
    column = integer_cutoff(choice.cutoff) - 1
    tail = expected_rates(surface.ambient_events[0], 1.0)
    assert tail[column] <= 10.0 < tail[column - 1]
    assert choice.clip_false_accepts.count > 0 and choice.margin == 200 - column


def test_the_choice_knows_what_calibration_multiplied_logits_with():
    steep = [(9, 0, 45, 5), (9, 0, 20, 5), (9, 0, 0, 244)]
    plain, scaled = counted(steep), replace(counted(steep), logit_scale=2.0)
    assert choose_cutoff(plain, 0.5).cutoff < choose_cutoff(scaled, 0.5).cutoff
    rule = Rule(manifest_cutoff(200), 3)
    expected = [at_cutoff(each, rule, 0.5).fah_expected for each in (plain, scaled)]
    assert expected[0] < expected[1]
    words = [peak(250)], [peak(1)], [stream(1)]
    assert operating_points(*words, logit_scale=0.3).logit_scale == 0.3
    assert operating_points(*words).logit_scale is None


def test_what_is_expected_may_be_the_target_itself():
    surface = counted([(9, 0, 45, 100), (8, 0, 20, 50), (7, 0, 0, 104)])
    choice = choose_cutoff(surface, 45.0)
    assert (choice.recall.count, choice.fah_expected) == (9, 45.0)


def test_where_the_target_is_missed_events_come_first_then_other_words_then_recall():
    pieces = [(9, 0, 3, 40), (5, 3, 2, 50), (1, 1, 2, 70), (2, 1, 2, 30), (0, 0, 0, 64)]
    choice = choose_cutoff(counted(pieces), 0.5)
    assert (choice.reached, choice.recall.count, choice.margin) == (False, 2, 30)


def test_of_windows_that_do_as_well_the_one_with_more_such_cutoffs_is_taken():
    thin, wide = [[(9, 0, 0, n), (0, 0, 0, 254 - n)] for n in (20, 31)]
    for rows, window in (((thin, wide, thin), 4), ((wide, thin, thin), 3), ((thin, thin, wide), 5)):
        choice = choose_cutoff(counted(*rows), 0.5)
        assert (choice.window, choice.margin, integer_cutoff(choice.cutoff)) == (window, 31, 16)


def test_a_claim_is_supported_from_the_bound_on():
    surface, bound = counted([(9, 0, 0, 254)], hours=6.1), false_accepts_at_most(0, 6.1)
    assert choose_cutoff(surface, bound).supported
    assert not choose_cutoff(surface, np.nextafter(bound, 0)).supported


def test_notes_word_for_word():
    said = choose_cutoff(counted([(9, 0, 0, 254)], hours=6.1), 0.5).note
    assert said == "0 false accepts in 6.10 h mean under 0.492 an hour at 95 %."
    # a bound is shown with three digits, but never cut off before the point
    said = choose_cutoff(counted([(9, 0, 4000, 254)]), 5000.0).note
    assert said == "4000 false accepts in 1.00 h mean under 4106 an hour at 95 %."
    said = choose_cutoff(counted([(9, 0, 9, 254)]), 20.0).note
    assert said == "9 false accepts in 1.00 h mean under 15.8 an hour at 95 %."
    said = choose_cutoff(counted([(0, 0, 0, 254)]), 0.5).note
    assert said == "The model recognises nothing at any cutoff."
    said = choose_cutoff(counted([(9, 0, 60, 9), (9, 0, 20, 9), (9, 0, 0, 236)]), 0.5).note
    assert said.startswith("0 false accepts in 1.00 h mean under 3 an hour at 95 %: too little")
    assert "h without one. The tail of its scores lets expect " in said


def test_a_surface_says_what_a_rule_does_and_how_often():
    surface = counted([(9, 4, 5, 100), (3, 1, 2, 154)], [(8, 2, 4, 254)], hours=1 / 7)
    last, first = surface.at(Rule(0.4, 3)), surface.at(Rule(0.39, 3))
    assert (last.hits, last.wrong, last.events) == (3, 1, 2)  # 0.4 is the device's 102
    assert (first.hits, first.wrong, first.events) == (9, 4, 5)
    assert surface.at(Rule(0.5, 4)).hits == 8
    assert (first.recall.count, first.recall.of) == (9, 9)
    assert (last.missed.count, last.missed.of) == (6, 9)
    assert (last.others_accepted.count, last.others_accepted.of) == (1, 4)
    assert (last.hourly().hours, last.hourly(digits=4).hours) == (0.143, 0.1429)
    assert (last.hourly().events, last.hourly().value) == (2, 14.0)
    kept = surface.rounded()
    assert kept.ambient_hours == 0.142857143  # in a file too a bound comes out as it did
    assert str(kept.at(Rule(0.4, 3)).hourly()) == str(last.hourly())
    assert surface.rounded().hits is surface.hits


def test_without_streams_nothing_is_counted_in_them():
    surface = operating_points([peak(9)], [], [], windows=(3, 5))
    for table in (surface.hits, surface.clip_false_accepts, surface.ambient_events):
        assert (table.shape, table.dtype) == ((2, 254), np.int64)
    assert not surface.ambient_events.any()
    ambient = operating_points([], [], [stream(9)] * 2).ambient_events
    assert (ambient.dtype, ambient.sum()) == (np.int64, 2 * 8)  # over 1 to 8


def test_a_table_that_is_too_short_is_no_surface():
    surface = counted([(9, 4, 5, 254)])
    with pytest.raises(ValueError, match="shorter"):
        replace(surface, ambient_events=surface.ambient_events[:, 1:]).row(3)


def test_things_per_set_are_had_by_name():
    of = PerSet("w", "o", "a")
    assert [of.of(name) for name in SET_NAMES] == ["w", "o", "a"]
    assert of.items() == (("words", "w"), ("others", "o"), ("ambient", "a"))
    assert of.map(str.upper) == PerSet("W", "O", "A")


def test_clips_of_other_words_are_other_sound_too():
    surface = operating_points([peak(250)], [peak(9), peak(200)], [stream(100)])
    events, hours = surface.other_sound
    assert hours == pytest.approx((2 * len(peak(9)) + len(stream(100))) * 0.03 / 3600)
    for cutoff, n_clips in ((5, 2), (50, 1), (220, 0)):
        long = surface.ambient_events[0, cutoff - 1]
        assert events[0, cutoff - 1] == long + n_clips
    older = replace(surface, negative_hours=None)
    assert older.other_sound == (older.ambient_events, older.ambient_hours)


def test_what_other_words_set_off_keeps_the_cutoff_up():
    quiet = [np.zeros(4000, np.uint8)]  # two minutes in which nothing happens
    loud = [peak(value) for value in range(40, 220, 3)]
    alone = choose_cutoff(operating_points([peak(250)], [peak(1)], quiet), 0.5)
    among = choose_cutoff(operating_points([peak(250)], loud, quiet), 0.5, max_clip_fpr=0.5)
    assert alone.fah_expected is None
    assert among.cutoff > alone.cutoff and among.fah_expected is not None


def test_near_misses_hang_on_no_limit_and_are_told():
    # three confusing clips over every other word: counted, they would keep the cutoff over 200
    words, others = [peak(120), peak(230)], [peak(9), peak(200), peak(200), peak(200)]
    near = [False, True, True, True]
    apart = operating_points(words, others, [stream(1)], near=near)
    choice = choose_cutoff(apart, 0.5, max_clip_fpr=0.01)
    together = choose_cutoff(operating_points(words, others, [stream(1)]), 0.5, max_clip_fpr=0.01)
    assert choice.recall.count == 2 and together.recall.count == 1
    assert "Of 3 near misses 3 wake it" in choice.note and "near" not in together.note
    assert choice.clip_false_accepts.count == 3  # the rate that is told is still of all
    column = integer_cutoff(choice.cutoff) - 1
    assert apart.share_of_others[0, column] == 0
    events, hours = apart.other_sound
    assert hours == pytest.approx((len(peak(9)) + len(stream(1))) * 0.03 / 3600)
    assert events[0, 4] == apart.ambient_events[0, 4] + 1


def test_where_all_other_clips_are_near_misses_the_limit_is_on_them():
    words, others = [peak(120), peak(230)], [peak(9), peak(200)]
    surface = operating_points(words, others, [stream(1)], near=[True, True])
    assert choose_cutoff(surface, 0.5, max_clip_fpr=0.01).recall.count == 1
    assert surface.other_sound[1] == surface.ambient_hours


def test_what_going_by_the_tail_costs_is_said_in_one_sentence():
    # 45 events at first, then none counted: the tail asks for a higher cutoff than the count does
    pieces = [(9, 0, 45, 100), (9, 0, 20, 20), (8, 0, 0, 30), (6, 0, 0, 104)]
    choice = choose_cutoff(counted(pieces), 0.5)
    assert choice.recall.count == 6 and choice.fah_expected <= 0.5
    costs = "what the tail of its scores expects, and not by the count alone, costs 2 more missed"
    assert f"{costs} words of 9." in choice.note
    named = choose_cutoff(counted(pieces), 0.5, split="validation")
    assert f"{costs} words of 9 in the validation split." in named.note
    sure = choose_cutoff(counted(pieces, hours=8.0), 0.5)  # enough hours to say nothing of a tail
    assert sure.supported and "The tail" not in sure.note and costs in sure.note
    free = choose_cutoff(counted([(9, 0, 45, 100), (9, 0, 0, 154)]), 0.5)
    assert "costs" not in free.note


def test_a_window_without_a_tail_does_not_win_over_what_the_others_tails_forbid():
    steep = [(9, 0, 20, 100), (9, 0, 0, 154)]  # its tail expects more than a thousandth everywhere
    bare = [(9, 0, 4, 100), (9, 0, 0, 154)]  # too few events to have one
    choice = choose_cutoff(counted(steep, bare), 1e-9)
    assert choice.reached and not choice.kept
    alone = choose_cutoff(counted(bare), 1e-9)
    assert alone.reached and alone.fah_expected is None
