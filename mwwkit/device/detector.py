"""From the model's uint8 scores to detections, in the device's own integer arithmetic.

    times = detections(scores, Rule(0.9, window=5))        # events of a long track, in seconds
    detector = StreamingDetector(cutoff=0.9, window=5)     # the device's rule, score by score
    found = [d for d in map(detector.update, scores) if d]
    voice = voice_track(vad_scores, Rule(0.5, window=5))   # with a VAD model: slices with a voice
    found = detector.run(scores, voice)

The rule is that of ESPHome 2026.6.5, `micro_wake_word/streaming_model.cpp` and
`micro_wake_word.cpp` (read for the facts, written anew): the cutoff is an integer, the last
`window` scores are summed, and the sum must be *more* than cutoff times window. A VAD model is
judged by the same sum in every slice, without a pause, and its verdict is looked at when the wake
word would fire: no voice, no detection, and nothing is reset, so the next score is judged again.

With `stop_after_detection` (ESPHome's default) the component stops at a detection and forgets
everything; what it hears after its next start is another stream.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput
from mwwkit.run.typed_json import says

Cutoff = Annotated[float, says(exclusiveMinimum=0, exclusiveMaximum=1)]
Window = Annotated[int, says(minimum=1)]  # scores

SLICE_S = firmware.HOP_MS / 1000  # the component's word for one front-end hop
FIRST_SLICE_S = firmware.WINDOW_MS / 1000  # the first slice needs a whole window of audio
STEP_S = firmware.STEP_MS / 1000
# Seconds of audio heard when the first score is out.
FIRST_SCORE_S = (firmware.WINDOW_MS + firmware.STEP_MS - firmware.HOP_MS) / 1000
REFRACTORY_S = 2.0  # one false accept is counted once in this time
REFRACTORY_STEPS = math.ceil(REFRACTORY_S / STEP_S)
LIVE_CUTOFFS = range(1, firmware.CUTOFF_LEVELS)  # can both arm and fire: see integer_cutoff


def integer_cutoff(cutoff: float) -> int:
    """The device's cutoff, 0..255, of a manifest's `probability_cutoff`: truncated, not rounded.

    At 255 no sum is more than the limit, and at 0 no score is below the cutoff, so the detector
    never leaves its starting pause: both are dead.

    Raises:
        ValueError: outside 0..1.
    """
    if not 0.0 <= cutoff <= 1.0:
        raise WrongInput(f"cutoff is {cutoff}; wanted 0 to 1")
    return int(cutoff * firmware.CUTOFF_LEVELS)


def manifest_cutoff(integer: int) -> float:
    """The shortest `probability_cutoff` that the device turns into `integer` (1..254).

    Raises:
        ValueError: a dead cutoff, 0 or 255, or outside.
    """
    if integer not in LIVE_CUTOFFS:
        raise WrongInput(f"integer cutoff is {integer}; wanted 1 to 254, the others never fire")
    lowest, middle = (value / firmware.CUTOFF_LEVELS for value in (integer, integer + 0.5))
    # Only one of two digits can be in the interval, and the middle of three always is.
    near = round(lowest, 2), round(lowest, 3), round(middle, 3)
    return next(cutoff for cutoff in near if integer_cutoff(cutoff) == integer)


@dataclass(frozen=True)
class Rule:
    """When it wakes: the mean of the last `window` scores is more than the cutoff (0..1)."""

    cutoff: Cutoff  # as the manifest has it: the device's is the integer at or under it
    window: Window

    @property
    def told(self) -> str:
        """ "0.93, on the mean of 5 scores"."""
        return f"{self.cutoff:g}, on the mean of {self.window} scores"

    @property
    def integer(self) -> int:
        """The device's cutoff, 0..255."""
        return integer_cutoff(self.cutoff)

    @property
    def limit(self) -> int:
        """What the sum of `window` uint8 scores must be more than."""
        return self.integer * self.window

    @property
    def level(self) -> float:
        """What a mean of scores, 0..1, must be more than."""
        return self.integer / firmware.CUTOFF_LEVELS

    def is_same(self, other: "Rule") -> bool:
        """Whether the device decides alike by both, however their cutoffs are written."""
        return (self.integer, self.window) == (other.integer, other.window)

    def over(self, scores: np.ndarray) -> np.ndarray:
        """At which steps of a track of uint8 scores the limit is passed; bool [steps]."""
        return sliding_sum(scores, self.window) > self.limit

    def wakes(self, tracks: Sequence[np.ndarray]) -> np.ndarray:
        """In which tracks it is passed at any step; bool [tracks]."""
        return clip_maxima(tracks, self.window) > self.limit

    def means(self, scores: np.ndarray) -> np.ndarray:
        """The mean of the last `window` scores at each step, 0..1; float64 [steps]."""
        return sliding_sum(scores, self.window) / (self.window * firmware.CUTOFF_LEVELS)

    def highest(self, tracks: Sequence[np.ndarray]) -> np.ndarray:
        """The highest mean of each track, 0..1 [tracks]; exact, so that comparisons hold."""
        return clip_maxima(tracks, self.window) / (self.window * firmware.CUTOFF_LEVELS)


