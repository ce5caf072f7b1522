import numpy as np
import pytest

from mwwkit.device.detector import score_times
from mwwkit.scenes.mining import Event, false_events, heard_in, highest
from mwwkit.scenes.scenes import Item, Piece, Scene


def track(n_steps, **scores):
    """uint8 scores, 0 but at the steps given: `track(100, at20=255)`."""
    scores_ = np.zeros(n_steps, np.uint8)
    for name, score in scores.items():
        scores_[int(name.removeprefix("at"))] = score
    return scores_


def at(step):
    return score_times(step + 1)[step]


def test_silence_has_no_events():
    assert false_events(np.zeros(1000, np.uint8), [], 0.01, 5) == []
    assert false_events(np.zeros(0, np.uint8), [], 0.5, 5) == []


def test_a_single_high_score_is_one_event_at_its_step():
    assert false_events(track(100, at20=255), [], 0.5, 1) == [(at(20), 255 / 255)]


def test_the_score_of_an_event_is_its_highest_sliding_mean():
    scores = track(100, at20=100, at21=200, at22=255, at23=50)
    ((at_s, score),) = false_events(scores, [], 0.3, 3)
    assert at_s == at(22) and score == pytest.approx((100 + 200 + 255) / 3 / 255)
    assert false_events(scores, [], 0.3, 5)[0][1] == pytest.approx((100 + 200 + 255 + 50) / 5 / 255)


def test_a_mean_must_be_over_the_limit_not_at_it():
    scores = track(100, at20=128)
    assert false_events(scores, [], 0.5, 1) == []
    assert len(false_events(scores, [], 0.499, 1)) == 1


def test_crossings_within_two_seconds_are_one_event_at_its_highest():
    scores = track(400, at20=200, at60=250, at86=180, at87=210, at200=190)
    # 67 steps of 30 ms are just over two seconds: 20, 60 and 86 are one, 87 the next.
    assert false_events(scores, [], 0.5, 1) == [
        (at(60), 250 / 255),
        (at(87), 210 / 255),
        (at(200), 190 / 255),
    ]


def test_a_score_that_stays_high_is_an_event_again_every_two_seconds():
    found = false_events(np.full(67 * 3, 200, np.uint8), [], 0.5, 1)
    assert [at_s for at_s, _ in found] == [at(0), at(67), at(134)]


def test_what_is_near_the_end_of_a_wake_word_is_right_not_false():
    word_end_s = at(100)
    near, far = (-16, 0, 50), (-17, 51)  # half a second before to one and a half after
    for step in near:
        assert false_events(track(400, **{f"at{100 + step}": 255}), [word_end_s], 0.5, 1) == []
    for step in far:
        scores = track(400, **{f"at{100 + step}": 255})
        assert false_events(scores, [word_end_s], 0.5, 1) == [(at(100 + step), 255 / 255)]


def test_a_false_event_beside_a_right_one_is_kept():
    scores = track(400, at100=255, at200=130)
    assert false_events(scores, [at(100)], 0.5, 1) == [(at(200), 130 / 255)]


SCENE = Scene(
    *(8.0, 1),
    items=(
        Item(Piece("a.wav", 2.0, 3.0), 1.0),
        Item(Piece("b.wav", 0.0, 1.0), 4.0, speed=2.0),
    ),
)


@pytest.mark.parametrize(
    ("at_s", "path", "second"),
    [
        (0.5, "", 0.0),
        (1.0, "a.wav", 2.0),
        (1.75, "a.wav", 2.75),
        (2.4, "a.wav", 3.0),  # just after it: its end was what fooled the model
        (2.6, "", 0.0),
        (4.25, "b.wav", 0.5),  # twice as fast
        (4.9, "b.wav", 1.0),
        (5.1, "", 0.0),
    ],
)
def test_what_was_heard_is_the_clip_that_sounded_or_just_had(at_s, path, second):
    assert heard_in(SCENE, at_s) == (path, pytest.approx(second))


def event(score, at_s=1.0):
    return Event("train", 0, at_s, score)


def test_the_worst_are_kept_so_many_a_source_and_in_all():
    events = [event(0.5), event(0.9), event(0.8), event(0.7), event(0.95)]
    sources = ["a", "a", "a", "b", "c"]
    assert highest(events, sources, per_source=2, in_all=10) == [4, 1, 2, 3]
    assert highest(events, sources, per_source=1, in_all=10) == [4, 1, 3]
    assert highest(events, sources, per_source=2, in_all=2) == [4, 1]
    assert highest([], [], 1, 1) == []


def test_equal_scores_are_kept_in_an_order_of_their_own():
    events, sources = [event(0.5, 3.0), event(0.5, 1.0), event(0.5, 2.0)], ["b", "b", "a"]
    assert highest(events, sources, 3, 3) == [2, 1, 0]
