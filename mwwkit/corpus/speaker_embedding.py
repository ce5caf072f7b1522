"""How many people a set of voices sounds like, by a published speaker embedding.

    embedder = SpeakerEmbedder.load(path)            # of `mwwkit voices get speakers`
    vector = embedder.embed([word, other, third])    # [256] float32, of unit length
    n_people(np.stack(vectors_of_voices))            # 41 of 54

The net is GE2E's (Wan et al. 2018, arXiv 1710.10467), three LSTM layers and a linear one, with the
weights that Resemblyzer 0.1.4 carries (Apache-2.0): it was trained to tell 1.6 s of thousands of
speakers apart. Its front end: 40 mel bands (Slaney's, each of unit area) of power spectra of 25 ms
every 10 ms at 16 kHz, of sound at -30 dBFS. Here it runs in NumPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import scipy

from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.errors import CannotGoOn

N_FFT, HOP, N_MELS = 400, 160, 40  # 25 ms, 10 ms
WINDOW = 160  # frames that the net hears at once: 1.6 s
LEVEL_DBFS = -30.0
# Groups more alike than this are one person. Of 71 speakers of Speech Commands, four words twice
# each, the 142 vectors make 74 groups at 0.70 (118 at 0.75 from two words each: more words differ
# less); one person's two and two people's are told apart in 97 % at 0.62.
ALIKE = 0.70
WORDS_EACH = 4  # sounds that a voice's vector should be of


class NoEmbedder(CannotGoOn):
    """The weights are not there, or are not these weights; the message says what to do."""


@dataclass(frozen=True)
class SpeakerEmbedder:
    """The net's weights, by PyTorch's names."""

    weights: dict[str, np.ndarray]

    @classmethod
    def load(cls, path: Path) -> "SpeakerEmbedder":
        """Of an .npz that `mwwkit voices get speakers` made. Raises NoEmbedder where it is not."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                weights = dict(arrays)
        except (OSError, ValueError) as error:
            raise NoEmbedder(f"{path}: {error}; run: mwwkit voices get speakers") from error
        if weights.get("linear.weight", np.zeros(0)).shape != (256, 256):
            raise NoEmbedder(f"{path} holds other weights; run: mwwkit voices get speakers")
        return cls(weights)

    def embed(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """[256] float32 of unit length: one voice, by sounds [n] float32 at 16 kHz, put end to end.

        Silence around each should be cut. Windows of 1.6 s every 0.8 s are averaged; what is
        shorter is said again until it fills one.
        """
        frames = mel_frames(np.concatenate(sounds))
        if len(frames) < WINDOW:
            frames = np.resize(frames, (WINDOW, N_MELS))
        starts = range(0, len(frames) - WINDOW + 1, WINDOW // 2)
        each = self._windows(np.stack([frames[at : at + WINDOW] for at in starts]))
        return _unit(each.mean(axis=0))

    def _windows(self, windows: np.ndarray) -> np.ndarray:
        """[n, 256] of [n, frames, bands]: the last layer's last state, through the linear one."""
        inputs = windows
        for layer in range(3):
            inputs = self._lstm(inputs, layer)
        linear = inputs[:, -1] @ self.weights["linear.weight"].T + self.weights["linear.bias"]
        return _unit(np.maximum(linear, 0))

    def _lstm(self, inputs: np.ndarray, layer: int) -> np.ndarray:
        """States [n, frames, units] of one layer; its gates stand in PyTorch's order i, f, g, o."""
        of_input, of_state, *biases = (
            self.weights[f"lstm.{kind}_l{layer}"]
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        driven = inputs @ of_input.T + sum(biases)
        n, n_frames, _ = inputs.shape
        state = cell = np.zeros((n, of_state.shape[1]), np.float32)
        states = np.empty((n, n_frames, state.shape[1]), np.float32)
        for frame in range(n_frames):
            i, f, g, o = np.split(driven[:, frame] + state @ of_state.T, 4, axis=1)
            cell = scipy.special.expit(f) * cell + scipy.special.expit(i) * np.tanh(g)
            state = scipy.special.expit(o) * np.tanh(cell)
            states[:, frame] = state
        return states


def mel_frames(audio: np.ndarray) -> np.ndarray:
    """[frames, 40] float32: the power in each mel band of [n] float32 at 16 kHz, brought to level.

    Quiet sound is made louder, loud sound is left. Frames are centred, zeros beyond the ends.
    """
    rms = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    audio = audio * max(10 ** (LEVEL_DBFS / 20) / max(rms, 1e-9), 1.0)
    padded = np.pad(audio, N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    power = np.abs(scipy.fft.rfft(frames * scipy.signal.get_window("hann", N_FFT))) ** 2
    return (power @ _mel_filters().T).astype(np.float32)


@cache
def _mel_filters() -> np.ndarray:
    """[40, 201]: triangles of unit area, their corners even on Slaney's mel scale (1998).

    It is linear up to 1 kHz, 15 mels there, and goes on in steps of the 27th root of 6.4.
    """
    knee_hz, knee, step = 1000.0, 15.0, np.log(6.4) / 27
    highest = knee + np.log(SAMPLE_RATE_HZ / 2 / knee_hz) / step
    mels = np.linspace(0, highest, N_MELS + 2)
    corners = np.where(mels < knee, mels * 200 / 3, knee_hz * np.exp(step * (mels - knee)))
    hz = np.linspace(0, SAMPLE_RATE_HZ / 2, N_FFT // 2 + 1)
    low, middle, high = (corners[i : i + N_MELS, np.newaxis] for i in range(3))
    rising, falling = (hz - low) / (middle - low), (high - hz) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(length, 1e-9)).astype(np.float32)


def n_people(vectors: np.ndarray, alike: float = ALIKE) -> int:
    """As how many people the voices [n, 256] sound: groups whose members are alike on average."""
    if len(vectors) < 2:
        return len(vectors)
    joined = scipy.cluster.hierarchy.linkage(vectors, "average", metric="cosine")
    return int(scipy.cluster.hierarchy.fcluster(joined, 1 - alike, "distance").max())
