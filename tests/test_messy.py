import json

import numpy as np
import pytest
from awkward import SOUNDS, noise
from scipy import signal

from mwwkit.audio.effects import rms
from mwwkit.run.seeds import rng
from mwwkit.triples.messy import (
    EFFECTS,
    NOISES,
    apply_bit_crush,
    apply_chain,
    apply_eq,
    apply_hard_clip,
    apply_high_pass,
    apply_low_pass,
    apply_noise,
    draw_chain,
    draw_mix,
    make_noise,
)

RATES_HZ = (16_000, 48_000)
FLAT = {"low_hz": 100.0, "low_db": 0.0, "mid_hz": 1000.0, "mid_db": 0.0, "mid_q": 1.0}
FLAT |= {"high_hz": 5000.0, "high_db": 0.0}


def gain_db_at(apply, hz, rate_hz):
    """What a linear effect does to a tone, from its answer to an impulse of one second."""
    audio = np.zeros(rate_hz, np.float32)
    audio[0] = 1
    turns = np.exp(-2j * np.pi * hz / rate_hz * np.arange(rate_hz))
    return 20 * np.log10(np.abs(np.dot(apply(audio).astype(float), turns)))


def all_chains():
    """A chain of each effect alone, and enough whole ones to have everything in them."""
    for name in EFFECTS:
        yield next([e] for i in range(99) for e in draw_chain(rng(i)) if e["effect"] == name)
    for colour in NOISES:
        yield [{"effect": "noise", "colour": colour, "snr_db": 10.0, "seed": 3, "fan_hz": 90}]
    yield from (draw_chain(rng(7, "chain", i)) for i in range(20))


INPUTS = SOUNDS | {"a click, then nothing": np.eye(1, 4000, dtype=np.float32)[0]}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_any_chain_keeps_the_length_and_the_type_and_stays_finite(name, rate_hz):
    audio = INPUTS[name]
    before = audio.copy()
    for chain in all_chains():
        out = apply_chain(audio, rate_hz, chain)
        assert out.shape == audio.shape and out.dtype == np.float32
        assert np.isfinite(out).all() and np.abs(out).max(initial=0) < 50
        if name == "silence":
            assert not out.any()  # there is nothing to be noisier than
    np.testing.assert_array_equal(audio, before)  # what was given is not touched


def test_a_chain_has_three_to_six_different_effects_in_any_order():
    chains = [draw_chain(rng(42, "chain", i)) for i in range(600)]
    names = [[e["effect"] for e in chain] for chain in chains]
    assert {len(n) for n in names} == {3, 4, 5, 6}
    assert all(len(set(n)) == len(n) for n in names)
    assert {n[0] for n in names} == {n[-1] for n in names} == set(EFFECTS)
    colours = {e["colour"] for chain in chains for e in chain if e["effect"] == "noise"}
    assert colours == set(NOISES)
    snrs_db = [e["snr_db"] for chain in chains for e in chain if e["effect"] == "noise"]
    assert 5 <= min(snrs_db) < 6 and 39 < max(snrs_db) <= 40


def test_the_wet_share_is_30_to_100_percent():
    shares = [draw_mix(rng(1, i)) for i in range(1000)]
    assert 0.3 <= min(shares) < 0.31 and 0.99 < max(shares) <= 1.0


def test_a_chain_read_from_json_gives_the_same_samples():
    for i in range(12):
        chain = draw_chain(rng(42, "chain", i))
        assert chain == draw_chain(rng(42, "chain", i))
        read = json.loads(json.dumps(chain, sort_keys=True))
        assert read == chain
        first = apply_chain(noise(48_000), 48_000, chain)
        assert first.tobytes() == apply_chain(noise(48_000), 48_000, read).tobytes()
        assert not np.array_equal(first, noise(48_000))


def test_an_effect_of_no_name_is_refused():
    with pytest.raises(ValueError, match="effect is 'echo'; wanted one of"):
        apply_chain(noise(100), 48_000, [{"effect": "echo"}])
    with pytest.raises(ValueError, match="colour is 'blue'; wanted one of"):
        make_noise(100, 48_000, "blue", 1)


