"""A training's history for other programs: a CSV out of the record, and events for TensorBoard.

write_table(run / "training/history.csv", checkpoint.done)
train.run(config, run, limits, on_unit=Events(run / "training/tensorboard", done=()))
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from mwwkit.model.backend import tf
from mwwkit.run.files import replacing

History = Mapping[str, Mapping[str, Any]]

FIRST = ("step", "loss", "gradient_norm", "gradient_norm_highest")
VERSION = "brain.Event:2"  # that a file of events begins with


def scalars(unit: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers and texts of a unit by name, those of its choice among them; lists left out."""
    flat = {"step": int(unit.rpartition("step-")[2])}
    flat |= {n: v for n, v in facts.items() if isinstance(v, int | float | str)}
    choice = facts.get("choice", {})
    return flat | {n: v for n, v in choice.items() if isinstance(v, int | float | str)}


def table(history: History) -> str:
    """A CSV, one row a unit; a cell is empty where the unit has no such number."""
    rows = [{"unit": unit} | scalars(unit, facts) for unit, facts in history.items()]
    others = sorted({name for row in rows for name in row} - {"unit", *FIRST})
    text = io.StringIO()
    writer = csv.DictWriter(text, ["unit", *FIRST, *others], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_table(path: Path, history: History) -> None:
    """Write `table`, unless the file holds it already; the same record is the same bytes."""
    wanted = table(history).encode()
    if not path.exists() or path.read_bytes() != wanted:
        with replacing(path) as part:
            part.write_bytes(wanted)


class Events:
    """Writes the numbers of units to a file of events; call it with the history.

    TensorBoard need not be installed: a file of events is a TFRecord of `Event` messages, both of
    which TensorFlow has. Each session has a file of its own, with the units of that session.
    """

    def __init__(self, folder: Path, done: Collection[str]):
        """Open an events file in `folder`; units in `done` will not be written."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.mwwkit.{os.getpid()}.{time.time_ns()}"
        self._writer = tf.io.TFRecordWriter(str(folder / name))
        self._seen = set(done)
        self._write(file_version=VERSION)

    def _write(self, **content) -> None:
        event = tf.compat.v1.Event(wall_time=time.time(), **content)
        self._writer.write(event.SerializeToString())
        self._writer.flush()

    def __call__(self, history: History) -> None:
        """Write the units that are new in `history`."""
        for unit in sorted(history.keys() - self._seen):
            numbers = scalars(unit, history[unit])
            step = numbers.pop("step")
            values = [
                tf.compat.v1.Summary.Value(tag=name, simple_value=value)
                for name, value in numbers.items()
                if isinstance(value, int | float)
            ]
            self._write(step=step, summary=tf.compat.v1.Summary(value=values))
            self._seen.add(unit)


def both(first: Callable[[dict], None], second: Callable[[dict], None]) -> Callable[[dict], None]:
    """One that is told of every unit, for two."""
    return lambda done: (first(done), second(done)) and None
