"""What a run asks machines to say and to make up: lists of inputs, decided by a seed.

The k-th of a list is the same however many are asked for, so asking for more keeps those made.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mwwkit.corpus import near_misses, noise_and_rooms
from mwwkit.corpus.clips import Kind, Label
from mwwkit.corpus.confusable import Confusable, candidates, confusables
from mwwkit.corpus.engines import Engines
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.lexicon import Lexicon, language_of, lexicon_of
from mwwkit.corpus.sources import VOICE_MARK, About, FromSeed, FromSpeech, Input
from mwwkit.corpus.speech import READER, Engine, Voice
from mwwkit.corpus.spoken_needs import needs_of
from mwwkit.run.errors import WrongInput
from mwwkit.run.seeds import rng

SENTENCES = 12  # in one clip of continuous speech: about 45 s by one voice
SENTENCES_S = 45.0
NOISE_S = 60.0
CUT_OFF_EACH = 5  # near misses: one of so many is a piece of the word
LISTED, NEAREST = 400, 60  # near misses by sound; those that are said often
MOST_COMMON = 600  # words of another language than English, as `near_misses.COMMON` is of it


def invented(config: Any, given: Sequence[Input]) -> list[Place]:
    """What machines add to what was given, by 01's settings; nothing that people said enough of."""
    engines, word, seed = config.engines(), config.word, config.seed
    texts = (word, *config.tts_spellings)
    needs, always = needs_of(given), config.tts_when == "always"
    words, others = always or needs.words, always or needs.others
    n_words, n_near = config.tts_positive * words, config.tts_hard_negative * words
    n_others, minutes = config.tts_negative * others, config.tts_ambient_minutes * others
    lists = {
        "machines: the word": positives(engines, word, config.tts_spellings, n_words, seed),
        "machines: other words": _spoken(
            engines, Label.NEGATIVE, other_words(config, n_others), seed, ""
        ),
        "machines: near misses": _spoken(
            engines, Label.HARD_NEGATIVE, near_miss_texts(config, n_near), seed, ""
        ),
        "machines: sentences": ambient(config, minutes),
        "made up: noise": noises(config.noise_minutes, seed),
        "made up: rooms": rooms(config.rooms, seed),
    }
    told = engines.notices(config, n_words, n_near + n_others) if n_words or n_others else []
    if config.input_rules > 1 and (n_words or n_near):
        engines.refuse_unread(texts[: None if n_words else 1])
        told += engines.script_notices(word) if config.input_rules == 2 else []
    if config.input_rules > 2:
        told += _told_of_language(config, n_near, n_others + minutes)
    places = [Place(name, tuple(items)) for name, items in lists.items() if items]
    return [replace(place, notices=tuple(told) * (place is places[0])) for place in places]


def positives(
    engines: Engines, word: str, spellings: tuple[str, ...], n: int, seed: int
) -> list[FromSpeech]:
    """The wake word by `n` drawn voices, in any of its spellings."""
    spoken = (word, *spellings)
    texts = [spoken[k % len(spoken)] for k in range(n)]
    return _spoken(engines, Label.POSITIVE, texts, seed, word)


def other_words(config: Any, n: int) -> list[str]:
    """Common words, in the language of the voices where its commonest are known."""
    draw = rng(config.seed, "words")
    if n and (lexicon := _foreign(config)):
        return near_misses.evenly(lexicon.words[:MOST_COMMON], config.word, draw, n)
    return near_misses.words(config.word, draw, n)


def _told_of_language(config: Any, n_near: int, n_others: float) -> list[str]:
    """That near misses or other words are not of the voices' language, where they are not."""
    voice = reader(config) if n_near or n_others else ""
    told = []
    if n_near and not near_misses_of(config):
        told.append(
            f"what sounds like {config.word!r} in {voice}'s language is not known: near misses are "
            "made by its letters; recordings in hard_negative/ are worth more"
        )
    if n_others and language_of(voice) != "en" and lexicon_of(voice) is None:
        told.append(
            f"the commonest words of {voice}'s language are not known: other words and sentences "
            "are English; recordings of your language in negative/ and ambient/ are worth more"
        )
    return told + (config.engines().script_notices(config.word) if told else [])


def near_miss_texts(config: Any, n: int) -> list[str]:
    """`n` texts that sound like the word: cut-off pieces, the nearest often, others once or so.

    The many that are said once make what machines test on texts that no training heard. Where the
    language's words are not known, the rules of letters of `near_misses` change the word.
    """
    if config.input_rules < 3:
        return _by_letters(config, n)
    cuts, texts = near_misses.cut_offs(config.word), []
    listed = near_misses_of(config) if n else ()
    near = [found.text for found in listed if found.text not in cuts]
    if not near:
        return _by_letters(config, n)
    for k in range(n):
        turn, of_turns = divmod(k, CUT_OFF_EACH)
        if cuts and not of_turns:
            texts.append(cuts[turn % len(cuts)])
            continue
        turn, is_further = divmod(k - turn - 1 if cuts else k, 2)
        at = NEAREST + turn if is_further else turn % NEAREST
        texts.append(near[at % len(near)])
    return texts


