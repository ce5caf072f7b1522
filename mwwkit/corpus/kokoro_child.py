"""Child process that runs Kokoro, in an environment of its own: see `kokoro` and `voice_fetching`.

`python -I kokoro_child.py FOLDER MODEL PLAIN_WPM`; lines of JSON in and PCM out as
`speech.through_child` says. A voice is "af_heart:75+af_sky:25": voices with their percents, all of
one accent. Its phonemes are made by espeak-ng (GPL-3), which stays in this process.
"""

import json
import logging
import os
import sys
import tempfile
from pathlib import Path

RATE_HZ = 24_000
SLOWEST, FASTEST = 0.5, 2.0  # that Kokoro takes
ACCENTS = {"a": "en-us", "b": "en-gb"}  # by a voice's first letter


class _Speaker:
    """Kokoro on one thread: its sums then have one order, whatever the machine has of cores."""

    def __init__(self, folder: Path, model: str):
        import numpy as np
        import onnxruntime
        from kokoro_onnx import Kokoro
        from phonemizer.backend import EspeakBackend

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str(folder / model)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        with tempfile.TemporaryDirectory() as temporary:
            none = os.path.join(temporary, "none.npy")  # it wants a file of voices; ours are given
            np.save(none, np.zeros(0, np.float32))
            self.kokoro = Kokoro.from_session(session, none)
        quiet = {"logger": logging.getLogger("silent"), "language_switch": "remove-flags"}
        quiet["logger"].addHandler(logging.NullHandler())
        quiet["logger"].propagate = False
        self.readers = {
            accent: EspeakBackend(accent, preserve_punctuation=True, with_stress=True, **quiet)
            for accent in ACCENTS.values()
        }
        self.np, self.folder = np, folder
        self.styles: dict[str, np.ndarray] = {}

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """16-bit PCM of one text; ValueError where there is nothing to say."""
        accent = ACCENTS[voice[0]]
        [phonemes] = self.readers[accent].phonemize([text], strip=True)
        speed = min(max(speed, SLOWEST), FASTEST)
        audio, _ = self.kokoro.create(phonemes, self._style(voice), speed, is_phonemes=True)
        limited = self.np.clip(self.np.asarray(audio, self.np.float64), -1, 1)
        return self.np.rint(limited * 32767).astype("<i2").tobytes()

    def _style(self, voice: str):
        """[510, 1, 256] float32: the voices mixed by their percents."""
        parts = [part.split(":") for part in voice.split("+")]
        return sum(self._read(name) * self.np.float32(int(share) / 100) for name, share in parts)

    def _read(self, name: str):
        if name not in self.styles:
            path = self.folder / "voices" / f"{name}.bin"
            self.styles[name] = self.np.fromfile(path, "<f4").reshape(510, 1, 256)
        return self.styles[name]


def main(folder: str, model: str, plain_wpm: str) -> None:
    """Read orders from stdin and write PCM to what was stdout until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    speaker = _Speaker(Path(folder), model)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            speed = order["rate_wpm"] / int(plain_wpm)
            pcm, error = speaker.speak(order["text"], order["voice"], speed), ""
        except (ValueError, OSError) as fault:
            pcm, error = b"", f"kokoro: {fault}"
        head = {"bytes": len(pcm), "rate_hz": RATE_HZ, "error": error}
        answers.write(json.dumps(head).encode() + b"\n" + pcm)
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
