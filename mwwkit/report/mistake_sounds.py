"""The worst misses and false accepts, made again from their recipes: to be heard and seen."""

import base64
import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mwwkit.device import firmware
from mwwkit.device.detector import Rule, score_times, shown
from mwwkit.device.simulator import Device
from mwwkit.evaluation.measured import Mistake
from mwwkit.run.paths import Run
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scenes import Scene
from mwwkit.scenes.shards import FeatureSet

PER_KIND = 6
MOST_S = 4.0  # of sound: 128 kB
BEFORE_S = 3.0  # of the highest score, where a clip is longer than that
RATE_HZ = firmware.SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Moment:
    """Some seconds that the model got wrong; times count from the first sample."""

    mistake: Mistake
    seconds: float
    samples: np.ndarray | None  # int16 [n]; None where its clips are not at hand
    features: np.ndarray  # int8 [frames, 40]
    at_s: np.ndarray  # of each score
    scores: np.ndarray  # 0..1 [steps]
    means: np.ndarray  # the sliding mean, 0..1 [steps]
    word_ends_s: list[float]


def moments(run: Run, mistakes: Sequence[Mistake], device: Device, rule: Rule) -> list[Moment]:
    """The first PER_KIND of `mistakes`."""
    opened = lru_cache(lambda name: FeatureSet.open(run, name))
    return [
        moment(run, mistake, opened(mistake.set), device, rule) for mistake in mistakes[:PER_KIND]
    ]


def moment(run: Run, mistake: Mistake, features: FeatureSet, device: Device, rule: Rule) -> Moment:
    """A mistake made again; `features` are the set that it is of."""
    index, (from_s, to_s) = mistake.index, span(mistake.from_s, mistake.to_s, mistake.at_s)
    track = device.scores(features.store[index])
    times = score_times(len(track))
    heard = (times >= from_s) & (times <= to_s)
    frames = slice(*(int(s * 1000 / firmware.HOP_MS) for s in (from_s, to_s)))
    return Moment(
        mistake=mistake,
        seconds=to_s - from_s,
        samples=_sound(run, features.scene(index), from_s, to_s),
        features=features.store[index][frames],
        at_s=times[heard] - from_s,
        scores=shown(track[heard]),
        means=rule.means(track)[heard],
        word_ends_s=[s - from_s for s in features.ends_s[index] if from_s <= s <= to_s],
    )


def span(from_s: float, to_s: float, at_s: float) -> tuple[float, float]:
    """From and to, or where that is long the part around `at_s`, at most MOST_S."""
    if to_s - from_s <= MOST_S:
        return from_s, to_s
    first = min(max(at_s - BEFORE_S, from_s), to_s - MOST_S)
    return first, first + MOST_S


def _sound(run: Run, scene: Scene, from_s: float, to_s: float) -> np.ndarray | None:
    try:
        samples = render(scene, run.find)
    except FileNotFoundError:
        return None  # the run that holds the clips is not at hand; the page says so
    return samples[int(from_s * RATE_HZ) : int(to_s * RATE_HZ)]


def wav(samples: np.ndarray) -> str:
    """A data URI of int16 [n] at 16 kHz."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(stream.getvalue()).decode()
