"""What machines should say beside the recordings that people gave.

    needs = needs_of(inputs)
    if needs.words: ...          # people recorded the word too seldom to go without machines
    print(needs)                 # machines say the word: 24 recordings of it, 100 are enough; ...

Synthetic voices help where people's are missing and harm where they are not. The limits were chosen
on development words (benchmarks/README.md, "What machines say").
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mwwkit.corpus.clips import Kind, Label
from mwwkit.corpus.sources import FromFile, Input

ENOUGH_WORDS = 100  # recordings of the wake word
ENOUGH_OTHERS = 500  # clips of other words, beside at least some long speech


@dataclass(frozen=True)
class Needs:
    """Whether machines say the wake word (and near misses), and other words and sentences."""

    n_words: int  # that people recorded
    n_others: int
    n_long: int  # files of long speech or noise by people

    @property
    def words(self) -> bool:
        """Whether machines say the wake word and near misses of it."""
        return self.n_words < ENOUGH_WORDS

    @property
    def others(self) -> bool:
        """Whether they say other words and sentences."""
        return self.n_others < ENOUGH_OTHERS or not self.n_long

    def __str__(self) -> str:
        """A sentence on each."""
        say, leave = "machines say", "machines do not say"
        return (
            f"{say if self.words else leave} the wake word too: people's recordings of it are "
            f"{self.n_words:,}, and {ENOUGH_WORDS} are enough to do without; "
            f"{say if self.others else leave} other words and sentences: people's clips of other "
            f"words are {self.n_others:,} ({ENOUGH_OTHERS} are enough), their files of long sound "
            f"{self.n_long:,}"
        )


def needs_of(inputs: Sequence[Input]) -> Needs:
    """What there is too little of among the files that people gave."""
    files = [item.about for item in inputs if isinstance(item, FromFile)]
    clips = [about.label for about in files if about.kind is Kind.CLIP]
    n_words = clips.count(Label.POSITIVE)
    n_long = sum(about.kind is Kind.AMBIENT for about in files)
    return Needs(n_words, len(clips) - n_words, n_long)
