"""What went wrong most: the words missed and the sounds taken for the word, each with its recipe.

    judged = Judged("test", sets, tracks.words, tracks.others, tracks.ambient)
    misses(judged, rule, provenance.records(here))

The form of each entry is in `mwwkit.evaluation.split_metrics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mwwkit.device.detector import (
    REFRACTORY_S,
    STEP_S,
    detections,
    integer_cutoff,
    refractory_steps,
    score_times,
    sliding_sum,
)
from mwwkit.device.firmware import CUTOFF_LEVELS
from mwwkit.metrics.operating import clip_maxima
from mwwkit.scenes import provenance
from mwwkit.scenes.mining import heard_in
from mwwkit.scenes.shards import FeatureSet

WORST = 20
SPAN_S = (2.0, 1.0)  # before and after the moment that a player plays
Facts = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """One split's sets and the uint8 score tracks of a model over each of their scenes."""

    split: str
    sets: dict[str, FeatureSet]  # words, others, ambient
    words: Sequence[np.ndarray]
    others: Sequence[np.ndarray]
    ambient: Sequence[np.ndarray]

    def maxima(self, name: str, window: int) -> np.ndarray:
        """The highest mean of each clip, 0..1 [clips]; exact in float64, so comparisons hold."""
        return clip_maxima(getattr(self, name), window) / (window * CUTOFF_LEVELS)


@dataclass(frozen=True)
class Rule:
    """The shipped cutoff and window, and the targets they were chosen for."""

    cutoff: float
    window: int
    windows: tuple[int, ...]  # that there were to choose from
    target_fah: float
    max_clip_fpr: float

    @property
    def limit(self) -> int:
        """What a sum of `window` scores must pass."""
        return integer_cutoff(self.cutoff) * self.window


def misses(judged: Judged, rule: Rule, about: provenance.About) -> list[Facts]:
    """Words that were not detected, the faintest score first."""
    hit = clip_maxima(judged.words, rule.window) > rule.limit
    scores = judged.maxima("words", rule.window)
    order = sorted(np.flatnonzero(~hit), key=lambda i: (scores[i], i))
    return [mistake(judged, "words", int(i), rule, about) for i in order[:WORST]]


def false_accepts(judged: Judged, rule: Rule, about: provenance.About) -> list[Facts]:
    """Accepted clips of other words and events in the streams, the highest score first."""
    scores = judged.maxima("others", rule.window)
    wrong = np.flatnonzero(clip_maxima(judged.others, rule.window) > rule.limit)
    found = [(float(scores[i]), "others", int(i), None) for i in wrong]
    for index, track in enumerate(judged.ambient):
        means = sliding_sum(track, rule.window) / (rule.window * CUTOFF_LEVELS)
        at = score_times(len(track))
        for at_s in detections(track, rule.cutoff, rule.window):
            first = int(np.searchsorted(at, at_s - STEP_S / 2))
            span = means[first : first + refractory_steps(REFRACTORY_S)]
            found.append((float(span.max()), "ambient", index, float(at_s)))
    found.sort(key=lambda one: (-one[0], one[1], one[2], one[3] or 0.0))
    return [
        mistake(judged, name, index, rule, about, at_s, score)
        for score, name, index, at_s in found[:WORST]
    ]


def mistake(
    judged: Judged,
    name: str,
    index: int,
    rule: Rule,
    about: provenance.About,
    at_s: float | None = None,
    score: float | None = None,
) -> Facts:
    """One clip or event, with the recipe that makes it heard again."""
    features, track = judged.sets[name], getattr(judged, name)[index]
    scene = features.scenes[index]
    sums = sliding_sum(track, rule.window)
    if at_s is None:
        at_s = float(score_times(len(track))[int(np.argmax(sums))])
        score = float(sums.max()) / (rule.window * CUTOFF_LEVELS)
        clip, span = features.facts[index]["clip"], (0.0, scene["seconds"])
    else:
        clip, _ = heard_in(scene, at_s)
        span = max(at_s - SPAN_S[0], 0.0), min(at_s + SPAN_S[1], scene["seconds"])
        scene = scene | {"items": [item for item in scene["items"] if _sounds_in(item, span)]}
    facts: Facts = {
        "set": f"{judged.split}-{name}",
        "index": index,
        "clip": clip,
        "score": round(float(score), 4),
        "at_s": round(at_s, 3),
        "from_s": round(span[0], 3),
        "to_s": round(span[1], 3),
        "recipe": scene,
    }
    if "condition" in features.facts[index]:
        facts["condition"] = features.facts[index]["condition"]
    if clip in about:
        facts |= {n: getattr(about[clip], n) for n in ("speaker", "source", "word")}
    return facts


def _sounds_in(item: Facts, span: tuple[float, float]) -> bool:
    seconds = (item["piece"]["to_s"] - item["piece"]["from_s"]) / item["speed"]
    return item["at_s"] < span[1] and item["at_s"] + seconds > span[0]
