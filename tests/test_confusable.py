from collections import Counter

import pytest

from mwwkit.corpus.confusable import LEAST, confusables
from mwwkit.corpus.lexicon import as_read, lexicon_of, sounds_of
from mwwkit.corpus.near_misses import holds
from mwwkit.corpus.sound_distance import is_charted, swapped, within
from mwwkit.corpus.speech import SpeechError

pytest.importorskip("espeakng_loader")
pytest.importorskip("wordfreq")

# Ten words in three languages; three of the English ones are none that the dictionary has.
WORDS = (
    *((word, "gmw/en-US") for word in ("computer", "alexa", "hey kitchen", "cat")),
    *((word, "gmw/en-US") for word in ("okay nabu", "zorbex", "hey mwwkit")),
    ("computadora", "roa/es"),
    ("hallo küche", "gmw/de"),
    ("guten abend", "gmw/de"),
)


def test_english_sounds_are_the_dictionarys_and_where_it_lacks_a_word_espeaks_in_its_letters():
    assert sounds_of("Athena!", "gmw/en-US") == ("ə", "θ", "i", "n", "ə")
    assert sounds_of("hard computer", "gmw/en") == tuple("h ɑ ɹ d k ə m p j u t ɚ".split())
    assert sounds_of("zorbex", "gmw/en-US") == as_read("zorbex", "gmw/en-US")
    # espeak-ng taps the t and has one sound for "ar": the dictionary has neither.
    assert as_read("hard water", "gmw/en-US") == tuple("h ɑ ɹ d w ɔ t ɚ".split())


@pytest.mark.parametrize(
    ("voice", "common"), [("gmw/en-US", "water"), ("roa/es", "agua"), ("zle/ru", "вода")]
)
def test_a_lexicon_has_the_commonest_words_first_and_how_each_sounds(voice, common):
    words = lexicon_of(voice)
    assert common in words.words[:2000] and len(words.words) > 15_000
    assert len(words.words) == len(words.pronounced) == len(words.per_million)
    assert all(words.pronounced) and (words.per_million[:-1] >= words.per_million[1:]).all()
    assert words.per_million[0] > 1000 > words.per_million[-1] > 0


@pytest.mark.parametrize(
    ("voice", "least"),
    [("inc/hi", 15_000), ("dra/ta", 15_000), ("inc/bn", 15_000), ("ira/fa", 15_000)],
)
def test_words_with_vowel_signs_are_words(voice, least):
    assert len(lexicon_of(voice).words) > least


def test_one_language_of_three_names_is_found_by_each():
    assert len(lexicon_of("zls/hr").words) == len(lexicon_of("zls/bs").words) > 15_000


@pytest.mark.parametrize(
    "voice", "gmw/en-US roa/es roa/fr gmw/de zle/ru jpx/ja ko trk/tr gmq/da sit/cmn inc/hi".split()
)
def test_the_charts_have_the_sounds_of_a_language(voice):
    sounds = Counter(sound for word in lexicon_of(voice).pronounced for sound in word)
    unknown = {sound: n for sound, n in sounds.items() if not is_charted(sound)}
    assert sum(unknown.values()) < 0.01 * sounds.total(), unknown
    assert swapped("ä", "e̞") < swapped("ä", "k")


def test_a_short_list_is_the_beginning_of_a_long_one():
    long = confusables("okay nabu", "gmw/en-US", 400)
    assert confusables("okay nabu", "gmw/en-US", 12) == long[:12]


def test_a_language_without_a_list_has_no_lexicon():
    assert lexicon_of("bnt/sw") is None and confusables("kompyuta", "bnt/sw", 10) == ()


def test_kanji_that_espeak_spells_are_no_words_of_the_lexicon():
    assert "発表" not in lexicon_of("jpx/ja").words and "たくさん" in lexicon_of("jpx/ja").words


def test_what_is_known_to_be_taken_for_it_is_among_the_nearest():
    """Found by people with their devices (reports of false wakes), or plain by ear."""
    for word, known in {
        "alexa": ("lecture", "election"),
        "computer": ("commuter", "compute"),
        "hey kitchen": ("how kitchen", "vacation"),
        "cat": ("cut", "hat", "that"),
    }.items():
        listed = [near.text for near in confusables(word, "gmw/en-US", 40)]
        assert set(known) <= set(listed), word


@pytest.mark.parametrize(("word", "voice"), WORDS)
def test_near_misses_sound_like_the_word_and_none_is_it_or_holds_it(word, voice):
    listed = confusables(word, voice, 100)
    assert len(listed) == 100 == len({near.text for near in listed})
    assert len({near.sounds for near in listed}) == 100
    sounds = sounds_of(word, voice)
    for near in listed:
        assert not holds(near.text, word)
        assert within(sounds, near.sounds) >= LEAST - 1e-6
        assert near.distance <= 0.6 * len(sounds)


def test_what_is_struck_out_is_gone_and_the_rest_stands_in_its_order():
    listed = [near.text for near in confusables("computer", "gmw/en-US", 20)]
    less = confusables("computer", "gmw/en-US", 20, frozenset({"commuter"}))
    assert [near.text for near in less][:18] == [text for text in listed if text != "commuter"][:18]


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    lexicon_of.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "wordfreq", None)
    with pytest.raises(SpeechError, match=r"wordfreq, which is not here; pip install 'mwwkit\[tts"):
        lexicon_of("gmw/en-US")
    monkeypatch.undo()
    lexicon_of.cache_clear()
