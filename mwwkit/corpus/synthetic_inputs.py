"""What a run asks machines to say and to make up: lists of inputs, decided by a seed.

The k-th of a list is the same however many are asked for, so asking for more keeps those made.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mwwkit.corpus import near_misses, noise_and_rooms
from mwwkit.corpus.clips import Kind, Label
from mwwkit.corpus.engines import Engines
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.sources import VOICE_MARK, About, FromSeed, FromSpeech, Input
from mwwkit.corpus.speech import Engine, Voice
from mwwkit.corpus.spoken_needs import needs_of
from mwwkit.run.seeds import rng

SENTENCES = 12  # in one clip of continuous speech: about 45 s by one voice
SENTENCES_S = 45.0
NOISE_S = 60.0


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
        "machines: other words": negatives(engines, word, n_others, seed),
        "machines: near misses": hard_negatives(engines, word, n_near, seed),
        "machines: sentences": ambient(engines, word, minutes, seed),
        "made up: noise": noises(config.noise_minutes, seed),
        "made up: rooms": rooms(config.rooms, seed),
    }
    told = engines.notices(config, n_words, n_near + n_others) if n_words or n_others else []
    if config.input_rules > 1 and (n_words or n_near):
        engines.refuse_unread(texts[: None if n_words else 1])
        told += engines.script_notices(word)
    places = [Place(name, tuple(items)) for name, items in lists.items() if items]
    return [replace(place, notices=tuple(told) * (place is places[0])) for place in places]


def positives(
    engines: Engines, word: str, spellings: tuple[str, ...], n: int, seed: int
) -> list[FromSpeech]:
    """The wake word by `n` drawn voices, in any of its spellings."""
    spoken = (word, *spellings)
    texts = [spoken[k % len(spoken)] for k in range(n)]
    return _spoken(engines, Label.POSITIVE, texts, seed, word)


def negatives(engines: Engines, word: str, n: int, seed: int) -> list[FromSpeech]:
    """Common words and phrases."""
    return _spoken(
        engines, Label.NEGATIVE, near_misses.words(word, rng(seed, "words"), n), seed, ""
    )


def hard_negatives(engines: Engines, word: str, n: int, seed: int) -> list[FromSpeech]:
    """Near misses; about a fifth are cut-off pieces of the word."""
    cuts = near_misses.cut_offs(word)
    changed = near_misses.near_misses(word, rng(seed, "near"), n + len(cuts))[len(cuts) :]
    texts = [
        cuts[(k // 5) % len(cuts)] if cuts and k % 5 == 0 else changed[k % len(changed)]
        for k in range(n if changed else 0)
    ]
    return _spoken(engines, Label.HARD_NEGATIVE, texts, seed, "")


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


def ambient(engines: Engines, word: str, minutes: float, seed: int) -> list[FromSpeech]:
    """About so many minutes of sentences, in clips of one voice each."""
    inputs = []
    for k in range(math.ceil(minutes * 60 / SENTENCES_S)):
        draw, engine = rng(seed, "ambient", k), engines.saying(seed, k)
        voice = engine.draw(draw)
        texts = tuple(near_misses.sentence(word, draw) for _ in range(SENTENCES))
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
