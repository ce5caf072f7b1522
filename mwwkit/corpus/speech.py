"""Words spoken by machines.

    engine = Espeak()
    voice = engine.draw(rng(42, "positive", 7))
    for spoken in engine.speak_many([("hey jarvis", voice), ...]):  # 400 a CPU second
        ...                                                         # [n] float32 at 16 kHz

An engine is anything with the members of `Engine`; `engines` says which speak. espeak-ng is the one
that is always there (`pip install mwwkit[tts]`): it sounds like a machine, so that a model trained
on it alone knows machines, not people.
"""

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
import soxr

from mwwkit.audio.wav16 import to_float
from mwwkit.corpus import espeak_child
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.config_base import Between, Checked
from mwwkit.run.errors import CannotGoOn, WrongInput

# espeak-ng's voices of English, and of languages whose readers bring an accent to Latin letters.
ENGLISH = tuple(
    """
    gmw/en gmw/en-US gmw/en-GB-x-rp gmw/en-US-nyc gmw/en-GB-scotland gmw/en-GB-x-gbclan
    gmw/en-GB-x-gbcwmd gmw/en-029
    """.split()
)
ACCENTS = ("gmw/de", "gmw/nl", "gmq/sv", "gmq/nb", "roa/it", "roa/es", "roa/pt-BR", "urj/fi")

# Its variants: one vocal tract each, the nearest it has to speakers. The robots are left out.
VARIANTS = tuple(
    """
    m1 f1 m2 f2 m3 f3 m4 f4 m5 f5 m6 Annie m7 Andrea m8 Alicia croak belinda klatt grandma
    klatt2 linda klatt3 steph klatt4 steph2 Alex steph3 Andy anika Denis aunty Diogo shelby Gene
    whisperf Gene2 whisper Henrique adam Hugo announcer Jacky antonio Lee benjamin Marco boris
    Mario caleb Michael david Mike ed Nguyen edward Reed edward2 RicishayMax grandpa
    RicishayMax2 gustave RicishayMax3 ian Storm iven iven2 iven3 iven4 john kaukovalta klatt5
    klatt6 marcelo max michel miguel mike2 norbert pablo paul pedro quincy rob robert sandro
    travis victor zac
    """.split()
)


_FORKS = hasattr(os, "fork")  # else every word needs a process of its own


class SpeechError(CannotGoOn):
    """An engine that is not there or did not speak; the message says what to do."""


@dataclass(frozen=True)
class Voice:
    """One way of speaking. `pitch` and `pitch_range` run from 0 to 99, 50 being the voice's own."""

    speaker: str  # who: what must not be in two splits
    name: str  # what the engine calls it
    pitch: int = 50
    pitch_range: int = 50
    rate_wpm: int = 175  # words a minute

    def __str__(self) -> str:
        """The voice as text, as the catalogue's origins have it."""
        return f"{self.name} pitch {self.pitch} range {self.pitch_range} rate {self.rate_wpm}"


class Engine(Protocol):
    """Interface of a speech engine; must be picklable and deterministic for each (text, voice)."""

    name: str
    licence: str  # of what it says
    languages: tuple[str, ...]  # espeak-ng's names of those whose texts it reads

    def voices(self) -> tuple[str, ...]:
        """Its speakers."""

    def draw(self, rng: np.random.Generator) -> Voice:
        """Any of its voices, at any pitch and rate that people have."""

    def check(self) -> None:
        """Raise SpeechError, saying what to do, unless it can speak here."""

    def speak_many(self, orders: Iterable[tuple[str, Voice]]) -> Iterator[np.ndarray | SpeechError]:
        """[n] float32 at 16 kHz, -1..1, for each (text, voice), or why not."""


@dataclass(frozen=True)
class Espeak(Checked):
    """espeak-ng, in a child process; every word is the same bytes whatever was said before it."""

    languages: tuple[str, ...] = ENGLISH
    accents: tuple[str, ...] = ACCENTS
    # of voices; they may read a word quite differently
    accent_share: Annotated[float, Between(0, 1)] = 0.1
    n_speakers: Annotated[int, Between(0, len(VARIANTS), f"0 (all) to {len(VARIANTS)}")] = 0
    name: str = "espeak-ng"
    licence: str = "none claimed on its output (the program is GPL-3.0)"

    def refuse_together(self) -> None:
        """Raise ValueError where there is no language."""
        if not self.languages:
            raise WrongInput("languages is empty; wanted espeak-ng voices such as 'gmw/en'")

    def voices(self) -> tuple[str, ...]:
        """Names of its speakers, one for each espeak-ng variant, whatever the language."""
        return tuple(f"{self.name} {variant}" for variant in self._variants())

    def _variants(self) -> tuple[str, ...]:
        return VARIANTS[: self.n_speakers or None]

    def draw(self, rng: np.random.Generator) -> Voice:
        """A variant, a language, a pitch, a melody and a speed, all independent."""
        foreign = self.accents and rng.random() < self.accent_share
        language = str(rng.choice(self.accents if foreign else self.languages))
        variant = str(rng.choice(self._variants()))
        pitch, pitch_range = int(rng.integers(25, 80)), int(rng.integers(20, 80))
        rate_wpm = int(np.clip(rng.normal(165, 25), 100, 240))
        return Voice(
            f"{self.name} {variant}", f"{language}+{variant}", pitch, pitch_range, rate_wpm
        )

    def check(self) -> None:
        """Raise SpeechError, saying what to do, unless the library and the voices are there."""
        _, data = _espeak_paths()
        for language in (*self.languages, *(self.accents if self.accent_share else ())):
            if not (data / "lang" / language).is_file():
                raise SpeechError(f"espeak-ng has no voice {language!r}; {data / 'lang'} has them")

    def speak_many(self, orders: Iterable[tuple[str, Voice]]) -> Iterator[np.ndarray | SpeechError]:
        """[n] float32 at 16 kHz for each (text, voice), or why not; 400 words a CPU second."""
        return through_child(self.name, _start_espeak, orders, words_each=0 if _FORKS else 1)


