"""Every form of a model on the same audio: what they give, where they part, and who is named."""

import sys

import numpy as np
import pytest
from small_run import LIMITS

from mwwkit.device.detector import Rule, detections
from mwwkit.device.simulator import Device
from mwwkit.evaluation import net_forms
from mwwkit.evaluation import parity as of_05
from mwwkit.evaluation.mistakes import ScoredSplit
from mwwkit.evaluation.net_forms import Form, Made, compare, float_scores, rates
from mwwkit.metrics.operating_points import SET_NAMES, PerSet
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.metrics.temperature import Temperature
from mwwkit.model.mixednet import tf
from mwwkit.model.streaming import fold, to_float
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import export
from mwwkit.stages.inputs import chosen_net
from mwwkit.training.evaluator import calibration, headroom, int8_model, to_float_features, tracks

STEP = 1 / 256


@pytest.fixture(scope="module")
def made(trained) -> Made:
    """The forms of a net that has learnt its word."""
    chosen = chosen_net(trained, "training")
    streams = calibration(FeatureSet.open(trained, "train").store)
    temperature = Temperature(headroom(chosen.net, streams), -0.4)
    model = int8_model(chosen.net, chosen.shape, streams, temperature)
    folded = fold(chosen.net, temperature.scale, temperature.shift)
    return Made(chosen.net, temperature, to_float(folded, chosen.shape), model)


def scored_split(run: Run, split: str, made: Made) -> ScoredSplit:
    sets = PerSet(*(FeatureSet.open(run, f"{split}-{name}") for name in SET_NAMES))
    stores = (features.store for _, features in sets.items())
    return ScoredSplit(split, sets, tracks(made.model, *stores, reference=True))


HALF, OF_5 = Rule(0.5, 3), Rule(0.5, 5)


@pytest.fixture(scope="module")
def heard(trained) -> net_forms.Heard:
    """Some clips of each sort and a stream."""
    stores = (FeatureSet.open(trained, f"validation-{name}").store for name in SET_NAMES)
    return PerSet(*([store[i] for i in range(min(4, len(store)))] for store in stores))


@pytest.fixture(scope="module")
def forms(made, heard) -> net_forms.Forms:
    return net_forms.scores(made, heard)


def test_spectrograms_of_any_length_go_through_the_float_net_together_as_alone(made, feature_like):
    several = [feature_like(n, n) for n in (90, 240, 31, 2, 90)]
    scale, shift = made.temperature.scale, made.temperature.shift
    together = made.whole_tracks(several)
    assert [len(track) for track in together] == [30, 80, 10, 0, 30]
    for features, track in zip(several, together, strict=True):
        logits = made.net(to_float_features(features)[None])
        alone = tf.sigmoid(scale * logits + shift)[0].numpy()
        assert np.abs(track - alone[: len(track)]).max(initial=0) <= 1e-5
    assert np.array_equal(float_scores(made.net, several[3]), np.zeros(0))


def test_streamed_in_float_it_is_the_net_and_in_int8_near_it(forms):
    streamed = compare(forms.of("float_streaming"), forms.of("float"), OF_5)
    assert streamed.largest_difference <= 1e-5 and not streamed.differ
    rounded = compare(forms.of("int8"), forms.of("float"), OF_5)
    assert 0 < rounded.mean_difference < 0.02
    n_steps = sum(len(track) for _, those in forms.of("int8").items() for track in those)
    assert rounded.steps == streamed.steps == n_steps


def test_tensorflow_lite_micro_is_the_reference_on_every_step(forms):
    pytest.importorskip("tflite_micro")
    found = compare(forms.of("tflm"), forms.of("int8"), OF_5)
    assert (found.largest_difference, found.flips, found.differ) == (0, 0, ())


