"""Who was heard: the test words of people and of machines, never in one rate.

    heard = heard_words(metrics.test)
    print(heard.people)      # 78 of 84: 92.9 % (85.1 to 97.3 %)

A word is tested under several conditions, so a recording counts as often as there are of them.
"""

from dataclasses import dataclass

from mwwkit.evaluation.measured import SplitFigures
from mwwkit.metrics import judgement
from mwwkit.metrics.rates import Rate
from mwwkit.metrics.whose_words import TOGETHER, UNKNOWN, named

NONE = Rate.counted(0, 0)


@dataclass(frozen=True)
class Heard:
    """Words that woke it, of all, and of either kind of voice where the catalogue tells them apart.

    `apart` is False where it does not: then `people` and `machines` are empty.
    """

    words: Rate
    people: Rate
    machines: Rate
    apart: bool
    conditions: int  # under which each recording was tested

    def recordings(self, of: Rate) -> int:
        """How many different words a rate counts."""
        return round(of.of / max(self.conditions, 1))

    @property
    def mixed(self) -> bool:
        """Whether a rate of all words would be of people and of machines."""
        return bool(self.people.of and self.machines.of)

    @property
    def people_count(self) -> bool:
        """Whether enough people's words were tested to say how people are heard."""
        return self.apart and self.recordings(self.people) >= judgement.FEWEST_WORDS

    @property
    def judged(self) -> Rate:
        """The rate that a model is judged by: people's where they are enough, or more than others.

        Enough to choose by (`judgement.FEWEST_RECORDINGS`); whether they are enough to tell
        anything is for `judgement.hearing` to say. Too few people are enough to condemn it, where
        most of them must be missed.
        """
        if not self.apart:
            return self.words
        enough = self.recordings(self.people) >= judgement.FEWEST_RECORDINGS
        few = self.people.of and self.hearing(self.people) in ("deaf", "too shy")
        if enough or few or self.people.of >= self.machines.of:
            return self.people
        return self.machines

    def hearing(self, rate: Rate) -> judgement.Hearing:
        """What a rate says, by how many recordings it counts."""
        return judgement.hearing(rate.value or 0.0, self.recordings(rate))

    def whose(self, rate: Rate) -> str:
        """ "words that people said", or all words where that is not known."""
        if not self.apart:
            return "test words"
        return "test words that people said" if rate is self.people else "test words of machines"

    @property
    def rows(self) -> tuple[tuple[str, Rate], ...]:
        """Whose words, and their rate: people's and machines' apart where that is known."""
        if not self.apart:
            return (("the test words", self.words),)
        return (("people's words", self.people), ("machines' words", self.machines))

    def __str__(self) -> str:
        """ "Of people's words it heard 78 of 84: 92.9 % (...). Of machines' words it heard ..."."""
        told = [f"Of {whose} it heard {rate}." for whose, rate in self.rows if rate.of]
        return " ".join(told) or "No word was tested."


def heard_words(test: SplitFigures) -> Heard:
    """What the figures of a split say."""
    hits, of = sum(row.count for row in test.recall), sum(row.of for row in test.recall)
    voices = (by for by in test.groups.recall if by.dimension == "voice")
    rows = (row for by in voices for row in by.rows)
    named = {row.group: Rate(row.count, row.of, row.value, row.low, row.high) for row in rows}
    # Two kinds too small to stand alone are merged under another name: not told apart.
    apart = bool(named) and named.keys() <= {"recorded", "synthetic"}
    people, machines = (named.get(name, NONE) for name in ("recorded", "synthetic"))
    if not apart:
        people = machines = NONE
    elif test.words and test.words.whose == "people":  # what `recall` counts; machines beside it
        hits, of = people.count + machines.count, people.of + machines.of
    return Heard(Rate.counted(hits, of), people, machines, apart, len(test.recall))


def counted_in(figures: SplitFigures) -> str:
    """What the rates of hearing of a split count: "people's words"."""
    if figures.words:
        return named(figures.words.whose)
    return TOGETHER if heard_words(figures).mixed else UNKNOWN