def _espeak_paths() -> tuple[Path, Path]:
    """The shared library and its data folder."""
    try:
        import espeakng_loader  # an extra; it only knows where its files are
    except ImportError as error:
        raise SpeechError(
            "text-to-speech needs espeak-ng, which is not here; pip install 'mwwkit[tts]' (or "
            "espeakng-loader), or set the numbers of spoken clips to 0"
        ) from error
    return Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())


def _start_espeak() -> subprocess.Popen:
    library, data = _espeak_paths()
    # -I -S: the child needs the standard library only, and starts in 20 ms
    call = [sys.executable, "-I", "-S", espeak_child.__file__, str(library), str(data)]
    return subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


READER = "gmw/en-US"  # of texts whose speech sounds are asked for
_STRESS_AND_LENGTH = str.maketrans("", "", "ˈˌː")
# Between them stand "_" and spaces, and "(en)" where it goes over to another language's rules.
_SOUND = re.compile(r"(?<![^_ ])[^_ ()]+(?![^_ ])")


@lru_cache(maxsize=4096)
def sounds_of(text: str, voice: str = READER) -> tuple[str, ...]:
    """A text's speech sounds in IPA, in order, as one of espeak-ng's voices reads it.

    No stress, no length. Raises SpeechError where espeak-ng is not here, or cannot read it.
    """
    (sounds,) = sounds_of_each((text,), voice)
    return sounds


def sounds_of_each(texts: Sequence[str], voice: str = READER) -> list[tuple[str, ...]]:
    """As `sounds_of`, of many texts; some 20,000 words a second."""
    order = json.dumps({"sounds_of": [" ".join(text.split()) for text in texts], "voice": voice})
    answer, _ = _start_espeak().communicate(order.encode() + b"\n")
    line, _, sounds = answer.partition(b"\n")
    if fault := json.loads(line)["error"] if line else "its process died":
        who = f"{texts[0]!r}" + f" and {len(texts) - 1:,} more" * (len(texts) > 1)
        raise SpeechError(f"espeak-ng does not read {who}: {fault}")
    lines = sounds.decode().translate(_STRESS_AND_LENGTH).split("\n")
    return [tuple(_SOUND.findall(line)) for line in lines]


def is_english(languages: Iterable[str]) -> bool:
    """Whether English is among languages as settings name them: "en", "en-gb", "de"."""
    return "en" in [language.lower().partition("-")[0] for language in languages]


_VOWELS = frozenset("aeiouyæøœɐɑɒɔɘəɚɛɜɝɞɨɪɯɵɤɶʉʊʌʏᵻ")


@cache
def plain(sound: str) -> str:
    """A sound without marks on its letters and without tones: "a" of "ä" and of "a5".

    Japanese has "ä" and "e̞", Mandarin writes tones as digits and after a hyphen.
    """
    letters = unicodedata.normalize("NFD", sound.partition("-")[0])
    kept = (c for c in letters if unicodedata.category(c) in ("Ll", "Lo"))
    return "".join(kept).translate(_LOOKALIKES)


_LOOKALIKES = str.maketrans("ε", "ɛ")  # espeak-ng's Danish has the Greek letter


def has_vowel(sound: str) -> bool:
    """Whether a sound is a vowel or has one."""
    return not _VOWELS.isdisjoint(plain(sound))


def syllables(text: str) -> int:
    """How many syllables a text has: the vowels among its speech sounds; raises as `sounds_of`."""
    return sum(map(has_vowel, sounds_of(text)))


def through_child(
    engine: str,
    start: Callable[[], subprocess.Popen],
    orders: Iterable[tuple[str, Voice]],
    words_each: int = 0,
) -> Iterator[np.ndarray | SpeechError]:
    """Have a child process speak each order, restarting it after a failure.

    The child reads orders as lines of JSON and answers each with a line of JSON ("bytes",
    "rate_hz", "error") and so many bytes of 16-bit PCM. `words_each`: a new child after so many.
    """
    child = None
    n_spoken = 0
    try:
        for text, voice in orders:
            if child is None:
                child, n_spoken = start(), 0
            spoken = _ask(engine, child, text, voice)
            yield spoken
            n_spoken += 1
            if isinstance(spoken, SpeechError) or n_spoken == words_each:
                ended(child)
                child = None
    finally:
        if child:
            ended(child)


def _ask(engine: str, child: subprocess.Popen, text: str, voice: Voice) -> np.ndarray | SpeechError:
    order = asdict(voice) | {"text": text, "voice": voice.name}
    try:
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.flush()
        head = json.loads(child.stdout.readline() or "null")
    except (OSError, json.JSONDecodeError):  # its pipe is broken, or it wrote no line
        head = None
    if head is None:
        return SpeechError(f"{engine}'s process died over {text!r} by {voice}")
    pcm = np.frombuffer(child.stdout.read(head["bytes"]), "<i2")
    if head["error"] or not pcm.any():
        return SpeechError(f"{head['error'] or f'{engine} said nothing'}: {text!r} by {voice}")
    return soxr.resample(to_float(pcm), head["rate_hz"], SAMPLE_RATE_HZ)


def ended(child: subprocess.Popen) -> None:
    """Close a child's pipes and wait until it has ended, also where it died before."""
    with suppress(OSError):  # it died; what was wrong has been said
        child.stdin.close()
    child.stdout.close()
    child.wait()
