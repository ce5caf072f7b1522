"""A training scene of 02: how it sounds, what the device hears, what is taught, what was done.

    scene_player.training(run)                      # in a notebook

The scene is made again from the record that is stored with its spectrogram.
"""

from collections import Counter
from pathlib import PurePath
from typing import Any

import numpy as np
from IPython.display import Audio, Image, Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.device.detector import STEP_S, score_times
from mwwkit.device.firmware import STRIDE
from mwwkit.previews import drawing
from mwwkit.previews.panel import counter, panel
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scenes import scene_from
from mwwkit.scenes.shards import FeatureSet
from mwwkit.training.labels import IGNORED, LabelSettings, label_steps


def training(
    run: Run, number: int | None = None, seed: int = 0, labels: LabelSettings | None = None
) -> None:
    """Show a training scene (a random one with the word, unless given) and a box to pick others.

    Raises CheckpointError where 02 has not finished.
    """
    features = FeatureSet.open(run, "train")
    if number is None:
        with_words = [i for i, ends_s in enumerate(features.ends_s) if ends_s]
        number = int(rng(seed, "preview").choice(with_words or range(len(features))))

    def show(number: int) -> tuple[Image, Audio, Markdown]:
        samples = render(scene_from(features.scenes[number]), run.find)
        figure = draw(samples, features, number, labels or LabelSettings())
        description = Markdown(f"Scene {number}\n\n" + done_to(features.scenes[number]))
        return drawing.png(figure), drawing.player(samples), description

    panel(show, number=counter(len(features), number, "scene"))


def draw(samples: np.ndarray, features: FeatureSet, number: int, settings: LabelSettings) -> Figure:
    """Waveform with the word ends, the stored spectrogram, and the label of every step."""
    frames, ends_s = features.store[number], features.ends_s[number]
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.8), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(4, 6, 1))
    drawing.waveform(above, samples, ends_s)
    drawing.spectrogram(middle, frames)
    _labels(below, label_steps(ends_s, len(frames) // STRIDE, settings))
    if ends_s:
        named = [axes.get_legend_handles_labels() for axes in (above, below)]
        handles, names = (sum(parts, []) for parts in zip(*named, strict=True))
        place = {"loc": "lower right", "bbox_to_anchor": (1.0, 0.98), "ncols": len(names)}
        drawing.legend(above, handles=handles, labels=names, **place)
    below.set(xlabel="time (s)", xlim=above.get_xlim())
    peak = f"peak {drawing.decibels_full_scale(samples):.0f} dBFS"
    count = f"{len(ends_s)} wake word{'s' * (len(ends_s) != 1)}"
    above.set_title(f"training scene {number}: {count}, {peak}", fontsize=9, loc="left")
    return figure


def _labels(axes: Axes, labels: np.ndarray) -> None:
    """A strip: what each step is taught."""
    at_s = score_times(len(labels)) - STEP_S
    for colour, of, name in (
        (drawing.GOOD, labels > 0, "taught: the word"),
        ("0.80", labels == IGNORED, "taught nothing"),
    ):
        axes.bar(at_s[of], 1, STEP_S, align="edge", color=colour, label=name)
    axes.axhline(0, color=drawing.INK, linewidth=1.0)
    axes.set(ylim=(0, 1), yticks=[], ylabel="label")
    drawing.plain(axes).spines["left"].set_visible(False)


def done_to(record: dict[str, Any]) -> str:
    """What a scene is made of and what was done to each sound, in Markdown."""
    lines = ["| at (s) | sound | played | level | effects |", "|---|---|---|---|---|"]
    for item in record["items"]:
        piece = item["piece"]
        name = f"{_name(piece['path'])}, {piece['from_s']:.2f} to {piece['to_s']:.2f} s"
        name = f"**{name}**" if item["end_s"] is not None else name
        level = "as recorded" if item["level_db"] is None else f"{item['level_db']:+.1f} dB"
        effects = "; ".join(f"{n}: {_settings(s)}" for n, s in item["effects"].items()) or "none"
        cells = (f"{item['at_s']:.2f}", name, f"× {item['speed']:.2f}", level, effects)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *_around(record)])


def _around(record: dict[str, Any]) -> list[str]:
    behind, room = record["background"], record["room"]
    lines = [f"* background: {behind['kind']}"]
    if behind["kind"] != "quiet":
        lines[0] += f", {behind['snr_db']:.1f} dB under the words"
    heard = Counter(_name(piece["path"]) for chain in behind["voices"] for piece in chain)
    if heard:
        count = len(behind["voices"])
        first = ", ".join(list(heard)[:3]) + (", …" if len(heard) > 3 else "")
        lines[0] += f"; {count} {'voice' if count == 1 else 'voices'}: {first}"
    if behind["kind"] == "noise":
        lines[0] = lines[0].replace("1 voice:", "from")
    if behind["kind"] == "coloured":
        lines[0] += f", {behind['slope_db_octave']:+.1f} dB an octave"
    if behind["gains_db"]:
        lines[0] += "; its level goes " + ", ".join(f"{g:+.0f}" for g in behind["gains_db"]) + " dB"
    lines.append(f"* room: {_name(room)}" if room else "* room: none")
    floor = ", ".join(f"{level_db:.0f}" for level_db in record["floor_db"])
    lines.append(f"* faint noise under everything: {floor} dBFS, one after the other")
    return lines


def _name(path: str) -> str:
    return PurePath(path).stem


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in settings.items())


def _number(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_number, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
