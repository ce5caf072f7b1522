"""How the shipped model hears a word that it was not trained on.

    held_out_word.show(run)                         # a held-out word with its score track

The exported file runs on it: the picture is the device's.
"""

import numpy as np
from IPython.display import Audio, Image
from matplotlib.figure import Figure

from mwwkit.device.detector import Rule, detections
from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import Exported
from mwwkit.previews import drawing
from mwwkit.previews.panel import counter, panel
from mwwkit.run.paths import Run
from mwwkit.scenes.rendering import render
from mwwkit.scenes.shards import FeatureSet


def held_out_words(run: Run) -> tuple[str, FeatureSet]:
    """Words that the model was not trained on, and their split: test, or validation without."""
    splits = ((split, FeatureSet.open(run, f"{split}-words")) for split in ("test", "validation"))
    return next((split, words) for split, words in splits if len(words))


def show(run: Run, number: int = 0) -> None:
    """Show a held-out word under its condition: waveform, spectrogram, score track; and play it.

    It is of the test split, or of validation where that has none. Raises CheckpointError where 05
    has not finished.
    """
    exported = Exported(run)
    device, rule = Device(exported.model, reference=True), exported.threshold
    split, words = held_out_words(run)

    def drawn(number: int) -> tuple[Image, Audio]:
        samples = render(words.scene(number), run.find)
        figure = draw_word(samples, words, number, device, rule)
        return drawing.png(figure), drawing.player(samples)

    panel(drawn, number=counter(len(words), number, f"{split} word"))


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
