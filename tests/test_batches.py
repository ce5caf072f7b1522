"""What is in a training batch: shares, labels that belong to their features, nothing by luck."""

import numpy as np
import pytest
from listed import Listed, learnable, numbered

from mwwkit.training.batches import Source, WakeWordDataset
from mwwkit.training.spec_augment import NONE, SpecAugment


def sources():
    return [
        numbered("words", 1, 5, share=1.0, penalty=1.0),
        numbered("others", 2, 7, share=2.0, penalty=0.5),
        numbered("hard", 3, 3, share=0.5, penalty=3.0),
    ]


@pytest.mark.parametrize(
    ("n_batch", "counts"),
    # 1 : 2 : 0.5 of 7 is 2, 4, 1; of 16 it is 4.57, 9.14, 2.29: the largest remainder gets the rest
    [(7, [2, 4, 1]), (14, [4, 8, 2]), (16, [5, 9, 2]), (10, [3, 6, 1])],
)
def test_every_batch_holds_each_sources_share(n_batch, counts):
    dataset = WakeWordDataset(sources(), n_batch, NONE, seed=1)
    assert dataset.counts == counts
    for step in (0, 1, 999):
        batch = dataset.batch(step)
        assert [(batch.features[:, 0, 0] == value).sum() for value in (1, 2, 3)] == counts
        penalties = np.repeat(np.float32([1.0, 0.5, 3.0]), counts)
        np.testing.assert_array_equal(batch.penalty, penalties)


def test_labels_stay_with_their_spectrograms():
    rng = np.random.default_rng(0)
    features = rng.integers(-128, 128, (20, 12, 40)).astype(np.int8)
    labels = features[:, ::3, 0].copy()
    dataset = WakeWordDataset([Source("one", Listed(features), labels)], 6, NONE, seed=2)
    for step in range(5):
        batch = dataset.batch(step)
        np.testing.assert_array_equal(batch.features[:, ::3, 0], batch.labels)
        assert batch.features.dtype == batch.labels.dtype == np.int8
        assert batch.features.shape == (6, 12, 40)


def test_a_step_has_the_same_batch_in_any_order_and_any_session():
    first, second = (WakeWordDataset(sources(), 7, SpecAugment(), seed=3) for _ in range(2))
    forward = [first.batch(step).labels for step in range(6)]
    backward = [second.batch(step).labels for step in reversed(range(6))]
    np.testing.assert_array_equal(forward, backward[::-1])
    np.testing.assert_array_equal(first.draws(4).matrix, second.draws(4).matrix)


def test_other_steps_and_other_seeds_have_other_batches():
    one = WakeWordDataset(sources(), 14, SpecAugment(), seed=3)
    other = WakeWordDataset(sources(), 14, SpecAugment(), seed=4)
    assert not np.array_equal(one.batch(0).labels, one.batch(1).labels)
    assert not np.array_equal(one.batch(0).labels, other.batch(0).labels)
    assert not np.array_equal(one.draws(0).matrix, one.draws(1).matrix)


def test_every_scene_is_drawn_sooner_or_later():
    dataset = learnable(n_batch=8)
    whole = {dataset.sources[0].spectrograms[i].tobytes() for i in range(40)}
    drawn = {row.tobytes() for step in range(60) for row in dataset.batch(step).features}
    assert drawn == whole


def test_a_share_too_small_for_one_scene_of_a_batch_is_refused_by_its_sources_name():
    with pytest.raises(ValueError, match="'hard': its share of 2 is no scene"):
        WakeWordDataset(sources(), 2, NONE, seed=1)


def test_scenes_of_different_lengths_are_refused():
    both = [numbered("short", 1, 3, n_steps=4), numbered("long", 2, 3, n_steps=5)]
    with pytest.raises(ValueError, match=r"scenes of \[4, 5\] steps; wanted one length"):
        WakeWordDataset(both, 4, NONE, seed=1)


def test_a_source_without_a_label_for_each_spectrogram_is_refused():
    features = Listed(np.zeros((3, 12, 40), np.int8))
    for n_labels in (2, 4):
        with pytest.raises(ValueError, match=f"'odd' has 3 spectrograms and {n_labels} labels"):
            Source("odd", features, np.zeros((n_labels, 4), np.int8))
    with pytest.raises(ValueError, match="'none' has 0 .* at least one"):
        Source("none", Listed(np.zeros((0, 12, 40), np.int8)), np.zeros((0, 4), np.int8))


@pytest.mark.parametrize("counts", [{"share": 0.0}, {"share": -1.0}, {"penalty": -0.1}])
def test_a_share_or_penalty_that_means_nothing_is_refused(counts):
    with pytest.raises(ValueError, match="'odd': share must be above 0, penalty 0 or more"):
        numbered("odd", 1, 3, **counts)
