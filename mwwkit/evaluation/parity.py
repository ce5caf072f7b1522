"""How faithful the shipped model is, for 05: every form of it on the same audio, with clips' names.

    facts = of_run(made, other_models, validation, test, rule, here)

It becomes `parity` in `<word>.metrics.json`. A RATE is {value, low, high}: 95 %.

    heard      words, others, streams (spectrograms of the validation split), stream_hours
    forms      by name: recall, other_clips_accepted (RATE + count, of), false_accepts_per_hour
               (RATE + events, hours). The names are those of `mwwkit.evaluation.net_forms`, and
               calibrated_on_... where int8 models of other calibration streams were made
    against    [{form, than} + what `net_forms.compare` tells, with the clip beside every place;
               `differ` has `means` of form and than]
    test       int8 than float on clips of the test split: words, others, clips [{clip: word or
               other, float, int8}] for a figure, differ as above, each with what
               `mwwkit.evaluation.split_metrics` tells of a mistake (the first with their recipes,
               to be heard)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mwwkit.device import firmware
from mwwkit.device.simulator import Device
from mwwkit.evaluation import net_forms
from mwwkit.evaluation.mistakes import WORST, Judged, Rule, mistake
from mwwkit.metrics.operating import JUDGED_BY
from mwwkit.model.streaming import fold, to_int8
from mwwkit.run.paths import Run
from mwwkit.run.spacing import evenly
from mwwkit.scenes import provenance
from mwwkit.scenes.mining import heard_in
from mwwkit.training.batches import Spectrograms
from mwwkit.training.evaluator import other_calibrations, to_float_features

MOST_CLIPS = 200  # of a sort, of the validation split, in every form
MOST_STREAM_S = 600.0
MOST_TESTED = 2000  # clips of a sort, of the test split
DRAWN = 120  # of a sort, in the figure
Facts = dict[str, Any]


def other_models(made: net_forms.Made, training: Spectrograms) -> dict[str, bytes]:
    """int8 models that differ from the shipped one in their calibration streams alone.

    A second or two each. `training` is the store that `evaluate.calibration` chose from.
    """
    folded = fold(made.net, scale=made.scale)
    return {
        f"calibrated_on_{name}": to_int8(
            folded, made.net.shape, [to_float_features(stream) for stream in streams]
        )
        for name, streams in other_calibrations(training).items()
    }


def of_run(
    made: net_forms.Made,
    others: Mapping[str, bytes],
    validation: Judged,
    test: Judged,
    rule: Rule,
    here: Run,
) -> Facts:
    """The table above; `others` are further int8 models, by name, that are compared with `made`."""
    chosen, heard = _heard(validation)
    forms = net_forms.scores(made, heard)
    for name, model in others.items():
        device = Device(model, reference=True)
        forms[name] = {n: net_forms.int8_tracks(device, those) for n, those in heard.items()}
    against = []
    for form in forms:
        if (than := net_forms.AGAINST.get(form, "int8" if form in others else None)) is not None:
            found = net_forms.compare(forms[form], forms[than], rule.cutoff, rule.window)
            places = [*found["flipped"], *found["differ"], found["largest_at"]]
            for place in filter(None, places):
                place["index"] = int(chosen[place["set"]][place["index"]])
                place["clip"] = _clip(validation, place)
            against.append({"form": form, "than": than} | found)
    frames = sum(map(len, heard["ambient"]))
    return {
        "heard": {
            **{
                n: len(heard[k])
                for n, k in zip(("words", "others", "streams"), JUDGED_BY, strict=True)
            },
            "stream_hours": round(frames * firmware.HOP_MS / 3.6e6, 4),
        },
        "forms": {
            name: net_forms.rates(of, rule.cutoff, rule.window) for name, of in forms.items()
        },
        "against": against,
        "test": _test(made, test, rule, here),
    }


def _heard(judged: Judged) -> tuple[dict[str, np.ndarray], dict[str, list[np.ndarray]]]:
    """Clips evenly spaced over each set, streams cut at MOST_STREAM_S in all; and their indices."""
    chosen = {name: evenly(len(judged.sets[name]), MOST_CLIPS) for name in JUDGED_BY}
    heard = {n: [judged.sets[n].store[int(i)] for i in chosen[n]] for n in ("words", "others")}
    left, streams = round(MOST_STREAM_S * 1000 / firmware.HOP_MS), []
    for index in chosen["ambient"]:
        streams.append(judged.sets["ambient"].store[int(index)][:left])
        left -= len(streams[-1])
        if not left:
            break
    return chosen, heard | {"ambient": streams}


def _clip(judged: Judged, place: Facts) -> str:
    """The path of what sounded there, "" between clips."""
    features = judged.sets[place["set"]]
    if place["set"] == "ambient":
        return heard_in(features.scenes[place["index"]], place["at_s"])[0]
    return features.facts[place["index"]]["clip"]


def _test(made: net_forms.Made, test: Judged, rule: Rule, here: Run) -> Facts:
    """int8 than float on the clips of the test split."""
    chosen = {n: evenly(len(test.sets[n]), MOST_TESTED) for n in ("words", "others")}
    exact = {n: [getattr(test, n)[i] / np.float32(256) for i in chosen[n]] for n in chosen}
    heard = {n: [test.sets[n].store[int(i)] for i in chosen[n]] for n in chosen}
    whole = {n: net_forms.whole_tracks(made.net, heard[n], made.scale) for n in chosen}
    found = net_forms.compare(exact, whole, rule.cutoff, rule.window)
    found["differ"].sort(key=lambda one: -abs(one["means"][0] - one["means"][1]))
    about, differ = provenance.records(here), []
    for one in found["differ"]:
        index = int(chosen[one["set"]][one["index"]])
        facts = mistake(test, one["set"], index, rule, about)
        if len(differ) >= WORST:
            del facts["recipe"]
        differ.append(facts | {"means": one["means"]})
    clips = []
    for name, sort in (("words", "word"), ("others", "other")):
        pairs = zip(
            *(net_forms.highest(of[name], rule.window) for of in (whole, exact)), strict=True
        )
        means = [{"clip": sort, "float": f, "int8": q} for f, q in pairs]
        clips += [means[i] for i in evenly(len(means), DRAWN)]
    return {n: len(those) for n, those in chosen.items()} | {"clips": clips, "differ": differ}
