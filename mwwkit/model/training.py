"""The training loop: steps whose state can be saved after any of them and gone on from.

    trainer = Trainer(shape, TrainingSettings(steps=3000), LossSettings(), seed=42)
    trainer.load(np.load(snapshot))                  # or not
    trainer.train(dataset, until=500)
    averaged = trainer.averaged(dataset)             # EMA weights, batch norm re-estimated

On a CPU a run repeats bit for bit at the same number of threads; one thread and two differ, so the
thread count is a setting that shapes the weights.
"""

import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from mwwkit.model.batches import Batch, WakeWordDataset
from mwwkit.model.losses import LossSettings, scene_loss
from mwwkit.model.mixednet import MixedNet, Shape, build, keras, tf
from mwwkit.model.spec_augment import Draws, array_module, augment
from mwwkit.random import rng


@dataclass(frozen=True)
class TrainingSettings:
    """How the weights are found: AdamW, warm-up, cosine to nothing, averaged weights."""

    steps: int = 3000
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    weight_decay: float = 1e-3
    clip_norm: float = 5.0
    dropout: float = 0.1
    ema_decay: float = 0.999
    ema_decay_late: float = 0.9995  # in the last fifth
    statistics_batches: int = 30  # that batch norm is re-estimated from, with the averaged weights

    def __post_init__(self) -> None:  # noqa: D105
        for name in ("steps", "statistics_batches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; wanted at least 1")
        if self.warmup_steps < 0 or not self.weight_decay >= 0:
            raise ValueError("warmup_steps and weight_decay must be 0 or more")
        if not self.clip_norm > 0:
            raise ValueError(f"clip_norm is {self.clip_norm}; wanted more than 0, as 5")
        if not 0 < self.learning_rate <= 1:
            raise ValueError(f"learning_rate is {self.learning_rate}; wanted 0 to 1, as 0.003")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; wanted 0 to less than 1")
        if not (0 <= self.ema_decay < 1 and 0 <= self.ema_decay_late < 1):
            raise ValueError("ema_decay and ema_decay_late must be 0 to less than 1")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: a linear warm-up, then half a cosine."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)
        return self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * min(done, 1.0))))

    def decay_at(self, step: int) -> float:
        """The averaged weights' decay: short while they are young, long at the end."""
        late = step >= 0.8 * self.steps
        return min((1 + step) / (10 + step), self.ema_decay_late if late else self.ema_decay)


