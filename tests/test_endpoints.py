import numpy as np
import pytest

from mwwkit.audio.endpoints import Span, sure, word_span

RATE_HZ = 16_000


def clip(start_s, end_s, seconds=2.0, noise_db=-50.0, seed=1, gap=None):
    """A burst like a voice's (120 Hz and its harmonics, -14 dB RMS) in white noise of a level."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 120 * k * t + k * k) / k**0.5 for k in range(1, 50))
    voice *= 0.2 / np.std(voice)
    voice[(t < start_s) | (t >= end_s)] = 0
    if gap:
        voice[(t >= gap[0]) & (t < gap[1])] = 0
    noise = 10 ** (noise_db / 20) * np.random.default_rng(seed).standard_normal(t.size)
    return (voice + noise).astype(np.float32)


# A frame is 25 ms and levels are smoothed over three of 10 ms: an edge is seen 20 ms early.
def near(span, start_s, end_s, within_s=0.03):
    assert abs(span.start_s - start_s) <= within_s and abs(span.end_s - end_s) <= within_s


@pytest.mark.parametrize("noise_db", [-90.0, -50.0, -35.0])
@pytest.mark.parametrize(("start_s", "end_s"), [(0.5, 1.2), (0.1234, 0.6543), (0.8, 1.9)])
def test_a_voice_in_noise_is_found_where_it_is(start_s, end_s, noise_db):
    near(word_span(clip(start_s, end_s, noise_db=noise_db)), start_s, end_s)


def test_the_end_found_does_not_move_with_the_level():
    audio = clip(0.5, 1.2)
    spans = [word_span((gain * audio).astype(np.float32)) for gain in (0.01, 0.1, 1.0)]
    assert max(s.end_s for s in spans) - min(s.end_s for s in spans) <= 0.01


def test_digital_silence_around_a_word_is_not_part_of_it():
    audio = clip(0.5, 1.2, noise_db=-np.inf)
    assert not audio[:8000].any()
    near(word_span(audio), 0.5, 1.2)


def test_mains_hum_louder_than_the_noise_does_not_stretch_the_word():
    t = np.arange(32_000) / RATE_HZ
    hum = 0.1 * np.sin(2 * np.pi * 50 * t) + 0.05 * np.sin(2 * np.pi * 150 * t)
    near(word_span(clip(0.5, 1.2) + hum.astype(np.float32)), 0.5, 1.2)


def test_the_closure_of_a_stop_is_inside_the_word():
    near(word_span(clip(0.5, 1.2, gap=(0.8, 0.92))), 0.5, 1.2)


def test_of_two_sounds_the_one_with_more_of_it_is_the_word():
    audio = clip(0.2, 1.0, seconds=3.0)
    audio[2 * RATE_HZ : 2 * RATE_HZ + 800] += 0.3  # a click long after
    near(word_span(audio), 0.2, 1.0)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros(16_000, np.float32),
        np.zeros(0, np.float32),
        np.full(100, 0.1, np.float32),
        np.full(400, 0.1, np.float32),
    ],
)
def test_where_nothing_stands_out_the_whole_clip_is_the_word(audio):
    assert word_span(audio) == Span(0.0, audio.size / RATE_HZ)


@pytest.mark.parametrize("n", [401, 559, 560, 16_001])
def test_the_end_is_never_after_the_clip(n):
    audio = np.zeros(n, np.float32)
    audio[n // 2 :] = 0.1 * np.random.default_rng(1).standard_normal(n - n // 2)
    span = word_span(audio)
    assert 0 <= span.start_s <= span.end_s <= n / RATE_HZ


def test_a_word_as_long_as_the_others_is_sure_and_one_far_off_is_not():
    seconds = [0.6, 0.62, 0.58, 0.61, 0.3, 1.2, 0.5, 0.8]
    wanted = [True, True, True, True, False, False, True, True]
    assert sure(Span(1.0, 1.0 + s) for s in seconds) == wanted
    assert sure([]) == []
    assert sure([Span(0.0, 0.7)]) == [True]
