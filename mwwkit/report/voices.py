"""Who was heard: the test words of people and of machines, never in one rate.

    heard = heard_words(metrics.test, data)
    print(heard.people)      # 78 of 84: 92.9 % (85.1 to 97.3 %)

A word is tested under several conditions, so a recording counts as often as there are of them.
Every interval of words heard that is told is by speaker, of `counted_heard` or `by_condition`:
clips of one voice are heard or missed together.
People are called the household where each of them also taught the model, strangers where nobody
did, and neither where that is not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mwwkit.corpus.own_recordings import VoicesTested
from mwwkit.evaluation.measured import ConditionRate, RatesBy, SplitFigures
from mwwkit.metrics import judgement
from mwwkit.metrics.rates import Rate
from mwwkit.metrics.whose_words import TOGETHER, Whose, conversion, named
from mwwkit.report.origins import Data

NONE = Rate.counted(0, 0)
SIDES = '"at most" is a bound to one side, "0 to 5" an interval to both'
INTERVALS = (
    "Intervals hold with 95 %. Of words heard they are by speaker where one has several clips "
    f"here, else clip by clip, so that the same counts may have two of them; {SIDES}."
)


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
    voices_tested: VoicesTested | None = None  # None where that is not known
    counted: Whose | None = None  # what the split's rates count; an earlier version did not say

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
        whose = "strangers'" if self.who == "strangers" else f"{self.who}'s"
        return ((f"{whose} words", self.people), ("machines' words", self.machines))

    @property
    def who(self) -> str:
        """The people who test: "the household", "strangers", or "people" where neither is sure."""
        names = {"household": "the household", "strangers": "strangers"}
        return names.get(self.voices_tested.kind, "people") if self.voices_tested else "people"

    @property
    def called(self) -> str:
        """What the split's rates of hearing are of: "strangers' words" where people's alone count.

        An earlier version counted all words, and did not say whose they are.
        """
        if self.counted is None and self.mixed:
            return TOGETHER
        of_one_kind = [whose for whose, rate in self.rows if rate.of and self.apart]
        alone = self.counted == "people" or len(of_one_kind) == 1
        return of_one_kind[0] if alone and of_one_kind else named(self.counted)

    @property
    def of_strangers(self) -> bool:
        """Whether nobody who tests is known to the model, or may be."""
        return not self.voices_tested or self.voices_tested.kind == "strangers"

    @property
    def conversion(self) -> str:
        """How words become what the rates count; empty where each is heard once."""
        return conversion(self.conditions, *(rate.of for _, rate in self.rows))

    def __str__(self) -> str:
        """ "Of people's words it heard 78 of 84: 92.9 % (...). Of machines' words it heard ..."."""
        told = [f"Of {whose} it heard {rate}." for whose, rate in self.rows if rate.of]
        return " ".join(told) or "No word was tested."


def heard_words(test: SplitFigures, data: Data | None = None) -> Heard:
    """What the figures of a split say; `data` tells whether the model knows the voices."""
    hits, of = sum(row.count for row in test.recall), sum(row.of for row in test.recall)
    voices = (by for by in test.groups.recall if by.dimension == "voice")
    rows = (row for by in voices for row in by.rows)
    by_kind = {row.group: Rate(row.count, row.of, row.value, row.low, row.high) for row in rows}
    # Two kinds too small to stand alone are merged under another name: not told apart.
    apart = bool(by_kind) and by_kind.keys() <= {"recorded", "synthetic"}
    people, machines = (by_kind.get(name, NONE) for name in ("recorded", "synthetic"))
    if not apart:
        people = machines = NONE
    elif test.words and test.words.whose == "people":  # what `recall` counts; machines beside it
        hits, of = people.count + machines.count, people.of + machines.of
    words, who = Rate.counted(hits, of), data.voices_tested if data else None
    counted = test.words.whose if test.words else None
    return Heard(words, people, machines, apart, len(test.recall), who, counted)


def counted_heard(groups: Iterable[RatesBy], whose: Whose | None, exact: Rate) -> Rate:
    """Of the words that count, those heard, with the interval by speaker.

    `exact` where they are of people and machines, or nobody knows whose.
    """
    kind = {"people": "recorded", "machines": "synthetic"}.get(whose)
    rows = (row for by in groups if by.dimension == "voice" for row in by.rows)
    return next((row for row in rows if row.group == kind), exact)


def by_condition(figures: SplitFigures) -> tuple[ConditionRate, ...]:
    """The words heard under each condition, with the interval by speaker where voices are known."""
    groups = (by for by in figures.groups.recall if by.dimension == "condition")
    found = {row.group: row for by in groups for row in by.rows}
    ends = ((each, found.get(each.condition) or each.by_speaker or each) for each in figures.recall)
    return tuple(replace(each, low=of.low, high=of.high) for each, of in ends)


def of_intervals(figures: SplitFigures, heard: Heard) -> str:
    """What intervals by speaker hold for, to stand under a table; empty without known voices."""
    n = max((each.by_speaker.speakers for each in figures.recall if each.by_speaker), default=0)
    if not n:
        return ""
    others = f"for voices other than these {n:,}" if heard.of_strangers else f"of {n:,} voices"
    return (
        f"Intervals of words heard are by speaker, {others}: clips of one voice are alike, so "
        "these are wider than clip by clip."
    )
