"""What machines should say beside the recordings that people gave.

    needs = needs_of(inputs)
    if needs.words: ...          # people recorded the word too seldom to go without machines
    print(needs)                 # machines say the word and other words too: ... 100 are enough

Synthetic voices help where people's are missing and harm where they are not: measured with twenty
recordings and with 188 (benchmarks/README.md, "What machines say"). The limits lie between the two
and were not measured themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mwwkit.corpus.clips import SYNTHETIC_SOURCES, Kind, Label
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
        """Whether they say other words and sentences.

        They do wherever they say the wake word: voices that say nothing else teach a net that such
        a voice is the word.
        """
        return self.words or self.n_others < ENOUGH_OTHERS or not self.n_long

    def __str__(self) -> str:
        """What machines say, and why."""
        if self.words:
            return (
                f"machines say the word and other words too: people's recordings of it are "
                f"{self.n_words:,}, and {ENOUGH_WORDS} are enough to do without"
            )
        told = f"machines do not say the word: {self.n_words:,} recordings by people are enough"
        if not self.others:
            return f"{told}, and so are {self.n_others:,} clips of other words"
        return (
            f"{told}; they say other words and sentences: people's are {self.n_others:,} clips and "
            f"{self.n_long:,} files of long sound ({ENOUGH_OTHERS} and 1 are enough)"
        )


def needs_of(inputs: Sequence[Input]) -> Needs:
    """What there is too little of among the files that people gave.

    What a table says a machine spoke is nobody's recording either.
    """
    given = (i.about for i in inputs if isinstance(i, FromFile) and not i.start_s)
    files = [about for about in given if about.source not in SYNTHETIC_SOURCES]
    clips = [about.label for about in files if about.kind is Kind.CLIP]
    n_words = clips.count(Label.POSITIVE)
    n_long = sum(about.kind is Kind.AMBIENT for about in files)
    return Needs(n_words, len(clips) - n_words, n_long)
