"""What a net would do on the device: converted to int8, stepped through streams, counted.

Selection, thresholds and reports use this and nothing else, so a number in a notebook is the
device's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mwwkit.device.simulator import Device, scored
from mwwkit.metrics import tail_fit
from mwwkit.metrics import temperature as temperatures
from mwwkit.metrics.cutoff_selection import Choice, choose_cutoff, median_latency
from mwwkit.metrics.operating_points import PerSet, Surface, operating_points
from mwwkit.metrics.temperature import Temperature
from mwwkit.metrics.whose_words import WhoseWords
from mwwkit.model.backend import tf
from mwwkit.model.shapes import Shape
from mwwkit.run.errors import WrongInput
from mwwkit.run.spacing import evenly
from mwwkit.training.batches import Spectrograms
from mwwkit.training.evaluation_cache import EvaluationCache, digest
from mwwkit.training.whole_net import logit_tracks, to_float_features

if TYPE_CHECKING:
    from mwwkit.model.mixednet import MixedNet

WINDOWS = (3, 5, 7)  # sliding windows to choose from; the official models use 5
CALIBRATION_STREAMS = 20
HIGHEST_LOGIT = 10.0  # of training streams; 0.9 is then where a full-range logit would be 4 to 5


def headroom(net: MixedNet, training: Iterable[np.ndarray]) -> float:
    """What to multiply the logit with so that training streams stay within HIGHEST_LOGIT.

    A net that is sure of its training words gives them logits of 20, while a uint8 score is full
    from 5.5 on: every doubt between the two would be lost at the ceiling, and with it the cutoffs
    that few false accepts need. Two decimals, so that the last bits of a sum change nothing.
    """
    alike = defaultdict(list)  # streams of one length go through the net together
    for stream in training:
        alike[len(stream)].append(stream)
    batches = (to_float_features(np.stack(streams)) for streams in alike.values())
    highest = max(float(tf.reduce_max(net(batch))) for batch in batches)
    return max(round(min(1.0, HIGHEST_LOGIT / max(highest, 1e-6)), 2), 0.01)


def int8_model(
    net: MixedNet,
    shape: Shape,
    training: Sequence[np.ndarray],
    temperature: Temperature | None = None,
) -> bytes:
    """The streaming int8 .tflite of a net, calibrated on training streams, int8 [frames, 40].

    Its logit is scaled and shifted by `temperature`; without one it is given `headroom` alone.
    """
    temperature = temperature or Temperature(headroom(net, training))
    from mwwkit.model.streaming import fold, to_int8  # TensorFlow

    folded = fold(net, temperature.scale, temperature.shift)
    return to_int8(folded, shape, [to_float_features(stream) for stream in training])


def calibration(store: Spectrograms, n_streams: int = CALIBRATION_STREAMS) -> list[np.ndarray]:
    """Some training streams, evenly spaced over the store, int8 [frames, 40] each."""
    return [store[int(index)] for index in evenly(len(store), n_streams)]


def other_calibrations(
    store: Spectrograms, n_streams: int = CALIBRATION_STREAMS
) -> dict[str, list[np.ndarray]]:
    """What `calibration` might as well have chosen: other streams, half as many, twice as many.

    Fewer of them where the store is too small to choose anything else.
    """
    chosen = evenly(len(store), n_streams)
    rest = np.setdiff1d(np.arange(len(store)), chosen)
    calibrations = {}
    if len(rest):
        others = rest[evenly(len(rest), n_streams)]
        calibrations["other_streams"] = [store[int(index)] for index in others]
    if len(chosen) > 1:
        calibrations["half_as_many"] = calibration(store, len(chosen) // 2)
    if len(rest):
        calibrations["twice_as_many"] = calibration(store, 2 * n_streams)
    return calibrations


def refuse_flat(streams: Sequence[np.ndarray]) -> None:
    """ValueError for calibration streams (int8 [frames, 40]) with less than half the range in them.

    Ranges inside the net are taken from them: of quiet streams they come out too small, and speech
    then runs into their ends (errors of 0.5 and more of a score, measured).
    """
    low = min((int(stream.min()) for stream in streams), default=0)
    high = max((int(stream.max()) for stream in streams), default=0)
    if high - low < 128:
        first, last = to_float_features(np.array([low, high]))
        raise WrongInput(
            f"the features to calibrate with reach only from {first:.1f} to {last:.1f} of 0 to 26: "
            "too quiet, or all alike; check that the clips in 01 can be heard, and run 02 again"
        )


@dataclass(frozen=True)
class Tracks(PerSet[Sequence[np.ndarray]]):
    """uint8 scores of a model over each set of a split, a track a spectrogram.

    `beside` are of words that do not choose: machines', where people's are enough. `near` says
    which negatives are near misses; `logit_scale` is what calibration multiplied logits with.
    """

    beside: Sequence[np.ndarray] = ()
    near: Sequence[bool] = ()
    logit_scale: float | None = None

    def choose(
        self,
        target_fah: float,
        max_clip_fpr: float,
        ends_s: Sequence[float] | None = None,
        split: str = "",
    ) -> Choice:
        """The cutoff and window to ship: false accepts under the target first, then recall.

        With `ends_s`, where each word ends (seconds), its latency is measured too; the note names
        the `split`, where it is given.
        """
        choice = choose_cutoff(self.surface(), target_fah, max_clip_fpr, split)
        if ends_s is None:
            return choice
        return replace(choice, latency_s=median_latency(self.positives, ends_s, choice))

    def surface(self) -> Surface:
        """What every cutoff does at each of WINDOWS."""
        scored = self.positives, self.negatives, self.ambient
        return operating_points(*scored, WINDOWS, self.near, self.logit_scale)


def tracks(
    model: bytes,
    positives: Spectrograms,
    negatives: Spectrograms,
    ambient: Spectrograms,
    reference: bool = False,
    workers: int = 1,
) -> Tracks:
    """Stream every spectrogram (int8 [frames, 40]) through the int8 model, each from reset.

    `reference` is what the device computes, at less than half the speed. Hours are shared out over
    `workers` processes.
    """
    device = Device(model, reference)
    return Tracks(*(scored(device, _each(s), workers) for s in (positives, negatives, ambient)))


@dataclass(frozen=True)
class Evaluator:
    """Ranks candidate weights: validation features and the rule for choosing a cutoff.

    `ends_s` says where each word ends (seconds); without it no latency is measured. What was
    evaluated is kept in `cache`, if given, by everything it depends on, and looked up there.
    `words` says whose the positives are; `beside` are machines' words that do not choose, whose
    rate is kept beside.
    """

    positives: Spectrograms
    negatives: Spectrograms
    ambient: Spectrograms
    calibration: list[np.ndarray]
    target_fah: float
    max_clip_fpr: float
    ends_s: Sequence[float] | None = None
    cache: EvaluationCache | None = None
    words: WhoseWords | None = None
    beside: Spectrograms = ()
    near: Sequence[bool] = ()
    workers: int = 1  # processes that score hours of streams

    def temperature(self, net: MixedNet) -> Temperature:
        """What the net's logit is to be scaled and shifted by, fitted on the validation split.

        A second for a thousand clips: the float net hears them once.
        """
        heard = (logit_tracks(net, store) for store in (self.positives, self.negatives))
        otherwise, recordings = headroom(net, self.calibration), None
        if self.words:
            recordings = self.words.recordings
        return temperatures.fit(*heard, otherwise, recordings)

    def scored(self, net: MixedNet, shape: Shape) -> Tracks:
        """Calibrate a net, convert it to int8 and step it through the validation split."""
        temperature = self.temperature(net)
        model = int8_model(net, shape, self.calibration, temperature)
        material = self.positives, self.negatives, self.ambient
        counted = tracks(model, *material, workers=self.workers)
        counted = replace(counted, near=self.near, logit_scale=temperature.scale)
        if not len(self.beside):
            return counted
        return replace(counted, beside=tracks(model, self.beside, (), ()).positives)

    def choice(self, net: MixedNet, shape: Shape) -> Choice:
        """The cutoff that a net would ship with, by the validation split."""
        return self._choose(self.scored(net, shape))

    def facts(self, net: MixedNet, shape: Shape) -> dict:
        """`choice` as a checkpoint keeps it; lists of `rank` compare as the rule does.

        `training.evaluated` reads it.
        """
        if self.cache is None:
            return self._facts(net, shape)
        key = digest(self._made_of, shape, [net.cmvn, *(v.numpy() for v in net.variables)])
        if (kept := self.cache.find(key)) is None:
            kept = self._facts(net, shape)
            self.cache.keep(key, kept)
        return kept

    def _choose(self, scored: Tracks) -> Choice:
        return scored.choose(self.target_fah, self.max_clip_fpr, self.ends_s)

    def _facts(self, net: MixedNet, shape: Shape) -> dict:
        scored = self.scored(net, shape)
        choice = self._choose(scored)
        facts = _facts(choice, self.target_fah)
        if self.words:
            facts |= {"words_of": self.words.whose, "recordings": self.words.recordings}
        if len(self.beside):
            heard = int(choice.wakes(scored.beside).sum())
            facts |= {"machines_heard": heard, "machines_words": len(self.beside)}
        return facts

    @cached_property
    def _made_of(self) -> str:
        """A digest of the material and the rule, read once."""
        stores = self.positives, self.negatives, self.ambient, self.calibration, self.beside
        rule = (
            self.near or False,  # as it was while it said only whether there are any
            self.target_fah,
            self.max_clip_fpr,
            WINDOWS,
            HIGHEST_LOGIT,
            *tail_fit.CONSTANTS,
        )
        rule += (self.words and (self.words.whose, self.words.recordings), *temperatures.CONSTANTS)
        ends_s = None if self.ends_s is None else list(self.ends_s)
        return digest(rule, ends_s, *map(_each, stores))


def _each(store: Spectrograms) -> Iterator[np.ndarray]:
    return (store[index] for index in range(len(store)))


def _facts(choice: Choice, target_fah: float) -> dict:
    return {
        "cutoff": choice.cutoff,
        "window": choice.window,
        "recall": choice.recall.value,
        "words": choice.recall.of,
        "recall_interval": [choice.recall.low, choice.recall.high],
        "false_accepts_per_hour": choice.fah.value,
        "false_accepts_at_most": choice.fah.at_most,
        "false_accepts_expected": choice.fah_expected,
        "false_accepts_target": target_fah,
        "hours": choice.fah.hours,
        "clip_false_accepts": choice.clip_false_accepts.value,
        "median_latency_s": choice.latency_s,
        "rank": [float(part) for part in choice.rank],
        "note": choice.note,
    }
