"""A training step on one device, or on several that share its batch, to the same result.

Several devices are a `tf.distribute.MirroredStrategy`. The loss has means and a hardest share over
the whole batch, so logits are gathered from all devices before it; batch norm takes its statistics
over all (`layers.Norm`), and every device then takes the same step.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache

from mwwkit.model.backend import tf
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.training import processors


def n_devices(device: str, wanted: int) -> int:
    """Devices that share a batch, for which TensorFlow is loaded; CannotGoOn if they are absent."""
    processors.needed(device)
    if wanted == 1:
        return 1
    processors.use(device)  # which says whether there are GPUs to share it
    return len(names(wanted))


class One:
    """One device: nothing to split, nothing to gather."""

    n = 1

    def scope(self):
        """A context to make variables in."""
        return nullcontext()

    def split(self, values: list) -> list:
        """The part of each array [batch, ...] that each device gets."""
        return values

    def run(self, function, *args):
        """Call it on each device; the results of the first."""
        return function(*args)

    def gathered(self, value):
        """[part of the batch, ...] of this device -> [batch, ...] of all."""
        return value

    def clipped(self, gradients: list, limit) -> tuple:
        """Gradients to hand to the optimiser, which clips them itself; their norm before that."""
        return gradients, tf.linalg.global_norm(gradients)


class Several(One):
    """Devices that each hold the net, and take an equal part of every batch."""

    def __init__(self, devices: list[str]):
        """Of devices such as "GPU:0"."""
        self.n = len(devices)
        self.strategy = tf.distribute.MirroredStrategy(devices)

    def scope(self):
        """A context to make variables in."""
        return self.strategy.scope()

    def split(self, values: list) -> list:
        """The part of each array [batch, ...] that each device gets."""

        def part(value, number: int):
            size, over = divmod(value.shape[0], self.n)
            if over:
                raise WrongInput(
                    f"a batch of {value.shape[0]} cannot be shared by {self.n} devices; make batch "
                    f"a multiple of {self.n}"
                )
            return value[number * size : (number + 1) * size]

        return [
            self.strategy.experimental_distribute_values_from_function(
                lambda context, value=value: part(value, context.replica_id_in_sync_group)
            )
            for value in values
        ]

    def run(self, function, *args):
        """Call it on each device; the results of the first, as all have the same."""
        results = self.strategy.run(function, args)
        return tuple(self.strategy.experimental_local_results(result)[0] for result in results)

    def gathered(self, value):
        """[part of the batch, ...] of this device -> [batch, ...] of all."""
        whole = tf.distribute.get_replica_context().all_gather(value, 0)
        return tf.ensure_shape(whole, [None, *value.shape[1:]])  # it forgets what it knew

    def clipped(self, gradients: list, limit) -> tuple:
        """Gradients to hand to the optimiser, and their norm before they were clipped.

        Every device computes the loss of the whole batch, so the mean over devices is its gradient.
        Keras clips before it sums over devices; so they are clipped here, and it gets a part each.
        """
        context = tf.distribute.get_replica_context()
        whole = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        whole, norm = tf.clip_by_global_norm(whole, limit)
        return [gradient / self.n for gradient in whole], norm


def names(n: int) -> list[str]:
    """The devices for a step: for 1 none, which is TensorFlow's own choice; for 0 every GPU
    that TensorFlow may use (`processors.use`).

    Logical CPU devices serve where there is no GPU and the process was given several. Raises
    RuntimeError where there are fewer than asked for. Starts nothing in TensorFlow.
    """
    if n == 1:
        return []
    devices = [f"GPU:{i}" for i, _ in enumerate(tf.config.get_visible_devices("GPU"))]
    if not devices and n:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = tf.config.get_logical_device_configuration(cpu) or []
        devices = [f"CPU:{i}" for i, _ in enumerate(parts)]
    if len(devices) < max(n, 1):
        raise CannotGoOn(
            f"replicas is {n} and TensorFlow sees {len(devices)} devices to share a batch; use a "
            "machine with as many GPUs and device = 'gpu', or replicas = 1"
        )
    return devices[:n] if n else devices


def devices(n: int) -> One:
    """A `One` or `Several` for `n` replicas; RuntimeError if there are too few devices."""
    device_names = tuple(names(n))
    return _several(device_names) if len(device_names) > 1 else One()


@cache  # a second strategy of a process takes the numbers of the first one's collective operations
def _several(device_names: tuple[str, ...]) -> Several:
    return Several(list(device_names))
