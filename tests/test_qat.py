"""Training under the int8 file's rounding: it is that rounding, and the file suffers less of it."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from listed import ONE_BLOCK, learnable
from scipy.special import expit
from varied import seed

from mwwkit.device import firmware
from mwwkit.device.detector import Rule
from mwwkit.device.flatbuffer import Graph
from mwwkit.device.simulator import Device
from mwwkit.esphome import gate
from mwwkit.evaluation.net_forms import compare, int8_tracks, whole_tracks
from mwwkit.metrics.operating_points import PerSet
from mwwkit.model import streaming
from mwwkit.model.mixednet import tf
from mwwkit.model.shapes import SHAPES
from mwwkit.training.evaluator import headroom, int8_model
from mwwkit.training.losses import LossSettings
from mwwkit.training.qat import MEMORY, Quantised, on_levels
from mwwkit.training.schedule import QAT_DECAY
from mwwkit.training.spec_augment import SpecAugment
from mwwkit.training.trainer import Trainer, TrainingSettings, net_of, weights_of

TINY = SHAPES["tiny"]
LAYERS = {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD"}


def ranges_of(model: bytes) -> tuple[list[tuple[float, float]], float]:
    """Of a .tflite: lowest and highest of each layer's output, in order; the logit's level."""
    root = schema.ModelT.InitFromPackedBuf(model, 0)
    main, found, level = root.subgraphs[0], [], 0.0
    for op, name in zip(main.operators, Graph(model).ops[0], strict=True):
        if name not in {*LAYERS, "FULLY_CONNECTED"}:
            continue
        grid = main.tensors[op.outputs[0]].quantization
        scale, zero = float(grid.scale[0]), int(grid.zeroPoint[0])
        if name in LAYERS:
            found.append((scale * (-128 - zero), scale * (127 - zero)))
        else:
            level = scale
    return found, level


def names_of(net) -> list[str]:
    """The activations in the order of the graph; of a residual block the sum is last."""
    names = ["stem"]
    for i, block in enumerate(net.blocks):
        names += [f"block{i}.depthwise", *([f"block{i}.pointwise"] * block.residual), f"block{i}"]
    return names


@pytest.mark.parametrize("name", ["tiny", "hey_jarvis_residual"])
def test_with_the_ranges_of_the_file_the_net_computes_what_the_file_does(
    made_net, feature_like, as_floats, name
):
    net = made_net(name)
    calibration = as_floats(feature_like(2, 1800))
    model = streaming.to_int8(streaming.fold(net), net.shape, [calibration])
    quantised = Quantised(net)
    found, level = ranges_of(model)
    for activation, ends in zip(names_of(net), found, strict=True):
        quantised.ranges[activation].assign(ends)
    features = feature_like(25, 900)
    x = as_floats(features)[None]
    device = Device(model).scores(features) / 256
    rounded = expit(np.rint(quantised(x)[0] / level) * level)
    from_float = np.abs(expit(net(x)[0]) - device).mean()
    from_rounded = np.abs(rounded - device).mean()
    # In a deep net one rounding the other way, which float sums can cause, is followed by others.
    assert from_rounded < (0.2 if name == "tiny" else 0.6) * from_float


def test_the_ranges_are_those_that_the_converter_finds(made_net, feature_like, as_floats):
    net = made_net("tiny")
    calibration = as_floats(feature_like(2, 1800))
    found, _ = ranges_of(streaming.to_int8(streaming.fold(net), net.shape, [calibration]))
    quantised = Quantised(net)
    quantised.momentum.assign(0.0)
    quantised(calibration[None], training=True)
    mine = np.array([quantised.ranges[name] for name in names_of(net)])
    # The converter has seen one more step, both ends of the input's range.
    np.testing.assert_allclose(mine, np.array(found), atol=0.05 * np.ptp(found))


def test_the_ranges_follow_slowly_and_only_in_training(made_net, feature_like, as_floats):
    quantised = Quantised(made_net("tiny"))
    x = as_floats(feature_like(2, 300))[None]
    quantised.momentum.assign(0.0)
    quantised(x, training=True)
    before = quantised.ranges["stem"].numpy()
    quantised.momentum.assign(MEMORY)
    quantised(0.5 * x)
    np.testing.assert_array_equal(quantised.ranges["stem"], before)
    quantised(0.5 * x, training=True)
    after = quantised.ranges["stem"].numpy()
    assert MEMORY * before[1] <= after[1] < before[1]


def test_weights_have_255_levels_a_channel_and_gradients_pass(made_net, feature_like, as_floats):
    net = made_net("tiny")
    quantised = Quantised(net)
    x = as_floats(feature_like(2, 300))[None]
    quantised.momentum.assign(0.0)
    quantised(x, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(quantised(x) ** 2)
    with tf.GradientTape() as exact:
        wanted = tf.reduce_mean(net(x) ** 2)
    for variable, rounded, plain in zip(
        net.trainable_variables,
        tape.gradient(loss, net.trainable_variables),
        exact.gradient(wanted, net.trainable_variables),
        strict=True,
    ):
        rounded, plain = rounded.numpy().ravel(), plain.numpy().ravel()
        cosine = rounded @ plain / (np.linalg.norm(rounded) * np.linalg.norm(plain))
        assert cosine > 0.9, variable.path


def per_channel(x, low, high):
    ends = tf.fill(x.shape[-1:], low), tf.fill(x.shape[-1:], high)
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(x, *ends, narrow_range=True)


@pytest.mark.parametrize("rounded", [tf.quantization.fake_quant_with_min_max_vars, per_channel])
@pytest.mark.parametrize("low, high", [(-0.7, 1.3), (0.0, 1e-6), (-4.0, 0.01), (0.0, 26.0)])
def test_the_gradient_of_rounding_has_the_bits_of_tensorflows_own(rounded, low, high):
    draw = np.random.default_rng(3)
    ends = rounded(tf.constant([-1e9, 1e9]), low, high).numpy()  # where levels begin and end
    near = [np.nextafter(ends, np.float32(to)) for to in (-1e9, 1e9)]
    x = np.concatenate([draw.normal(0, high, 30), ends, *near, [low, high]]).astype(np.float32)
    upstream = draw.normal(size=(2, len(x))).astype(np.float32) * [[1], [-0.0]]
    found = []
    for op in (rounded, lambda *args: on_levels(rounded, *args)):
        batch = tf.Variable(np.stack([x, x]))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(op(batch, low, high) * tf.constant(upstream, tf.float32))
        found.append((loss.numpy(), tape.gradient(loss, batch).numpy()))
    (loss, wanted), (mine, gradient) = found
    assert mine == loss and gradient.tobytes() == wanted.tobytes()
    assert 0 < np.count_nonzero(gradient[0]) < len(x)  # some are out of range


def test_no_operation_of_a_rounded_step_refuses_to_give_the_same_bits_on_a_gpu(made_net):
    quantised = Quantised(made_net("tiny"))

    @tf.function(autograph=False)
    def gradient(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(quantised(x, training=True) ** 2)
        return tape.gradient(loss, quantised.net.trainable_variables)

    graph = gradient.get_concrete_function(tf.TensorSpec([1, 300, 40])).graph
    names = {op.type for op in graph.get_operations()}
    assert any(name.startswith("FakeQuant") for name in names)
    assert not [name for name in names if "FakeQuant" in name and name.endswith("Gradient")]


# Training


@pytest.fixture(scope="module")
def dataset():
    return learnable(augment=SpecAugment())


@pytest.fixture(scope="module")
def calibration(dataset):
    return [dataset.sources[0].spectrograms[i] for i in range(20)]


@pytest.fixture(scope="module")
def gap(calibration):
    """A measurer of nets: the int8 file, and how far it is from the float net on other scenes."""
    others = learnable(seed=6).sources[0].spectrograms

    def measure(net):
        model = int8_model(net, TINY, calibration)
        streams = [others[i] for i in range(40)]
        whole = whole_tracks(net, streams, headroom(net, calibration))
        stepped = int8_tracks(Device(model), streams)
        return model, compare(PerSet(stepped), PerSet(whole), Rule(0.5, 1))

    return measure


def settings(steps=80, **given):
    return TrainingSettings(
        **{"steps": steps, "warmup_steps": 5, "learning_rate": 1e-2, "statistics_batches": 3}
        | given
    )


def outlying(dataset, usual_seed):
    """A trained net, some channels of which are 32 times as large as they need to be.

    What reads them is as much smaller: the same function in float, and five of eight bits are lost
    for all others that share their scale.
    """
    trainer = Trainer(TINY, settings(60), LossSettings(), seed(usual_seed))
    trainer.train(dataset, 60)
    net = net_of(weights_of(trainer.averaged(dataset)), TINY)
    for norm, block in zip([net.stem_norm, net.blocks[0].norm], net.blocks, strict=True):
        factor = np.where(np.arange(norm.gamma.shape[0]) % 4 == 0, 32.0, 1.0).astype(np.float32)
        norm.gamma.assign(norm.gamma * factor)
        norm.beta.assign(norm.beta * factor)
        block.depthwise.kernel.assign(block.depthwise.kernel / factor[:, None])
    return net


def trained_on(net, dataset, qat_steps):
    given = settings(60, learning_rate=1e-3, warmup_steps=0, qat_steps=qat_steps)
    trainer = Trainer(TINY, given, LossSettings(), seed(1))
    trainer.start_from(net)
    trainer.train(dataset, 60)
    return trainer.averaged(dataset)


def test_it_makes_the_int8_gap_smaller_and_the_graph_stays_the_devices(dataset, gap):
    # Of three nets together: one in some twenty has nothing to lose by its larger channels.
    nets = [outlying(dataset, usual_seed) for usual_seed in (1, 2, 3)]
    without = [gap(trained_on(net, dataset, 0))[1].mean_difference for net in nets]
    models, after = zip(*(gap(trained_on(net, dataset, 59)) for net in nets), strict=True)
    assert sum(one.mean_difference for one in after) < sum(without)
    model = models[0]
    ops = {op for subgraph in Graph(model).ops for op in subgraph}
    assert ops <= firmware.OPS
    assert not gate.inspect(model)


def test_stopped_and_loaded_it_ends_with_the_same_bits(dataset):
    whole, cut, again = (
        Trainer(ONE_BLOCK, settings(12, qat_steps=6), LossSettings(), seed(1)) for _ in range(3)
    )
    whole.train(dataset, 12)
    for stop in (6, 9):  # before the first rounded step, and between two
        cut.train(dataset, stop)
        cut.averaged(dataset)
        again.load(cut.state())
        again.train(dataset, 12)
        one, other = whole.state(), again.state()
        assert one.keys() == other.keys() and any(name.startswith("ranges/") for name in one)
        for name in one:
            assert one[name].tobytes() == other[name].tobytes(), (stop, name)
    ends = zip(whole.averaged(dataset).variables, again.averaged(dataset).variables, strict=True)
    assert all(np.array_equal(a, b) for a, b in ends)


def test_it_goes_on_from_the_averaged_net_with_its_statistics(dataset):
    made = Trainer(ONE_BLOCK, settings(20, qat_steps=5), LossSettings(), seed(1))
    made.train(dataset, 15)
    averaged = weights_of(made.averaged(dataset))
    made.train(dataset, 16)
    assert made.stepper.quantised.ranges["stem"].numpy()[1] > 0
    named = zip(averaged.values(), made.net.variables, strict=True)
    for before, variable in named:
        if variable.name in ("mean", "variance"):
            np.testing.assert_array_equal(before, variable)
        elif variable.name != "momentum":
            assert np.abs(before - variable).max() <= 1.01e-2  # one step of Adam at this rate
    shipped = made.averaged(dataset)
    for average, variable in zip(made.ema.values, shipped.trainable_variables, strict=True):
        np.testing.assert_array_equal(average, variable)


def test_without_it_nothing_of_it_is_in_the_state():
    made = Trainer(ONE_BLOCK, settings(), LossSettings(), seed(1))
    assert not any(name.startswith("ranges/") for name in made.state())


def test_the_average_is_young_again_when_rounding_begins():
    given = TrainingSettings(steps=5000, qat_steps=1000)
    plain = TrainingSettings(steps=5000)
    assert all(given.decay_at(n) == plain.decay_at(n) for n in (0, 500, 3999))
    assert given.decay_at(4000) == pytest.approx(0.1)
    assert given.decay_at(4999) == QAT_DECAY < plain.decay_at(4999)


@pytest.mark.parametrize("steps", [-1, 100, 200])
def test_rounded_steps_that_cannot_be_are_refused(steps):
    with pytest.raises(ValueError, match=f"qat_steps is {steps}; wanted 0 .off. to less than"):
        TrainingSettings(steps=100, qat_steps=steps)
