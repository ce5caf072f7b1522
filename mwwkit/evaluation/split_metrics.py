"""Everything that 05 says about one split: rates, curves, groups, and what went wrong most.

    facts = of_split(Judged("test", sets, tracks), Rule(cutoff, window, target_fah, max_clip_fpr),
                     here)

It becomes `validation` and `test` in `<word>.metrics.json`. A RATE is {value, low, high}: 95 %.

    recall                   by condition: RATE + count, of; + by_speaker {low, high, speakers}
                             where two speakers or more are known
    other_clips_accepted     RATE + count, of
    false_accepts_per_hour   RATE + events, hours, at_most (one-sided, 95 %)
    median_latency_s         number or null
    latency                  detected, missed, median_s, p90_s, histogram {from_s, bin_s, counts,
                             earlier, later}
    clips                    by condition, against the other words as recorded, scores 0..1:
                             true_positives, false_negatives, false_positives, true_negatives,
                             accuracy, precision, recall, f1, false_positive_rate,
                             false_negative_rate at the shipped cutoff; roc_auc, partial_auc_0.1,
                             partial_auc_0.05, equal_error_rate (a RATE each; + cutoff);
                             calibration {expected_error, counts, mean_score, share_positive}
    at_target                what this split alone would choose: target_false_accepts_per_hour,
                             cutoff, window, recall (RATE), reached, note; null where a kind of
                             audio is missing
    surface                  windows [3], cutoffs [254] (of 255), hits, clip_false_accepts,
                             ambient_events [3][254], n_positives, n_negatives, ambient_hours
    detectors                what other rules would make of the same scores, by name of the rule,
                             stepped as the device steps: recall, false_accepts_per_hour as above
    groups                   merged_below {clips, hours}, note (text, empty when all is known);
                             recall, other_clips_accepted {dimension: [row]}, row = RATE + group,
                             merged, count, of, units; false_accepts_per_hour {dimension: [row]},
                             row = RATE + group, merged, events, hours, at_most
    worst                    misses and false_accepts: [one], the worst first, at most 20 each;
                             one = set, index (FeatureSet.open(here, set).scenes[index] renders
                             it), clip (path in the run), from_s, to_s (span in that scene),
                             score 0..1 (highest mean of the window), at_s (of it), recipe (the
                             scene's record, of long streams the part in the span), and what is
                             known of speaker, source, condition, word

Dimensions: condition, snr, room, rt60, speaker, source, voice, word, label, kind; those that are
known. Scores and cutoffs are on the manifest's scale, where 1 is 255.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit.device.detector import detections, integer_cutoff
from mwwkit.device.firmware import CUTOFF_LEVELS
from mwwkit.evaluation import groups
from mwwkit.evaluation.mistakes import Judged, Rule, false_accepts, misses
from mwwkit.metrics.bootstrap import by_cluster, curve_intervals
from mwwkit.metrics.curves import (
    confusion,
    equal_error_rate,
    false_accepts_at_most,
    false_accepts_per_hour,
    latency_s,
    proportion,
    reliability,
)
from mwwkit.metrics.decision_rules import by_rule
from mwwkit.metrics.operating import CUTOFFS, Surface, choose_cutoff, clip_maxima, operating_points
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.scenes import provenance
from mwwkit.scenes.mining import heard_in

Facts = dict[str, Any]


def of_split(judged: Judged, rule: Rule, here: Run) -> Facts:
    """The table above. Raises FileNotFoundError for a room that the catalogue has and the run not.

    `here` is where the catalogue and the rooms are looked for.
    """
    about = provenance.records(here)
    surface = operating_points(judged.words, judged.others, judged.ambient, rule.windows)
    hit = clip_maxima(judged.words, rule.window) > rule.limit
    late = _latencies(judged, rule)
    return {
        **_rates(judged, rule, surface, hit, about),
        "median_latency_s": groups.latencies(late)["median_s"],
        "latency": groups.latencies(late),
        "clips": _clips(judged, rule),
        "at_target": _at_target(surface, rule),
        "surface": _surface(surface),
        "detectors": by_rule(judged.words, judged.ambient, rule.cutoff, rule.window),
        "groups": _groups(judged, rule, hit, about, here),
        "worst": {
            "misses": misses(judged, rule, about),
            "false_accepts": false_accepts(judged, rule, about),
        },
    }


def _rates(judged: Judged, rule: Rule, surface: Surface, hit, about) -> Facts:
    conditions = np.array([facts["condition"] for facts in judged.sets["words"].facts])
    row, column = rule.windows.index(rule.window), integer_cutoff(rule.cutoff) - 1
    wrong = int(surface.clip_false_accepts[row, column])
    events, hours = int(surface.ambient_events[row, column]), surface.ambient_hours
    accepted: Facts = {"count": wrong, "of": surface.n_negatives}
    hourly: Facts = {"events": events, "hours": round(hours, 3)}
    if surface.n_negatives:
        accepted |= vars(proportion(wrong, surface.n_negatives))
    if hours:
        hourly |= vars(false_accepts_per_hour(events, hours))
        hourly["at_most"] = false_accepts_at_most(events, hours)
    speakers = np.array(_speakers(judged, about))
    recall = {}
    for name in dict.fromkeys(conditions.tolist()):
        own = conditions == name
        count, of = int(hit[own].sum()), int(own.sum())
        recall[name] = vars(proportion(count, of)) | {"count": count, "of": of}
        known = own & (speakers != "")
        if (n_known := len(set(speakers[known]))) > 1:
            by = by_cluster(hit[known], speakers[known], rng(0, "by speaker", name))
            recall[name]["by_speaker"] = {"low": by.low, "high": by.high, "speakers": n_known}
    return {
        "recall": recall,
        "other_clips_accepted": accepted,
        "false_accepts_per_hour": hourly,
    }


def _speakers(judged: Judged, about: provenance.About) -> list[str]:
    paths = provenance.clip_names(judged.sets["words"])
    return [about[path].speaker if path in about else "" for path in paths]


def _latencies(judged: Judged, rule: Rule) -> np.ndarray:
    pairs = zip(judged.words, judged.sets["words"].ends_s, strict=True)
    return np.array([latency_s(t, ends[0], rule.cutoff, rule.window) for t, ends in pairs])


def _clips(judged: Judged, rule: Rule) -> Facts:
    """Figures of clips, by condition of the words; the other words are as they were recorded."""
    negatives = judged.maxima("others", rule.window)
    if len(negatives) < 2:
        return {}
    positives = judged.maxima("words", rule.window)
    conditions = np.array([facts["condition"] for facts in judged.sets["words"].facts])
    cutoff = rule.limit / (rule.window * CUTOFF_LEVELS)
    found = {}
    for name in dict.fromkeys(conditions.tolist()):
        own = positives[conditions == name]
        if len(own) > 1:
            found[name] = _clip_figures(own, negatives, cutoff, name)
    return found


def _clip_figures(positives: np.ndarray, negatives: np.ndarray, cutoff: float, name: str) -> Facts:
    counted = confusion(positives, negatives, cutoff)
    derived = ("accuracy", "precision", "recall", "f1", "false_positive_rate")
    table = reliability(positives, negatives)
    areas = curve_intervals(positives, negatives, rng(0, "curves", name))
    facts = vars(counted) | {n: getattr(counted, n) for n in (*derived, "false_negative_rate")}
    facts |= {area: vars(interval) for area, interval in areas.items()}
    nearest = equal_error_rate(positives, negatives)[1]
    facts["equal_error_rate"] |= {"cutoff": None if np.isinf(nearest) else nearest}
    facts["calibration"] = {
        "expected_error": table.ece,
        **{n: getattr(table, n).tolist() for n in ("counts", "mean_score", "share_positive")},
    }
    return facts


def _at_target(surface: Surface, rule: Rule) -> Facts | None:
    if not (surface.n_positives and surface.n_negatives and surface.ambient_hours):
        return None
    choice = choose_cutoff(surface, rule.target_fah, rule.max_clip_fpr)
    return {
        "target_false_accepts_per_hour": rule.target_fah,
        "cutoff": choice.cutoff,
        "window": choice.window,
        "recall": vars(choice.recall),
        "reached": choice.reached,
        "note": choice.note,
    }


def _surface(surface: Surface) -> Facts:
    facts = {"windows": list(surface.windows), "cutoffs": CUTOFFS.tolist()}
    for name in ("hits", "clip_false_accepts", "ambient_events"):
        facts[name] = getattr(surface, name).tolist()
    return facts | {
        "n_positives": surface.n_positives,
        "n_negatives": surface.n_negatives,
        "ambient_hours": round(surface.ambient_hours, 4),
    }


def _groups(judged: Judged, rule: Rule, hit, about: provenance.About, here: Run) -> Facts:
    locate: Callable[[str], Path] | None = here.find if about else None
    words, others = judged.sets["words"], judged.sets["others"]
    of_words = provenance.clip_groups(words, about, locate)
    paths = provenance.clip_names(words)
    # A voice is drawn with all its clips, a clip with all its conditions.
    units = [s or p for s, p in zip(_speakers(judged, about), paths, strict=True)]
    recall = {}
    for name in ("condition", "snr", "room", "rt60", "speaker", "source", "voice"):
        if of_words.get(name):
            drawn = paths if name == "speaker" else units
            recall[name] = groups.recall_by(of_words[name], hit, drawn, rng(0, "groups", name))
    taken = {}
    if len(others):
        of_others = provenance.clip_groups(others, about)
        wrong = clip_maxima(judged.others, rule.window) > rule.limit
        names = provenance.clip_names(others)
        for name in ("speaker", "source", "voice", "word", "label"):
            if name in of_others:
                drawn = rng(0, "others", name)
                taken[name] = groups.recall_by(of_others[name], wrong, names, drawn)[::-1]
    return {
        "merged_below": {"clips": groups.MIN_CLIPS, "hours": groups.MIN_HOURS},
        "note": "" if about else "No clips/catalogue.csv at hand: no groups by voice or source.",
        "recall": recall,
        "other_clips_accepted": taken,
        "false_accepts_per_hour": _false_accepts_by(judged, rule, about),
    }


def _false_accepts_by(judged: Judged, rule: Rule, about: provenance.About) -> Facts:
    hours = provenance.stream_hours(judged.sets["ambient"], about)
    events: dict[str, Counter] = {name: Counter() for name in hours}
    for index, track in enumerate(judged.ambient):
        scene = judged.sets["ambient"].scenes[index]
        for at_s in detections(track, rule.cutoff, rule.window):
            path, _ = heard_in(scene, float(at_s))
            for name, group in provenance.stream_groups(path, about).items():
                events[name][group] += 1
    return {name: groups.false_accepts_by(events[name], hours[name]) for name in hours}
