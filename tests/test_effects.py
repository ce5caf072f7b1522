import json

import numpy as np
import pytest
from awkward import SOUNDS, noise
from scipy import signal

from mwwkit.audio import effects
from mwwkit.audio.effect_recipes import EFFECTS, AudioAugmentation
from mwwkit.audio.effects import (
    apply_background_noise,
    apply_band_stop,
    apply_color_noise,
    apply_distortion,
    apply_eq,
    apply_gain,
    apply_pitch_shift,
    apply_rir,
    apply_time_shift,
    apply_time_stretch,
    change_speed,
    colour_noise,
    loudest_rms,
    mix_at_snr,
)
from mwwkit.audio.rooms import DryShare

RATE_HZ = 16_000
ROOM = np.exp(-np.arange(8000) / 1600) * np.random.default_rng(9).standard_normal(8000)
ROOM = ROOM.astype(np.float32)


def tone(hz, seconds=1.0, peak=0.5):
    return (peak * np.sin(2 * np.pi * hz / RATE_HZ * np.arange(round(seconds * RATE_HZ)))).astype(
        "f4"
    )


def level_db(audio):
    return 20 * np.log10(loudest_rms(audio))


def gain_db_at(apply, hz):
    """What a linear effect does to a long tone, away from its ends."""
    audio = tone(hz, 2.0)
    middle = slice(RATE_HZ // 2, 3 * RATE_HZ // 2)
    return 20 * np.log10(np.std(apply(audio)[middle]) / np.std(audio[middle]))


def loudest_hz(audio):
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.size), 8 * audio.size))
    return np.argmax(spectrum) * RATE_HZ / (8 * audio.size)


