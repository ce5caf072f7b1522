"""The teacher hears ahead, is kept whole, and what it says brings its pupil nearer to it."""

import shutil

import numpy as np
import pytest
from listed import ONE_BLOCK, SMALL_STEPS, goes_downhill, learnable, same_batch
from small_run import LIMITS, tree
from varied import THREADS, seed

from mwwkit.model.mixednet import tf
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, StoppedEarly
from mwwkit.stages import train
from mwwkit.training import distillation, loop, teacher
from mwwkit.training.evaluator import to_float_features
from mwwkit.training.labels import IGNORED, LabelSettings, label_steps
from mwwkit.training.losses import LossSettings, scene_loss
from mwwkit.training.snapshots import SnapshotError, save_arrays
from mwwkit.training.spec_augment import SpecAugment
from mwwkit.training.teacher import (
    TeacherShape,
    build_teacher,
    load_teacher,
    logits_of,
    save_teacher,
)
from mwwkit.training.trainer import Trainer, TrainingSettings

SMALL = TeacherShape(width=16, blocks=2, taps=9)


@pytest.fixture(scope="module")
def net():
    return build_teacher(SMALL, seed=3)


@pytest.fixture(scope="module")
def features(feature_like):
    return feature_like(31, 300)


def test_there_is_one_logit_a_step_and_it_depends_on_what_comes_after(net, features):
    whole = logits_of(net, features)
    assert whole.shape == (100,) and whole.dtype == np.float32
    changed = features.copy()
    changed[150:153] += 5  # step 50
    moved = np.flatnonzero(logits_of(net, changed) != whole)
    around = SMALL.context_steps
    assert moved.min() < 50 < moved.max()
    assert moved.min() >= 50 - around and moved.max() <= 50 + around


def test_outside_of_a_stream_is_silence(net, features):
    silent = np.full((60, 40), -128, np.int8)
    padded = np.concatenate([silent, features, silent])
    inside = net.stem(to_float_features(padded)[None])[:, 20:-20]
    np.testing.assert_allclose(net.stem(to_float_features(features)[None]), inside, atol=1e-5)


def test_a_long_stream_in_pieces_is_the_stream(net, features, monkeypatch):
    whole = logits_of(net, features)
    monkeypatch.setattr(teacher, "PIECE_STEPS", 7)
    np.testing.assert_allclose(logits_of(net, features), whole, atol=1e-5)
    assert logits_of(net, features[:2]).shape == (0,)


def test_its_scores_are_rounded_as_a_devices(net, features):
    scores = teacher.track(net, features)
    assert scores.dtype == np.uint8
    wanted = 256 / (1 + np.exp(-logits_of(net, features)))
    np.testing.assert_allclose(scores, np.minimum(wanted, 255), atol=0.51)


def test_a_saved_teacher_is_the_same_net(net, features, tmp_path):
    save_teacher(tmp_path / "t.npz", net)
    again = load_teacher(tmp_path / "t.npz")
    assert again.shape == SMALL
    np.testing.assert_array_equal(logits_of(again, features), logits_of(net, features))
    save_teacher(tmp_path / "again.npz", again)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "t.npz").read_bytes()


def test_a_damaged_file_and_one_that_holds_no_teacher_are_told(net, tmp_path):
    path = tmp_path / "t.npz"
    save_teacher(path, net)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SnapshotError, match="t.npz is damaged"):
        load_teacher(path)
    save_arrays(path, {"net/000": np.zeros(3)})
    with pytest.raises(ValueError, match="t.npz holds no teacher: its width is missing"):
        load_teacher(path)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"width": 0}, "width is 0; wanted 1 to 1024"),
        ({"blocks": 51}, "blocks is 51; wanted 1 to 50"),
        ({"taps": 4}, "taps are 4; wanted an odd number"),
        ({"stem_taps": 4}, "stem_taps are 4; wanted 3, 5, 7"),
    ],
)
def test_a_teacher_that_cannot_be_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        TeacherShape(**wrong)


