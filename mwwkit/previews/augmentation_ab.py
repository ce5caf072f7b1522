"""A word before and after what 02 does to it: a slider for each effect, and its values kept.

    augmentation_ab.compare(run, config, config.max_rooms, config.seed)  # in 02, before its plan

What is heard is what 02 would make of the word, drawn by the very settings, in the very rooms: each
slider is how often an effect happens, so that at 1 it is always there; another draw has other
strengths.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from IPython.display import HTML, Image, Markdown
from ipywidgets import FloatRangeSlider, FloatSlider, Layout, ToggleButton, ValueWidget
from matplotlib.figure import Figure

from mwwkit.corpus.clips import Clips, Label, Split, refuse_without_clips
from mwwkit.corpus.decided import decided_clips
from mwwkit.corpus.endpoint_table import word_spans
from mwwkit.previews import drawing
from mwwkit.previews.panel import Words, counter, is_live, panel, sentence
from mwwkit.previews.scene_player import done_to
from mwwkit.run.decisions import decide_parameters
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.scenes.augmentation import OF_SCENES, OF_SOUNDS, Recipe
from mwwkit.scenes.materials import material_of, with_ringing
from mwwkit.scenes.rendering import render
from mwwkit.scenes.sets import probe, word_in_a_scene

SECTION = "featurize"
RANGES = {
    "gain_db": (0.0, 20.0),
    "speed_log": (0.0, 0.5),
    "stretch": (0.5, 2.0),
    "shift_s": (0.0, 1.0),
    "snr_db": (-10.0, 30.0),
}
N_DRAWS = 1000


def compare(run: Run, recipe: Recipe, max_rooms: int, seed: int) -> None:
    """Show a word of the training split as it is and as 02 would use it, with sliders.

    `max_rooms` and `seed` choose the rooms, as in 02.

    Raises CheckpointError where 01 has not finished, WrongInput where training has no words.
    """
    refuse_without_clips(run, "02")
    Comparison(run, recipe, max_rooms, seed).show()


class Comparison:
    """The words, the settings to begin with, and the sliders."""

    def __init__(self, run: Run, recipe: Recipe, max_rooms: int, seed: int):
        """Begin with the settings as they are."""
        self.run, self.recipe = run, recipe
        clips: Clips = decided_clips(run)
        self.material = material_of(clips, word_spans(run), Split.TRAIN, max_rooms, seed)
        if recipe.dry == "adaptive":
            self.material = with_ringing(self.material, run.find)
        if not self.material.positives:
            raise WrongInput(f"training has no clip that is {Label.POSITIVE.value}; add some in 01")
        self.sliders = {name: _slider(name, getattr(recipe, name)) for name in _names()}
        self.word = counter(len(self.material.positives), 0, "word")
        self.draws = counter(N_DRAWS, 0, "draw")
        self.use = ToggleButton(False, description="Use these")
        self._used, self._live = False, is_live()  # which only a cell can say, no control

    def show(self) -> None:
        """Display the sliders, before and after, and what was done to the word."""
        panel(self.draw, word=self.word, draws=self.draws, **self.sliders, use=self.use)

    def draw(
        self, word: int, draws: int, use: bool, **values: Any
    ) -> tuple[Words, Image, HTML, Markdown]:
        """A line, both pictures, both players, and what was drawn; "use these" writes first."""
        told = ""
        if use != self._used:
            self._used = use
            told = self._write(values)
        try:
            before, after, record = self.pair(word, draws, values)
        except WrongInput as error:  # more backgrounds than a scene can have
            before, after, record = self.pair(word, draws, {})
            told = f"{error}: heard as it was"
        picture, sounds = drawing.png(_figure(before, after)), drawing.players([before, after], 2)
        idle = "" if self._live else "a word before, and as 02 may use it in training"
        what = sentence(told or idle)
        return what, picture, HTML(sounds), Markdown(done_to(record))

    def pair(
        self, word: int, draws: int, values: Mapping[str, Any]
    ) -> tuple[np.ndarray, np.ndarray, dict]:
        """int16 [n] of a word by itself, and in a scene of these settings; the scene's record."""
        said, seed = self.material.positives[word], rng(0, "augmentation_ab", word, draws)
        settings = self._recipe(values).scene_settings(60.0)
        alone = probe(said, "clean", self.material, rng(0, "augmentation_ab", "before"))
        scene = word_in_a_scene(said, self.material, settings, seed)
        record = scene.as_dict()
        return render(alone, self.run.find), render(scene, self.run.find), record

    def _recipe(self, values: Mapping[str, Any]) -> Recipe:
        now = {field.name: getattr(self.recipe, field.name) for field in fields(Recipe)}
        return Recipe(**now | dict(values))

    def _write(self, values: Mapping[str, Any]) -> str:
        """Keep what differs from the settings to begin with; what was done, in words."""
        try:
            self._recipe(values)
        except WrongInput as error:
            return f"not kept: {error}"
        changed = {n: v for n, v in values.items() if _plain(v) != _plain(getattr(self.recipe, n))}
        if not changed:
            return "nothing is changed: move a slider first"
        decided = {name.upper(): _plain(value) for name, value in changed.items()}
        decide_parameters(self.run, SECTION, decided)
        shown = ", ".join(f"{name} {value}" for name, value in decided.items())
        return f"kept: {shown}. Run this notebook again from Setup: training scenes are made by it"


def _names() -> tuple[str, ...]:
    return (*OF_SCENES, *OF_SOUNDS, *RANGES)


def _plain(value: Any) -> Any:
    """A slider's value as a file keeps it."""
    if isinstance(value, list | tuple):
        return [round(float(each), 4) for each in value]
    return round(float(value), 4)


def _slider(name: str, value: Any) -> ValueWidget:
    low, high = RANGES.get(name, (0.0, 1.0))
    looks = {"description": name, "layout": Layout(width="22em"), "continuous_update": False}
    looks["style"] = {"description_width": "9em"}
    step = 0.5 if high > 2 else 0.01
    if isinstance(value, tuple):
        bounds = min(low, value[0]), max(high, value[1])
        return FloatRangeSlider(value=value, min=bounds[0], max=bounds[1], step=step, **looks)
    return FloatSlider(value=value, min=min(low, value), max=max(high, value), step=step, **looks)


def _figure(before: np.ndarray, after: np.ndarray) -> Figure:
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.2), layout="constrained")
    rows = figure.subplots(2, 2, height_ratios=(2, 3))
    for column, (title, samples) in enumerate((("before", before), ("after", after))):
        peak = f"peak {drawing.decibels_full_scale(samples):.0f} dBFS"
        drawing.sound(*rows[:, column], samples, f"{title}, {peak}")
    return figure
