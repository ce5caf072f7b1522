"""The trainer: takes steps, averages weights, and saves and restores its full state.

    trainer = Trainer(shape, TrainingSettings(steps=3000), LossSettings(), seed=42)
    trainer.load(np.load(snapshot))                  # or not
    trainer.train(dataset, until=500)
    averaged = trainer.averaged(dataset)             # EMA weights, batch norm re-estimated

On a CPU a run repeats bit for bit at the same number of threads; one thread and two differ, so the
thread count is a setting that shapes the weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from threadpoolctl import threadpool_limits

from mwwkit.model.backend import tf
from mwwkit.model.shapes import Shape
from mwwkit.run.config_base import Between
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.seeds import rng
from mwwkit.training import processors
from mwwkit.training.batches import Batch, WakeWordDataset
from mwwkit.training.losses import LossSettings
from mwwkit.training.qat import MEMORY
from mwwkit.training.schedule import TrainingSettings
from mwwkit.training.spec_augment import Draws, array_module, augment
from mwwkit.training.stepper import EMA, Stepper

if TYPE_CHECKING:
    from mwwkit.model.mixednet import MixedNet

__all__ = ["EMA", "Threads", "Trainer", "TrainingSettings", "limit_threads", "net_of", "weights_of"]

Threads = Annotated[int, Between(1, 64)]  # of TensorFlow, for `limit_threads`


def limit_threads(threads: int) -> None:
    """Let TensorFlow and NumPy's BLAS use `threads` threads inside an operation.

    Raises RuntimeError when TensorFlow has started with another number: the count shapes the
    weights' last bits, so it is not left to chance.
    """
    config = tf.config.threading
    try:
        if config.get_intra_op_parallelism_threads() != threads:
            config.set_intra_op_parallelism_threads(threads)
            config.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise CannotGoOn(
            f"TensorFlow is already running with other than {threads} threads; restart the "
            "kernel and run this stage first, or set THREADS to what it has"
        ) from error
    threadpool_limits(threads)  # a BLAS thread that waits spins, and doubles the CPU time


class Trainer:
    """A net, its optimiser, its average and its step counter."""

    def __init__(
        self,
        shape: Shape,
        settings: TrainingSettings,
        loss: LossSettings,
        seed: int,
        *,
        cmvn: tuple[np.ndarray, np.ndarray] | None = None,
        device: str = "cpu",
        teacher: Callable | None = None,
        make: Callable[..., MixedNet] | None = None,
    ):
        """Fresh weights of `seed`. Raises RuntimeError where a GPU is asked for and absent.

        `make` gives the net of a shape, a seed and CMVN.

        `teacher` takes the augmented features [batch, frames, 40] inside the step, and gives the
        logits [batch, steps] that distillation wants, for batches that bring none themselves.
        """
        self.shape, self.settings, self.loss = shape, settings, loss
        self.seed, self.cmvn = seed, cmvn
        processors.needed(device)
        self.xp = array_module(device)
        self._make = lambda: (make or _mixednet)(shape, seed, cmvn)
        self.stepper = Stepper(self._make, settings, teacher)
        self.net, self.optimizer = self.stepper.net, self.stepper.optimizer
        self.ema = self.stepper.ema
        self.kind = processors.kind_of(device, self.stepper.devices.n)
        self.step = 0
        self.seconds = {"loading": 0.0, "augmentation": 0.0, "step": 0.0}
        self._statistics_step = tf.function(
            lambda features: self._average_net(features, training=True), autograph=False
        )
        self._average_net: MixedNet | None = None

    def train(self, dataset: WakeWordDataset, until: int, on_step=lambda: None) -> dict:
        """Take steps up to `until`; return their mean loss, and the gradient's norm.

        The norm is that before clipping, its mean and its highest; steps that float16 skipped,
        because their gradient overflowed, are left out of both and counted.

        Raises FloatingPointError as soon as the loss is not a number, with what to try.
        """
        losses, norms = [], []
        for batch, features in self._ahead(dataset, range(self.step, until)):
            if self.settings.qat_steps and self.step == self.settings.float_steps:
                self._begin_rounding(dataset)
            started = time.perf_counter()
            loss, norm = self._take(batch, features)
            losses.append(float(loss))
            norms.append(float(norm))
            self.step += 1
            self.seconds["step"] += time.perf_counter() - started
            if not np.isfinite(losses[-1]):
                rate = self.settings.rate_at(self.step - 1)
                raise FloatingPointError(
                    f"the loss is {losses[-1]} at step {self.step}; try a third of the learning "
                    f"rate ({max(rate, self.settings.learning_rate) / 3:.2g}) in a new RUN_DIR"
                )
            on_step()
        return _summary(losses, norms, count_skipped=self.stepper.scales)

    def _take(self, batch: Batch, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step: its loss and its gradient's norm."""
        stage, loss = self.settings.stage_at(self.step), self.loss
        if stage:
            loss = replace(loss, negative_weight=stage.negative_weight)
        parts = {"features": features, "dropout": tf.constant(self._dropout(len(batch.labels)))}
        if batch.soft_labels is not None:
            parts["soft_labels"] = tf.constant(batch.soft_labels)
        self.optimizer.learning_rate.assign(self.settings.rate_at(self.step))
        return self.stepper.take(
            loss,
            tf.constant(batch.labels),
            tf.constant(batch.penalty),
            tf.constant(self.settings.decay_at(self.step), tf.float32),
            parts,
            rounded=self._is_rounded(self.step),
        )

    def _is_rounded(self, step: int) -> bool:
        return bool(self.settings.qat_steps) and step >= self.settings.float_steps

    def _begin_rounding(self, dataset: WakeWordDataset) -> None:
        """Start the int8-rounded steps: from averaged weights, with measured activation ranges."""
        for variable, value in zip(
            self.net.variables, self.averaged(dataset).variables, strict=True
        ):
            variable.assign(value)
        quantised = self.stepper.quantised
        for number, features in self._statistics_batches(dataset):
            quantised.momentum.assign(number / (number + 1))
            quantised(features, training=True)
        quantised.momentum.assign(MEMORY)

    def _statistics_batches(self, dataset: WakeWordDataset) -> Iterator[tuple[int, tf.Tensor]]:
        """Numbered batches that no training step uses, the same at each evaluation."""
        numbers = range(-1, -1 - self.settings.statistics_batches, -1)
        seconds = dict(self.seconds)  # what is spent here is the evaluation's
        for number, (_, features) in enumerate(self._ahead(dataset, numbers)):
            yield number, features
        self.seconds = seconds

    def _ahead(self, dataset: WakeWordDataset, numbers: range) -> Iterator[tuple[Batch, tf.Tensor]]:
        """Batches and their augmented features, each made while the one before is worked on.

        A thread of its own makes them, from their numbers alone, so when it does changes nothing.
        What is counted is the time that was waited for it.
        """

        def prepare(number: int):
            began = time.perf_counter()
            batch = dataset.batch(number)
            loaded = time.perf_counter()
            features = self._augmented(batch, dataset.draws(number))
            return batch, features, loaded - began, time.perf_counter() - loaded

        with ThreadPoolExecutor(1) as thread:
            coming = None
            for number in numbers:
                started = time.perf_counter()
                batch, features, loading, augmenting = (
                    coming or thread.submit(prepare, number)
                ).result()
                coming = (
                    thread.submit(prepare, number + numbers.step) if number != numbers[-1] else None
                )
                waited = (time.perf_counter() - started) / (loading + augmenting)
                self.seconds["loading"] += waited * loading
                self.seconds["augmentation"] += waited * augmenting
                yield batch, features

    def _augmented(self, batch: Batch, draws: Draws) -> tf.Tensor:
        features = augment(self.xp, batch.features, draws)
        if self.xp is np:
            return tf.convert_to_tensor(features)
        # TensorFlow does not wait for CuPy's stream by itself.
        self.xp.cuda.get_current_stream().synchronize()
        return tf.experimental.dlpack.from_dlpack(features.__dlpack__())

    def _dropout(self, n_batch: int) -> np.ndarray:
        """float32 [batch, 1, channels] of 0 and 1 / kept: whole channels, as the head sees them."""
        kept = 1 - self.settings.dropout
        draw = rng(self.seed, "dropout", self.step)
        mask = draw.random((n_batch, 1, self.shape.widths()[-1])) < kept
        return (mask / kept).astype(np.float32)

    def averaged(self, dataset: WakeWordDataset) -> MixedNet:
        """The net with averaged weights, its batch-norm statistics re-estimated with them.

        The statistics of the running weights do not fit the averaged ones; the plain mean over
        some augmented batches does. Steps that feel rounding leave the statistics alone.
        """
        if self._average_net is None:
            self._average_net = self._make()
        net = self._average_net
        if self._is_rounded(self.step - 1):
            for variable, value in zip(net.variables, self.net.variables, strict=True):
                variable.assign(value)
        for variable, value in zip(net.trainable_variables, self.ema.values, strict=True):
            variable.assign(value)
        if self._is_rounded(self.step - 1):
            return net
        momenta = [v for v in net.non_trainable_variables if v.name == "momentum"]
        for number, features in self._statistics_batches(dataset):
            for momentum in momenta:
                momentum.assign(number / (number + 1))
            self._statistics_step(features)
        return net

    def _variables(self) -> dict:
        groups = {"net": self.net.variables, "optimizer": self.optimizer.variables}
        if self.stepper.quantised:
            groups["ranges"] = self.stepper.quantised.variables
        named = {f"{g}/{i:03d}": v for g, vs in groups.items() for i, v in enumerate(vs)}
        return named | {f"ema/{i:03d}": v for i, v in enumerate(self.ema.values)}

    def start_from(self, net: MixedNet) -> None:
        """Take over a trained net's weights, to fine-tune them."""
        for variable, value in zip(self.net.variables, net.variables, strict=True):
            variable.assign(value)
        for average, value in zip(self.ema.values, net.trainable_variables, strict=True):
            average.assign(value)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next step depends on, as arrays."""
        arrays = {n: _array(v) for n, v in self._variables().items()}
        return arrays | {"step": np.array(self.step)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a `state`. Raises ValueError when it is of another net or optimiser."""
        variables = self._variables()
        missing = sorted({*variables, "step"} ^ set(state))
        if missing:
            raise WrongInput(f"the snapshot does not fit this net: {missing[0]} is in one only")
        for name, variable in variables.items():
            if tuple(variable.shape) != state[name].shape:
                raise WrongInput(
                    f"the snapshot's {name} is {state[name].shape}; wanted {tuple(variable.shape)}"
                )
            variable.assign(state[name])
        self.step = int(state["step"])


