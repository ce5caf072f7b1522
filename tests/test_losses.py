"""The scene loss against its definition written out, and what its gradient asks for."""

import numpy as np
import pytest

from mwwkit.model.mixednet import tf
from mwwkit.training.losses import LossSettings, distillation_loss, scene_loss

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


def cross_entropy(logit, target, settings):
    """Of one step by its textbook formula: -t log p - (1 - t) log(1 - p), times |t - p|^gamma."""
    probability = 1 / (1 + np.exp(-np.float64(logit)))
    taught = abs(target - settings.smoothing)
    entropy = -taught * np.log(probability) - (1 - taught) * np.log1p(-probability)
    return entropy * abs(taught - probability) ** settings.focal


@pytest.mark.parametrize(
    "options",
    [
        {"positive_weight": 3.0, "negative_weight": 0.2},
        {"focal": 2.0},
        {"focal": 0.5, "pooling": 0.4},
        {"smoothing": 0.1},
        {"smoothing": 0.05, "focal": 1.5, "pooling": 0.5, "hard_share": 0.2},
    ],
)
def test_every_option_changes_the_loss_as_its_formula_says(material, options):
    settings = LossSettings(**options)
    logits, labels, penalty = material
    loss, _ = value_and_gradient(*material, settings)
    of_step = [
        [cross_entropy(x, int(n > 0), settings) for x, n in zip(xs, ns, strict=True)]
        for xs, ns in zip(logits, labels, strict=True)
    ]
    of_step = np.array(of_step)
    scenes = ((0, 1), (0, 2), (2, 1))
    words = [cross_entropy(logits[s][labels[s] == n].max(), 1, settings) for s, n in scenes]
    positive = (1 - settings.pooling) * of_step[labels > 0].mean()
    weighed = of_step * (labels == 0) * penalty[:, None]
    n_hard = max(int(settings.hard_share * logits.size), 1)
    wanted = (
        settings.positive_weight * (positive + settings.pooling * np.mean(words))
        + settings.negative_weight * weighed.sum() / ((labels == 0) * penalty[:, None]).sum()
        + settings.hard_weight * np.sort(weighed, axis=None)[-n_hard:].mean()
    )
    assert loss == pytest.approx(wanted, rel=1e-4)


def test_focal_0_is_cross_entropy_to_the_bit_and_a_power_takes_the_easy_steps_share(material):
    logits, labels, penalty = material
    plain = value_and_gradient(*material, LossSettings())
    none = value_and_gradient(*material, LossSettings(focal=0.0))
    assert plain[0] == none[0] and np.array_equal(plain[1], none[1])
    logits[0, 10], logits[0, 11] = 3.0, -1.0  # right and sure; wrong
    shares = []
    for focal in (0.0, 1.0, 2.0, 4.0):
        _, gradient = value_and_gradient(logits, labels, penalty, LossSettings(focal=focal))
        shares.append(gradient[0, 10] / gradient[0, 11])
    assert (np.diff(shares) < 0).all() and shares[0] > 10 * shares[2] > 0


@pytest.mark.parametrize("smoothing", [0.02, 0.1])
@pytest.mark.parametrize("focal", [0.0, 2.0])
def test_with_smoothing_the_best_logit_is_that_of_the_smoothed_target(smoothing, focal):
    """The pull changes its direction there: up on every lower logit, down on every higher one."""
    settings = LossSettings(smoothing=smoothing, focal=focal, hard_weight=0.0)
    grid = np.linspace(-8, 8, 801, dtype=np.float32)[None]
    for label in (1, 0):
        labels = np.full(grid.shape, label, np.int8)
        _, gradient = value_and_gradient(grid, labels, np.ones(1, np.float32), settings)
        wanted = np.log((1 - smoothing) / smoothing) * (1 if label else -1)
        assert (gradient[grid < wanted - 0.02] < 0).all()
        assert (gradient[grid > wanted + 0.02] > 0).all()


def pooled(logits, sharpness):
    """The smooth maximum of one word's logits, read back from its cross-entropy."""
    row = np.array([logits], np.float32)
    settings = LossSettings(pooling=1.0, pooling_sharpness=sharpness, hard_weight=0.0)
    loss, gradient = value_and_gradient(
        row, np.ones_like(row, np.int8), np.ones(1, np.float32), settings
    )
    return -np.log(np.expm1(loss)), gradient[0]


def test_a_smooth_pooling_is_the_mean_where_blunt_the_highest_where_sharp_and_between():
    logits = np.array([-1.0, 0.5, 2.0, 1.0])
    assert pooled(logits, 1e-3)[0] == pytest.approx(logits.mean(), abs=2e-3)
    assert pooled(logits, 100.0)[0] == pytest.approx(logits.max() - np.log(4) / 100, abs=2e-3)
    assert pooled(logits, 1.0)[0] == pytest.approx(np.log(np.exp(logits).mean()), abs=1e-4)
    found = [pooled(logits, sharpness)[0] for sharpness in (0.01, 0.3, 1.0, 3.0, 30.0)]
    assert (np.diff(found) > 0).all()


