"""Words in letters that the voices do not read are told before anything is spoken."""

import sys

import pytest

from mwwkit.corpus.lexicon import lexicon_of
from mwwkit.corpus.piper import Piper
from mwwkit.corpus.scripts import OWN_VOICES, notices, refuse_unread, scripts_of, unread
from mwwkit.corpus.speech import ACCENTS, ENGLISH, Espeak, SpeechError, Voice
from mwwkit.corpus.synthetic_inputs import ambient, near_miss_texts, other_words, reader
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

# A word of each script that other voices spell, by a voice that reads it.
WORDS = {
    "Алиса": "zle/ru", "компьютер": "trk/kk", "Γιώργο": "grk/el", "מחשב": "sem/he",
    "كمبيوتر": "sem/ar", "کمپیوٹر": "inc/ur", "କମ୍ପ୍ୟୁଟର": "inc/or", "కంప్యూటర్": "dra/te",
    "คอมพิวเตอร์": "tai/th", "ኮምፒዩተር": "sem/am", "こんにちは": "jpx/ja", "コンピューター": "jpx/ja",
    "计算机": "sit/cmn",
}  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_another_script_names_the_voices_that_read_it(word):
    with pytest.raises(WrongInput, match=f"spell '{word}' letter by letter.*{WORDS[word]}"):
        refuse_unread((word,), ENGLISH)
    refuse_unread((word,), (WORDS[word],))


@pytest.mark.parametrize("word", ["hey jarvis", "café", "straße", "kırmızı", "Ærø", "ﬁne", "नमस्ते"])
def test_latin_words_with_any_accents_and_what_all_voices_read_go_through(word):
    refuse_unread((word,), (*ENGLISH, *ACCENTS))


@pytest.mark.parametrize(
    ("word", "voices", "told"),
    [
        ("hey Алиса", ("gmw/en", "zle/ru"), "gmw/en do not read Cyrillic letters"),
        ("hey Алиса", ("zle/ru-LV",), ""),
        ("東京", ("jpx/ja",), "for Japanese write it in kana"),
        ("Alexa", ("jpx/ja",), "do not read Latin letters; set TTS_LANGUAGES to voices that do"),
        ("བཀྲ", ENGLISH, "espeak-ng has no voice that does"),
        ("Алиса", ("en-us", "ru"), "en-us do not read Cyrillic"),
    ],
)
def test_mixed_scripts_and_what_no_voice_reads_say_what_to_do(word, voices, told):
    if not told:
        return refuse_unread((word,), voices)
    with pytest.raises(WrongInput, match=told):
        refuse_unread((word,), voices)


def test_scripts_are_those_of_letters_alone():
    assert scripts_of("hey, 7 Алиса!") == {"LATIN", "CYRILLIC"}
    assert scripts_of("スター ﾊﾟ") == {"KATAKANA"} and scripts_of("Ｈｅｙ ª") == {"LATIN"}
    assert not unread("123", ENGLISH)


@pytest.mark.parametrize("word", WORDS)
def test_it_is_true_of_espeak_that_other_voices_take_far_longer(word):
    pytest.importorskip("espeakng_loader")
    orders = [(word, Voice("x", name)) for name in ("gmw/en", WORDS[word])]
    spelled, read = (len(audio) for audio in Espeak().speak_many(orders))
    assert spelled > 2 * read


def test_every_voice_that_is_named_is_there():
    pytest.importorskip("espeakng_loader")
    named = tuple(voice for voices in OWN_VOICES.values() for voice in voices)
    Espeak(languages=named, accents=()).check()


def settings(**given):
    silent = {"tts_negative": 0, "tts_hard_negative": 0, "tts_ambient_minutes": 0.0, "rooms": 0}
    silent |= {"noise_minutes": 0.0, "recordings": "", "word": "Алиса", "tts_positive": 4}
    return acquire.Config(**silent | given)


