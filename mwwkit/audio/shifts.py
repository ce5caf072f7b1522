"""Ways in which a home differs from a test set: noise, rooms, gains, and what a codec leaves.

    heard = SUITE["babble 5 dB"].apply(audio, rng(0, "shift", "babble 5 dB", clip), sounds)

Each takes float32 audio [samples] at 16 kHz, a word between quiet, and gives as many samples with
nothing moved in time, so that where the word ends stays known. Noise is added to all of the audio;
its level is that of the loudest 512-sample frames, as everywhere in mwwkit.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
import soxr

from mwwkit.audio import effects
from mwwkit.audio.wav16 import to_float, to_int16
from mwwkit.device import firmware
from mwwkit.run.errors import CannotGoOn

RATE_HZ = firmware.SAMPLE_RATE_HZ
PHONE_HZ = 8000
VOICES = 6
SNRS_DB = (20, 10, 5, 0)
GAINS_DB = (-20, -12, -6, 6, 12)
CLIPPED_DB = (6, 12)  # the loudest sample over full scale
LONGEST_DELAY = RATE_HZ // 5  # of a codec, samples


@dataclass(frozen=True)
class Sounds:
    """What shifts are made with, none of which the model was trained on.

    `voices`: other words, each trimmed to the word, float32 [n]; `rooms`: impulse responses that
    begin at their direct sound, by the name of their shift.
    """

    voices: Sequence[np.ndarray] = ()
    rooms: dict[str, np.ndarray] | None = None


@dataclass(frozen=True)
class Shift:
    """One change of the test audio: its name, its family (noise, codec ...) and its function."""

    name: str
    family: str  # clean, noise, room, gain, codec
    change: Callable[[np.ndarray, np.random.Generator, Sounds], np.ndarray]
    n_voices: int = 0  # that it needs

    def apply(self, audio: np.ndarray, draw: np.random.Generator, sounds: Sounds) -> np.ndarray:
        """int16 [samples], as the microphone's converter would give it: full scale is a limit."""
        changed = self.change(audio, draw, sounds)
        if changed.shape != audio.shape:
            raise AssertionError(f"{self.name} made {changed.shape} of {audio.shape}")
        return to_int16(changed.astype(np.float32))


def suite(sounds: Sounds) -> list[Shift]:
    """Every shift that `sounds` suffice for: clean first, then noises, rooms, gains, codecs."""
    shifts = [Shift("clean", "clean", lambda audio, draw, sounds: audio)]
    for kind in ("white", "pink", "babble"):
        needed = VOICES if kind == "babble" else 0
        shifts += [Shift(f"{kind} {db} dB", "noise", _noise(kind, db), needed) for db in SNRS_DB]
    shifts += [Shift(name, "room", _room(rir)) for name, rir in (sounds.rooms or {}).items()]
    shifts += [Shift(f"gain {db:+d} dB", "gain", _gain(db)) for db in GAINS_DB]
    shifts += [Shift(f"clipped by {db} dB", "gain", _clipped(db)) for db in CLIPPED_DB]
    shifts += [
        Shift("mp3 32 kbit/s", "codec", _codec("mp3", "libmp3lame", 32_000)),
        Shift("opus 16 kbit/s", "codec", _codec("ogg", "libopus", 16_000)),
        Shift("8 kHz", "codec", lambda audio, draw, sounds: narrow(audio)),
        Shift("telephone", "codec", lambda audio, draw, sounds: telephone(audio)),
    ]
    return [shift for shift in shifts if len(sounds.voices) >= shift.n_voices]


def _noise(kind: str, snr_db: float):
    def change(audio, draw, sounds):
        if kind == "babble":
            noise = babble(audio.size, sounds.voices, draw)
        else:
            noise = effects.colour_noise(audio.size, {"white": 0.0, "pink": -3.0}[kind], draw)
        return effects.mix_at_snr(audio, noise, snr_db)

    return change


