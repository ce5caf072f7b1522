"""The thresholds that 05 chose among, and how the shipped model hears a word.

    cutoffs.curve(run)                              # recall and false accepts, all cutoffs
    cutoffs.word(run)                               # a held-out word with its score track

Both run the exported file on held-out audio: the picture is the device's.
"""

from dataclasses import dataclass

import numpy as np
from IPython.display import Audio, Image
from ipywidgets import IntSlider, Layout
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mwwkit.device.detector import Rule, detections, manifest_cutoff
from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics.operating_points import CUTOFFS, SET_NAMES, Surface, operating_points
from mwwkit.metrics.whose_words import named
from mwwkit.previews import drawing
from mwwkit.previews.panel import counter, panel
from mwwkit.run.paths import Run
from mwwkit.scenes.provenance import records, whose_words
from mwwkit.scenes.rendering import render
from mwwkit.scenes.shards import FeatureSet

STYLES = {"validation": (drawing.INK, "-"), "test": (drawing.OTHER, "--")}


def curve(run: Run) -> None:
    """Show recall against false accepts over all cutoffs, and a slider to try a cutoff.

    Raises CheckpointError where 05 has not finished.
    """
    exported = Exported(run)
    device, threshold = Device(exported.model, reference=True), exported.threshold
    by_split = ((split, _heard(run, split, device, threshold.window)) for split in STYLES)
    surfaces = {split: heard for split, heard in by_split if heard is not None}
    slider = IntSlider(
        threshold.integer,
        int(CUTOFFS[0]),
        int(CUTOFFS[-1]),
        description="cutoff of 255",
        continuous_update=False,
        layout=Layout(width="30em"),
        style={"description_width": "initial"},
    )
    panel(lambda cutoff: [drawing.png(draw(surfaces, threshold, cutoff))], cutoff=slider)


@dataclass(frozen=True)
class Heard:
    """Every cutoff on one split, with one window, and whose words it counts."""

    surface: Surface
    whose: str


def _heard(run: Run, split: str, device: Device, window: int) -> Heard | None:
    """What 05 would count on a split; None where it lacks words or hours."""
    words, *others = (FeatureSet.open(run, f"{split}-{name}") for name in SET_NAMES)
    if not len(words) or not len(others[-1]):
        return None
    counted = whose_words(words, records(run))
    sets = words.at(counted.counted), *others
    tracks = [[device.scores(s.store[i]) for i in range(len(s))] for s in sets]
    return Heard(operating_points(*tracks, windows=(window,)), named(counted.whose))


def draw(surfaces: dict[str, Heard], threshold: Threshold, cutoff: int) -> Figure:
    """The operating curve, and its two axes by cutoff; `cutoff` (1..254) is marked in both."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    for split, heard in surfaces.items():
        surface, (colour, line) = heard.surface, STYLES[split]
        hourly = surface.ambient_events[0] / surface.ambient_hours
        recall = surface.hits[0] / surface.n_positives
        column = cutoff - int(CUTOFFS[0])
        left.plot(hourly, recall, line, color=colour, label=_label(split, heard, column))
        left.plot(hourly[column], recall[column], "o", color=colour, markersize=7)
        right.plot(CUTOFFS / 255, recall, line, color=colour)
    _other_clips(right, surfaces)
    target = threshold.target_false_accepts_per_hour
    left.axvline(target, color=drawing.ACCENT, linewidth=0.8, linestyle=":", label="target")
    left.set_xscale("symlog", linthresh=1.0)
    left.set(xlabel="false accepts (1/h)", ylabel="recall", ylim=(-0.03, 1.03))
    left.set_xlim(left=-0.05)
    left.xaxis.set_major_formatter("{x:g}")
    chosen = "chosen" if cutoff == threshold.integer else "tried"
    right.axvline(cutoff / 255, color=drawing.ACCENT, linewidth=1.0, label=f"{chosen} cutoff")
    right.set(xlabel="cutoff", ylabel="share of clips", ylim=(-0.03, 1.03), xlim=(0, 1))
    for axes in (left, right):
        drawing.plain(axes).grid(color="0.93", linewidth=0.6)
        drawing.legend(axes, loc="upper left", bbox_to_anchor=(0.0, -0.16))
    named = manifest_cutoff(cutoff)
    figure.suptitle(f"cutoff {named:g} on the mean of {threshold.window} scores", fontsize=10)
    return figure


def _other_clips(axes: Axes, surfaces: dict[str, Heard]) -> None:
    for split, heard in surfaces.items():
        surface, (colour, line) = heard.surface, STYLES[split]
        axes.plot([], [], line, color=colour, label=f"{heard.whose} accepted, {split}")
        if surface.n_negatives:
            wrong = surface.clip_false_accepts[0] / surface.n_negatives
            label = f"other words accepted, {split}"
            axes.plot(CUTOFFS / 255, wrong, line, color=colour, alpha=0.45, label=label)


def _label(split: str, heard: Heard, column: int) -> str:
    """What one split shows at a cutoff, with what its size leaves open."""
    at = heard.surface.row(heard.surface.windows[0])[column]
    recall, hourly = at.recall, at.hourly()
    return (
        f"{split}: {recall.percent} of {heard.whose} ({recall.counts})\n"
        f"{hourly.an_hour} /h (95 %: {hourly.interval}; {hourly.counts})"
    )


def held_out_words(run: Run) -> tuple[str, FeatureSet]:
    """Words that the model was not trained on, and their split: test, or validation without."""
    splits = ((split, FeatureSet.open(run, f"{split}-words")) for split in ("test", "validation"))
    return next((split, words) for split, words in splits if len(words))


def word(run: Run, number: int = 0) -> None:
    """Show a held-out word under its condition: waveform, spectrogram, score track; and play it.

    It is of the test split, or of validation where that has none. Raises CheckpointError where 05
    has not finished.
    """
    exported = Exported(run)
    device, rule = Device(exported.model, reference=True), exported.threshold
    split, words = held_out_words(run)

    def show(number: int) -> tuple[Image, Audio]:
        samples = render(words.scene(number), run.find)
        figure = draw_word(samples, words, number, device, rule)
        return drawing.png(figure), drawing.player(samples)

    panel(show, number=counter(len(words), number, f"{split} word"))


def draw_word(
    samples: np.ndarray, words: FeatureSet, number: int, device: Device, rule: Rule
) -> Figure:
    """What the model heard of a word, and what it made of it."""
    features, ends_s = words.store[number], words.ends_s[number]
    track = device.scores(features)
    figure = Figure(figsize=(drawing.WIDTH_IN, 4.2), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(3, 4, 4))
    drawing.waveform(above, samples, ends_s)
    drawing.legend(above, loc="upper left")
    drawing.spectrogram(middle, features)
    drawing.scores(below, track, rule)
    found_s = detections(track, rule)
    for at_s in found_s:
        below.axvline(at_s, color=drawing.GOOD, linewidth=1.5, label=f"wakes at {at_s:.2f} s")
    below.set(xlabel="time (s)")
    drawing.legend(below, loc="upper left")
    delay = f"wakes {found_s[0] - ends_s[0]:+.2f} s from its end" if len(found_s) else "missed"
    clip = words.clip(number).rpartition("/")[2]
    above.set_title(f"{clip}, {words.condition(number)}: {delay}", fontsize=9, loc="left")
    return figure