KEEPING_LENGTH = {
    "gain": lambda audio: apply_gain(audio, -7.0),
    "eq": lambda audio: apply_eq(audio, RATE_HZ, (6.0, -6.0, 3.0, 0.0, -3.0)),
    "distortion": lambda audio: apply_distortion(audio, 12.0),
    "pitch_shift up": lambda audio: apply_pitch_shift(audio, 2.0),
    "pitch_shift down": lambda audio: apply_pitch_shift(audio, -2.0),
    "pitch_shift by nothing": lambda audio: apply_pitch_shift(audio, 0.0),
    "band_stop": lambda audio: apply_band_stop(audio, RATE_HZ, 1000.0, 0.5),
    "color_noise": lambda audio: apply_color_noise(audio, 10.0, -3.0, np.random.default_rng(1)),
    "background_noise": lambda audio: apply_background_noise(audio, noise(700), 10.0),
    "rir": lambda audio: apply_rir(audio, ROOM, 0.7),
    "time_shift": lambda audio: apply_time_shift(audio, 1000),
    "time_shift back": lambda audio: apply_time_shift(audio, -1000),
}
INPUTS = SOUNDS | {
    "100 samples": noise(100),
    "a click": np.eye(1, 4000, 2000, dtype=np.float32)[0],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sound", INPUTS)
@pytest.mark.parametrize("name", KEEPING_LENGTH)
def test_every_effect_keeps_the_length_and_the_type_and_stays_finite(name, sound):
    audio = INPUTS[sound]
    before = audio.copy()
    out = KEEPING_LENGTH[name](audio)
    assert out.shape == audio.shape and out.dtype == np.float32
    assert np.isfinite(out).all() and np.abs(out).max(initial=0) < 10
    np.testing.assert_array_equal(audio, before)  # what was given is not touched


@pytest.mark.parametrize("name", KEEPING_LENGTH)
def test_an_effect_on_the_same_sound_gives_the_same_bytes(name):
    audio = INPUTS["noise"]
    assert KEEPING_LENGTH[name](audio).tobytes() == KEEPING_LENGTH[name](audio).tobytes()


def test_level_is_that_of_the_loudest_512_samples_whatever_is_around_them():
    audio = np.zeros(16_000, np.float32)
    audio[5120:5632] = 0.1
    assert loudest_rms(audio) == pytest.approx(0.1, rel=1e-5)
    assert loudest_rms(audio[:5120]) == 0
    assert loudest_rms(np.full(100, 0.2, np.float32)) == pytest.approx(0.2, rel=1e-5)


@pytest.mark.parametrize("gain_db", [-12.0, 0.0, 6.0])
def test_gain_moves_the_level_by_so_many_db(gain_db):
    audio = noise(4000)
    assert level_db(apply_gain(audio, gain_db)) - level_db(audio) == pytest.approx(
        gain_db, abs=1e-3
    )


@pytest.mark.parametrize("snr_db", [-3.0, 0.0, 5.0, 20.0, 40.0])
def test_noise_is_added_so_many_db_under_the_loudest_frame(snr_db):
    audio = np.concatenate([np.zeros(8000, np.float32), tone(700), np.zeros(8000, np.float32)])
    for mixed in (
        mix_at_snr(audio, noise(audio.size), snr_db),
        apply_color_noise(audio, snr_db, -3.0, np.random.default_rng(1)),
        apply_background_noise(audio, noise(5000), snr_db),
    ):
        added = mixed - audio
        assert level_db(audio) - level_db(added) == pytest.approx(snr_db, abs=0.1)


def test_a_short_background_is_repeated():
    audio, background = np.full(2000, 0.1, np.float32), noise(700)
    added = apply_background_noise(audio, background, 0.0) - audio
    np.testing.assert_allclose(added[:700], added[700:1400], atol=1e-6)
    with pytest.raises(ValueError, match="the background recording is empty"):
        apply_background_noise(audio, background[:0], 0.0)


@pytest.mark.parametrize("slope", [-6.0, -3.0, 0.0, 1.0])
def test_coloured_noise_falls_by_its_slope_an_octave(slope):
    audio = colour_noise(20 * RATE_HZ, slope, np.random.default_rng(3))
    hz, power = signal.welch(audio, RATE_HZ, nperseg=4096)
    kept = (hz > 60) & (hz < 7500)
    octaves = np.log2(hz[kept])
    weight = 1 / np.sqrt(hz[kept])  # as many octaves low as high
    fitted = np.polyfit(octaves, 10 * np.log10(power[kept]), 1, w=weight)[0]
    assert fitted == pytest.approx(slope, abs=0.5)
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(1, rel=1e-3)
    assert abs(audio.mean()) < 1e-3  # no DC


@pytest.mark.parametrize(
    "gains_db",
    [(-6.0, -3.0, 0.0, 3.0, 6.0), (0.0, 2.0, 4.0, 2.0, 0.0), (6.0, 6.0, 3.0, -3.0, -6.0)],
)
def test_eq_has_its_gains_at_its_knots(gains_db):
    knots_hz = np.geomspace(100, 8000, 5)  # 100, 299, 894, 2675, 8000
    for knot in (2, 3):  # 8 ms of filter tell these apart; lower ones run into one another
        got = gain_db_at(lambda audio: apply_eq(audio, RATE_HZ, gains_db), knots_hz[knot])
        assert got == pytest.approx(gains_db[knot], abs=0.5)


def test_eq_of_one_gain_everywhere_is_a_gain():
    for hz in (60, 300, 2000, 7900):
        got = gain_db_at(lambda audio: apply_eq(audio, RATE_HZ, (4.0,) * 5), hz)
        assert got == pytest.approx(4.0, abs=0.1)


def test_eq_moves_nothing_in_time():
    audio = np.eye(1, 4000, 2000, dtype=np.float32)[0]
    out = apply_eq(audio, RATE_HZ, (6.0, -6.0, 3.0, 0.0, -3.0))
    assert np.argmax(np.abs(out)) == 2000
    np.testing.assert_allclose(out[1937:2000], out[2063:2000:-1], atol=1e-6)  # symmetric


@pytest.mark.parametrize(("centre_hz", "octaves"), [(500.0, 0.5), (1000.0, 1.0), (4000.0, 0.3)])
def test_band_stop_is_3_db_down_at_its_edges_and_silent_in_its_middle(centre_hz, octaves):
    def apply(audio):
        return apply_band_stop(audio, RATE_HZ, centre_hz, octaves)

    for edge in (-0.5, 0.5):
        assert gain_db_at(apply, centre_hz * 2 ** (edge * octaves)) == pytest.approx(-3, abs=0.3)
        assert gain_db_at(apply, centre_hz * 2 ** (3 * edge * octaves)) > -0.5
    assert gain_db_at(apply, centre_hz) < -30


def test_a_band_over_nyquist_is_refused_not_folded():
    with pytest.raises(ValueError, match="wanted a band between 0 and Nyquist"):
        apply_band_stop(noise(1000), RATE_HZ, 20_000.0, 0.5)
    assert np.isfinite(apply_band_stop(noise(1000), RATE_HZ, 7000.0, 1.0)).all()


@pytest.mark.parametrize("drive_db", [0.0, 6.0, 20.0])
def test_distortion_keeps_the_peak_and_adds_odd_harmonics_only(drive_db):
    audio = tone(400)
    out = apply_distortion(audio, drive_db)
    assert np.abs(out).max() == pytest.approx(np.abs(audio).max(), rel=1e-4)
    spectrum = np.abs(np.fft.rfft(out)) / np.abs(np.fft.rfft(out)[400])  # 1 Hz a bin
    assert spectrum[1200] > 10 ** (-30 / 20) and spectrum[2000] > 1e-4
    assert spectrum[[0, 800, 1600]].max() < 1e-4


def test_more_drive_is_more_distortion_and_louder():
    audio, thirds = tone(400), []
    for drive_db in (0.0, 6.0, 12.0, 24.0):
        spectrum = np.abs(np.fft.rfft(apply_distortion(audio, drive_db)))
        thirds.append(spectrum[1200] / spectrum[400])
    assert thirds == sorted(thirds) and thirds[-1] < 1 / 3  # a square wave's at most
    assert level_db(apply_distortion(audio, 24.0)) > level_db(audio) + 2


@pytest.mark.parametrize("factor", [0.85, 0.9, 1.0, 1.1, 1.15])
def test_speed_makes_it_shorter_and_higher_by_the_same_factor(factor):
    audio = tone(1000)
    out = change_speed(audio, factor)
    assert out.dtype == np.float32
    assert out.size == pytest.approx(audio.size / factor, abs=1)
    assert loudest_hz(out) == pytest.approx(1000 * factor, rel=0.002)
    assert level_db(out) == pytest.approx(level_db(audio), abs=0.1)


def test_speed_keeps_a_click_at_its_place_in_the_shorter_time():
    audio = np.eye(1, 8000, 4000, dtype=np.float32)[0]
    for factor in (0.87, 1.13):
        assert np.argmax(np.abs(change_speed(audio, factor))) == pytest.approx(4000 / factor, abs=2)


@pytest.mark.parametrize("semitones", [-2.0, -0.7, 0.3, 1.0, 2.0])
def test_pitch_shift_moves_a_tone_by_the_semitones_and_keeps_the_length(semitones):
    audio = tone(440)
    out = apply_pitch_shift(audio, semitones)
    assert out.size == audio.size
    assert loudest_hz(out[2000:14_000]) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.02)


