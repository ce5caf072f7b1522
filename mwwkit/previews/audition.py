"""The shipped model listens to you: record or upload, and see when it would wake.

    audition.audition(run)                          # in a notebook

Scores are the device's, by the reference engine, after a second of faint noise; moving the cutoff
or the window decides again on the same scores. Before anything is given, it hears a held-out word.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from IPython.display import Audio, Image, display
from ipywidgets import FileUpload, IntSlider, Layout
from matplotlib.figure import Figure

from mwwkit.audio.reading import read
from mwwkit.audio.wav16 import to_int16
from mwwkit.device.detector import Detection, Rule, StreamingDetector, manifest_cutoff
from mwwkit.device.firmware import CUTOFF_LEVELS
from mwwkit.esphome.component import Component
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.scoring import Track, listen_to
from mwwkit.previews import drawing, recorder
from mwwkit.previews.held_out_word import held_out_words
from mwwkit.previews.panel import Words, hidden_field, is_live, panel, sentence
from mwwkit.run.paths import Run
from mwwkit.scenes.rendering import render

MOST_S = 60.0  # heard of a file that is given
WIDEST = 20  # scores of a window


def audition(run: Run) -> None:
    """Show a recorder, an upload, sliders for cutoff and window, and what the model makes of it.

    Raises CheckpointError where 05 has not finished.
    """
    exported = Exported(run)
    component = Component.load(exported.path(exported.record.manifest))
    Audition(component, *_held_out(run)).show()


def _held_out(run: Run) -> tuple[np.ndarray, str]:
    """int16 [n] of a word that the model was not trained on, and what to call it.

    Not the first: that one is shown by `held_out_word`, whose scene has no lead-in, so that the
    same sound would wake it a step sooner or later here.
    """
    split, words = held_out_words(run)
    at = len(words) // 2
    clip = words.clip(at).rpartition("/")[2]
    return render(words.scene(at), run.find), f"{clip}, a {split} word"


class Audition:
    """What is heard now, and the controls that change it."""

    def __init__(self, component: Component, samples: np.ndarray, name: str):
        """Begin with int16 [n] at 16 kHz."""
        word = component.word
        self.component, self._given = component, ((), "")
        style = {"description_width": "initial"}
        self.upload = FileUpload(accept="audio/*,video/webm,.flac,.m4a", description="Upload")
        self.recording = hidden_field()
        self.cutoff = IntSlider(
            word.integer,
            1,
            CUTOFF_LEVELS - 1,
            description=f"cutoff of {CUTOFF_LEVELS}",
            layout=Layout(width="24em"),
            style=style,
        )
        self.window = IntSlider(
            word.window,
            1,
            max(WIDEST, word.window),
            description="window",
            layout=Layout(width="18em"),
            style=style,
        )
        self._hear(samples, name)

    def show(self) -> None:
        """Display the recorder's button, the controls and the pictures."""
        if is_live():
            display(recorder.button(self.recording))
        controls = ("recording", "upload", "cutoff", "window")
        panel(self.draw, **{name: getattr(self, name) for name in controls})

    def draw(
        self, recording: str, upload: Sequence[dict], cutoff: int, window: int
    ) -> tuple[Image, Audio, Words]:
        """Picture, player and a line, for the controls' values; a new sound is heard first."""
        problem = ""
        if self._given != (upload, recording):
            before, self._given = self._given, (upload, recording)
            try:
                if upload and upload != before[0]:
                    self._hear_file(bytes(upload[-1]["content"]), upload[-1]["name"])
                elif recording and recording != before[1]:
                    self._hear_file(recorder.sound(recording), "your recording")
            except ValueError as error:  # AudioValidationError is one
                problem = f"not heard: {error}"
        detections = self.detections(cutoff, window)
        figure = draw(self.samples, self.track, detections, Rule(manifest_cutoff(cutoff), window))
        figure.suptitle(f"{self.name}: {_sentence(detections)}", fontsize=9, x=0.01, ha="left")
        return drawing.png(figure), drawing.player(self.samples), sentence(problem)

    def detections(self, cutoff: int, window: int) -> list[Detection]:
        """When the device would wake with another cutoff (1..254) and window, on these scores."""
        stride = self.component.word.device.stride
        detector = StreamingDetector(manifest_cutoff(cutoff), window, stride=stride)
        return [
            Detection(round(d.time_s - self.track.lead_in_s, 3), d.mean, d.peak)
            for d in detector.run(self.track.scores, self.track.voice)
        ]

    def _hear_file(self, content: bytes, name: str) -> None:
        """Raises AudioValidationError for what is no usable audio."""
        with TemporaryDirectory() as folder:  # decoders want a file, and judge it by its content
            path = Path(folder) / Path(name).name
            path.write_bytes(content)
            self._hear(to_int16(read(path, seconds=MOST_S)), name)

    def _hear(self, samples: np.ndarray, name: str) -> None:
        self.track = listen_to(self.component, [samples])
        self.samples, self.name = samples, name


def draw(samples: np.ndarray, track: Track, detections: Sequence[Detection], rule: Rule) -> Figure:
    """The score track under the waveform, with a line where the device would wake."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 4))
    drawing.waveform(above, samples)
    drawing.scores(below, track.scores, rule, start_s=-track.lead_in_s)
    for detection in detections:
        label = f"wakes at {detection.time_s:.2f} s"
        below.axvline(detection.time_s, color=drawing.GOOD, linewidth=1.5, label=label)
    below.set(xlabel="time (s)")
    drawing.legend(below, loc="upper left")
    return figure


def _sentence(detections: Sequence[Detection]) -> str:
    if not detections:
        return "the device would not wake"
    return "the device would wake at " + ", ".join(f"{d.time_s:.2f} s" for d in detections)
