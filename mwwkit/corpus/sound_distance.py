"""How unlike two words sound: an edit distance that knows which speech sounds are alike.

    distance(("k", "æ", "t"), ("b", "æ", "t"))      # 0.9: another place, another voicing
    distance(("k", "æ", "t"), ("k", "æ", "t", "s")) # 1.0: a sound more
    within(("k", "æ", "t"), ("s", "k", "æ", "t"))   # 0.0: somewhere in it the word is said
    table = Sounds.of([...]); beginnings, ends = table.to_parts_of(("k", "ə", "m", "p"))

Levenshtein's distance (1966) with weights by the classes of the IPA's chart: consonants differ by
place, manner and voicing, vowels by height, backness and rounding, and a vowel is no consonant.
In noise people confuse places most and voicing least (Miller and Nicely, 1955). The weights are our
own judgement: 1 is a sound that is missing or quite another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from mwwkit.corpus.speech import plain

Word = Sequence[str]  # speech sounds in IPA, in order: ("k", "æ", "t")

MISSING = 1.0
WEAKLY_MISSING = 0.6  # of sounds that are often swallowed
_WEAK = frozenset("əɐᵻɪhʔɾ")
_VOWEL_FOR_CONSONANT = 1.3
_GLIDES = {"j": "i", "w": "u", "ɥ": "y"}

# Places on the IPA's chart, from the lips to the glottis, by the letters of each.
_PLACES = {
    0.0: "p b ɓ m ɸ β ʙ w",
    0.5: "f v ɱ ʋ",
    1.0: "θ ð",
    1.5: "t d ɗ n s z l ɫ ɬ ɮ ts dz",
    2.0: "ʃ ʒ tʃ dʒ ɕ ʑ tɕ dʑ r ɾ ɹ",
    2.4: "ʈ ɖ ɳ ʂ ʐ ɭ ɻ ɽ",
    3.0: "c ɟ ɲ ç ʝ ʎ j ɥ",
    4.0: "k ɡ g ŋ x ɣ ɰ",
    4.5: "q ɢ ɴ χ ʁ ʀ",
    5.0: "ħ ʕ",
    5.5: "ʔ h ɦ",
}
# From closed to open: what stands side by side is nearer than what does not.
_MANNERS = {
    0.0: "p b ɓ t d ɗ ʈ ɖ c ɟ k ɡ g q ɢ ʔ",
    0.2: "ts dz tʃ dʒ tɕ dʑ",
    0.4: "ɸ β f v θ ð s z ɬ ɮ ʃ ʒ ɕ ʑ ʂ ʐ ç ʝ x ɣ χ ħ ʕ h ɦ",
    0.6: "m ɱ n ɳ ɲ ŋ ɴ",
    0.8: "l ɫ ɭ ʎ",
    1.0: "ʋ r ɾ ɽ ʀ ʙ ʁ ɹ ɻ j ɥ w ɰ",
}
_HISSING = frozenset("s z ʃ ʒ ɕ ʑ ʂ ʐ ts dz tʃ dʒ tɕ dʑ".split())
_NASAL = frozenset("m ɱ n ɳ ɲ ŋ ɴ".split())
_VOICELESS = frozenset("p t ʈ c k q ʔ ɸ f θ s ɬ ʃ ɕ ʂ ç x χ ħ h ts tʃ tɕ".split())

# Vowels: how open (0 to 1), how far back (0 to 1), whether rounded.
_VOWELS = {
    "i": (0.0, 0.0, 0), "y": (0.0, 0.0, 1), "ɨ": (0.0, 0.5, 0), "ʉ": (0.0, 0.5, 1),
    "ɯ": (0.0, 1.0, 0), "u": (0.0, 1.0, 1), "ɪ": (0.2, 0.2, 0), "ᵻ": (0.25, 0.4, 0),
    "ʏ": (0.2, 0.2, 1), "ʊ": (0.2, 0.8, 1), "e": (0.35, 0.0, 0), "ø": (0.35, 0.0, 1),
    "ɘ": (0.35, 0.5, 0), "ɵ": (0.35, 0.5, 1), "ɤ": (0.35, 1.0, 0), "o": (0.35, 1.0, 1),
    "ə": (0.5, 0.5, 0), "ɚ": (0.5, 0.6, 0), "ɛ": (0.65, 0.0, 0), "œ": (0.65, 0.0, 1),
    "ɜ": (0.6, 0.5, 0), "ɝ": (0.5, 0.6, 0), "ɞ": (0.65, 0.5, 1), "ʌ": (0.7, 0.8, 0),
    "ɔ": (0.65, 1.0, 1), "æ": (0.85, 0.1, 0), "ɐ": (0.8, 0.5, 0), "a": (1.0, 0.3, 0),
    "ɶ": (1.0, 0.1, 1), "ɑ": (1.0, 0.9, 0), "ɒ": (1.0, 1.0, 1),
}  # fmt: skip


def _by_letter(chart: dict[float, str]) -> dict[str, float]:
    return {letter: value for value, letters in chart.items() for letter in letters.split()}


_PLACE, _MANNER = _by_letter(_PLACES), _by_letter(_MANNERS)


@cache
def _vowels_in(sound: str) -> tuple[tuple[float, float, int], ...]:
    """Its vowel, or the first and the last of a diphthong; none of a consonant."""
    found = [_VOWELS[letter] for letter in plain(sound) if letter in _VOWELS]
    return (found[0], found[-1]) if found else ()


@cache
def _consonant_in(sound: str) -> str:
    """The longest beginning of it that the chart has: "tʃ" of "tʃʰ"; "" where it has none."""
    letters = plain(sound)
    return next((letters[:n] for n in (2, 1) if letters[:n] in _PLACE), "")


@cache
def swapped(one: str, other: str) -> float:
    """What it costs to say one sound instead of another, 0 to 1.3; 1 where a chart lacks one."""
    if one == other:
        return 0.0
    vowels = _vowels_in(one), _vowels_in(other)
    if all(vowels):
        parts = (
            float(np.hypot(a[0] - b[0], a[1] - b[1])) + 0.15 * (a[2] != b[2])
            for a, b in zip(*vowels, strict=True)
        )
        return min(1.0, sum(parts) / 2)
    if any(vowels):
        glide, vowel = (one, other) if vowels[1] else (other, one)
        return 0.4 if _GLIDES.get(glide) == vowel[:1] else _VOWEL_FOR_CONSONANT
    a, b = _consonant_in(one), _consonant_in(other)
    if not (a and b):
        return 1.0
    place = min(1.0, abs(_PLACE[a] - _PLACE[b]) / 2.5)
    manner = abs(_MANNER[a] - _MANNER[b])
    apart = [(a in sort) != (b in sort) for sort in (_VOICELESS, _NASAL, _HISSING)]
    return min(1.0, 0.5 * place + 0.8 * manner + 0.4 * apart[0] + 0.35 * apart[1] + 0.25 * apart[2])


def is_charted(sound: str) -> bool:
    """Whether the charts have it; of what they lack every other sound is as far."""
    return bool(_vowels_in(sound) or _consonant_in(sound))


@cache
def missing(sound: str) -> float:
    """What it costs to leave a sound out, or to say one more."""
    return WEAKLY_MISSING if sound[:1] in _WEAK and len(sound) == 1 else MISSING


def distance(one: Word, other: Word) -> float:
    """How unlike two words sound, 0 for the same; about the number of sounds that differ."""
    return float(_last_row(one, other, anywhere=False)[-1])


def within(word: Word, text: Word) -> float:
    """How unlike a word is what sounds most like it somewhere in a text (Sellers, 1980)."""
    return float(_last_row(word, text, anywhere=True).min())


def _last_row(word: Word, text: Word, anywhere: bool) -> np.ndarray:
    more = np.array([missing(sound) for sound in text])
    row = np.concatenate([[0.0], np.zeros(len(text)) if anywhere else more.cumsum()])
    for sound in word:
        before, row = row, np.empty_like(row)
        row[0] = before[0] + missing(sound)
        for j, other in enumerate(text):
            row[j + 1] = min(
                before[j + 1] + missing(sound), row[j] + more[j], before[j] + swapped(sound, other)
            )
    return row


@dataclass(frozen=True)
class Sounds:
    """The sounds of many words, for distances to all of them at once."""

    ids: np.ndarray  # [words, longest] int16, of `known`; -1 past a word's end
    known: tuple[str, ...]

    @staticmethod
    def of(words: Sequence[Word]) -> "Sounds":
        """Of words in order."""
        known = {sound: i for i, sound in enumerate(sorted({s for word in words for s in word}))}
        ids = np.full((len(words), max(map(len, words), default=0)), -1, np.int16)
        for row, word in zip(ids, words, strict=True):
            row[: len(word)] = [known[sound] for sound in word]
        return Sounds(ids, tuple(known))

    def to_parts_of(self, word: Word) -> tuple[np.ndarray, np.ndarray]:
        """Distances to all beginnings and to all ends of a word: two [len(word) + 1, words].

        Row i is the distance to the first i sounds of `word`, or to all but the first i. So the
        last row of the first and the first row of the second are the distances to all of it.
        """
        ends = self._to_beginnings(word[::-1], self._reversed())
        return self._to_beginnings(word, self.ids), ends[::-1]

    def within(self, word: Word) -> np.ndarray:
        """How unlike a word is what sounds most like it in each: [words]; see `within`."""
        row = np.zeros((len(self.ids), self.ids.shape[1] + 1))
        more = self._of_each(missing)
        for sound in word:
            row = self._next(row, sound, more)
        past = np.arange(self.ids.shape[1] + 1) > (self.ids >= 0).sum(axis=1)[:, None]
        return np.where(past, np.inf, row).min(axis=1)

    def _reversed(self) -> np.ndarray:
        back = np.full_like(self.ids, -1)
        for n in range(1, self.ids.shape[1] + 1):
            of_length = (self.ids >= 0).sum(axis=1) == n
            back[of_length, :n] = self.ids[of_length, :n][:, ::-1]
        return back

    def _to_beginnings(self, word: Word, ids: np.ndarray) -> np.ndarray:
        table = Sounds(ids, self.known)
        more, lengths = table._of_each(missing), (ids >= 0).sum(axis=1)
        row = np.concatenate([np.zeros((len(ids), 1)), more.cumsum(axis=1)], axis=1)
        found = [row[np.arange(len(ids)), lengths]]
        for sound in word:
            row = table._next(row, sound, more)
            found.append(row[np.arange(len(ids)), lengths])
        return np.array(found)

    def _of_each(self, cost: Callable[[str], float]) -> np.ndarray:
        """A cost for each sound of each word; past a word's end 0, which -1 takes as the last."""
        return np.array([*map(cost, self.known), 0.0])[self.ids]

    def _next(self, before: np.ndarray, sound: str, more: np.ndarray) -> np.ndarray:
        """The row of distances after one sound more of the word: [words, longest + 1]."""
        swap, less, row = self._of_each(partial(swapped, sound)), missing(sound), before + 0.0
        row[:, 0] += less
        for j in range(self.ids.shape[1]):
            said = np.minimum(before[:, j + 1] + less, before[:, j] + swap[:, j])
            row[:, j + 1] = np.minimum(said, row[:, j] + more[:, j])
        return row
