"""Rates with their counts and 95 % intervals: of clips (`Rate`) and of events an hour (`Hourly`).

    print(Rate.counted(161, 164))         # 161 of 164: 98.2 % (94.7 to 99.6 %)
    print(Hourly.counted(0, 2.4))         # 0 in 2.40 h: at most 1.25

Their fields are their JSON (`mwwkit.run.typed_json`): where nothing was counted, only the counts.
"""

from dataclasses import dataclass
from math import ceil, log

import scipy

from mwwkit.run.errors import WrongInput
from mwwkit.run.quantities import span
from mwwkit.run.typed_json import Amount, Count, Share, absent

CONFIDENCE = 0.95  # of every interval


@dataclass(frozen=True)
class Interval:
    """A measured value and the ends of its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """So many of so many, and where the true share lies with 95 %; no share of none."""

    count: Count
    of: Count
    value: Share | None = absent()
    low: Share | None = absent()
    high: Share | None = absent()

    @classmethod
    def counted(cls, count: int, of: int) -> "Rate":
        """`proportion`, or where there is nothing to count in the counts alone."""
        return proportion(count, of) if of else cls(0, 0)

    @property
    def counts(self) -> str:
        """ "137 of 144"."""
        return f"{self.count:,} of {self.of:,}"

    @property
    def percent(self) -> str:
        """ "95.1 %"."""
        return percent(self.value)

    @property
    def interval(self) -> str:
        """ "90.2 to 98.0 %"."""
        return between(self.low, self.high)

    def __str__(self) -> str:
        """ "137 of 144: 95.1 % (90.2 to 98.0 %)"."""
        if not self.of:
            return "none to count"
        return f"{self.counts}: {self.percent} ({self.interval})"


@dataclass(frozen=True)
class Hourly:
    """Events in hours, the true rate with 95 %, and what it does not pass with 95 %."""

    events: Count
    hours: Amount
    value: Amount | None = absent()
    low: Amount | None = absent()
    high: Amount | None = absent()
    at_most: Amount | None = absent()  # one-sided

    @classmethod
    def counted(cls, events: int, hours: float, digits: int = 3) -> "Hourly":
        """Both exact intervals; without hours the counts alone. Hours are kept to `digits`."""
        shown = round(hours, digits)
        if not hours:
            return cls(events, shown)
        ends = vars(false_accepts_per_hour(events, hours))
        return cls(events, shown, **ends, at_most=false_accepts_at_most(events, hours))

    @property
    def counts(self) -> str:
        """ "3 in 2.40 h"."""
        return f"{self.events:,} in {span(self.hours)}"

    @property
    def an_hour(self) -> str:
        """ "1.25"."""
        return an_hour(self.value)

    @property
    def interval(self) -> str:
        """ "0.258 to 3.65"."""
        return f"{an_hour(self.low)} to {an_hour(self.high)}"

    def __str__(self) -> str:
        """ "0 in 2.40 h: at most 1.25"."""
        return f"{self.counts}: at most {an_hour(self.at_most)}" if self.hours else "no hours"


def percent(share: float) -> str:
    """0.951 as "95.1 %"; none and all without a decimal."""
    return f"{100 * share:.{0 if share in (0, 1) else 1}f} %"


def between(low: float, high: float) -> str:
    """Two shares as "90.2 to 98.0 %"."""
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def an_hour(events: float) -> str:
    """Events an hour to three digits."""
    return f"{events:.3g}" if events < 999.5 else f"{events:,.0f}"


def roughly(events: float) -> str:
    """Events an hour to two digits, for what is only expected: 0.49, 120."""
    return an_hour(float(f"{events:.2g}"))


def seconds(value: float) -> str:
    """0.123 as "0.12 s"."""
    return f"{value:.2f} s"


def latency(median_s: float | None) -> str:
    """ "0.12 s after the word's end, median"."""
    return "none heard" if median_s is None else f"{seconds(median_s)} after the word's end, median"


def proportion(count: int, total: int) -> Rate:
    """`count` of `total` with its exact interval (Clopper and Pearson 1934, two-sided)."""
    if not 0 <= count <= total or total == 0:
        raise WrongInput(f"{count} of {total}; wanted a count between 0 and a total of at least 1")
    tail = (1 - CONFIDENCE) / 2  # by quantiles: binomtest finds roots, and its last digits differ
    low = 0.0 if count == 0 else scipy.stats.beta.ppf(tail, count, total - count + 1)
    high = 1.0 if count == total else scipy.stats.beta.ppf(1 - tail, count + 1, total - count)
    return Rate(count, total, count / total, float(low), float(high))


def false_accepts_per_hour(n_events: int, hours: float) -> Interval:
    """Events an hour with the exact Poisson interval (Garwood 1936, two-sided)."""
    if n_events < 0 or hours <= 0:
        raise WrongInput(f"{n_events} events in {hours} h; wanted at least 0 in more than 0 h")
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if n_events == 0 else scipy.stats.chi2.ppf(tail, 2 * n_events) / 2
    high = scipy.stats.chi2.ppf(1 - tail, 2 * n_events + 2) / 2
    return Interval(n_events / hours, float(low / hours), float(high / hours))


def false_accepts_at_most(n_events: int, hours: float) -> float:
    """The rate an hour that is not passed, with 95 %: the exact one-sided Poisson bound.

    No event in 2.4 h is under 1.25 an hour at 95 %: -ln(0.05) / 2.4 (Garwood 1936).
    """
    if n_events < 0 or not hours > 0:
        raise WrongInput(f"{n_events} events in {hours} h; wanted at least 0 in more than 0 h")
    return float(scipy.stats.chi2.ppf(CONFIDENCE, 2 * n_events + 2) / 2 / hours)


def hours_to_prove(rate: float) -> float:
    """Hours without an event after which `false_accepts_at_most` is `rate`; in tenths, upwards."""
    return ceil(log(20) / rate * 10) / 10
