"""The triplet loss against its definition written out, and where it moves what it is given."""

import numpy as np
import pytest

from mwwkit.model.mixednet import tf
from mwwkit.training.triplet_loss import Examples, examples, triplet_loss

MARGIN = 0.2


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def of(words, others, has_word=None, has_other=None):
    n = len(words)
    return Examples(
        *(tf.constant(x, tf.float32) for x in (words, others)),
        *(tf.constant([True] * n if x is None else x) for x in (has_word, has_other)),
    )


@pytest.fixture
def drawn():
    rng = np.random.default_rng(2)
    return unit(rng.normal(size=(6, 5))), unit(rng.normal(size=(6, 5)))


def test_it_is_the_margin_with_the_hardest_pairs_of_the_batch(drawn):
    words, others = drawn
    has_word, has_other = [True, True, False, True, False, True], [True] * 5 + [False]
    short = []
    for anchor in np.flatnonzero(has_word):
        furthest = max(np.sum((words[anchor] - words[i]) ** 2) for i in np.flatnonzero(has_word))
        nearest = min(np.sum((words[anchor] - others[i]) ** 2) for i in np.flatnonzero(has_other))
        short.append(max(MARGIN + furthest - nearest, 0))
    found = float(triplet_loss(of(words, others, has_word, has_other), MARGIN))
    assert found == pytest.approx(np.mean(short), rel=1e-5) and found > 0


def test_following_it_words_come_together_and_others_go_until_the_margin_is_kept(drawn):
    words, others = (tf.Variable(x.astype(np.float32)) for x in drawn)

    def distances():
        w, o = (unit(x.numpy()) for x in (words, others))
        return 2 - 2 * (w @ w.T).min(1), 2 - 2 * (w @ o.T).max(1)

    together, away = distances()
    for _ in range(300):
        with tf.GradientTape() as tape:
            loss = triplet_loss(
                of_(tf.math.l2_normalize(words, 1), tf.math.l2_normalize(others, 1)), MARGIN
            )
        for variable, gradient in zip(
            (words, others), tape.gradient(loss, (words, others)), strict=True
        ):
            variable.assign_sub(0.1 * gradient)
    now_together, now_away = distances()
    assert now_together.mean() < together.mean() and now_away.mean() > away.mean()
    assert (now_away - now_together > MARGIN - 0.02).all()


def of_(words, others):
    there = tf.ones(6, tf.bool)
    return Examples(words, others, there, there)


def test_where_the_margin_is_kept_nothing_is_asked_for():
    words = tf.constant(unit(np.array([[1.0, 0.05], [1.0, -0.05]])), tf.float32)
    others = tf.constant(unit(np.array([[-1.0, 0.3], [-1.0, 0.0]])), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch((words, others))
        there = tf.ones(2, tf.bool)
        loss = triplet_loss(Examples(words, others, there, there), MARGIN)
    assert float(loss) == 0
    assert not any(g.numpy().any() for g in tape.gradient(loss, (words, others)))


@pytest.mark.parametrize(("has_word", "has_other"), [(False, True), (True, False), (False, False)])
def test_a_batch_without_words_or_without_others_is_finite(drawn, has_word, has_other):
    found = triplet_loss(of(*drawn, [has_word] * 6, [has_other] * 6), MARGIN)
    assert np.isfinite(found)
    assert has_word or float(found) == 0


def test_an_example_is_what_the_head_sees_at_the_step_it_is_surest_of():
    rng = np.random.default_rng(3)
    x = rng.random((2, 9, 1, 3)).astype(np.float32)
    labels = np.array([[0, 0, 0, 1, 1, -1, 0, 0, 0], [0, 0, -1, 0, 0, 0, 0, 0, 0]], np.int8)
    logits = np.zeros((2, 9), np.float32)
    logits[0, 4], logits[0, 5], logits[0, 1] = 2.0, 9.0, 1.0  # 5 is not supervised
    logits[1, 2], logits[1, 8] = 9.0, 3.0
    taps = 4
    made = examples(tf.constant(x), tf.constant(logits), tf.constant(labels), taps)
    np.testing.assert_array_equal(made.has_word, [True, False])
    np.testing.assert_array_equal(made.has_other, [True, True])
    np.testing.assert_allclose(made.positives[0], unit(x[0, 1:5, 0].ravel()), rtol=1e-5)
    early = np.concatenate([np.zeros((2, 3)), x[0, :2, 0]])  # before the scene there is silence
    np.testing.assert_allclose(made.negatives[0], unit(early.ravel()), rtol=1e-5)
    np.testing.assert_allclose(made.negatives[1], unit(x[1, 5:9, 0].ravel()), rtol=1e-5)
