"""Piper, a neural text-to-speech, for those who have it and voices for it.

    engine = Piper("voices")    # a folder of <name>.onnx with <name>.onnx.json

Its noise is turned off, so that a text by a voice is the same sound every time on the same kind of
machine; variety comes from its speakers (some voices hold hundreds) and their speed.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from mwwkit.corpus import piper_child
from mwwkit.corpus.speech import SpeechError, Voice, through_child
from mwwkit.corpus.voice_files import PIPER_JOE
from mwwkit.run.files import read_json

PLAIN_WPM = 165  # the speed of a voice's own length scale of 1, about


@dataclass(frozen=True)
class Piper:
    """Every speaker of every voice in `folder`."""

    folder: str
    n_speakers: int = 0  # 0: all
    name: str = "piper"
    licence: str = "as each voice's model card says"

    def voices(self) -> tuple[str, ...]:
        """Its speakers. Raises SpeechError where the folder holds no voice."""
        speakers = _speakers(Path(self.folder))
        return tuple(f"{self.name} {speaker}" for speaker in speakers)[: self.n_speakers or None]

    @property
    def languages(self) -> tuple[str, ...]:
        """The espeak-ng voices that turn texts into sounds for it, as its voices' settings say."""
        return tuple(sorted(_languages(Path(self.folder))))

    def draw(self, rng: np.random.Generator) -> Voice:
        """A speaker, at a speed."""
        speaker = str(rng.choice(self.voices()))
        rate_wpm = int(np.clip(rng.normal(PLAIN_WPM, 25), 100, 240))
        return Voice(speaker, speaker.removeprefix(f"{self.name} "), rate_wpm=rate_wpm)

    def check(self) -> None:
        """Raise SpeechError, saying what to do, unless Piper and a voice are there."""
        if importlib.util.find_spec("piper") is None:
            raise SpeechError(
                "Piper is not here; pip install 'mwwkit[piper]' (or pip install piper-tts), or "
                "leave PIPER_VOICES empty and piper out of TTS_ENGINES"
            )
        self.voices()

    def speak_many(self, orders: Iterable[tuple[str, Voice]]) -> Iterator[np.ndarray | SpeechError]:
        """[n] float32 at 16 kHz for each (text, voice), or why not; some words a second."""
        return through_child(self.name, partial(_start, self.folder), orders)


@cache
def _speakers(folder: Path) -> tuple[str, ...]:
    """Names such as "en_US-amy-medium" or "en_US-libritts-high#17", sorted."""
    voices = []
    for model in sorted(folder.glob("*.onnx")):
        settings = model.with_name(f"{model.name}.json")
        if not settings.is_file():
            raise SpeechError(f"{model} lacks its {settings.name}; put it beside the voice")
        n_speakers = read_json(settings)["num_speakers"]
        many = [f"{model.stem}#{k}" for k in range(n_speakers)]
        voices += many if n_speakers > 1 else [model.stem]
    if not voices:
        raise SpeechError(
            f"{folder} has no Piper voice (*.onnx); put one there, or run "
            f"`{PIPER_JOE.command}`, which gets one for TTS_ENGINES piper"
        )
    return tuple(voices)


@cache
def _languages(folder: Path) -> set[str]:
    settings = [read_json(path) for path in sorted(folder.glob("*.onnx.json"))]
    return {one["espeak"]["voice"] for one in settings if "voice" in one.get("espeak", {})}


def _start(folder: str) -> subprocess.Popen:
    call = [sys.executable, piper_child.__file__, folder, str(PLAIN_WPM)]
    return subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
