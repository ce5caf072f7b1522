"""Figures as people read them on the page and the card: counts beside every share."""

import re
from collections.abc import Iterable
from typing import TypeVar

from mwwkit.evaluation.measured import ClipFigures, ConditionRate, Latency, SplitFigures
from mwwkit.evaluation.metrics_file import BothCalibrations, Calibrated, RatesAt, Threshold
from mwwkit.metrics import rates
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.metrics.whose_words import named
from mwwkit.report.licences import LicenceOf
from mwwkit.report.origins import Data, DeviceNeeds, Source, SplitData, Version
from mwwkit.report.voices import counted_heard
from mwwkit.scenes.scenes import Background, Scene

C = TypeVar("C", ConditionRate, ClipFigures, BothCalibrations)
NARROW = "\u202f"  # a narrow space that breaks no line, between a number and its unit


def glued(text: object) -> str:
    """With a narrow space between every number and its per cent sign."""
    return str(text).replace(" %", f"{NARROW}%")


def percent(share: float) -> str:
    """0.951 as "95.1 %"; none and all without a decimal."""
    return glued(rates.percent(share))


def condition(name: str) -> str:
    """ "babble10" as "babble at 10 dB", the loudness of the word over it."""
    noise = re.fullmatch(r"([a-z]+)(-?\d+)", name)
    return f"{noise[1]} at {noise[2].replace('-', '−')} dB" if noise else name


def seconds(value: float) -> str:
    """0.12 as "0.12 s"."""
    return rates.seconds(value).replace(" s", f"{NARROW}s").replace("-", "−")


def behind(background: Background) -> str:
    """The background of a scene, in words."""
    n, snr = len(background.voices), f"{background.snr_db:g} dB under the word's loudest"
    what = {
        "noise": "a recorded noise",
        "coloured": "coloured noise",
        "voice": "somebody else's talk",
        "babble": f"{n} other voices",
    }.get(background.kind)
    return f"{what}, {snr}" if what else background.kind


def scene(drawn: Scene) -> list[tuple[str, str]]:
    """A recipe's parts, each with its name."""
    parts = [
        (
            "sound",
            f"{item.piece.path}, {item.piece.from_s:.2f} to {item.piece.to_s:.2f} s, at "
            f"{item.at_s:.2f} s",
        )
        for item in drawn.items
    ]
    parts += [("background", behind(drawn.background))]
    parts += [("from", piece.path) for chain in drawn.background.voices for piece in chain[:1]]
    return [*parts, ("room", drawn.room or "none"), ("seed", str(drawn.seed))]


NO_CATALOGUE = "The catalogue of clips was not at hand when this report was made."
SOURCE_HEADS = "source", "files", "hours", "speakers", "wake words", "licence"
SPLIT_HEADS = "split", "files", "hours", "speakers", "wake words", "of these by people"
LICENCE_HEADS = "source", "licence", "commercially", "why"


def in_order(rows: Iterable[C]) -> list[tuple[str, C]]:
    """What has a condition, clean first, then by name; with the condition in words."""
    clean_first = sorted(rows, key=lambda row: (row.condition != "clean", row.condition))
    return [(condition(row.condition), row) for row in clean_first]


def shown(share: Rate | None) -> str:
    """ "137 of 144: 95.1 % (90.2 to 98.0 %)"."""
    return glued(share or "none to count")


def share(rate: Rate | None) -> str:
    """ "137 of 144: 95.1 %", where `ships` has the interval."""
    return glued(f"{rate.counts}: {rate.percent}") if rate and rate.of else "none to count"


def ships(chose: SplitFigures, threshold: Threshold) -> str:
    """What the shipped cutoff hears on the split that chose it, with the interval by speaker."""
    whose, at = chose.words.whose if chose.words else None, chose.surface.at(threshold)
    heard = counted_heard(chose.groups.recall, whose, at.recall)
    told = f"Of {named(whose)} on the validation split what ships hears {shown(heard)}"
    return f"{told}, by speaker." if heard is not at.recall else f"{told}."


def hourly(rate: Hourly | None) -> str:
    """ "0 in 2.40 h: at most 1.25"."""
    return str(rate or "no hours")


def calibrated(facts: Calibrated) -> str:
    """What was done so that a score says how sure the model is, and what it changed."""
    if facts.note:
        return f"Its scores were not calibrated: {facts.note}."
    fitted = (
        f"Its scores were calibrated on {facts.words:,} words, under each condition, "
        f"and {facts.others:,} clips of other words, all of the validation split: the logit times "
        f"{facts.scale:g}, {'less' if facts.shift < 0 else 'plus'} {abs(facts.shift):g}."
    )
    gaps = "; ".join(
        f"{name} {each.after.expected_error:.2f}, before {each.before.expected_error:.2f}"
        for name, each in in_order(facts.conditions)
    )
    if not gaps:
        return fitted
    return (
        f"{fitted} On the test split a score and the share of words among clips of that score, "
        f"were words and others equally frequent, are apart by (in the mean): {gaps}."
    )


