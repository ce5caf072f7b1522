"""Clips, to be heard and seen.

clip_player.clips(run)         # some words of each label, as 01 keeps them
"""

from collections.abc import Sequence

import numpy as np
from IPython.display import HTML, display
from matplotlib.figure import Figure

from mwwkit.corpus.clips import Clips, Kind, Label, SampleRecord, load_clips
from mwwkit.previews import drawing
from mwwkit.run.paths import Run
from mwwkit.run.spacing import evenly


def clips(run: Run, n: int = 4) -> None:
    """Show `n` clips of each label, evenly spaced over the catalogue: seen, and to be played.

    Raises FileNotFoundError where 01 has not finished.
    """
    catalogue = load_clips(run)
    for label in Label:
        chosen = _some(catalogue.of(label=label, kind=Kind.CLIP), n)
        if chosen:
            sounds = [catalogue.audio(record)[:] for record in chosen]  # [n] int16 each
            figure = clips_figure(label.value.replace("_", " "), chosen, sounds, n)
            display(drawing.png(figure), HTML(drawing.players(sounds, n)))


def _some(catalogue: Clips, n: int) -> list[SampleRecord]:
    return [catalogue.records[i] for i in evenly(len(catalogue), n)]


def clips_figure(
    title: str, records: Sequence[SampleRecord], sounds: Sequence[np.ndarray], n: int
) -> Figure:
    """Waveform over spectrogram of each clip, side by side in a row of `n` places."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 2.9), layout="constrained")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left", fontweight="bold")
    rows = figure.subplots(2, n, squeeze=False, sharex="col", height_ratios=(2, 3))
    for column, (record, samples) in enumerate(zip(records, sounds, strict=True)):
        above, below = rows[:, column]
        peak = f"peak {drawing.decibels_full_scale(samples):.0f} dBFS"
        title = "\n".join([*map(_shortened, _named(record)), peak])
        drawing.sound(above, below, samples, title, fontsize=8, loc="center")
        if column:
            above.set(ylabel=""), below.set(ylabel="")
    for axes in rows[:, len(records) :].flat:
        axes.set_visible(False)
    return figure


def _named(record: SampleRecord) -> list[str]:
    """What is said and who says it, a line each; else the file's name."""
    return [*filter(None, (record.word, record.speaker))] or [record.path.rpartition("/")[2]]


def _shortened(text: str, most: int = 24) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