def score_times(n_scores: int) -> np.ndarray:
    """Seconds of audio heard when each of `n_scores` scores is out, float64 [n_scores]."""
    return FIRST_SCORE_S + STEP_S * np.arange(n_scores)


def sliding_sum(scores: np.ndarray, window: int) -> np.ndarray:
    """Sum of the last `window` scores at every step, zeros before the first; int64 [steps]."""
    if window < 1:
        raise WrongInput(f"window is {window}; wanted at least 1")
    total = np.concatenate([np.zeros(window, np.int64), np.cumsum(scores, dtype=np.int64)])
    return total[window:] - total[: len(scores)]


def clip_maxima(tracks: Sequence[np.ndarray], window: int) -> np.ndarray:
    """The highest sliding sum of each track, int64 [tracks]; 0 for an empty one."""
    return np.array([sliding_sum(t, window).max(initial=0) for t in tracks], dtype=np.int64)


def shown(score: np.ndarray | int) -> np.ndarray | float:
    """uint8 scores 0..1, on the cutoff's scale: as people see them."""
    return score / firmware.CUTOFF_LEVELS


def events(crossings: np.ndarray) -> list[int]:
    """Step numbers of events: the first crossing, and each later one REFRACTORY_STEPS on.

    `crossings` are sorted step numbers. A score that stays high is an event again.
    """
    first_steps, at = [], 0
    while at < len(crossings):
        first_steps.append(int(crossings[at]))
        at = int(np.searchsorted(crossings, first_steps[-1] + REFRACTORY_STEPS))
    return first_steps


def detections(scores: np.ndarray, rule: Rule) -> np.ndarray:
    """Times of the events in a track of uint8 scores, seconds of audio heard, float64 [events].

    For counting: the whole track may fire, from its first score on. `StreamingDetector` adds the
    device's pause after start and after each detection.
    """
    return score_times(len(scores))[events(np.flatnonzero(rule.over(scores)))]


@dataclass(frozen=True)
class Detection:
    """One detection: seconds of audio heard, and what the device logs (mean and peak, 0..255)."""

    time_s: float
    mean: int
    peak: int


def voice_track(scores: np.ndarray, rule: Rule, stride: int = firmware.STRIDE) -> np.ndarray:
    """Whether a VAD model hears a voice, in every slice up to its last score; bool [slices].

    Before the first score there is none. The manifest of ESPHome's own model says 0.5 and 5.
    """
    voice = rule.over(scores)
    slices = np.zeros(len(scores) * stride, bool)
    if len(scores):
        slices[stride - 1 :] = np.repeat(voice, stride)[: 1 - stride or None]
    return slices


