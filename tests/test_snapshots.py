"""Arrays on disk: the same bytes for the same arrays, and a damaged file named, not a traceback."""

import numpy as np
import pytest

from mwwkit.training.snapshots import SnapshotError, load_arrays, save_arrays

ARRAYS = {"net/000": np.arange(600, dtype=np.float32).reshape(20, 30), "step": np.array(7)}


def test_arrays_come_back_as_they_were(tmp_path):
    save_arrays(tmp_path / "a.npz", ARRAYS)
    loaded = load_arrays(tmp_path / "a.npz")
    assert set(loaded) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_the_same_arrays_are_the_same_bytes(tmp_path):
    for name in "ab":
        save_arrays(tmp_path / name / "w.npz", ARRAYS)
    assert (tmp_path / "a/w.npz").read_bytes() == (tmp_path / "b/w.npz").read_bytes()


def cut(data):
    return data[: len(data) // 2]


def flipped(data):
    return data[:900] + bytes([data[900] ^ 1]) + data[901:]


@pytest.mark.parametrize(
    "damage",
    [cut, flipped, lambda data: b"", lambda data: b"no archive", lambda data: bytes(len(data))],
    ids=["cut", "one bit", "empty", "text", "zeros"],
)
def test_a_file_that_is_not_as_it_was_written_is_named(tmp_path, damage):
    path = tmp_path / "w.npz"
    save_arrays(path, ARRAYS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SnapshotError, match=f"{path} is damaged"):
        load_arrays(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "w.npz", odd=np.array([{"a": 1}], dtype=object))
    with pytest.raises(SnapshotError, match="is damaged"):
        load_arrays(tmp_path / "w.npz")


def test_a_file_that_is_not_there_is_another_matter(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_arrays(tmp_path / "none.npz")
