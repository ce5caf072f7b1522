"""Kokoro, a neural text-to-speech of English, for those who fetched it: `mwwkit voices get kokoro`.

    voice = Kokoro().draw(rng(42, "positive", 7))
    voice.speaker, voice.name    # "kokoro af_heart+af_sky", "af_heart:75+af_sky:25"

Its package wants a newer NumPy than some images have and loads espeak-ng: it runs in an environment
and a process of its own, of 275 MB. On one thread, so that a text by a voice is the same sound
every time on the same kind of machine; and on the CPU, since ONNX Runtime's CUDA lacks most of what
a model of integers does (ConvInteger, DynamicQuantizeLinear, DynamicQuantizeLSTM).
"""

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mwwkit.corpus import kokoro_child
from mwwkit.corpus.speech import SpeechError, Voice, through_child
from mwwkit.corpus.voice_files import KOKORO, MODEL

PLAIN_WPM = 165  # the speed of a voice's own, about
# Two voices of one accent and sex and what lies between them are one speaker. A mixture sounds like
# both of its parents, so it may not be in another split than they: since every voice is of one
# speaker only, speakers share nothing, and splits, which keep speakers whole, part no such family.
# Eleven and nine are odd, so Nicole, who whispers, and Santa are alone.
PEOPLE = tuple(
    tuple(names.split("+"))
    for names in """
    af_heart+af_sky am_michael+am_eric bf_emma+bf_lily bm_george+bm_lewis af_bella+af_river
    am_puck+am_onyx bf_isabella+bf_alice bm_fable+bm_daniel af_sarah+af_kore am_fenrir+am_liam
    af_nova+af_alloy am_adam+am_echo af_aoede+af_jessica af_nicole am_santa
    """.split()
)
PERCENTS = (100, 75, 50, 25, 0)  # of the first of a pair


@dataclass(frozen=True)
class Kokoro:
    """Kokoro-82M with its English voices, alone and mixed by two."""

    n_speakers: int = 0  # 0: all
    folder: str = ""  # where it is; empty: where `mwwkit voices` looks
    name: str = "kokoro"
    licence: str = KOKORO.licence
    languages: tuple[str, ...] = ("en-us", "en-gb")

    def voices(self) -> tuple[str, ...]:
        """Its speakers: pairs of voices, and two single ones."""
        return tuple(f"{self.name} {'+'.join(pair)}" for pair in self._people())

    def _people(self) -> tuple[tuple[str, ...], ...]:
        return PEOPLE[: self.n_speakers or None]

    def draw(self, rng: np.random.Generator) -> Voice:
        """A speaker, one of the voices between its two, and a speed."""
        pair = self._people()[int(rng.integers(len(self._people())))]
        percent = int(rng.choice(PERCENTS))
        rate_wpm = int(np.clip(rng.normal(PLAIN_WPM, 25), 100, 240))
        shares = zip(pair, (percent, 100 - percent) if pair[1:] else (100,), strict=True)
        name = "+".join(f"{voice}:{share}" for voice, share in shares if share)
        return Voice(f"{self.name} {'+'.join(pair)}", name, rate_wpm=rate_wpm)

    def check(self) -> None:
        """Raise SpeechError, saying what to do, unless its files and its environment are there."""
        if what := KOKORO.not_ready(self._folder()):
            raise SpeechError(
                f"Kokoro is not here ({what}); run `{KOKORO.command}`, or take kokoro out of "
                "TTS_ENGINES"
            )

    def speak_many(self, orders: Iterable[tuple[str, Voice]]) -> Iterator[np.ndarray | SpeechError]:
        """[n] float32 at 16 kHz for each (text, voice), or why not; about a word a CPU second."""
        return through_child(self.name, partial(_start, self._folder()), orders)

    def _folder(self) -> Path:
        return Path(self.folder) if self.folder else KOKORO.folder()


def _start(folder: Path) -> subprocess.Popen:
    return KOKORO.started(folder, kokoro_child.__file__, str(folder), MODEL, str(PLAIN_WPM))
