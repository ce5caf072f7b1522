import numpy as np
import pytest

from mwwkit.corpus import noise_and_rooms
from mwwkit.run.seeds import rng


@pytest.mark.parametrize("k", range(8))
def test_noise_is_finite_steady_in_length_and_not_silent(k):
    audio = noise_and_rooms.noise(rng(1, k), 5.0)
    assert audio.dtype == np.float32 and len(audio) == 80_000
    assert np.abs(audio).max() == pytest.approx(0.5)
    assert np.sqrt(np.mean(audio**2)) > 0.005


@pytest.mark.parametrize("k", range(8))
def test_a_room_begins_with_its_direct_sound_and_decays(k):
    rir = noise_and_rooms.room(rng(1, k))
    assert rir[0] == np.abs(rir).max()
    energy = np.cumsum(rir[::-1].astype(float) ** 2)[::-1]  # Schroeder's backward integral
    half, end = energy[len(rir) // 2], energy[int(len(rir) * 0.9)]
    assert 0.1 < len(rir) / 16_000 < 0.9
    assert energy[1] > half > end > 0
    assert 10 * np.log10(half / energy[100]) < -15


def test_the_same_seed_is_the_same_sound():
    np.testing.assert_array_equal(noise_and_rooms.room(rng(3)), noise_and_rooms.room(rng(3)))
    assert not np.array_equal(noise_and_rooms.noise(rng(3), 1), noise_and_rooms.noise(rng(4), 1))