@pytest.mark.parametrize("semitones", [-2.0, 2.0])
def test_a_shifted_tone_is_as_loud_from_its_beginning_to_its_end(semitones):
    out = apply_pitch_shift(tone(440), semitones)
    levels_db = 20 * np.log10(np.sqrt(np.mean(out[:15_872].reshape(-1, 256) ** 2, axis=1)))
    assert np.ptp(levels_db) < 3  # no fade at the ends, no holes between the grains
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    peak = int(np.argmax(spectrum))
    inside = np.sum(spectrum[peak - 12 : peak + 13] ** 2) / np.sum(spectrum**2)
    assert inside > 0.99  # a tone still, not a rattle


@pytest.mark.parametrize("semitones", [-2.0, 2.0])
def test_a_shifted_word_stays_where_it_was(semitones):
    audio = np.concatenate([np.zeros(4800), tone(300, 0.5), np.zeros(4800)]).astype(np.float32)
    heard = np.flatnonzero(np.abs(apply_pitch_shift(audio, semitones)) > 0.1)
    assert heard[0] == pytest.approx(4800, abs=400) and heard[-1] == pytest.approx(12_800, abs=400)


def test_an_impulse_is_no_room_at_all():
    audio = noise(4000)
    for response in (np.eye(1, 100, dtype=np.float32)[0], np.ones(1, np.float32)):
        np.testing.assert_allclose(apply_rir(audio, response), audio, atol=1e-6)


def test_a_room_that_answers_late_makes_the_sound_late():
    audio = noise(4000)
    late = apply_rir(audio, np.eye(1, 100, 40, dtype=np.float32)[0])
    np.testing.assert_allclose(
        late[40:] / np.std(late[40:]), audio[:-40] / np.std(audio[:-40]), atol=1e-4
    )


