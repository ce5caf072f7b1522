"""03's options through the stage: what is in a batch, when it stops, what it writes beside."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from small_run import LIMITS, stamps, tree
from varied import THREADS, seed

from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split, load_clips
from mwwkit.run.paths import Run
from mwwkit.scenes.classes import by_class
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import inputs, train
from mwwkit.stages.inputs import Balance, dataset_of, labels_of
from mwwkit.training import loop
from mwwkit.training.diagnosis import diagnose, length
from mwwkit.training.labels import LabelSettings
from mwwkit.training.loop import Course

SHORT = {
    **{"shape": "tiny", "steps": 75, "batch": 4, "evaluate_every": 25, "learning_rate": 1e-2},
    **{"seed": seed(42), "threads": THREADS},
}


@pytest.fixture(autouse=True)
def short_units(monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", 25)


def clip(path, label):
    return SampleRecord(path, label, Kind.CLIP, "", "", Split.TRAIN, 1.0, "", "", "", "")


def test_a_scene_is_of_the_word_or_nearly_or_of_something_else():
    clips = [clip("w", Label.POSITIVE), clip("h", Label.HARD_NEGATIVE), clip("o", Label.NEGATIVE)]
    scenes = [  # what sounds in each, and where words end
        (["o", "w"], [1.5]),
        (["o"], []),
        (["o", "w"], []),  # a part of the word
        (["h", "o"], []),
        ([], []),
        (["h", "w"], [0.5, 2.0]),
    ]
    records = [{"items": [{"piece": {"path": p}} for p in paths]} for paths, _ in scenes]
    features = FeatureSet(None, [], [ends_s for _, ends_s in scenes], records)
    assert by_class(features, clips) == {"word": [0, 5], "other": [1, 4], "near": [2, 3]}


@pytest.fixture
def with_near(featured, monkeypatch):
    """The features, and a catalogue that calls the word's first half a hard negative."""
    halves = {f"clips/clip/train-o{n:02d}.wav" for n in range(3, 24, 6)}
    clips = [
        replace(c, label=Label.HARD_NEGATIVE) if c.path in halves else c
        for c in load_clips(featured)
    ]
    monkeypatch.setattr(inputs.decided, "featurized_clips", lambda here: clips)
    return FeatureSet.open(featured, "train"), clips


def test_every_batch_holds_the_classes_in_the_ratio_with_their_penalties(featured, with_near):
    features, clips = with_near
    settings = LabelSettings()
    classes = by_class(features, clips)
    assert all(classes.values()) and sum(map(len, classes.values())) == len(features)
    balance = Balance((2, 1, 1), (1.0, 0.5, 3.0), n_batch=8)
    dataset = dataset_of(settings, 8, 42, balance.sets(featured, features))
    number = {key(features.store[index]): index for index in range(len(features))}
    labels = labels_of(features, settings)
    for step in (0, 1, 77):
        batch = dataset.batch(step)
        scenes = [number.get(key(scene)) for scene in batch.features]
        wanted = ["word"] * 4 + ["other"] * 2 + ["near"] * 2
        assert all(n in classes[name] for n, name in zip(scenes, wanted, strict=True))
        assert batch.penalty.tolist() == [1.0] * 4 + [0.5] * 2 + [3.0] * 2
        np.testing.assert_array_equal(batch.labels, labels[scenes])


def key(scene):
    """What tells a scene from all others: its first second."""
    return hash(scene[:100].tobytes())


def test_without_a_ratio_scenes_come_as_they_were_drawn(featured):
    features = FeatureSet.open(featured, "train")
    [(name, whole, share, penalty)] = Balance().sets(featured, features)
    assert (name, share, penalty) == ("scenes", 1.0, 1.0) and whole is features


def test_a_class_that_02_made_no_scene_of_is_told_by_its_name(featured):
    features = FeatureSet.open(featured, "train")
    only_words = features.at(by_class(features, load_clips(featured))["word"])
    with pytest.raises(ValueError, match="class_ratio wants scenes of class 'other' and 02 made"):
        Balance((1, 1, 0), n_batch=4).sets(featured, only_words)
    assert len(Balance((1, 0, 0), n_batch=4).sets(featured, only_words)) == 1


def ranked(*recalls):
    """Facts of an evaluation a unit, of the recalls given."""
    return {
        f"step-{25 * n:07d}": {"choice": {"rank": [1.0, 1.0, recall], "late": True}}
        for n, recall in enumerate(recalls, 1)
    }


@pytest.mark.parametrize(
    ("recalls", "stopped"),
    [
        ((0.5, 0.6, 0.7), False),
        ((0.5, 0.7, 0.6), False),
        ((0.5, 0.7, 0.6, 0.7), True),  # as good is not better
        ((0.7, 0.6, 0.6), True),
        ((0.7, 0.6, 0.8), False),
        ((), False),
    ],
)
def test_it_stops_after_two_evaluations_without_a_better_one(recalls, stopped):
    done = ranked(*recalls)
    assert Course("t", 250, 25, patience=2).stopped(done) == stopped
    assert not Course("t", 250, 25).stopped(done)
    left = Course("t", 250, 25, patience=2).left(done)
    assert len(left) == (0 if stopped else 10 - len(recalls))


def test_who_may_stop_early_chooses_from_all_evaluations_and_else_from_the_last_fifth():
    assert [Course("t", 1000, 250).is_late(step) for step in (250, 750, 800)] == [
        False,
        False,
        True,
    ]
    assert Course("t", 1000, 250, patience=1).is_late(250)


