"""A shard: some scenes of one set, as spectrograms with the records they were made from.

with replacing(folder) as part:
    facts = make_shard(part, scene_set, range(0, 128), locate)
features = FeatureSet.open(run, "train")        # all shards of the set, this run's and earlier
"""

import hashlib
import json
import lzma
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import numpy as np

from mwwkit.audio.frontend import FeatureConfig, spectrogram
from mwwkit.device import firmware
from mwwkit.run.checkpoint import finished
from mwwkit.run.paths import Run
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scenes import Scene, scene_from
from mwwkit.scenes.sets import SceneSet
from mwwkit.scenes.store import FeatureStore, Subset, write_shard

_RECORDS = "scenes.jsonl.xz"  # small beside the features: 0.3 kB a scene


def make_shard(
    folder: Path, scenes: SceneSet, numbers: range, locate: Callable[[str], Path]
) -> dict:
    """Draw, render and featurise `numbers` of a set into `folder`; return facts about it."""
    spectrograms, records = [], []
    locate = cache(locate)  # a clip is in many scenes; looking for it costs as much as reading it
    for number in numbers:
        scene = scenes.draw(number)
        spectrograms.append(spectrogram(render(scene, locate)))
        record = {"facts": scenes.facts(number), "ends_s": scene.word_ends()}
        records.append(record | {"scene": scene.as_dict()})
    write_shard(folder, spectrograms, FeatureConfig().fingerprint())
    write_records(folder, records)
    digest = hashlib.sha256()
    for frames in spectrograms:
        digest.update(frames.tobytes())
    n_frames = sum(len(frames) for frames in spectrograms)
    return {"scenes": len(records), "frames": n_frames, "sha256": digest.hexdigest()}


def write_records(folder: Path, records: list[dict]) -> None:
    """Write `facts`, `ends_s` and `scene` of each spectrogram of a shard that is being made."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (folder / _RECORDS).write_bytes(lzma.compress(lines.encode(), preset=3))


def read_records(folder: Path) -> list[dict]:
    """The records of a shard: `facts`, `ends_s` (word ends, seconds) and `scene` of each scene."""
    text = lzma.decompress((folder / _RECORDS).read_bytes()).decode()
    lines = text.split("\n")[:-1]  # splitlines cuts at U+2028 too, which a name may hold
    return [json.loads(line) for line in lines]


class SceneRecords(Sequence):
    """The records that scenes were rendered from, read from their shard when one is asked for.

    A record is 14 kB in memory and 0.4 kB on disk, and training needs none of them.
    """

    def __init__(self, folders: Sequence[Path], lengths: Sequence[int]):
        """Of shards `folders`, that hold `lengths` scenes."""
        self._folders = list(folders)
        self._first = [0, *accumulate(lengths)]
        self._held: tuple[int, list[dict]] = (-1, [])  # one shard, the one last asked for

    def __len__(self) -> int:  # noqa: D105
        return self._first[-1]

    def __getitem__(self, index: int) -> dict:
        """The record of a scene, as `Scene.as_dict` gave it."""
        if not 0 <= index < len(self):
            raise IndexError(f"scene {index} of {len(self)}")
        shard = bisect_right(self._first, index) - 1
        if self._held[0] != shard:
            self._held = shard, [record["scene"] for record in read_records(self._folders[shard])]
        return self._held[1][index - self._first[shard]]


class ChosenRecords(Sequence):
    """Some records of a sequence, read when they are asked for."""

    def __init__(self, records: Sequence[dict], indices: Sequence[int]):
        """Those at `indices`, in that order."""
        self._records, self._indices = records, list(indices)

    def __len__(self) -> int:  # noqa: D105
        return len(self._indices)

    def __getitem__(self, index: int) -> dict:
        """The record of a scene."""
        return self._records[self._indices[index]]


@dataclass(frozen=True)
class FeatureSet:
    """All spectrograms of one set, and what each of them is."""

    store: FeatureStore | Subset
    facts: list[dict]
    ends_s: list[list[float]]  # of each scene: where its wake words end, seconds
    scenes: Sequence[dict]  # the records they were rendered from

    @classmethod
    def open(cls, run: Run, name: str) -> "FeatureSet":
        """The set `name` of 02's output. Raises CheckpointError when 02 has not finished.

        A set that the corpus has no clips for is empty.
        """
        units = [unit for unit in finished(run, "features") if unit.split("/")[0] == name]
        return cls._of([run.find(f"features/{unit}") for unit in units])

    @classmethod
    def of_unit(cls, run: Run, unit: str) -> "FeatureSet":
        """One shard of 02's output, by its unit's name."""
        return cls._of([run.find(f"features/{unit}")])

    @classmethod
    def of_folder(cls, folder: Path) -> "FeatureSet":
        """One shard, by its folder."""
        return cls._of([folder])

    @classmethod
    def _of(cls, folders: list[Path]) -> "FeatureSet":
        facts, ends_s, lengths = [], [], []
        for folder in folders:
            records = read_records(folder)
            facts += [record["facts"] for record in records]
            ends_s += [record["ends_s"] for record in records]
            lengths.append(len(records))
        return cls(FeatureStore(folders), facts, ends_s, SceneRecords(folders, lengths))

    def __len__(self) -> int:  # noqa: D105
        return len(self.store)

    def scene(self, index: int) -> Scene:
        """What a spectrogram was rendered from."""
        return scene_from(self.scenes[index])

    def clip(self, index: int) -> str:
        """The path of the clip that a scene of one clip shows."""
        return self.facts[index]["clip"]

    def condition(self, index: int) -> str | None:
        """Under which condition it is shown; None for a stream."""
        return self.facts[index].get("condition")

    def at(self, indices: Sequence[int]) -> "FeatureSet":
        """Some of its spectrograms, in the order given."""
        facts, ends_s = [self.facts[i] for i in indices], [self.ends_s[i] for i in indices]
        return FeatureSet(
            Subset(self.store, indices), facts, ends_s, ChosenRecords(self.scenes, indices)
        )

    @property
    def hours(self) -> float:
        """The audio behind it."""
        return float(self.store.n_frames.sum()) * firmware.HOP_MS / 3_600_000


def hours_of(run: Run, units: Iterable[str]) -> float:
    """The audio behind shards of 02's output, by their names; none of them is opened.

    Raises CheckpointError when 02 has not finished, FileNotFoundError for a shard out of reach.
    """
    facts, n_frames = finished(run, "features"), 0
    for unit in units:
        run.find(f"features/{unit}")
        n_frames += facts[unit]["frames"]
    return n_frames * firmware.HOP_MS / 3_600_000


def band_statistics(store: FeatureStore) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each band, float64 [40] in 0..26, over a whole store.

    Summed as integers, so the order of shards changes no bit. For CMVN: use training features only.
    No deviation is under one level of the device's grid: a band that is the same in all of them is
    not blown up to billions by what it is divided by, if it moves at home.
    """
    n, total, squares = (
        0,
        np.zeros(firmware.N_BANDS, np.int64),
        np.zeros(firmware.N_BANDS, np.int64),
    )
    for index in range(len(store)):
        frames = store[index].astype(np.int64) - firmware.INPUT_ZERO_POINT
        n += len(frames)
        total += frames.sum(axis=0)
        squares += (frames**2).sum(axis=0)
    mean = total / n
    deviation = np.sqrt(np.maximum(squares / n - mean**2, 1.0))
    return mean * firmware.INPUT_SCALE, deviation * firmware.INPUT_SCALE