def test_01_says_so_before_it_speaks_and_not_where_machines_say_nothing(tmp_path):
    pytest.importorskip("espeakng_loader")
    here, limits = Run(tmp_path), Limits(workers=1)
    for stage in (acquire.plan, acquire.run):
        with pytest.raises(WrongInput, match="do not read Cyrillic letters; set TTS_LANGUAGES"):
            stage(settings(), here, limits)
    with pytest.raises(WrongInput, match="spell 'Γιώργο'"):
        acquire.plan(settings(word="hey you", tts_spellings=("Γιώργο",)), here, limits)
    with pytest.raises(WrongInput, match="there is no clip of 'Алиса'"):
        acquire.plan(settings(tts_positive=0), here, limits)
    russian = {"tts_languages": ("zle/ru",), "tts_negative": 40, "tts_hard_negative": 40}
    assert not acquire.plan(settings(**russian), here, limits)["notices"]
    belarusian = russian | {"tts_languages": ("zle/be",)}
    near, others, latin = acquire.plan(settings(**belarusian), here, limits)["notices"]
    assert "in zle/be's language is not known: near misses are made by its letters" in near
    assert "other words and sentences are English" in others and "in Latin letters" in latin
    older = acquire.plan(settings(**russian, input_rules=2), here, limits)["notices"]
    assert "in Latin letters, most of them English" in older[0]
    assert not (tmp_path / "clips").exists()


def test_machines_speak_the_words_of_their_own_language():
    pytest.importorskip("espeakng_loader")
    russian = settings(tts_languages=("zle/ru",))
    lists = near_miss_texts(russian, 60), other_words(russian, 60)
    for texts in lists:
        assert len(texts) == 60 and all(scripts_of(text) == {"CYRILLIC"} for text in texts)
    (sentences, *_) = ambient(russian, 1.0)
    assert scripts_of(" ".join(sentences.texts)) == {"CYRILLIC"}
    german = settings(word="hallo küche", tts_languages=("gmw/en", "gmw/de"), languages=("de",))
    assert reader(german) == "gmw/de"
    # English is always read by one voice, whoever speaks it
    assert reader(settings(word="hallo küche", languages=("de",))) == "gmw/en-US"
    assert reader(settings(word="hey", tts_languages=("gmw/en-GB-scotland",))) == "gmw/en-US"


def test_a_folder_without_voices_is_told_as_ever(tmp_path):
    config = settings(word="hey", piper_voices=str(tmp_path), tts_hard_negative=5)
    with pytest.raises(SpeechError, match="has no Piper voice"):
        acquire.plan(config, Run(tmp_path / "run"), Limits(workers=1))


def test_nothing_is_looked_up_where_machines_say_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    lexicon_of.cache_clear()
    none = settings(tts_positive=0, tts_languages=("gmw/de",))
    assert near_miss_texts(none, 0) == other_words(none, 0) == ambient(none, 0.0) == []


def test_accents_that_would_spell_the_word_are_left_out_and_a_run_begun_before_keeps_them():
    assert settings(tts_languages=("zle/ru",)).engines().all[0].accents == ()
    assert settings(word="computer").engines().all[0].accents == ACCENTS
    assert settings(input_rules=1).engines().all[0].accents == ACCENTS


def test_notices_say_what_machines_add_to_a_word_of_another_script():
    assert "jpx/ja spell them letter by letter" in notices("アレクサ", ("jpx/ja",))[0]
    assert not notices("hey Алиса", ("zle/ru",))


def test_pipers_voices_say_what_they_read(tmp_path):
    for name, voice in (("a", "ru"), ("b", "en-us")):
        (tmp_path / f"{name}.onnx").touch()
        about = {"num_speakers": 1, "espeak": {"voice": voice}}
        write_json(tmp_path / f"{name}.onnx.json", about)
    assert Piper(str(tmp_path)).languages == ("en-us", "ru")
