"""Child process that runs a speech recogniser, in an environment of its own: see `spoken_check`.

`python -I recogniser_child.py FOLDER`; in: a line of JSON ({"bytes"}) and so many bytes of 16-bit
mono PCM at 16 kHz; out: a line of JSON ({"text"}). Whisper (Radford et al. 2022, arXiv 2212.04356)
by faster-whisper, on one thread and without sampling, so that a sound is the same text every time
on the same kind of machine.
"""

import json
import os
import sys

RATE_HZ = 16_000
MARGIN_S = 0.5  # of silence on both sides: a word that begins at once is often misheard


def main(folder: str) -> None:
    """Read sounds from stdin and write what was heard to what was stdout until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer

    import numpy as np
    from faster_whisper import WhisperModel

    model = WhisperModel(
        folder, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )
    margin = round(MARGIN_S * RATE_HZ)
    while line := sys.stdin.buffer.readline():
        pcm = sys.stdin.buffer.read(json.loads(line)["bytes"])
        audio = np.pad(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768, margin)
        segments, _ = model.transcribe(
            audio,
            language="en",
            beam_size=1,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        heard = " ".join(segment.text.strip() for segment in segments)
        answers.write(json.dumps({"text": heard}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
