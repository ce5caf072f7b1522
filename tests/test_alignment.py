import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from mwwkit.audio import alignment
from mwwkit.audio.alignment import FEWEST, hear, learn
from mwwkit.audio.endpoints import Span, word_span

sys.path.insert(0, str(Path(__file__).parents[1]))  # the benchmarks are not installed

RATE_HZ = 16_000


def voiced(seconds, pitch_hz, formants_hz, rms):
    """Harmonics of a pitch under resonances 300 Hz wide; fades over 30 ms as voices do."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    audio = np.zeros(t.size)
    for hertz in np.arange(pitch_hz, 7000, pitch_hz):
        loud = sum(np.exp(-(((hertz - formant) / 300) ** 2)) for formant in formants_hz) + 0.01
        audio += loud * np.sin(2 * np.pi * hertz * t + hertz)
    fade = np.minimum(1, np.minimum(t + 1e-4, t[-1] - t) / 0.03)
    return rms * audio / np.std(audio) * fade


def hiss(seconds, rms, voice):
    """Noise of which most is high up, as in an s or a breath."""
    return rms * np.diff(voice.standard_normal(round(seconds * RATE_HZ) + 1)) / 2**0.5


def word(voice):
    """Two syllables round an s; the second vowel is half as loud as the first: float [n]."""
    pitch_hz, pace = voice.uniform(90, 250), voice.uniform(0.8, 1.25)
    shift = voice.uniform(0.9, 1.1)
    return np.concatenate(
        [
            voiced(0.22 * pace, pitch_hz, [500 * shift, 1800 * shift], 0.1),
            hiss(0.10 * pace, 0.02, voice),
            voiced(0.18 * pace, pitch_hz, [700 * shift, 1200 * shift, 2600], 0.05),
        ]
    )


INTRUDERS = {
    "breath": lambda voice: hiss(0.6, 0.04, voice),
    "door": lambda voice: voice.standard_normal(6400) * np.exp(-np.arange(6400) / 1500) * 0.3,
    "voice": lambda voice: voiced(0.5, voice.uniform(90, 250), [300, 2300, 3000], 0.1),
    "click": lambda voice: 0.5 * voice.standard_normal(80),
}


def clip(number, intruder="", gap_s=0.12):
    """A clip float [n] and where in it the word is; the intruder comes before or after the word."""
    voice = np.random.default_rng(number)
    said, other = word(voice), INTRUDERS[intruder](voice) if intruder else np.zeros(0)
    gap = np.zeros(round((gap_s + voice.uniform(0, 0.15)) * RATE_HZ))
    lead = np.zeros(round(voice.uniform(0.2, 0.7) * RATE_HZ))
    before = [lead, other, gap] if number % 2 else [lead]
    after = [lead] if number % 2 else [gap, other, lead]
    start = sum(map(len, before))
    audio = np.concatenate([*before, said, *after])
    audio += 10 ** (voice.uniform(-70, -50) / 20) * voice.standard_normal(audio.size)
    return audio.astype(np.float32), Span(start / RATE_HZ, (start + len(said)) / RATE_HZ)


def error_s(found, true):
    return max(abs(found.start_s - true.start_s), abs(found.end_s - true.end_s))


@pytest.fixture(scope="module")
def messy():
    """40 clips of one word, 10 of them with nothing else in them."""
    return [clip(number, [*INTRUDERS, ""][number // 2 % 5]) for number in range(40)]


def test_breaths_doors_clicks_and_voices_are_not_the_word(messy):
    heard = [hear(audio) for audio, _ in messy]
    model = learn(heard)
    errors_s = [error_s(model.align(h), span) for h, (_, span) in zip(heard, messy, strict=True)]
    alone_s = [error_s(h.span, span) for h, (_, span) in zip(heard, messy, strict=True)]
    assert sum(error > 0.2 for error in alone_s) >= 10  # each clip by itself does mislead
    # A fade of 30 ms and frames of 25 ms every 10: an edge is anywhere within some 40 ms.
    assert max(errors_s) <= 0.06


def test_a_clip_that_was_not_learned_from_is_aligned_too(messy):
    model = learn([hear(audio) for audio, _ in messy])
    for number in range(100, 110):
        audio, span = clip(number, "breath")
        assert error_s(model.align(hear(audio)), span) <= 0.06


def test_where_nothing_misleads_it_keeps_the_sharper_edges_of_word_span():
    clips = [clip(number)[0] for number in range(12)]
    model = learn([hear(audio) for audio in clips])
    assert [model.align(hear(audio)) for audio in clips] == [word_span(audio) for audio in clips]


def test_the_same_clips_give_the_same_model(messy):
    heard = [hear(audio) for audio, _ in messy[:FEWEST]]
    first, second = learn(heard), learn(heard)
    assert [first.align(h) for h in heard] == [second.align(h) for h in heard]


def test_clips_cut_to_the_word_are_the_word():
    clips = []
    for number in range(12):
        audio, span = clip(number)
        clips.append(audio[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)])
    model = learn([hear(audio) for audio in clips])
    for audio in clips:  # every band's floor is now speech: its quietest part may be lost
        assert error_s(model.align(hear(audio)), Span(0.0, audio.size / RATE_HZ)) <= 0.1


def test_too_few_clips_teach_nothing():
    heard = [hear(clip(number)[0]) for number in range(FEWEST)]
    assert learn(heard) is not None
    assert learn(heard[1:]) is None
    assert learn([]) is None
    assert learn([hear(np.zeros(n, np.float32)) for n in (0, 100, 500)] * 5) is None
    halves = [hear(np.zeros(n, np.float32)) for n in (1600, 48_000)]  # none as long as most are
    assert learn(halves * 10) is None


@pytest.mark.parametrize("n", [0, 399, 400, 1000])
def test_a_clip_too_short_for_the_word_is_left_as_it_was_seen(messy, n):
    model = learn([hear(audio) for audio, _ in messy[:15]])
    audio = messy[0][0][:n]
    span = model.align(hear(audio))
    assert span == word_span(audio)
    assert 0 <= span.start_s <= span.end_s <= n / RATE_HZ


def best_of_all(gain, most):
    """The cut that gains most, by trying every one."""
    n_frames, n_states = gain.shape
    scores = {}
    for edges in itertools.combinations(range(n_frames + 1), n_states + 1):
        if max(np.diff(edges)) <= most:
            parts = itertools.pairwise(edges)
            scores[edges] = sum(gain[a:b, n].sum() for n, (a, b) in enumerate(parts))
    return max(scores, key=scores.get)


@pytest.mark.parametrize("seed", range(8))
def test_the_cut_is_the_best_of_all_cuts(seed, monkeypatch):
    monkeypatch.setattr(alignment, "MOST_FRAMES", 4)
    gain = np.random.default_rng(seed).normal(0.3 * (seed % 3 - 1), 1, (13, 3))
    assert tuple(alignment._cuts(gain)) == best_of_all(gain, most=4)


def test_a_word_of_as_many_frames_as_states_has_one_cut():
    assert alignment._cuts(np.ones((3, 3))).tolist() == [0, 1, 2, 3]
    assert alignment._cuts(np.ones((2, 3))) is None


def test_on_real_recordings_it_ends_where_a_reader_of_spectrograms_ends_it(real_audio):
    """Read to some 10 ms, 28 at worst; each clip by itself, one in eight ends 100 ms off."""
    from benchmarks.alignment import clips, compared, truth

    true, found = truth("alexa"), compared(clips("alexa", real_audio))
    late_s = np.array([found[path].end_s - span.end_s for path, span in true.items()])
    assert np.abs(np.median(late_s)) <= 0.015
    assert np.mean(np.abs(late_s) <= 0.05) >= 0.9 and np.abs(late_s).max() <= 0.15
