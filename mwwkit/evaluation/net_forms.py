"""The forms that a net takes on its way to the device, compared on the same audio, step by step.

    heard = PerSet(positives, negatives, ambient)                         # int8 [frames, 40] each
    forms = scores(Made(net, temperature, float_model, model), heard)
    print(compare(forms.of("int8"), forms.of("float"), Rule(0.9, window=5)))

`float` is the net over whole spectrograms, `float_streaming` the same a step at a time, `int8` what
the device computes, `int8_fast` the kernels that selection uses, `tflm` TensorFlow Lite Micro,
where it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from mwwkit.device.detector import (
    REFRACTORY_STEPS,
    STEP_S,
    Rule,
    detections,
    events,
    score_times,
)
from mwwkit.device.simulator import Device, DeviceError, tflm
from mwwkit.evaluation.metrics_file import Difference, FormRates, Place
from mwwkit.metrics.operating_points import SET_NAMES, PerSet
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.metrics.temperature import Temperature
from mwwkit.model.float_stream import float_tracks
from mwwkit.training.whole_net import logit_tracks

if TYPE_CHECKING:
    from mwwkit.model.mixednet import MixedNet

AGAINST = {"float_streaming": "float", "int8": "float", "int8_fast": "int8", "tflm": "int8"}
STREAMS = "ambient"  # the set of which events are counted; of the others clips are
FLIPPED = 20  # places that are listed, the longest

Heard = PerSet[Sequence[np.ndarray]]
Scores = PerSet[Sequence[np.ndarray]]  # 0..1 [steps] of each spectrogram


@dataclass(frozen=True)
class Form:
    """What one form of the model gives for everything."""

    name: str
    scores: Scores


@dataclass(frozen=True)
class Forms:
    """Several forms, each with a name of its own."""

    all: tuple[Form, ...]

    def of(self, name: str) -> Scores:
        """What the form of a name gives."""
        return next(form.scores for form in self.all if form.name == name)


@dataclass(frozen=True)
class Made:
    """A net and the files converted from it, and how its logit was calibrated in them."""

    net: MixedNet
    temperature: Temperature
    float_model: bytes
    model: bytes

    def whole_tracks(self, spectrograms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Scores of the float net over whole spectrograms, calibrated as in the files."""
        return whole_tracks(self.net, spectrograms, self.temperature.scale, self.temperature.shift)


def float_scores(
    net: MixedNet, features: np.ndarray, scale: float = 1.0, shift: float = 0.0
) -> np.ndarray:
    """Scores 0..1 [frames // 3] of the float net over a whole spectrogram, int8 [frames, 40].

    `scale` and `shift` are what the int8 model's logit was calibrated with.
    """
    return whole_tracks(net, [features], scale, shift)[0]


def whole_tracks(
    net: MixedNet, spectrograms: Sequence[np.ndarray], scale: float = 1.0, shift: float = 0.0
) -> list[np.ndarray]:
    """`float_scores` of each, float32."""
    logits = logit_tracks(net, spectrograms)
    return [scipy.special.expit(np.float32(scale) * track + np.float32(shift)) for track in logits]


