"""A data set's health: what its clips are like together, in figures and in sentences.

    health = health_of(clips)          # looks into some hundred clips of each sort
    health.words                        # list of sentences, the worst first

Only people's and machines' short clips are measured; of long sound, the first seconds.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mwwkit.audio.wav16 import to_float
from mwwkit.corpus.clip_measures import CLIPPED_FROM, NARROW_HZ, NOISY_DB, Measured, measured
from mwwkit.corpus.clips import Clips, Kind, Label, SampleRecord, Split
from mwwkit.corpus.named_speakers import only_folders
from mwwkit.corpus.own_recordings import voices_tested
from mwwkit.corpus.splits import FEWEST_SPEAKERS
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.spacing import evenly

MOST_MEASURED = 150  # clips of a sort
LONG_SOUND_S = 10.0  # measured of long sound
WORRYING = 0.1  # share of the clips from which on a fault is told


@dataclass(frozen=True)
class Health:
    """The clips that were measured, sort by sort, and what that means."""

    clips: Clips
    found: dict[str, list[tuple[SampleRecord, Measured]]]  # by sort: "positive", ..., "noise"

    @property
    def words(self) -> list[str]:
        """Sentences for people: what is wrong and what to do, else that nothing is."""
        told = [*_of_sounds(self.found), *_of_speakers(self.clips), *_of_splits(self.clips)]
        return told or ["nothing is wrong with levels, noise, bandwidth, speakers or splits"]

    def of(self, sort: str, name: str) -> np.ndarray:
        """One measure of all clips of a sort, float [n]: "seconds", "floor_db", ..."""
        return np.array([getattr(each, name) for _, each in self.found.get(sort, [])])


def health_of(clips: Clips, most: int = MOST_MEASURED) -> Health:
    """Measure up to `most` clips of each sort, evenly spaced over the catalogue."""
    found = {}
    for sort in dict.fromkeys(sort_of(r) for r in clips if r.kind is not Kind.RIR):
        of_sort = [record for record in clips if sort_of(record) == sort]
        chosen = [of_sort[i] for i in evenly(len(of_sort), most)]
        found[sort] = [(record, _measured(clips, record)) for record in chosen]
    return Health(clips, found)


def sort_of(record: SampleRecord) -> str:
    """ "positive", "negative" or "hard_negative" of short clips; else its kind."""
    return record.label.value if record.kind is Kind.CLIP else record.kind.value


def _measured(clips: Clips, record: SampleRecord) -> Measured:
    return measured(to_float(clips.audio(record)[: int(LONG_SOUND_S * SAMPLE_RATE_HZ)]))


def _of_sounds(found: dict[str, list[tuple[SampleRecord, Measured]]]) -> list[str]:
    faults = (
        ("are cut off at full scale", "record further away or lower", _is_clipped),
        ("hardly stand over their noise", "record them in a quieter room", _is_noisy),
        ("hold nothing over 4.5 kHz", "they come from a telephone or a codec", _is_narrow),
    )
    told = []
    for sort in (Label.POSITIVE.value, Label.NEGATIVE.value):
        people = [each for record, each in found.get(sort, []) if not record.is_synthetic]
        for fault, cure, applies in faults:
            n = sum(map(applies, people))
            if people and n / len(people) >= WORRYING:
                told.append(f"{n} of {len(people)} {sort} recordings {fault}: {cure}")
    return told


def _is_clipped(found: Measured) -> bool:
    return found.clipped >= CLIPPED_FROM


def _is_noisy(found: Measured) -> bool:
    return found.over_noise_db < NOISY_DB


def _is_narrow(found: Measured) -> bool:
    return 0 < found.bandwidth_hz < NARROW_HZ


def _of_speakers(clips: Clips) -> list[str]:
    own = [r for r in clips.of(label=Label.POSITIVE) if not r.is_synthetic]
    named = {record.speaker for record in own} - {""}
    if not own:
        return ["no person says the word: record it twenty times, each in another manner"]
    tested = voices_tested(clips.records)
    if tested is None or tested.kind == "strangers":
        return []
    who = f"{len(named)} people say" if len(named) != 1 else "one person says"
    more = f"; with {FEWEST_SPEAKERS} or more, somebody it does not know would test it"
    told = f"{who} the word: {tested}" if named else str(tested)
    return [told + more * (len(named) < FEWEST_SPEAKERS)]


def _of_splits(clips: Clips) -> list[str]:
    counts = Counter((sort_of(record), record.split) for record in clips)
    wanted = (Label.POSITIVE.value, Label.NEGATIVE.value, Kind.AMBIENT.value)
    lacking = [
        f"{sort} in {split.value}" for sort in wanted for split in Split if not counts[sort, split]
    ]
    return [f"there is no clip of: {', '.join(lacking)}"] if lacking else []


def by_speaker(clips: Sequence[SampleRecord], most: int = 12) -> list[tuple[str, int]]:
    """Who has the most short clips, people by name and machines together, and how many.

    A folder of which nobody knows whose it is says that it is one.
    """
    folders = only_folders(clips)
    names = (
        "machines" if r.is_synthetic else _called(r.speaker, folders)
        for r in clips
        if r.kind is Kind.CLIP
    )
    return Counter(names).most_common(most)


def _called(name: str, folders: Collection[str]) -> str:
    return f"{name} (folder)" if name in folders else name or "not named"


def by_voice(clips: Sequence[SampleRecord], most: int = 12) -> list[tuple[str, int]]:
    """The voices that have the most short clips, machines' by name too, and how many."""
    names = (r.speaker or r.source or "not named" for r in clips if r.kind is Kind.CLIP)
    return Counter(names).most_common(most)
