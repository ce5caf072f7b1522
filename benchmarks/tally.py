"""What a model did on the prepared stimuli, small enough to keep for ever, and how it is read.

    tally = Tally.of(tracks, rule)                 # of scoring.score(model, files)
    write_json(path, tally.as_dict())

A clip's score is the highest sum of WINDOW scores in a row, in the device's integers; of other
words only the highest are kept, which is all that few false accepts hang on. Streams keep the
events at each cutoff that a device can be set to.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

import numpy as np

from benchmarks.conditions import CLIPS, CONDITIONS
from benchmarks.scoring import Tracks
from mwwkit.device.detector import STEP_S, Rule, clip_maxima, detections
from mwwkit.metrics.curves import latency_s
from mwwkit.metrics.operating_points import operating_points

WINDOW = 5
KEPT = 200  # of other words, the highest scores
REPORTED = (0.5, 0.9)
STREAMS = ("speech", "joined")


@dataclass(frozen=True)
class Clips:
    """`of` clips under one condition: their highest sums of WINDOW scores, from the highest on."""

    of: int
    highest: list[int]
    woke: int  # at the cutoff and window that ship
    late_s: dict[str, float | None]  # median, by cutoff and as "shipped"; None where none woke

    def over(self, limit: int) -> int:
        """How many have a sum of more than `limit`."""
        return int((np.array(self.highest) > limit).sum())


@dataclass(frozen=True)
class Stream:
    """Long sound: its hours, the events at cutoffs 1 to 254 of 255, and those as shipped."""

    hours: float
    events: list[int]
    shipped: int


@dataclass(frozen=True)
class Tally:
    """All that is kept of one model: role and condition -> clips, and the streams."""

    clips: dict[str, Clips]
    streams: dict[str, Stream]

    @classmethod
    def of(cls, tracks: dict[str, Tracks], rule: Rule) -> "Tally":
        """Of a model's scores, and the cutoff and window that it ships with."""
        keys = [f"{role}/{c}" for role in CLIPS for c in CONDITIONS]
        return cls(
            {key: _clips(tracks[key], rule, key) for key in keys if key in tracks},
            {key: _stream(tracks[key], rule) for key in STREAMS},
        )

    def as_dict(self) -> dict:
        """As JSON has it: equal counts in a row are written once with their number."""
        kept = asdict(self)
        for stream in kept["streams"].values():
            runs = groupby(stream["events"])
            stream["events"] = [[count, len(list(same))] for count, same in runs]
        return kept

    @classmethod
    def from_dict(cls, kept: dict) -> "Tally":
        """What `as_dict` gave."""
        clips = {key: Clips(**one) for key, one in kept["clips"].items()}
        streams = {}
        for key, one in kept["streams"].items():
            events = [count for count, often in one["events"] for _ in range(often)]
            streams[key] = Stream(one["hours"], events, one["shipped"])
        return cls(clips, streams)


def _clips(tracks: Tracks, rule: Rule, key: str) -> Clips:
    highest = sorted(clip_maxima(tracks.scores, WINDOW).tolist(), reverse=True)
    late_s: dict[str, float | None] = {}
    if not key.startswith("negatives"):
        rules = {str(cutoff): Rule(cutoff, WINDOW) for cutoff in REPORTED} | {"shipped": rule}
        late_s = {name: _median_late_s(tracks, each) for name, each in rules.items()}
    else:
        highest = highest[:KEPT]
    return Clips(len(tracks.scores), highest, int(rule.wakes(tracks.scores).sum()), late_s)


def _median_late_s(tracks: Tracks, rule: Rule) -> float | None:
    pairs = zip(tracks.scores, tracks.word_end_s, strict=True)
    late_s = np.array([latency_s(track, end_s, rule) for track, end_s in pairs])
    return None if np.isnan(late_s).all() else round(float(np.nanmedian(late_s)), 3)


def _stream(tracks: Tracks, rule: Rule) -> Stream:
    surface = operating_points((), (), tracks.scores, (WINDOW,))
    events = surface.ambient_events[0].tolist()
    hours = sum(map(len, tracks.scores)) * STEP_S / 3600
    return Stream(round(hours, 4), events, sum(len(detections(t, rule)) for t in tracks.scores))


def pooled(tallies: Sequence[Tally]) -> Tally:
    """Several folds as if one model had made them; median latencies are the middle of theirs."""
    clips = {
        key: Clips(
            sum(t.clips[key].of for t in tallies),
            sorted((s for t in tallies for s in t.clips[key].highest), reverse=True),
            sum(t.clips[key].woke for t in tallies),
            _middles([t.clips[key].late_s for t in tallies]),
        )
        for key in tallies[0].clips
    }
    streams = {
        key: Stream(
            sum(t.streams[key].hours for t in tallies),
            np.sum([t.streams[key].events for t in tallies], axis=0).tolist(),
            sum(t.streams[key].shipped for t in tallies),
        )
        for key in tallies[0].streams
    }
    return Tally(clips, streams)


def _middles(each: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    found = {}
    for name in each[0]:
        known = [one[name] for one in each if one[name] is not None]
        found[name] = round(float(np.median(known)), 3) if known else None
    return found
