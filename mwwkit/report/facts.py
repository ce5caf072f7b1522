"""All figures of a report: what `<word>.report.json` holds, and the page and the card show.

`validation` and `test` are 05's figures as they stand (`mwwkit.evaluation.measured`); the rest is
beside them. Counts stand with every share, and floats are rounded, so that the last bits of a sum
change no byte. `report.schema.json` is made of the classes run, by `report_schema`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from mwwkit.device.detector import manifest_cutoff
from mwwkit.esphome import manifest
from mwwkit.evaluation.exported import Shipped, read_metrics
from mwwkit.evaluation.measured import SplitFigures
from mwwkit.evaluation.metrics_file import Calibrated, Parity, Threshold
from mwwkit.metrics.operating_points import Surface
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.report import licences, origins
from mwwkit.report.cutoff_choices import Advice, advice
from mwwkit.report.licences import Licence
from mwwkit.report.origins import Data, DeviceNeeds, File, StageSettings, Version
from mwwkit.report.verdict import Verdict, verdict
from mwwkit.run.checkpoint import finished
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import (
    Amount,
    Count,
    Keyed,
    Share,
    Text,
    absent,
    from_json,
    in_lines,
    says,
    schema,
    to_json,
)
from mwwkit.training.diagnosis import Diagnosis, diagnose, length
from mwwkit.training.evaluated import Evaluated, best

VERSION = 1
DIGITS = 6
SCHEMA = Path(__file__).with_name("report.schema.json")


@dataclass(frozen=True)
class TradePoint:
    """What another cutoff would do, at the shipped window; null for a share or rate of nothing."""

    cutoff: Share
    missed: Rate | None
    other_clips_accepted: Rate | None
    false_accepts_per_hour: Hourly | None


@dataclass(frozen=True)
class TradeOff:
    """Every distinct point at the shipped window, from the lowest cutoff up."""

    validation: tuple[TradePoint, ...]
    test: tuple[TradePoint, ...]


@dataclass(frozen=True, kw_only=True)
class CurvePoint(Evaluated):
    """A unit of training; what the int8 model reached where it was looked at."""

    course: str
    step: Count
    loss: float
    gradient_norm: Amount


@dataclass(frozen=True)
class Curves:
    """The course of 03 and of 04; empty for a stage that was not run."""

    training: tuple[CurvePoint, ...]
    tuned: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Report:
    """The report of a wake word.

    Shares and scores are 0..1; an interval is low to high, 95 %, about value. Readers of version 1
    may meet more keys in validation and test, no fewer.
    """

    format: Literal["mwwkit report"]
    version: Literal[1]
    wake_word: Text
    author: str
    languages: tuple[str, ...]
    verdict: Verdict
    threshold: Threshold
    validation: SplitFigures
    test: SplitFigures
    trade_off: TradeOff
    curves: Curves
    diagnosis: Diagnosis | None
    parity: Parity
    device: DeviceNeeds
    data: Data | None  # null where the catalogue of clips was not at hand
    licence: Licence
    advice: Annotated[tuple[Advice, ...], says(minItems=3, maxItems=3)]
    settings: Annotated[tuple[StageSettings, ...], Keyed("stage", "settings")]
    seed: int | None
    config_sha256: Annotated[str, says(pattern="^[0-9a-f]{64}$")]
    versions: Annotated[tuple[Version, ...], Keyed("package", "version")]
    files: Annotated[tuple[File, ...], says(minItems=5)]
    calibrated: Calibrated | None = absent()

    @property
    def made_by(self) -> str:
        """The version of mwwkit."""
        return next(each.version for each in self.versions if each.package == "mwwkit")


def report_schema() -> str:
    """The schema of the report, as its file has it; what 05 measures may be more one day."""
    definitions = schema(Report, lambda kind: not kind.__module__.startswith(__package__))
    named = {"$id": f"mwwkit/{SCHEMA.name}", "title": "The report of a wake word"}
    return in_lines(named | definitions) + "\n"


@dataclass(frozen=True)
class _MadeOf:
    """The setting of 05 that advice is given by."""

    max_clip_fpr: float


def facts_of(run: Run, shipped: Shipped) -> Report:
    """The whole report. Raises ValueError for metrics of a version that lacked some of it."""
    described = manifest.read(shipped.path("manifest"))
    metrics, data = read_metrics(shipped.path("metrics")), origins.data(run)
    threshold, stages = metrics.threshold, origins.settings(run, shipped)
    validation, test = metrics.validation.surface, metrics.test.surface
    hourly = metrics.validation.false_accepts_per_hour
    max_clip_fpr = from_json(_MadeOf, shipped.settings, "05's settings").max_clip_fpr
    report = Report(
        format="mwwkit report",
        version=VERSION,
        wake_word=described.wake_word,
        author=described.author,
        languages=described.trained_languages,
        verdict=verdict(threshold, hourly, metrics.test, data, origins.trained(stages)),
        threshold=threshold,
        validation=metrics.validation,
        test=metrics.test,
        trade_off=TradeOff(*(trade_off(each, threshold.window) for each in (validation, test))),
        curves=Curves(_curves(run, "training"), _curves(run, "tuned")),
        diagnosis=_diagnosis(run),
        parity=metrics.parity,
        device=origins.device(described, metrics.model, metrics.arena, shipped.path("yaml")),
        data=data,
        licence=licences.of_data(data),
        advice=advice(validation, test, threshold, max_clip_fpr),
        settings=stages,
        seed=origins.seed(stages),
        config_sha256=origins.digest(stages),
        versions=origins.versions(),
        files=origins.files(shipped),
        calibrated=metrics.calibrated,
    )
    # As the file has it, so that the page and the file cannot disagree.
    return from_json(Report, to_json(report, DIGITS))


def trade_off(surface: Surface, window: int) -> tuple[TradePoint, ...]:
    """Every distinct point at the shipped window with its intervals, from the lowest cutoff up."""
    points, last = [], None
    for cutoff, at in zip(surface.cutoffs, surface.row(window), strict=True):
        if at != last:
            last = at
            points.append(
                TradePoint(
                    manifest_cutoff(cutoff),
                    at.missed if at.n_positives else None,
                    at.others_accepted if at.n_negatives else None,
                    at.hourly(digits=4) if at.hours else None,
                )
            )
    return tuple(points)


@dataclass(frozen=True)
class _Unit:
    """What a checkpoint keeps of a unit of training."""

    loss: float
    gradient_norm: float
    choice: Evaluated = Evaluated()


def _curves(run: Run, folder: str) -> tuple[CurvePoint, ...]:
    """What was recorded unit by unit; nothing for a stage that was not run."""
    if not run.all(f"{folder}/checkpoint.json"):
        return ()
    points = []
    for name, facts in finished(run, folder).items():
        course, _, step = name.rpartition("step-")
        unit = from_json(_Unit, facts, f"{folder}/checkpoint.json, {name}")
        about = {"course": course.strip("-"), "step": int(step)}
        about |= {"loss": unit.loss, "gradient_norm": unit.gradient_norm}
        points.append(CurvePoint(**about, **vars(unit.choice)))
    return tuple(points)


def _diagnosis(run: Run) -> Diagnosis | None:
    """What 03's history shows, in words; None where the run that holds it is not at hand."""
    if not run.all("training/checkpoint.json"):
        return None
    done = finished(run, "training")
    return diagnose(done, best(done), length(run))
