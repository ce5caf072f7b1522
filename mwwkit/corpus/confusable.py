"""What people say that sounds like the wake word: near misses, by sound.

    for near in confusables("computer", "gmw/en-US", 100):
        near.text, near.distance, near.per_million     # "commuter", 1.0, 2.5

Words of the lexicon, and two of them one after the other, that are at least LEAST away from the
word and hold it nowhere: what is nearer is the word to a microphone, and to be taught that it is
not would harm. Nearest first, where words that people say often count as a little nearer.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mwwkit.corpus.lexicon import Lexicon, lexicon_of, sounds_of
from mwwkit.corpus.near_misses import holds
from mwwkit.corpus.scripts import scripts_of
from mwwkit.corpus.sound_distance import Word, within

LEAST = 0.5  # less is a vowel a little otherwise, a "d" for a "t": the word in another mouth
MOST_SHARE = 0.6  # of the word's sounds may be other ones
COMMON_PER_MILLION = 10.0  # words that people say so often go together in twos
NEAREST_PARTS = 60  # of words that may be a part of two, for each place where the word is parted
ONE_PART_AT_MOST = 20  # texts of two words
OFTEN = 0.15  # what a word is nearer by if it is said ten times as often


@dataclass(frozen=True)
class Confusable:
    """A text that sounds like the wake word."""

    text: str
    distance: float  # about the number of sounds that differ
    per_million: float  # how often it is said; of two words as if they met by chance
    sounds: tuple[str, ...]


@lru_cache(maxsize=16)
def confusables(
    wake_word: str, voice: str, n: int, without: frozenset[str] = frozenset()
) -> tuple[Confusable, ...]:
    """At most `n` near misses in the language of an espeak-ng voice; none where it has no lexicon.

    Fewer are the beginning of more. `without`: texts that somebody struck out. Raises SpeechError
    as `lexicon_of`.
    """
    listed = candidates(wake_word, voice)
    word, used = sounds_of(wake_word, voice) if listed else (), Counter()
    kept: dict[tuple[str, ...], Confusable] = {}  # by their sounds: "see" and "sea" are one
    for near in listed:
        if len(kept) == n:
            break
        parts = near.text.split()
        crowded = parts[1:] and max(used[part] for part in parts) >= ONE_PART_AT_MOST
        if crowded or near.text in without or near.sounds in kept:
            continue
        if round(within(word, near.sounds), 6) < LEAST:
            continue
        kept[near.sounds] = near
        used.update(parts)
    return tuple(kept.values())


@lru_cache(maxsize=4)
def candidates(wake_word: str, voice: str) -> tuple[Confusable, ...]:
    """All texts in reach, nearest first, but those that are written with the word in them."""
    lexicon = lexicon_of(voice)
    if lexicon is None:
        return ()
    word, scripts = sounds_of(wake_word, voice), scripts_of(wake_word)
    beginnings, ends = lexicon.sounds.to_parts_of(word)
    found = [
        near
        for near in (
            *_words(word, lexicon, beginnings[-1]),
            *_two_words(word, lexicon, beginnings, ends),
        )
        if scripts_of(near.text) <= scripts and not holds(near.text, wake_word)
    ]
    return tuple(sorted(found, key=lambda near: (_rank(near), near.text)))


def _rank(near: Confusable) -> float:
    """Rounded, so that the order hangs on no processor's last digit."""
    return round(near.distance - OFTEN * float(np.log10(max(near.per_million, 0.01))), 6)


def _words(word: Word, lexicon: Lexicon, distances: np.ndarray) -> Iterator[Confusable]:
    for i in np.flatnonzero(_in_reach(distances, word)):
        yield _near(lexicon, distances[i], i)


def _two_words(
    word: Word, lexicon: Lexicon, beginnings: np.ndarray, ends: np.ndarray
) -> Iterator[Confusable]:
    """Two common words, the one like a beginning of the word, the other like the rest."""
    # One letter of several sounds is a letter's name.
    entries = zip(lexicon.words, lexicon.pronounced, strict=True)
    is_word = np.array([len(text) > 1 or len(sounds) == 1 for text, sounds in entries])
    common = np.flatnonzero((lexicon.per_million >= COMMON_PER_MILLION) & is_word)
    for at in range(1, len(word)):
        left, right = beginnings[at][common], ends[at][common]
        firsts, seconds = (_least(part) for part in (left, right))
        both = left[firsts][:, None] + right[seconds]
        for i, j in zip(*np.nonzero(_in_reach(both, word)), strict=True):
            yield _near(lexicon, both[i, j], common[firsts[i]], common[seconds[j]])


def _in_reach(distances: np.ndarray, word: Word) -> np.ndarray:
    return (distances.round(6) >= LEAST) & (distances <= MOST_SHARE * len(word))


def _least(distances: np.ndarray) -> np.ndarray:
    return np.argsort(distances, kind="stable")[:NEAREST_PARTS]


def _near(lexicon: Lexicon, distance: float, *words: int) -> Confusable:
    text = " ".join(lexicon.words[i] for i in words)
    per_million = 1e6 * float(np.prod([lexicon.per_million[i] / 1e6 for i in words]))
    sounds = tuple(sound for i in words for sound in lexicon.pronounced[i])
    return Confusable(text, float(distance), per_million, sounds)
