"""The thresholds that 05 chose among, and how the shipped model hears a word.

    operating.curve(here)                            # recall and false accepts, all cutoffs
    operating.word(here)                             # a held-out word with its score track

Both run the exported file on held-out audio: the picture is the device's.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from IPython.display import Audio, Image
from ipywidgets import IntSlider, Layout
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.device.detector import detections, integer_cutoff, manifest_cutoff
from mwwkit.device.simulator import Device
from mwwkit.metrics.curves import false_accepts_per_hour, proportion
from mwwkit.metrics.operating import CUTOFFS, JUDGED_BY, Surface, operating_points
from mwwkit.previews import drawing
from mwwkit.previews.panel import counter, panel
from mwwkit.run.checkpoint import completed
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.scenes.scenes import render, scene_from
from mwwkit.scenes.shards import FeatureSet

STYLES = {"validation": (drawing.INK, "-"), "test": (drawing.OTHER, "--")}


@dataclass(frozen=True)
class Exported:
    """What 05 left in a run."""

    here: Run

    @cached_property
    def names(self) -> dict[str, str]:
        """Its files. Raises CheckpointError where 05 has not finished."""
        return completed(self.here, "export")

    @cached_property
    def threshold(self) -> dict[str, Any]:
        """The chosen cutoff and window, and the target."""
        return read_json(self.here.find(f"export/{self.names['metrics']}"))["threshold"]

    @cached_property
    def device(self) -> Device:
        """The model, ready to score."""
        return Device(self.here.find(f"export/{self.names['model']}"), reference=True)

    def surface(self, split: str) -> Surface | None:
        """Every cutoff on one split, with the chosen window; None where it lacks words or hours."""
        sets = [FeatureSet.open(self.here, f"{split}-{name}") for name in JUDGED_BY]
        if not len(sets[0]) or not len(sets[2]):
            return None
        tracks = [[self.device.scores(s.store[i]) for i in range(len(s))] for s in sets]
        return operating_points(*tracks, windows=(self.threshold["window"],))


def curve(here: Run) -> None:
    """Show recall against false accepts over all cutoffs, and a slider to try a cutoff.

    Raises CheckpointError where 05 has not finished.
    """
    exported = Exported(here)
    surfaces = {split: exported.surface(split) for split in STYLES}
    surfaces = {split: surface for split, surface in surfaces.items() if surface is not None}
    slider = IntSlider(
        integer_cutoff(exported.threshold["cutoff"]),
        int(CUTOFFS[0]),
        int(CUTOFFS[-1]),
        description="cutoff of 255",
        continuous_update=False,
        layout=Layout(width="30em"),
        style={"description_width": "initial"},
    )
    panel(lambda cutoff: [drawing.png(draw(surfaces, exported.threshold, cutoff))], cutoff=slider)


def draw(surfaces: dict[str, Surface], threshold: dict[str, Any], cutoff: int) -> Figure:
    """The operating curve, and its two axes by cutoff; `cutoff` (1..254) is marked in both."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    for split, surface in surfaces.items():
        colour, line = STYLES[split]
        hourly = surface.ambient_events[0] / surface.ambient_hours
        recall = surface.hits[0] / surface.n_positives
        column = cutoff - int(CUTOFFS[0])
        left.plot(hourly, recall, line, color=colour, label=_told(split, surface, column))
        left.plot(hourly[column], recall[column], "o", color=colour, markersize=7)
        right.plot(CUTOFFS / 255, recall, line, color=colour)
    _other_clips(right, surfaces)
    target = threshold["target_false_accepts_per_hour"]
    left.axvline(target, color=drawing.ACCENT, linewidth=0.8, linestyle=":", label="target")
    left.set_xscale("symlog", linthresh=1.0)
    left.set(xlabel="false accepts (1/h)", ylabel="recall", ylim=(-0.03, 1.03))
    left.set_xlim(left=-0.05)
    left.xaxis.set_major_formatter("{x:g}")
    chosen = "chosen" if cutoff == integer_cutoff(threshold["cutoff"]) else "tried"
    right.axvline(cutoff / 255, color=drawing.ACCENT, linewidth=1.0, label=f"{chosen} cutoff")
    right.set(xlabel="cutoff", ylabel="share of clips", ylim=(-0.03, 1.03), xlim=(0, 1))
    for axes in (left, right):
        drawing.plain(axes).grid(color="0.93", linewidth=0.6)
        drawing.legend(axes, loc="upper left", bbox_to_anchor=(0.0, -0.16))
    named = manifest_cutoff(cutoff)
    figure.suptitle(f"cutoff {named:g} on the mean of {threshold['window']} scores", fontsize=10)
    return figure


