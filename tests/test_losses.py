"""The scene loss against its definition written out, and what its gradient asks for."""

import numpy as np
import pytest

from mwwkit.model.losses import LossSettings, scene_loss
from mwwkit.model.mixednet import tf

SHAPE = (4, 60)


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def written_out(logits, labels, penalty, settings):
    """The loss as its docstring says it, one step after another."""
    words, positives, negatives, weights = {}, [], [], 0.0
    for scene in range(len(logits)):
        for logit, label in zip(logits[scene], labels[scene], strict=True):
            if label > 0:
                positives.append(softplus(-logit))
                words.setdefault((scene, label), []).append(logit)
            elif label == 0:
                negatives.append(penalty[scene] * softplus(logit))
                weights += penalty[scene]
    per_step = np.mean(positives) if positives else 0.0
    pooled = np.mean([softplus(-max(steps)) for steps in words.values()]) if words else 0.0
    n_hard = max(int(settings.hard_share * logits.size), 1)
    hardest = sorted([*negatives, *[0.0] * logits.size], reverse=True)[:n_hard]
    return (
        (1 - settings.pooling) * per_step
        + settings.pooling * pooled
        + settings.negative_weight * sum(negatives) / max(weights, 1.0)
        + settings.hard_weight * np.mean(hardest)
    )


@pytest.fixture
def material():
    rng = np.random.default_rng(3)
    labels = np.zeros(SHAPE, np.int8)
    labels[0, 10:20], labels[0, 30:38], labels[2, 5:15] = 1, 2, 1
    labels[:, 38:45] = -1
    return rng.normal(0, 3, SHAPE).astype(np.float32), labels, np.array([1, 2, 0.5, 1], np.float32)


def value_and_gradient(logits, labels, penalty, settings):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = scene_loss(logits, tf.constant(labels), tf.constant(penalty), settings)
    return float(loss), tape.gradient(loss, logits).numpy()


@pytest.mark.parametrize("pooling", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("weights", [{}, {"hard_share": 0.2, "negative_weight": 2.0}])
def test_the_loss_is_its_definition(material, pooling, weights):
    settings = LossSettings(pooling=pooling, **weights)
    loss, _ = value_and_gradient(*material, settings)
    assert loss == pytest.approx(written_out(*material, settings), rel=1e-5)


@pytest.mark.parametrize("pooling", [0.0, 0.5])
def test_positives_are_pushed_up_negatives_down_and_the_ignored_not_at_all(material, pooling):
    _, gradient = value_and_gradient(*material, LossSettings(pooling=pooling))
    labels = material[1]
    assert (gradient[labels > 0] < 0).all()
    assert (gradient[labels == 0] > 0).all()
    assert (gradient[labels < 0] == 0).all()


def test_with_pooling_only_the_best_step_of_each_word_is_asked_for(material):
    logits, labels, penalty = material
    _, gradient = value_and_gradient(logits, labels, penalty, LossSettings(pooling=1.0))
    for scene, number in ((0, 1), (0, 2), (2, 1)):
        steps = np.flatnonzero(labels[scene] == number)
        best = steps[np.argmax(logits[scene, steps])]
        assert gradient[scene, best] < 0
        assert not gradient[scene, np.setdiff1d(steps, best)].any()


def test_the_hardest_negatives_get_most_of_the_push(material):
    logits, labels, penalty = material
    logits[1, 7] = 12.0  # confident and wrong
    _, gradient = value_and_gradient(logits, labels, penalty, LossSettings())
    assert np.unravel_index(np.argmax(gradient), SHAPE) == (1, 7)


def test_a_penalty_weighs_a_scenes_negatives_and_none_switches_them_off(material):
    logits, labels, _ = material
    logits[3] = logits[1]
    penalty = np.array([1, 0, 1, 2], np.float32)
    settings = LossSettings(hard_weight=0.0)
    _, gradient = value_and_gradient(logits, labels, penalty, settings)
    assert not gradient[1].any()
    _, plain = value_and_gradient(logits, labels, np.ones(4, np.float32), settings)
    negatives = labels == 0
    share = gradient[3][negatives[3]] / plain[3][negatives[3]]
    whole, weighed = negatives.sum(), (negatives.sum(1) * penalty).sum()
    assert share == pytest.approx(2 * whole / weighed, rel=1e-4)


@pytest.mark.parametrize("pooling", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("label", [-1, 0, 1])
def test_a_batch_of_one_kind_only_is_finite(material, pooling, label):
    labels = np.full(SHAPE, label, np.int8)
    settings = LossSettings(pooling=pooling)
    loss, gradient = value_and_gradient(material[0], labels, material[2], settings)
    assert np.isfinite(loss) and np.isfinite(gradient).all()
    assert gradient.any() == (label >= 0)
    assert loss == pytest.approx(written_out(material[0], labels, material[2], settings), rel=1e-5)


def test_very_sure_logits_stay_finite(material):
    logits, labels, penalty = material
    loss, gradient = value_and_gradient(logits * 1e4, labels, penalty, LossSettings(pooling=0.5))
    assert np.isfinite(loss) and np.isfinite(gradient).all()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"pooling": -0.1},
        {"pooling": 1.1},
        {"hard_share": 0.0},
        {"hard_share": 2.0},
        {"negative_weight": -1.0},
        {"hard_weight": -1.0},
    ],
)
def test_weights_that_mean_nothing_are_refused_by_name(nonsense):
    with pytest.raises(ValueError, match=next(iter(nonsense))):
        LossSettings(**nonsense)
