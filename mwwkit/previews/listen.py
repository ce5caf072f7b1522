"""Players and pictures of what a run holds, under papermill as well as by hand.

    clips(here, n=4)            # words of each label, to be heard and seen
    mined(here)                 # what fooled the model; what is no mistake goes into DROP

Nothing here is needed by a stage: a notebook without these cells makes the same.
"""

import csv
from itertools import islice

import numpy as np
from IPython.display import Audio, display
from matplotlib.figure import Figure

from mwwkit.audio.clips import Kind, Label, load_clips
from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.reading import Wav16
from mwwkit.firmware import HOP_MS, N_BANDS, SAMPLE_RATE_HZ
from mwwkit.paths import Run

MINED = "mined/mined.csv"
BEFORE_S, AFTER_S = 2.0, 0.5  # heard around an event


def clips(here: Run, n: int = 3) -> None:
    """Show the first `n` words of each label: a line, a player, and what the device hears."""
    catalogue = load_clips(here)
    for label in Label:
        for record in islice(catalogue.of(label=label, kind=Kind.CLIP), n):
            samples = catalogue.audio(record)[:]  # [n] int16
            speaker = record.speaker or "unknown speaker"
            _show(f"{label.value}: {record.word!r}, {speaker}, {record.path}", samples)


def mined(here: Run, n: int = 10) -> None:
    """Show the `n` worst mined events: id, score, and the sound around each."""
    tables = here.all(MINED)
    if not tables:
        print("nothing is mined yet: run on, then come back to listen")
        return
    with open(tables[0], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    print(f"{len(rows)} mined; ids that are no mistakes go into DROP")
    for row in rows[:n]:
        if not row["clip"]:
            print(f"{row['id']}: score {row['score']}, in the noise between clips")
            continue
        at_s = float(row["clip_s"])
        span = slice(
            *(int(max(0.0, s) * SAMPLE_RATE_HZ) for s in (at_s - BEFORE_S, at_s + AFTER_S))
        )
        samples = Wav16(here.find(row["clip"]))[span]
        _show(f"{row['id']}: score {row['score']}, {row['clip']} at {at_s:.2f} s", samples)


def _show(line: str, samples: np.ndarray) -> None:
    print(line)
    display(Audio(samples, rate=SAMPLE_RATE_HZ), picture(spectrogram(samples)))


def picture(features: np.ndarray) -> Figure:
    """A spectrogram, int8 [frames, 40], on the device's grid; time to the right, pitch upwards."""
    figure = Figure(figsize=(6, 1.6), layout="constrained")
    axes = figure.subplots()
    extent = (0, len(features) * HOP_MS / 1000, 0, N_BANDS)
    axes.imshow(features.T, origin="lower", aspect="auto", extent=extent, vmin=-128, vmax=127)
    axes.set(xlabel="s", ylabel="band")
    return figure
