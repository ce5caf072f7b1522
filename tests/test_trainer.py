"""The loop: schedules at their knots, the same bits every time, and from any step on."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from listed import ONE_BLOCK, SMALL_STEPS, goes_downhill, learnable, same_batch
from varied import THREADS
from varied import seed as varied_seed

from mwwkit.model.mixednet import build, tf
from mwwkit.model.shapes import SHAPES
from mwwkit.training.losses import LossSettings
from mwwkit.training.spec_augment import SpecAugment
from mwwkit.training.trainer import (
    EMA,
    Trainer,
    TrainingSettings,
    limit_threads,
    net_of,
    weights_of,
)

SETTINGS = TrainingSettings(steps=40, warmup_steps=5, statistics_batches=3)


def trainer(seed=1, settings=SETTINGS, **kinds):
    return Trainer(ONE_BLOCK, settings, LossSettings(), varied_seed(seed), **kinds)


@pytest.fixture(scope="module")
def dataset():
    return learnable(augment=SpecAugment())


@pytest.fixture(scope="module")
def whole(dataset):
    """A trainer after 12 steps in one go, its state, and what it said."""
    made = trainer()
    said = made.train(dataset, 12)
    return made, made.state(), said


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def test_the_rate_warms_up_in_a_line_and_falls_as_half_a_cosine():
    settings = TrainingSettings(steps=1100, learning_rate=0.01, warmup_steps=100)
    assert settings.rate_at(0) == pytest.approx(0.0001)
    assert settings.rate_at(49) == pytest.approx(0.005)
    assert settings.rate_at(99) == pytest.approx(0.01)
    assert settings.rate_at(100) == pytest.approx(0.01)
    assert settings.rate_at(350) == pytest.approx(0.01 * (0.5 + 0.5 * 2**-0.5))
    assert settings.rate_at(600) == pytest.approx(0.005)
    assert settings.rate_at(1100) == pytest.approx(0, abs=1e-9)
    rates = [settings.rate_at(step) for step in range(1101)]
    assert np.argmax(rates) in (99, 100) and (np.diff(rates[100:]) <= 0).all()


def test_without_a_warm_up_the_rate_starts_at_its_highest():
    assert TrainingSettings(warmup_steps=0).rate_at(0) == pytest.approx(3e-3)


def test_the_averages_memory_grows_from_nothing_and_is_longest_in_the_last_fifth():
    settings = TrainingSettings(steps=100_000)
    assert settings.decay_at(0) == pytest.approx(0.1)
    assert settings.decay_at(90) == pytest.approx(0.91)
    assert settings.decay_at(20_000) == 0.999
    assert settings.decay_at(79_999) == 0.999
    assert settings.decay_at(80_000) == 0.9995


@pytest.mark.parametrize(
    "nonsense",
    [
        {"steps": 0},
        {"statistics_batches": 0},
        {"learning_rate": 0.0},
        {"learning_rate": 1.5},
        {"learning_rate": float("nan")},
        {"warmup_steps": -1},
        {"weight_decay": -1e-3},
        {"clip_norm": 0.0},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"ema_decay": 1.0},
        {"ema_decay_late": -0.1},
    ],
)
def test_settings_that_mean_nothing_are_refused_by_name(nonsense):
    with pytest.raises(ValueError, match=next(iter(nonsense))):
        TrainingSettings(**nonsense)


def test_the_average_is_what_its_formula_says():
    variable = tf.Variable([1.0, 2.0])
    average = EMA([variable])
    wanted = np.array([1.0, 2.0])
    for decay, value in ((0.1, [3.0, -1.0]), (0.9, [5.0, 0.0]), (0.999, [1.0, 7.0])):
        variable.assign(value)
        average.update(tf.constant(decay))
        wanted = decay * wanted + (1 - decay) * np.array(value)
        np.testing.assert_allclose(average.values[0].numpy(), wanted, rtol=1e-6)
    np.testing.assert_array_equal(variable.numpy(), [1.0, 7.0])


def test_two_trainers_of_one_seed_end_with_the_same_bits(dataset, whole):
    other = trainer()
    assert other.train(dataset, 12) == whole[2]
    assert_same(other.state(), whole[1])


def test_another_seed_starts_elsewhere():
    one, other = trainer(seed=1), trainer(seed=2)
    assert not np.array_equal(one.state()["net/000"], other.state()["net/000"])


def test_stopped_after_an_evaluation_and_loaded_it_ends_with_the_same_bits(
    dataset, whole, tmp_path
):
    first = trainer()
    first.train(dataset, 5)
    first.averaged(dataset)
    np.savez(tmp_path / "state.npz", **first.state())
    second = trainer(seed=1)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        second.load(dict(state))
    assert second.step == 5
    second.train(dataset, 12)
    assert_same(second.state(), whole[1])
    ends = zip(
        second.averaged(dataset).variables, whole[0].averaged(dataset).variables, strict=True
    )
    assert all(np.array_equal(a, b) for a, b in ends)


def test_the_state_holds_weights_optimiser_average_and_step(whole):
    groups = {name.split("/")[0] for name in whole[1]}
    assert groups == {"net", "optimizer", "ema", "step"}
    assert int(whole[1]["step"]) == 12


def test_batch_norms_statistics_are_the_plain_mean_over_batches(dataset, whole):
    made = whole[0]
    net = made.averaged(dataset)
    for variable, average in zip(net.trainable_variables, made.ema.values, strict=True):
        np.testing.assert_array_equal(variable, average)
    means, variances = [], []
    for number in range(3):
        batch, draws = dataset.batch(-1 - number), dataset.draws(-1 - number)
        x = net.stem(made._augmented(batch, draws)).numpy().reshape(-1, ONE_BLOCK.stem_filters)
        means.append(x.mean(0))
        variances.append(x.var(0, ddof=1))
    np.testing.assert_allclose(net.stem_norm.mean, np.mean(means, axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(net.stem_norm.variance, np.mean(variances, axis=0), rtol=1e-4)


def test_statistics_are_taken_on_batches_that_are_no_training_steps(dataset):
    taken = {dataset.batch(-1 - number).features.tobytes() for number in range(3)}
    trained = {dataset.batch(step).features.tobytes() for step in range(40)}
    assert not taken & trained


def test_dropout_silences_whole_channels_and_keeps_the_sum():
    made = trainer(settings=TrainingSettings(dropout=0.25))
    masks = np.concatenate([made._dropout(200) for made.step in range(5)])
    assert masks.shape == (1000, 1, ONE_BLOCK.widths()[-1])
    assert set(np.unique(masks).tolist()) == {0.0, np.float32(4 / 3).item()}
    assert masks.mean() == pytest.approx(1, abs=0.02)
    assert trainer(settings=TrainingSettings(dropout=0.0))._dropout(4).min() == 1


def test_a_step_takes_its_own_rate_moves_the_average_and_silenced_channels_learn_nothing(dataset):
    made = trainer()
    first = {name: array.copy() for name, array in made.state().items()}
    silenced = made.shape.widths()[-1]
    made._dropout = lambda n_batch: np.zeros((n_batch, 1, silenced), np.float32)
    made.train(dataset, 1)
    rate = SETTINGS.rate_at(0)
    assert float(made.optimizer.learning_rate) == pytest.approx(rate)
    decayed = first["net/000"] * (1 - rate * SETTINGS.weight_decay)
    np.testing.assert_allclose(made.state()["net/000"], decayed, atol=1e-7)
    assert made.net.head.bias.numpy() != 0  # what is not silenced does learn
    for average, before, now in zip(
        made.ema.values, trainable(trainer()), trainable(made), strict=True
    ):
        np.testing.assert_allclose(average, 0.1 * before + 0.9 * now, atol=1e-7)


def trainable(made):
    return [variable.numpy() for variable in made.net.trainable_variables]


def test_each_small_step_lowers_the_loss_of_the_batch_it_is_taken_on():
    made = trainer(settings=TrainingSettings(steps=40, **SMALL_STEPS))
    assert goes_downhill(made, same_batch())


def test_it_says_where_its_time_went(whole):
    seconds = whole[0].seconds
    assert set(seconds) == {"loading", "augmentation", "step"}
    assert min(seconds.values()) > 0


@pytest.mark.parametrize("name", ["net/000", "ema/003", "step"])
def test_a_snapshot_that_lacks_something_is_refused_by_its_name(whole, name):
    state = {n: a for n, a in whole[1].items() if n != name}
    with pytest.raises(ValueError, match=f"does not fit this net: {name} is in one only"):
        trainer().load(state)


def test_a_snapshot_of_another_net_is_refused_by_what_differs(whole):
    with pytest.raises(ValueError, match="does not fit this net"):
        Trainer(SHAPES["mixed"], SETTINGS, LossSettings(), varied_seed(1)).load(whole[1])
    wrong = whole[1] | {"net/000": np.zeros((2, 3), np.float32)}
    with pytest.raises(ValueError, match=r"net/000 is \(2, 3\); wanted \(5, 40, 8\)"):
        trainer().load(wrong)


def test_a_loss_that_explodes_stops_at_once_and_names_a_rate_to_try(dataset, whole):
    made, state, _ = whole
    made.net.head.bias.assign([np.inf])
    with pytest.raises(FloatingPointError, match=r"at step 13; .*\(0\.001\) in a new RUN_DIR"):
        made.train(dataset, 20)
    assert made.step == 13
    made.load(state)


def test_weights_make_the_same_net_again(whole, feature_like, as_floats):
    net = whole[0].net
    x = as_floats(feature_like(1, 90))[None]
    again = net_of(weights_of(net), ONE_BLOCK)
    np.testing.assert_array_equal(again(x), net(x))


def test_weights_of_another_shape_are_refused(whole):
    with pytest.raises(ValueError, match="not those of alexa"):
        net_of(weights_of(whole[0].net), SHAPES["alexa"])


def test_fine_tuning_starts_from_the_given_nets_weights_and_average(dataset):
    start = build(ONE_BLOCK, seed=9)
    made = trainer()
    made.start_from(start)
    assert_same(weights_of(made.net), weights_of(start))
    for average, value in zip(made.ema.values, start.trainable_variables, strict=True):
        np.testing.assert_array_equal(average, value)


def test_a_gpu_asked_for_and_absent_is_refused_before_anything_is_built(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError, match="device is 'gpu' but CuPy is not installed"):
        trainer(device="gpu")


def test_a_gpu_that_only_cupy_sees_is_refused_with_what_to_install(monkeypatch):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees a GPU here")
    seen = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    monkeypatch.setitem(sys.modules, "cupy", seen)
    with pytest.raises(RuntimeError, match="TensorFlow sees none: install tensorflow"):
        trainer(device="gpu")


def test_another_number_of_threads_after_the_start_is_refused_with_what_to_do():
    tf.constant(1.0) + 1.0
    limit_threads(THREADS)
    with pytest.raises(RuntimeError, match="other than 3 threads; restart the kernel"):
        limit_threads(3)
    limit_threads(THREADS)