def _other_clips(axes: Axes, surfaces: dict[str, Surface]) -> None:
    for split, surface in surfaces.items():
        colour, line = STYLES[split]
        axes.plot([], [], line, color=colour, label=f"words accepted, {split}")
        if surface.n_negatives:
            wrong = surface.clip_false_accepts[0] / surface.n_negatives
            label = f"other words accepted, {split}"
            axes.plot(CUTOFFS / 255, wrong, line, color=colour, alpha=0.45, label=label)


def _told(split: str, surface: Surface, column: int) -> str:
    """What one split shows at a cutoff, with what its size leaves open."""
    recall = proportion(int(surface.hits[0, column]), surface.n_positives)
    hours = surface.ambient_hours
    hourly = false_accepts_per_hour(int(surface.ambient_events[0, column]), hours)
    return (
        f"{split}: {recall.value:.1%} of {surface.n_positives} words\n"
        f"{hourly.value:.2g} /h (95 %: {hourly.low:.2g} to {hourly.high:.2g}; {hours:.2g} h)"
    )


def held_out_words(here: Run) -> tuple[str, FeatureSet]:
    """Words that the model was not trained on, and their split: test, or validation without."""
    found = ((split, FeatureSet.open(here, f"{split}-words")) for split in ("test", "validation"))
    return next((split, words) for split, words in found if len(words))


def word(here: Run, number: int = 0) -> None:
    """Show a held-out word under its condition: waveform, spectrogram, score track; and play it.

    It is of the test split, or of validation where that has none. Raises CheckpointError where 05
    has not finished.
    """
    exported = Exported(here)
    split, words = held_out_words(here)

    def show(number: int) -> tuple[Image, Audio]:
        samples = render(scene_from(words.scenes[number]), here.find)
        figure = draw_word(samples, words, number, exported)
        return drawing.png(figure), drawing.player(samples)

    panel(show, number=counter(len(words), number, f"{split} word"))


def draw_word(samples: np.ndarray, words: FeatureSet, number: int, exported: Exported) -> Figure:
    """What the model heard of a word, and what it made of it."""
    window, cutoff = exported.threshold["window"], exported.threshold["cutoff"]
    features, ends_s = words.store[number], words.ends_s[number]
    track = exported.device.scores(features)
    figure = Figure(figsize=(drawing.WIDTH_IN, 4.2), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(3, 4, 4))
    drawing.waveform(above, samples, ends_s)
    drawing.legend(above, loc="upper left")
    drawing.spectrogram(middle, features)
    drawing.scores(below, track, window, cutoff)
    found_s = detections(track, cutoff, window)
    for at_s in found_s:
        below.axvline(at_s, color=drawing.GOOD, linewidth=1.5, label=f"wakes at {at_s:.2f} s")
    below.set(xlabel="time (s)")
    drawing.legend(below, loc="upper left")
    facts = words.facts[number]
    late = f"wakes {found_s[0] - ends_s[0]:+.2f} s from its end" if len(found_s) else "missed"
    clip = facts["clip"].rpartition("/")[2]
    above.set_title(f"{clip}, {facts['condition']}: {late}", fontsize=9, loc="left")
    return figure