def test_a_room_leaves_a_tail_that_dies_away():
    audio = np.zeros(RATE_HZ, np.float32)
    audio[:800] = noise(800)
    out = apply_rir(audio, ROOM)
    tail_db = [20 * np.log10(np.std(out[at : at + 800])) for at in (1600, 4800, 8000)]
    assert tail_db[0] - tail_db[1] == pytest.approx(8.686 * 3200 / 1600, abs=2)  # its own decay
    assert tail_db[0] > tail_db[1] > tail_db[2] and not np.abs(out[9000:]).max() > 1e-4


def test_a_room_keeps_the_level_and_dry_is_dry():
    audio = noise(RATE_HZ)
    assert level_db(apply_rir(audio, ROOM)) == pytest.approx(level_db(audio), abs=0.01)
    assert level_db(apply_rir(audio, 100 * ROOM)) == pytest.approx(level_db(audio), abs=0.01)
    np.testing.assert_array_equal(apply_rir(audio, ROOM, wet=0.0), audio)
    for wet in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="wanted 0 to 1"):
            apply_rir(audio, ROOM, wet)


@pytest.mark.parametrize("n", [0, 1, 700, -1, -700])
def test_what_is_shifted_out_is_cut_and_silence_comes_in(n):
    audio, out = noise(1000), apply_time_shift(noise(1000), n)
    if n >= 0:
        np.testing.assert_array_equal(out, np.concatenate([np.zeros(n, "f4"), audio[: 1000 - n]]))
    else:
        np.testing.assert_array_equal(out, np.concatenate([audio[-n:], np.zeros(-n, "f4")]))
    for all_of_it in (1000, -1000, 5000, -5000):
        assert not apply_time_shift(audio, all_of_it).any()


def test_the_same_draws_apply_to_the_same_samples_also_from_json():
    audio, everything = noise(8000), AudioAugmentation(**dict.fromkeys(EFFECTS, 1.0))
    given = {"background": noise(3000, seed=2), "rir": ROOM}
    recipe = everything.draw(np.random.default_rng(5))
    assert recipe == everything.draw(np.random.default_rng(5))
    assert set(recipe) == set(EFFECTS)
    first = AudioAugmentation.apply(audio, RATE_HZ, recipe, **given)
    again = AudioAugmentation.apply(audio, RATE_HZ, json.loads(json.dumps(recipe)), **given)
    assert first.tobytes() == again.tobytes() and not np.array_equal(first, audio)
    reordered = dict(sorted(json.loads(json.dumps(recipe)).items()))  # as sorted keys would be
    assert AudioAugmentation.apply(audio, RATE_HZ, reordered, **given).tobytes() == first.tobytes()
    assert np.isfinite(first).all()
    assert first.size == round(audio.size / recipe["time_stretch"]["rate"])


def test_each_effect_happens_as_often_as_asked_and_within_its_ranges():
    draws = np.random.default_rng(6)
    augmentation = AudioAugmentation()
    recipes = [augmentation.draw(draws) for _ in range(2000)]
    for name in EFFECTS:
        share, wanted = np.mean([name in recipe for recipe in recipes]), getattr(augmentation, name)
        assert share == pytest.approx(wanted, abs=3.5 * np.sqrt(wanted * (1 - wanted) / 2000))
    for name in ("background_noise", "color_noise"):
        snrs_db = [recipe[name]["snr_db"] for recipe in recipes if name in recipe]
        assert 5 <= min(snrs_db) < 6 and 19 < max(snrs_db) <= 20
    shifts = [recipe["pitch_shift"]["semitones"] for recipe in recipes if "pitch_shift" in recipe]
    assert -2 <= min(shifts) < -1.8 and 1.8 < max(shifts) <= 2
    both = np.mean(["eq" in recipe and "distortion" in recipe for recipe in recipes])
    assert both == pytest.approx(0.25 * 0.25, abs=0.02)  # independent of one another


def test_an_effect_switched_off_leaves_the_others_draws_as_they_were():
    everything = AudioAugmentation(**dict.fromkeys(EFFECTS, 1.0))
    without = AudioAugmentation(**dict.fromkeys(EFFECTS, 1.0) | {"eq": 0.0})
    recipe = everything.draw(np.random.default_rng(7))
    recipe.pop("eq")
    assert without.draw(np.random.default_rng(7)) == recipe


