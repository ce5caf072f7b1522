"""The sweep of rates finds where learning is stable, and leaves no trace."""

from dataclasses import replace

import numpy as np
import pytest
from listed import learnable
from varied import seed

from mwwkit.model.shapes import SHAPES
from mwwkit.previews import lr_sweep
from mwwkit.training.losses import LossSettings
from mwwkit.training.lr_finder import LRFinder, Sweep, sweep
from mwwkit.training.spec_augment import SpecAugment
from mwwkit.training.trainer import Trainer, TrainingSettings

SETTINGS = TrainingSettings(steps=200, warmup_steps=5, statistics_batches=3)


class Bowl:
    """Gradient descent on a quadratic, with noise in its gradient and its loss.

    It is stable up to a rate of 2 / the largest curvature and fastest in that direction at half.
    """

    def __init__(self, largest: float, noise: float):
        self.curvature = largest * np.array([1.0, 0.5, 0.2])
        self.x, self.noise, self.draw = np.ones(3), noise, np.random.default_rng(4)

    def take(self, rate: float) -> float:
        loss = float(0.5 * (self.curvature * self.x**2).sum())
        gradient = self.curvature * (self.x + self.noise * self.draw.normal(size=3))
        self.x = self.x - rate * gradient
        return loss * (1 + self.noise * self.draw.normal())


@pytest.mark.parametrize("noise", [0.01, 0.03])
@pytest.mark.parametrize("optimum", [3e-5, 1e-4, 1e-3])
def test_the_suggestion_is_in_the_decade_under_the_planted_optimum(optimum, noise):
    found = sweep(Bowl(1 / optimum, noise).take, 1e-6, 1e-2)
    assert optimum / 10 <= found.suggestion <= optimum
    assert found.lowest < 5 * optimum
    assert found.is_bounded and "still falling" not in str(found)
    assert found.rates[-1] < 10 * optimum  # it ended where the loss exploded


def test_where_no_rate_was_too_high_it_says_so():
    found = sweep(Bowl(10.0, 0.0).take, 1e-6, 1e-2)
    assert len(found.rates) == 100
    assert found.lowest == pytest.approx(1e-2) and found.suggestion == pytest.approx(1e-3)
    assert not found.is_bounded and "still falling at the end" in str(found)


def test_the_smoothed_loss_lags_behind_nothing():
    at = np.linspace(-1, 1, 101)
    found = Sweep(np.geomspace(1e-6, 1e-2, 101), at**2 + 1)
    assert found.lowest == pytest.approx(1e-4)
    flat = Sweep(found.rates, np.ones(101))
    np.testing.assert_allclose(flat.smooth, 1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ((1e-2, 1e-6, 100), "rates are 0.01 to 1e-06; wanted"),
        ((1e-6, 2.0, 100), "rates are"),
        ((1e-6, 1e-2, 5), "steps is 5; wanted at least 20"),
    ],
)
def test_a_sweep_that_is_none_is_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        sweep(lambda rate: 1.0, *wrong)


def test_a_loss_that_explodes_at_once_is_told():
    with pytest.raises(ValueError, match="explodes at once, at a rate of 0.1"):
        sweep(Bowl(1e4, 0.0).take, 0.1, 1.0)


def trainer():
    return Trainer(SHAPES["tiny"], SETTINGS, LossSettings(), seed(1))


@pytest.fixture(scope="module")
def dataset():
    return learnable(augment=SpecAugment())


def test_weights_optimiser_average_and_step_are_as_they_were_bit_for_bit(dataset):
    made = trainer()
    made.train(dataset, 3)
    before, seconds = made.state(), dict(made.seconds)
    found = LRFinder(made, dataset, 1e-6, 1.0, 30).run()
    assert len(found.losses) > 10 and np.ptp(found.losses) > 0.01  # it did take steps
    after = made.state()
    assert before.keys() == after.keys()
    for name in before:
        assert before[name].tobytes() == after[name].tobytes(), name
    assert made.settings is SETTINGS and made.seconds == seconds


def test_its_losses_are_those_of_a_training_at_the_rates_it_names(dataset):
    found = LRFinder(trainer(), dataset, 1e-4, 1e-2, 20).run()
    weight = LossSettings().negative_weight
    schedule = [(1, float(rate), weight) for rate in found.rates]
    settings = replace(SETTINGS, steps=20, warmup_steps=0, schedule=schedule)
    learning = Trainer(SHAPES["tiny"], settings, LossSettings(), seed(1))
    losses = [learning.train(dataset, step + 1)["loss"] for step in range(len(found.rates))]
    assert found.losses.tolist() == losses


def test_the_picture_shows_every_step_and_the_suggestion(monkeypatch):
    shown = []
    monkeypatch.setattr(lr_sweep, "display", shown.append)
    found = sweep(Bowl(1e3, 0.05).take, 1e-6, 1e-2)
    assert lr_sweep.show(found) == str(found)
    assert len(shown[0].data) > 10_000
    axes = lr_sweep.draw(found).axes[0]
    drawn = [line.get_xdata() for line in axes.lines]
    np.testing.assert_array_equal(drawn[0], found.rates)
    assert drawn[-1][0] == found.suggestion
    assert "FIND_RATE = True" in lr_sweep.show(None) and len(shown) == 1
