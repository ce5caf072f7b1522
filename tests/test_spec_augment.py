"""SpecAugment against the same thing done band by band, and no silent fallback to the CPU."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mwwkit.training.spec_augment import (
    NONE,
    Draws,
    SpecAugment,
    array_module,
    augment,
    batch_spec_augment_gpu,
    draw_augment,
    spec_augment_gpu,
)

N_BATCH, N_FRAMES = 5, 90
SETTINGS = SpecAugment(warp=0.1, gain=0.2, n_band_masks=2, n_time_masks=2, time_mask=20)


@pytest.fixture
def features(feature_like):
    return np.stack([feature_like(seed, N_FRAMES) for seed in range(N_BATCH)])


def slowly(features, draws_of, settings):
    """The same draws in the same order, applied to one band of one frame at a time."""
    n = len(features)
    warp = 1 + draws_of.uniform(-settings.warp, settings.warp, (n, 1))
    gain = 1 + draws_of.uniform(-settings.gain, settings.gain, (n, 1, 1))
    masks = []
    for _ in range(settings.n_band_masks):
        width = draws_of.integers(0, settings.band_mask + 1, n)
        masks.append((draws_of.integers(0, 40 - width + 1), width))
    time_width = draws_of.integers(0, settings.time_mask + 1, (n, settings.n_time_masks))
    time_first = draws_of.integers(0, np.maximum(features.shape[1] - time_width, 1))
    made = np.zeros(features.shape)
    for row, spectrogram in enumerate((features.astype(np.float64) + 128) * 26 / 255):
        for band in range(40):
            at = min(band * warp[row, 0], 39.0)
            low = min(int(at), 38)
            between = (at - low) * spectrogram[:, low + 1] + (low + 1 - at) * spectrogram[:, low]
            made[row, :, band] = np.clip(gain[row, 0, 0] * between, 0, 26)
        for first, width in masks:
            made[row, :, first[row] : first[row] + width[row]] = 0
        for first, width in zip(time_first[row], time_width[row], strict=True):
            made[row, first : first + width] = 0
    return made


@pytest.mark.parametrize("seed", range(3))
def test_one_matrix_is_warp_gain_and_masks_done_one_by_one(features, seed):
    draws = draw_augment(np.random.default_rng(seed), N_BATCH, N_FRAMES, SETTINGS)
    made = augment(np, features, draws)
    assert made.dtype == np.float32 and made.shape == features.shape
    wanted = slowly(features, np.random.default_rng(seed), SETTINGS)
    assert np.abs(made - wanted).max() < 1e-4
    assert (wanted == 0).all(axis=1).any() and (wanted == 0).all(axis=2).any()  # masks were there


def test_nothing_to_vary_leaves_the_features_as_they_are(features):
    draws = draw_augment(np.random.default_rng(0), N_BATCH, N_FRAMES, NONE)
    made = augment(np, features, draws)
    np.testing.assert_allclose(made, (features + 128.0) * (26 / 255), rtol=0, atol=3e-6)
    assert (made[features == -128] == 0).all()


def test_the_result_stays_in_the_front_ends_range(features):
    loud = np.full_like(features, 127)
    draws = draw_augment(np.random.default_rng(0), N_BATCH, N_FRAMES, SpecAugment(gain=0.9))
    made = augment(np, loud, draws)
    assert made.min() >= 0 and made.max() <= np.float32(26)


def test_the_same_generator_state_draws_the_same_and_another_does_not():
    first, again, other = (
        draw_augment(np.random.default_rng(seed), N_BATCH, N_FRAMES, SETTINGS) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.matrix, again.matrix) and np.array_equal(first.spans, again.spans)
    assert not np.array_equal(first.matrix, other.matrix)


def test_a_mask_may_be_longer_than_the_spectrogram(features):
    settings = SpecAugment(n_time_masks=1, time_mask=500)
    draws = draw_augment(np.random.default_rng(0), 200, 10, settings)
    made = augment(np, np.repeat(features[:1, :10], 200, axis=0), draws)
    assert np.isfinite(made).all()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"warp": 0.5},
        {"warp": -0.1},
        {"gain": 1.0},
        {"band_mask": 41},
        {"band_mask": -1},
        {"n_band_masks": -1},
        {"n_time_masks": -1},
        {"time_mask": -1},
    ],
)
def test_ranges_that_mean_nothing_are_refused_by_name(nonsense):
    with pytest.raises(ValueError, match=next(iter(nonsense))):
        SpecAugment(**nonsense)


def test_asked_for_a_device_that_does_not_exist_it_names_the_two_there_are():
    assert array_module("cpu") is np
    with pytest.raises(ValueError, match="'tpu'; wanted 'cpu' or 'gpu'"):
        array_module("tpu")


def test_a_gpu_asked_for_without_cupy_is_an_error_that_says_what_to_install(monkeypatch, features):
    monkeypatch.setitem(sys.modules, "cupy", None)
    draws = draw_augment(np.random.default_rng(0), N_BATCH, N_FRAMES, SETTINGS)
    for attempt in (
        lambda: array_module("gpu"),
        lambda: batch_spec_augment_gpu(features, draws),
        lambda: spec_augment_gpu(features[0], draws),
    ):
        with pytest.raises(RuntimeError, match="pip install cupy.*device = 'cpu'"):
            attempt()


def test_cupy_without_a_gpu_is_an_error_that_names_the_way_out(monkeypatch):
    without = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "cupy", without)
    with pytest.raises(RuntimeError, match="finds no GPU.*device = 'cpu'"):
        array_module("gpu")


def test_on_a_gpu_it_is_the_same_to_a_millionth(features):
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed: pip install cupy-cuda12x")
    if not cupy.cuda.is_available():
        pytest.skip("CuPy finds no GPU here")
    draws = draw_augment(np.random.default_rng(0), N_BATCH, N_FRAMES, SETTINGS)
    made = augment(np, features, draws)
    assert np.abs(cupy.asnumpy(batch_spec_augment_gpu(features, draws)) - made).max() <= 26e-6
    one = Draws(draws.matrix[:1], draws.spans[:1])
    alone = cupy.asnumpy(spec_augment_gpu(features[0], one))
    assert np.abs(alone - made[0]).max() <= 26e-6
