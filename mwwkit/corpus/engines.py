"""The speech engines that 01's settings choose, and who of them says what.

    engines = chosen(config)                    # by TTS_ENGINES and PIPER_VOICES
    engine = engines.saying(seed=42, k=7)       # of the 8th word, near miss, other word, ...
    engines.check(inputs)                       # is everybody here who has something to say?

With several, each list of what machines say is shared out in the same way, so that whoever says
the wake word says near misses and other words as often: a net that hears a voice say nothing else
takes the voice for the word (benchmarks/README.md, "What machines say").
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mwwkit.corpus import scripts, spoken_check
from mwwkit.corpus.clips import Label
from mwwkit.corpus.kokoro import Kokoro
from mwwkit.corpus.lexicon import language_of
from mwwkit.corpus.piper import Piper
from mwwkit.corpus.sources import FromSpeech, Input
from mwwkit.corpus.speech import ACCENTS, ENGLISH, Engine, Espeak, SpeechError, is_english
from mwwkit.corpus.spoken_check import SpokenCheck
from mwwkit.corpus.voice_files import PIPER_JOE
from mwwkit.run import paths
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng

ENGINES = ("espeak-ng", "kokoro", "piper")
# An engine's share grows with its speakers up to so many: espeak-ng's 89 sound like few people.
MOST_COUNTED = 15


@dataclass(frozen=True)
class Engines:
    """One or several engines that share out what machines say."""

    all: tuple[Engine, ...]
    named: bool = False  # in TTS_ENGINES
    checked: tuple[str, ...] = ()  # the word and its spellings, where a recogniser listens for it

    @cached_property
    def shares(self) -> dict[str, int]:
        """Each engine's part of as many words as all parts are together."""
        return {e.name: min(len(e.voices()), MOST_COUNTED) for e in self.all}

    def saying(self, seed: int, k: int) -> Engine:
        """Who says the k-th of any list: in each block of words all parts, in a drawn order."""
        if not self.all[1:]:
            return self.all[0]
        turns = [engine for engine in self.all for _ in range(self.shares[engine.name])]
        order = rng(seed, "engine", k // len(turns)).permutation(len(turns))
        return turns[order[k % len(turns)]]

    def of(self, inputs: Sequence[Input]) -> Engine:
        """Who speaks a unit, whose inputs are all of one source."""
        sources = {item.about.source for item in inputs if isinstance(item, FromSpeech)}
        return next((engine for engine in self.all if engine.name in sources), self.all[0])

    def check(self, inputs: Iterable[Input]) -> None:
        """Raise SpeechError, saying what to do, unless all are here who have something to do.

        Those are who say something, and where they say the word and it is checked, who listens.
        """
        spoken = [item.about for item in inputs if isinstance(item, FromSpeech)]
        sources = {about.source for about in spoken}
        for engine in self.all:
            if engine.name in sources:
                engine.check()
        if self.checked and any(about.label is Label.POSITIVE for about in spoken):
            spoken_check.refuse_unready(self.checked)

    def listening(self) -> AbstractContextManager[SpokenCheck | None]:
        """Who hears whether the word was said; nobody where the settings want none."""
        return SpokenCheck(self.checked) if self.checked else nullcontext()

    def refuse_unread(self, texts: Iterable[str]) -> None:
        """Raise WrongInput where a voice of one of them would spell one of the texts."""
        texts = tuple(texts)
        for engine in self.all:
            cure = "" if isinstance(engine, Espeak) else self._without(engine)
            scripts.refuse_unread(texts, engine.languages, cure)

    def _without(self, engine: Engine) -> str:
        if not self.named:
            return "give PIPER_VOICES voices that do, or none"
        others = [other.name for other in self.all if other != engine]
        return f"set TTS_ENGINES to {', '.join(others) or ENGINES[0]}"

    def notices(self, config: Any, n_words: int, n_others: int) -> list[str]:
        """Who says how much, and what is wrong with it; nothing where TTS_ENGINES names none."""
        if not self.named:
            return []
        word = config.word
        told = []
        whole = sum(self.shares.values()) if self.all[1:] else 0
        if whole:
            parts = [f"{name} says {share / whole:.0%}" for name, share in self.shares.items()]
            told.append(
                f"{', '.join(parts[:-1])} and {parts[-1]} of the word by machines, and the same "
                "parts of near misses, other words and sentences"
            )
        if n_others < n_words:
            told.append(
                f"machines say {word!r} {n_words:,} times and near misses and other words "
                f"{n_others:,} times: a net takes voices that say little else for the word; set "
                "TTS_NEGATIVE and TTS_HARD_NEGATIVE to as many together"
            )
        if not is_english(config.languages) and any(isinstance(e, Kokoro) for e in self.all):
            told.append(
                f"kokoro reads {word!r} by the rules of English, and LANGUAGES is "
                f"{', '.join(config.languages)}: listen to its words, or set TTS_ENGINES to "
                "espeak-ng and TTS_LANGUAGES to that language's voices"
            )
        return told

    def script_notices(self, word: str) -> list[str]:
        """What to know about having machines speak for a word that is not in Latin letters."""
        return scripts.notices(word, [v for engine in self.all for v in engine.languages])


def chosen(config: Any) -> Engines:
    """The engines that 01's settings select; WrongInput where they do not go together.

    Where none is named, Piper speaks if there is a folder of its voices, else espeak-ng.
    """
    names = config.tts_engines or (ENGINES[2] if config.piper_voices else ENGINES[0],)
    if config.piper_voices and "piper" not in names:
        raise WrongInput(
            f"piper_voices is {config.piper_voices!r}, and tts_engines, {', '.join(names)}, does "
            "not name piper; add it, or empty piper_voices"
        )
    if config.tts_languages and config.tts_engines and "espeak-ng" not in names:
        raise WrongInput(
            f"tts_languages is {', '.join(config.tts_languages)}, which espeak-ng has, and "
            f"tts_engines is {', '.join(names)}; add espeak-ng, or empty tts_languages"
        )
    made = {"espeak-ng": _espeak, "kokoro": _kokoro, "piper": _piper}
    in_order = tuple(made[name](config) for name in ENGINES if name in names)
    checked = (config.word, *config.tts_spellings) if config.tts_check else ()
    if checked:
        spoken_check.refuse_unread(checked, config.languages)
    return Engines(in_order, bool(config.tts_engines), checked)


def here(voice: str) -> list[Engine]:
    """The engines of this machine that speak the language of one of espeak-ng's voices."""
    language, found = language_of(voice), [Espeak((voice,), ())]
    for engine in (Kokoro(), Piper(str(PIPER_JOE.folder()), licence=PIPER_JOE.licence)):
        with suppress(SpeechError):
            engine.check()
            if language in map(language_of, engine.languages):
                found.append(engine)
    return found


def _espeak(config: Any) -> Espeak:
    accents = ACCENTS if config.tts_accent_share else ()
    if config.input_rules > 1:
        accents = tuple(v for v in accents if not scripts.unread(config.word, (v,)))
    languages = config.tts_languages or ENGLISH
    return Espeak(languages, accents, config.tts_accent_share, config.tts_speakers)


def _kokoro(config: Any) -> Kokoro:
    return Kokoro(config.tts_speakers)


def _piper(config: Any) -> Piper:
    if config.piper_voices:
        return Piper(str(paths.typed_path(config.piper_voices)), config.tts_speakers)
    joe = PIPER_JOE.folder()
    return Piper(str(joe), config.tts_speakers, licence=PIPER_JOE.licence)
