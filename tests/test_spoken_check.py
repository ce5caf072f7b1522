"""Whether machines said the word: sounds compared, and a real recogniser where it was got."""

import sys

import numpy as np
import pytest

from mwwkit.corpus import spoken_check
from mwwkit.corpus.clips import load_clips
from mwwkit.corpus.fates import fates_of
from mwwkit.corpus.speech import Espeak, SpeechError, Voice, sounds_of
from mwwkit.corpus.spoken_check import HALF, SpokenCheck, alike
from mwwkit.corpus.voice_files import RECOGNISER
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

pytest.importorskip("espeakng_loader")
with_recogniser = pytest.mark.skipif(
    not RECOGNISER.is_there(RECOGNISER.folder()),
    reason=f"the recogniser is not here: {RECOGNISER.command}",
)


def test_a_text_is_the_speech_sounds_that_espeak_ng_reads():
    assert sounds_of("computer") == ("k", "ə", "m", "p", "j", "u", "ɾ", "ɚ")
    assert sounds_of("Hey, Jarvis!") == sounds_of("hey jarvis") and sounds_of(" ") == ()
    assert sounds_of("12") == sounds_of("twelve")


@pytest.mark.parametrize(
    ("word", "same", "others"),
    [  # what the recogniser wrote of clips by people and by machines
        ("athena", ["Athena.", "athina", "Asteena."], ["I've seen it.", "I see no.", "", "Happy!"]),
        ("alexa", ["Alexa", "Alexa?", "a Lexus"], ["I like so.", "good luck, joe", "okay"]),
        ("computer", ["Computer!", "compute her"], ["Come here, Ted.", "You", "Bye bye."]),
    ],
)
def test_what_sounds_like_the_word_is_the_word_however_it_is_written(word, same, others):
    assert min(alike(text, word) for text in same) > HALF
    assert max(alike(text, word) for text in others) <= HALF


ECHO = """
import json, sys
texts = iter({texts!r})
while line := sys.stdin.buffer.readline():
    n = json.loads(line)["bytes"]
    assert len(sys.stdin.buffer.read(n)) == n
    print(json.dumps({{"text": next(texts)}}), flush=True)
"""


@pytest.fixture
def hearing(monkeypatch, tmp_path):
    """A recogniser that hears the texts that it is told to, one after another."""

    def told(*texts: str) -> None:
        script = tmp_path / "child.py"
        script.write_text(ECHO.format(texts=texts))
        monkeypatch.setattr(spoken_check.recogniser_child, "__file__", str(script))
        monkeypatch.setattr(type(RECOGNISER), "python", lambda *_: sys.executable)
        monkeypatch.setattr(spoken_check, "refuse_unready", lambda texts: None)

    return told


def test_a_fault_says_what_was_heard_and_any_spelling_will_do(hearing):
    hearing("Okay, computer.", "oh K computer", "Come here, Ted.", "")
    sound = np.zeros(1600, np.float32)
    with SpokenCheck(("okay computer", "oh kay computer")) as check:
        assert [check.fault(sound) for _ in range(2)] == ["", ""]
        heard = "'Come here, Ted.', which sounds too little like 'okay computer'"
        assert check.fault(sound) == f"the recogniser hears it as {heard}"
        assert check.fault(sound) == "the recogniser hears it as nothing, not as 'okay computer'"


def test_a_recogniser_that_dies_is_told_in_one_line(hearing):
    hearing("up")
    with SpokenCheck(("up",)) as check:
        check.fault(np.zeros(16, np.float32))
        with pytest.raises(SpeechError, match="process died; `mwwkit voices get recogniser`"):
            check.fault(np.zeros(16, np.float32))


def config(**more) -> acquire.Config:
    numbers = {"tts_positive": 6, "tts_negative": 6, "tts_hard_negative": 0, "rooms": 0}
    rest = {"tts_ambient_minutes": 0.0, "noise_minutes": 0.0, "recordings": ""}
    return acquire.Config("computer", **numbers, **rest, **more)


def test_words_that_are_not_the_word_are_set_aside_with_what_was_heard(hearing, tmp_path):
    hearing("Computer.", "You.", "computer", "Computer", "Come here, Ted.", "computer")
    run = Run(tmp_path / "run")
    acquire.run(config(tts_check=True), run, Limits(workers=1))
    of_word = [record for record in load_clips(run) if record.word == "computer"]
    assert len(of_word) == 4  # and other words are not listened to: there were six texts only
    aside = (run / "quarantine.jsonl").read_text()
    assert aside.count("the recogniser hears it as") == 2 and "'Come here, Ted.'" in aside
    assert fates_of(run).n_set_aside == 2
    told = " ".join(acquire.check(run)["caveats"])
    assert "did not hear the word in 2 of espeak-ng's 6 (33%)" in told and "TTS_SPELLINGS" in told


def test_without_it_nothing_is_begun_and_the_command_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    for begin in (acquire.plan, acquire.run):
        with pytest.raises(SpeechError, match=r"lacks model.bin\); run `mwwkit voices get recog"):
            begin(config(tts_check=True), Run(tmp_path / "run"), Limits(workers=1))
    assert not list((tmp_path / "run").rglob("*.wav"))
    with pytest.raises(ValueError, match="knows English: set TTS_CHECK to False"):
        config(tts_check=True, languages=("de",))


@with_recogniser
def test_the_recogniser_knows_a_word_from_another():
    """A voice that it understood in all of 19 of 24; another word is never the word."""
    voice = Voice("espeak-ng", "gmw/en-US", 50, 50, 140)
    word, other = Espeak().speak_many([("computer", voice), ("television", voice)])
    with SpokenCheck(("computer",)) as check:
        assert check.fault(word) == check.fault(word) == ""
        assert "too little like 'computer'" in check.fault(other)
