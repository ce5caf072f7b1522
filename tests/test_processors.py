"""DEVICE decides what computes: proven by where TensorFlow puts a training, on logical devices.

No GPU is needed, and none is claimed for: what runs here is all that a processor without one can
show. Which devices TensorFlow may use is settled before it begins, so each case is its own process.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from forking import finish, start
from listed import ONE_BLOCK, learnable

from mwwkit.model.mixednet import tf
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.training import processors
from mwwkit.training.losses import LossSettings
from mwwkit.training.teacher import TeacherShape, build_teacher
from mwwkit.training.trainer import Trainer, TrainingSettings, limit_threads


def child(answer: Path) -> None:
    """With two logical CPUs: another place to be than the one it is given.

    `test_replicas` shares it out.
    """
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    processors.use("cpu")
    tf.config.experimental.enable_op_determinism()  # as for a GPU
    limit_threads(1)
    dataset = learnable()

    def trainer(loss, shape, **how):
        return Trainer(shape, TrainingSettings(steps=20, warmup_steps=3), loss, 1, **how)

    def places(made):
        held = [v.value if hasattr(v, "path") else v for v in made._variables().values()]
        return sorted({v.device.rpartition("device:")[2] for v in held})

    def again_the_same(made):
        first, ends = made.state(), []
        for _ in range(2):
            made.load(first)
            made.train(dataset, 2)
            ends.append(made.state())
        return all(np.array_equal(ends[0][name], ends[1][name]) for name in first)

    made = trainer(LossSettings(pooling=0.5, triplet=1.0), ONE_BLOCK)
    teacher = trainer(LossSettings(), TeacherShape(8, 1), make=build_teacher)
    found = {"same": again_the_same(made), "places": [places(made), places(teacher)]}
    found["kinds"] = [made.kind, teacher.kind]
    found["visible"] = sorted({d.device_type for d in tf.config.get_visible_devices()})
    processors.use("cpu")  # what it has already, it may have again
    try:
        processors.hide("CPU")
    except RuntimeError as error:
        found["late"] = str(error)
    answer.write_text(json.dumps(found))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    answer = tmp_path_factory.mktemp("processors") / "found.json"
    finish(start(child, answer))
    return json.loads(answer.read_text())


def test_on_the_cpu_all_of_a_training_lies_on_it_a_teachers_too(found):
    assert found["visible"] == ["CPU"]
    assert found["places"] == [["CPU:0"], ["CPU:0"]] and found["kinds"] == ["cpu", "cpu"]


def test_with_operations_in_a_fixed_order_no_step_is_refused_and_again_gives_the_same(found):
    assert found["same"] is True


def test_what_tensorflow_has_begun_with_it_cannot_be_kept_from(found):
    assert "TensorFlow has begun with 1 CPU, which it cannot leave any more" in found["late"]
    assert "restart the kernel" in found["late"]


def test_the_cpu_is_said_and_a_gpu_with_what_it_costs():
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees a GPU here")
    assert processors.words("cpu") == "cpu; no GPU is used, even where there is one"
    assert "0 GPUs; memory as it is needed, sums in a fixed order" in processors.words("gpu")
    with pytest.raises(RuntimeError, match="was kept from seeing one in this process"):
        processors.share_memory()


def test_a_unit_says_what_it_was_made_on():
    assert [processors.kind_of("gpu", n) for n in (1, 2)] == ["gpu", "gpu x2"]


@pytest.mark.parametrize(
    ("done", "kind", "gpu_here", "told"),
    [
        ({}, "gpu", True, ""),
        ({"a": {"device": "cpu"}}, "cpu", True, ""),
        (
            {"a": {"device": "cpu"}},
            "gpu",
            True,
            "finished units: 1 on cpu; this goes on on gpu, so the bytes",
        ),
        (
            {"a": {"device": "cpu"}, "b": {"device": "gpu x2"}, "c": {"device": "gpu"}},
            "gpu",
            True,
            "finished units: 1 on cpu, 1 on gpu x2; this goes on on gpu",
        ),
        ({"a": {}}, "cpu", False, ""),
        (
            {"a": {}},
            "cpu",
            True,
            "finished units: 1 by an older mwwkit, which trained on a GPU where",
        ),
        ({"a": {}}, "gpu", True, "finished units: 1 on cpu; this goes on on gpu"),
    ],
)
def test_going_on_on_another_kind_is_told(done, kind, gpu_here, told):
    said = processors.another_kind(done, kind, "cpu", gpu_here)
    assert said.startswith(told) and bool(said) == bool(told)
    assert not said or "bytes" in said and "differ" in said


def test_a_checkpoint_is_gone_on_with_on_the_other_kind(tmp_path):
    run = Run(tmp_path)
    assert processors.begun_on(run, "training", "gpu") == "gpu"
    state = {"settings": {"device": "cpu"}, "done": {}, "complete": None}
    write_json(run / "training/checkpoint.json", state)
    assert processors.begun_on(run, "training", "gpu") == "cpu"
    write_json(run / "tuned/checkpoint.json", state | {"settings": {}})  # 04 had no such setting
    assert processors.begun_on(run, "tuned", "gpu") == "cpu"
