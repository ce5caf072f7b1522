"""What can happen to a sound on its way to the microphone: pure functions of audio and settings.

Every function takes float32 audio [samples] and plain numbers, and returns new float32 audio of
the same length (pitch shift included; only speed and tempo change it). Levels are those of the
loudest 512-sample frame, which is what a listener compares: a clip's silences do not change its
level.
"""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import scipy
import soxr

from mwwkit.run.config_base import Between
from mwwkit.run.errors import WrongInput

Probability = Annotated[float, Between(0, 1, "a probability, 0 to 1")]
FRAME_SAMPLES = 512  # 32 ms at 16 kHz
SILENCE = 1e-5  # RMS of the loudest frame under which there is nothing to measure (-100 dBFS)


def loudest_rms(audio: np.ndarray) -> float:
    """RMS of the loudest whole 512-sample frame (of all of it, when shorter)."""
    if not audio.size:
        return 0.0
    whole = audio.size - audio.size % FRAME_SAMPLES
    frames = audio[:whole].reshape(-1, FRAME_SAMPLES) if whole else audio[None]
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float32) / frames.shape[1]
    return float(np.sqrt(power.max()))


def rms(audio: np.ndarray) -> float:
    """RMS of all the audio, silences included."""
    return float(np.sqrt(np.mean(audio**2, dtype=np.float64))) if audio.size else 0.0


def db_to_gain(db: float) -> float:
    """The factor on amplitude of a level in dB."""
    return float(10.0 ** (db / 20.0))


def apply_gain(audio: np.ndarray, gain_db: float) -> np.ndarray:
    """Louder or softer by `gain_db`; full scale is not a limit here."""
    return (audio * np.float32(db_to_gain(gain_db))).astype(np.float32)


def apply_eq(audio: np.ndarray, sample_rate_hz: int, gains_db: tuple[float, ...]) -> np.ndarray:
    """Colour the spectrum: gains at frequencies evenly spaced in octaves from 100 Hz to Nyquist.

    A linear-phase filter of 127 taps, so the shape is smooth and nothing moves in time.
    """
    nyquist_hz = sample_rate_hz / 2
    at_hz = np.geomspace(100.0, nyquist_hz, len(gains_db))
    grid_hz = np.linspace(0, nyquist_hz, 64)
    gains = db_to_gain_array(np.interp(np.log(np.maximum(grid_hz, 1)), np.log(at_hz), gains_db))
    taps = scipy.signal.firwin2(127, grid_hz, gains, fs=sample_rate_hz).astype(np.float32)
    return scipy.signal.oaconvolve(audio, taps, mode="full")[63 : 63 + audio.size].astype(
        np.float32
    )


def db_to_gain_array(db: np.ndarray) -> np.ndarray:
    """The factors on amplitude of levels in dB."""
    return 10.0 ** (np.asarray(db) / 20.0)


