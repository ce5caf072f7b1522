"""What a net would do on the device: int8, streamed, counted; and how far that is from float."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hearing import hears
from listed import Listed

from mwwkit.device.detector import Rule, detections
from mwwkit.device.simulator import Device
from mwwkit.evaluation.net_forms import float_scores
from mwwkit.metrics import tail_fit, temperature
from mwwkit.metrics.curves import latency_s, reliability
from mwwkit.metrics.temperature import Temperature
from mwwkit.model.mixednet import SHAPES, build
from mwwkit.run.paths import Run
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages.inputs import validation_evaluator
from mwwkit.training import evaluator
from mwwkit.training.evaluation_cache import EvaluationCache
from mwwkit.training.evaluator import (
    Evaluator,
    Tracks,
    calibration,
    headroom,
    int8_model,
    to_float_features,
    tracks,
)


@pytest.fixture(scope="module")
def streams(feature_like):
    return Listed(np.stack([feature_like(seed, 240) for seed in range(6)]))


@pytest.fixture(scope="module")
def net(made_net):
    return made_net("tiny")


@pytest.fixture(scope="module")
def model(net, streams):
    return int8_model(net, net.shape, calibration(streams))


def test_features_become_the_numbers_they_stand_for(as_floats):
    every = np.arange(-128, 128).astype(np.int8)
    floats = to_float_features(every)
    assert floats.dtype == np.float32
    assert floats[0] == 0 and floats[-1] == pytest.approx(26)
    np.testing.assert_array_equal(floats, as_floats(every))


@pytest.mark.parametrize(("n_streams", "chosen"), [(3, [0, 2, 5]), (20, range(6)), (1, [0])])
def test_calibration_streams_are_spread_over_the_whole_store(streams, n_streams, chosen):
    found = calibration(streams, n_streams)
    assert [stream.tobytes() for stream in found] == [streams[i].tobytes() for i in chosen]


def test_the_int8_model_is_the_same_bytes_each_time(net, model, streams):
    assert int8_model(net, net.shape, calibration(streams)) == model


def test_every_track_is_the_devices_own_from_reset(model, streams, feature_like):
    others = Listed(np.stack([feature_like(9, 90)]))
    made = tracks(model, streams, others, Listed(np.zeros((0, 90, 40), np.int8)))
    assert [len(t) for t in (made.positives, made.negatives, made.ambient)] == [6, 1, 0]
    for index, track in enumerate(made.positives):
        np.testing.assert_array_equal(track, Device(model).scores(streams[index]))
    exact = tracks(model, streams, others, others, reference=True)
    np.testing.assert_array_equal(
        exact.positives[2], Device(model, reference=True).scores(streams[2])
    )


def test_the_choice_keeps_the_targets_on_the_tracks_it_was_made_from():
    word, other = np.zeros(60, np.uint8), np.zeros(60, np.uint8)
    word[30:40], other[30:40] = 220, 150
    quiet = np.full(12_000, 20, np.uint8)
    quiet[5000:5010] = 180  # one event in six minutes
    made = evaluator.Tracks([word] * 9 + [other], [other] * 10, [quiet])
    choice = made.choose(target_fah=0.5, max_clip_fpr=0.0)
    assert choice.recall.value == 0.9 and choice.window in evaluator.WINDOWS
    assert not len(detections(quiet, choice))
    assert len(detections(word, choice)) == 1
    lax = made.choose(target_fah=20.0, max_clip_fpr=1.0)
    assert lax.recall.value == 1.0


def test_an_evaluators_facts_can_be_written_and_their_ranks_compare_as_the_rule_does(net, streams):
    evaluator = Evaluator(streams, streams, streams, calibration(streams), 0.5, 0.01)
    facts = evaluator.facts(net, net.shape)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["rank"] == [float(x) for x in evaluator.choice(net, net.shape).rank]


def test_what_was_evaluated_is_not_scored_again_until_something_is_another(
    net, made_net, streams, tmp_path, monkeypatch
):
    scored = []
    monkeypatch.setattr(evaluator, "tracks", lambda *a, **k: scored.append(1) or tracks(*a, **k))
    ends_s = [1.0 + i / 10 for i in range(len(streams))]

    def evaluator_of(here, target_fah=0.5):
        material = (streams, streams, streams, calibration(streams))
        return Evaluator(*material, target_fah, 0.01, ends_s, EvaluationCache(here))

    here = Run(tmp_path / "one")
    first = evaluator_of(here).facts(net, net.shape)
    (kept,) = (here / "judged").iterdir()
    assert evaluator_of(here).facts(net, net.shape) == first  # another session
    assert evaluator_of(Run(tmp_path / "two", (here.folder,))).facts(net, net.shape) == first
    assert len(scored) == 1
    evaluator_of(here, target_fah=0.4).facts(net, net.shape)
    evaluator_of(here).facts(made_net("tiny", seed=2), net.shape)
    assert len(scored) == 3
    for rule in (tail_fit, temperature):  # another version chooses or calibrates another way
        with monkeypatch.context() as other_version:
            other_version.setattr(rule, "CONSTANTS", (*rule.CONSTANTS[:-1], 0.123))
            evaluator_of(here).facts(net, net.shape)
    assert len(scored) == 5
    kept.write_text("{")
    with pytest.warns(UserWarning, match="evaluated again"):
        assert evaluator_of(here).facts(net, net.shape) == first


def test_an_evaluator_measures_latency_where_it_knows_the_words_ends(net, streams):
    material = (streams, streams, streams, calibration(streams))
    ends_s = [0.5] * len(streams)
    evaluator = Evaluator(*material, 100_000.0, 1.0, ends_s)
    choice = evaluator.choice(net, net.shape)
    heard = tracks(int8_model(net, net.shape, material[3]), streams, streams, streams)
    late = [latency_s(t, 0.5, choice) for t in heard.positives]
    assert choice.latency_s == pytest.approx(np.nanmedian(late), abs=1e-3)
    assert Evaluator(*material, 0.5, 0.01).choice(net, net.shape).latency_s is None


def test_other_calibrations_are_other_streams_fewer_and_more(feature_like):
    store = Listed(np.stack([feature_like(seed, 30) for seed in range(12)]))
    found = evaluator.other_calibrations(store, 4)
    kept = {stream.tobytes() for stream in calibration(store, 4)}
    assert {name: len(streams) for name, streams in found.items()} == {
        "other_streams": 4,
        "half_as_many": 2,
        "twice_as_many": 8,
    }
    assert not kept & {stream.tobytes() for stream in found["other_streams"]}
    assert list(evaluator.other_calibrations(store, 20)) == ["half_as_many"]


@pytest.fixture(scope="module")
def validation(trained):
    """The evaluator of a run whose net tells its word from all else."""
    return validation_evaluator(trained, FeatureSet.open(trained, "train"), 0.5, 0.01)


def logits(track):
    """Of uint8 scores, within their range; NaN at its ends."""
    share = np.where((track > 2) & (track < 253), track / 256, np.nan)
    return np.log(share / (1 - share))


@pytest.mark.parametrize("told", [Temperature(0.5), Temperature(1.4, -0.6), Temperature(2.0, 1.5)])
def test_the_int8_models_logits_are_scaled_and_shifted_as_told(validation, told):
    net = hears()
    models = (
        Device(int8_model(net, net.shape, validation.calibration, temperature), reference=True)
        for temperature in (Temperature(1.0), told)
    )
    words = [validation.positives[i] for i in range(6)]
    plain, calibrated = (np.concatenate([logits(d.scores(w)) for w in words]) for d in models)
    apart = calibrated - (told.scale * plain + told.shift)
    assert np.isfinite(apart).sum() > 50
    # Steps of the logit are 13 / 255, near the ends those of the score a tenth and more.
    assert np.nanmedian(np.abs(apart)) < 0.1 and np.nanmax(np.abs(apart)) < 0.7


def test_a_net_that_was_stretched_and_moved_is_calibrated_to_the_same_scores(validation):
    plain, stretched = hears(), hears()
    for weight in (stretched.head.kernel, stretched.head.bias):
        weight.assign(8.0 * weight)
    stretched.head.bias.assign(stretched.head.bias + 6.0)
    heard = []
    for net in (plain, stretched):
        found = validation.temperature(net)
        assert found.words == validation.words.recordings and not found.note
        device = Device(int8_model(net, net.shape, validation.calibration, found))
        heard.append(np.concatenate([device.scores(validation.positives[i]) for i in range(6)]))
    assert np.abs(heard[0].astype(int) - heard[1]).max() <= 8  # two digits of a scale are kept


def test_scores_of_an_overconfident_net_come_nearer_to_what_they_mean(validation, trained):
    net = hears()
    for weight in (net.head.kernel, net.head.bias):
        weight.assign(8.0 * weight)
    net.head.bias.assign(net.head.bias + 6.0)
    stores = [FeatureSet.open(trained, f"test-{name}").store for name in ("words", "others")]
    gaps = []
    for told in (None, validation.temperature(net)):
        device = Device(int8_model(net, net.shape, validation.calibration, told))
        scored = ([device.scores(store[i]) for i in range(len(store))] for store in stores)
        gaps.append(reliability(*map(Rule(0.5, 5).highest, scored)).ece)
    assert gaps[1] < gaps[0] / 2


def test_of_too_few_words_a_candidate_is_left_as_it_was_trained_but_for_headroom(validation):
    few = replace(validation.words, n_people=3)  # in noise and in quiet they are more clips
    found = replace(validation, words=few).temperature(hears())
    assert found.note.startswith("3 words")
    assert (found.scale, found.shift) == (headroom(hears(), validation.calibration), 0.0)


def test_an_overconfident_net_gets_headroom_under_the_ceiling_of_its_scores(streams):
    net = build(SHAPES["tiny"], seed=5)  # its own: it is changed here
    chosen = calibration(streams)
    highest = max(float(np.max(net(to_float_features(x)[None]))) for x in chosen)
    for weight in (net.head.kernel, net.head.bias):
        weight.assign(weight * (40.0 / highest))
    scale = headroom(net, chosen)
    assert scale == pytest.approx(0.25, abs=0.01)  # 40 down to 10
    device = Device(int8_model(net, net.shape, chosen))
    exact = np.concatenate([float_scores(net, x, scale) for x in chosen])
    stepped = np.concatenate([device.scores(x) for x in chosen]) / 256
    # An untrained net's logits are noise of 40 wide on a grid of 256 levels: a few hundredths.
    assert np.abs(exact - stepped).mean() < 0.05


def test_near_misses_are_no_sample_of_other_sound():
    loud = [np.repeat(np.uint8(value), 40) for value in range(40, 220, 3)]
    quiet = [np.zeros(4000, np.uint8)]
    word = [np.repeat(np.uint8(250), 40)]
    confusing = [True] * len(loud)
    plain, near = (Tracks(word, loud, quiet, near=n).choose(0.5, 0.5) for n in ((), confusing))
    assert plain.fah_expected is not None and near.fah_expected is None
    assert near.cutoff < plain.cutoff
