"""A history as CSV and as events: what a spreadsheet and TensorBoard read back."""

import csv
import io

import pytest

from mwwkit.model.mixednet import tf
from mwwkit.training.history import Events, table, write_table

HISTORY = {
    "step-0000250": {"loss": 1.5, "gradient_norm": 3.0, "gradient_norm_highest": 9.0},
    "step-0000500": {
        "loss": 0.1,
        "gradient_norm": 1.0,
        "gradient_norm_highest": 2.0,
        "choice": {"recall": 0.9, "late": True, "rank": [1.0, 0.0], "note": "1 event, 2 h"},
    },
}


def test_a_row_of_the_table_is_a_unit_and_its_numbers_are_exact():
    first, second = csv.DictReader(io.StringIO(table(HISTORY)))
    assert list(first)[:4] == ["unit", "step", "loss", "gradient_norm"]
    assert (first["step"], first["recall"], second["step"]) == ("250", "", "500")
    assert float(second["loss"]) == 0.1 and float(second["recall"]) == 0.9
    assert second["note"] == "1 event, 2 h" and "rank" not in second


def test_the_order_in_which_facts_were_recorded_changes_no_byte():
    turned = {unit: dict(reversed(facts.items())) for unit, facts in HISTORY.items()}
    assert table(turned) == table(HISTORY)


def test_a_table_that_is_there_already_is_not_written_again(tmp_path):
    path = tmp_path / "t/history.csv"
    write_table(path, HISTORY)
    stamp = path.stat().st_mtime_ns
    write_table(path, HISTORY)
    assert path.stat().st_mtime_ns == stamp
    write_table(path, dict(list(HISTORY.items())[:1]))
    assert len(path.read_text().splitlines()) == 2


def read(folder):
    files = sorted(folder.glob("events.out.tfevents.*"))
    events = []
    for file in files:
        records = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
        events += [tf.compat.v1.Event.FromString(record) for record in records]
    return events


def test_events_are_files_that_tensorboard_knows_with_each_unit_once(tmp_path):
    first = dict(list(HISTORY.items())[:1])
    writer = Events(tmp_path, done=())
    writer(first)
    writer(HISTORY)
    writer(HISTORY)
    version, *events = read(tmp_path)
    assert version.file_version == "brain.Event:2"
    found = {(e.step, v.tag): v.simple_value for e in events for v in e.summary.value}
    assert found[250, "loss"] == 1.5 and found[500, "recall"] == pytest.approx(0.9)
    assert [event.step for event in events] == [250, 500]


def test_a_later_session_writes_only_what_it_made(tmp_path):
    Events(tmp_path, done=list(HISTORY)[:1])(HISTORY)
    assert [event.step for event in read(tmp_path) if event.step] == [500]


def test_tensorboard_itself_reads_them(tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="tensorboard is not installed",
    )
    Events(tmp_path, done=())(HISTORY)
    seen = accumulator.EventAccumulator(str(tmp_path))
    seen.Reload()
    assert [(e.step, e.value) for e in seen.Scalars("loss")] == [
        (250, 1.5),
        (500, pytest.approx(0.1)),
    ]
