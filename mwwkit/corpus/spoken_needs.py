"""What machines should say beside the recordings that people gave.

    needs = needs_of(inputs)
    if needs.words: ...          # people recorded the word too seldom to go without machines
    print(needs)                 # machines say the word and other words too: ... 100 are enough

Synthetic voices beside twenty recordings help strangers to be heard, and not those who recorded;
beside 188 they harm (benchmarks/README.md, "What machines say"). So whom a model is for decides
from twenty on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mwwkit.corpus.clips import SYNTHETIC_SOURCES, Kind, Label
from mwwkit.corpus.sources import FromFile, Input

ENOUGH_WORDS = 100  # recordings of the wake word
ENOUGH_AT_HOME = 20  # where the model is for those who recorded, and people said other words enough
ENOUGH_OTHERS = 500  # clips of other words, beside at least some long speech


@dataclass(frozen=True)
class Needs:
    """Whether machines say the wake word (and near misses), and other words and sentences."""

    n_words: int  # that people recorded
    n_others: int
    n_long: int  # files of long speech or noise by people
    at_home: bool = False  # it is for the people who recorded, more than for strangers

    @property
    def _others_lack(self) -> bool:
        return self.n_others < ENOUGH_OTHERS or not self.n_long

    @property
    def enough(self) -> int:
        """How many recordings of the word are enough, among these other sounds.

        Where other words are machines' alone, so must be some of the wake word: else a net may tell
        people from machines instead of words.
        """
        return ENOUGH_AT_HOME if self.at_home and not self._others_lack else ENOUGH_WORDS

    @property
    def words(self) -> bool:
        """Whether machines say the wake word and near misses of it."""
        return self.n_words < self.enough

    @property
    def others(self) -> bool:
        """Whether they say other words and sentences.

        They do wherever they say the wake word: voices that say nothing else teach a net that such
        a voice is the word.
        """
        return self.words or self._others_lack

    def __str__(self) -> str:
        """What machines say, and why."""
        if self.words:
            return (
                f"machines say the word and other words too: people's recordings of it are "
                f"{self.n_words:,}, and {self.enough} are enough to do without{self._among}"
            )
        told = f"machines do not say the word: {self.n_words:,} recordings by people are enough"
        if not self.others:
            return f"{told}, and so are {self.n_others:,} clips of other words"
        return (
            f"{told}; they say other words and sentences: people's are {self.n_others:,} clips and "
            f"{self.n_long:,} files of long sound ({ENOUGH_OTHERS} and 1 are enough)"
        )

    @property
    def _among(self) -> str:
        if not (self.at_home and self._others_lack):
            return ""
        return (
            f" ({ENOUGH_AT_HOME} beside {ENOUGH_OTHERS} clips of other words by people and a file "
            f"of long sound; here {self.n_others:,} and {self.n_long:,})"
        )


def needs_of(inputs: Sequence[Input], *, at_home: bool = False) -> Needs:
    """What there is too little of among the files that people gave.

    What a table says a machine spoke is nobody's recording either.
    """
    given = (i.about for i in inputs if isinstance(i, FromFile) and not i.start_s)
    files = [about for about in given if about.source not in SYNTHETIC_SOURCES]
    clips = [about.label for about in files if about.kind is Kind.CLIP]
    n_words = clips.count(Label.POSITIVE)
    n_long = sum(about.kind is Kind.AMBIENT for about in files)
    return Needs(n_words, len(clips) - n_words, n_long, at_home)
