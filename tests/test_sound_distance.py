import pytest

from mwwkit.corpus.sound_distance import Sounds, distance, swapped, within
from mwwkit.run.seeds import rng

SOUNDS = "p b t d k ɡ f v s z ʃ tʃ dʒ m n ŋ l ɹ j w h i ɪ ɛ æ ə ɚ ɑ oʊ u aɪ".split()


def word(text):
    return tuple(text.split())


def drawn(n, longest=8):
    draw = rng(3, "words")
    return [
        tuple(str(sound) for sound in draw.choice(SOUNDS, int(draw.integers(1, longest + 1))))
        for _ in range(n)
    ]


def test_a_distance_is_one_0_for_the_same_alike_both_ways_and_never_shorter_by_a_detour():
    words = drawn(12)
    for a in words:
        assert distance(a, a) == 0
        for b in words:
            assert distance(a, b) == pytest.approx(distance(b, a))
            assert distance(a, b) > 0 or a == b


def test_swaps_are_alike_both_ways_and_never_more_than_leaving_one_out_and_saying_the_other():
    for a in SOUNDS:
        for b in SOUNDS:
            assert swapped(a, b) == swapped(b, a) <= 2
            assert (swapped(a, b) == 0) is (a == b)


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (("b", "p"), ("b", "s")),  # voicing against everything
        (("t", "k"), ("t", "n")),  # noise hides places, and a nose is heard through it
        (("i", "ɪ"), ("i", "ɑ")),
        (("j", "i"), ("t", "i")),  # a glide is nearly its vowel
        (("ɛ", "æ"), ("ɛ", "k")),
        (("aɪ", "eɪ"), ("aɪ", "u")),
        (("s", "ʃ"), ("s", "θ")),  # what hisses and what does not
    ],
)
def test_sounds_that_people_confuse_are_nearer(near, far):
    assert swapped(*near) < swapped(*far)


def test_a_word_in_a_text_is_found_wherever_it_is():
    cat = word("k æ t")
    assert within(cat, word("s k æ t ɚ")) == 0 < distance(cat, word("s k æ t ɚ"))
    assert within(cat, word("d ɔ ɡ")) > 1
    assert within(cat, ()) == distance(cat, ()) == 3


def test_all_words_at_once_are_as_far_as_one_by_one():
    words = [*drawn(200), ()]
    table, wake_word = Sounds.of(words), word("k ə m p j u t ɚ")
    beginnings, ends = table.to_parts_of(wake_word)
    assert beginnings.shape == ends.shape == (len(wake_word) + 1, len(words))
    for i in range(len(wake_word) + 1):
        assert beginnings[i] == pytest.approx([distance(wake_word[:i], w) for w in words])
        assert ends[i] == pytest.approx([distance(wake_word[i:], w) for w in words])
    assert table.within(wake_word) == pytest.approx([within(wake_word, w) for w in words])
    assert beginnings[-1] == pytest.approx(ends[0])
