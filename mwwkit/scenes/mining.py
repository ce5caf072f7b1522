"""False accepts in long audio: where they are, what was heard, and which are worth keeping."""

import csv
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from mwwkit.device.detector import REFRACTORY_STEPS, score_times, shown, sliding_sum
from mwwkit.device.firmware import OUTPUT_SCALE
from mwwkit.run.files import sha256
from mwwkit.run.paths import Run
from mwwkit.scenes.scenes import Scene

TABLE = "mined/mined.csv"  # of 04
NEAR_WORD_S = (-0.5, 1.5)  # a detection this near a word's end is a right one


@dataclass(frozen=True)
class Event:
    """One false accept: in which spectrogram of a set, when, and how sure the model was."""

    set_name: str
    index: int
    at_s: float
    score: float  # highest sliding mean, 0..1


def table_rows(run: Run) -> list[dict[str, str]]:
    """The rows of 04's table, the worst first; none where it has not mined yet."""
    tables = run.all(TABLE)
    if not tables:
        return []
    with open(tables[0], newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_digest(run: Run) -> str:
    """Eight digits that tell one such table from another: its ids mean nothing in any other."""
    return sha256(run.find(TABLE))[:8]


def false_events(
    track: np.ndarray, word_ends_s: list[float], keep_above: float, window: int
) -> list[tuple[float, float]]:
    """(seconds, score) of every event in a track of uint8 scores whose mean exceeds `keep_above`.

    `keep_above` is in 256ths, as the model puts scores out: 0.3 is a sum of more than 384 at a
    window of 5. The score, the highest mean, is on the cutoff's scale, where 255 is 1. Crossings
    within two seconds are one event, at its highest moment; those near a wake word's end are
    detections, not false accepts.
    """
    sums = sliding_sum(track, window)
    at_s = score_times(len(track))
    wrong = sums * OUTPUT_SCALE / window > keep_above
    for end_s in word_ends_s:
        wrong &= (at_s < end_s + NEAR_WORD_S[0]) | (at_s > end_s + NEAR_WORD_S[1])
    steps, false_accepts = np.flatnonzero(wrong), []
    while len(steps):
        span = steps[steps < steps[0] + REFRACTORY_STEPS]
        peak = span[np.argmax(sums[span])]
        false_accepts.append((float(at_s[peak]), float(shown(sums[peak]) / window)))
        steps = steps[len(span) :]
    return false_accepts


def heard_in(scene: Scene, at_s: float) -> tuple[str, float]:
    """The clip that sounded in a scene's foreground at `at_s`, and the second within that clip.

    ("", 0.0) where only the background sounded.
    """
    for item in reversed(scene.items):
        piece, begin_s = item.piece, item.at_s
        # A detection comes up to half a second after the sound that caused it.
        if begin_s <= at_s and at_s - 0.5 < begin_s + item.seconds:
            return piece.path, min(piece.from_s + (at_s - begin_s) * item.pace, piece.to_s)
    return "", 0.0


def highest(events: list[Event], sources: list[str], per_source: int, in_all: int) -> list[int]:
    """Indices of the events to keep: the highest scores, at most so many a source and in all."""
    taken: dict[str, int] = defaultdict(int)
    kept = []
    order = sorted(range(len(events)), key=lambda i: (-events[i].score, sources[i], events[i].at_s))
    for i in order:
        if len(kept) < in_all and taken[sources[i]] < per_source:
            taken[sources[i]] += 1
            kept.append(i)
    return kept