def test_without_tensorflow_lite_micro_the_other_forms_are_there(made, heard, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    found = net_forms.scores(made, heard.map(lambda those: those[:1]))
    names = ["float", "float_streaming", "int8", "int8_fast"]
    assert [form.name for form in found.all] == names


def scores(*tracks):
    return [np.asarray(track, np.float32) * np.float32(STEP) for track in tracks]


QUIET = np.full(100, 10)


def peak(at: int, height: int = 250, length: int = 10, n: int = 100) -> np.ndarray:
    track = np.full(n, 10)
    track[at : at + length] = height
    return track


def test_a_form_against_itself_differs_nowhere():
    one = PerSet(scores(peak(20)), scores(QUIET), scores(peak(70)))
    found = compare(one, one, HALF)
    assert (found.steps, found.largest_difference, found.mean_difference) == (300, 0, 0)
    assert (found.flips, found.flipped, found.differ) == (0, (), ())


def test_differences_and_flips_are_counted_and_placed():
    late = PerSet(positives=scores(QUIET, peak(22)))
    soon = PerSet(positives=scores(QUIET, peak(20)))
    found = compare(late, soon, HALF)
    # Two steps at its beginning and two at its end; both wake.
    assert found.largest_difference == pytest.approx(240 * STEP)
    assert found.mean_difference == pytest.approx(4 * 240 * STEP / 200, abs=1e-6)
    at = found.largest_at
    assert (at.set, at.index, at.at_s) == ("words", 1, pytest.approx(0.05 + 20 * 0.03))
    over = [HALF.over(x) for x in (peak(22), peak(20))]
    assert found.flips == np.sum(over[0] != over[1]) == 4
    first = [int(np.flatnonzero(over[0] != over[1])[i]) for i in (0, 2)]
    assert [(run.index, run.at_s, run.steps) for run in found.flipped] == [
        (1, pytest.approx(0.05 + 0.03 * step), 2) for step in first
    ]
    assert found.differ == ()


def test_a_clip_that_only_one_accepts_is_told_with_both_means():
    one = PerSet(scores(QUIET, peak(20, 140)), scores(peak(5)))
    other = PerSet(scores(QUIET, peak(20, 120)), scores(QUIET))
    found = compare(one, other, HALF).differ
    assert [(place.set, place.index) for place in found] == [("words", 1), ("others", 0)]
    assert found[0].means == pytest.approx((140 / 255, 120 / 255), abs=1e-4)
    assert found[0].at_s == pytest.approx(0.05 + 0.03 * 22)
    turned = compare(other, one, HALF).differ
    assert [place.means for place in turned] == [place.means[::-1] for place in found]


def test_an_event_of_a_stream_is_missed_only_where_the_other_has_none_within_two_seconds():
    both = peak(100, n=1000)
    one, other = both.copy(), both.copy()
    one[400:410], one[700:710], other[730:740] = 250, 250, 250  # alone; 0.9 s before the other
    streams = (PerSet(ambient=scores(track)) for track in (one, other))
    found = compare(*streams, HALF).differ
    assert [(p.set, p.at_s) for p in found] == [("ambient", pytest.approx(0.05 + 0.03 * 401))]
    assert found[0].means == pytest.approx((250 / 255, 10 / 255), abs=1e-4)


def test_empty_clips_and_sets_are_passed_over():
    nothing = PerSet(positives=scores([], [200] * 5))
    found = compare(nothing, nothing, HALF)
    assert found.steps == 5 and found.largest_at.index == 1
    counted = rates(Form("int8", nothing), HALF)
    assert (counted.recall.count, counted.recall.of) == (1, 2)
    assert counted.other_clips_accepted == Rate(0, 0)
    assert counted.false_accepts_per_hour == Hourly(0, 0)


def test_the_rates_of_the_int8_form_are_what_the_device_does(forms, made, heard):
    device = Device(made.model, reference=True)
    for cutoff in (0.2, 0.5, 0.9):
        rule = Rule(cutoff, 3)
        found = rates(Form("int8", forms.of("int8")), rule)
        woken = heard.map(lambda those, r=rule: [detections(device.scores(f), r) for f in those])
        assert found.recall.count == sum(len(at) > 0 for at in woken.positives)
        assert found.other_clips_accepted.count == sum(len(at) > 0 for at in woken.negatives)
        hourly = found.false_accepts_per_hour
        assert hourly.events == sum(map(len, woken.ambient))
        assert hourly.hours == pytest.approx(sum(map(len, heard.ambient)) / 360_000, rel=0.01)


@pytest.fixture(scope="module")
def parted(made, forms, trained) -> float:
    """A cutoff between the means that the two forms give one clip of the test split."""
    test = scored_split(trained, "test", made)
    whole = made.whole_tracks([test.sets.positives.store[i] for i in range(24)])
    exact = [track / 256 for track in test.tracks.positives]
    both = zip(net_forms.highest(whole, OF_5), net_forms.highest(exact, OF_5), strict=True)
    apart = max(both, key=lambda pair: abs(pair[0] - pair[1]))
    return sum(apart) / 2


def test_what_int8_decides_otherwise_than_float_is_named_and_can_be_heard(made, trained, parted):
    test = scored_split(trained, "test", made)
    validation, rule = scored_split(trained, "validation", made), Rule(parted, 5)
    found = of_05.of_run(made, (), validation, test, rule, trained).test
    assert (found.words, found.others) == (24, 12)
    assert len(found.clips) == 36
    limit = round(rule.level, 4)  # as means are
    unlike = [c for c in found.clips if (c.by_float > limit) != (c.by_int8 > limit)]
    assert len(found.differ) == len(unlike) >= 1
    for one in found.differ:
        own = test.sets.of(one.set.removeprefix("test-"))
        assert one.clip == own.facts[one.index]["clip"]
        assert one.recipe == own.scenes[one.index]
        assert one.means[0] == pytest.approx(one.score, abs=1e-3)
        assert (one.means[0] > limit) != (one.means[1] > limit)


def test_of_many_that_differ_all_are_named_and_the_first_have_recipes(
    made, trained, parted, monkeypatch
):
    monkeypatch.setattr(of_05, "MOST_SHOWN", 0)
    test = scored_split(trained, "test", made)
    validation = scored_split(trained, "validation", made)
    found = of_05.of_run(made, (), validation, test, Rule(parted, 5), trained)
    assert found.test.differ and not any(one.recipe for one in found.test.differ)


def test_places_carry_the_clip_that_sounded_there(made, trained):
    validation = scored_split(trained, "validation", made)
    found = of_05.of_run(made, (), validation, scored_split(trained, "test", made), OF_5, trained)
    assert found.heard.words == 24 and found.heard.streams == len(validation.tracks.ambient)
    for row in found.against:
        for place in (row.largest_at, *row.flipped, *row.differ):
            own = validation.sets.of(place.set)
            if place.set != "ambient":
                assert place.clip == own.facts[place.index]["clip"]
            else:
                assert place.clip in {"", *own.facts[place.index]["clips"]}
    assert {row.form: row.than for row in found.against}["int8"] == "float"
    names = {form.form for form in found.forms}
    assert {"float", "float_streaming", "int8", "int8_fast"} <= names


def test_a_long_stream_is_cut_where_ten_minutes_are_full(made, trained, monkeypatch):
    monkeypatch.setattr(of_05, "MOST_STREAM_S", 7.0)
    monkeypatch.setattr(of_05, "MOST_CLIPS", 3)
    both = scored_split(trained, "validation", made), scored_split(trained, "test", made)
    found = of_05.of_run(made, (), *both, OF_5, trained)
    assert found.heard.stream_hours == pytest.approx(7 / 3600, abs=1e-4)
    assert (found.heard.words, found.heard.others) == (3, 3)
    assert {row.steps for row in found.against} == {found.against[0].steps}


def test_05_tells_what_other_calibration_streams_would_have_given(trained, tmp_path):
    here = Run(tmp_path, (*trained.earlier, trained.folder))
    export.run(export.Config(word="up", arena_bytes=16_000), here, LIMITS)
    found = read_json(here / "export/up.metrics.json")["parity"]
    others = {f"calibrated_on_{n}" for n in ("other_streams", "half_as_many", "twice_as_many")}
    assert others <= set(found["forms"])
    for row in found["against"]:
        if row["form"] in others:
            # Another model of the same net: near the shipped one, and not the same.
            assert row["than"] == "int8" and 0 < row["mean_difference"] < 0.02
    int8 = found["forms"]["int8"]["recall"]
    assert all(abs(found["forms"][n]["recall"]["count"] - int8["count"]) <= 2 for n in others)
