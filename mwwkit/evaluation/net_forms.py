"""The forms that a net takes on its way to the device, compared on the same audio, step by step.

    heard = {"words": [...], "others": [...], "ambient": [...]}      # int8 [frames, 40] each
    forms = scores(Made(net, scale, float_model, model), heard)      # by form, set, spectrogram
    print(compare(forms["int8"], forms["float"], cutoff, window))

`float` is the net over whole spectrograms, `float_streaming` the same a step at a time, `int8` what
the device computes, `int8_fast` the kernels that selection uses, `tflm` TensorFlow Lite Micro,
where it is installed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mwwkit.device.detector import (
    REFRACTORY_S,
    STEP_S,
    detections,
    events,
    integer_cutoff,
    refractory_steps,
    score_times,
    sliding_sum,
)
from mwwkit.device.firmware import CUTOFF_LEVELS, N_BANDS
from mwwkit.device.simulator import Device, DeviceError, tflm
from mwwkit.metrics.curves import false_accepts_per_hour, proportion
from mwwkit.metrics.operating import clip_maxima
from mwwkit.model.float_stream import float_tracks
from mwwkit.model.mixednet import MixedNet, tf
from mwwkit.training.evaluator import to_float_features

AGAINST = {"float_streaming": "float", "int8": "float", "int8_fast": "int8", "tflm": "int8"}
STREAMS = "ambient"  # the set of which events are counted; of the others clips are
FLIPPED = 20  # places that are listed, the longest
BATCH = 32  # spectrograms that go through the float net together

Heard = Mapping[str, Sequence[np.ndarray]]
Scores = dict[str, list[np.ndarray]]  # by set, 0..1 [steps] of each spectrogram
Facts = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A net, and the files made of it with its logit multiplied by `scale`."""

    net: MixedNet
    scale: float
    float_model: bytes
    model: bytes


