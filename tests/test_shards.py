import json

import numpy as np
import pytest

from mwwkit.audio.frontend import FeatureConfig, spectrogram
from mwwkit.run.checkpoint import Checkpoint, CheckpointError
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scene_drawing import SceneSettings
from mwwkit.scenes.scenes import scene_from
from mwwkit.scenes.sets import clip_set, training_set
from mwwkit.scenes.shards import (
    FeatureSet,
    band_statistics,
    make_shard,
    read_records,
    write_records,
)
from mwwkit.scenes.store import FeatureStore, write_shard


@pytest.fixture(scope="module")
def scenes(material):
    return training_set(material, SceneSettings(seconds=3.0), 8, 42)


def shard(here, unit, scenes, numbers):
    with replacing(here / "features" / unit) as part:
        return make_shard(part, scenes, numbers, here.find)


def test_a_shard_holds_each_scene_s_features_its_word_ends_and_its_record(here, scenes):
    facts = shard(here, "train/000003", scenes, range(3, 7))
    found = FeatureSet.of_unit(here, "train/000003")
    assert facts["scenes"] == len(found) == 4 and facts["frames"] == found.store.n_frames.sum()
    assert found.hours == pytest.approx(4 * 2.98 / 3600)
    for row, number in enumerate(range(3, 7)):
        scene = scenes.draw(number)
        np.testing.assert_array_equal(found.store[row], spectrogram(render(scene, here.find)))
        assert found.ends_s[row] == scene.word_ends()
        again = render(scene_from(found.scenes[row]), here.find)
        np.testing.assert_array_equal(again, render(scene, here.find))


def test_the_same_shard_made_twice_is_the_same_bytes(here, scenes):
    made = []
    for unit in ("train/once", "train/again"):
        facts = shard(here, unit, scenes, range(2))
        files = sorted(f for f in (here / "features" / unit).rglob("*") if f.is_file())
        made.append((facts, [(f.name, f.read_bytes()) for f in files]))
    assert made[0] == made[1]


def test_other_features_have_another_sha256(here, scenes):
    facts = [shard(here, f"train/x{n}", scenes, range(n, n + 1)) for n in (0, 1)]
    assert facts[0]["sha256"] != facts[1]["sha256"]


def test_records_come_back_as_they_were_written(tmp_path):
    records = [{"facts": {"clip": "Zoë\u2028.wav"}, "ends_s": [1.25], "scene": {}}, {"facts": {}}]
    write_records(tmp_path, records)
    assert read_records(tmp_path) == records


def test_a_set_is_all_its_shards_this_run_s_and_earlier_ones(tmp_path, here, material, scenes):
    words = clip_set("test-words", material.positives, material, ("clean",), 42)
    first, second = Run(tmp_path / "first"), Run(tmp_path / "second", (tmp_path / "first",))
    for run, units in (
        (first, {"train/000000": range(2)}),
        (second, {"train/000002": range(2, 5)}),
    ):
        checkpoint = Checkpoint.resume(run, "features", {})
        for unit, numbers in units.items():
            with replacing(run / "features" / unit) as part:
                checkpoint.finish(unit, **make_shard(part, scenes, numbers, here.find))
    with pytest.raises(CheckpointError, match="is not finished"):
        FeatureSet.open(second, "train")
    with replacing(second / "features/test-words/000000") as part:
        facts = make_shard(part, words, range(len(words)), here.find)
        checkpoint.finish("test-words/000000", **facts)
    checkpoint.complete()
    found = FeatureSet.open(second, "train")
    assert len(found) == 5 and found.ends_s == [scenes.draw(n).word_ends() for n in range(5)]
    assert [f["clip"] for f in FeatureSet.open(second, "test-words").facts] == [
        word.path for word in material.positives
    ]
    assert len(FeatureSet.open(second, "test-ambient")) == 0  # nothing was there to make it from


def test_band_statistics_are_those_of_the_real_numbers_behind_the_grid(here, scenes):
    shard(here, "train/all", scenes, range(8))
    store = FeatureStore([here / "features/train/all"])
    frames = np.concatenate([store[i] for i in range(len(store))]).astype(float)
    values = (frames + 128) * 26 / 255
    mean, deviation = band_statistics(store)
    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(deviation, values.std(axis=0), rtol=1e-9)
    assert 0 <= mean.min() and mean.max() <= 26


def test_band_statistics_do_not_depend_on_how_shards_are_cut(here, scenes):
    shard(here, "train/whole", scenes, range(8))
    shard(here, "train/head", scenes, range(5))
    shard(here, "train/tail", scenes, range(5, 8))
    folder = here / "features/train"
    whole = band_statistics(FeatureStore([folder / "whole"]))
    cut = band_statistics(FeatureStore([folder / "tail", folder / "head"]))
    assert json.dumps([v.tolist() for v in whole]) == json.dumps([v.tolist() for v in cut])


def test_a_band_that_never_changes_deviates_by_one_level_of_the_grid(tmp_path):
    frames = np.random.default_rng(1).integers(-128, 128, (60, 40)).astype(np.int8)
    frames[:, 7], frames[:, 8], frames[30:, 8] = -20, -20, -19
    write_shard(tmp_path / "s", [frames], FeatureConfig().fingerprint())
    mean, deviation = band_statistics(FeatureStore([tmp_path / "s"]))
    level = 26 / 255
    np.testing.assert_allclose(mean[7:9], [108 * level, 108.5 * level])
    np.testing.assert_allclose(deviation[7:9], level)
    others = np.delete(frames, [7, 8], 1).astype(np.float64)
    np.testing.assert_allclose(np.delete(deviation, [7, 8]), others.std(0) * level)
