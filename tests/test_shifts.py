"""What each shift does to a sound: levels, bands and times that physics or a standard fixes."""

import av
import numpy as np
import pytest
from scipy import signal

from mwwkit.audio import shifts
from mwwkit.audio.effects import loudest_rms
from mwwkit.audio.shifts import Shift, Sounds, coded, delay, narrow, suite, telephone
from mwwkit.run.seeds import rng

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def word(speech_like):
    quiet = np.zeros(RATE_HZ // 2, np.float32)
    return np.concatenate([quiet, 0.4 * speech_like(1), quiet])


@pytest.fixture(scope="module")
def sounds(speech_like):
    ring = np.random.default_rng(1).normal(size=4000) * np.exp(-np.arange(4000) / 600)
    return Sounds([speech_like(i, 0.6) for i in range(10, 18)], {"room, small": ring / 9})


@pytest.fixture(scope="module")
def by_name(sounds):
    return {shift.name: shift for shift in suite(sounds)}


def tone(hz, seconds=1.0, level=0.5):
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(
        np.float32
    )


def db(ratio):
    return 20 * np.log10(max(ratio, 1e-9))


def heard(by_name, sounds, name, audio, seed=1):
    return by_name[name].apply(audio, rng(seed, name), sounds).astype(np.float32) / 32767


def test_every_shift_is_as_long_as_the_sound_and_the_same_each_time(by_name, sounds, word):
    assert len(by_name) == 1 + 12 + 1 + 7 + 4
    for name, shift in by_name.items():
        made = shift.apply(word, rng(1, name), sounds)
        assert made.shape == word.shape and made.dtype == np.int16, name
        np.testing.assert_array_equal(made, shift.apply(word, rng(1, name), sounds), name)


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
@pytest.mark.parametrize("snr_db", [20, 10, 5, 0])
def test_noise_is_as_far_under_the_word_as_its_name_says(by_name, sounds, word, kind, snr_db):
    noise = heard(by_name, sounds, f"{kind} {snr_db} dB", 0.5 * word) - 0.5 * word
    assert db(loudest_rms(0.5 * word) / loudest_rms(noise)) == pytest.approx(snr_db, abs=0.2)
    assert loudest_rms(noise[: RATE_HZ // 4]) > 0  # over the quiet before the word too


def test_another_draw_is_another_noise(by_name, sounds, word):
    for name in ("white 10 dB", "babble 10 dB"):
        one, other = (heard(by_name, sounds, name, word, seed) for seed in (1, 2))
        assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("gain_db", [-20, -12, -6, 6])
def test_a_gain_moves_the_level_by_what_it_says(by_name, sounds, word, gain_db):
    made = heard(by_name, sounds, f"gain {gain_db:+d} dB", 0.3 * word)
    assert db(loudest_rms(made) / loudest_rms(0.3 * word)) == pytest.approx(gain_db, abs=0.1)


def test_too_loud_is_cut_at_full_scale(by_name, sounds, word):
    shares = []
    for name in ("clipped by 6 dB", "clipped by 12 dB"):
        made = by_name[name].apply(word, rng(1), sounds)
        assert (made.max(), made.min()) == (32767, -32768)
        shares.append(np.mean(np.abs(made.astype(int)) >= 32767))
    assert 0 < shares[0] < shares[1]


def test_a_sine_6_db_over_full_scale_spends_two_thirds_of_its_time_there(by_name, sounds):
    made = by_name["clipped by 6 dB"].apply(tone(440), rng(1), sounds)
    # |2 sin x| >= 1 for x from 30 to 150 degrees of every 180
    assert np.mean(np.abs(made.astype(int)) >= 32767) == pytest.approx(2 / 3, abs=0.01)


def test_8_khz_keeps_1_khz_and_loses_5_khz():
    inside = slice(2000, 14_000)
    assert db(np.std(narrow(tone(1000))[inside]) / np.std(tone(1000)[inside])) > -0.1
    assert db(np.std(narrow(tone(5000))[inside]) / np.std(tone(5000)[inside])) < -60


def test_a_telephone_has_its_band_and_the_noise_of_eight_bits():
    inside = slice(2000, 14_000)

    def level(hz):
        return db(np.std(telephone(tone(hz))[inside]) / np.std(tone(hz)[inside]))

    assert abs(level(1000)) < 0.2
    assert level(100) < -30 and level(3900) < -10
    noise = telephone(tone(1000)) - tone(1000)
    # mu-law of 8 bits: about 38 dB over its noise at any level from full scale to -30 dB
    assert 34 < -db(np.std(noise[inside]) / np.std(tone(1000)[inside])) < 42
    soft = tone(1000, level=0.03)
    assert 30 < -db(np.std((telephone(soft) - soft)[inside]) / np.std(soft[inside])) < 42


@pytest.mark.parametrize("name", ["mp3 32 kbit/s", "opus 16 kbit/s", "8 kHz", "telephone"])
def test_a_codec_moves_nothing_in_time_and_leaves_the_word(by_name, sounds, word, name):
    made = heard(by_name, sounds, name, word)
    lag = delay(np.pad(word, (1000, 0)), np.pad(made, (1000, 0)))
    assert min(lag, abs(lag - 1)) <= 1
    low = signal.butter(4, (400, 3000), "bandpass", fs=RATE_HZ, output="sos")
    one, other = (signal.sosfiltfilt(low, sound) for sound in (word, made))
    assert np.corrcoef(one, other)[0, 1] > 0.8
    assert np.abs(made - word).max() > 1e-3  # it is not the same sound


def test_the_delay_of_a_codec_is_found_to_the_sample(word):
    for n in (0, 22, 1024, 3199):
        assert delay(word, np.concatenate([np.zeros(n, np.float32), word])) == n


def test_an_encoder_that_is_not_there_is_named():
    with pytest.raises(RuntimeError, match=f"PyAV {av.__version__} has no encoder swoosh"):
        coded(np.zeros(1000, np.float32), "wav", "swoosh", 8000)


def test_without_voices_or_rooms_their_shifts_are_left_out(speech_like):
    names = [shift.name for shift in suite(Sounds([speech_like(1)] * 5))]
    assert not [name for name in names if "babble" in name or "room" in name]
    assert "pink 0 dB" in names and "telephone" in names


def test_babble_is_six_voices_at_one_level(sounds):
    made = shifts.babble(RATE_HZ * 3, sounds.voices, rng(1, "babble"))
    single = loudest_rms(sounds.voices[0] / loudest_rms(sounds.voices[0]))
    # six independent voices: louder than one, and never silent as one is
    assert 1.3 * single < loudest_rms(made) < 6 * single
    frames = made[: made.size // 1600 * 1600].reshape(-1, 1600)
    assert np.sqrt((frames**2).mean(axis=1)).min() > 0.1


def test_a_shift_that_loses_samples_is_a_fault_of_ours(word, sounds):
    with pytest.raises(AssertionError, match="bad made"):
        Shift("bad", "gain", lambda audio, draw, sounds: audio[1:]).apply(word, rng(1), sounds)
