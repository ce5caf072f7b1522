"""What each option of the loop does to a training, on a tiny net and tiny scenes."""

from dataclasses import replace

import numpy as np
import pytest
from listed import ONE_BLOCK, SMALL_STEPS, goes_downhill, learnable, same_batch
from varied import in_half_precision, seed

from mwwkit.model.mixednet import keras, tf
from mwwkit.model.shapes import SHAPES
from mwwkit.training import triplet_loss
from mwwkit.training.batches import Source, WakeWordDataset
from mwwkit.training.losses import LossSettings, distillation_loss
from mwwkit.training.spec_augment import NONE, SpecAugment
from mwwkit.training.trainer import Trainer, TrainingSettings

MARGIN = 3.0  # no examples are as far apart: they are not negative, and 1 long
SETTINGS = TrainingSettings(steps=40, warmup_steps=5, statistics_batches=3)


def trainer(loss=None, teacher=None, shape=ONE_BLOCK, **settings):
    return Trainer(
        shape, replace(SETTINGS, **settings), loss or LossSettings(), seed(1), teacher=teacher
    )


@pytest.fixture(scope="module")
def dataset():
    return learnable(augment=SpecAugment())


@pytest.mark.parametrize(
    "option",
    [
        {"positive_weight": 3.0},
        {"focal": 2.0},
        {"smoothing": 0.1},
        {"pooling": 1.0, "pooling_sharpness": 2.0},
        {"triplet": 0.5},
    ],
    ids=lambda option: next(iter(option)),
)
def test_each_small_step_lowers_each_of_the_losses(option):
    made = trainer(LossSettings(**option), **SMALL_STEPS)
    assert goes_downhill(made, same_batch())


def test_a_schedules_stages_have_their_own_rates_and_weights(dataset):
    # The second stage begins with a step that has the word: which step has, is the seed's.
    n = next(step for step in range(3, 50) if (dataset.batch(step).labels > 0).any())
    stages = ((n, 1e-2, 1.0), (2, 1e-3, 0.0))
    made = trainer(steps=n + 2, schedule=stages, warmup_steps=0)
    plain = trainer(steps=n + 2, schedule=((n + 2, 1e-2, 1.0),), warmup_steps=0)
    assert made.train(dataset, n) == plain.train(dataset, n)
    assert made.state()["net/000"].tobytes() == plain.state()["net/000"].tobytes()
    made.loss = LossSettings(hard_weight=0.0)
    before = made.state()
    said = made.train(dataset, n + 1)
    assert float(made.optimizer.learning_rate) == pytest.approx(1e-3)
    # Of the loss only the positive part is left: that of the net before this step.
    made.load(before)
    batch = dataset.batch(n)
    features = made._augmented(batch, dataset.draws(n))
    logits = made.net(features, dropout=made._dropout(len(features)), training=True).numpy()
    assert said["loss"] == pytest.approx(softplus(-logits[batch.labels > 0]).mean(), rel=1e-4)


def softplus(x):
    return np.logaddexp(0, x)


