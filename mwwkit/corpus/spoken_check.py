"""Whether machines said the wake word: heard by a recogniser, compared sound by sound.

    with SpokenCheck(("alexa",)) as check:
        check.fault(audio)       # "" or "it was heard as 'i like so'", for [n] float32 at 16 kHz

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
from mwwkit.corpus import recogniser_child
from mwwkit.corpus.speech import SpeechError, sounds_of
from mwwkit.corpus.voice_files import RECOGNISER
from mwwkit.run.errors import WrongInput

# More than that. Of 180 clips of five words by people 83 % pass (53 % of "athena", many of which
# are drowned, 81 to 97 % of the others), and none of 31 of other words.
HALF = 0.5
HEARS = "the recogniser hears it"  # what a reason begins with


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
            self._child.stdin.close()
            self._child.stdout.close()
            self._child.wait()
            self._child = None

    def fault(self, audio: np.ndarray) -> str:
        """Why the sound, [n] float32 at 16 kHz, is not one of the texts; empty where it is."""
        heard = self._hear(audio)
        if max(alike(heard, text) for text in self.texts) > HALF:
            return ""
        said = f"as {heard!r}, which sounds too little like" if heard else "as nothing, not as"
        return f"{HEARS} {said} {self.texts[0]!r}"

    def _hear(self, audio: np.ndarray) -> str:
        child = self._child = self._child or _start(self.folder)
        pcm = to_int16(audio).astype("<i2").tobytes()
        try:
            child.stdin.write(json.dumps({"bytes": len(pcm)}).encode() + b"\n" + pcm)
            child.stdin.flush()
            return json.loads(child.stdout.readline())["text"]
        except (BrokenPipeError, json.JSONDecodeError) as error:
            raise SpeechError(
                f"the recogniser's process died; `{RECOGNISER.command}` mends it, or set "
                "TTS_CHECK to False"
            ) from error


def alike(heard: str, text: str) -> float:
    """The share of two texts' speech sounds that they have in common and in one order, 0 to 1."""
    return SequenceMatcher(None, sounds_of(heard), sounds_of(text), autojunk=False).ratio()


def refuse_languages(languages: Sequence[str]) -> None:
    """Raise WrongInput where the word is of a language that the recogniser does not know."""
    if languages[0].split("-")[0] != "en":
        raise WrongInput(
            f"tts_check is True and languages is {', '.join(languages)}; the recogniser knows "
            "English: set TTS_CHECK to False"
        )


def refuse_unready(texts: Sequence[str]) -> None:
    """Raise SpeechError, saying what to do, unless it can listen here for these texts."""
    for text in texts:
        sounds_of(text)
    folder = RECOGNISER.folder()
    if lacks := RECOGNISER.lacking(folder):
        what = f"{folder} lacks {lacks[0].name}"
    elif fault := RECOGNISER.fault(folder):
        what = f"its environment does not start: {fault}"
    else:
        return
    raise SpeechError(
        f"the recogniser is not here ({what}); run `{RECOGNISER.command}`, or set TTS_CHECK to "
        "False"
    )


def _start(folder: Path) -> subprocess.Popen:
    # -I: nothing of mwwkit's own environment is to be found from there
    call = [str(RECOGNISER.python(folder)), "-I", recogniser_child.__file__, str(folder)]
    return subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
