"""What the int8 model reached at an evaluation, as a checkpoint keeps it; and in words.

    reached = evaluated(done[best(done)])
    print(reached)  # hears 97.8 % of people's words (44 of 45) at 0 false accepts an hour (0 in ...

Every place that tells of an evaluation says it by this, so that it is one number everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mwwkit.device.detector import Rule
from mwwkit.metrics.rates import Hourly, Rate, an_hour, latency, percent
from mwwkit.metrics.whose_words import MACHINES, Whose, conversion, named
from mwwkit.run.typed_json import Amount, Count, Share, absent, from_json

# Unit -> facts, as `training.loop` records them: loss, gradient_norm, sometimes a choice.
History = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Evaluated:
    """Rates of the words that count (`words_of` says whose), and of machines' that stand beside.

    `recordings` are the different ones among the `words`, which are tested under several
    conditions. `rank` orders candidates, as `Choice.rank` does. Earlier versions kept less.
    """

    recall: Share | None = absent()
    words: Count | None = absent()
    words_of: Whose | None = absent()
    recordings: Count | None = absent()
    machines_heard: Count | None = absent()
    machines_words: Count | None = absent()
    false_accepts_per_hour: Amount | None = absent()
    hours: Amount | None = absent()
    false_accepts_at_most: Amount | None = absent()
    false_accepts_expected: Amount | None = absent()
    false_accepts_target: Amount | None = absent()
    clip_false_accepts: Share | None = absent()
    median_latency_s: float | None = absent()
    cutoff: Share | None = absent()
    window: Count | None = absent()
    late: bool | None = absent()
    rank: tuple[float, ...] | None = absent()

    @property
    def heard(self) -> Rate | None:
        """The words that count; None where an earlier version did not keep how many there were."""
        return None if self.words is None else _rate(self.recall, self.words)

    @property
    def machines(self) -> Rate | None:
        """Machines' words beside them; None where there are none, or all count."""
        if not self.machines_words:
            return None
        return Rate.counted(self.machines_heard or 0, self.machines_words)

    @property
    def hourly(self) -> Hourly | None:
        """False accepts; None where an earlier version did not keep the hours."""
        if not self.hours:
            return None
        rate, at_most = self.false_accepts_per_hour, self.false_accepts_at_most
        return Hourly(round(rate * self.hours), self.hours, value=rate, at_most=at_most)

    @property
    def whose(self) -> str:
        """ "people's words", or what the counted words are."""
        return named(self.words_of)

    @property
    def short(self) -> str:
        """ "97.8 % of people's words, 95.0 % of machines' words, at 0 /h"."""
        beside = f", {self.machines.percent} of {MACHINES}," if self.machines else ""
        hourly = an_hour(self.false_accepts_per_hour)
        return f"{percent(self.recall)} of {self.whose}{beside} at {hourly} /h"

    def rows(self) -> dict[str, str]:
        """All of it that people ask for, by name; without what an earlier version did not keep."""
        rows = {"reached": f"{self} on the validation split"}
        if self.recordings and self.words:
            told = conversion(round(self.words / self.recordings), self.words)
            rows |= {"counted": told} if told else {}
        if self.cutoff is not None and self.window is not None:
            rows["cutoff"] = Rule(self.cutoff, self.window).told
        if self.words_of:
            rows["latency"] = latency(self.median_latency_s)
        if self.false_accepts_target is not None:
            rows["target"] = f"{self.false_accepts_target:g} false accepts an hour"
        return rows

    def __str__(self) -> str:
        """ "hears 97.8 % of people's words (44 of 45) and ... at 0 false accepts an hour (...)"."""
        told = f"hears {percent(self.recall)} of {self.whose}" + _counts(self.heard)
        if machines := self.machines:
            told += f" and {machines.percent} of {MACHINES}{_counts(machines)}"
        hourly = an_hour(self.false_accepts_per_hour)
        return f"{told} at {hourly} false accepts an hour{_counts(self.hourly)}"


def evaluated(facts: Mapping[str, Any]) -> Evaluated | None:
    """What a unit's facts say of the int8 model; None where it was not looked at."""
    choice = facts.get("choice")
    return None if choice is None else read(choice)


def read(choice: Mapping[str, Any]) -> Evaluated:
    """A choice as a checkpoint keeps it. Raises DataError where it is not one."""
    return from_json(Evaluated, dict(choice), "the choice")


def best(done: History) -> str:
    """Choose the checkpoint: the unit of highest rank among the late ones, latest on ties.

    On a few dozen validation clips an early unit can look as good by luck, while its weights are
    still on the way; those only draw the curve.
    """
    choices = {unit: facts["choice"] for unit, facts in done.items() if "choice" in facts}
    ranks = {unit: choice["rank"] for unit, choice in choices.items() if choice["late"]}
    return max(ranks, key=lambda unit: (ranks[unit], unit))


def _rate(share: float | None, of: int) -> Rate:
    return Rate.counted(round((share or 0.0) * of), of)


def _counts(rate: Rate | Hourly | None) -> str:
    return f" ({rate.counts})" if rate else ""
