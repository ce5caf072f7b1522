"""Parity for 05: every form of the shipped model compared on the same audio, with clips' names.

    parity = of_run(made, other_models(made, training), validation, test, rule, run)

The types are in `mwwkit.evaluation.metrics_file`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mwwkit.device import firmware
from mwwkit.device.detector import Rule
from mwwkit.device.simulator import Device
from mwwkit.evaluation import net_forms
from mwwkit.evaluation.metrics_file import (
    Against,
    BothScores,
    HeardByAll,
    OnTest,
    Parity,
    Place,
    Unlike,
)
from mwwkit.evaluation.mistakes import MOST_SHOWN, ScoredSplit, whole_clip
from mwwkit.evaluation.net_forms import Form, Forms, Made
from mwwkit.metrics.operating_points import PerSet
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


@dataclass(frozen=True)
class OtherModel:
    """An int8 model of the same net that is compared with the one that ships."""

    name: str
    model: bytes


def other_models(made: Made, training: Spectrograms) -> tuple[OtherModel, ...]:
    """int8 models that differ from the shipped one in their calibration streams alone.

    A second or two each. `training` is the store that `evaluator.calibration` chose from.
    """
    from mwwkit.model.streaming import fold, to_int8  # TensorFlow

    folded = fold(made.net, made.temperature.scale, made.temperature.shift)
    return tuple(
        OtherModel(
            f"calibrated_on_{name}",
            to_int8(folded, made.net.shape, [to_float_features(stream) for stream in streams]),
        )
        for name, streams in other_calibrations(training).items()
    )


def of_run(
    made: Made,
    others: Sequence[OtherModel],
    validation: ScoredSplit,
    test: ScoredSplit,
    rule: Rule,
    run: Run,
) -> Parity:
    """All of it; `others` are further int8 models that are compared with `made`."""
    words = provenance.whose_words(validation.sets.positives, provenance.records(run))
    chosen, heard = _heard(validation, words.counted)
    forms = Forms((*net_forms.scores(made, heard).all, *(_form(other, heard) for other in others)))
    further = {other.name for other in others}
    against = []
    for form in forms.all:
        if than := "int8" if form.name in further else net_forms.AGAINST.get(form.name):
            difference = net_forms.compare(form.scores, forms.of(than), rule)
            named = Against(**vars(difference), form=form.name, than=than)
            against.append(_with_clips(named, validation, chosen))
    frames = sum(map(len, heard.ambient))
    return Parity(
        heard=HeardByAll(
            words=len(heard.positives),
            others=len(heard.negatives),
            streams=len(heard.ambient),
            stream_hours=round(frames * firmware.HOP_MS / 3.6e6, 4),
        ),
        forms=tuple(net_forms.rates(form, rule) for form in forms.all),
        against=tuple(against),
        test=_test(made, test, rule, run),
    )


def _form(other: OtherModel, heard: net_forms.Heard) -> Form:
    return Form(other.name, net_forms.int8_scores(Device(other.model, reference=True), heard))


def _heard(split: ScoredSplit, words: Sequence[int]) -> tuple[PerSet[np.ndarray], net_forms.Heard]:
    """Clips evenly spaced over each set, streams cut at MOST_STREAM_S in all; and their indices.

    Of its words those that count, which recall is told of.
    """
    chosen = split.sets.map(lambda features: evenly(len(features), MOST_CLIPS))
    counted = np.array(words, int)[evenly(len(words), MOST_CLIPS)]
    chosen = replace(chosen, positives=counted)
    left, streams = round(MOST_STREAM_S * 1000 / firmware.HOP_MS), []
    for index in chosen.ambient:
        streams.append(split.sets.ambient.store[int(index)][:left])
        left -= len(streams[-1])
        if not left:
            break
    return chosen, replace(_stored(split, chosen), ambient=streams)


def _stored(split: ScoredSplit, chosen: PerSet[np.ndarray]) -> net_forms.Heard:
    """The spectrograms of the clips that were chosen."""
    positives, negatives = (
        [split.sets.of(name).store[int(i)] for i in chosen.of(name)] for name in ("words", "others")
    )
    return PerSet(positives, negatives)


def _with_clips(against: Against, split: ScoredSplit, chosen: PerSet[np.ndarray]) -> Against:
    """With what sounded at every place, and its index among all of its set."""

    def named(place: Place) -> Place:
        features, index = split.sets.of(place.set), int(chosen.of(place.set)[place.index])
        if place.set == net_forms.STREAMS:
            return replace(place, index=index, clip=heard_in(features.scene(index), place.at_s)[0])
        return replace(place, index=index, clip=features.clip(index))

    return replace(
        against,
        largest_at=against.largest_at and named(against.largest_at),
        flipped=tuple(map(named, against.flipped)),
        differ=tuple(map(named, against.differ)),
    )


def _test(made: Made, test: ScoredSplit, rule: Rule, run: Run) -> OnTest:
    """Compare the int8 model with the float net on the clips of the test split."""
    clips = replace(test.sets, ambient=())
    chosen = clips.map(lambda features: evenly(len(features), MOST_TESTED))
    tracks = replace(test.tracks, ambient=())
    exact = PerSet(
        *(
            [tracks.of(name)[i] * np.float32(firmware.OUTPUT_SCALE) for i in indices]
            for name, indices in chosen.items()
        )
    )
    heard = _stored(test, chosen)
    whole = heard.map(made.whole_tracks)
    return OnTest(
        words=len(chosen.positives),
        others=len(chosen.negatives),
        clips=(
            *_both("word", whole.positives, exact.positives, rule),
            *_both("other", whole.negatives, exact.negatives, rule),
        ),
        differ=_unlike(net_forms.compare(exact, whole, rule).differ, chosen, test, rule, run),
    )


def _unlike(
    places: Sequence[Place], chosen: PerSet[np.ndarray], test: ScoredSplit, rule: Rule, run: Run
) -> tuple[Unlike, ...]:
    """The clips at some places, those of the largest difference first; MOST_SHOWN with recipes."""
    about, clips = provenance.records(run), []
    for place in sorted(places, key=lambda clip: -abs(clip.means[0] - clip.means[1])):
        index = int(chosen.of(place.set)[place.index])
        clip = Unlike(**vars(whole_clip(test, place.set, index, rule, about)), means=place.means)
        clips.append(clip if len(clips) < MOST_SHOWN else replace(clip, recipe=None))
    return tuple(clips)


def _both(
    sort: str, whole: Sequence[np.ndarray], exact: Sequence[np.ndarray], rule: Rule
) -> list[BothScores]:
    """The highest means of some clips by the float net and by the int8 model."""
    pairs = zip(*(net_forms.highest(tracks, rule) for tracks in (whole, exact)), strict=True)
    means = [BothScores(sort, *pair) for pair in pairs]
    return [means[i] for i in evenly(len(means), DRAWN)]
