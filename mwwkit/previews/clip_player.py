"""Clips and mined events, to be heard and seen.

clip_player.clips(run)         # some words of each label, as 01 keeps them
clip_player.mined(run)         # what fooled the model; what is no mistake goes into DROP
"""

import base64
import csv
from collections.abc import Sequence
from html import escape

import numpy as np
from IPython.display import HTML, display
from ipywidgets import Layout, SelectMultiple
from matplotlib.figure import Figure

from mwwkit.audio import frontend
from mwwkit.corpus.clips import Clips, Kind, Label, SampleRecord, load_clips
from mwwkit.device.firmware import HOP_MS, SAMPLE_RATE_HZ
from mwwkit.previews import drawing
from mwwkit.previews.panel import panel
from mwwkit.run.paths import Run
from mwwkit.run.spacing import evenly
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scenes import scene_from
from mwwkit.scenes.shards import FeatureSet

BEFORE_S, AFTER_S = 2.0, 0.5  # heard around an event
COLUMNS = {"id": "id", "score": "score", "clip": "clip", "at": "second in it"}


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
        drawing.waveform(above, samples)
        drawing.spectrogram(below, frontend.spectrogram(samples))
        peak = f"peak {drawing.decibels_full_scale(samples):.0f} dBFS"
        above.set_title("\n".join([_shortened(_named(record)), peak]), fontsize=8)
        below.set(xlabel="time (s)")
        if column:
            above.set(ylabel=""), below.set(ylabel="")
    for axes in rows[:, len(records) :].flat:
        axes.set_visible(False)
    return figure


def _named(record: SampleRecord) -> str:
    return ", ".join(filter(None, (record.word, record.speaker))) or record.path.rpartition("/")[2]


def _shortened(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 9] + "…" + text[-8:]


def mined(run: Run, n: int = 20) -> None:
    """Show the `n` worst mined events in a table: id, score, where it was, and how it sounded.

    The sound is what the model heard, noise and room and all, up to half a second after it fired.
    """
    tables = run.all("mined/mined.csv")
    if not tables:
        print("nothing is mined yet: run on, then come back to listen")
        return
    with open(tables[0], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        print("nothing in the training audio fooled the model")
        return
    display(HTML(mined_table(run, rows[:n])))
    print(f"{len(rows)} mined, the worst {min(n, len(rows))} shown; no mistakes go into DROP")
    choice = SelectMultiple(
        options=[row["id"] for row in rows], description="no mistakes", layout=Layout(height="9em")
    )
    panel(
        lambda dropped: [HTML(f"<code>DROP = {escape(repr(list(dropped)))}</code>")], dropped=choice
    )


def mined_table(run: Run, rows: Sequence[dict[str, str]]) -> str:
    """Rows of mined.csv as HTML with a picture and a player each."""
    head = "".join(f"<th>{name}</th>" for name in (*COLUMNS.values(), "last 2.5 s heard", ""))
    return f"<table><tr>{head}</tr>{''.join(_mined_row(run, row) for row in rows)}</table>"


def _mined_row(run: Run, row: dict[str, str]) -> str:
    features, samples = _heard(run, row)
    where = f"{float(row['clip_s']):.2f}" if row["clip"] else ""
    clip = row["clip"].rpartition("/")[2] or "between clips"
    texts = (row["id"], f"{float(row['score']):.2f}", _shortened(clip), where)
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    picture = base64.b64encode(_thumbnail(features)).decode()
    picture = f'<img alt="" src="data:image/png;base64,{picture}" width="200">'
    sound = (
        f'<audio controls style="width:220px" src="{drawing.player(samples).src_attr()}"></audio>'
    )
    return f"<tr>{cells}<td>{picture}</td><td>{sound}</td></tr>"


def _heard(run: Run, row: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """int8 [frames, 40] and int16 [samples] around an event, made again from its scene."""
    stream, index = FeatureSet.of_unit(run, row["unit"]), int(row["index"])
    at_s = float(row["at_s"])
    from_s, to_s = max(at_s - BEFORE_S, 0.0), at_s + AFTER_S
    samples = render(scene_from(stream.scenes[index]), run.find)
    frames = slice(*(int(s * 1000 / HOP_MS) for s in (from_s, to_s)))
    return stream.store[index][frames], samples[_span(from_s, to_s)]


def _span(from_s: float, to_s: float) -> slice:
    return slice(int(from_s * SAMPLE_RATE_HZ), int(to_s * SAMPLE_RATE_HZ))


def _thumbnail(features: np.ndarray) -> bytes:
    figure = Figure(figsize=(2.5, 0.5))
    drawing.spectrogram(figure.add_axes((0, 0, 1, 1)), features)
    figure.axes[0].set_axis_off()
    return drawing.png(figure).data
