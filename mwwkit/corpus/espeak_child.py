"""espeak-ng in a process of its own: `python -m mwwkit.corpus.espeak_child LIBRARY DATA`.

Lines of JSON in ({"text", "voice", "pitch", "pitch_range", "rate_wpm"}); for each, out: one line
of JSON ({"bytes", "rate_hz", "error"}), then so many bytes of 16-bit mono PCM. An order of "voice"
and "sounds_of", a list of texts: the bytes are a line each of the text's sounds in IPA, UTF-8.

Only the standard library and libespeak-ng are loaded, for three reasons: espeak-ng is GPL-3
and stays at arm's length; its synthesiser keeps state from word to word, so that each word
is spoken by a fork that has spoken nothing before, which makes it the same bytes every time; and
a voice that kills its process costs that one word.
"""

import ctypes
import json
import os
import sys

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: deliver by the callback, return when done
_PARAMETERS = {"rate_wpm": 1, "pitch": 3, "pitch_range": 4}  # espeak_PARAMETER
_UTF8 = 1  # espeakCHARS_UTF8
_IPA = 0x02 | ord("_") << 8  # espeak_TextToPhonemes: IPA, and what stands between two sounds
_NO_VOICE = 2  # exit code of a fork
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Library:
    """libespeak-ng loaded by ctypes and started, before it has spoken any text."""

    def __init__(self, library: str, data: str):
        self.lib = ctypes.CDLL(library)
        self.pcm: list[bytes] = []
        self.callback = _CALLBACK(self._receive)  # kept: the library holds only a pointer
        self.rate_hz = self.lib.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), 0)
        if self.rate_hz <= 0:
            raise RuntimeError(f"espeak-ng does not start with its data in {data}")
        self.lib.espeak_SetSynthCallback(self.callback)
        self.lib.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else the clock decides: breath, flutter
        self.lib.espeak_ListVoices(None)  # else every fork reads 220 files to find its voice

    def _receive(self, samples, n_samples: int, events) -> int:
        if samples and n_samples > 0:
            self.pcm.append(ctypes.string_at(samples, 2 * n_samples))
        return 0

    def answer(self, order: dict) -> bytes:
        """16-bit PCM of one text, or its sounds."""
        if self.lib.espeak_SetVoiceByName(order["voice"].encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {order['voice']!r}")
        if "sounds_of" in order:
            return b"\n".join(map(self._sounds, order["sounds_of"]))
        return self._speak(order)

    def _sounds(self, text: str) -> bytes:
        """Of one clause after another, words parted by spaces."""
        self.lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        left, clauses = ctypes.c_char_p(text.encode()), []
        while left.value:
            clauses.append(self.lib.espeak_TextToPhonemes(ctypes.byref(left), _UTF8, _IPA))
        return b" ".join(clauses)

    def _speak(self, order: dict) -> bytes:
        for name, parameter in _PARAMETERS.items():
            self.lib.espeak_SetParameter(parameter, int(order[name]), 0)
        text = order["text"].encode() + b"\0"
        self.lib.espeak_Synth(text, len(text), 0, 1, 0, _UTF8, None, None)
        return b"".join(self.pcm)


def _forked(library: _Library, order: dict) -> tuple[bytes, str]:
    """Answer one order in a forked child: the bytes, or an error message."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            pcm = library.answer(order)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(pcm)
            code = 0
        except ValueError:
            code = _NO_VOICE
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        pcm = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == _NO_VOICE:
        return b"", f"espeak-ng has no voice {order['voice']!r}"
    return (pcm, "") if status == 0 else (b"", f"espeak-ng died ({status})")


def main(library: str, data: str) -> None:
    """Read orders from stdin and write PCM to stdout until stdin ends."""
    espeak = _Library(library, data)
    for line in sys.stdin:
        order = json.loads(line)
        if hasattr(os, "fork"):
            pcm, error = _forked(espeak, order)
        else:  # Windows: the caller starts a new process for every word
            pcm, error = espeak.answer(order), ""
        head = {"bytes": len(pcm), "rate_hz": espeak.rate_hz, "error": error}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + pcm)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