@pytest.mark.parametrize("colour", NOISES)
@pytest.mark.parametrize("snr_db", [5.0, 20.0, 40.0])
def test_the_powers_of_sound_and_noise_are_the_snr_apart(colour, snr_db):
    audio = noise(240_000)
    audio[100_000:] = 0  # a pause belongs to the sound
    mixed = apply_noise(audio, 48_000, colour=colour, snr_db=snr_db, seed=5, fan_hz=110)
    added = mixed.astype(float) - audio
    assert 20 * np.log10(rms(audio) / rms(added)) == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize(("colour", "slope"), [("white", 0.0), ("pink", -3.0), ("brown", -6.0)])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_coloured_noise_falls_by_its_slope_an_octave(colour, slope, rate_hz):
    hz, power = signal.welch(make_noise(20 * rate_hz, rate_hz, colour, 3), rate_hz, nperseg=16_384)
    kept = (hz > 100) & (hz < 0.45 * rate_hz)
    weight = 1 / np.sqrt(hz[kept])  # as many octaves low as high
    fitted = np.polyfit(np.log2(hz[kept]), 10 * np.log10(power[kept]), 1, w=weight)[0]
    assert fitted == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000])
def test_hum_is_lines_at_60_hz_and_its_multiples_and_nothing_else(rate_hz):
    hum = make_noise(rate_hz, rate_hz, "hum", 4)  # one second: a bin a Hz, every line on one
    power = np.abs(np.fft.rfft(hum.astype(float))) ** 2
    lines = 60 * np.arange(1, 11)
    assert power[lines].sum() / power.sum() > 1 - 1e-9
    levels_db = 10 * np.log10(power[lines] / power[60])
    np.testing.assert_allclose(levels_db, -20 * np.log10(np.arange(1, 11)), atol=0.01)
    assert rms(hum) == pytest.approx(1, abs=1e-3)


def test_hum_of_another_seed_is_the_same_lines_in_other_phases():
    one, other = (make_noise(48_000, 48_000, "hum", seed) for seed in (1, 2))
    assert not np.allclose(one, other, atol=0.1)
    np.testing.assert_allclose(np.abs(np.fft.rfft(one)), np.abs(np.fft.rfft(other)), atol=0.5)


def test_hvac_is_a_low_rumble_with_the_fans_tone():
    noise = make_noise(480_000, 48_000, "hvac", 6, fan_hz=170)
    hz, power = signal.welch(noise, 48_000, nperseg=48_000)
    assert power[hz < 600].sum() / power.sum() > 0.95
    for line in (170, 340, 510):
        around = np.r_[power[line - 15 : line - 5], power[line + 6 : line + 16]]
        assert 10 * np.log10(power[line] / around.mean()) > 6
    at_1k, at_4k = power[(hz > 900) & (hz < 1100)].mean(), power[(hz > 3600) & (hz < 4400)].mean()
    assert 10 * np.log10(at_1k / at_4k) == pytest.approx(2 * (6 + 12), abs=3)  # brown, rolled off


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize(
    ("apply", "cutoff_hz", "beyond"),
    [
        (apply_high_pass, 60.0, 0.25),
        (apply_high_pass, 500.0, 0.25),
        (apply_low_pass, 200.0, 4.0),
        (apply_low_pass, 2000.0, None),
        (apply_low_pass, 7500.0, None),
    ],
)
def test_roll_off_is_3_db_down_at_its_cutoff_and_steeper_by_order(
    apply, cutoff_hz, beyond, order, rate_hz
):
    def filtered(audio):
        return apply(audio, rate_hz, cutoff_hz=cutoff_hz, order=order)

    assert gain_db_at(filtered, cutoff_hz, rate_hz) == pytest.approx(-3.01, abs=0.05)
    if beyond:  # two octaves out, far from Nyquist: 6 dB an octave and order
        got = gain_db_at(filtered, beyond * cutoff_hz, rate_hz)
        assert got == pytest.approx(-12.04 * order, abs=1.0)
        assert gain_db_at(filtered, cutoff_hz / beyond, rate_hz) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("hz", [0.0, -5.0, 8000.0, 20_000.0, float("nan")])