class StreamingDetector:
    """The device's decision, score by score, and three rules to compare with it.

    After start, and after a detection, `start_slices` slices of 10 ms must pass in which the
    newest score is under the cutoff; a score that stays high holds the pause. A detection
    also sets the remembered scores to zero. The decision is looked at in every slice that has
    a score not yet judged, so the pause may end between two scores. What a VAD model held back is
    in `blocked`.

    Other rules, not on the device:
        votes: fire when at least this many of the last `window` scores are over the cutoff.
        off_cutoff: hysteresis: after a detection, wait until the sliding mean is at or under this
            cutoff instead of the pause; the scores are kept.
        lockout_s: no detection for this long after one.

    Raises:
        ValueError: a setting outside its range.
    """

    def __init__(
        self,
        cutoff: float,
        window: int,
        *,
        stride: int = firmware.STRIDE,
        start_slices: int = firmware.MIN_SLICES_BEFORE_DETECTION,
        votes: int | None = None,
        off_cutoff: float | None = None,
        lockout_s: float = 0.0,
    ):
        """As after power-on."""
        if window < 1 or stride < 1 or start_slices < 0 or lockout_s < 0:
            raise WrongInput(
                f"window {window}, stride {stride}, start_slices {start_slices}, lockout_s "
                f"{lockout_s}; wanted at least 1, 1, 0, 0"
            )
        if votes is not None and not 1 <= votes <= window:
            raise WrongInput(f"votes is {votes}; wanted 1 to the window, {window}")
        if off_cutoff is not None and not 0.0 <= off_cutoff <= cutoff:
            raise WrongInput(f"off_cutoff is {off_cutoff}; wanted 0 to the cutoff, {cutoff}")
        rule = Rule(cutoff, window)
        # Looked at in every slice of 10 ms, so kept apart from the rule that knows them.
        self._cutoff, self._limit = rule.integer, rule.limit
        self._window, self.stride = window, stride
        self.start_slices, self.votes, self.lockout_s = start_slices, votes, lockout_s
        self._off_limit = None if off_cutoff is None else Rule(off_cutoff, window).limit
        self.reset()

    def reset(self) -> None:
        """As after power-on."""
        self._slice = -1  # of the newest slice
        self._locked_until_s = 0.0
        self._off = False  # waiting for the off cutoff
        self._unjudged = False
        self.blocked: list[Detection] = []  # would have been, with a voice
        self._forget()

    def _forget(self) -> None:
        self._scores = deque([0] * self._window, maxlen=self._window)
        self._pause = self.start_slices

    def update(self, score: int, voice: Sequence[bool] | None = None) -> Detection | None:
        """Advance by one score (0..255); the detection, if there is one.

        `voice` says for each of the `stride` slices whether the VAD model hears one; without it
        there is no such model.
        """
        detection = None
        for number in range(self.stride):
            self._slice += 1
            if number == self.stride - 1:
                self._scores.append(int(score))
                self._unjudged = True
            if self._pause and self._scores[-1] < self._cutoff:
                self._pause -= 1
            if self._unjudged and not self._pause:
                self._unjudged = False
                detection = self._judge(voice is None or bool(voice[number])) or detection
        return detection

    def run(self, scores: Iterable[int], voice: Sequence[bool] | None = None) -> list[Detection]:
        """The detections in a track of uint8 scores, going on from the present state.

        `voice` has an entry for each slice of the track (`voice_track`); where it is shorter, as
        behind a VAD model of another stride, its last entry holds.
        """
        detected = []
        for number, score in enumerate(scores):
            heard = None if voice is None else self._slices(voice, number)
            if (detection := self.update(score, heard)) is not None:
                detected.append(detection)
        return detected

    def _slices(self, voice: Sequence[bool], number: int) -> list[bool]:
        """The VAD verdicts for the slices of score `number`."""
        last, first = len(voice) - 1, number * self.stride
        return [last >= 0 and bool(voice[min(first + i, last)]) for i in range(self.stride)]

    def _judge(self, voice: bool) -> Detection | None:
        total = sum(self._scores)
        if self._off_limit is not None and self._off:
            self._off = total > self._off_limit
        now_s = FIRST_SLICE_S + SLICE_S * self._slice
        if self._off or now_s < self._locked_until_s or not self._over(total):
            return None
        detection = Detection(round(now_s, 6), total // self._window, max(self._scores))
        if not voice:
            self.blocked.append(detection)
            return None
        self._locked_until_s = now_s + self.lockout_s
        if self._off_limit is None:
            self._forget()
        else:
            self._off = True
        return detection

    def _over(self, total: int) -> bool:
        if self.votes is None:
            return total > self._limit
        return sum(score > self._cutoff for score in self._scores) >= self.votes
