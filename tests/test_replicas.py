"""Two devices that share each batch take the steps that one takes with the whole of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from forking import finish, start
from listed import ONE_BLOCK, learnable
from varied import HALF_CRASHES, THREADS, in_half_precision, seed

from mwwkit.model.mixednet import tf
from mwwkit.training import processors, replicas
from mwwkit.training.losses import LossSettings
from mwwkit.training.spec_augment import SpecAugment
from mwwkit.training.trainer import Trainer, TrainingSettings, limit_threads

CASES = {
    "clipped": [{"pooling": 0.5, "triplet": 1.0}, {"clip_norm": 0.05}],
}
if not HALF_CRASHES:
    CASES["scaled"] = [{}, {"precision": "float16"}]


def child(answer: Path) -> None:
    """In a process of its own: TensorFlow splits its CPU before it starts, or not at all."""
    processors.hide("GPU")
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    limit_threads(THREADS)
    dataset, found = learnable(augment=SpecAugment()), {}

    def trainer(n, loss, settings):
        short = {"steps": 20, "warmup_steps": 3, "statistics_batches": 2, "replicas": n}
        given = TrainingSettings(**short | settings), LossSettings(**loss), seed(1)
        return Trainer(ONE_BLOCK, *given)

    def furthest(one, other, group):
        return max(float(np.abs(one[k] - other[k]).max()) for k in one if k.startswith(group))

    for name, case in CASES.items():
        one, two = (trainer(n, *case) for n in (1, 2))
        for made in (one, two):
            if made.stepper.scales:  # no step is left out: where one overflows is the machine's
                made.optimizer.dynamic_scale.assign(2.0**8)
        first = one.state()
        told = [made.train(dataset, 5) for made in (one, two)]
        apart = [furthest(one.state(), two.state(), group) for group in ("net", "ema")]
        moved = furthest(first, one.state(), "net")
        found[name] = {"told": told, "apart": apart, "moved": moved}
        parts = [getattr(v, "values", [v]) for made in (one, two) for v in made.ema.values]
        found["places"] = sorted({"+".join(part.device[-5:] for part in each) for each in parts})
        found["kinds"] = [made.kind for made in (one, two)]
        if name == "clipped":
            again = trainer(2, *case)
            again.load(two.state())
            for made in (two, again):
                made.train(dataset, 6)
            found[name]["same"] = furthest(two.state(), again.state(), "") == 0
    try:
        two.train(learnable(n_batch=3), 9)
    except ValueError as error:
        found["odd"] = str(error)
    answer.write_text(json.dumps(found))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    answer = tmp_path_factory.mktemp("replicas") / "found.json"
    finish(start(child, answer))
    return json.loads(answer.read_text())


def test_two_devices_take_the_same_steps_as_one(found):
    """To rounding: sums over a batch are taken in another order, which steps of Adam widen."""
    one, two = found["clipped"]["told"]
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
    assert two["gradient_norm"] == pytest.approx(one["gradient_norm"], rel=1e-3)
    assert found["clipped"]["moved"] > 0.1
    assert max(found["clipped"]["apart"]) < 1e-5


def test_each_of_two_devices_holds_the_net_and_a_unit_says_so(found):
    assert found["places"] == ["CPU:0", "CPU:0+CPU:1"]
    assert found["kinds"] == ["cpu", "cpu x2"]


@in_half_precision
def test_two_devices_in_float16_are_near_one(found):
    one, two = found["scaled"]["told"]
    assert two["steps_skipped"] == one["steps_skipped"] == 0
    assert two["loss"] == pytest.approx(one["loss"], rel=0.02)


def test_two_devices_go_on_from_a_state_to_the_same_bits(found):
    assert found["clipped"]["same"]


def test_a_batch_that_two_cannot_share_is_refused(found):
    assert "a batch of 3 cannot be shared by 2 devices; make batch a multiple of 2" in found["odd"]


def test_devices_that_are_not_there_are_refused_with_what_to_do():
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees a GPU here")
    for n in (0, 2):
        with pytest.raises(RuntimeError, match=f"replicas is {n} and TensorFlow sees 0 devices"):
            replicas.names(n)
    assert replicas.names(1) == []
