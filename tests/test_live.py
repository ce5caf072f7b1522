"""Sound as it comes from a microphone is heard as a file of it would be."""

import json

import numpy as np
import pytest
import soxr

from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.reading import read
from mwwkit.audio.wav16 import to_int16, write_wav16
from mwwkit.esphome.component import Component
from mwwkit.esphome.manifest import Manifest, write
from mwwkit.evaluation import live
from mwwkit.evaluation.scoring import Ear, listen, listen_to
from mwwkit.run.errors import CannotGoOn

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def component(tiny_model, tmp_path_factory):
    """A word that wakes now and then, and a VAD model that hears a voice now and then."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny.tflite").write_bytes(tiny_model)
    for name, cutoff in (("word", 0.45), ("vad", 0.5)):
        made = Manifest(name, "a test", "tiny.tflite", ("en",), cutoff, 3, 30_000)
        write(made, folder / f"{name}.json")
    return Component.load(folder / "word.json", folder / "vad.json")


@pytest.fixture(scope="module")
def sound(speech_like):
    """int16: fifteen seconds like speech."""
    return to_int16(np.concatenate([speech_like(seed, 1.5) for seed in range(10)]))


def pieces(samples, seed=2):
    lengths = np.random.default_rng(seed).integers(1, 3000, 200)
    return [part for part in np.split(samples, np.cumsum(lengths)) if len(part)]


def test_blocks_of_any_length_are_heard_as_the_whole_is(component, sound):
    whole = component.hear(spectrogram(sound))
    moments = list(live.follow(component, pieces(sound)))
    assert [d for m in moments for d in m.detections] == list(whole.detections) != []
    assert [d for m in moments for d in m.blocked] == list(whole.blocked) != []
    assert moments[-1].seconds == len(sound) / RATE_HZ
    assert max(m.mean for m in moments) > component.word.cutoff


def test_a_microphone_of_another_rate_hears_a_real_word(official_models, real_audio):
    alexa = Component.load(official_models / "alexa.json", official_models / "vad.json")
    before = np.rint(np.random.default_rng(1).normal(0, 3, 2 * RATE_HZ)).astype(np.int16)
    samples = np.concatenate([before, to_int16(read(real_audio / "keywords/alexa/0.flac")), before])
    [wanted] = alexa.hear(spectrogram(samples)).detections
    at_48 = soxr.resample(samples / np.float32(32_768), RATE_HZ, 48_000).astype(np.float32)
    moments = live.follow(alexa, live.resampled(pieces(at_48), 48_000))
    [found] = [d for m in moments for d in m.detections]
    assert found.time_s == pytest.approx(wanted.time_s, abs=0.06)


def test_a_file_in_blocks_is_the_same_track(component, sound, tmp_path):
    write_wav16(tmp_path / "sound.wav", sound)
    track, again = listen(component, tmp_path / "sound.wav"), listen_to(component, pieces(sound))
    assert np.array_equal(again.scores, track.scores)
    assert again.detections == track.detections != () and again.blocked == track.blocked
    assert 0 < track.mean < track.max_mean <= track.max <= 1
    assert again.seconds == track.seconds == 15.0 and len(track.voice) >= 3 * len(track.scores)


def test_a_new_ear_has_heard_nothing(component, sound):
    first, second = (Ear(component).hear(sound) for _ in range(2))
    assert np.array_equal(first.scores, second.scores)
    assert first.detections == second.detections


def test_a_detection_is_one_line_and_one_object(component, sound):
    moments = list(live.follow(component, pieces(sound)))
    lines = [line for m in moments for line in live.lines(m)]
    facts = [json.loads(line) for m in moments for line in live.lines(m, as_json=True)]
    n_found = sum(len(m.detections) for m in moments)
    assert sum("detected  mean 0." in line for line in lines) == n_found
    assert sum("held back without a voice" in line for line in lines) == len(lines) - n_found > 0
    assert [f["detected"] for f in facts] == ["detected" in line for line in lines]
    assert all(component.word.cutoff < f["mean"] <= f["peak"] <= 1 for f in facts)


def test_the_meter_shows_the_mean_and_the_cutoff(component):
    half = live.meter(live.Moment(1.0, 0.5, (), ()), component)
    assert half.count("#") == 19 and half.index("|") == half.index("[") + 1 + int(40 * 0.45)


def test_a_microphone_that_gives_nothing_any_more_is_told(monkeypatch):
    monkeypatch.setattr(live, "SILENT_S", 0.05)
    arriving = live.Arriving()
    arriving.put(np.ones(960, np.float32), False)
    heard = iter(arriving)
    assert len(next(heard)) == 960
    with pytest.raises(CannotGoOn, match="gave nothing for 0.05 s; plug it in again"):
        next(heard)


def test_sound_that_the_card_lost_is_told():
    arriving = live.Arriving()
    arriving.put(np.zeros(960, np.float32), True)
    with pytest.warns(UserWarning, match="too slow: some sound was lost"):
        next(iter(arriving))


def test_who_falls_behind_loses_sound_and_not_time():
    arriving = live.Arriving()
    block = np.zeros(960, np.float32)
    for number in range(200):  # 12 s, and nobody listens
        block[:] = number
        arriving.put(block, False)
    heard = iter(arriving)
    with pytest.warns(UserWarning, match="too slow"):
        first = next(heard)
    assert first[0] == 0
    rest = [next(heard)[0] for _ in range(49)]
    assert rest == list(range(1, 50))  # 3 s in all, each its own copy