def test_a_corner_at_or_over_nyquist_is_refused_not_folded(hz):
    for apply in (apply_low_pass, apply_high_pass):
        with pytest.raises(ValueError, match="wanted above 0 and below 8000 Hz"):
            apply(noise(1000), 16_000, cutoff_hz=hz, order=2)
    for corner in ("low_hz", "mid_hz", "high_hz"):
        with pytest.raises(ValueError, match="wanted above 0 and below 8000 Hz"):
            apply_eq(noise(1000), 16_000, **FLAT | {corner: hz})


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("gain_db", [-12.0, -3.0, 6.0, 12.0])
def test_each_band_of_the_eq_has_its_gain_and_leaves_the_others(gain_db, rate_hz):
    def db(hz, **band):
        def apply(audio):
            return apply_eq(audio, rate_hz, **FLAT | band)

        return gain_db_at(apply, hz, rate_hz)

    assert db(1000, mid_db=gain_db) == pytest.approx(gain_db, abs=0.01)
    assert db(5, mid_db=gain_db) == pytest.approx(0, abs=0.05)
    assert db(5, low_db=gain_db) == pytest.approx(gain_db, abs=0.1)
    assert db(100, low_db=gain_db) == pytest.approx(gain_db / 2, abs=0.05)
    assert db(3000, low_db=gain_db) == pytest.approx(0, abs=0.05)
    assert db(7990 * rate_hz / 16_000, high_db=gain_db) == pytest.approx(gain_db, abs=0.1)
    assert db(5000, high_db=gain_db) == pytest.approx(gain_db / 2, abs=0.05)
    assert db(100, high_db=gain_db) == pytest.approx(0, abs=0.05)


def test_a_bell_is_as_wide_as_its_q_says():
    def apply(audio):
        return apply_eq(audio, 48_000, **FLAT | {"mid_db": 12.0, "mid_q": 2.0})

    for edge in (-0.25, 0.25):  # half the gain in dB; between the edges is 1000 Hz over the Q
        at_hz = 1000 * (edge + np.sqrt(1 + edge**2))
        assert gain_db_at(apply, at_hz, 48_000) == pytest.approx(6.0, abs=0.1)


def test_a_flat_eq_changes_nothing():
    np.testing.assert_allclose(apply_eq(noise(240_000), 48_000, **FLAT), noise(240_000), atol=1e-6)


@pytest.mark.parametrize("bits", [2, 5, 8, 12])
@pytest.mark.parametrize("level", [1.0, 0.01])
def test_crushing_rounds_to_steps_of_the_peak_whatever_the_level(bits, level):
    audio = noise(20_000) * np.float32(level)
    out = apply_bit_crush(audio, 48_000, bits=bits)
    step = np.abs(audio).max() / 2 ** (bits - 1)
    np.testing.assert_allclose(out / step, np.rint(out / step), atol=1e-3)
    assert np.abs(out - audio).max() <= 0.5001 * step
    assert np.unique(out).size <= 2**bits + 1
    assert np.abs(out).max() == pytest.approx(np.abs(audio).max(), rel=1e-6)


def test_each_bit_less_is_6_db_more_rounding_noise():
    audio = np.random.default_rng(1).uniform(-1, 1, 200_000).astype(np.float32)
    errors_db = [20 * np.log10(rms(apply_bit_crush(audio, 1, bits=b) - audio)) for b in (6, 7, 8)]
    np.testing.assert_allclose(np.diff(errors_db), -6.02, atol=0.1)


@pytest.mark.parametrize("under_peak_db", [1.0, 6.0, 15.0])
def test_clipping_cuts_flat_at_its_level_and_leaves_what_is_under(under_peak_db):
    audio = noise(20_000)
    out = apply_hard_clip(audio, 48_000, under_peak_db=under_peak_db)
    ceiling = np.abs(audio).max() * 10 ** (-under_peak_db / 20)
    assert out.max() == pytest.approx(ceiling, rel=1e-6)
    assert np.abs(out).max() == pytest.approx(ceiling, rel=1e-6)
    under = np.abs(audio) < 0.999 * ceiling
    np.testing.assert_array_equal(out[under], audio[under])


def test_what_a_filter_does_does_not_depend_on_the_level():
    for apply in (
        lambda a: apply_eq(a, 48_000, **FLAT | {"low_db": 6.0}),
        lambda a: apply_low_pass(a, 48_000, cutoff_hz=3000.0, order=3),
        lambda a: apply_noise(a, 48_000, colour="pink", snr_db=9.0, seed=1, fan_hz=60),
        lambda a: apply_bit_crush(a, 48_000, bits=5),
        lambda a: apply_hard_clip(a, 48_000, under_peak_db=4.0),
    ):
        loud, soft = apply(noise(5000)), apply(noise(5000) / 64)  # a power of two rounds nothing
        np.testing.assert_allclose(64 * soft, loud, atol=1e-5)
