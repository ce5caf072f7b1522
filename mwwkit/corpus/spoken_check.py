"""Whether machines said the wake word: heard by a recogniser, compared sound by sound.

    with SpokenCheck(("alexa",)) as check:
        check.fault(audio)       # "", or that the recogniser hears something else: 'i like so'

A voice may read a word quite differently from how it was meant, or slur it. What the recogniser
writes is read aloud by espeak-ng's rules, into speech sounds; where too few of them are those of
the word, in its order, the clip is not the word. It is the recogniser of `mwwkit voices get
recogniser`, which knows English.
"""

import json
import subprocess
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from mwwkit.audio.wav16 import to_int16
from mwwkit.corpus import recogniser_child, scripts
from mwwkit.corpus.speech import READER, SpeechError, ended, is_english, sounds_of
from mwwkit.corpus.voice_files import RECOGNISER
from mwwkit.run.errors import CannotGoOn, WrongInput

# Of 180 clips of five words by people 83 % are more alike (53 % of "athena", many of which are
# drowned, 81 to 97 % of the others), and none of 31 of other words.
LEAST_ALIKE = 0.5
HEARS = "the recogniser hears something else"  # a reason, before what it is


class RecogniserError(CannotGoOn):
    """The recogniser stopped listening. Nothing is known of the sound, so no sound is set aside."""


class SpokenCheck:
    """A recogniser that listens for one of some texts, in a child process while it is open."""

    def __init__(self, texts: Sequence[str], folder: Path | None = None) -> None:
        """`texts`: the word and its other spellings; `folder`: of the recogniser's files."""
        self.texts, self.folder = tuple(texts), folder or RECOGNISER.folder()
        self._child: subprocess.Popen | None = None

    def __enter__(self) -> "SpokenCheck":
        """The child is started by the first sound."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child."""
        if self._child:
            ended(self._child)
            self._child = None

    def fault(self, audio: np.ndarray) -> str:
        """Why the sound, [n] float32 at 16 kHz, is not one of the texts; empty where it is."""
        heard = self._hear(audio)
        if max(alike(heard, text) for text in self.texts) > LEAST_ALIKE:
            return ""
        return f"{HEARS}: {repr(heard) if heard else 'nothing'}, too little like {self.texts[0]!r}"

    def _hear(self, audio: np.ndarray) -> str:
        child = self._child = self._child or _start(self.folder)
        pcm = to_int16(audio).astype("<i2").tobytes()
        try:
            child.stdin.write(json.dumps({"bytes": len(pcm)}).encode() + b"\n" + pcm)
            child.stdin.flush()
            return json.loads(child.stdout.readline())["text"]
        except (OSError, json.JSONDecodeError) as error:  # its pipe is broken, or it wrote no line
            raise RecogniserError(
                "the recogniser's process died; run 01 again, which goes on here, or set TTS_CHECK "
                f"to False (`{RECOGNISER.command}` mends a spoilt environment)"
            ) from error


def alike(heard: str, text: str) -> float:
    """How much of two texts' speech sounds stands in both in one order, 0 to 1.

    Ratcliff and Metzener's (1988), as `difflib` has it: longest runs first.
    """
    return SequenceMatcher(None, sounds_of(heard), sounds_of(text), autojunk=False).ratio()


def refuse_unread(texts: Sequence[str], languages: Sequence[str]) -> None:
    """Raise WrongInput where the word is none that the recogniser could write."""
    if not is_english(languages):
        raise WrongInput(
            f"tts_check is True and languages is {', '.join(languages) or 'empty'}; the recogniser "
            "knows English: set TTS_CHECK to False"
        )
    scripts.refuse_unread(texts, (READER,), "set TTS_CHECK to False")


def refuse_unready(texts: Sequence[str]) -> None:
    """Raise SpeechError, saying what to do, unless it can listen here for these texts."""
    for text in texts:
        sounds_of(text)
    if fault := RECOGNISER.not_ready(RECOGNISER.folder()):
        raise SpeechError(
            f"the recogniser is not here ({fault}); run `{RECOGNISER.command}`, or set TTS_CHECK "
            "to False"
        )


def _start(folder: Path) -> subprocess.Popen:
    return RECOGNISER.started(folder, recogniser_child.__file__, str(folder))
