"""Figures as people read them on the page and the card: counts beside every share."""

import re
from collections.abc import Iterable
from typing import TypeVar

from mwwkit.evaluation.measured import ClipFigures, ConditionRate, Latency
from mwwkit.metrics import rates
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.report.licences import LicenceOf
from mwwkit.report.origins import DeviceNeeds, Source, SplitData, Version
from mwwkit.scenes.scenes import Background, Scene

C = TypeVar("C", ConditionRate, ClipFigures)
NARROW = "\u202f"  # a narrow space that breaks no line, between a number and its unit


def glued(text: object) -> str:
    """With a narrow space between every number and its per cent sign."""
    return str(text).replace(" %", f"{NARROW}%")


def percent(share: float) -> str:
    """0.951 as "95.1 %"; none and all without a decimal."""
    return glued(rates.percent(share))


def condition(name: str) -> str:
    """ "babble10" as "babble at 10 dB", the loudness of the word over it."""
    found = re.fullmatch(r"([a-z]+)(-?\d+)", name)
    return f"{found[1]} at {found[2].replace('-', '−')} dB" if found else name


def seconds(value: float) -> str:
    """0.12 as "0.12 s"."""
    return f"{value:.2f}{NARROW}s".replace("-", "−")


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


def scene(made: Scene) -> list[tuple[str, str]]:
    """A recipe's parts, each with its name."""
    parts = [
        (
            "sound",
            f"{item.piece.path}, {item.piece.from_s:.2f} to {item.piece.to_s:.2f} s, at "
            f"{item.at_s:.2f} s",
        )
        for item in made.items
    ]
    parts += [("background", behind(made.background))]
    parts += [("from", piece.path) for chain in made.background.voices for piece in chain[:1]]
    return [*parts, ("room", made.room or "none"), ("seed", str(made.seed))]


NO_CATALOGUE = "The catalogue of clips was not at hand when this report was made."
SOURCE_HEADS = "source", "files", "hours", "speakers", "wake words", "licence"
SPLIT_HEADS = "split", "files", "hours", "speakers", "wake words"
LICENCE_HEADS = "source", "licence", "commercially", "why"


def in_order(rows: Iterable[C]) -> list[tuple[str, C]]:
    """What has a condition, clean first, then by name; with the condition in words."""
    found = sorted(rows, key=lambda row: (row.condition != "clean", row.condition))
    return [(condition(row.condition), row) for row in found]


def shown(share: Rate | None) -> str:
    """ "137 of 144: 95.1 % (90.2 to 98.0 %)"."""
    return glued(share or "none to count")


def hourly(found: Hourly | None) -> str:
    """ "0 in 2.40 h: at most 1.25"."""
    return str(found or "no hours")


def delay(late: Latency) -> str:
    """How soon half of the words that were heard woke it, with the median's interval, and most."""
    low_s, high_s = late.median_low_s, late.median_high_s
    ends = f" (95 %: {seconds(low_s)} to {seconds(high_s)})" if low_s is not None else ""
    return (
        f"Half of the {late.detected:,} words that were heard woke it within "
        f"{seconds(late.median_s)}{ends} of their end, nine in ten within {seconds(late.p90_s)}."
    )


def _numbers(found: Source | SplitData) -> tuple[str, str, str, str]:
    return (
        *(f"{found.files:,}", f"{found.hours:.2f}"),
        *(f"{found.speakers:,}", f"{found.wake_words:,}"),
    )


def source_row(found: Source) -> tuple[str, ...]:
    """Cells under SOURCE_HEADS."""
    name = found.source + (" (synthetic voices)" if found.synthetic else "")
    licences = "; ".join(text or "not stated" for text in found.licences)
    return (name, *_numbers(found), licences)


def split_row(found: SplitData) -> tuple[str, ...]:
    """Cells under SPLIT_HEADS."""
    return (found.split, *_numbers(found))


def licence_row(found: LicenceOf) -> tuple[str, ...]:
    """Cells under LICENCE_HEADS."""
    return (found.source, found.licence or "not stated", found.answer, found.why)


def versions(found: Iterable[Version]) -> str:
    """ "mwwkit 0.1.0, python 3.11.7"."""
    return ", ".join(f"{each.package} {each.version}" for each in found)


def device_rows(found: DeviceNeeds) -> list[tuple[str, str]]:
    """What a chip must have to spare, by name."""
    smallest = found.smallest_arena_bytes
    enough = f"; {smallest:,} were enough in TensorFlow Lite Micro" if smallest else ""
    rows = [
        ("model file", f"{found.model_bytes:,} bytes of flash (shape {found.shape})"),
        ("arena", f"{found.arena_bytes:,} bytes of memory{enough}"),
    ]
    if found.parameters:
        per_second = f"{found.macs_per_second / 1e6:.2f} million multiplications a second"
        rows.append(("work", f"{found.parameters:,} parameters, {per_second}"))
    return [*rows, ("ESPHome", f"{found.minimum_esphome_version} or later")]