def float_scores(net: MixedNet, features: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Scores 0..1 [frames // 3] of the float net over a whole spectrogram, int8 [frames, 40].

    `scale` is what the int8 model's logit was multiplied with (`evaluate.headroom`).
    """
    return whole_tracks(net, [features], scale)[0]


def whole_tracks(
    net: MixedNet, spectrograms: Sequence[np.ndarray], scale: float = 1.0
) -> list[np.ndarray]:
    """`float_scores` of each; those of like length go through the net together."""
    tracks: list[np.ndarray] = [np.zeros(0, np.float32)] * len(spectrograms)
    order = sorted(range(len(spectrograms)), key=lambda i: len(spectrograms[i]))
    for first in range(0, len(order), BATCH):
        chosen = order[first : first + BATCH]
        longest = len(spectrograms[chosen[-1]])
        batch = np.zeros((len(chosen), longest, N_BANDS), np.float32)
        for row, index in enumerate(chosen):  # what comes after a stream changes no score of it
            batch[row, : len(spectrograms[index])] = to_float_features(spectrograms[index])
        scores = tf.sigmoid(scale * net(batch)).numpy()
        for row, index in enumerate(chosen):
            tracks[index] = scores[row, : len(spectrograms[index]) // net.shape.stride]
    return tracks


def int8_tracks(device: Device, spectrograms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scores 0..1 of an int8 model, each from reset."""
    return [device.scores(features) / np.float32(256) for features in spectrograms]


def scores(made: Made, heard: Heard) -> dict[str, Scores]:
    """What every form gives for everything; without `tflm` where that is not installed."""
    engines = {"int8": Device(made.model, reference=True), "int8_fast": Device(made.model)}
    try:
        tflm()
    except DeviceError:
        pass  # an extra; the report says which forms there are
    else:
        engines["tflm"] = Device(made.model, engine="tflm")
    found = {
        "float": {name: whole_tracks(made.net, those, made.scale) for name, those in heard.items()},
        "float_streaming": {n: float_tracks(made.float_model, those) for n, those in heard.items()},
    }
    for form, device in engines.items():
        found[form] = {name: int8_tracks(device, those) for name, those in heard.items()}
    return found


def on_grid(tracks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scores 0..1 as the device has them, uint8; those of an int8 model come back as they were."""
    return [np.clip(np.rint(track * 256), 0, 255).astype(np.uint8) for track in tracks]


def highest(tracks: Sequence[np.ndarray], window: int) -> list[float]:
    """The highest mean of `window` scores of each track, 1 being the manifest's 1."""
    full = window * CUTOFF_LEVELS
    return [round(int(total) / full, 4) for total in clip_maxima(on_grid(tracks), window)]


def rates(of_form: Scores, cutoff: float, window: int) -> Facts:
    """Recall, other clips accepted (value, low, high, count, of), and false accepts an hour.

    A share or rate of nothing has no value.
    """
    limit = integer_cutoff(cutoff) * window
    facts = {}
    for name, what in (("words", "recall"), ("others", "other_clips_accepted")):
        maxima = clip_maxima(on_grid(of_form[name]), window)
        count, of = int((maxima > limit).sum()), len(maxima)
        facts[what] = {"count": count, "of": of} | (vars(proportion(count, of)) if of else {})
    streams = on_grid(of_form[STREAMS])
    n_events = sum(len(detections(track, cutoff, window)) for track in streams)
    hours = sum(map(len, streams)) * STEP_S / 3600
    hourly = vars(false_accepts_per_hour(n_events, hours)) if hours else {}
    facts["false_accepts_per_hour"] = {"events": n_events, "hours": round(hours, 4)} | hourly
    return facts


def compare(one: Scores, other: Scores, cutoff: float, window: int) -> Facts:
    """How far one form is from another, step by step.

    steps, largest_difference, mean_difference  of the scores, 0..1
    largest_at       {set, index, at_s}; None without steps
    flips            steps at which the mean of `window` scores is over the cutoff for one only
    flipped          the longest runs of them: {set, index, at_s, steps}
    differ           clips accepted by one only, and events in streams that the other has not within
                     `REFRACTORY_S`: {set, index, at_s, means}, the highest mean of both there
    """
    limit = integer_cutoff(cutoff) * window
    largest, at, total, steps, runs, differ = 0.0, None, 0.0, 0, [], []
    for name, index, mine, its in _pairs(one, other):
        difference, seconds = np.abs(mine - its), score_times(len(mine))
        total, steps = total + float(difference.sum(dtype=np.float64)), steps + len(difference)
        if at is None or difference.max() > largest:
            largest, worst = float(difference.max()), int(difference.argmax())
            at = {"set": name, "index": index, "at_s": round(float(seconds[worst]), 3)}
        sums = [sliding_sum(track, window) for track in on_grid([mine, its])]
        runs += [
            {"set": name, "index": index, "at_s": round(float(seconds[first]), 3), "steps": length}
            for first, length in _runs((sums[0] > limit) != (sums[1] > limit))
        ]
        find = _events_apart if name == STREAMS else _decided_apart
        for step, means in find(sums, limit):
            found = {"set": name, "index": index, "at_s": round(float(seconds[step]), 3)}
            full = window * CUTOFF_LEVELS
            differ.append(found | {"means": [round(int(mean) / full, 4) for mean in means]})
    return {
        "steps": steps,
        # rounded: the last bits of a float net hang on the number of threads
        "largest_difference": round(largest, 6),
        "largest_at": at,
        "mean_difference": round(total / max(steps, 1), 6),
        "flips": sum(run["steps"] for run in runs),
        "flipped": sorted(runs, key=lambda run: -run["steps"])[:FLIPPED],
        "differ": differ,
    }


def _pairs(one: Scores, other: Scores) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    for name in one:
        for index, (mine, its) in enumerate(zip(one[name], other[name], strict=True)):
            if len(mine):
                yield name, index, mine, its


def _runs(flipped: np.ndarray) -> list[tuple[int, int]]:
    """First step and length of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flipped, [0]]).astype(np.int8)))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _decided_apart(sums: Sequence[np.ndarray], limit: int) -> list[tuple[int, list[int]]]:
    """Where the one that woke was highest, if only one did."""
    highest = [int(track.max()) for track in sums]
    if (highest[0] > limit) == (highest[1] > limit):
        return []
    return [(int(sums[int(np.argmax(highest))].argmax()), highest)]


def _events_apart(sums: Sequence[np.ndarray], limit: int) -> list[tuple[int, list[int]]]:
    """Events of one that the other has not, each with both means' highest around it."""
    quiet = refractory_steps(REFRACTORY_S)
    mine, its = (np.array(events(np.flatnonzero(s > limit), quiet), int) for s in sums)
    alone = [
        step
        for own, others in ((mine, its), (its, mine))
        for step in own.tolist()
        if not len(others) or np.abs(others - step).min() >= quiet
    ]
    return [(at, [int(s[at : at + quiet].max()) for s in sums]) for at in sorted(alone)]
