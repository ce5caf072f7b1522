"""Inputs cut into units of work, and what a unit takes."""

import re
from collections.abc import Sequence

from mwwkit.corpus.clips import Kind, Label
from mwwkit.corpus.sources import FromFile, FromSeed, FromSpeech, Input, fingerprint
from mwwkit.device.firmware import SAMPLE_RATE_HZ

UNIT_INPUTS = 64  # some seconds of work to lose
UNIT_BYTES = 256 << 20  # and at most about so many bytes of clips
GROWTH = {  # at most, to our WAV
    **{".mp3": 3.0, ".m4a": 3.0, ".ogg": 4.0, ".opus": 6.0, ".oga": 4.0, ".mp2": 4.0, ".ac3": 4.0},
    **{".mp4": 8.0, ".mov": 8.0, ".aac": 8.0, ".wma": 8.0, ".webm": 12.0, ".mka": 12.0},
    **{".mkv": 12.0, ".caf": 12.0, ".3gp": 24.0, ".gsm": 24.0, ".amr": 40.0},
}
PLAIN = {".wav", ".flac", ".aif", ".aiff", ".aifc", ".au", ".w64", ".rf64"}
GROWTH_PLAIN = 2.0  # FLAC; and WAV of 8 kHz in 16 bits
GROWTH_OTHERS = 12.0  # under a name that tells nothing
# CPU seconds for a second of `_spoken_s`, by engine; it guesses a word at about twice its length.
SPEAKING = {"espeak-ng": 0.006, "kokoro": 0.45, "piper": 0.1}
LISTENING_S = 0.5  # a recogniser's, to one word


def in_units(inputs: Sequence[Input]) -> dict[str, list[Input]]:
    """Units by name, in order: inputs of one source, label and kind.

    The name holds a fingerprint of what is in it: other files are another unit.
    """
    groups: dict[str, list[Input]] = {}
    for item in inputs:
        about = item.about
        label = f"-{about.label.value}" if about.kind is Kind.CLIP else ""
        source = re.sub(r"[^\w-]+", "_", about.source).strip("_")
        groups.setdefault(f"{about.kind.value}/{source}{label}", []).append(item)
    units = {}
    for group, of_it in groups.items():
        chunk: list[Input] = []
        number = 0
        for i, item in enumerate(of_it, start=1):
            chunk.append(item)
            full = len(chunk) == UNIT_INPUTS or bytes_at_most(chunk) >= UNIT_BYTES
            if full or i == len(of_it):
                units[f"{group}-{number:04d}-{fingerprint(chunk)}"] = chunk
                chunk, number = [], number + 1
    return units


def bytes_at_most(inputs: Sequence[Input]) -> int:
    """What the clips of `inputs` take on disk, at most."""
    return 50_000 + sum(map(_bytes_of, inputs))


def _bytes_of(item: Input) -> int:
    if isinstance(item, FromFile):
        suffix = item.path.suffix.lower()
        growth = GROWTH_PLAIN if suffix in PLAIN else GROWTH.get(suffix, GROWTH_OTHERS)
        return int(item.n_bytes * growth)
    seconds = item.seconds or 1.0 if isinstance(item, FromSeed) else _spoken_s(item)
    return int(2 * SAMPLE_RATE_HZ * seconds) + 100


def _spoken_s(item: FromSpeech) -> float:
    return sum(item.pauses_s) + sum(1 + 0.1 * len(text) for text in item.texts)


def seconds_to_make(item: Input, checked: bool = False) -> float:
    """CPU seconds, as measured on a shared core; `checked`: a recogniser hears spoken words."""
    if isinstance(item, FromFile):
        return 0.002 + item.n_bytes / 4e7
    if isinstance(item, FromSpeech):
        listens = checked and item.about.label is Label.POSITIVE
        return SPEAKING[item.about.source] * _spoken_s(item) + LISTENING_S * listens
    return 0.005 + item.seconds / 500