def near_misses_of(config: Any) -> tuple[Confusable, ...]:
    """What sounds like the word, without what was struck out; none where no words are known.

    Raises WrongInput where a text that was struck out is none that could be among them.
    """
    struck, voice = frozenset(config.tts_not_near), reader(config)
    known = {near.text for near in candidates(config.word, voice)} if struck else struck
    if unknown := sorted(struck - known):
        raise WrongInput(
            f"tts_not_near has {', '.join(map(repr, unknown))}, which no machine would be asked to "
            f"say; wanted near misses of {config.word!r} as 01 lists them under Plan"
        )
    return confusables(config.word, voice, LISTED, struck)


def _by_letters(config: Any, n: int) -> list[str]:
    word, seed = config.word, config.seed
    cuts = near_misses.cut_offs(word)
    changed = near_misses.near_misses(word, rng(seed, "near"), n + len(cuts))[len(cuts) :]
    return [
        cuts[(k // CUT_OFF_EACH) % len(cuts)]
        if cuts and k % CUT_OFF_EACH == 0
        else changed[k % len(changed)]
        for k in range(n if changed else 0)
    ]


def reader(config: Any) -> str:
    """A voice whose language the word is of: one of LANGUAGES, else the first that was chosen.

    Of English it is always the same one, whoever speaks: accents are no other words. Raises
    SpeechError where an engine has no voices.
    """
    engines = config.engines().all
    voices = [voice for engine in engines for voice in engine.languages]
    if not voices:
        engines[0].voices()
    theirs = [language.lower().partition("-")[0] for language in config.languages]
    voice = next((voice for voice in voices if language_of(voice) in theirs), voices[0])
    return READER if language_of(voice) == "en" else voice


def _foreign(config: Any) -> Lexicon | None:
    """The words of the voices' language where it is not English and they are known."""
    voice = reader(config)
    if config.input_rules < 3 or language_of(voice) == "en":
        return None
    return lexicon_of(voice)


def _spoken(
    engines: Engines, label: Label, texts: list[str], seed: int, word: str
) -> list[FromSpeech]:
    inputs = []
    for k, text in enumerate(texts):
        engine = engines.saying(seed, k)
        voice = engine.draw(rng(seed, "voice", label.value, k))
        about = _about(engine, voice, label, Kind.CLIP, word or text, text)
        inputs.append(FromSpeech(about, (text,), (), voice))
    return inputs


def _about(engine: Engine, voice: Voice, label: Label, kind: Kind, word: str, spoken: str) -> About:
    origin = f"{spoken}{VOICE_MARK}{voice}"
    return About(label, kind, word, voice.speaker, engine.name, engine.licence, origin)


def ambient(config: Any, minutes: float) -> list[FromSpeech]:
    """About so many minutes of sentences, in clips of one voice each.

    In another language than English they are common words of it in a drawn order.
    """
    inputs, n = [], math.ceil(minutes * 60 / SENTENCES_S)
    engines, word, seed = config.engines(), config.word, config.seed
    foreign = _foreign(config) if n else None
    for k in range(n):
        draw, engine = rng(seed, "ambient", k), engines.saying(seed, k)
        voice = engine.draw(draw)
        texts = tuple(
            near_misses.run_of_words(foreign.words[:MOST_COMMON], word, draw)
            if foreign
            else near_misses.sentence(word, draw)
            for _ in range(SENTENCES)
        )
        pauses_s = tuple(round(float(draw.uniform(0.2, 1.5)), 2) for _ in texts[1:])
        about = _about(engine, voice, Label.NEGATIVE, Kind.AMBIENT, "", f"sentences {k}")
        inputs.append(FromSpeech(about, texts, pauses_s, voice))
    return inputs


def noises(minutes: float, seed: int) -> list[FromSeed]:
    """About so many minutes of noise, a minute each."""
    n = math.ceil(minutes * 60 / NOISE_S)
    return [_made_up(Kind.NOISE, seed, k, NOISE_S) for k in range(n)]


def rooms(n: int, seed: int) -> list[FromSeed]:
    """`n` rooms."""
    return [_made_up(Kind.RIR, seed, k, 0.0) for k in range(n)]


def _made_up(kind: Kind, seed: int, number: int, seconds: float) -> FromSeed:
    source, origin = f"mwwkit {kind.value}", f"{kind.value} {number} of seed {seed}"
    about = About(Label.NEGATIVE, kind, "", "", source, noise_and_rooms.LICENCE, origin)
    return FromSeed(about, seed, number, seconds)
