"""All figures of a report, as JSON has them: `report.schema.json` says what is where.

`validation` and `test` are 05's metrics as they stand (`mwwkit.evaluation.split_metrics`); the
rest is beside them. Counts stand with every share, and floats are rounded, so that the last bits of
a sum change no byte.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit.device.detector import manifest_cutoff
from mwwkit.metrics.curves import false_accepts_per_hour, proportion
from mwwkit.report import licences, origins
from mwwkit.report.cutoff_choices import advice
from mwwkit.report.verdict import verdict
from mwwkit.run.checkpoint import finished
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.training.diagnosis import diagnose

VERSION = 1
SPLITS = ("validation", "test")
Facts = dict[str, Any]


@dataclass(frozen=True)
class Shipped:
    """The files that 05 wrote, or is about to."""

    folder: Path
    names: dict[str, str]  # what -> file name: model, float, metrics, yaml, manifest
    settings: Facts  # of 05

    def path(self, what: str) -> Path:
        """Where a file lies."""
        return self.folder / self.names[what]


def facts_of(here: Run, shipped: Shipped) -> Facts:
    """The whole report. Raises ValueError for metrics of a version that lacked what is told."""
    manifest, metrics = read_json(shipped.path("manifest")), read_json(shipped.path("metrics"))
    missing = [f"surface of {split}" for split in SPLITS if "surface" not in metrics[split]]
    missing += [] if "forms" in metrics["parity"] else ["forms of the model"]
    if missing:
        raise WrongInput(
            f"{shipped.path('metrics')} has no {' and no '.join(missing)}: an earlier version "
            f"wrote it; delete {shipped.folder} and run 05 again"
        )
    threshold, data = metrics["threshold"], origins.data(here)
    settings = origins.settings(here, shipped.settings)
    facts = {
        "format": "mwwkit report",
        "version": VERSION,
        "wake_word": manifest["wake_word"],
        "author": manifest["author"],
        "languages": manifest["trained_languages"],
        "verdict": verdict(threshold, metrics["test"], data),
        "threshold": threshold,
        **{split: metrics[split] for split in SPLITS},
        "trade_off": {s: trade_off(metrics[s]["surface"], threshold["window"]) for s in SPLITS},
        "curves": {folder: _curves(here, folder) for folder in ("training", "tuned")},
        "diagnosis": _diagnosis(here),
        "parity": metrics["parity"],
        "device": origins.device(manifest, metrics, shipped.path("yaml")),
        "data": data,
        "licence": licences.judged(data),
        "advice": advice(metrics, threshold, shipped.settings["max_clip_fpr"]),
        "settings": settings,
        "seed": settings.get("training", settings["features"]).get("seed"),
        "config_sha256": origins.digest(settings),
        "versions": origins.versions(),
        "files": origins.files(shipped.folder, shipped.names),
    }
    return rounded(facts)


def rounded(value: Any) -> Any:
    """With floats to six digits, tuples as lists, and None for what is no number."""
    if isinstance(value, dict):
        return {str(name): rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def trade_off(surface: Facts, window: int) -> list[Facts]:
    """Every distinct point at the shipped window with its intervals, from the lowest cutoff up.

    A share or rate of nothing (no words, no hours) is None.
    """
    row = surface["windows"].index(window)
    columns = zip(
        *(surface[name][row] for name in ("hits", "clip_false_accepts", "ambient_events")),
        strict=True,
    )
    n_words, n_others = surface["n_positives"], surface["n_negatives"]
    points, last = [], None
    for cutoff, counts in zip(surface["cutoffs"], columns, strict=True):
        if counts != last:
            hits, wrong, events = last = counts
            points.append(
                {
                    "cutoff": manifest_cutoff(cutoff),
                    "missed": _counted(n_words - hits, n_words),
                    "other_clips_accepted": _counted(wrong, n_others),
                    "false_accepts_per_hour": _hourly(events, surface["ambient_hours"]),
                }
            )
    return points


def _counted(count: int, of: int) -> Facts | None:
    return {"count": count, "of": of, **vars(proportion(count, of))} if of else None


def _hourly(events: int, hours: float) -> Facts | None:
    rate = vars(false_accepts_per_hour(events, hours)) if hours else None
    return {"events": events, "hours": hours, **rate} if rate else None


def _curves(here: Run, folder: str) -> list[Facts]:
    """What was recorded unit by unit; nothing for a stage that was not run."""
    if not here.all(f"{folder}/checkpoint.json"):
        return []
    rows = []
    for unit, facts in finished(here, folder).items():
        course, _, step = unit.rpartition("step-")
        row = {"course": course.strip("-"), "step": int(step)}
        row |= {name: facts[name] for name in ("loss", "gradient_norm")}
        choice = facts.get("choice", {})
        known = ("recall", "false_accepts_per_hour", "cutoff", "window", "late", "rank")
        rows.append(row | {name: choice[name] for name in known if name in choice})
    return rows


def _diagnosis(here: Run) -> Facts | None:
    """What 03's history shows, in words; None where the run that holds it is not at hand."""
    if not here.all("training/checkpoint.json"):
        return None
    return vars(diagnose(finished(here, "training")))