def _summary(losses: list[float], norms: list[float], *, count_skipped: bool) -> dict:
    """Mean loss and gradient norms of a unit's steps."""
    finite = [norm for norm in norms if np.isfinite(norm)]
    facts = {
        "loss": float(np.mean(losses)),
        "gradient_norm": float(np.mean(finite)) if finite else 0.0,
        "gradient_norm_highest": max(finite, default=0.0),
    }
    return facts | ({"steps_skipped": len(norms) - len(finite)} if count_skipped else {})


def _array(variable) -> np.ndarray:
    return np.asarray(tf.convert_to_tensor(variable).numpy())


def weights_of(net: MixedNet) -> dict[str, np.ndarray]:
    """A net's weights as arrays, in the order of its variables."""
    return {f"net/{i:03d}": _array(v) for i, v in enumerate(net.variables)}


def net_of(
    weights: dict[str, np.ndarray], shape: Shape, cmvn: tuple[np.ndarray, np.ndarray] | None = None
) -> MixedNet:
    """The net of `weights_of`. Raises ValueError when they are of another shape."""
    net = _mixednet(shape, 0, cmvn)
    names = sorted(n for n in weights if n.startswith("net/"))
    sizes = [tuple(weights[n].shape) for n in names]
    sizes_of_net = [tuple(v.shape) for v in net.variables]
    if sizes != sizes_of_net:
        raise WrongInput(
            f"the weights are not those of {shape.name}; train again or name their shape"
        )
    for name, variable in zip(names, net.variables, strict=True):
        variable.assign(weights[name])
    return net


def _mixednet(shape: Shape, seed: int, cmvn: tuple[np.ndarray, np.ndarray] | None) -> MixedNet:
    from mwwkit.model.mixednet import build  # TensorFlow

    return build(shape, seed, cmvn)