def rates_at(rates: RatesAt) -> tuple[str, str, str]:
    """Words heard, other words taken for it, false accepts an hour."""
    wrong, heard = rates.other_clips_accepted, rates.false_accepts_per_hour
    return (
        share(rates.recall),
        shown(wrong if wrong.of else None),
        hourly(heard if heard.hours else None),
    )


def delay(latency: Latency, counted: str) -> str:
    """How soon half of the words that were heard woke it, with the median's interval, and most."""
    low_s, high_s = latency.median_low_s, latency.median_high_s
    ends = f" (95 %: {seconds(low_s)} to {seconds(high_s)})" if low_s is not None else ""
    return (
        f"Half of the {latency.detected:,} of {counted} that were heard woke it within "
        f"{seconds(latency.median_s)}{ends} of their end, "
        f"nine in ten within {seconds(latency.p90_s)}."
    )


def target(threshold: Threshold) -> str:
    """ "0.5 false accepts an hour, kept in what was counted on the validation split, ..."."""
    wanted = f"{threshold.target_false_accepts_per_hour:g} false accepts an hour"
    return f"{wanted}, {kept(threshold)}"


def kept(threshold: Threshold) -> str:
    """Whether the validation split keeps to the target, and whether that is proven."""
    if threshold.data_can_support_the_target:
        return "kept on the validation split, with enough audio to prove it"
    if threshold.target_reached_on_validation:
        counted = "kept in what was counted on the validation split"
        return f"{counted}, but that is too little audio to prove it"
    return "not kept on the validation split"


def shipped(threshold: Threshold) -> str:
    """What ships, what it was chosen for, and whose words chose it, in sentences."""
    told = f"What ships: {threshold.told}. Its target: {target(threshold)}."
    return f"{told} {threshold.chosen_by}" if threshold.chosen_by else told


def _numbers(data: Source | SplitData) -> tuple[str, str, str, str]:
    return (
        f"{data.files:,}",
        f"{data.hours:.2f}",
        f"{data.speakers:,}",
        f"{data.wake_words:,}",
    )


def source_row(source: Source) -> tuple[str, ...]:
    """Cells under SOURCE_HEADS."""
    name = source.source + (" (machines)" if source.synthetic else "")
    licences = "; ".join(text or "not stated" for text in source.licences)
    return (name, *_numbers(source), licences)


def split_row(split: SplitData) -> tuple[str, ...]:
    """Cells under SPLIT_HEADS."""
    return (split.split, *_numbers(split), f"{split.recordings:,}")


def recordings(data: Data | None) -> str:
    """Where people's recordings of the word went and whose test it; empty where nobody said."""
    told = data.recordings if data else None
    return f"{told[0].upper()}{told[1:]}." if told else ""


def shared_speakers(data: Data) -> str:
    """Whether clips of one speaker are all in one split; empty where nobody said."""
    if data.speakers_of_two_splits is None:
        return ""
    if not data.speakers_of_two_splits:
        return (
            "Clips of one speaker, where it is named, are all in the same split; where it is not, "
            "the same voice may be in training and in test, which flatters the figures."
        )
    n = data.speakers_of_two_splits
    return (
        f"Clips of {n:,} speaker{'s are' if n != 1 else ' are'} in more than one split, each file "
        "in one: a source with few speakers is split by file."
    )


def licence_row(licence: LicenceOf) -> tuple[str, ...]:
    """Cells under LICENCE_HEADS."""
    return (licence.source, licence.licence or "not stated", licence.answer, licence.why)


def versions(packages: Iterable[Version]) -> str:
    """ "mwwkit 0.1.0, python 3.11.7"."""
    return ", ".join(f"{each.package} {each.version}" for each in packages)


def device_rows(device: DeviceNeeds) -> list[tuple[str, str]]:
    """What a chip must have to spare, by name."""
    smallest = device.smallest_arena_bytes
    enough = f"; {smallest:,} were enough in TensorFlow Lite Micro" if smallest else ""
    rows = [
        ("model file", f"{device.model_bytes:,} bytes of flash (shape {device.shape})"),
        ("arena", f"{device.arena_bytes:,} bytes of memory{enough}"),
    ]
    if device.parameters:
        per_second = f"{device.macs_per_second / 1e6:.2f} million multiplications a second"
        rows.append(("work", f"{device.parameters:,} parameters, {per_second}"))
    return [*rows, ("ESPHome", f"{device.minimum_esphome_version} or later")]