# What it says of the training scenes


def test_before_a_word_ends_it_is_not_followed_and_everywhere_else_it_is():
    labels = np.stack(
        [
            label_steps([1.0, 2.5], 120, LabelSettings()),
            label_steps([], 120, LabelSettings()),
            label_steps([3.55], 120, LabelSettings()),  # ends with the scene
        ]
    )
    labels[2, :100] = IGNORED  # as of a baseline window, most of which says nothing
    logits = np.ones(labels.shape, np.float16)
    held = np.isnan(distillation.hold_back(logits, labels))
    for row in (0, 2):
        for word in np.flatnonzero(np.diff((labels[row] > 0).astype(int)) == 1) + 1:
            before = np.arange(120) < word
            assert held[row][before & (labels[row] == IGNORED)][-3:].all()
    assert not held[1].any() and not held[labels >= 0].any()
    after = np.flatnonzero(labels[0] == 1)[-1] + 1
    assert labels[0, after] == IGNORED and not held[0, after : after + 10].any()
    assert held[0].sum() == 16  # 0.25 s before each of two words


def test_what_is_held_back_counts_for_nothing_in_the_loss():
    draw = np.random.default_rng(1)
    logits, its = draw.normal(size=(2, 2, 30)).astype(np.float32)
    labels, penalty = np.zeros((2, 30), np.int8), np.ones(2, np.float32)
    settings = LossSettings(distillation=1.0)
    its[:, 10:] = np.nan
    x = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = scene_loss(x, labels, penalty, settings, its)
    gradient = tape.gradient(loss, x).numpy()
    assert np.isfinite(loss) and (gradient[:, 10:] == 0).all() and gradient[:, :10].all()
    short = scene_loss(logits[:, :10], labels[:, :10], penalty, settings, its[:, :10])
    assert float(loss) == pytest.approx(float(short), rel=1e-6)


def settings(steps, **given):
    fast = {"warmup_steps": 5, "learning_rate": 1e-2, "statistics_batches": 3}
    return TrainingSettings(steps=steps, **fast | given)


@pytest.fixture(scope="module")
def dataset():
    return learnable(augment=SpecAugment())


@pytest.fixture(scope="module")
def taught_by(dataset):
    """A small teacher after some steps."""
    trainer = Trainer(SMALL, settings(60), LossSettings(), seed(1), make=build_teacher)
    trainer.train(dataset, 10)
    return trainer.averaged(dataset)