def int8_tracks(device: Device, spectrograms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scores 0..1 of an int8 model, each from reset."""
    return [device.scores(features) / np.float32(256) for features in spectrograms]


def scores(made: Made, heard: Heard) -> Forms:
    """Scores of every form of the net (float, streaming, int8 ...) over all audio."""
    engines = [("int8", Device(made.model, reference=True)), ("int8_fast", Device(made.model))]
    try:
        tflm()
    except DeviceError:
        pass  # an extra; the report says which forms there are
    else:
        engines.append(("tflm", Device(made.model, engine="tflm")))
    whole = heard.map(made.whole_tracks)
    streamed = heard.map(lambda spectrograms: float_tracks(made.float_model, spectrograms))
    stepped = (Form(name, int8_scores(device, heard)) for name, device in engines)
    return Forms((Form("float", whole), Form("float_streaming", streamed), *stepped))


def int8_scores(device: Device, heard: Heard) -> Scores:
    """What an int8 model gives for everything."""
    return heard.map(lambda spectrograms: int8_tracks(device, spectrograms))


def on_grid(tracks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scores 0..1 as the device has them, uint8; those of an int8 model come back as they were."""
    return [np.clip(np.rint(track * 256), 0, 255).astype(np.uint8) for track in tracks]


def highest(tracks: Sequence[np.ndarray], rule: Rule) -> list[float]:
    """The highest mean of the rule's window in each track, 1 being the manifest's 1."""
    return [round(float(mean), 4) for mean in rule.highest(on_grid(tracks))]


def rates(form: Form, rule: Rule) -> FormRates:
    """Recall, other clips accepted, and false accepts an hour."""
    positives, negatives = (
        rule.wakes(on_grid(form.scores.of(name))) for name in ("words", "others")
    )
    streams = on_grid(form.scores.of(STREAMS))
    n_events = sum(len(detections(track, rule)) for track in streams)
    return FormRates(
        form.name,
        Rate.counted(int(positives.sum()), len(positives)),
        Rate.counted(int(negatives.sum()), len(negatives)),
        Hourly.counted(n_events, sum(map(len, streams)) * STEP_S / 3600, digits=4),
    )


def compare(one: Scores, other: Scores, rule: Rule) -> Difference:
    """How far one form is from another, step by step; without the clips' names.

    Clips differ where only one is accepted, streams by an event that the other has not within
    `REFRACTORY_S`.
    """
    largest, at, total, steps, runs, differ = 0.0, None, 0.0, 0, [], []
    for name, index, mine, its in _pairs(one, other):
        difference, seconds = np.abs(mine - its), score_times(len(mine))
        total, steps = total + float(difference.sum(dtype=np.float64)), steps + len(difference)
        if at is None or difference.max() > largest:
            largest, at_largest = float(difference.max()), int(difference.argmax())
            at = _place(name, index, seconds[at_largest])
        both = on_grid([mine, its])
        flipped = rule.over(both[0]) != rule.over(both[1])
        for first, length in _runs(flipped):
            runs.append(_place(name, index, seconds[first], steps=length))
        find = _events_apart if name == STREAMS else _decided_apart
        for step, means in find(both, rule):
            means = tuple(round(float(mean), 4) for mean in means)
            differ.append(_place(name, index, seconds[step], means=means))
    return Difference(
        steps=steps,
        # rounded: the last bits of a float net hang on the number of threads
        largest_difference=round(largest, 6),
        largest_at=at,
        mean_difference=round(total / max(steps, 1), 6),
        flips=sum(run.steps for run in runs),
        flipped=tuple(sorted(runs, key=lambda run: -run.steps)[:FLIPPED]),
        differ=tuple(differ),
    )


def _place(
    name: str,
    index: int,
    at_s: float,
    steps: int | None = None,
    means: tuple[float, float] | None = None,
) -> Place:
    return Place(name, index, round(float(at_s), 3), steps=steps, means=means)


def _pairs(one: Scores, other: Scores) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    for name in SET_NAMES:
        for index, (mine, its) in enumerate(zip(one.of(name), other.of(name), strict=True)):
            if len(mine):
                yield name, index, mine, its


def _runs(flipped: np.ndarray) -> list[tuple[int, int]]:
    """First step and length of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flipped, [0]]).astype(np.int8)))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _decided_apart(both: Sequence[np.ndarray], rule: Rule) -> list[tuple[int, np.ndarray]]:
    """Step and peaks of a clip that only one of two forms accepted; empty if they agree."""
    woke, means = rule.wakes(both), [rule.means(track) for track in both]
    if woke[0] == woke[1]:
        return []
    return [(int(means[int(np.argmax(woke))].argmax()), rule.highest(both))]


def _events_apart(both: Sequence[np.ndarray], rule: Rule) -> list[tuple[int, list[float]]]:
    """Events of one form that the other lacks, each with both forms' highest mean near it."""
    quiet, means = REFRACTORY_STEPS, [rule.means(track) for track in both]
    mine, its = (np.array(events(np.flatnonzero(rule.over(t))), int) for t in both)
    alone = [
        step
        for steps, steps_of_other in ((mine, its), (its, mine))
        for step in steps.tolist()
        if not len(steps_of_other) or np.abs(steps_of_other - step).min() >= quiet
    ]
    return [(at, [mean[at : at + quiet].max() for mean in means]) for at in sorted(alone)]