class EMA:
    """An exponential moving average of variables, kept as variables."""

    def __init__(self, variables: list):
        """Start at the variables' present values."""
        self.of = list(variables)
        self.values = [tf.Variable(tf.convert_to_tensor(v), trainable=False) for v in self.of]

    def update(self, decay: tf.Tensor) -> None:
        """One step: average = decay * average + (1 - decay) * variable."""
        for average, variable in zip(self.values, self.of, strict=True):
            average.assign(decay * average + (1 - decay) * tf.convert_to_tensor(variable))


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
        raise RuntimeError(
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
    ):
        """Fresh weights of `seed`. Raises RuntimeError where a GPU is asked for and absent."""
        self.shape, self.settings, self.loss, self.seed, self.cmvn = (
            shape,
            settings,
            loss,
            seed,
            cmvn,
        )
        self.xp = array_module(device)
        if self.xp is not np and not tf.config.list_physical_devices("GPU"):
            raise RuntimeError(
                "device is 'gpu' and CuPy has one, but TensorFlow sees none: install "
                "tensorflow[and-cuda], or use device = 'cpu'"
            )
        self.net = build(shape, seed, cmvn)
        self.optimizer = keras.optimizers.AdamW(
            settings.learning_rate,
            weight_decay=settings.weight_decay,
            global_clipnorm=settings.clip_norm,
        )
        self.optimizer.build(self.net.trainable_variables)
        self.ema = EMA(self.net.trainable_variables)
        self.step = 0
        self.seconds = {"loading": 0.0, "augmentation": 0.0, "step": 0.0}
        self._train_step = tf.function(self._step)
        self._statistics_step = tf.function(
            lambda features: self._average_net(features, training=True)
        )
        self._average_net: MixedNet | None = None

    def _step(self, features, labels, penalty, dropout, decay):
        with tf.GradientTape() as tape:
            logits = self.net(features, dropout=dropout, training=True)
            loss = scene_loss(logits, labels, penalty, self.loss)
        variables = self.net.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply(gradients, variables)
        self.ema.update(decay)
        return loss, tf.linalg.global_norm(gradients)

    def train(self, dataset: WakeWordDataset, until: int, on_step=lambda: None) -> dict:
        """Take steps up to `until`; return their mean loss and gradient norm.

        Raises FloatingPointError as soon as the loss is not a number, with what to try.
        """
        losses, norms = [], []
        while self.step < until:
            started = time.perf_counter()
            batch = dataset.batch(self.step)
            loaded = time.perf_counter()
            features = self._augmented(batch, dataset.draws(self.step))
            augmented = time.perf_counter()
            self.optimizer.learning_rate.assign(self.settings.rate_at(self.step))
            loss, norm = self._train_step(
                features,
                tf.constant(batch.labels),
                tf.constant(batch.penalty),
                tf.constant(self._dropout(len(batch.labels))),
                tf.constant(self.settings.decay_at(self.step), tf.float32),
            )
            losses.append(float(loss))
            norms.append(float(norm))
            self.step += 1
            self._spent(started, loaded, augmented, time.perf_counter())
            if not np.isfinite(losses[-1]):
                raise FloatingPointError(
                    f"the loss is {losses[-1]} at step {self.step}; try a third of the learning "
                    f"rate ({self.settings.learning_rate / 3:.2g}) in a new RUN_DIR"
                )
            on_step()
        return {"loss": float(np.mean(losses)), "gradient_norm": float(np.mean(norms))}

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

    def _spent(self, started: float, loaded: float, augmented: float, ended: float) -> None:
        self.seconds["loading"] += loaded - started
        self.seconds["augmentation"] += augmented - loaded
        self.seconds["step"] += ended - augmented

    def averaged(self, dataset: WakeWordDataset) -> MixedNet:
        """The net with averaged weights, its batch-norm statistics re-estimated with them.

        The statistics of the running weights do not fit the averaged ones; the plain mean over
        some augmented batches does.
        """
        if self._average_net is None:
            self._average_net = build(self.shape, self.seed, self.cmvn)
        net = self._average_net
        for variable, value in zip(net.trainable_variables, self.ema.values, strict=True):
            variable.assign(value)
        momenta = [v for v in net.non_trainable_variables if v.name == "momentum"]
        for number in range(self.settings.statistics_batches):
            for momentum in momenta:
                momentum.assign(number / (number + 1))
            # Batches of their own, the same at every evaluation and never a step's.
            at = -1 - number
            self._statistics_step(self._augmented(dataset.batch(at), dataset.draws(at)))
        return net

    def _variables(self) -> dict:
        groups = {"net": self.net.variables, "optimizer": self.optimizer.variables}
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
            raise ValueError(f"the snapshot does not fit this net: {missing[0]} is in one only")
        for name, variable in variables.items():
            if tuple(variable.shape) != state[name].shape:
                raise ValueError(
                    f"the snapshot's {name} is {state[name].shape}; wanted {tuple(variable.shape)}"
                )
            variable.assign(state[name])
        self.step = int(state["step"])


def _array(variable) -> np.ndarray:
    return np.asarray(tf.convert_to_tensor(variable).numpy())


def weights_of(net: MixedNet) -> dict[str, np.ndarray]:
    """A net's weights as arrays, in the order of its variables."""
    return {f"net/{i:03d}": _array(v) for i, v in enumerate(net.variables)}


def net_of(
    weights: dict[str, np.ndarray], shape: Shape, cmvn: tuple[np.ndarray, np.ndarray] | None = None
) -> MixedNet:
    """The net of `weights_of`. Raises ValueError when they are of another shape."""
    net = build(shape, 0, cmvn)
    names = sorted(n for n in weights if n.startswith("net/"))
    found = [tuple(weights[n].shape) for n in names]
    wanted = [tuple(v.shape) for v in net.variables]
    if found != wanted:
        raise ValueError(
            f"the weights are not those of {shape.name}; train again or name their shape"
        )
    for name, variable in zip(names, net.variables, strict=True):
        variable.assign(weights[name])
    return net
