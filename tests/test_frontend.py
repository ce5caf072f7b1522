import numpy as np
import pymicro_features
import pytest

from mwwkit.audio.frontend import (
    FeatureConfig,
    MicroFrontend,
    SpectrogramGeneration,
    quantise,
    spectrogram,
)
from mwwkit.audio.wav16 import write_wav16

RATE_HZ = 16_000


def tone(n, hz=1000, peak=10_000):
    return np.rint(peak * np.sin(2 * np.pi * hz / RATE_HZ * np.arange(n))).astype(np.int16)


SOUNDS = {
    "silence": np.zeros(16_000, np.int16),
    "noise": np.random.default_rng(1).integers(-3000, 3000, 48_123).astype(np.int16),
    "full scale": np.where(np.arange(16_000) // 20 % 2, 32767, -32768).astype(np.int16),
    "tone": tone(16_000),
    "onset": np.concatenate([np.zeros(8000, np.int16), tone(8000, 300)]),
}


def by_the_library(pcm):
    """float32 [frames, 40] from pymicro-features' public class, 10 ms at a time."""
    frontend = pymicro_features.MicroFrontend()
    frames = []
    for start in range(0, len(pcm) - 159, 160):
        if found := frontend.process_samples(pcm[start : start + 160].tobytes()).features:
            frames.append(found)
    return np.array(frames, np.float64)


@pytest.mark.parametrize("name", SOUNDS)
def test_frames_are_the_device_library_s_own_one_by_one(name):
    raw = MicroFrontend().process(SOUNDS[name])
    np.testing.assert_array_equal(raw * (10 / 256), by_the_library(SOUNDS[name]))


@pytest.mark.parametrize("sizes", [[1], [159, 161], [160], [479, 1, 33], [5000, 7]])
def test_how_audio_is_cut_into_blocks_changes_nothing(sizes):
    pcm, frontend, frames, at, turn = SOUNDS["noise"][:9000], MicroFrontend(), [], 0, 0
    while at < len(pcm):
        size = sizes[turn % len(sizes)]
        frames.append(frontend.process(pcm[at : at + size]))
        at, turn = at + size, turn + 1
    np.testing.assert_array_equal(np.concatenate(frames), MicroFrontend().process(pcm))


def test_the_front_end_adapts_so_a_second_hearing_differs_from_the_first():
    frontend = MicroFrontend()
    first, second = frontend.process(SOUNDS["noise"]), frontend.process(SOUNDS["noise"])
    assert second[:20].mean() < first[:20].mean()  # the noise is known by then


@pytest.mark.parametrize("n", [0, 1, 320, 479, 480, 481, 639, 640, 16_000, 16_159, 51_200])
def test_a_frame_comes_every_10_ms_once_the_first_30_ms_are_full(n):
    frames = spectrogram(tone(n))
    assert frames.shape == (max(n // 160 - 2, 0), 40) and frames.dtype == np.int8


def test_quantising_is_the_device_s_integer_formula_for_every_raw_value():
    raw = np.arange(65_536, dtype=np.uint16)
    by_hand = [max(-128, min(127, (value * 256 + 333) // 666 - 128)) for value in range(65_536)]
    assert quantise(raw).tolist() == by_hand
    assert quantise(raw).dtype == np.int8
    assert by_hand[0] == -128 and by_hand[-1] == 127 and by_hand[664:667] == [127, 127, 127]


def test_silence_is_the_lowest_value_and_a_tone_is_high_in_its_own_band():
    assert (spectrogram(SOUNDS["silence"]) == -128).all()
    frames = spectrogram(SOUNDS["onset"]).astype(int)
    assert (frames[:45] == -128).all()
    heard = frames[55:].mean(axis=0)
    assert heard.argmax() < 6 and heard[:6].max() > heard[6:].max() + 40  # 300 Hz is a low band


def test_float_audio_is_the_int16_it_stands_for_and_is_clipped_at_full_scale():
    pcm = SOUNDS["noise"]
    floats = pcm.astype(np.float32) / 32768
    np.testing.assert_array_equal(spectrogram(floats), spectrogram(pcm))
    clipped = spectrogram(np.clip(pcm.astype(int) * 20, -32768, 32767).astype(np.int16))
    np.testing.assert_array_equal(spectrogram(floats * 20), clipped)


@pytest.mark.parametrize(
    "pcm", [np.zeros(160), np.zeros(160, np.int32), np.zeros((160, 1), np.int16)]
)
def test_other_types_and_shapes_are_refused(pcm):
    with pytest.raises(ValueError, match=r"pcm is .*; wanted int16 \[samples\] at 16 kHz"):
        MicroFrontend().process(pcm)


def test_settings_the_device_cannot_have_are_refused():
    assert FeatureConfig() == FeatureConfig(16_000, 30, 10, 40)
    for wrong in ({"window_ms": 25}, {"hop_ms": 20}, {"bands": 64}):
        with pytest.raises(ValueError, match="the device's front end has"):
            FeatureConfig(**wrong)
    with pytest.warns(UserWarning, match="44100.*resampled to that first") as told:
        FeatureConfig(sample_rate_hz=44_100)
    assert told[0].filename == __file__  # the warning points at the caller


def test_a_generator_of_spectrograms_reads_files_and_starts_afresh_each_time(tmp_path):
    write_wav16(tmp_path / "tone.wav", SOUNDS["tone"])
    generation = SpectrogramGeneration()
    wanted = spectrogram(SOUNDS["tone"])
    np.testing.assert_array_equal(generation.generate(SOUNDS["tone"]), wanted)
    np.testing.assert_array_equal(generation.generate_from_file(tmp_path / "tone.wav"), wanted)
    for frames in generation.process_batch([SOUNDS["tone"], SOUNDS["tone"]]):
        np.testing.assert_array_equal(frames, wanted)
