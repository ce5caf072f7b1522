"""Scenes by what is in them: the wake word, nothing like it, or what is nearly it.

indices = by_class(features, clips)           # {"word": [...], "other": [...], "near": [...]}
words = features.at(indices["word"])
"""

from collections.abc import Iterable

from mwwkit.corpus.clips import Label, SampleRecord
from mwwkit.scenes.shards import FeatureSet

CLASSES = ("word", "other", "near")  # in the order of CLASS_RATIO


def by_class(features: FeatureSet, clips: Iterable[SampleRecord]) -> dict[str, list[int]]:
    """Indices of the scenes with the wake word, of those without, and of near misses.

    A near miss has no wake word, but a hard negative or a part of the wake word in the foreground.
    `clips` are those that the scenes were made of.
    """
    near_words = {clip.path for clip in clips if clip.label is not Label.NEGATIVE}
    indices: dict[str, list[int]] = {name: [] for name in CLASSES}
    for index, (ends_s, scene) in enumerate(zip(features.ends_s, features.scenes, strict=True)):
        is_near = any(item["piece"]["path"] in near_words for item in scene["items"])
        indices["word" if ends_s else "near" if is_near else "other"].append(index)
    return indices