def test_a_smooth_pooling_asks_every_step_of_the_word_in_proportion_to_its_exponential():
    logits = np.array([-1.0, 0.5, 2.0, 1.0])
    _, gradient = pooled(logits, 2.0)
    softmax = np.exp(2 * logits) / np.exp(2 * logits).sum()
    np.testing.assert_allclose(gradient / gradient.sum(), softmax, rtol=1e-4)


def test_a_smooth_pooling_of_very_sure_logits_and_of_no_word_is_finite(material):
    logits, labels, penalty = material
    settings = LossSettings(pooling=1.0, pooling_sharpness=5.0)
    for of in (labels, np.zeros_like(labels)):
        loss, gradient = value_and_gradient(logits * 1e4, of, penalty, settings)
        assert np.isfinite(loss) and np.isfinite(gradient).all()


def soft(logits, teacher, temperature, mask=None):
    logits, teacher = (tf.constant(x, tf.float32) for x in (logits, teacher))
    mask = tf.ones_like(logits) if mask is None else tf.constant(mask, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([logits, teacher])
        loss = distillation_loss(logits, teacher, mask, temperature)
    return float(loss), *(
        None if g is None else g.numpy() for g in tape.gradient(loss, [logits, teacher])
    )


def test_distillation_is_the_divergence_of_both_probabilities_at_the_temperature():
    logits, teacher = np.array([[0.5, -2.0, 3.0]]), np.array([[1.5, -1.0, -1.0]])
    for temperature in (1.0, 4.0):
        q, p = (1 / (1 + np.exp(-x / temperature)) for x in (teacher, logits))
        apart = q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
        wanted = temperature**2 * apart.mean()
        assert soft(logits, teacher, temperature)[0] == pytest.approx(wanted, rel=1e-4)


def test_distillation_is_nothing_where_they_agree_and_pulls_towards_the_teacher_elsewhere():
    teacher = np.array([[1.5, -1.0, 4.0]])
    loss, gradient, _ = soft(teacher, teacher, 2.0)
    assert loss == pytest.approx(0, abs=1e-6) and np.abs(gradient).max() < 1e-6
    _, gradient, to_teacher = soft(teacher + np.array([[1.0, -1.0, 0.0]]), teacher, 2.0)
    assert gradient[0, 0] > 0 > gradient[0, 1] and to_teacher is None


def test_distillation_counts_only_where_its_mask_is_one():
    logits, teacher = np.zeros((2, 3)), np.array([[9.0, 1.0, -9.0], [2.0, 9.0, 9.0]])
    mask = np.array([[0, 1, 0], [1, 0, 0]])
    loss, gradient, _ = soft(logits, teacher, 1.0, mask)
    chosen = soft(logits[:1, :2], np.array([[1.0, 2.0]]), 1.0)[0]
    assert loss == pytest.approx(chosen, rel=1e-6)
    assert ((gradient != 0) == (mask == 1)).all()


def test_the_teachers_share_is_taken_from_the_labels(material):
    logits, labels, penalty = material
    teacher = tf.constant(-logits)
    hard = scene_loss(*map(tf.constant, material), LossSettings())
    half = scene_loss(*map(tf.constant, material), LossSettings(distillation=0.5), teacher)
    whole = scene_loss(*map(tf.constant, material), LossSettings(distillation=1.0), teacher)
    assert float(whole) == pytest.approx(soft(logits, -logits, 2.0)[0], rel=1e-5)
    assert float(half) == pytest.approx(0.5 * float(hard) + 0.5 * float(whole), rel=1e-5)


def test_distillation_without_a_teacher_is_refused(material):
    with pytest.raises(ValueError, match="distillation is 0.5, and there are no logits"):
        scene_loss(*map(tf.constant, material), LossSettings(distillation=0.5))


@pytest.mark.parametrize(
    "nonsense",
    [
        {"pooling": -0.1},
        {"pooling": 1.1},
        {"hard_share": 0.0},
        {"hard_share": 2.0},
        {"negative_weight": -1.0},
        {"hard_weight": -1.0},
        {"positive_weight": -1.0},
        {"positive_weight": float("nan")},
        {"pooling_sharpness": -1.0},
        {"focal": -0.5},
        {"focal": 6.0},
        {"smoothing": 0.5},
        {"triplet": -1.0},
        {"triplet_margin": 0.0},
        {"distillation": 1.5},
        {"distillation_temperature": 0.0},
    ],
)
def test_weights_that_mean_nothing_are_refused_by_name(nonsense):
    with pytest.raises(ValueError, match=next(iter(nonsense))):
        LossSettings(**nonsense)
