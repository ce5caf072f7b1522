"""The devices a model may be meant for, and whether a shape fits each; no TensorFlow here.

    rows(size_report(SHAPES["mixed"]))      # under HEADS

A wake word is a guest on a device: it may have a share of what there is, the rest belongs to Wi-Fi,
sound, and whatever the device is for. The shares are ours; the plain ESP32, on which ESPHome's
official `okay_nabu` runs (github.com/esphome/firmware, pull request 242), shows they are not too
generous.
"""

from dataclasses import dataclass

from mwwkit.model.shapes import SizeReport

# Of the whole: up to the first a model fits, up to the second it is tight.
RAM_SHARES = (0.25, 0.50)
FLASH_SHARES = (0.10, 0.20)
SPEED_SHARES = (0.10, 0.40)
ARENA_MARGIN = 1.10  # as 05 states it

# Multiply-accumulates of one run of TensorFlow Lite Micro's person detection (MobileNet v1, width
# 0.25, one channel of 96 x 96), counted layer by layer.  Espressif gives the milliseconds it takes
# on three of its chips with esp-nn (README of github.com/espressif/esp-tflite-micro).
PERSON_DETECTION_MACS = 7_157_888
# ESPHome's slot for the program on 4 MB of flash, the least that the modules have
# (github.com/esphome/firmware, pull request 242: "maximum allowed (1835008 bytes)").
ESPHOME_SLOT = 1_835_008


def _person_detections(ms: float) -> int:
    """Multiply-accumulates a second of a chip that runs TFLM's person detection in `ms`."""
    return round(PERSON_DETECTION_MACS / ms * 1000)


@dataclass(frozen=True)
class Target:
    """What a device has. Bytes are of RAM that programs may use and of flash for the program."""

    name: str
    esphome: bool  # its micro_wake_word runs there
    ram_bytes: int
    flash_bytes: int
    macs_per_second: int | None  # measured on another net; None: nothing published was found
    source: str


# RAM of the ESP32 family: what is left in the example "Station", Wi-Fi connected (Espressif,
# esp-techpedia, "Memory Usage Comparison"); of the others all there is.  ESPHome puts the arena
# into PSRAM where there is some (its RAMAllocator's default); the speed is of internal memory, and
# PSRAM is slower.
_IDF = "Espressif: esp-techpedia, esp-tflite-micro"
TARGETS = (
    Target(
        "ESP32-S3 with PSRAM",
        esphome=True,
        ram_bytes=2_097_152,
        flash_bytes=ESPHOME_SLOT,
        macs_per_second=_person_detections(54),
        source=f"{_IDF}; the smallest PSRAM of its modules, 2 MB",
    ),
    Target("ESP32-S3", True, 273_000, ESPHOME_SLOT, _person_detections(54), _IDF),
    Target("ESP32", True, 230_000, ESPHOME_SLOT, _person_detections(380), _IDF),
    Target("ESP32-C3", True, 219_000, ESPHOME_SLOT, _person_detections(426), _IDF),
    Target(
        "RP2040 (Pico)",
        esphome=False,
        ram_bytes=264 * 1024,
        flash_bytes=2_097_152,
        macs_per_second=None,
        source="RP2040 and Pico datasheets: 264 kB of SRAM, 2 MB of flash, 133 MHz, no SIMD",
    ),
    Target(
        "nRF52840",
        esphome=False,
        ram_bytes=256 * 1024,
        flash_bytes=1_048_576,
        macs_per_second=None,
        source="nRF52840 product specification: 256 kB of RAM, 1 MB of flash, 64 MHz",
    ),
)
VERDICTS = ("fits", "tight", "too large")


@dataclass(frozen=True)
class Fit:
    """How much of a target a shape takes: shares of its RAM, flash and speed (None: not known)."""

    target: Target
    ram: float
    flash: float
    speed: float | None

    @property
    def verdict(self) -> str:
        """The worst of "fits", "tight" and "too large" over what is known."""
        shares = [(self.ram, RAM_SHARES), (self.flash, FLASH_SHARES)]
        shares += [(self.speed, SPEED_SHARES)] if self.speed is not None else []
        return VERDICTS[max(sum(share > limit for limit in limits) for share, limits in shares)]


def fit(report: SizeReport, target: Target) -> Fit:
    """The shares that a shape takes of a target."""
    speed = target.macs_per_second and report.macs_per_second / target.macs_per_second
    ram = report.arena_bytes * ARENA_MARGIN / target.ram_bytes
    return Fit(target, ram, report.int8_bytes / target.flash_bytes, speed)


HEADS = "device", "of its memory", "of its flash", "of its speed", "verdict"


def rows(report: SizeReport) -> list[tuple[str, ...]]:
    """A row for each target: shares of RAM, flash and speed, and the verdict."""
    found = []
    for target in TARGETS:
        fitted = fit(report, target)
        speed = "unknown" if fitted.speed is None else _percent(fitted.speed)
        remark = fitted.verdict if fitted.speed is not None else f"memory: {fitted.verdict}"
        remark += "" if target.esphome else " (not with ESPHome)"
        found.append((target.name, _percent(fitted.ram), _percent(fitted.flash), speed, remark))
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def warning(report: SizeReport) -> str:
    """What to know before hours are spent on a shape; empty where ESPHome's devices take it."""
    fits = [fit(report, target) for target in TARGETS if target.esphome]
    if all(fitted.verdict == "too large" for fitted in fits):
        return (
            f"{report.shape} is too large for every device that ESPHome's micro_wake_word runs on"
        )
    large = [fitted.target.name for fitted in fits if fitted.verdict == "too large"]
    return f"{report.shape} is too large for {', '.join(large)}" if large else ""
