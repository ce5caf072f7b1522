import os
import signal
import time

import numpy as np
import pytest

from mwwkit.corpus import espeak_child, speech
from mwwkit.corpus.caveats import short_word
from mwwkit.corpus.clips import loudest_frame_db, validate
from mwwkit.corpus.speech import VARIANTS, Espeak, SpeechError, Voice, syllables
from mwwkit.run.seeds import rng

loader = pytest.importorskip("espeakng_loader", reason="pip install espeakng-loader")


def speak(text: str, voice: Voice) -> np.ndarray:
    [spoken] = Espeak().speak_many([(text, voice)])
    if isinstance(spoken, SpeechError):
        raise spoken
    return spoken


def drawn(n, engine=None):
    engine = engine or Espeak()
    return [engine.draw(rng(7, "voice", k)) for k in range(n)]


def test_drawn_voices_are_audible_words_of_plausible_length():
    orders = [("hey jarvis", voice) for voice in drawn(30)]
    for (_, voice), audio in zip(orders, Espeak().speak_many(orders), strict=True):
        assert audio.dtype == np.float32
        assert validate(audio, 0.3, 2.5) == [], voice
        assert loudest_frame_db(audio) > -35, voice


def test_a_word_is_the_same_bytes_whatever_was_said_before_it_and_at_any_time():
    breathy = [Voice("x", f"gmw/en+{v}") for v in ("f2", "f5", "whisper", "whisperf", "Alicia")]
    voices = drawn(6) + breathy  # breath is random, and espeak-ng seeds it by the clock's second
    alone = [speak("computer", voice) for voice in voices]
    time.sleep(1.1)
    orders = [o for voice in voices for o in (("something else", voice), ("computer", voice))]
    after_others = list(Espeak().speak_many(orders))[1::2]
    for one, other, voice in zip(alone, after_others, voices, strict=True):
        np.testing.assert_array_equal(one, other, str(voice))


def test_voices_differ_and_pitch_and_rate_do_what_they_say():
    def made(**settings):
        return speak("computer", Voice("m1", **settings))

    plain = made(name="gmw/en+m1")
    assert len(made(name="gmw/en+m1", rate_wpm=110)) > 1.3 * len(plain)
    assert not np.array_equal(made(name="gmw/en+f3")[:4000], plain[:4000])
    low, high = (speak("mama", Voice("m1", "gmw/en+m1", p)) for p in (20, 80))
    assert pitch_hz(high) > 1.2 * pitch_hz(low)


def pitch_hz(audio):
    """Of the loudest 100 ms: the first lag at which it is nearly as like itself as at any other."""
    frame = max((audio[i : i + 1600] for i in range(0, len(audio) - 1600, 400)), key=np.std)
    likeness = np.correlate(frame, frame, "full")[1599:] / np.arange(1600, 0, -1)
    likeness = likeness[40:267]  # 60 to 400 Hz
    return 16_000 / (40 + np.argmax(likeness > 0.85 * likeness.max()))


def test_the_same_draw_is_the_same_voice_and_speakers_are_variants():
    assert drawn(50) == drawn(50)
    assert len(set(drawn(50))) == 50
    assert {voice.speaker for voice in drawn(300)} <= set(Espeak().voices())
    few = Espeak(n_speakers=5)
    assert {voice.speaker for voice in drawn(100, few)} == set(few.voices())


def test_every_variant_and_language_named_here_is_in_the_library():
    Espeak().check()
    names = os.listdir(os.path.join(loader.get_data_path(), "voices", "!v"))
    assert set(VARIANTS) <= set(names) and len(set(VARIANTS)) == len(VARIANTS) == 89


def test_a_language_that_is_not_there_is_refused_by_name():
    with pytest.raises(SpeechError, match="no voice 'gmw/klingon'"):
        Espeak(languages=("gmw/klingon",)).check()
    with pytest.raises(SpeechError, match="no voice 'nobody'"):
        speak("computer", Voice("x", "nobody"))


def test_a_word_that_cannot_be_said_costs_only_itself():
    [good] = drawn(1)
    orders = [
        ("computer", good),
        ("", good),
        ("computer", Voice("x", "nobody")),
        ("computer", good),
    ]
    first, empty, unknown, last = Espeak().speak_many(orders)
    assert isinstance(empty, SpeechError) and isinstance(unknown, SpeechError)
    np.testing.assert_array_equal(first, last)


def test_a_process_that_dies_costs_one_word_and_says_so(monkeypatch):
    [voice] = drawn(1)
    started = []
    start = speech._start_espeak

    def dying_once():
        child = start()
        started.append(child)
        if len(started) == 1:
            child.send_signal(signal.SIGKILL)
            child.wait()
        return child

    monkeypatch.setattr(speech, "_start_espeak", dying_once)
    died, spoken = Espeak().speak_many([("computer", voice)] * 2)
    assert "process died over 'computer'" in str(died)
    assert len(spoken) > 4000 and len(started) == 2


def test_a_fork_that_dies_is_reported_with_its_signal():
    class Deadly:
        def answer(self, order):
            os.kill(os.getpid(), signal.SIGKILL)

    if not hasattr(os, "fork"):
        pytest.skip("this platform does not fork")
    assert espeak_child._forked(Deadly(), {"voice": "x"}) == (b"", "espeak-ng died (-9)")


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    with pytest.raises(SpeechError, match=r"pip install 'mwwkit\[tts\]'"):
        Espeak().check()


@pytest.mark.parametrize(
    "settings", [{"accent_share": 1.5}, {"n_speakers": 90}, {"languages": ()}], ids=str
)
def test_settings_that_are_nonsense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Espeak(**settings)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("cat", 1), ("bed", 1), ("jarvis", 2), ("alexa", 3), ("hey kitchen", 3), ("okay computer", 5)],
)
def test_syllables_are_the_vowels_that_espeak_ng_says(text, wanted):
    assert syllables(text) == wanted


def test_a_word_of_one_syllable_is_told_where_its_language_is_known():
    [told] = short_word("cat", ("de", "en"))
    assert told.startswith("'cat' has one syllable") and "woke 23 and 28 times" in told
    assert not short_word("kitchen", ("en",)) and not short_word("hund", ("de",))
    assert not short_word("\u043a\u043e\u0442", ("en",))  # READER would spell it