def test_a_step_has_the_rate_of_its_stage_and_the_warm_up_before():
    settings = TrainingSettings(
        steps=100, warmup_steps=10, schedule=[[60, 0.01, 0.5], [40, 0.001, 1.0]]
    )
    assert settings.rate_at(4) == pytest.approx(0.005)
    assert [settings.rate_at(step) for step in (10, 59, 60, 99)] == [0.01, 0.01, 0.001, 0.001]
    assert [settings.stage_at(s).negative_weight for s in (0, 59, 60, 99)] == [0.5, 0.5, 1.0, 1.0]
    assert TrainingSettings().stage_at(0) is None


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ([[50, 0.01]], r"stage 1 is \[50, 0.01\]; wanted \[steps, rate, negative_weight\]"),
        ([[50, 0.01, 1.0], [0, 0.01, 1.0]], "stage 2 is .*wanted steps of 1 or more"),
        ([[100, 2.0, 1.0]], "a rate of 0 to 1"),
        ([[100, 0.01, -1.0]], "a negative_weight of 0 to 1000"),
        ([[60, 0.01, 1.0], [30, 0.01, 1.0]], "schedule has 90 steps in all and steps is 100"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(schedule, told):
    with pytest.raises(ValueError, match=told):
        TrainingSettings(steps=100, schedule=schedule)


def test_the_highest_norm_of_a_unit_is_that_of_its_steepest_step(dataset):
    whole = trainer().train(dataset, 4)
    single = trainer()
    norms = [single.train(dataset, step)["gradient_norm"] for step in (1, 2, 3, 4)]
    assert whole["gradient_norm_highest"] == max(norms)
    assert whole["gradient_norm"] == pytest.approx(np.mean(norms))


def test_triplets_alone_take_words_away_from_what_sounds_like_them():
    """Nothing else is asked for, and what is missing to the margin is all that the loss says."""
    alone = {"positive_weight": 0.0, "negative_weight": 0.0, "hard_weight": 0.0}
    loss = LossSettings(triplet=1.0, triplet_margin=MARGIN, **alone)
    # With one block's few channels a step may make another example the nearest: the loss jumps.
    made = trainer(loss, shape=SHAPES["tiny"], **SMALL_STEPS)
    before, dataset = too_near(made), same_batch()
    assert made.train(dataset, 1)["loss"] == pytest.approx(before, rel=1e-4) and before > 0
    assert goes_downhill(made, dataset)
    assert too_near(made) < before


def too_near(made):
    """How much is missing to the margin in the batch that is always the same."""
    dataset = same_batch()
    batch = dataset.batch(0)
    x = made.net.embed(made._augmented(batch, dataset.draws(0)), training=True)
    labels = tf.constant(batch.labels)
    chosen = triplet_loss.examples(x, made.net.classify(x), labels, made.net.shape.head_steps)
    return float(triplet_loss.triplet_loss(chosen, MARGIN))


def taught_by(teacher, dataset):
    """The same scenes with a teacher's logits beside the labels."""
    [source] = dataset.sources
    features = source.spectrograms.features
    logits = teacher.net((features.astype(np.float32) + 128) * np.float32(26 / 255)).numpy()
    taught = Source(source.name, source.spectrograms, source.labels, soft_labels=logits)
    return WakeWordDataset([taught], dataset.n_batch, NONE, dataset.seed)


def test_distillation_brings_the_student_nearer_to_its_teacher_kept_or_asked():
    dataset = same_batch()
    teacher = Trainer(ONE_BLOCK, SETTINGS, LossSettings(), seed=seed(7))
    teacher.train(dataset, 3)
    teacher.net = net = teacher.averaged(dataset)
    kept = trainer(LossSettings(distillation=1.0), **SMALL_STEPS)
    asked = trainer(LossSettings(distillation=1.0), teacher=net, **SMALL_STEPS)
    before, taught = distance(kept, net, dataset), taught_by(teacher, dataset)
    assert before > 0
    for student, batches in ((kept, taught), (asked, dataset)):
        assert student.train(batches, 1)["loss"] == pytest.approx(before, rel=1e-4)
        assert goes_downhill(student, batches)
        assert distance(student, net, dataset) < before


def distance(student, teacher, dataset):
    features = student._augmented(dataset.batch(0), dataset.draws(0))
    mine, its = student.net(features, training=True), teacher(features)
    return float(distillation_loss(mine, its, tf.ones_like(mine), 2.0))


def test_a_teachers_logits_stay_with_their_scenes_and_must_be_there_for_all():
    dataset = learnable()
    [source] = dataset.sources
    logits = np.random.default_rng(0).normal(size=source.labels.shape).astype(np.float32)
    with_logits = Source("made", source.spectrograms, source.labels, soft_labels=logits)
    batch = WakeWordDataset([with_logits], 4, NONE, seed=5).batch(3)
    for features, taught in zip(batch.features, batch.soft_labels, strict=True):
        [scene] = np.flatnonzero((source.spectrograms.features == features).all((1, 2)))
        np.testing.assert_array_equal(taught, logits[scene])
    with pytest.raises(ValueError, match="'made' has no logits of the teacher, others have"):
        WakeWordDataset([source, with_logits], 4, NONE, seed=5)
    with pytest.raises(ValueError, match=r"a teacher's logits are \[40, 7\]; wanted one a label"):
        Source("made", source.spectrograms, source.labels, soft_labels=logits[:, :7])


@in_half_precision
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_keeps_the_loss_finite_and_near_that_of_float32(dataset, precision):
    exact = trainer()
    mixed = trainer(precision=precision)
    assert mixed.net.blocks[0].compute_dtype == precision
    assert {v.dtype for v in mixed.net.variables} == {"float32"}
    if mixed.stepper.scales:  # no step is left out: where one overflows is the seed's
        mixed.optimizer.dynamic_scale.assign(2.0**8)
    wanted, found = exact.train(dataset, 2), mixed.train(dataset, 2)
    assert np.isfinite(found["loss"]) and found["loss"] == pytest.approx(wanted["loss"], rel=0.05)
    assert keras.config.dtype_policy().name == "float32"  # of whatever is built next
    averaged = mixed.averaged(dataset)
    assert averaged.blocks[0].compute_dtype == "float32"


@in_half_precision
def test_a_step_whose_gradient_overflows_is_left_out_counted_and_halves_the_scale(dataset):
    made = trainer(precision="float16")
    made.optimizer.dynamic_scale.assign(2.0**8)
    assert made.train(dataset, 2)["steps_skipped"] == 0
    weights = made.state()["net/000"]
    made.optimizer.dynamic_scale.assign(2.0**60)
    told = made.train(dataset, 3)
    assert told["steps_skipped"] == 1 and told["gradient_norm_highest"] == 0
    np.testing.assert_array_equal(made.state()["net/000"], weights)
    assert float(made.optimizer.dynamic_scale) == 2.0**59
    made.optimizer.dynamic_scale.assign(2.0**8)
    told = made.train(dataset, 4)
    assert told["steps_skipped"] == 0 and 0.1 < told["gradient_norm"] < 100
    assert not np.array_equal(made.state()["net/000"], weights)


@in_half_precision
def test_mixed_precision_goes_on_from_a_state_to_the_same_bits_the_loss_scale_with_it(dataset):
    whole = trainer(precision="float16")
    whole.optimizer.dynamic_scale.assign(2.0**40)  # it will be halved on the way
    first = trainer(precision="float16")
    first.optimizer.dynamic_scale.assign(2.0**40)
    whole.train(dataset, 8)
    first.train(dataset, 4)
    second = trainer(precision="float16")
    second.load(first.state())
    assert float(second.optimizer.dynamic_scale) < 2.0**40
    second.train(dataset, 8)
    for name, array in whole.state().items():
        assert array.tobytes() == second.state()[name].tobytes(), name


@pytest.mark.parametrize("nonsense", [{"precision": "int8"}, {"replicas": -1}, {"replicas": 65}])
def test_options_that_mean_nothing_are_refused_by_name(nonsense):
    with pytest.raises(ValueError, match=f"{next(iter(nonsense))} is"):
        TrainingSettings(**nonsense)
