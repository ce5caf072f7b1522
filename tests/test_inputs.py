"""What 02 hands over: labels of scenes and of windows, CMVN, the net that was chosen."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pytest
from hearing import hears
from listed import Listed

from mwwkit.corpus.clips import CATALOGUE, Label, Split, load_clips, write_catalogue
from mwwkit.metrics.judgement import FEWEST_RECORDINGS
from mwwkit.model.shapes import SHAPES
from mwwkit.run.checkpoint import CheckpointError
from mwwkit.run.config_base import Before
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.scenes import provenance
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import inputs
from mwwkit.stages.inputs import (
    augmentation,
    band_normalisation,
    choosing_words,
    chosen_net,
    dataset_of,
    labels_of,
    trained_with,
    validation_evaluator,
)
from mwwkit.training.evaluated import read
from mwwkit.training.evaluator import to_float_features
from mwwkit.training.labels import IGNORED, LabelSettings, label_steps
from mwwkit.training.losses import LossSettings
from mwwkit.training.spec_augment import NONE, SpecAugment
from mwwkit.training.trainer import weights_of


@pytest.fixture(scope="module")
def scenes(featured):
    return FeatureSet.open(featured, "train")


def made(facts, ends_s, n_frames=300):
    store = Listed(np.zeros((len(facts), n_frames, 40), np.int8))
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


@pytest.fixture(scope="module")
def with_machines(featured, tmp_path_factory):
    """`with_machines(n)`: the run, with a catalogue by which n validation words are people's."""

    def make(n_people):
        here = Run(tmp_path_factory.mktemp("mixed"), (featured.folder,))
        clips = load_clips(featured)
        words = [r.path for r in clips.of(label=Label.POSITIVE, split=Split.VAL)]
        spoken = set(words[n_people:])
        records = (replace(r, source="piper") if r.path in spoken else r for r in clips)
        write_catalogue(here / CATALOGUE, records)
        return here

    return make


def test_peoples_words_choose_alone_where_they_are_enough_and_machines_stand_beside(
    with_machines, scenes
):
    here = with_machines(FEWEST_RECORDINGS)
    evaluator = validation_evaluator(here, scenes, 0.5, 0.01)
    words = FeatureSet.open(here, "validation-words")
    assert evaluator.words == choosing_words(here)
    assert (len(evaluator.positives), len(evaluator.beside)) == (20, 4)  # two conditions
    known = {r.path: r for r in load_clips(here)}
    assert not any(known[words.clip(i)].is_synthetic for i in evaluator.words.counted)
    assert len(evaluator.ends_s) == len(evaluator.positives)
    for at, index in enumerate(evaluator.words.counted):
        np.testing.assert_array_equal(evaluator.positives[at], words.store[index])
        assert evaluator.ends_s[at] == words.ends_s[index][0]
    reached = read(evaluator.facts(hears(), SHAPES["tiny"]))
    assert (reached.heard.counts, reached.machines.counts) == ("20 of 20", "4 of 4")
    assert (reached.words_of, reached.recordings) == ("people", 10)


def test_machines_that_are_not_heard_cost_no_recall(with_machines, scenes):
    evaluator = validation_evaluator(with_machines(FEWEST_RECORDINGS), scenes, 0.5, 0.01)
    silence = Listed(np.full((3, 300, 40), -128, np.int8))
    reached = read(replace(evaluator, beside=silence).facts(hears(), SHAPES["tiny"]))
    assert (reached.heard.counts, reached.machines.counts) == ("20 of 20", "0 of 3")


def test_with_too_few_people_all_words_choose(with_machines, scenes):
    here = with_machines(FEWEST_RECORDINGS - 1)
    evaluator = validation_evaluator(here, scenes, 0.5, 0.01)
    assert (len(evaluator.positives), len(evaluator.beside)) == (24, 0)
    assert "9 recordings by people are too few to choose by" in str(evaluator.words)


def units(*words_of):
    """Units of a course, ranked by words of these; None is an earlier version's."""
    facts = [{"recall": 0.9} | ({"words_of": whose} if whose else {}) for whose in words_of]
    return {f"step-{n}": {"choice": each} for n, each in enumerate(facts)} | {"step-9": {}}


@pytest.mark.parametrize(
    ("before", "n_words"),
    [((), 20), (("people",), 20), ((None,), 24), ((None, "people and machines"), 24)],
)
def test_a_training_goes_on_by_the_words_that_it_was_begun_with(with_machines, before, n_words):
    words = choosing_words(with_machines(FEWEST_RECORDINGS), units(*before))
    assert len(words.counted) == n_words
    assert words.whose == ("people" if n_words == 20 else "people and machines")


def test_whose_words_chose_is_not_forgotten_with_the_catalogue(with_machines, monkeypatch):
    here = with_machines(FEWEST_RECORDINGS)
    monkeypatch.setattr(provenance, "CATALOGUE", "left/behind.csv")
    assert choosing_words(here).whose == "unknown"
    assert choosing_words(here, units("unknown")).whose == "unknown"
    with pytest.raises(CheckpointError, match="is not at hand; give the run of 01"):
        choosing_words(here, units("people"))


def test_that_other_words_would_choose_now_is_not_blamed_on_a_catalogue(with_machines):
    fewer = with_machines(FEWEST_RECORDINGS - 1)
    with pytest.raises(CheckpointError, match="are others. .* too few to choose by"):
        choosing_words(fewer, units("people"))


def test_the_chosen_net_scores_as_it_did_in_training(trained, scenes):
    first, again = chosen_net(trained, "training"), chosen_net(trained, "training")
    assert first.shape.name == "tiny" and first.cmvn is None
    for name, array in weights_of(first.net).items():
        np.testing.assert_array_equal(array, weights_of(again.net)[name])


def test_the_settings_of_training_are_handed_on(trained):
    handed = trained_with(trained)
    assert handed.labels == LabelSettings() and handed.dropout == 0.1
    assert handed.varied == SpecAugment()


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
    plain = dataset_of(LabelSettings(), 4, 1, sets, augmentation({"spec_augment": False})).draws(7)
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


def test_what_is_set_of_specaugment_is_what_varies_and_where_nothing_was_it_is_as_before():
    set_in_03 = {"spec_augment": True, "spec_warp": 0.2, "spec_time_masks": 3, "steps": 5}
    assert augmentation(set_in_03) == SpecAugment(warp=0.2, n_time_masks=3)
    assert augmentation({"spec_augment": True}) == SpecAugment(), "of an older checkpoint"
    assert augmentation(set_in_03 | {"spec_augment": False}) == NONE
