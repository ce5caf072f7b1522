"""Where the word is in a clip, from many clips of the same word.

    model = learn([hear(audio) for audio in some_clips])   # float [samples] at 16 kHz each
    span = model.align(hear(audio))

What is loudest in a clip may be a breath, a door or a second voice; what all clips share is the
word. So the word is learned from them as a row of states, each a Gaussian over what a 10 ms frame
sounds like, and everything else as a few sounds that may follow each other in any order. A clip is
cut where that row fits best against those other sounds; model and cuts are improved in turns from
`word_span`'s. This is the whole-word hidden Markov model of early speech recognition with filler
states at both ends, trained by segmental k-means (Rabiner, "A tutorial on hidden Markov models",
Proc. IEEE 77, 1989, section VI), with one change: a state lasts `MOST_FRAMES` at most, or the last
one would stretch over any noise that follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from mwwkit.audio.endpoints import (
    HOP,
    MOST_DB,
    N_BANDS,
    RATE_HZ,
    WINDOW,
    Span,
    frames_span,
    most_active,
    over_floor,
    sure,
)

FEWEST = 10  # clips to learn a word from; with fewer, one odd clip is the word
FRAMES_A_STATE = 4  # on average: 16 states for a word of 0.64 s
FEWEST_STATES, MOST_STATES = 4, 60
MOST_FRAMES = 16  # that a state lasts: a word said four times as slow
N_OTHERS = 6  # sounds that are not the word: hush, hiss, breath, click, voices
FEWEST_OTHER_FRAMES = 20  # for each of them
TURNS = 5  # more change little
SPREAD = 0.1  # of the variance of all frames, added to a state's: few clips look too much alike
NEAR_S = 0.1  # edges of `word_span` this near tell how much earlier or later it puts an edge
SAME_S = 0.05  # and this near they are the same edge, which `word_span` sees more sharply


@dataclass(frozen=True)
class Heard:
    """A clip prepared for alignment: frames [frames, 40], `word_span`'s span, length in seconds."""

    frames: np.ndarray
    span: Span
    seconds: float

    @property
    def cut(self) -> tuple[int, int]:
        """The frames of `span`: the first, and the one after the last."""
        edges = (self.span.start_s, self.span.end_s)
        first, stop = (round((s * RATE_HZ - (WINDOW - HOP) // 2) / HOP) for s in edges)
        return max(first, 0), min(stop, len(self.frames))


def hear(audio: np.ndarray) -> Heard:
    """Prepare a 16 kHz clip, float [samples]: band levels over the noise floor and their slopes."""
    seconds = audio.size / RATE_HZ
    if audio.size < WINDOW:
        return Heard(np.zeros((0, 2 * N_BANDS), np.float32), Span(0.0, seconds), seconds)
    over_db = over_floor(audio)
    padded = np.pad(over_db, ((2, 2), (0, 0)), mode="edge")
    rise_db = (
        2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]
    )  # a slope of least squares
    frames = np.hstack([over_db, rise_db]).astype(np.float32)
    return Heard(frames, most_active(over_db, seconds), seconds)


@dataclass(frozen=True)
class Sounds:
    """Gaussians with diagonal covariance: mean, variance [sounds, 40], log weight [sounds]."""

    mean: np.ndarray
    variance: np.ndarray
    weight: np.ndarray

    def fit(self, frames: np.ndarray) -> np.ndarray:
        """Log likelihood of frames [n, 40] under each sound, less a constant, float [n, sounds]."""
        sharpness = 1 / self.variance
        scaled = self.mean * sharpness
        constant = (self.mean * scaled).sum(axis=1) + np.log(self.variance).sum(axis=1)
        return self.weight - 0.5 * (frames**2 @ sharpness.T - 2 * frames @ scaled.T + constant)


@dataclass(frozen=True)
class WordModel:
    """Gaussians of the word and of other sounds; `late_s` is how late `word_span`'s edges are."""

    states: Sounds
    others: Sounds
    late_s: tuple[float, float] = (0.0, 0.0)

    def gain(self, frames: np.ndarray) -> np.ndarray:
        """How much better each state fits each frame than any other sound, float [n, states]."""
        return self.states.fit(frames) - self.others.fit(frames).max(axis=1, keepdims=True)

    def align(self, clip: Heard) -> Span:
        """Where the word is; where `word_span` sees it if the clip is too short to hold it."""
        edges = _cuts(self.gain(clip.frames))
        if edges is None:
            return clip.span
        modelled = frames_span(edges[0], edges[-1], clip.seconds)
        start_s = _agreed(modelled.start_s + self.late_s[0], clip.span.start_s)
        end_s = _agreed(modelled.end_s + self.late_s[1], clip.span.end_s)
        return Span(max(start_s, 0.0), min(end_s, clip.seconds))


def _agreed(modelled_s: float, seen_s: float) -> float:
    return seen_s if abs(modelled_s - seen_s) < SAME_S else modelled_s


def learn(clips: Sequence[Heard]) -> WordModel | None:
    """The word that all of `clips` hold; None for too few, or if half of them cannot hold a word.

    Costs some 3 ms a clip: 300 clips of many voices are enough.
    """
    plausible = sure(clip.span for clip in clips)
    known = [clip for clip, is_plausible in zip(clips, plausible, strict=True) if is_plausible]
    lengths = [stop - first for first, stop in (clip.cut for clip in known)]
    if len(clips) < FEWEST or not lengths:
        return None
    n_states = round(np.median(lengths) / FRAMES_A_STATE)
    n_states = min(max(n_states, FEWEST_STATES), MOST_STATES)
    cuts = [_evenly(clip.cut, n_states) for clip in known]
    spread = SPREAD * np.concatenate([clip.frames for clip in clips]).var(axis=0) + 1e-3 * MOST_DB
    aligned, model = known, None
    for _ in range(TURNS):
        pairs = [(clip, cut) for clip, cut in zip(aligned, cuts, strict=True) if cut is not None]
        if 2 * len(pairs) < len(clips):
            return None
        model = _model(pairs, spread)
        aligned, cuts = clips, [_cuts(model.gain(clip.frames)) for clip in clips]
    return WordModel(model.states, model.others, _late_s(aligned, cuts))


def _evenly(cut: tuple[int, int], n_states: int) -> np.ndarray | None:
    """The first guess at where states begin, int [states + 1]: all equally long."""
    first, stop = cut
    if stop - first < n_states:
        return None
    return first + (stop - first) * np.arange(n_states + 1) // n_states


def _model(pairs: list[tuple[Heard, np.ndarray]], spread: np.ndarray) -> WordModel:
    """The Gaussians of clips that are cut into states."""
    n_states = len(pairs[0][1]) - 1
    states = [
        np.concatenate([clip.frames[cut[number] : cut[number + 1]] for clip, cut in pairs])
        for number in range(n_states)
    ]
    outside = [part for clip, cut in pairs for part in np.split(clip.frames, cut[[0, -1]])[::2]]
    rest = np.concatenate(outside)
    if len(rest) < N_OTHERS * FEWEST_OTHER_FRAMES:  # clips cut to the word: against any sound of it
        others = [np.concatenate([clip.frames for clip, _ in pairs])]
    else:
        others = _groups(rest, spread)
    weight = np.log([len(frames) for frames in others]) - np.log(sum(map(len, others)))
    return WordModel(_sounds(states, spread, np.zeros(n_states)), _sounds(others, spread, weight))


def _sounds(groups: list[np.ndarray], spread: np.ndarray, weight: np.ndarray) -> Sounds:
    mean = np.stack([frames.mean(axis=0) for frames in groups])
    variance = np.stack([frames.var(axis=0) for frames in groups]) + spread
    return Sounds(mean, variance, weight.astype(np.float32))


def _groups(frames: np.ndarray, scale: np.ndarray) -> list[np.ndarray]:
    """Cluster frames [n, 40] into `N_OTHERS` sounds by k-means, starting from groups by level."""
    by_level = np.argsort(frames[:, :N_BANDS].sum(axis=1), kind="stable")
    groups = [frames[part] for part in np.array_split(by_level, N_OTHERS)]
    for _ in range(TURNS):
        means = _sounds(groups, scale, np.zeros(len(groups)))
        alike = Sounds(means.mean, np.broadcast_to(scale, means.mean.shape), means.weight)
        nearest = alike.fit(frames).argmax(axis=1)
        groups = [frames[nearest == number] for number in range(len(groups))]
        groups = [group for group in groups if len(group)]
    return groups


def _cuts(gain: np.ndarray) -> np.ndarray | None:
    """The best-scoring cut of a clip into states (Viterbi), int [states + 1]; None if too short.

    `gain` [frames, states]; a state lasts 1 to `MOST_FRAMES`, and before and after the word any
    time costs nothing. None where there are fewer frames than states.
    """
    n_frames, n_states = gain.shape
    if n_frames < n_states:
        return None
    total = np.vstack([np.zeros(n_states), np.cumsum(gain, axis=0, dtype=np.float64)])
    reached = np.zeros(n_frames + 1)  # the most gained by all states so far, ending at each frame
    open_since = []
    for number in range(n_states):
        begun = reached - total[:, number]
        open_since.append(begun)
        reached = total[:, number] + _best_before(begun)
    edges = [int(reached.argmax())]
    for begun in reversed(open_since):
        first = max(edges[-1] - MOST_FRAMES, 0)
        edges.append(first + int(begun[first : edges[-1]].argmax()))
    return np.array(edges[::-1])


def _best_before(values: np.ndarray) -> np.ndarray:
    """At each place the highest of the `MOST_FRAMES` values before it, float [n]."""
    padded = np.concatenate([np.full(MOST_FRAMES, -np.inf), values])
    return scipy.ndimage.maximum_filter1d(padded, MOST_FRAMES, origin=-(MOST_FRAMES // 2))[
        : len(values)
    ]


def _late_s(clips: Sequence[Heard], cuts: Sequence[np.ndarray | None]) -> tuple[float, float]:
    """Median delay, seconds, of `word_span`'s start and end against the model's nearby ones."""
    late_s: tuple[list, list] = ([], [])  # starts, ends
    for clip, cut in zip(clips, cuts, strict=True):
        if cut is not None:
            modelled = frames_span(cut[0], cut[-1], clip.seconds)
            late_s[0].append(clip.span.start_s - modelled.start_s)
            late_s[1].append(clip.span.end_s - modelled.end_s)
    start_s, end_s = ([delay_s for delay_s in edge if abs(delay_s) < NEAR_S] for edge in late_s)
    return _middle(start_s), _middle(end_s)


def _middle(values: list[float]) -> float:
    return float(np.median(values)) if values else 0.0