def test_soft_labels_are_its_logits_of_each_scene(dataset, taught_by):
    [source] = dataset.sources
    labels = distillation.soft_labels(taught_by, source)
    assert labels.shape == source.labels.shape and labels.dtype == np.float16
    for scene in (0, 17, 39):
        wanted = logits_of(taught_by, source.spectrograms[scene])
        np.testing.assert_allclose(labels[scene], wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_each_small_step_of_distillation_brings_the_net_nearer_to_its_teacher(taught_by, share):
    dataset = same_batch()
    [source] = dataset.sources
    batches = distillation.with_soft_labels(
        dataset, {source.name: distillation.soft_labels(taught_by, source)}
    )
    loss = LossSettings(distillation=share)
    trainer = Trainer(ONE_BLOCK, settings(40, **SMALL_STEPS), loss, seed(1))
    batch = batches.batch(0)
    assert np.isfinite(batch.soft_labels).any()
    scenes = trainer._augmented(batch, batches.draws(0))
    wanted = scene_loss(
        trainer.net(scenes, training=True), batch.labels, batch.penalty, loss, batch.soft_labels
    )
    assert trainer.train(batches, 1)["loss"] == pytest.approx(float(wanted), rel=1e-4)
    assert goes_downhill(trainer, batches)


def test_a_teacher_stopped_and_loaded_ends_with_the_same_bits(dataset):
    whole, cut, again = (
        Trainer(SMALL, settings(8), LossSettings(), seed(1), make=build_teacher) for _ in range(3)
    )
    whole.train(dataset, 8)
    cut.train(dataset, 5)
    again.load(cut.state())
    again.train(dataset, 8)
    one, other = whole.state(), again.state()
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


# In 03

TAUGHT = {
    **{"seed": seed(42), "threads": THREADS},
    **{"shape": "tiny", "steps": 40, "batch": 4, "evaluate_every": 40, "learning_rate": 1e-2},
    **{"teacher_steps": 40, "teacher_width": 8, "teacher_blocks": 1, "distillation": 0.5},
}


@pytest.fixture(autouse=True)
def short_units(monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", 20)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, featured):
    """A teacher and its pupil in one go."""
    here = Run(tmp_path_factory.mktemp("taught"), (featured.folder,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", 20)
        train.run(train.Config(**TAUGHT), here, LIMITS)
    return here


def test_03_trains_the_teacher_first_and_keeps_it_whole(whole, featured):
    assert set(tree(whole / "teacher")) >= {"teacher.npz", "logits.npz", "checkpoint.json"}
    net = load_teacher(whole / "teacher/teacher.npz")
    assert net.shape == TeacherShape(width=8, blocks=1)
    assert train.check(whole)["chosen"] == "step-0000040"
    plan = train.plan(train.Config(**TAUGHT), whole, LIMITS)
    assert plan["units of the teacher left"] == plan["units left"] == 0


def test_cut_while_it_learns_and_while_it_teaches_the_run_ends_with_the_same_bytes(
    whole, featured, tmp_path
):
    here = Run(tmp_path, (featured.folder,))
    made = []

    def cut(done):
        made.append(max(done))
        if len(made) in (1, 3):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train.run(train.Config(**TAUGHT), here, LIMITS, cut)
    train.run(train.Config(**TAUGHT), here, LIMITS, cut)
    assert made == ["step-0000020", "step-0000040"] * 2
    for folder in ("teacher", "training"):
        assert tree(here / folder) == tree(whole / folder)


def test_another_pupil_of_the_same_teacher_does_not_train_it_again(whole, featured, tmp_path):
    here = Run(tmp_path, (featured.folder,))
    shutil.copytree(whole / "teacher", here / "teacher")
    made = []
    other = train.Config(**TAUGHT | {"distillation": 0.9, "steps": 20})
    train.run(other, here, LIMITS, lambda done: made.append(max(done)))
    assert made == ["step-0000020"]
    assert tree(here / "teacher") == tree(whole / "teacher")
    with pytest.raises(CheckpointError, match="other values of teacher_width"):
        train.plan(train.Config(**TAUGHT | {"teacher_width": 16}), whole, LIMITS)


def test_a_session_that_is_over_leaves_the_teachers_units_too(featured, tmp_path):
    here = Run(tmp_path, (featured.folder,))
    with pytest.raises(StoppedEarly, match="4 units are left"):
        train.run(train.Config(**TAUGHT), here, Limits(session_hours=1e-9, workers=1))
    assert not (here / "training").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"distillation": 0.5}, "distillation is 0.5; wanted 0 without a teacher, or teacher_st"),
        ({"teacher_steps": -1}, "teacher_steps is -1; wanted 0"),
        ({"teacher_width": 0}, "width is 0; wanted"),
        ({"distillation_temperature": 0.0}, "distillation_temperature is 0.0; wanted"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        train.Config(**wrong, evaluate_every=20)


def test_the_rate_is_swept_only_where_asked_for_and_nothing_is_written(featured, tmp_path):
    here = Run(tmp_path, (featured.folder,))
    assert train.find_rate(train.Config(**TAUGHT), here) is None
    config = train.Config(**TAUGHT, find_rate=True)
    assert config.shaping() == train.Config(**TAUGHT).shaping()
    found = train.find_rate(config, here)
    assert len(found.rates) == 100 and 1e-4 <= found.suggestion <= 1e-2
    assert not list(tmp_path.iterdir())
