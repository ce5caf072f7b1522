"""What went wrong most: the words missed and the sounds taken for the word, each with its recipe.

split = ScoredSplit("test", sets, tracks)
misses(split, Rule(0.9, window=5), provenance.records(run))
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mwwkit.device.detector import (
    REFRACTORY_STEPS,
    STEP_S,
    Rule,
    detections,
    score_times,
)
from mwwkit.evaluation.measured import Mistake
from mwwkit.metrics.operating_points import PerSet
from mwwkit.scenes.mining import heard_in
from mwwkit.scenes.provenance import About
from mwwkit.scenes.scenes import Item
from mwwkit.scenes.shards import FeatureSet

MOST_SHOWN = 20
SPAN_S = (2.0, 1.0)  # before and after the moment that a player plays


@dataclass(frozen=True)
class ScoredSplit:
    """One split's sets and the uint8 score tracks of a model over each of their scenes."""

    name: str
    sets: PerSet[FeatureSet]
    tracks: PerSet[Sequence[np.ndarray]]

    def of_words(self, indices: Sequence[int]) -> "ScoredSplit":
        """The split with some of its words alone."""
        words, tracks = self.sets.positives.at(indices), self.tracks.positives
        return ScoredSplit(
            self.name,
            replace(self.sets, positives=words),
            replace(self.tracks, positives=[tracks[i] for i in indices]),
        )


def misses(split: ScoredSplit, rule: Rule, about: About) -> tuple[Mistake, ...]:
    """Words that were not detected, the faintest score first."""
    hit, scores = rule.wakes(split.tracks.positives), rule.highest(split.tracks.positives)
    order = sorted(np.flatnonzero(~hit), key=lambda i: (scores[i], i))
    return tuple(whole_clip(split, "words", int(i), rule, about) for i in order[:MOST_SHOWN])


def false_accepts(split: ScoredSplit, rule: Rule, about: About) -> tuple[Mistake, ...]:
    """Accepted clips of other words and events in the streams, the highest score first."""
    scores = rule.highest(split.tracks.negatives)
    wrong = np.flatnonzero(rule.wakes(split.tracks.negatives))
    accepted = [(float(scores[i]), "others", int(i), None) for i in wrong]
    for index, track in enumerate(split.tracks.ambient):
        means, at = rule.means(track), score_times(len(track))
        for at_s in detections(track, rule):
            first = int(np.searchsorted(at, at_s - STEP_S / 2))
            span = means[first : first + REFRACTORY_STEPS]
            accepted.append((float(span.max()), "ambient", index, float(at_s)))
    accepted.sort(key=lambda event: (-event[0], event[1], event[2], event[3] or 0.0))
    return tuple(
        whole_clip(split, name, index, rule, about)
        if at_s is None
        else _event(split, index, at_s, score, about)
        for score, name, index, at_s in accepted[:MOST_SHOWN]
    )


def whole_clip(split: ScoredSplit, name: str, index: int, rule: Rule, about: About) -> Mistake:
    """A clip of the set `name`, with the recipe that makes it heard again."""
    features, means = split.sets.of(name), rule.means(split.tracks.of(name)[index])
    scene, highest = features.scene(index), int(np.argmax(means))
    mistake = Mistake(
        set=f"{split.name}-{name}",
        index=index,
        clip=features.clip(index),
        score=round(float(means[highest]), 4),
        at_s=round(float(score_times(len(means))[highest]), 3),
        from_s=0.0,
        to_s=round(scene.seconds, 3),
        recipe=features.scenes[index],
        condition=features.condition(index),
    )
    return _known(mistake, about)


def _event(split: ScoredSplit, index: int, at_s: float, score: float, about: About) -> Mistake:
    """A moment of a stream, with what sounded around it."""
    scene = split.sets.ambient.scene(index)
    from_s, to_s = max(at_s - SPAN_S[0], 0.0), min(at_s + SPAN_S[1], scene.seconds)
    heard = tuple(item for item in scene.items if _sounds_in(item, from_s, to_s))
    mistake = Mistake(
        set=f"{split.name}-ambient",
        index=index,
        clip=heard_in(scene, at_s)[0],
        score=round(score, 4),
        at_s=round(at_s, 3),
        from_s=round(from_s, 3),
        to_s=round(to_s, 3),
        recipe=replace(scene, items=heard).as_dict(),
        condition=split.sets.ambient.condition(index),
    )
    return _known(mistake, about)


def _known(mistake: Mistake, about: About) -> Mistake:
    """With what the catalogue says of its clip."""
    record = about.of(mistake.clip)
    if record is None:
        return mistake
    return replace(mistake, speaker=record.speaker, source=record.source, word=record.word)


def _sounds_in(item: Item, from_s: float, to_s: float) -> bool:
    return item.at_s < to_s and item.at_s + item.seconds > from_s
