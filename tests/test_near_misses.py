import hashlib
import re
from collections import Counter

import pytest

from mwwkit.corpus import word_advice
from mwwkit.corpus.confusable import confusables
from mwwkit.corpus.near_misses import (
    COMMON,
    cut_offs,
    holds,
    near_misses,
    sentence,
    syllables,
    words,
)
from mwwkit.corpus.synthetic_inputs import near_miss_texts, near_misses_of, other_words
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

each_word = pytest.mark.parametrize("wake_word", ["hey jarvis", "computer", "Zoë", "window", "ab"])


@each_word
def test_nothing_that_is_made_holds_the_wake_word(wake_word):
    draw = rng(0, wake_word)
    made = near_misses(wake_word, draw, 200) + words(wake_word, draw, 600)
    made += [sentence(wake_word, draw) for _ in range(100)]
    assert not [text for text in made if holds(text, wake_word)]
    assert len(words(wake_word, draw, 600)) == 600


def test_the_wake_word_is_known_however_it_is_written():
    for text in ("Hey Jarvis!", "so, hey-jarvis, stop", "HEYJARVIS", "hëy jarvis"):
        assert holds(text, "hey jarvis")
    assert not holds("hey jarv", "hey jarvis")


def test_syllables_joined_are_the_word_and_each_has_one_vowel():
    assert syllables("computer") == ["com", "pu", "ter"]
    assert syllables("jarvis") == ["jar", "vis"]
    assert syllables("yellow") == ["yel", "low"]
    assert syllables("hmm") == ["hmm"]
    for word in COMMON:
        assert "".join(syllables(word)) == word
        assert all(re.search("[aeiouy]", piece) for piece in syllables(word)), word


def test_cut_offs_are_beginnings_and_ends():
    assert cut_offs("hey jarvis") == ["hey", "jarvis", "hey jar", "vis"]
    assert cut_offs("computer") == ["com", "puter", "compu", "ter"]


def test_near_misses_share_most_of_the_word_and_differ_by_more_than_an_unstressed_vowel():
    made = near_misses("computer", rng(1), 100)
    assert len(made) == 100 and len(set(made)) > 30
    assert not {"computor", "computar", "gomputer", "computa"} & set(made)


def test_the_same_seed_gives_the_same_texts():
    assert near_misses("computer", rng(1), 50) == near_misses("computer", rng(1), 50)
    assert words("computer", rng(1), 50) != words("computer", rng(2), 50)


def test_what_machines_are_asked_to_say_is_what_it_was():
    """A run begun earlier goes on to the same bytes only while these lists stay as they are."""
    draw = rng(42, "kept")
    asked = words("okay computer", draw, 400) + near_misses("okay computer", draw, 100)
    asked += [sentence("okay computer", draw) for _ in range(200)]
    assert hashlib.sha256("\n".join(asked).encode()).hexdigest()[:16] == "774e6ec6cdb18d29"


def lists_of(**given):
    pytest.importorskip("espeakng_loader")
    config = acquire.Config("okay computer", recordings="", **given)
    return near_miss_texts(config, config.tts_hard_negative), other_words(config, 400)


def test_runs_that_older_versions_began_are_asked_for_the_same_near_misses_and_words():
    asked = "\n".join([*lists_of(input_rules=2)[0], *lists_of(input_rules=2)[1]])
    assert hashlib.sha256(asked.encode()).hexdigest()[:16] == "d21967f3cfe23cd3"
    assert lists_of(input_rules=1) == lists_of(input_rules=2)


def test_asking_for_more_near_misses_keeps_those_there_were():
    (fewer, _), (more, _) = lists_of(tts_hard_negative=100), lists_of(tts_hard_negative=600)
    assert more[:100] == fewer and len(more) == 600


def test_pieces_are_a_fifth_the_nearest_are_said_often_and_many_texts_once_or_twice():
    texts, _ = lists_of()
    said, pieces = Counter(texts), {*cut_offs("okay computer")}
    near = [n for n in confusables("okay computer", "gmw/en-US", 400) if n.text not in pieces]
    assert {*texts[::5]} == pieces
    nearest = [said[n.text] for n in near[:60]]
    assert min(nearest) >= 4 and max(nearest) - min(nearest) <= 1
    assert sum(said[n.text] == 1 for n in near[60:]) >= 200
    assert min(said[n.text] for n in near) in (0, 1)


def test_what_is_struck_out_again_and_again_is_never_refused():
    struck = ()
    for _ in range(6):
        config = acquire.Config("hey kitchen", recordings="", tts_not_near=struck)
        near = near_misses_of(config)
        assert len(near) == 400 and not {n.text for n in near} & {*struck}
        struck += tuple(n.text for n in near[:3])
    with pytest.raises(WrongInput, match="tts_not_near has 'hey chickadee'"):
        near_misses_of(acquire.Config("hey kitchen", tts_not_near=("hey chickadee",)))


def test_a_run_that_an_older_version_began_refuses_strikes_and_says_what_it_says(tmp_path):
    with pytest.raises(WrongInput, match="tts_not_near is commuter and input_rules 2"):
        acquire.Config("computer", input_rules=2, tts_not_near=("commuter",))
    told = word_advice.of(acquire.Config("computer", input_rules=2))
    assert told["near misses"] == [] and "made by letters" in repr(told)
    here = acquire.Config("computer", recordings="", input_rules=2, tts_hard_negative=4)
    notices = acquire.plan(here, Run(tmp_path), Limits(workers=1))["notices"]
    assert any("near misses are made by letters" in notice for notice in notices)