def apply_distortion(audio: np.ndarray, drive_db: float) -> np.ndarray:
    """Soft saturation: tanh driven `drive_db` above the peak, the peak kept where it was."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak < SILENCE:
        return audio.astype(np.float32)
    drive = np.float32(db_to_gain(drive_db) / peak)
    return (np.tanh(audio * drive) * np.float32(peak / np.tanh(drive * peak))).astype(np.float32)


def change_speed(audio: np.ndarray, factor: float) -> np.ndarray:
    """Played `factor` times faster: shorter and higher, as a smaller speaker who hurries.

    soxr's low-latency quality "LQ" is transparent beside noise and a quarter of the cost.
    """
    if not audio.size or factor == 1.0:
        return audio.astype(np.float32)
    return soxr.resample(audio.astype(np.float32), float(factor), 1.0, quality="LQ")


def apply_pitch_shift(audio: np.ndarray, semitones: float) -> np.ndarray:
    """Pitch and formants moved by `semitones`, the length kept.

    Resampled, then stretched back by overlapping 32 ms grains, each shifted to where it fits the
    last one best (WSOLA: Verhelst and Roelands, ICASSP 1993).
    """
    factor = 2.0 ** (semitones / 12.0)
    return _stretch(change_speed(audio, factor), audio.size)


def apply_time_stretch(audio: np.ndarray, rate: float) -> np.ndarray:
    """Spoken `rate` times faster at the same pitch: round(n / rate) samples; see pitch shift."""
    if not 0.5 <= rate <= 2:
        raise WrongInput(f"rate is {rate}; wanted 0.5 to 2")
    return _stretch(audio, round(audio.size / rate)) if audio.size else audio.astype(np.float32)


def _stretch(audio: np.ndarray, n_samples: int) -> np.ndarray:
    grain, hop, search = 512, 256, 96
    if audio.size < grain + 2 * search or audio.size == n_samples:
        return np.resize(audio, n_samples).astype(np.float32)
    window = np.hanning(grain + 1)[:grain].astype(np.float32)
    out = np.zeros(n_samples + grain, np.float32)
    rate = (audio.size - grain) / max(n_samples - grain, 1)
    padded = np.pad(audio, (search, grain + 2 * search))
    last = 0
    for start in range(0, n_samples, hop):
        centre = int(start * rate) + search
        if start:
            wanted = padded[last + hop : last + hop + grain]
            near = padded[centre - search : centre + search + grain]
            if near.size < grain + 2 * search or wanted.size < grain:
                break
            centre += int(np.argmax(scipy.signal.correlate(near, wanted, mode="valid"))) - search
        out[start : start + grain] += padded[centre : centre + grain] * window
        if not start:  # nothing fades out where it begins
            out[:hop] = padded[centre : centre + hop]
        last = centre
    return out[:n_samples]


def apply_band_stop(
    audio: np.ndarray, sample_rate_hz: int, centre_hz: float, width_octaves: float
) -> np.ndarray:
    """Remove a band: second-order Butterworth, -3 dB half of `width_octaves` either side."""
    low = centre_hz * 2 ** (-width_octaves / 2)
    high = min(centre_hz * 2 ** (width_octaves / 2), 0.49 * sample_rate_hz)
    if not 0 < low < high:
        raise WrongInput(f"centre_hz is {centre_hz}; wanted a band between 0 and Nyquist")
    if not audio.size:
        return audio.astype(np.float32)
    sections = scipy.signal.butter(2, (low, high), "bandstop", fs=sample_rate_hz, output="sos")
    return scipy.signal.sosfilt(sections, audio).astype(np.float32)


def colour_noise(n_samples: int, slope_db_octave: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls by `-slope_db_octave` an octave: 0 white, -3 pink, -6 brown.

    Scaled to an RMS of 1. Flat below 20 Hz at 16 kHz, where the slope would run to infinity.
    """
    if not n_samples:
        return np.zeros(0, np.float32)
    size = scipy.fft.next_fast_len(max(n_samples, 16), real=True)
    spectrum = rng.standard_normal((size // 2 + 1, 2), dtype=np.float32).view(np.complex64)[:, 0]
    bins = np.maximum(np.arange(size // 2 + 1, dtype=np.float32), size / 800)
    spectrum *= bins ** np.float32(slope_db_octave / (20 * np.log10(2)))
    spectrum[0] = 0
    noise = scipy.fft.irfft(spectrum, size)[:n_samples]
    rms = float(np.sqrt(np.mean(noise**2, dtype=np.float64)))  # tiny: steep noise of many samples
    return (noise / np.float32(rms)).astype(np.float32)


def mix_at_snr(
    audio: np.ndarray,
    noise: np.ndarray,
    snr_db: float,
    level: Callable[[np.ndarray], float] = loudest_rms,
) -> np.ndarray:
    """`audio` plus `noise` (as long), their levels `snr_db` apart; silence is left alone."""
    audio_level, noise_level = level(audio), level(noise)
    if audio_level < SILENCE or noise_level < SILENCE:
        return audio.astype(np.float32)
    gain = np.float32(audio_level / noise_level / db_to_gain(snr_db))
    return (audio + gain * noise).astype(np.float32)


def apply_color_noise(
    audio: np.ndarray, snr_db: float, slope_db_octave: float, rng: np.random.Generator
) -> np.ndarray:
    """Add coloured noise at an SNR; see `colour_noise`."""
    return mix_at_snr(audio, colour_noise(audio.size, slope_db_octave, rng), snr_db)


def apply_background_noise(audio: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add a recording at an SNR, repeated where it is shorter than the audio."""
    if not noise.size:
        raise WrongInput("the background recording is empty")
    return mix_at_snr(audio, np.resize(noise, audio.size), snr_db)


def apply_rir(audio: np.ndarray, rir: np.ndarray, wet: float = 1.0) -> np.ndarray:
    """Put the audio in a room: `wet` of the convolution, the rest dry; level and length kept.

    The impulse response should begin at its direct sound (`rooms.aligned`), else the audio comes
    late by its onset.
    """
    if not 0 <= wet <= 1:
        raise WrongInput(f"wet is {wet}; wanted 0 to 1")
    if not audio.size:
        return audio.astype(np.float32)
    size = scipy.fft.next_fast_len(audio.size + rir.size - 1, real=True)
    spectrum = scipy.fft.rfft(audio, size)
    spectrum *= scipy.fft.rfft(rir, size)
    room = scipy.fft.irfft(spectrum, size, overwrite_x=True)[: audio.size]
    before, after = loudest_rms(audio), loudest_rms(room)
    if after < SILENCE:
        return audio.astype(np.float32)
    room *= before / after
    if wet == 1:
        return room.astype(np.float32, copy=False)
    return (wet * room + (1 - wet) * audio).astype(np.float32)


def apply_time_shift(audio: np.ndarray, n_samples: int) -> np.ndarray:
    """Later (or, negative, earlier) by `n_samples`; silence comes in, what leaves is cut."""
    out = np.zeros(audio.size, np.float32)
    if n_samples >= 0:
        out[n_samples:] = audio[: audio.size - n_samples] if n_samples < audio.size else 0
    else:
        out[: max(audio.size + n_samples, 0)] = audio[-n_samples:]
    return out
