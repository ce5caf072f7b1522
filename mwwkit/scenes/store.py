"""Spectrograms of many lengths on disk: whole shards in mmap_ninja's ragged format.

    write_shard(part, spectrograms, FeatureConfig().fingerprint())
    store = FeatureStore([shard, ...])
    store[7]                                        # int8 [frames, 40], straight from the map

A folder that mmap_ninja alone wrote (raw uint16 or the float features of the reference trainer)
opens too and is brought to the device's int8 grid as it is read.
"""

import struct
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmap_ninja import RaggedMmap

from mwwkit.audio.frontend import FeatureConfig, quantise
from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, write_json

__all__ = ["FeatureStore", "FeatureStoreError", "RaggedMmap", "write_shard"]

# mmap_ninja marks a folder valid before its data is in it: shards are written aside and renamed.
_MARK = "shapes_are_flat.ninja"
_FACTS = "features.json"


class FeatureStoreError(WrongInput):
    """A folder that is no feature shard, or shards that must not be mixed."""


def write_shard(folder: Path, spectrograms: Sequence[np.ndarray], fingerprint: dict) -> None:
    """Write int8 or uint16 spectrograms [frames, 40] into `folder`, which is being made.

    Call it inside `files.replacing`. Raises FeatureStoreError for another type or shape.
    """
    if not spectrograms:
        raise FeatureStoreError(f"{folder}: a shard needs at least one spectrogram")
    for index, frames in enumerate(spectrograms):
        if frames.ndim != 2 or frames.shape[1] != firmware.N_BANDS or not len(frames):
            raise FeatureStoreError(
                f"spectrogram {index} is {frames.shape}; wanted [frames, {firmware.N_BANDS}]"
            )
        if frames.dtype != spectrograms[0].dtype or frames.dtype not in (np.int8, np.uint16):
            raise FeatureStoreError(
                f"spectrogram {index} is {frames.dtype}; wanted one integer type"
            )
    _write_ragged(folder, spectrograms)
    write_json(folder / _FACTS, fingerprint)


