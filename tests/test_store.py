import shutil

import numpy as np
import pytest
from mmap_ninja import RaggedMmap
from small_run import tree

from mwwkit.audio.frontend import FeatureConfig, MicroFrontend, quantise
from mwwkit.scenes.store import (
    FeatureStore,
    FeatureStoreError,
    Subset,
    read_npy_folder,
    write_shard,
)

PRINT = FeatureConfig().fingerprint()


def raw_features(seed, frames):
    pcm = np.random.default_rng(seed).integers(-3000, 3000, (frames + 2) * 160).astype(np.int16)
    return MicroFrontend().process(pcm)


@pytest.fixture(scope="module")
def raw():
    return [raw_features(seed, frames) for seed, frames in ((1, 30), (2, 1), (3, 217))]


@pytest.fixture
def shard(tmp_path, raw):
    write_shard(tmp_path / "shard", [quantise(frames) for frames in raw], PRINT)
    return tmp_path / "shard"


def test_a_shard_gives_back_what_was_written(shard, raw):
    store = FeatureStore([shard])
    assert len(store) == 3 and store.n_frames.tolist() == [30, 1, 217]
    for index, frames in enumerate(raw):
        np.testing.assert_array_equal(store[index], quantise(frames))
        assert store[index].dtype == np.int8


def test_mmap_ninja_itself_opens_our_shard(shard, raw):
    theirs = RaggedMmap(shard)
    assert len(theirs) == 3
    for index, frames in enumerate(raw):
        np.testing.assert_array_equal(theirs[index], quantise(frames))


@pytest.mark.parametrize("turn", [quantise, lambda frames: frames], ids=["int8", "uint16"])
def test_a_shard_is_what_mmap_ninja_writes_byte_for_byte(tmp_path, raw, turn):
    write_shard(tmp_path / "ours", [turn(frames) for frames in raw], PRINT)
    RaggedMmap.from_lists(tmp_path / "theirs", [turn(frames) for frames in raw])
    (tmp_path / "ours/features.json").unlink()
    assert tree(tmp_path / "ours") == tree(tmp_path / "theirs")


@pytest.mark.parametrize("kind", ["uint16 raw", "float32 of the reference trainer", "int8"])
def test_a_folder_that_mmap_ninja_made_is_brought_to_the_device_s_grid(tmp_path, raw, kind):
    turn = {
        "uint16 raw": lambda frames: frames,
        "float32 of the reference trainer": lambda frames: (frames * (10 / 256)).astype(np.float32),
        "int8": quantise,
    }[kind]
    RaggedMmap.from_lists(tmp_path / "theirs", [turn(frames) for frames in raw])
    store = FeatureStore([tmp_path / "theirs"])
    for index, frames in enumerate(raw):
        np.testing.assert_array_equal(store[index], quantise(frames))


def test_every_float_of_the_reference_trainer_lands_on_its_own_step(tmp_path):
    raw = np.arange(65_520, dtype=np.uint16).reshape(-1, 40)
    RaggedMmap.from_lists(tmp_path / "all", [(raw * (10 / 256)).astype(np.float32)])
    np.testing.assert_array_equal(FeatureStore([tmp_path / "all"])[0], quantise(raw))


def test_shards_join_to_one_sequence_in_the_order_given(tmp_path, raw):
    grids = [quantise(frames) for frames in raw]
    write_shard(tmp_path / "a", grids[:2], PRINT)
    write_shard(tmp_path / "b", grids[2:], PRINT)
    store = FeatureStore([tmp_path / "b", tmp_path / "a"])
    assert store.n_frames.tolist() == [217, 30, 1]
    for index, frames in enumerate([grids[2], grids[0], grids[1]]):
        np.testing.assert_array_equal(store[index], frames)
    for index in (3, -1):
        with pytest.raises(IndexError, match=f"spectrogram {index} of 3"):
            store[index]
    assert len(FeatureStore([])) == 0


def test_shards_of_different_front_ends_are_not_mixed(tmp_path, raw, shard):
    write_shard(tmp_path / "other", [quantise(raw[0])], PRINT | {"front_end": "another 3"})
    with pytest.raises(FeatureStoreError, match="different front ends.*shard.*other"):
        FeatureStore([shard, tmp_path / "other"])


@pytest.mark.parametrize("name", ["data.ninja", "starts/data.ninja", "ends/data.ninja"])
@pytest.mark.parametrize("missing", [1, 40, 4000])
def test_a_shard_that_is_cut_off_is_named(shard, name, missing):
    data = (shard / name).read_bytes()
    (shard / name).write_bytes(data[: max(len(data) - missing, 0)])
    with pytest.raises(FeatureStoreError, match="shard is cut off"):
        FeatureStore([shard])


