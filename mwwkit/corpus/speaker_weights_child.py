"""Child process that makes a voice embedder's published weights into an .npz, without torch.

`python -I speaker_weights_child.py pretrained.pt speakers.npz`

The file is a pickle in PyTorch's older form, and pickles run what they name. So it is read once,
here, in a process of its own, by an unpickler that knows three names and refuses all others: an
ordered dict, a storage of floats, and a tensor as a view of one. What it gives is plain arrays;
everything else in mwwkit reads the .npz.

Form of the file (PyTorch up to 1.5): four pickles (a magic number, the version, the machine's
sizes, the state), the list of storages in the order in which they follow, then each as its count
(int64) and so many float32, little-endian.
"""

import pickle
import sys
from collections import OrderedDict
from typing import BinaryIO

import numpy as np

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
LARGEST = 1 << 24  # floats of one storage: the whole net has 1.4 million
KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
WANTED = (
    *(f"lstm.{kind}_l{n}" for n in range(3) for kind in KINDS),
    "linear.weight",
    "linear.bias",
)


class _View:
    """A tensor before its storage has been read."""

    def __init__(self, storage, offset, size, stride, *_):
        self.of, self.offset, self.size, self.stride = storage, offset, size, stride

    def of_storage(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        """The array, copied out of its storage; ValueError where it does not lie inside."""
        floats = storages[self.of]
        last = self.offset + sum(
            (n - 1) * step for n, step in zip(self.size, self.stride, strict=True)
        )
        if min((self.offset, *self.stride), default=0) < 0 or min(self.size, default=1) < 1:
            raise ValueError(
                f"a tensor has offset {self.offset}, size {self.size}, stride {self.stride}"
            )
        if last >= floats.size:
            raise ValueError(
                f"a tensor of {self.size} ends behind its storage of {floats.size} floats"
            )
        steps = tuple(4 * step for step in self.stride)
        return np.lib.stride_tricks.as_strided(floats[self.offset :], self.size, steps).copy()


class _Unpickler(pickle.Unpickler):
    """Ordered dicts and tensors of float32, nothing else."""

    _ALLOWED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch._utils", "_rebuild_tensor_v2"): _View,
    }

    def find_class(self, module: str, name: str):
        """What a name stands for. Raises UnpicklingError for all but three."""
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the file names {module}.{name}, which is not allowed"
            ) from None

    def persistent_load(self, told):
        """The key of a storage, whose floats follow later."""
        kind, of, key, *_ = told
        if (kind, of) != ("storage", "FloatStorage"):
            raise pickle.UnpicklingError(
                f"the file has a {kind} of {of}; wanted storages of floats"
            )
        return key


def read(file: BinaryIO) -> dict[str, np.ndarray]:
    """The arrays of WANTED. Raises ValueError or UnpicklingError for a file of another form."""
    magic, version = _Unpickler(file).load(), _Unpickler(file).load()
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError("not a file of weights in PyTorch's older form")
    _Unpickler(file).load()
    state, keys = _Unpickler(file).load(), _Unpickler(file).load()
    storages = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        if count > LARGEST:
            raise ValueError(f"a storage of {count:,} floats; wanted {LARGEST:,} at most")
        storages[key] = np.frombuffer(file.read(4 * count), "<f4")
        if storages[key].size != count:
            raise ValueError("the file ends inside its weights; fetch it again")
    views = state["model_state"]
    return {name: views[name].of_storage(storages) for name in WANTED}


def main(source: str, target: str) -> None:
    """Write the weights of `source` to `target`."""
    with open(source, "rb") as file:
        arrays = read(file)
    with open(target, "wb") as file:
        np.savez(file, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
