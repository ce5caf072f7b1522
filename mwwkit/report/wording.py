"""Figures as people read them: counts beside every share."""

import re
from typing import Any

Facts = dict[str, Any]
NARROW = "\u202f"  # a narrow space that breaks no line, between a number and its unit


def percent(share: float) -> str:
    """0.951 as "95.1 %"; none and all without a decimal."""
    return f"{100 * share:.{0 if share in (0, 1) else 1}f}{NARROW}%"


def interval(facts: Facts) -> str:
    """The 95 % interval of a share."""
    return f"{percent(facts['low']).removesuffix(NARROW + '%')} to {percent(facts['high'])}"


def counts(facts: Facts) -> str:
    """ "137 of 144"."""
    return f"{facts['count']:,} of {facts['of']:,}"


def of_hours(facts: Facts) -> str:
    """ "3 in 2.40 h"."""
    return f"{facts['events']:,} in {facts['hours']:.2f} h"


def rate(value: float) -> str:
    """Events an hour to three digits."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def condition(name: str) -> str:
    """ "babble10" as "babble at 10 dB", the loudness of the word over it."""
    found = re.fullmatch(r"([a-z]+)(-?\d+)", name)
    return f"{found[1]} at {found[2].replace('-', '−')} dB" if found else name


def seconds(value: float) -> str:
    """0.12 as "0.12 s"."""
    return f"{value:.2f}{NARROW}s".replace("-", "−")


def behind(scene: Facts) -> str:
    """The background of a scene's recipe, in words."""
    background = scene["background"]
    if background["kind"] == "quiet":
        return "quiet"
    n, snr = len(background["voices"]), f"{background['snr_db']:g} dB under the word's loudest"
    what = {
        "noise": "a recorded noise",
        "coloured": "coloured noise",
        "voice": "somebody else's talk",
        "babble": f"{n} other voices",
    }[background["kind"]]
    return f"{what}, {snr}"


def scene(record: Facts) -> list[tuple[str, str]]:
    """A recipe's parts, each with its name."""
    parts = [
        (
            "sound",
            f"{item['piece']['path']}, {item['piece']['from_s']:.2f} to "
            f"{item['piece']['to_s']:.2f} s, at {item['at_s']:.2f} s",
        )
        for item in record["items"]
    ]
    parts += [("background", behind(record))]
    parts += [
        ("from", piece["path"]) for chain in record["background"]["voices"] for piece in chain[:1]
    ]
    return [*parts, ("room", record["room"] or "none"), ("seed", str(record["seed"]))]


NO_CATALOGUE = "The catalogue of clips was not at hand when this report was made."
SOURCE_HEADS = "source", "files", "hours", "speakers", "wake words", "licence"
SPLIT_HEADS = "split", "files", "hours", "speakers", "wake words"


def by_condition(facts: Facts) -> list[tuple[str, Facts]]:
    """Clean first, then by name; in words."""
    found = sorted(facts.items(), key=lambda item: (item[0] != "clean", item[0]))
    return [(condition(name), each) for name, each in found]


def shown(share: Facts | None) -> str:
    """ "137 of 144: 95.1 % (90.2 to 98.0 %)"."""
    if share is None:
        return "none to count"
    return f"{counts(share)}: {percent(share['value'])} ({interval(share)})"


def hourly(found: Facts | None) -> str:
    """ "0 in 2.40 h: at most 1.25"."""
    return f"{of_hours(found)}: at most {rate(found['at_most'])}" if found else "no hours"


def _numbers(found: Facts) -> tuple[str, str, str, str]:
    return (
        *(f"{found['files']:,}", f"{found['hours']:.2f}"),
        *(f"{found['speakers']:,}", f"{found['wake_words']:,}"),
    )


def source_row(found: Facts) -> tuple[str, ...]:
    """Cells under SOURCE_HEADS."""
    name = found["source"] + (" (synthetic voices)" if found["synthetic"] else "")
    licences = "; ".join(text or "not stated" for text in found["licences"])
    return (name, *_numbers(found), licences)


def split_row(name: str, found: Facts) -> tuple[str, ...]:
    """Cells under SPLIT_HEADS."""
    return (name, *_numbers(found))


def device_rows(found: Facts) -> list[tuple[str, str]]:
    """What a chip must have to spare, by name."""
    smallest = found["smallest_arena_bytes"]
    enough = f"; {smallest:,} were enough in TensorFlow Lite Micro" if smallest else ""
    rows = [
        ("model file", f"{found['model_bytes']:,} bytes of flash (shape {found['shape']})"),
        ("arena", f"{found['arena_bytes']:,} bytes of memory{enough}"),
    ]
    if found["parameters"]:
        per_second = f"{found['macs_per_second'] / 1e6:.2f} million multiplications a second"
        rows.append(("work", f"{found['parameters']:,} parameters, {per_second}"))
    return [*rows, ("ESPHome", f"{found['minimum_esphome_version']} or later")]
