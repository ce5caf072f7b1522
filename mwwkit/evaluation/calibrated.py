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
from mwwkit.metrics.operating_points import operating_points
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
        counted = provenance.whose_words(after.sets.positives, about).counted
        both = before.of_words(counted), after.of_words(counted)
        pairs = tuple(_conditions(*both, window))
        rates = tuple(_rates(*both, Rule(cutoff, window)) for cutoff in CUTOFFS)
    return Calibrated(**vars(temperature), conditions=pairs, cutoffs=rates)


def as_facts(table: Reliability) -> Calibration:
    """A table as the file has it."""
    lists = (table.counts, table.mean_score, table.share_positive)
    return Calibration(table.ece, *(tuple(each.tolist()) for each in lists))


def _conditions(before: ScoredSplit, after: ScoredSplit, window: int) -> Iterator[BothCalibrations]:
    """Each condition that has two words or more; the other words are as they were recorded."""
    if len(after.tracks.negatives) < 2:
        return
    names = np.array(provenance.conditions(after.sets.positives))
    highest = Rule(0.5, window).highest  # of any cutoff
    words = [highest(split.tracks.positives) for split in (before, after)]
    others = [highest(split.tracks.negatives) for split in (before, after)]
    for name in dict.fromkeys(names.tolist()):
        if (names == name).sum() > 1:
            of_name = (each[names == name] for each in words)
            tables = map(reliability, of_name, others)
            yield BothCalibrations(name, *map(as_facts, tables))


def _rates(before: ScoredSplit, after: ScoredSplit, rule: Rule) -> BothRates:
    return BothRates(rule.cutoff, rule.window, *(_rates_at(s, rule) for s in (before, after)))


def _rates_at(split: ScoredSplit, rule: Rule) -> RatesAt:
    tracks = split.tracks
    surface = operating_points(tracks.positives, tracks.negatives, tracks.ambient, (rule.window,))
    point = surface.at(rule)
    return RatesAt(point.recall, point.others_accepted, point.hourly())
