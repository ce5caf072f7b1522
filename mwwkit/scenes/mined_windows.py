"""What 04 keeps of an event: the stretch of features around it, and its row in the table.

rows = [{"id": "m0000", **window_around(unit, features, index, at_s, n_frames)}]
write_windows(run / "mined/hard", run, rows, n_frames)
write_table(run / TABLE, rows)
"""

import csv
from pathlib import Path

import numpy as np

from mwwkit.audio.frontend import FeatureConfig
from mwwkit.device import firmware
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run
from mwwkit.scenes.shards import FeatureSet, write_records
from mwwkit.scenes.store import write_shard

AT_SHARE = 0.75  # where in its window an event is: what led to it matters more than what follows
COLUMNS = ("id", "score", "clip", "clip_s", "unit", "index", "at_s", "first_frame")


def window_around(unit: str, features: FeatureSet, index: int, at_s: float, n_frames: int) -> dict:
    """The stretch of a stream around an event: its first frame and the word ends inside."""
    at_frame = int(at_s * 1000 / firmware.HOP_MS)
    spare = int(features.store.n_frames[index]) - n_frames
    first = min(max(at_frame - int(AT_SHARE * n_frames), 0), spare)
    first_s = first * firmware.HOP_MS / 1000
    ends_s = [end_s - first_s for end_s in features.ends_s[index] if end_s >= first_s]
    return {"unit": unit, "index": index, "first_frame": first, "ends_s": ends_s}


def write_windows(folder: Path, run: Run, rows: list[dict], n_frames: int) -> None:
    """The windows of all rows as one shard of features."""
    spectrograms, records = [], []
    for row in rows:
        store, first = FeatureSet.of_unit(run, row["unit"]).store, row["first_frame"]
        spectrograms.append(np.array(store[row["index"]][first : first + n_frames]))
        records.append({"facts": {"id": row["id"]}, "ends_s": row["ends_s"], "scene": {}})
    with replacing(folder) as part:
        write_shard(part, spectrograms, FeatureConfig().fingerprint())
        write_records(part, records)


def write_table(path: Path, rows: list[dict]) -> None:
    """The rows as a CSV, the worst first."""
    with replacing(path) as part:
        with part.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