def _write_ragged(folder: Path, arrays: Sequence[np.ndarray]) -> None:
    """What `RaggedMmap.from_lists` writes, byte for byte, by plain writes.

    It writes through a map: on a disk that fills up the process then dies of SIGBUS, where a plain
    write raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shapes = [np.array(array.shape) for array in arrays]
    lengths = np.array([array.size for array in arrays], np.int64)
    ends = np.cumsum(lengths)
    are_flat = all(array.ndim == 1 for array in arrays)
    _write_array(folder / "starts", ends - lengths)
    _write_array(folder / "ends", ends)
    (folder / _MARK).write_bytes(struct.pack("<i", are_flat))
    if are_flat:
        _write_array(folder / "shapes", np.array(shapes))
    else:
        _write_ragged(folder / "shapes", shapes)
    _write_array(folder / "flattened_shapes", lengths)
    _write_array(folder, *(array.ravel() for array in arrays))
    (folder / "type.ninja").write_bytes(b"ragged")


def _write_array(folder: Path, *parts: np.ndarray) -> None:
    """One array of parts of a type, end to end, which are never in memory as one."""
    folder.mkdir(exist_ok=True)
    with open(folder / "data.ninja", "wb") as file:
        for part in parts:
            file.write(part.data)
    shape = sum(map(len, parts)), *parts[0].shape[1:]
    (folder / "type.ninja").write_bytes(b"numpy")
    (folder / "dtype.ninja").write_bytes(parts[0].dtype.name.encode())
    (folder / "shape.ninja").write_bytes(struct.pack(f"<{len(shape)}Q", *shape))
    (folder / "order.ninja").write_bytes(b"C")


def read_npy_folder(folder: Path) -> list[np.ndarray]:
    """Precomputed spectrograms, one `.npy` [frames, 40] each, in order of their names.

    Raises FeatureStoreError that names the first file of another shape or type.
    """
    paths = sorted(folder.glob("*.npy"))
    if not paths:
        raise FeatureStoreError(f"{folder} holds no .npy files")
    arrays = []
    for path in paths:
        try:
            array = np.load(path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise FeatureStoreError(f"{path} is no array, or cut off ({error})") from error
        if array.ndim != 2 or array.shape[1] != firmware.N_BANDS:
            raise FeatureStoreError(f"{path} is {array.shape}; wanted [frames, {firmware.N_BANDS}]")
        arrays.append(to_grid(array, path))
    return arrays


def to_grid(frames: np.ndarray, where: Path) -> np.ndarray:
    """Convert spectrograms (int8, raw uint16 or float 0..26) to the device's int8 values.

    Raises FeatureStoreError for another type, or floats outside the front end's range.
    """
    if frames.dtype == np.int8:
        return frames
    if frames.dtype == np.uint16:
        return quantise(frames)
    if frames.dtype in (np.float32, np.float64):
        if frames.size and not (
            np.isfinite(frames).all() and 0 <= frames.min() and frames.max() < 2560
        ):
            raise FeatureStoreError(
                f"{where} holds floats that no front end makes; wanted the micro front end's, raw "
                "or as 0 to 26: run 02_featurize on the audio"
            )
        return quantise(np.rint(frames * 25.6).astype(np.uint16))  # raw * 10/256
    raise FeatureStoreError(f"{where} holds {frames.dtype}; wanted int8, uint16 or float32")


class FeatureStore:
    """The spectrograms of several shards, as one sequence, read when they are asked for."""

    def __init__(self, folders: Sequence[Path]):
        """Open `folders` in order; FeatureStoreError for a bad one or a mix of front ends."""
        self.folders = [Path(folder) for folder in folders]
        shards = [self._open(folder) for folder in self.folders]
        prints = {str(f): read_json(f / _FACTS) for f in self.folders if (f / _FACTS).exists()}
        different = {str(sorted(p.items())): f for f, p in prints.items()}
        if len(different) > 1:
            raise FeatureStoreError(
                f"made by different front ends, so not to be mixed: {', '.join(different.values())}"
                "; make all of them again by one 02_featurize"
            )
        for folder, front_end in prints.items():
            _refuse_foreign(folder, front_end)
        lengths = [len(shard) for shard in shards]
        self._first = np.concatenate([[0], np.cumsum(lengths)]).astype(int).tolist()
        frames = [np.asarray(s.flattened_shapes) // firmware.N_BANDS for s in shards]
        self.n_frames = np.concatenate(frames) if frames else np.zeros(0, int)  # [spectrograms]
        # Plain views [frames, 40] of the maps, and the starts in memory: np.memmap and the ragged
        # map cost a training batch four times what copying its frames does.
        self._frames = [s.memmap.view(np.ndarray).reshape(-1, firmware.N_BANDS) for s in shards]
        self._starts = [(np.asarray(s.starts) // firmware.N_BANDS).tolist() for s in shards]

    @staticmethod
    def _open(folder: Path) -> RaggedMmap:
        if not (folder / _MARK).exists():
            raise FeatureStoreError(f"{folder} is no feature shard; run 02_featurize again")
        try:
            shard = RaggedMmap(folder)
        except (ValueError, FileNotFoundError) as error:  # NumPy's, of a map longer than its file
            raise FeatureStoreError(
                f"{folder} is cut off: {error}; delete it and run 02_featurize again"
            ) from error
        if len(shard) and shard[0].shape[-1] != firmware.N_BANDS:
            raise FeatureStoreError(
                f"{folder} holds {shard[0].shape}; wanted [frames, {firmware.N_BANDS}] of the "
                "micro front end: run 02_featurize on the audio"
            )
        return shard

    def __len__(self) -> int:  # noqa: D105
        return self._first[-1]

    def __getitem__(self, index: int) -> np.ndarray:
        """int8 [frames, 40]."""
        if not 0 <= index < len(self):
            raise IndexError(f"spectrogram {index} of {len(self)}")
        shard = bisect_right(self._first, index) - 1
        start = self._starts[shard][index - self._first[shard]]
        frames = self._frames[shard][start : start + int(self.n_frames[index])]
        return to_grid(frames, self.folders[shard])

    def gather(self, indices: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Copy the first `frames` of spectrograms into `out`, int8 [len(indices), frames, 40].

        Raises FeatureStoreError for one that has fewer.
        """
        for row, index in enumerate(indices):
            frames = self[int(index)][: out.shape[1]]
            if len(frames) < out.shape[1]:  # NumPy would repeat a single frame
                raise FeatureStoreError(
                    f"spectrogram {index} has {len(frames)} frames; wanted {out.shape[1]}"
                )
            out[row] = frames
        return out


def _refuse_foreign(folder: str, front_end: dict) -> None:
    """FeatureStoreError for features that the device does not compute, whoever made them."""
    ours = FeatureConfig().fingerprint()
    other = [name for name in ours if name != "front_end" and front_end.get(name) != ours[name]]
    if other:
        differences = ", ".join(
            f"{name} {front_end.get(name)!r}, not {ours[name]!r}" for name in other
        )
        raise FeatureStoreError(
            f"{folder} was made by a front end that is not the device's ({differences}); "
            "delete it and run 02_featurize again"
        )


class Subset:
    """Some spectrograms of a store, as a sequence like it."""

    def __init__(self, store: FeatureStore, indices: Sequence[int]):
        """Those at `indices`, in that order."""
        self._store, self._indices = store, list(indices)
        self.n_frames = store.n_frames[self._indices]

    def __len__(self) -> int:  # noqa: D105
        return len(self._indices)

    def __getitem__(self, index: int) -> np.ndarray:
        """int8 [frames, 40]."""
        return self._store[self._indices[index]]

    def gather(self, indices: np.ndarray, out: np.ndarray) -> np.ndarray:
        """See `FeatureStore.gather`."""
        return self._store.gather(np.array(self._indices)[indices], out)
