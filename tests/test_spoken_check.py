"""Whether machines said the word: sounds compared, and a real recogniser where it was got."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from mwwkit.corpus import spoken_check
from mwwkit.corpus.clips import Kind, Label, load_clips
from mwwkit.corpus.fates import fates_of
from mwwkit.corpus.sources import About, FromSpeech
from mwwkit.corpus.speech import Espeak, SpeechError, Voice, sounds_of
from mwwkit.corpus.spoken_check import LEAST_ALIKE, RecogniserError, SpokenCheck, alike
from mwwkit.corpus.units import LISTENING_S, seconds_to_make
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
    assert min(alike(text, word) for text in same) > LEAST_ALIKE
    assert max(alike(text, word) for text in others) <= LEAST_ALIKE


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
        heard = "'Come here, Ted.', too little like 'okay computer'"
        assert check.fault(sound) == f"the recogniser hears something else: {heard}"
        assert check.fault(sound).endswith(": nothing, too little like 'okay computer'")


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
    assert aside.count("the recogniser hears something else: ") == 2
    assert "'Come here, Ted.', too little like 'computer'" in aside
    assert fates_of(run).n_set_aside == 2
    told = " ".join(acquire.check(run)["caveats"])
    assert "did not hear the word in 2 of espeak-ng's 6 (33%)" in told and "TTS_SPELLINGS" in told


@pytest.mark.parametrize("seconds", [0.1, 0.6])  # of less than a pipe's buffer, and of more
def test_a_recogniser_that_dies_sets_nothing_aside_and_01_goes_on(hearing, tmp_path, seconds):
    hearing("computer", "computer")
    run, asked = Run(tmp_path / "run"), config(tts_check=True)
    with pytest.raises(RecogniserError, match="process died; run 01 again, which goes on here"):
        acquire.run(asked, run, Limits(workers=1))
    hearing(*["computer"] * 6)
    acquire.run(asked, run, Limits(workers=1))
    assert fates_of(run).n_set_aside == 0
    assert sum(record.word == "computer" for record in load_clips(run)) == 6
    sound = np.zeros(round(16_000 * seconds), np.float32)
    with pytest.raises(RecogniserError), SpokenCheck(("up",)) as check:
        for _ in range(8):
            check.fault(sound)


def test_nobody_listens_where_machines_do_not_say_the_word(monkeypatch, tmp_path):
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    about = About(Label.NEGATIVE, Kind.CLIP, "up", "x", "espeak-ng", "", "up | x")
    said = [FromSpeech(replace(about, label=of), ("up",), (), Voice("x", "x")) for of in Label]
    engines = config(tts_check=True).engines()
    engines.check(item for item in said if item.about.label is not Label.POSITIVE)
    with pytest.raises(SpeechError, match="the recogniser is not here"):
        engines.check(said)
    longer = seconds_to_make(said[0], checked=True) - seconds_to_make(said[0])
    assert longer == (LISTENING_S if said[0].about.label is Label.POSITIVE else 0)


def test_without_it_nothing_is_begun_and_the_command_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    for begin in (acquire.plan, acquire.run):
        with pytest.raises(
            SpeechError, match=r"lacks model.bin and 3 other files\); run `mwwkit voices get recog"
        ):
            begin(config(tts_check=True), Run(tmp_path / "run"), Limits(workers=1))
    assert not list((tmp_path / "run").rglob("*.wav"))
    for languages in (("de",), ()):
        with pytest.raises(ValueError, match="knows English: set TTS_CHECK to False"):
            config(tts_check=True, languages=languages)
    assert config(tts_check=True, languages=("de", "EN-gb"))
    with pytest.raises(ValueError, match="set TTS_CHECK to False"):
        acquire.Config("\u0410\u043b\u0438\u0441\u0430", tts_languages=("zle/ru",), tts_check=True)


@with_recogniser
def test_the_recogniser_knows_a_word_from_another():
    """A voice that it understands; another word by that voice is not the word."""
    voice = Voice("espeak-ng", "gmw/en-US", 50, 50, 140)
    word, other = Espeak().speak_many([("computer", voice), ("television", voice)])
    with SpokenCheck(("computer",)) as check:
        assert check.fault(word) == check.fault(word) == ""
        assert "too little like 'computer'" in check.fault(other)
