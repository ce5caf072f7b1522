"""How many recordings of the wake word people made, and in which split they are.

    print(where_they_went(clips.records))
    # your 24 recordings of the word: 8 train, 8 choose, 8 test; 8 are too few to test on ...

A machine's words are left out: how many of those a model hears says little about people.
"""

from collections import Counter
from collections.abc import Iterable

from mwwkit.corpus.clips import Label, SampleRecord, Split

FEWEST_TO_TEST = 10  # of fewer, each one heard or missed moves recall by more than 10 points


def recordings_of_word(records: Iterable[SampleRecord]) -> dict[Split, int]:
    """People's clips of the wake word in each split."""
    own = (r for r in records if r.label is Label.POSITIVE and not r.is_synthetic)
    counts = Counter(record.split for record in own)
    return {split: counts[split] for split in Split}


def where_they_went(records: Iterable[SampleRecord]) -> str:
    """One sentence: how many recordings train, choose and test, and whether they can test."""
    counts = recordings_of_word(records)
    n, n_test = sum(counts.values()), counts[Split.TEST]
    if not n:
        return "no recordings of the word by people: nothing tells how well people are heard"
    told = (
        f"your {n:,} recording{'s' * (n != 1)} of the word: {counts[Split.TRAIN]:,} train, "
        f"{counts[Split.VAL]:,} choose, {n_test:,} test"
    )
    if n_test >= FEWEST_TO_TEST:
        return told
    if not n_test:
        return f"{told}; with none to test on, nothing tells how well people are heard"
    return (
        f"{told}; {n_test} {'is' if n_test == 1 else 'are'} too few to test on (wanted "
        f"{FEWEST_TO_TEST} or more): one word heard or missed moves recall by "
        f"{100 / n_test:.0f} points"
    )
