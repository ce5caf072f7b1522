"""What a training is computed on, and whether it gives the same bytes again: CPU, or GPU.

    python tests/conformance/processors.py cpu
    python tests/conformance/processors.py gpu          # on a machine with one, and CuPy

Two processes each train a small net and say where its weights lie, what TensorFlow sees, and the
digest of what it became. Exits with 1 unless all lies on the device that was asked for and both
digests are the same. A third, with "gpu", leaves the order of operations free: what it costs.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
STEPS, LEFT_OUT = 60, 20  # all, and those at the start that are not timed


def train(device: str, *, fixed: bool) -> dict:
    """Train here; the facts of it."""
    sys.path[:0] = [str(TESTS), str(TESTS.parent)]
    from listed import learnable

    from mwwkit.model.mixednet import tf
    from mwwkit.model.shapes import SHAPES
    from mwwkit.training import processors
    from mwwkit.training.losses import LossSettings
    from mwwkit.training.trainer import Trainer, TrainingSettings, limit_threads

    processors.use(device)
    if not fixed:
        from tensorflow.python.framework import config

        config.disable_op_determinism()
    limit_threads(1)
    loss = LossSettings(pooling=0.5, triplet=1.0)
    trainer = Trainer(SHAPES["mixed"], TrainingSettings(steps=STEPS), loss, 1, device=device)
    dataset = learnable(n_batch=8)
    trainer.train(dataset, LEFT_OUT)
    began = time.perf_counter()
    trainer.train(dataset, STEPS)
    ms = 1000 * (time.perf_counter() - began) / (STEPS - LEFT_OUT)
    state = trainer.state()
    content = b"".join(state[name].tobytes() for name in sorted(state))
    held = [v.value if hasattr(v, "path") else v for v in trainer._variables().values()]
    return {
        "sees": sorted({each.device_type for each in tf.config.get_visible_devices()}),
        "lies on": sorted({v.device.rpartition("device:")[2] for v in held}),
        "memory grows": [
            tf.config.experimental.get_memory_growth(each)
            for each in tf.config.get_visible_devices("GPU")
        ],
        "digest": hashlib.sha256(content).hexdigest()[:16],
        "ms a step": round(ms, 2),
    }


def in_a_child(device: str, *more: str) -> dict:
    """`train` in a process of its own: what TensorFlow sees is settled once in each."""
    call = [sys.executable, __file__, device, "--here", *more]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    facts = json.loads(done.stdout.splitlines()[-1])
    print(device, *more, facts, flush=True)
    return facts


def main() -> None:
    """Both processes, and the comparison."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("device", choices=("cpu", "gpu"))
    options.add_argument("--here", action="store_true", help="in this process; what children do")
    options.add_argument("--free", action="store_true", help="operations in any order")
    given = options.parse_args()
    if given.here:
        print(json.dumps(train(given.device, fixed=not given.free)))
        return
    first, second = (in_a_child(given.device) for _ in range(2))
    if given.device == "gpu":
        in_a_child("gpu", "--free")
    wanted = [f"{given.device.upper()}:0"]
    is_good = first["lies on"] == second["lies on"] == wanted
    is_good &= ("GPU" in first["sees"]) == (given.device == "gpu") and all(first["memory grows"])
    is_good &= first["digest"] == second["digest"]
    print("good" if is_good else "BAD")
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
