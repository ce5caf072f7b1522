import numpy as np
import pytest
import soundfile

from mwwkit.audio.reading import AudioValidationError
from mwwkit.audio.rooms import aligned, load_room, onset

RATE_HZ = 16_000


def room(late=0, seconds=0.5, seed=1):
    """A direct sound, then decaying reflections, then `late` samples before all of it."""
    n = round(seconds * RATE_HZ)
    tail = np.random.default_rng(seed).standard_normal(n) * np.exp(-np.arange(n) / 1500) * 0.15
    tail[0] = 1.0
    return np.concatenate([np.zeros(late), tail]).astype(np.float32)


@pytest.mark.parametrize("late", [0, 1, 40, 4480])  # up to 0.28 s, as measured in a music library
def test_the_onset_is_where_the_direct_sound_arrives(late):
    assert onset(room(late)) == late


def test_a_little_noise_before_the_direct_sound_is_not_it():
    response = room(late=500)
    response[:500] = 0.02 * np.random.default_rng(2).standard_normal(500)  # 34 dB under the peak
    assert onset(response) == 500


def test_a_reflection_louder_than_the_direct_sound_does_not_hide_it():
    response = room(late=100)
    response[100 + 300] = -1.6  # focused, and out of phase
    assert onset(response) == 100


@pytest.mark.parametrize("late", [0, 777])
def test_aligned_it_begins_with_its_direct_sound_and_has_energy_1(late):
    response = aligned(room(late))
    np.testing.assert_allclose(response, aligned(room(0)), atol=1e-6)
    assert np.argmax(np.abs(response)) == 0 and response.dtype == np.float32
    assert np.sum(response.astype(float) ** 2) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(aligned(0.01 * room(late)), response, atol=1e-5)


def test_a_long_tail_ends_after_a_second_without_a_step():
    n = 3 * RATE_HZ
    endless = np.random.default_rng(3).standard_normal(n).astype(np.float32)
    endless[0] = 5
    response = aligned(endless)
    assert response.size == RATE_HZ
    assert np.abs(response[-20:]).max() < 0.1 * np.abs(response[5000:5100]).max()


@pytest.mark.parametrize(
    "degenerate",
    [
        np.ones(63),
        np.zeros(1000),
        np.full(1000, 1e-6),
        np.array([1.0] * 100 + [np.nan]),
        np.array([1.0] * 100 + [np.inf]),
        np.zeros(0),
    ],
)
def test_a_degenerate_response_is_refused(degenerate):
    with pytest.raises(AudioValidationError, match="too short, silent or not finite"):
        aligned(degenerate.astype(np.float32))


def test_a_response_in_a_file_at_another_rate_is_the_same_room(tmp_path):
    n = 24_000
    response = np.exp(-np.arange(n) / 4500) * np.random.default_rng(4).standard_normal(n)
    response = np.concatenate([np.zeros(4800), response])
    soundfile.write(tmp_path / "room.wav", 0.1 * response, 48_000, subtype="FLOAT")
    found = load_room(tmp_path / "room.wav")
    assert found.size == pytest.approx(n / 3, abs=50)
    energy = np.sum(found.reshape(-1)[:7200].reshape(9, 800) ** 2, axis=1)
    assert 10 * np.log10(energy[0] / energy[4]) == pytest.approx(8.686 * 3200 / 1500, abs=2)