@pytest.fixture(scope="module")
def stopped(featured, tmp_path_factory):
    """A training whose second evaluation is the best, stopped two evaluations later."""
    here = Run(tmp_path_factory.mktemp("stopped"), (featured.folder,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", 25)
        rank_by_step(patch)
        config = train.Config(**SHORT | {"steps": 250}, patience=2, tensorboard=True, profile=True)
        found = train.run(config, here, LIMITS)
    return here, config, found


def rank_by_step(patch):
    """A selection rule that the tests know: of the evaluations the second is best."""
    ranks = iter([0.5, 0.9, 0.8, 0.7, 0.6, 0.5])

    def facts(evaluator, net, shape):
        recall = next(ranks)
        shown = {"recall": recall, "false_accepts_per_hour": 0.0, "clip_false_accepts": 0.0}
        return shown | {"rank": [1.0, 1.0, recall]}

    patch.setattr("mwwkit.training.evaluator.Evaluator.facts", facts)


def test_a_training_stops_early_and_keeps_the_best_weights(stopped):
    here, _, found = stopped
    done = json.loads((here / "training/checkpoint.json").read_text())["done"]
    assert len(done) == found["units made now"] == 4
    assert found["chosen"] == "step-0000050" and "hears 90.0 % of the words" in found["reached"]
    assert "averaged-step-0000050.npz" in found["weights"]


def test_run_again_after_an_early_stop_it_makes_nothing(stopped):
    here, config, _ = stopped
    before = stamps(here.folder)
    assert train.run(config, here, LIMITS)["units made now"] == 0
    assert stamps(here.folder) == before
    assert train.plan(config, here, LIMITS)["units left"] == 0


def test_cut_off_before_it_would_stop_it_stops_at_the_same_unit_with_the_same_bytes(
    stopped, featured, tmp_path, monkeypatch
):
    here = Run(tmp_path, (featured.folder,))
    rank_by_step(monkeypatch)

    def interrupt(done):
        if len(done) == 3:
            raise KeyboardInterrupt

    config = replace(stopped[1], profile=False)
    with pytest.raises(KeyboardInterrupt):
        train.run(config, here, LIMITS, interrupt)
    assert train.run(config, here, LIMITS)["units made now"] == 1
    whole, again = tree(stopped[0] / "training"), tree(here / "training")
    looked_at = {name for name in whole | again if name.startswith(("tensorboard", "profile"))}
    assert {n: b for n, b in whole.items() if n not in looked_at} == {
        n: b for n, b in again.items() if n not in looked_at
    }


def test_the_history_is_a_table_and_the_profile_and_events_are_there(stopped):
    here = stopped[0]
    with open(here / "training/history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["25", "50", "75", "100"]
    assert [float(row["recall"]) for row in rows] == [0.5, 0.9, 0.8, 0.7]
    assert all(float(r["gradient_norm_highest"]) >= float(r["gradient_norm"]) for r in rows)
    assert len(list((here / "training/tensorboard").iterdir())) == 1
    assert "quick_execute" in (here / "training/profile.txt").read_text()


def test_its_diagnosis_is_printed_after_each_evaluation_and_kept_in_the_result(stopped, capsys):
    here, config, found = stopped
    done = json.loads((here / "training/checkpoint.json").read_text())["done"]
    told = str(diagnose(done, found["chosen"], length(here)))
    assert found["diagnosis"] == train.check(here)["diagnosis"] == told


def test_a_table_that_a_kill_left_behind_is_put_right_by_the_next_run(stopped, tmp_path):
    shutil.copytree(stopped[0].folder, tmp_path / "copy")
    here = Run(tmp_path / "copy", stopped[0].earlier)
    for name in ("checkpoint.json", "checkpoint.previous.json"):
        state = json.loads((here / "training" / name).read_text())
        state["complete"] = None  # killed just before
        (here / "training" / name).write_text(json.dumps(state))
    table = here / "training/history.csv"
    wanted = table.read_bytes()
    table.write_bytes(wanted[:-100])
    assert train.run(stopped[1], here, LIMITS)["units made now"] == 0
    assert table.read_bytes() == wanted


@pytest.mark.parametrize(
    "nonsense",
    [
        {"warmup_steps": -1},
        {"weight_decay": -0.1},
        {"clip_norm": 0.0},
        {"ema_decay": 1.0},
        {"ema_decay_late": -0.5},
        {"precision": "int8"},
        {"replicas": -1},
        {"positive_weight": -1.0},
        {"negative_weight": float("inf")},
        {"hard_weight": -1.0},
        {"hard_share": 0.0},
        {"pooling_sharpness": 1000.0},
        {"focal": -1.0},
        {"smoothing": 0.5},
        {"triplet": -0.1},
        {"triplet_margin": 0.0},
        {"patience": -1},
        {"class_ratio": [1, 2]},
        {"class_ratio": [1, -1, 0]},
        {"class_ratio": [0, 0, 0]},
        {"class_penalty": [1, 1, 1]},
        {"class_ratio": [100, 1, 1], "batch": 4},
        {"schedule": [[10, 0.1, 1.0]]},
        {"replicas": 3, "batch": 4},
    ],
    ids=str,
)
def test_nonsense_is_refused_at_once_by_its_name(nonsense):
    name = next(iter(nonsense)) if "replicas" not in nonsense else "replicas"
    with pytest.raises(ValueError, match=name):
        train.Config(**nonsense)


def test_lists_from_a_preset_or_a_notebook_are_the_same_settings():
    one = train.Config(steps=10, schedule=[[10, 0.1, 1]], class_ratio=[1, 1, 2])
    other = train.Config(steps=10, schedule=((10, 0.1, 1),), class_ratio=(1, 1, 2))
    assert one == other and one.shaping() == other.shaping()


def test_what_is_only_looked_at_does_not_shape_the_weights():
    assert not {"tensorboard", "profile"} & train.Config().shaping().keys()
    assert train.Config(profile=True).shaping() == train.Config().shaping()
