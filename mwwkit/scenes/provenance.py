"""Whose voice, which source, which room: what the scenes of a set can be grouped by.

    about = records(run)                                # about.of(path) is a SampleRecord
    by = clip_groups(features, about)                    # by["speaker"][i] is scene i's
    hours = stream_hours(features, about)                # hours["source"]["radio"]
    words = whose_words(features, about)                 # words.counted: indices of people's scenes

Without a catalogue (a run whose clips were left behind) there are groups by recipe alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from mwwkit.audio.rooms import load_room, rt60
from mwwkit.corpus.clips import CATALOGUE, Label, SampleRecord, Split
from mwwkit.corpus.decided import featurized_clips
from mwwkit.metrics import whose_words as rule
from mwwkit.run.paths import Run
from mwwkit.scenes.shards import FeatureSet

RT60_STEP_S = 0.2
_OF_CLIPS = {
    "speaker": lambda record: record.speaker,
    "source": lambda record: record.source,
    "voice": lambda record: "synthetic" if record.is_synthetic else "recorded",
    "word": lambda record: record.word,
    "label": lambda record: record.label.value,
}
_OF_STREAMS = {name: _OF_CLIPS[name] for name in ("speaker", "source", "voice")} | {
    "kind": lambda record: record.kind.value
}


class About:
    """The catalogue by path: what is known of a clip."""

    def __init__(self, known: Iterable[SampleRecord] = ()):
        """Of some records."""
        self._by_path = {record.path: record for record in known}

    def __len__(self) -> int:
        """How many clips are known."""
        return len(self._by_path)

    def __iter__(self) -> Iterator[SampleRecord]:
        """What is known, in the order of the catalogue."""
        return iter(self._by_path.values())

    def of(self, path: str) -> SampleRecord | None:
        """The record of a clip, None where it is not known."""
        return self._by_path.get(path)

    def near_miss(self, path: str) -> str:
        """Whether a clip sounds like the word, and whether training said its text too."""
        record = self.of(path)
        if record.label is not Label.HARD_NEGATIVE:
            return "no near miss"
        return "heard in training" if record.word in self._trained else "new to the model"

    @cached_property
    def _trained(self) -> set[str]:
        near = (record for record in self if record.label is Label.HARD_NEGATIVE)
        return {record.word for record in near if record.split is Split.TRAIN}


def records(run: Run) -> About:
    """The catalogue as 02 made its scenes of it; empty where no run at hand has one."""
    return About(featurized_clips(run)) if run.all(CATALOGUE) else About()


def clip_groups(
    features: FeatureSet, about: About, locate: Callable[[str], Path] | None = None
) -> dict[str, list[str]]:
    """Names by which each scene of a set of clips is grouped, [scenes] each.

    condition, snr, room; where `locate` finds the rooms' files, rt60 (seconds, in steps of 0.2);
    with a catalogue speaker, source, voice ("recorded" or "synthetic"), word, label and near miss.
    """
    group_names: dict[str, list[str]] = defaultdict(list)
    for facts, scene in zip(features.facts, features.scenes, strict=True):
        group_names["condition"].append(facts["condition"])
        behind, room = scene["background"], scene["room"]
        quiet = behind["kind"] == "quiet"
        group_names["snr"].append("no noise" if quiet else f"{behind['snr_db']:g} dB")
        group_names["room"].append(room or "none")
        for name, of in _OF_CLIPS.items() if about else ():
            group_names[name].append(of(about.of(facts["clip"])))
        if about:
            group_names["near miss"].append(about.near_miss(facts["clip"]))
    if locate:
        rooms = {room: decay(locate(room)) for room in set(group_names["room"]) - {"none"}}
        group_names["rt60"] = [rooms.get(room, "none") for room in group_names["room"]]
    return dict(group_names)


def decay(path: Path) -> str:
    """How long a room rings, as a class: "0.2 to 0.4 s"."""
    step = int(rt60(load_room(path)) / RT60_STEP_S + 1e-9)
    return f"{step * RT60_STEP_S:.1f} to {(step + 1) * RT60_STEP_S:.1f} s"


def clip_names(features: FeatureSet) -> list[str]:
    """The clip of each scene of a set of clips."""
    return [facts["clip"] for facts in features.facts]


def whose_words(features: FeatureSet, about: About) -> rule.WhoseWords:
    """Which scenes of a set of words count: people's alone, where there are enough of them."""
    return whose_clips(clip_names(features), about)


def whose_clips(clips: Sequence[str], about: About) -> rule.WhoseWords:
    """The same of words by their clips' paths."""
    records = map(about.of, clips)
    by_machine = [None if record is None else record.is_synthetic for record in records]
    return rule.whose_words(clips, by_machine)


def near_misses(others: FeatureSet, about: About) -> tuple[bool, ...]:
    """Which clips of other words are hard negatives; empty where none is, or no catalogue tells."""
    known = map(about.of, clip_names(others))
    near = tuple(bool(record) and record.label is Label.HARD_NEGATIVE for record in known)
    return near if any(near) else ()


def conditions(features: FeatureSet) -> list[str]:
    """The condition of each scene of a set of clips."""
    return [facts["condition"] for facts in features.facts]


def stream_groups(path: str, about: About) -> dict[str, str]:
    """Names by which a clip of long audio is grouped: speaker, source, voice, kind."""
    record = about.of(path)
    return {name: of(record) for name, of in _OF_STREAMS.items()} if record else {}


def stream_hours(features: FeatureSet, about: About) -> dict[str, dict[str, float]]:
    """Hours of each group in a set of streams, by dimension; empty without a catalogue."""
    hours: dict[str, dict[str, float]] = {name: defaultdict(float) for name in _OF_STREAMS}
    for scene in features.scenes:
        for item in scene["items"]:
            piece = item["piece"]
            seconds = (piece["to_s"] - piece["from_s"]) / item["speed"]
            for name, group in stream_groups(piece["path"], about).items():
                hours[name][group] += seconds / 3600
    return {name: dict(groups) for name, groups in hours.items() if groups}
