"""Child process that runs Piper and returns PCM, to keep its GPL-3 code apart from ours.

`python piper_child.py VOICES PLAIN_WPM`; lines of JSON in and PCM out as `speech.through_child`
says.
"""

import json
import sys
from pathlib import Path


def main(folder: str, plain_wpm: str) -> None:
    """Read orders from stdin and write PCM to stdout until stdin ends."""
    from piper import PiperVoice, SynthesisConfig

    models: dict[str, PiperVoice] = {}
    for line in sys.stdin:
        order = json.loads(line)
        model, _, speaker = order["voice"].partition("#")
        if model not in models:
            models[model] = PiperVoice.load(Path(folder) / f"{model}.onnx")
        settings = SynthesisConfig(
            speaker_id=int(speaker) if speaker else None,
            length_scale=int(plain_wpm) / order["rate_wpm"],
            noise_scale=0.0,
            noise_w_scale=0.0,
        )
        chunks = models[model].synthesize(order["text"], settings)
        pcm = b"".join(chunk.audio_int16_bytes for chunk in chunks)
        head = {"bytes": len(pcm), "rate_hz": models[model].config.sample_rate, "error": ""}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + pcm)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its modules are not ours to import by their bare names
    main(*sys.argv[1:])
