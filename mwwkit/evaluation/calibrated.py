"""What calibrating a model's logit changed, on the split that was not fitted on.

    facts = of_test(temperature, before, after, window=5, about=provenance.records(run))
    print(facts.scale, [(each.condition, each.after.expected_error) for each in facts.conditions])

`before` and `after` are the same clips scored by two int8 models of one net. Counted are the words
that count (`provenance.whose_words`). The types are in `mwwkit.evaluation.metrics_file`.
"""

from collections.abc import Iterator

import numpy as np

from mwwkit.device.detector import Rule
from mwwkit.evaluation.measured import Calibration
from mwwkit.evaluation.metrics_file import BothCalibrations, BothRates, Calibrated, RatesAt
from mwwkit.evaluation.mistakes import ScoredSplit
from mwwkit.metrics.curves import Reliability, reliability
from mwwkit.metrics.operating_points import PerSet, operating_points
from mwwkit.metrics.temperature import Temperature
from mwwkit.scenes import provenance
from mwwkit.scenes.provenance import About

CUTOFFS = (0.5, 0.9)  # that are looked at before and after


def of_test(
    temperature: Temperature,
    before: ScoredSplit | None,
    after: ScoredSplit,
    window: int,
    about: About,
) -> Calibrated:
    """All of it; `before` is None where nothing was fitted, so that both are the same."""
    pairs, rates = (), ()
    if before:
        pairs = tuple(_conditions(before, after, window, about))
        rates = tuple(_rates(before, after, Rule(cutoff, window), about) for cutoff in CUTOFFS)
    return Calibrated(**vars(temperature), conditions=pairs, cutoffs=rates)


def as_facts(table: Reliability) -> Calibration:
    """A table as the file has it."""
    lists = (table.counts, table.mean_score, table.share_positive)
    return Calibration(table.ece, *(tuple(each.tolist()) for each in lists))


def _conditions(
    before: ScoredSplit, after: ScoredSplit, window: int, about: About
) -> Iterator[BothCalibrations]:
    """Each condition that has two words or more; the other words are as they were recorded."""
    if len(after.tracks.negatives) < 2:
        return
    counted = list(provenance.whose_words(after.sets.positives, about).counted)
    names = np.array(provenance.conditions(after.sets.positives))[counted]
    highest = Rule(0.5, window).highest  # of any cutoff
    words = [highest(split.tracks.positives)[counted] for split in (before, after)]
    others = [highest(split.tracks.negatives) for split in (before, after)]
    for name in dict.fromkeys(names.tolist()):
        if (names == name).sum() > 1:
            both = (
                as_facts(reliability(w[names == name], o))
                for w, o in zip(words, others, strict=True)
            )
            yield BothCalibrations(name, *both)


def _rates(before: ScoredSplit, after: ScoredSplit, rule: Rule, about: About) -> BothRates:
    counted = provenance.whose_words(after.sets.positives, about).counted

    def at(split: ScoredSplit) -> RatesAt:
        words = [split.tracks.positives[i] for i in counted]
        streams = PerSet(words, split.tracks.negatives, split.tracks.ambient)
        point = operating_points(*(each for _, each in streams.items()), (rule.window,)).at(rule)
        return RatesAt(point.recall, point.others_accepted, point.hourly())

    return BothRates(rule.cutoff, rule.window, at(before), at(after))