def test_a_folder_that_is_no_shard_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FeatureStoreError, match="empty is no feature shard; run 02_featurize"):
        FeatureStore([tmp_path / "empty"])
    assert not any((tmp_path / "empty").iterdir())


def test_a_folder_of_other_features_is_refused_with_its_shape(tmp_path):
    RaggedMmap.from_lists(tmp_path / "mfcc", [np.zeros((10, 13), np.float32)])
    with pytest.raises(FeatureStoreError, match=r"mfcc holds \(10, 13\); wanted \[frames, 40\]"):
        FeatureStore([tmp_path / "mfcc"])


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 2560.0])
def test_floats_that_no_front_end_makes_are_refused(tmp_path, value):
    RaggedMmap.from_lists(tmp_path / "x", [np.full((3, 40), value, np.float32)])
    with pytest.raises(FeatureStoreError, match="x holds floats that no front end makes"):
        FeatureStore([tmp_path / "x"])[0]


@pytest.mark.parametrize(
    "spectrograms",
    [
        [],
        [np.zeros((0, 40), np.int8)],
        [np.zeros((5, 39), np.int8)],
        [np.zeros(40, np.int8)],
        [np.zeros((5, 40), np.float32)],
        [np.zeros((5, 40), np.int8), np.zeros((5, 40), np.uint16)],
    ],
)
def test_only_spectrograms_of_one_integer_type_make_a_shard(tmp_path, spectrograms):
    with pytest.raises(FeatureStoreError, match="wanted|at least one"):
        write_shard(tmp_path / "shard", spectrograms, PRINT)
    assert not (tmp_path / "shard").exists()


def test_a_scene_of_3_2_s_takes_at_most_13_kb(tmp_path):
    grid = quantise(raw_features(1, 318))
    write_shard(tmp_path / "shard", [grid] * 100, PRINT)
    assert sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file()) / 100 <= 13_000


def test_gathering_copies_the_first_frames_of_each(shard, raw):
    out = np.full((2, 20, 40), 99, np.int8)
    FeatureStore([shard]).gather(np.array([2, 0]), out)
    np.testing.assert_array_equal(out[0], quantise(raw[2])[:20])
    np.testing.assert_array_equal(out[1], quantise(raw[0])[:20])


@pytest.mark.parametrize("index", [0, 1])  # 30 frames, and one, which would fit any shape
def test_gathering_more_frames_than_there_are_is_an_error(shard, index):
    with pytest.raises(ValueError):
        FeatureStore([shard]).gather(np.array([index]), np.zeros((1, 31, 40), np.int8))


def test_a_subset_is_a_store_of_its_own(shard, raw):
    subset = Subset(FeatureStore([shard]), [2, 0, 2])
    assert len(subset) == 3 and subset.n_frames.tolist() == [217, 30, 217]
    np.testing.assert_array_equal(subset[1], quantise(raw[0]))
    out = subset.gather(np.array([1, 2]), np.zeros((2, 30, 40), np.int8))
    np.testing.assert_array_equal(out[0], quantise(raw[0]))
    np.testing.assert_array_equal(out[1], quantise(raw[2])[:30])
    assert Subset(FeatureStore([shard]), []).n_frames.size == 0


def npy_folder(tmp_path, **arrays):
    folder = tmp_path / "npy"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def test_precomputed_spectrograms_are_read_in_order_of_their_names(tmp_path, raw):
    folder = npy_folder(tmp_path, b=raw[0], a=quantise(raw[1]), c=(raw[2] / 25.6).astype("f4"))
    arrays = read_npy_folder(folder)
    for found, wanted in zip(arrays, (raw[1], raw[0], raw[2]), strict=True):
        np.testing.assert_array_equal(found, quantise(wanted))


def test_a_precomputed_spectrogram_of_another_form_is_named(tmp_path, raw):
    for wrong, told in (
        (np.zeros((5, 13), np.int8), r"b.npy is \(5, 13\); wanted \[frames, 40\]"),
        (np.zeros(40, np.int8), r"b.npy is \(40,\)"),
        (np.zeros((5, 40), np.int64), "b.npy holds int64"),
    ):
        with pytest.raises(FeatureStoreError, match=told):
            read_npy_folder(npy_folder(tmp_path, a=raw[0], b=wrong))
    with pytest.raises(FeatureStoreError, match="npy holds no .npy files"):
        read_npy_folder(npy_folder(tmp_path))


def test_a_pickle_is_never_opened(tmp_path):
    folder = npy_folder(tmp_path)
    np.save(folder / "a.npy", np.array([{"run": "me"}], object), allow_pickle=True)
    with pytest.raises(FeatureStoreError, match="a.npy is no array"):
        read_npy_folder(folder)
    (folder / "a.npy").write_text("not an array at all")
    with pytest.raises(FeatureStoreError, match="a.npy is no array"):
        read_npy_folder(folder)
