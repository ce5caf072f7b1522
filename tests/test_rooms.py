import numpy as np
import pytest
import soundfile

from mwwkit.audio.reading import AudioValidationError
from mwwkit.audio.rooms import (
    DryShare,
    aligned,
    is_late,
    load_room,
    onset,
    rt60,
    validate_room,
)
from mwwkit.corpus import noise_and_rooms

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


def decaying(rt60_s, seconds=2.0, rate_hz=RATE_HZ, seed=5):
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return (10 ** (-3 * t / rt60_s) * np.random.default_rng(seed).standard_normal(t.size)).astype(
        np.float32
    )


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("rt60_s", [0.1, 0.3, 0.8, 1.5])
def test_the_decay_time_is_measured_within_a_tenth(rt60_s, rate_hz):
    for seed in (1, 2):
        response = decaying(rt60_s, rate_hz=rate_hz, seed=seed)
        assert rt60(response, rate_hz) == pytest.approx(rt60_s, rel=0.1)
        assert rt60(0.001 * response, rate_hz) == pytest.approx(rt60_s, rel=0.1)


def test_noise_40_db_under_a_recording_hardly_changes_its_decay_time():
    response = decaying(0.4, seconds=1.0)
    response += 0.001 * np.random.default_rng(6).standard_normal(response.size)
    assert rt60(response, RATE_HZ) == pytest.approx(0.4, rel=0.1)


def test_what_does_not_ring_has_no_decay_time():
    for silent in (np.zeros(0), np.zeros(1000), np.eye(1, 1000)[0]):
        assert rt60(silent.astype(np.float32), RATE_HZ) == 0.0


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (decaying(0.3, 0.099), "is 0.099 s long; wanted 0.1 to 5.0 s"),
        (decaying(0.3, 5.01), "is 5.010 s long"),
        (np.zeros(0, np.float32), "is 0.000 s long"),
        (1e-6 * decaying(0.3), "is silent, with an energy of"),
        (np.full(8000, np.nan, np.float32), "NaN or infinite"),
    ],
)
def test_what_is_no_rooms_response_is_said_with_its_figure(response, reason):
    assert any(reason in found for found in validate_room(response, RATE_HZ))


def test_rooms_of_usual_length_are_valid():
    for seconds in (0.1, 1.0, 5.0):
        assert validate_room(decaying(0.3, seconds), RATE_HZ) == []
    for number in range(20):
        assert validate_room(noise_and_rooms.room(np.random.default_rng(number)), RATE_HZ) == []


def test_a_peak_past_a_tenth_of_the_length_is_late():
    assert not is_late(room()) and not is_late(room(late=800)) and not is_late(np.zeros(0))
    assert is_late(room(late=900))  # of 8,900 samples


def test_each_strategy_leaves_its_share_dry():
    draws = np.random.default_rng(1)
    assert DryShare("none").draw(draws) == 0.0
    assert DryShare("fixed").draw(draws) == 0.5
    assert DryShare("fixed", 0.6, 0.6).draw(draws) == 0.6
    before = draws.bit_generator.state
    assert [DryShare("adaptive").draw(draws, s) for s in (0.0, 0.2, 0.6, 1.0, 3.0)] == (
        pytest.approx([0.3, 0.3, 0.5, 0.7, 0.7])
    )
    assert draws.bit_generator.state == before  # nothing is taken that is not needed
    shares = [DryShare().draw(draws) for _ in range(1000)]
    assert 0.3 <= min(shares) < 0.31 and 0.69 < max(shares) <= 0.7


def test_a_share_that_is_nonsense_is_refused():
    with pytest.raises(ValueError, match="strategy is 'wet'; wanted one of none, fixed"):
        DryShare("wet")
    for lowest, highest in ((0.7, 0.3), (-0.1, 0.5), (0.5, 1.1)):
        with pytest.raises(ValueError, match="wanted 0 to 1, in order"):
            DryShare("random", lowest, highest)
    with pytest.raises(ValueError, match="needs the room's rt60_s"):
        DryShare("adaptive").draw(np.random.default_rng(1))
