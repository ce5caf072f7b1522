"""What computes a training: the CPU, or GPUs. DEVICE decides it for TensorFlow and SpecAugment.

    use("cpu")                                       # before TensorFlow's first operation
    note = another_kind(checkpoint.done, "gpu", begun="cpu")      # "" where nothing changes

Under "cpu" TensorFlow sees no GPU: by itself it would take one where there is one, with all of its
memory. Under "gpu" it has them all, takes memory as it needs it, and is told to give the same bits
each time.  That costs time, since sums must be taken in a fixed order, and TensorFlow promises it
for one kind of GPU, driver and version only.
"""

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

from mwwkit.model.backend import tf
from mwwkit.run.checkpoint import Checkpoint, states
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.paths import Run
from mwwkit.training.spec_augment import array_module

KINDS = ("cpu", "gpu")
FACT = "device"  # of a unit: what it was made on


def needed(device: str) -> None:
    """CannotGoOn where a GPU is asked for that CuPy or TensorFlow does not have."""
    array_module(device)
    if device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise CannotGoOn(
            "device is 'gpu' and CuPy has one, but TensorFlow sees none: install "
            "tensorflow[and-cuda], or use device = 'cpu'"
        )


def use(device: str) -> None:
    """Let TensorFlow compute on the CPU alone, or on its GPUs.

    Raises CannotGoOn where the GPU is absent, and where TensorFlow has begun in another way: it
    cannot be changed any more in this process.
    """
    needed(device)
    if device == "cpu":
        hide("GPU")
    else:
        share_memory()
        tf.config.experimental.enable_op_determinism()


def hide(kind: str) -> None:
    """Keep TensorFlow from using devices of a kind; CannotGoOn where it has begun to."""
    try:
        tf.config.set_visible_devices([], kind)
    except RuntimeError as error:
        raise CannotGoOn(
            f"TensorFlow has begun with {_counted(kind)}, which it cannot leave any more; restart "
            "the kernel and run this stage first, or set DEVICE to what it has"
        ) from error


def share_memory() -> None:
    """Let TensorFlow take a GPU's memory as it needs it; CannotGoOn where it has all of it."""
    gpus = tf.config.get_visible_devices("GPU")
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        raise CannotGoOn(
            "TensorFlow has begun and taken all of a GPU's memory; restart the kernel and run this "
            "stage first"
        ) from error
    if not gpus:
        raise CannotGoOn(
            "device is 'gpu' and TensorFlow was kept from seeing one in this process; restart the "
            "kernel and run this stage first"
        )


def words(device: str) -> str:
    """What a device means here, and what it costs, for the plan."""
    if device == "gpu":
        return (
            f"gpu: {_counted('GPU')}; memory as it is needed, sums in a fixed order, which takes "
            "longer; the same bytes again on the same GPU, driver and TensorFlow alone"
        )
    return "cpu; no GPU is used, even where there is one"


def kind_of(device: str, n_devices: int) -> str:
    """What units of a training record: "cpu", "gpu", or "gpu x2" where two share a batch."""
    return device if n_devices == 1 else f"{device} x{n_devices}"


def begun_on(run: Run, folder: str, device: str) -> str:
    """The device that a stage's checkpoint was begun with, else the one that is given.

    A run may go on on the other kind, with a word about it (`another_kind`): to the checkpoint it
    is the same run.
    """
    begun = (state["settings"].get("device", "cpu") for _, state in states(run, folder))
    return next(begun, device)


def another_kind(
    done: Mapping[str, Mapping[str, Any]], kind: str, begun: str, gpu_here: bool = False
) -> str:
    """That units to come are made on another kind than those that are done; "" where they are not.

    `begun` is the device of the checkpoint, for units that do not say their own. An older mwwkit
    made those on a GPU where there was one, whatever DEVICE said; `gpu_here` is whether this
    machine has one, so that it may have been.
    """
    kinds = Counter(facts.get(FACT, begun) for facts in done.values())
    silent = sum(FACT not in facts for facts in done.values())
    if others := {each: n for each, n in kinds.items() if each != kind}:
        made = ", ".join(f"{n} on {each}" for each, n in sorted(others.items()))
        return (
            f"finished units: {made}; this goes on on {kind}, so the bytes of the weights will "
            "differ from those of a training on one kind"
        )
    if silent and gpu_here:
        return (
            f"finished units: {silent} by an older mwwkit, which trained on a GPU where TensorFlow "
            f"found one, whatever DEVICE said; if it did, the bytes will differ on {kind}"
        )
    return ""


def warn_of_another_kind(checkpoint: Checkpoint, kind: str) -> None:
    """Warn, before work begins, where a checkpoint's units were made on another kind."""
    done, begun = checkpoint.done, checkpoint.settings["device"]
    is_older = any(FACT not in facts for facts in done.values())
    gpu_here = is_older and bool(tf.config.list_physical_devices("GPU"))
    if told := another_kind(done, kind, begun, gpu_here):
        warnings.warn(told, stacklevel=3)


def _counted(kind: str) -> str:
    n = len(tf.config.list_physical_devices(kind))
    return f"{n} {kind}{'s' if n != 1 else ''}"
