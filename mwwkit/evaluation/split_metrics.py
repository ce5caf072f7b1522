"""Everything that 05 says about one split: rates, curves, groups, and what went wrong most.

    figures = of_split(ScoredSplit("test", sets, tracks), Rule(0.9, window=5), aim, run)
    print(figures.recall, figures.false_accepts_per_hour)

The types are in `mwwkit.evaluation.measured`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mwwkit.device.detector import Rule, detections
from mwwkit.evaluation import groups
from mwwkit.evaluation.calibrated import as_facts
from mwwkit.evaluation.measured import (
    Aim,
    AtRule,
    AtTarget,
    BySpeaker,
    ClipFigures,
    ConditionRate,
    CountedWords,
    Crossing,
    Groups,
    HourlyBy,
    Latency,
    Least,
    RatesBy,
    SplitFigures,
    Worst,
)
from mwwkit.evaluation.mistakes import ScoredSplit, false_accepts, misses
from mwwkit.metrics.bootstrap import curve_intervals
from mwwkit.metrics.curves import confusion, equal_error_rate, latency_s, reliability
from mwwkit.metrics.cutoff_selection import choose_cutoff
from mwwkit.metrics.decision_rules import by_rule
from mwwkit.metrics.operating_points import Surface, hours_heard, operating_points
from mwwkit.metrics.rates import Hourly, Interval, Rate
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.scenes import provenance
from mwwkit.scenes.mining import heard_in
from mwwkit.scenes.provenance import About

OF_WORDS = ("condition", "snr", "room", "rt60", "speaker", "source")
OF_OTHERS = ("speaker", "source", "voice", "word", "label", "near miss")
COUNTED = (
    "true_positives",
    "false_negatives",
    "false_positives",
    "true_negatives",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "false_positive_rate",
    "false_negative_rate",
)


def of_split(split: ScoredSplit, rule: Rule, aim: Aim, run: Run) -> SplitFigures:
    """All of it. Raises FileNotFoundError for a room that the catalogue has and the run not.

    `run` is where the catalogue and the rooms are looked for. What is told as recall is people's,
    where there are enough of their words.
    """
    about = provenance.records(run)
    words = provenance.whose_words(split.sets.positives, about)
    counted = split.of_words(words.counted) if words.beside else split
    tracks = counted.tracks
    near = provenance.near_misses(split.sets.negatives, about)
    scored = tracks.positives, tracks.negatives, tracks.ambient
    surface = operating_points(*scored, aim.windows, near, aim.logit_scale)
    shipped, hit = surface.at(rule), rule.wakes(tracks.positives)
    latency = _latency(counted, rule, about)
    return SplitFigures(
        recall=_recall(counted, hit, about),
        other_clips_accepted=shipped.others_accepted,
        false_accepts_per_hour=shipped.hourly(),
        median_latency_s=latency.median_s,
        latency=latency,
        clips=_clips(counted, rule),
        at_target=_at_target(surface, aim, split.name),
        surface=surface.rounded(),
        detectors=by_rule(tracks.positives, tracks.ambient, rule),
        groups=_groups(split, counted, rule, about, run),
        worst=Worst(misses(split, rule, about), false_accepts(split, rule, about)),
        words=CountedWords(words.whose, words.n_people, words.n_machines),
    )


def at_rule(split: ScoredSplit, rule: Rule, about: About) -> AtRule:
    """What any rule does on a split, as `of_split` counts it: rates, latency, words by group."""
    words = provenance.whose_words(split.sets.positives, about)
    counted = split.of_words(words.counted) if words.beside else split
    tracks = counted.tracks
    hit, wrong = rule.wakes(tracks.positives), rule.wakes(tracks.negatives)
    n_events = sum(len(detections(track, rule)) for track in tracks.ambient)
    return AtRule(
        recall=Rate.counted(int(hit.sum()), len(hit)),
        other_clips_accepted=Rate.counted(int(wrong.sum()), len(wrong)),
        false_accepts_per_hour=Hourly.counted(n_events, hours_heard(tracks.ambient)),
        latency=_latency(counted, rule, about),
        groups=_recall_by(counted, rule, about, OF_WORDS, groups.MIN_CLIPS)
        + _recall_by(split, rule, about, ("voice",), min_clips=1),
    )


def _recall(split: ScoredSplit, hit: np.ndarray, about: About) -> tuple[ConditionRate, ...]:
    conditions = np.array(provenance.conditions(split.sets.positives))
    speakers = np.array(_speakers(split, about))
    rows = []
    for name in dict.fromkeys(conditions.tolist()):
        of_condition, by = conditions == name, None
        known = of_condition & (speakers != "")
        if (n_known := len(set(speakers[known]))) > 1:
            interval = groups.rate(hit[known], speakers[known], rng(0, "by speaker", name))
            by = BySpeaker(interval.low, interval.high, n_known)
        share = Rate.counted(int(hit[of_condition].sum()), int(of_condition.sum()))
        rows.append(ConditionRate(**vars(share), condition=name, by_speaker=by))
    return tuple(rows)


def _speakers(split: ScoredSplit, about: About) -> list[str]:
    records = map(about.of, provenance.clip_names(split.sets.positives))
    return [record.speaker if record else "" for record in records]


def _units(split: ScoredSplit, about: About) -> list[str]:
    """What is drawn: a voice with all its clips, a clip with all its conditions."""
    paths = provenance.clip_names(split.sets.positives)
    return [s or p for s, p in zip(_speakers(split, about), paths, strict=True)]


def _latency(split: ScoredSplit, rule: Rule, about: About) -> Latency:
    pairs = zip(split.tracks.positives, split.sets.positives.ends_s, strict=True)
    seconds = np.array([latency_s(track, ends_s[0], rule) for track, ends_s in pairs])
    return groups.latencies(seconds, _units(split, about), rng(0, "latency"))


def _clips(split: ScoredSplit, rule: Rule) -> tuple[ClipFigures, ...]:
    """Figures of clips, by condition of the words; the other words are as they were recorded."""
    negatives = rule.highest(split.tracks.negatives)
    if len(negatives) < 2:
        return ()
    positives = rule.highest(split.tracks.positives)
    conditions = np.array(provenance.conditions(split.sets.positives))
    alike = [(name, positives[conditions == name]) for name in dict.fromkeys(conditions.tolist())]
    return tuple(
        _clip_figures(scores, negatives, rule.level, name)
        for name, scores in alike
        if len(scores) > 1
    )


def _clip_figures(
    positives: np.ndarray, negatives: np.ndarray, cutoff: float, name: str
) -> ClipFigures:
    counted, table = confusion(positives, negatives, cutoff), reliability(positives, negatives)
    areas = curve_intervals(positives, negatives, rng(0, "curves", name))
    nearest = equal_error_rate(positives, negatives)[1]
    cutoff_there = None if np.isinf(nearest) else nearest
    return ClipFigures(
        condition=name,
        **{each: getattr(counted, each) for each in COUNTED},
        roc_auc=areas.roc_auc,
        partial_auc_10=areas.partial_auc_10,
        partial_auc_5=areas.partial_auc_5,
        equal_error_rate=Crossing(**vars(areas.equal_error_rate), cutoff=cutoff_there),
        calibration=as_facts(table),
    )


def _at_target(surface: Surface, aim: Aim, split: str) -> AtTarget | None:
    if not (surface.n_positives and surface.n_negatives and surface.ambient_hours):
        return None
    choice = choose_cutoff(surface, aim.target_fah, aim.max_clip_fpr, split)
    return AtTarget(
        choice.cutoff,
        choice.window,
        aim.target_fah,
        Interval(choice.recall.value, choice.recall.low, choice.recall.high),
        choice.kept,
        choice.note,
    )


def _groups(split: ScoredSplit, counted: ScoredSplit, rule: Rule, about: About, run: Run) -> Groups:
    """Of the counted words, but by voice of all: there people stand beside machines."""
    locate: Callable[[str], Path] | None = run.find if about else None
    by_others = _recall_by(counted, rule, about, OF_WORDS, groups.MIN_CLIPS, locate)
    by_voice = _recall_by(split, rule, about, ("voice",), min_clips=1)
    return Groups(
        merged_below=Least(groups.MIN_CLIPS, groups.MIN_HOURS),
        note="" if about else "No clips/catalogue.csv at hand: no groups by voice or source.",
        recall=by_others + by_voice,
        other_clips_accepted=_accepted_by(counted, rule, about),
        false_accepts_per_hour=_false_accepts_by(counted, rule, about),
    )


def _recall_by(
    split: ScoredSplit,
    rule: Rule,
    about: About,
    dimensions: tuple[str, ...],
    min_clips: int,
    locate: Callable[[str], Path] | None = None,
) -> tuple[RatesBy, ...]:
    positives, units = split.sets.positives, _units(split, about)
    by, hit = provenance.clip_groups(positives, about, locate), rule.wakes(split.tracks.positives)
    rates_by = []
    for name in dimensions:
        if by.get(name):
            drawn = provenance.clip_names(positives) if name == "speaker" else units
            rows = groups.recall_by(by[name], hit, drawn, rng(0, "groups", name), min_clips)
            rates_by.append(RatesBy(name, rows))
    return tuple(rates_by)


def _accepted_by(split: ScoredSplit, rule: Rule, about: About) -> tuple[RatesBy, ...]:
    negatives = split.sets.negatives
    if not len(negatives):
        return ()
    by, paths = provenance.clip_groups(negatives, about), provenance.clip_names(negatives)
    wrong = rule.wakes(split.tracks.negatives)
    rates_by = []
    for name in OF_OTHERS:
        if name in by:
            rows = groups.recall_by(by[name], wrong, paths, rng(0, "others", name))
            rates_by.append(RatesBy(name, rows[::-1]))
    return tuple(rates_by)


def _false_accepts_by(split: ScoredSplit, rule: Rule, about: About) -> tuple[HourlyBy, ...]:
    ambient, events = split.sets.ambient, []
    for index, track in enumerate(split.tracks.ambient):
        if len(at_s := detections(track, rule)):
            scene = ambient.scene(index)
            heard = [heard_in(scene, float(second))[0] for second in at_s]
            events += [provenance.stream_groups(path, about) for path in heard]
    return tuple(
        HourlyBy(
            name,
            groups.false_accepts_by(
                [of[name] for of in events if name in of], tuple(hours.items())
            ),
        )
        for name, hours in provenance.stream_hours(ambient, about).items()
    )
