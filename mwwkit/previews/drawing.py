"""The pieces of every picture: a waveform, a spectrogram, a score track, a player.

    figure = Figure(figsize=(9, 3), layout="constrained")
    drawing.waveform(axes, samples)                  # int16 [n] at 16 kHz
    drawing.spectrogram(axes, features)              # int8 [frames, 40]
    display(drawing.png(figure), drawing.player(samples))

Figures become PNG here and not in a matplotlib backend, so they look the same in every notebook,
and a backend is neither needed nor changed.
"""

import base64
import io
from collections.abc import Sequence
from html import escape
from itertools import zip_longest
from typing import Any

import numpy as np
import soundfile
from IPython.display import Audio, Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.audio import frontend
from mwwkit.audio.reading import INT16_SCALE
from mwwkit.device.detector import Rule, score_times, shown
from mwwkit.device.firmware import HOP_MS, INT8_MAX, INT8_MIN, N_BANDS, SAMPLE_RATE_HZ, WINDOW_MS

INK, SOFT, ACCENT, GOOD, OTHER = "#33415c", "#a9b2c3", "#c8453b", "#2a8c6e", "#c98a1b"
WIDTH_IN = 9.0  # of a picture that fills a notebook's cell
_DPI = 160  # twice what is shown, for screens of two dots a pixel
_COLUMNS = 2000  # of a drawn waveform: more than a screen has


class Picture(Image):
    """A PNG, which a terminal cannot show."""

    def __repr__(self) -> str:
        """As a terminal shows it."""
        return "a picture, to be seen in the notebook"


def png(figure: Figure, dots_per_inch: int = _DPI) -> Picture:
    """The figure as an image for `display`, sharp on fine screens unless fewer dots are asked."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dots_per_inch, facecolor="white")
    return Picture(data=stream.getvalue(), width=int(figure.get_figwidth() * _DPI / 2))


class Player(Audio):
    """A player whose element holds its sound: viewers that sanitise pages take a `source` away."""

    number = 0  # of the player: a page plays the same sound again where that is another

    def __repr__(self) -> str:
        """As a terminal shows it."""
        return "a sound, to be played in the notebook"

    def _repr_html_(self) -> str:
        starts = f' autoplay title="{self.number}"' if self.autoplay else ""
        return f'<audio controls{starts} src="{self.src_attr()}"></audio>'


def player(
    samples: np.ndarray,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    autoplay: bool = False,
    number: int = 0,
) -> Player:
    """A player of int16 [n], at the level that the samples have; FLAC, half as long as WAV."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, sample_rate_hz, format="FLAC", subtype="PCM_16")
    made = Player(stream.getvalue(), rate=sample_rate_hz, autoplay=autoplay)
    made.mimetype, made.number = "audio/flac", number
    return made


def players(
    sounds: Sequence[np.ndarray],
    n: int,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    titles: Sequence[str] = (),
) -> str:
    """HTML of a row of players under the places of a picture of `n` columns; int16 [n] each."""
    width = int(WIDTH_IN * 80)
    cells = "".join(
        f'<audio controls title="{escape(title)}" style="width:{width // n - 8}px" '
        f'src="{player(samples, sample_rate_hz).src_attr()}"></audio>'
        for title, samples in zip_longest(titles, sounds, fillvalue="")
    )
    return f'<div style="display:flex;gap:8px;width:{width}px">{cells}</div>'


def embedded(image: Image, alt: str) -> str:
    """An element with a PNG inside it."""
    coded = base64.b64encode(image.data).decode()
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{coded}" width="{image.width}">'


def thumbnail(features: np.ndarray) -> Image:
    """A small spectrogram of int8 [frames, 40], for a table."""
    figure = Figure(figsize=(2.2, 0.5))
    spectrogram(figure.add_axes((0, 0, 1, 1)), features)
    figure.axes[0].set_axis_off()
    return png(figure, dots_per_inch=80)


def plain(axes: Axes) -> Axes:
    """Restyle axes: no top and right frame, small labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelsize=8)
    axes.xaxis.label.set_size(9)
    axes.yaxis.label.set_size(9)
    return axes


def waveform(
    axes: Axes,
    samples: np.ndarray,
    word_ends_s: list[float] = (),
    sample_rate_hz: int = SAMPLE_RATE_HZ,
) -> None:
    """int16 [n] over seconds, as the range of each pixel; a line where each wake word ends."""
    step = max(len(samples) // _COLUMNS, 1)
    blocks = samples[: len(samples) // step * step].reshape(-1, step) / INT16_SCALE
    at_s = np.arange(len(blocks)) * step / sample_rate_hz
    axes.fill_between(at_s, blocks.min(axis=1), blocks.max(axis=1), color=INK, linewidth=0.3)
    peak = max(float(np.abs(blocks).max(initial=0.0)), 1e-3)
    axes.set(xlim=(0, len(samples) / sample_rate_hz), ylim=(-1.1 * peak, 1.1 * peak))
    axes.set(ylabel="amplitude")
    for number, end_s in enumerate(word_ends_s):
        label = "word ends" if number == 0 else None
        axes.axvline(end_s, color=ACCENT, linewidth=1.2, label=label)
    plain(axes)


def spectrogram(axes: Axes, features: np.ndarray) -> None:
    """int8 [frames, 40], from the device's lowest value to its highest; pitch upwards."""
    first_s = (WINDOW_MS - HOP_MS) / 2000  # a frame is drawn about the middle of its window
    extent = (first_s, first_s + len(features) * HOP_MS / 1000, 0, N_BANDS)
    axes.imshow(
        features.T,
        origin="lower",
        aspect="auto",
        extent=extent,
        vmin=INT8_MIN,
        vmax=INT8_MAX,
        cmap="magma",
        interpolation="nearest",
    )
    axes.set(ylabel="band")
    plain(axes)


def sound(above: Axes, below: Axes, samples: np.ndarray, title: str, **how: Any) -> None:
    """int16 [n] as a waveform under its title, and what the device hears of it below."""
    waveform(above, samples)
    spectrogram(below, frontend.spectrogram(samples))
    above.set_title(title, **{"fontsize": 9, "loc": "left"} | how)
    below.set(xlabel="time (s)")


def scores(axes: Axes, track: np.ndarray, rule: Rule, start_s: float = 0.0) -> None:
    """A track of uint8 scores, its sliding mean and the cutoff, 0..1; seconds from `start_s`."""
    at_s, label = start_s + score_times(len(track)), f"cutoff {rule.cutoff:g}"
    axes.plot(at_s, shown(track), color=SOFT, linewidth=1.0, label="score")
    axes.plot(at_s, rule.means(track), color=INK, linewidth=1.5, label=f"mean of {rule.window}")
    axes.axhline(rule.cutoff, color=ACCENT, linewidth=1.0, linestyle="--", label=label)
    axes.set(ylim=(-0.03, 1.03), ylabel="score")
    plain(axes)


def legend(axes: Axes, **kwargs) -> None:
    """A small legend without a frame."""
    axes.legend(fontsize=8, frameon=False, **kwargs)


def decibels_full_scale(samples: np.ndarray) -> float:
    """The peak of int16 [n], in dB under full scale; -inf would read badly, so at least -99."""
    peak = float(np.abs(samples.astype(np.int32)).max(initial=0)) / INT16_SCALE
    return max(20 * float(np.log10(max(peak, 1e-9))), -99.0)
