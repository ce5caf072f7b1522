"""The net: causal, equal to plain definitions of its layers, repeatable."""

import numpy as np
import pytest
from varied import in_half_precision

from mwwkit.model.mixednet import SHAPES, Block, Shape, build, tf


@pytest.fixture(scope="module")
def net(made_net):
    return made_net("tiny")


@pytest.fixture(scope="module")
def x(feature_like, as_floats):
    return as_floats(np.stack([feature_like(seed, 120) for seed in (10, 11)]))


def test_every_three_frames_give_one_logit(net, x):
    assert net(x).shape == (2, 40)
    assert net(x[:, :119]).shape == (2, 39)
    assert net(x).dtype == tf.float32


def test_a_score_depends_on_no_later_frame(net, x):
    changed = x.copy()
    changed[:, 60:] = 26 - changed[:, 60:]
    before, after = net(x).numpy(), net(changed).numpy()
    assert np.array_equal(before[:, :20], after[:, :20])
    assert not np.allclose(before[:, 20:], after[:, 20:])


def test_a_score_depends_on_exactly_its_context(net, x):
    steps = net.shape.context_steps
    first, last = np.zeros((1, 120, 40), np.float32), np.zeros((1, 120, 40), np.float32)
    last[:, : 3 * 40 - 3 * steps] = 13.0
    assert net(first)[0, -1] == net(last)[0, -1]
    last[:, 3 * 40 - 3 * steps : 3 * 40 - 3 * steps + 3] = 13.0
    assert net(first)[0, -1] != net(last)[0, -1]


def test_what_came_before_is_forgotten_after_the_context(net, x):
    padded = np.concatenate([np.zeros((2, 300, 40), np.float32), x], 1)
    steps = net.shape.context_steps
    assert np.allclose(net(x)[:, steps:], net(padded)[:, 100 + steps :], atol=1e-5)


def test_the_stem_is_a_strided_convolution_of_normalised_frames(net, x):
    mean, std = net.cmvn
    kernel = net.stem.kernel.numpy()
    padded = np.concatenate([np.zeros((2, 2, 40), np.float32), x], 1)
    wanted = [
        np.einsum("btc,tco->bo", (padded[:, 3 * i : 3 * i + 5] - mean) / std, kernel)
        for i in range(40)
    ]
    assert np.allclose(net.stem(x)[:, :, 0], np.stack(wanted, 1), atol=1e-4)


def test_a_stem_longer_than_two_strides_is_a_convolution_too(x):
    shape = Shape("long", 3, 8, (Block((3,), 4),), 2)
    net = build(shape, 1)
    padded = np.concatenate([np.zeros((2, 5, 40), np.float32), x], 1)
    wanted = tf.nn.conv1d(padded, net.stem.kernel, 3, "VALID")
    assert np.allclose(net.stem(x)[:, :, 0], wanted, atol=1e-4)


def test_a_mixed_convolution_equals_split_convolve_and_concatenate(net):
    layer = net.blocks[1].depthwise
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 20, 1, 12)).astype(np.float32)
    kernel = layer.kernel.numpy()
    parts = []
    for taps, channels in ((5, slice(0, 6)), (7, slice(6, 12))):
        part = np.pad(z[..., channels], [(0, 0), (taps - 1, 0), (0, 0), (0, 0)])
        own = kernel[7 - taps :, :, channels]
        parts.append(tf.nn.depthwise_conv2d(part, own, (1, 1, 1, 1), "VALID"))
    assert np.allclose(layer(z), np.concatenate(parts, 3), atol=1e-6)


def test_a_masked_tap_never_learns(net, x):
    layer = net.blocks[1].depthwise
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(x, training=True) ** 2)
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    assert (gradient[layer.mask == 0] == 0).all()
    assert (gradient[layer.mask == 1] != 0).any()


def test_the_head_weighs_the_last_steps(net):
    z = np.random.default_rng(0).normal(size=(2, 20, 1, 12)).astype(np.float32)
    padded = np.pad(z[:, :, 0], [(0, 0), (2, 0), (0, 0)])
    kernel = net.head.kernel.numpy()
    wanted = [np.einsum("btc,tc->b", padded[:, i : i + 3], kernel) for i in range(20)]
    assert np.allclose(net.head(z), np.stack(wanted, 1) + net.head.bias.numpy(), atol=1e-5)


def test_dropout_is_what_the_caller_says(net, x):
    ones = np.ones((2, 1, 12), np.float32)
    assert np.array_equal(net(x, dropout=ones), net(x))
    assert np.allclose(net(x, dropout=0 * ones), net.head.bias.numpy())
    half = ones.copy()
    half[1, :, :6] = 0
    dropped = net(x, dropout=half).numpy()
    assert np.array_equal(dropped[0], net(x).numpy()[0])
    assert not np.allclose(dropped[1], net(x).numpy()[1])


def test_training_normalises_by_the_batch_and_keeps_running_statistics(made_net, x):
    net = made_net("tiny")
    norm = net.stem_norm
    norm.momentum.assign(0.75)
    z = net.stem(x).numpy()
    old = norm.mean.numpy()
    y = norm(z, training=True).numpy()
    scaled = (y - norm.beta.numpy()) / norm.gamma.numpy()
    assert np.allclose(scaled.mean((0, 1, 2)), 0, atol=1e-4)
    assert np.allclose(scaled.std((0, 1, 2)), 1, atol=1e-2)
    assert np.allclose(norm.mean, 0.75 * old + 0.25 * z.mean((0, 1, 2)), atol=1e-4)


def test_the_same_seed_gives_the_same_first_weights():
    one, same, other = (build(SHAPES["tiny"], seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_a_fresh_net_is_undecided_and_every_weight_learns(x):
    for name in ("tiny", "hey_jarvis_residual"):
        net = build(SHAPES[name], 1)
        with tf.GradientTape() as tape:
            logits = net(x, training=True)
            loss = tf.reduce_mean(tf.nn.softplus(logits))
        assert np.abs(logits).max() < 10
        for gradient in tape.gradient(loss, net.trainable_variables):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


@in_half_precision
def test_it_runs_in_mixed_precision(x):
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = build(SHAPES["tiny"], 1)
        logits = net(x, training=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert logits.dtype == tf.float32
    assert np.isfinite(logits).all()
    assert all(variable.dtype == "float32" for variable in net.variables)


def test_cmvn_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="std above 0"):
        build(SHAPES["tiny"], 1, (np.zeros(40), np.zeros(40)))
    with pytest.raises(ValueError, match=r"\[40\]"):
        build(SHAPES["tiny"], 1, (np.zeros(39), 1.0))
