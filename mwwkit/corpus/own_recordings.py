"""People's recordings of the wake word: in which split they are, and whether it knows their voices.

    print(where_they_went(clips.records))
    # your 24 recordings of the word: 17 train, 4 validation, 3 test; tested on voices it knows, ...

A machine's words are left out: how many of those a model hears says little about people. Which
voices a model knows is read off the clips and their splits, whatever rule they were split by.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mwwkit.corpus.clips import Label, SampleRecord, Split
from mwwkit.run.typed_json import Count

# As the verdict asks for (metrics.judgement.FEWEST_WORDS): with fewer it calls a model untested.
FEWEST_TO_TEST = 20
Acquaintance = Literal["household", "strangers", "mixed", "unknown"]


@dataclass(frozen=True)
class VoicesTested:
    """Whose recordings of the word test the model, and whether these people also taught it.

    household: each of them has clips in training; strangers: none has clips in training, nor in
    validation, which chooses weights and cutoff; mixed: some of them; unknown: speakers are not
    named, so that either may be.
    """

    kind: Acquaintance
    speakers: Count  # who are named
    known: Count  # of these, those with clips of any word in training or validation
    unnamed: Count  # clips whose speaker is not named

    def __str__(self) -> str:
        """ "tested on voices it knows, so strangers may be heard worse"."""
        if self.kind == "household":
            return "tested on voices it knows, so strangers may be heard worse"
        if self.kind == "strangers":
            return "tested on strangers, none of whom it was taught by, as far as they are named"
        if self.kind == "mixed":
            return (
                f"tested partly on voices it knows ({self.known} of {self.speakers} taught it or "
                "chose its cutoff), so strangers may be heard worse"
            )
        return (
            "whether it knows the voices that test it is not known, since not every speaker is "
            "named; strangers may be heard worse"
        )


def is_recording(record: SampleRecord) -> bool:
    """Whether it is the wake word as a person said it."""
    return record.label is Label.POSITIVE and not record.is_synthetic


def recordings_of_word(records: Iterable[SampleRecord]) -> dict[Split, int]:
    """People's clips of the wake word in each split."""
    counts = Counter(record.split for record in records if is_recording(record))
    return {split: counts[split] for split in Split}


def voices_tested(records: Sequence[SampleRecord]) -> VoicesTested | None:
    """Who tests; None where no recording of the word by people does."""
    own = [record for record in records if is_recording(record)]
    tested = [record for record in own if record.split is Split.TEST]
    if not tested:
        return None
    who = {record.speaker for record in tested} - {""}
    taught = {record.speaker for record in records if record.split is Split.TRAIN} & who
    known = {record.speaker for record in records if record.split is not Split.TEST} & who
    unnamed = sum(not record.speaker for record in tested)
    # A clip of nobody in particular, of the same source, may be of somebody who tests.
    anybody = {r.source for r in own if not r.speaker and r.split is not Split.TEST}
    others = {record.source for record in tested if record.speaker not in taught}
    kind: Acquaintance = "mixed"
    if unnamed or anybody & others:
        kind = "unknown"
    elif taught == who:
        kind = "household"
    elif not known:
        kind = "strangers"
    return VoicesTested(kind, len(who), len(known), unnamed)


def recordings_told(records: Sequence[SampleRecord]) -> str:
    """How many recordings train, choose and test, whose these are, and whether they are enough."""
    counts, who = recordings_of_word(records), voices_tested(records)
    n, n_test = sum(counts.values()), counts[Split.TEST]
    if not n:
        return "no recordings of the word by people: nothing tells how well people are heard"
    told = (
        f"{n:,} recording{'s' * (n != 1)} of the word: {counts[Split.TRAIN]:,} train, "
        f"{counts[Split.VAL]:,} validation, {n_test:,} test; "
    )
    if not who:
        return f"{told}with none to test on, nothing tells how well people are heard"
    if n_test >= FEWEST_TO_TEST:
        return f"{told}{who}"
    return (
        f"{told}{who}; {n_test} {'is' if n_test == 1 else 'are'} too few to test on (wanted "
        f"{FEWEST_TO_TEST} or more in the test split): one word heard or missed moves recall by "
        f"{100 / n_test:.0f} points"
    )


def where_they_went(records: Sequence[SampleRecord]) -> str:
    """The same to the person who made them."""
    told = recordings_told(records)
    return f"your {told}" if any(recordings_of_word(records).values()) else told