def babble(n_samples: int, voices: Sequence[np.ndarray], draw: np.random.Generator) -> np.ndarray:
    """Six voices at once, each a chain of words of equal level; float32 [n_samples].

    Each chain is entered at a random place of its first word.
    """
    total = np.zeros(n_samples, np.float32)
    for _ in range(VOICES):
        at = 0
        while at < n_samples:
            word = voices[int(draw.integers(len(voices)))]
            word = word / np.float32(max(effects.loudest_rms(word), effects.SILENCE))
            if not at:
                word = word[int(draw.integers(word.size)) :]
            taken = min(word.size, n_samples - at)
            total[at : at + taken] += word[:taken]
            at += word.size
    return total


def _room(rir: np.ndarray):
    return lambda audio, draw, sounds: effects.apply_rir(audio, rir)


def _gain(db: float):
    return lambda audio, draw, sounds: effects.apply_gain(audio, db)


def _clipped(over_db: float):
    def change(audio, draw, sounds):
        peak = max(float(np.abs(audio).max(initial=0.0)), effects.SILENCE)
        return audio * np.float32(effects.db_to_gain(over_db) / peak)

    return change


def narrow(audio: np.ndarray) -> np.ndarray:
    """What passes through 8 kHz sampling: nothing over 4 kHz."""
    low = soxr.resample(audio, RATE_HZ, PHONE_HZ)
    return _fitted(soxr.resample(low, PHONE_HZ, RATE_HZ), audio.size)


def telephone(audio: np.ndarray) -> np.ndarray:
    """A telephone line: 300 to 3400 Hz, 8 kHz, mu-law in 8 bits (ITU-T G.711, mu = 255)."""
    sections = scipy.signal.butter(4, (300, 3400), "bandpass", fs=PHONE_HZ, output="sos")
    low = scipy.signal.sosfiltfilt(sections, soxr.resample(audio, RATE_HZ, PHONE_HZ))
    low = np.clip(low, -1, 1)
    coded = np.sign(low) * np.log1p(255 * np.abs(low)) / np.log(256)
    coded = np.rint(coded * 127) / 127
    low = np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255
    return _fitted(soxr.resample(low.astype(np.float32), PHONE_HZ, RATE_HZ), audio.size)


def _fitted(audio: np.ndarray, n_samples: int) -> np.ndarray:
    return np.pad(audio[:n_samples], (0, max(0, n_samples - audio.size)))


def _codec(container: str, codec: str, bit_rate: int):
    return lambda audio, draw, sounds: coded(audio, container, codec, bit_rate)


def coded(audio: np.ndarray, container: str, codec: str, bit_rate: int) -> np.ndarray:
    """Audio encoded and decoded by FFmpeg, its delay taken out; float32, as long as it was.

    Raises RuntimeError where this FFmpeg has no such encoder.
    """
    import av

    if codec not in av.codecs_available:
        raise CannotGoOn(f"PyAV {av.__version__} has no encoder {codec}; pip install -U av")
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE_HZ)
        stream.bit_rate, stream.layout = bit_rate, "mono"
        frame = av.AudioFrame.from_ndarray(
            to_int16(audio.copy())[None], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = RATE_HZ, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    parts = []
    with av.open(file) as read:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        for frame in (*read.decode(audio=0), None):
            parts += [converted.to_ndarray().ravel() for converted in resampler.resample(frame)]
    decoded = to_float(np.concatenate(parts))
    return _fitted(decoded[delay(audio, decoded) :], audio.size)


def delay(audio: np.ndarray, later: np.ndarray) -> int:
    """By how many samples (0 to 0.2 s) `later` is behind: where the two fit best."""
    size = scipy.fft.next_fast_len(audio.size + later.size, real=True)
    fits = scipy.fft.irfft(scipy.fft.rfft(later, size) * np.conj(scipy.fft.rfft(audio, size)), size)
    return int(np.argmax(fits[:LONGEST_DELAY]))
