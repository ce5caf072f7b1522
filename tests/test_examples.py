import json

import numpy as np
import pytest
import soundfile
from scipy import signal

from mwwkit.triples import examples
from mwwkit.triples.examples import N_SAMPLES, Item, OpenBatch, Room, Spectra, draw, make
from mwwkit.triples.messy import apply_chain

BAD, TARGET = ["b0", "b1", "b2"], ["t0", "t1"]


@pytest.fixture
def rooms(tmp_path):
    made = {}
    for seed, (name, seconds) in enumerate({"b": 0.3, "t": 1.3}.items()):
        n = int(48_000 * seconds)
        noise = np.random.default_rng(seed).standard_normal(n)
        sound = noise * np.exp(-np.arange(n) / 48_000 * 6 / seconds)
        soundfile.write(tmp_path / f"{name}.wav", sound / 8, 48_000, subtype="FLOAT")
        made[name] = Room(tmp_path / f"{name}.wav", "")
    return made


@pytest.fixture
def dry():
    t = np.arange(N_SAMPLES) / 48_000
    voice = np.sin(2 * np.pi * 180 * t + 3 * np.sin(2 * np.pi * 3 * t)) * np.sin(np.pi * t) ** 2
    return np.rint(6000 * voice).astype(np.int16)


def test_an_item_depends_on_the_seed_and_its_number_alone():
    drawn = [draw(42, i, BAD, TARGET) for i in range(40)]
    assert [draw(42, i, BAD, TARGET) for i in reversed(range(40))] == drawn[::-1]
    assert draw(43, 0, BAD, TARGET) != drawn[0]
    assert {item.bad_ir for item in drawn} == {*BAD}
    recipes = [json.loads(item.recipe) for item in drawn]
    assert all(0.3 <= r["wet"] <= 1 and 3 <= len(r["chain"]) <= 6 for r in recipes)


def test_the_target_is_the_voice_convolved_within_one_step(rooms, dry):
    triple, why = make(dry, rooms["b"], rooms["t"], draw(1, 2, BAD, TARGET), Spectra())
    response, _ = soundfile.read(rooms["t"].path)
    again = signal.oaconvolve(dry.astype(float), response)[:N_SAMPLES]
    again = np.rint(again / np.abs(again).max() * 32_767)
    assert not why and np.abs(triple.target - again).max() <= 1


def test_the_input_is_the_recipe_replayed_within_one_step(rooms, dry):
    item = draw(1, 3, BAD, TARGET)
    recipe = json.loads(item.recipe)
    triple, _ = make(dry, rooms["b"], rooms["t"], item, Spectra())
    voice = dry / 32_768
    response, _ = soundfile.read(rooms["b"].path)
    wet = signal.oaconvolve(voice, response / np.abs(response).max())[:N_SAMPLES]
    wet *= np.std(voice) / np.sqrt(np.mean(wet**2))
    mixed = (recipe["wet"] * wet + (1 - recipe["wet"]) * voice).astype(np.float32)
    messy = apply_chain(mixed, 48_000, recipe["chain"])
    again = np.rint(messy / np.abs(messy).max() * 32_767)
    # Crushing rounds to few levels: a sample at an edge may fall to the other side.
    assert np.mean(np.abs(triple.input - again) > 1) < 1e-3


def test_sound_is_240000_samples_of_peak_32767_in_16_bits(rooms, dry):
    triple, _ = make(dry, rooms["b"], rooms["t"], draw(1, 4, BAD, TARGET), Spectra())
    for sound in (triple.input, triple.target):
        assert sound.shape == (240_000,) and sound.dtype == np.int16
        assert np.abs(sound.astype(int)).max() == 32_767


def test_a_silent_segment_is_rejected_with_its_reason(rooms):
    nothing = np.zeros(N_SAMPLES, np.int16)
    chain = json.dumps({"wet": 0.5, "chain": []})
    triple, why = make(nothing, rooms["b"], rooms["t"], Item(0, "b", "t", chain), Spectra())
    assert triple is None and why == "input silent"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_or_one_click_in_silence_is_no_good(bad):
    sound = np.zeros(N_SAMPLES, np.float32)
    sound[7] = bad
    assert examples.quantised(sound)[1] == "not finite"
    sound[7] = 1
    assert examples.quantised(sound)[1] == "silent"


def test_spectra_are_kept_within_their_bound_and_change_nothing(rooms, dry):
    item = draw(1, 5, BAD, TARGET)
    small, large = Spectra(most_bytes=1), Spectra()
    for _ in range(2):
        one, _ = make(dry, rooms["b"], rooms["t"], item, small)
        other, _ = make(dry, rooms["b"], rooms["t"], item, large)
        np.testing.assert_array_equal(one.input, other.input)
        np.testing.assert_array_equal(one.target, other.target)
    assert len(small._kept) == 1 and len(large._kept) == 2
    assert large.n_bytes == sum(s.nbytes for _, s in large._kept.values())


@pytest.mark.parametrize("compressed", [False, True])
def test_a_batch_has_the_keys_and_types_of_the_format_and_the_same_bytes(tmp_path, compressed):
    batch, sound = OpenBatch(3), np.arange(N_SAMPLES).astype(np.int16)
    for i in range(2):
        batch.add(examples.Triple(sound, -sound), draw(1, i, BAD, TARGET), f"a.wav:00{i}")
    vectors = {name: np.full(512, k, np.float32) for k, name in enumerate(TARGET)}
    for name in ("one", "other"):
        batch.write(tmp_path / f"{name}.npz", vectors, compressed=compressed)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as read:
        assert tuple(read.files) == examples.KEYS
        assert read["input"].shape == read["target"].shape == (2, 240_000)
        assert read["input"].dtype == np.int16 and read["embedding"].dtype == np.float32
        assert read["embedding"].shape == (2, 512)
        assert list(read["dry_id"]) == ["a.wav:000", "a.wav:001"]
        assert json.loads(str(read["recipe"][1]))["item"] == 1
        assert int(read["format_version"]) == 1
    assert (tmp_path / "one.npz").stat().st_size <= examples.batch_bytes(2)