def test_stretch_and_shift_are_drawn_last_so_that_all_else_stays_as_it_was():
    both = AudioAugmentation(time_stretch=1.0, time_shift=1.0)
    for seed in range(50):
        recipe = both.draw(np.random.default_rng(seed))
        stretch, shift = recipe.pop("time_stretch"), recipe.pop("time_shift")
        assert 0.85 <= stretch["rate"] <= 1.15 and -0.1 <= shift["seconds"] <= 0.1
        assert recipe == AudioAugmentation().draw(np.random.default_rng(seed))


@pytest.mark.parametrize("rate", [0.85, 0.93, 1.0, 1.15])
def test_time_stretch_makes_it_shorter_and_leaves_the_pitch(rate):
    audio = tone(440, 2.0)
    out = apply_time_stretch(audio, rate)
    assert out.size == round(audio.size / rate) and out.dtype == np.float32
    assert loudest_hz(out[4000:-4000]) == pytest.approx(440, rel=0.01)
    assert level_db(out) == pytest.approx(level_db(audio), abs=1.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sound", INPUTS)
def test_time_stretch_of_any_sound_is_finite_and_as_long_as_asked(sound):
    for rate in (0.85, 1.15):
        out = apply_time_stretch(INPUTS[sound], rate)
        assert out.size == round(INPUTS[sound].size / rate) and np.isfinite(out).all()
        assert np.abs(out).max(initial=0) <= 1.5


@pytest.mark.parametrize("rate", [0.85, 1.15])
def test_in_a_stretched_clip_a_word_is_where_the_new_time_puts_it(rate):
    audio = np.concatenate([np.zeros(4800), tone(300, 0.5), np.zeros(4800)]).astype(np.float32)
    heard = np.flatnonzero(np.abs(apply_time_stretch(audio, rate)) > 0.1)
    assert heard[0] == pytest.approx(4800 / rate, abs=400)
    assert heard[-1] == pytest.approx(12_800 / rate, abs=400)


def test_a_tempo_that_no_one_speaks_in_is_refused():
    for rate in (0.0, 0.4, 3.0, float("nan")):
        with pytest.raises(ValueError, match="rate is .*; wanted 0.5 to 2"):
            apply_time_stretch(noise(1000), rate)


def test_the_room_is_mixed_with_30_to_70_percent_dry_unless_asked_otherwise():
    only_room = dict.fromkeys(EFFECTS, 0.0) | {"rir": 1.0}
    wet = [
        AudioAugmentation(**only_room).draw(np.random.default_rng(i))["rir"]["wet"]
        for i in range(500)
    ]
    assert 0.3 <= min(wet) < 0.32 and 0.68 < max(wet) <= 0.7
    adaptive = AudioAugmentation(**only_room, dry=DryShare("adaptive"))
    shares = [adaptive.draw(np.random.default_rng(1), rt60_s=s)["rir"]["wet"] for s in (0.2, 1.0)]
    assert shares == pytest.approx([0.7, 0.3])
    with pytest.raises(ValueError, match="needs the room's rt60_s"):
        adaptive.draw(np.random.default_rng(1))


def test_nothing_drawn_changes_nothing():
    nothing = AudioAugmentation(**dict.fromkeys(EFFECTS, 0.0))
    assert nothing.draw(np.random.default_rng(1)) == {}
    np.testing.assert_array_equal(AudioAugmentation.apply(noise(100), RATE_HZ, {}), noise(100))


def test_what_a_recipe_needs_must_be_given():
    for name in ("background_noise", "rir"):
        with pytest.raises(ValueError, match=f"the recipe has {name} but none was given"):
            AudioAugmentation.apply(noise(100), RATE_HZ, {name: {}})
    with pytest.raises(ValueError, match=r"the recipe has \['echo'\]"):
        AudioAugmentation.apply(noise(100), RATE_HZ, {"echo": {}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"eq": 1.1},
        {"rir": -0.1},
        {"gain": float("nan")},
        {"snr_db": (20.0, 5.0)},
        {"semitones": -1.0},
        {"stretch": (1.2, 0.8)},
        {"stretch": (0.1, 1.0)},
        {"shift_s": -0.1},
        {"time_stretch": 1.5},
    ],
)
def test_settings_that_are_nonsense_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .*; wanted"):
        AudioAugmentation(**wrong)


def test_every_effect_has_a_function_of_its_name():
    for name in EFFECTS:
        assert callable(getattr(effects, f"apply_{name}"))
