"""What 02 hands over: labels of scenes and of windows, CMVN, the net that was chosen."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from listed import Listed

from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.config_base import Before
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import inputs
from mwwkit.stages.inputs import (
    augmentation,
    band_normalisation,
    chosen_net,
    dataset_of,
    labels_of,
    trained_with,
    validation_evaluator,
)
from mwwkit.training.evaluator import to_float_features
from mwwkit.training.labels import IGNORED, LabelSettings, label_steps
from mwwkit.training.losses import LossSettings
from mwwkit.training.trainer import weights_of


@pytest.fixture(scope="module")
def scenes(featured):
    return FeatureSet.open(featured, "train")


def made(facts, ends_s, n_frames=300):
    store = Listed(np.zeros((len(facts), n_frames, 40), np.int8))
    store.n_frames = np.full(len(facts), n_frames)
    return FeatureSet(store, facts, ends_s, [{}] * len(facts))


def test_a_scenes_labels_follow_its_words(scenes):
    labels = labels_of(scenes, LabelSettings())
    assert labels.shape == (120, 99) and labels.dtype == np.int8  # 3 s: 298 frames
    assert any(scenes.ends_s)
    for row, ends in zip(labels, scenes.ends_s, strict=True):
        np.testing.assert_array_equal(row, label_steps(ends, 99, LabelSettings()))


def test_of_a_baseline_window_only_the_last_step_is_taught():
    windows = made([{"window": True}] * 2, [[2.8], []])
    labels = labels_of(windows, LabelSettings())
    assert (labels[:, :-1] == IGNORED).all()
    assert labels[:, -1].tolist() == [1, 0]


def test_sets_keep_their_names_and_their_shares(scenes):
    sets = [("scenes", scenes, 0.75), ("mined", scenes, 0.25)]
    dataset = dataset_of(LabelSettings(), 8, 1, sets)
    assert [source.name for source in dataset.sources] == ["scenes", "mined"]
    assert dataset.counts == [6, 2]
    assert dataset.batch(0).features.shape == (8, 297, 40)


def test_cmvn_is_mean_and_deviation_of_the_training_features(featured, scenes):
    mean, deviation = band_normalisation(featured)
    frames = np.concatenate([to_float_features(scenes.store[i]) for i in range(len(scenes))])
    np.testing.assert_allclose(mean, frames.mean(0, dtype=np.float64), atol=1e-4)
    np.testing.assert_allclose(deviation, frames.std(0, dtype=np.float64), atol=1e-4)


def test_the_evaluator_has_the_validation_split_and_calibrates_on_training(featured, scenes):
    evaluator = validation_evaluator(featured, scenes, 0.5, 0.01)
    assert (len(evaluator.positives), len(evaluator.negatives), len(evaluator.ambient)) == (
        24,
        12,
        1,
    )
    stores = (evaluator.positives, evaluator.negatives, evaluator.ambient)
    of_sets = [{folder.parent.name for folder in store.folders} for store in stores]
    assert of_sets == [{"validation-words"}, {"validation-others"}, {"validation-ambient"}]
    whole = {scenes.store[i].tobytes() for i in range(len(scenes))}
    assert {stream.tobytes() for stream in evaluator.calibration} <= whole


def test_the_chosen_net_scores_as_it_did_in_training(trained, scenes):
    first, again = chosen_net(trained, "training"), chosen_net(trained, "training")
    assert first.shape.name == "tiny" and first.cmvn is None
    for name, array in weights_of(first.net).items():
        np.testing.assert_array_equal(array, weights_of(again.net)[name])


def test_the_settings_of_training_are_handed_on(trained):
    handed = trained_with(trained)
    assert handed.labels == LabelSettings() and handed.dropout == 0.1
    assert handed.varied == augmentation(True)


def test_what_an_older_version_did_not_write_down_is_named(trained, tmp_path):
    path = tmp_path / "training/checkpoint.json"
    path.parent.mkdir()
    written = read_json(trained.find("training/checkpoint.json"))
    written["settings"].pop("spec_augment")
    write_json(path, written)
    with pytest.raises(CheckpointError, match="does not tell spec_augment.* run 03 again"):
        trained_with(Run(tmp_path))


def test_without_augmentation_every_batch_is_the_features_as_they_are(scenes):
    sets = [("scenes", scenes, 1.0)]
    plain = dataset_of(LabelSettings(), 4, 1, sets, augmentation(False)).draws(7)
    assert (plain.matrix == np.eye(40)).all() and plain.spans.shape[1] == 0
    varied = dataset_of(LabelSettings(), 4, 1, sets).draws(7)
    assert (varied.matrix != np.eye(40)).any(axis=(1, 2)).all()


def test_a_stage_that_has_not_finished_hands_nothing_over(featured, tmp_path):
    here = Run(tmp_path, (featured.folder,))
    with pytest.raises(CheckpointError, match="training is not finished"):
        chosen_net(here, "training")


@dataclass(frozen=True)
class LaterLoss(LossSettings):
    """A loss with a setting that says what the older code did, which is not its default."""

    focal: Annotated[float, Before(2.0)] = 1.0


def test_of_training_by_an_older_version_the_loss_is_what_its_code_did(
    trained, tmp_path, monkeypatch
):
    monkeypatch.setattr(inputs, "LossSettings", LaterLoss)
    assert trained_with(trained).loss.focal == 0.0  # as 03 wrote it down
    written = read_json(trained.find("training/checkpoint.json"))
    del written["settings"]["focal"]
    (tmp_path / "training").mkdir()
    write_json(tmp_path / "training/checkpoint.json", written)
    assert trained_with(Run(tmp_path)).loss.focal == 2.0
