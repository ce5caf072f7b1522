"""Kokoro's speakers; and Kokoro itself where `mwwkit voices get kokoro` was run."""

import venv
from collections import Counter

import numpy as np
import pytest

from mwwkit.corpus.clips import Kind, Label, load_clips
from mwwkit.corpus.kokoro import PEOPLE, Kokoro
from mwwkit.corpus.sources import About
from mwwkit.corpus.speech import SpeechError, Voice
from mwwkit.corpus.splits import assign
from mwwkit.corpus.voice_files import ENGLISH_VOICES, ENVIRONMENT, KOKORO
from mwwkit.report import origins
from mwwkit.report.licences import CREDIT, of_data, of_text
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

with_kokoro = pytest.mark.skipif(
    not KOKORO.is_there(KOKORO.folder()), reason=f"Kokoro is not here: {KOKORO.command}"
)


def voices_of(name: str) -> set[str]:
    """The voices that a mixture is of."""
    return {part.split(":")[0] for part in name.split("+")}


def test_every_voice_is_of_one_speaker_and_pairs_are_of_one_accent_and_sex():
    assert sorted(name for pair in PEOPLE for name in pair) == sorted(ENGLISH_VOICES)
    assert all(len({name[:2] for name in pair}) == 1 for pair in PEOPLE)
    assert len(Kokoro().voices()) == len(set(Kokoro().voices())) == KOKORO.n_speakers
    assert len(Kokoro(n_speakers=4).voices()) == 4


def test_nobody_shares_a_voice_with_another_speaker():
    drawn = [Kokoro().draw(rng(1, k)) for k in range(2000)]
    who = {voice: set() for voice in ENGLISH_VOICES}
    for voice in drawn:
        assert voices_of(voice.name) <= voices_of(voice.speaker.removeprefix("kokoro "))
        for part in voices_of(voice.name):
            who[part].add(voice.speaker)
    assert all(len(speakers) == 1 for speakers in who.values())
    names = {voice.name for voice in drawn}
    assert len(names) == 13 * 5 + 2 and "af_heart:75+af_sky:25" in names
    rates = [voice.rate_wpm for voice in drawn]
    assert min(rates) >= 100 and max(rates) <= 240 and np.std(rates) > 15


def test_no_voice_is_in_two_splits():
    class Clip:
        def __init__(self, k, voice):
            self.label, self.kind, self.source = Label.POSITIVE, Kind.CLIP, "kokoro"
            self.speaker, self.sha256, self.origin = voice.speaker, str(k), f"up {k} | {voice}"
            self.voice = voice

    clips = [Clip(k, Kokoro().draw(rng(3, k))) for k in range(400)]
    splits = {name: set() for name in ENGLISH_VOICES}
    for clip, split in zip(clips, assign(clips, seed=42), strict=True):
        for name in voices_of(clip.voice.name):
            splits[name].add(split)
    assert all(len(of) == 1 for of in splits.values())
    assert len(Counter(split for of in splits.values() for split in of)) == 3


def test_its_licence_asks_to_keep_a_notice():
    about = About(Label.POSITIVE, Kind.CLIP, "up", "x", "kokoro", Kokoro().licence, "up | x")
    assert about.licence == "Apache-2.0" and of_text(about.licence)[0] == CREDIT


def test_what_is_missing_is_named_with_the_command(tmp_path):
    with pytest.raises(SpeechError, match="lacks kokoro-v1.0.int8.onnx and 30 other files"):
        Kokoro(folder=str(tmp_path)).check()
    for file in KOKORO.files:
        (tmp_path / file.name).parent.mkdir(exist_ok=True)
        with open(tmp_path / file.name, "wb") as empty:
            empty.truncate(file.n_bytes)
    told = "environment has no Python.; run `mwwkit voices get kokoro`, or take kokoro out"
    with pytest.raises(SpeechError, match=told):
        Kokoro(folder=str(tmp_path)).check()
    venv.create(tmp_path / ENVIRONMENT, symlinks=True)
    with pytest.raises(SpeechError, match="does not start: .*No module named 'kokoro_onnx'.; run"):
        Kokoro(folder=str(tmp_path)).check()


@with_kokoro
def test_it_speaks_the_same_bytes_whatever_it_said_before_and_follows_voice_and_speed():
    Kokoro().check()
    plain = Voice("x", "af_heart:75+af_sky:25", rate_wpm=165)
    other = Voice("x", "bm_george:100", rate_wpm=165)
    slow = Voice("x", "af_heart:75+af_sky:25", rate_wpm=110)
    orders = [("computer", v) for v in (plain, other, slow, plain)]
    first, another, longer, again = Kokoro().speak_many(orders)
    assert first.dtype == np.float32 and 0.3 < len(first) / 16_000 < 2 and abs(first).max() > 0.1
    np.testing.assert_array_equal(first, again)
    [alone] = Kokoro().speak_many([("computer", plain)])
    np.testing.assert_array_equal(first, alone)
    assert len(longer) > 1.2 * len(first)
    assert len(another) != len(first) or not np.allclose(another, first, atol=0.01)


@with_kokoro
def test_what_it_cannot_say_costs_that_word_only():
    gone = Voice("x", "af_nobody:100")
    nothing, missing, said = Kokoro().speak_many(
        [(" ", Voice("x", "am_adam:100")), ("up", gone), ("up", Voice("x", "am_adam:100"))]
    )
    assert "kokoro" in str(nothing) and isinstance(nothing, SpeechError)
    assert "af_nobody" in str(missing) and len(said) > 1000


@with_kokoro
def test_01_has_both_engines_speak_and_the_card_names_its_licence(tmp_path):
    pytest.importorskip("espeakng_loader")
    silent = {"tts_ambient_minutes": 0.0, "noise_minutes": 0.0, "rooms": 0, "recordings": ""}
    amounts = {"tts_positive": 6, "tts_negative": 2, "tts_hard_negative": 0}
    asked = acquire.Config(word="zebra", tts_engines="kokoro, espeak-ng", **silent | amounts)
    run, limits = Run(tmp_path / "run"), Limits(workers=1)
    assert any("kokoro says 50%" in told for told in acquire.plan(asked, run, limits)["notices"])
    assert acquire.run(asked, run, limits)["units made now"] == 4
    clips = load_clips(run)
    spoken = Counter((r.source, r.licence, r.label) for r in clips)
    for label, n in ((Label.POSITIVE, 3), (Label.NEGATIVE, 1)):
        assert spoken["kokoro", "Apache-2.0", label] == n
    assert all(r.is_synthetic for r in clips) and spoken.total() == 8
    licence = of_data(origins.data(run))
    assert licence.answer == CREDIT and any("kokoro" in told for told in licence.sentences)
    assert acquire.run(asked, run, limits)["units made now"] == 0
