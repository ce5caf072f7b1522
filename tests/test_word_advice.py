import json

import pytest

from mwwkit.__main__ import main
from mwwkit.corpus.speech import Espeak
from mwwkit.corpus.word_advice import advise, of
from mwwkit.run.errors import WrongInput
from mwwkit.stages.acquire import Config

pytest.importorskip("espeakng_loader")
pytest.importorskip("wordfreq")


def told(word, voice="gmw/en-US", languages=("en",)):
    return advise(word, voice, languages, [Espeak((voice,), ())])


def test_a_good_word_is_told_its_sounds_and_nothing_against_it():
    facts = told("hey kitchen")
    assert facts["syllables"] == 3 and facts["sounds"] == "h eɪ k ɪ tʃ ə n".split()
    assert not facts["cautions"] and facts["can say it"] == ["espeak-ng"]
    text = repr(facts)
    assert "7 speech sounds in 3 syllables: h eɪ k ɪ tʃ ə n" in text
    assert "Nothing speaks against it." in text and "how kitchen" in text


def test_a_short_word_that_people_say_is_warned_of():
    cautions = " ".join(told("cat")["cautions"])
    assert "one syllable" in cautions and "times: 'capital', 'captain', 'cat'" in cautions
    few = told("eva")["cautions"]
    assert any(line.startswith("3 speech sounds are few") for line in few)
    assert told("cat")["times an hour of talk"] > told("jarvis")["times an hour of talk"]


def test_a_word_that_espeak_reads_otherwise_is_told():
    (line,) = [text for text in told("athena")["cautions"] if "espeak-ng reads it as" in text]
    assert "æ θ i n ə" in line and "TTS_SPELLINGS" in line
    assert not any("espeak-ng reads" in text for text in told("computer")["cautions"])
    assert not of(Config("hey jarvis"))["cautions"]  # British voices are no misreading


def test_syllables_are_counted_where_vowels_have_marks():
    assert told("アレクサ", "jpx/ja", ("ja",))["syllables"] == 4
    assert told("你好", "sit/cmn", ("zh",))["syllables"] == 2


def test_a_language_without_a_list_of_words_says_so():
    facts = told("kompyuta", "bnt/sw", ("sw",))
    assert "there is no list of the words of bnt/sw's language" in facts["cautions"][0]
    assert facts["near misses"] == [] and facts["syllables"] == 3


@pytest.mark.parametrize(
    ("word", "wrong"), [("...", "has no letters"), ("Алиса", "zle/ru"), ("", "has no letters")]
)
def test_a_word_that_cannot_be_read_is_refused_with_what_to_do(word, wrong):
    with pytest.raises(WrongInput, match=wrong):
        told(word)


def test_in_01_it_lists_what_machines_will_say_without_what_was_struck_out():
    near = [row["text"] for row in of(Config("computer"))["near misses"]]
    assert len(near) == 40 and "commuter" in near
    less = of(Config("computer", tts_not_near=("commuter",)))["near misses"]
    assert "commuter" not in [row["text"] for row in less]
    unknown = of(Config("computer", tts_not_near=("commutator",)))
    assert "tts_not_near has 'commutator'" in repr(unknown)


def test_the_command_prints_it_and_as_json(capsys):
    assert main(["advise", "hey kitchen"]) == 0
    assert "'hey kitchen' has 7 speech sounds" in capsys.readouterr().out
    assert main(["advise", "computadora", "--voice", "roa/es", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["near misses"][0]["text"] == "computador" and facts["syllables"] == 5


@pytest.mark.parametrize(
    ("words", "wrong"),
    [(["..."], "has no letters"), (["x", "--voice", "zz"], "no voice 'zz'"), (["Алиса"], "zle/ru")],
)
def test_the_command_refuses_in_one_line(words, wrong, capsys):
    assert main(["advise", *words]) == 1
    told = capsys.readouterr().err
    assert wrong in told and told.count("\n") == 1
