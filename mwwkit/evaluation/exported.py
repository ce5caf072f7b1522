"""The files that 05 writes, and what it left in a run, read.

exported = Exported(run)
print(exported.threshold.cutoff, exported.path(exported.names.model))
"""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated

from mwwkit.esphome.checks import ENDING
from mwwkit.evaluation.metrics_file import Metrics, Threshold
from mwwkit.run.checkpoint import completed
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import DataError, Key, Keyed, absent, from_json

FOLDER = "export"


@dataclass(frozen=True, kw_only=True)
class Names:
    """The files, in the order in which they are written; an earlier version wrote fewer."""

    model: str
    float_model: Annotated[str | None, Key("float")] = absent()
    onnx: str | None = absent()
    metrics: str
    yaml: str
    yaml_url: str | None = absent()
    certificate: str | None = absent()
    report: str | None = absent()
    page: str | None = absent()
    card: str | None = absent()
    manifest: str

    @classmethod
    def of(cls, slug: str, *, onnx: bool) -> "Names":
        """Those of a word, by its name as a file; with an ONNX file or without."""
        return cls(
            model=f"{slug}.tflite",
            float_model=f"{slug}.float.tflite",
            onnx=f"{slug}.onnx" if onnx else None,
            metrics=f"{slug}.metrics.json",
            yaml=f"{slug}.yaml",
            yaml_url=f"{slug}.url.yaml",
            certificate=f"{slug}{ENDING}",
            report=f"{slug}.report.json",
            page=f"{slug}.report.html",
            card=f"{slug}.card.md",
            manifest=f"{slug}.json",
        )

    def files(self) -> tuple[str, ...]:
        """Those that there are."""
        names = (getattr(self, each.name) for each in fields(Names))
        return tuple(name for name in names if name)


@dataclass(frozen=True)
class Sum:
    """A file's name and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Record(Names):
    """What 05's checkpoint says once it is complete: files, sums, the settings behind them."""

    sha256: Annotated[tuple[Sum, ...], Keyed("name", "sha256")]
    made_of: dict


@dataclass(frozen=True)
class Shipped:
    """The files that 05 wrote, or is about to, and the settings that they were made of."""

    folder: Path
    names: Names
    settings: dict

    def path(self, what: str) -> Path:
        """Where a file is."""
        return self.folder / getattr(self.names, what)


@dataclass(frozen=True)
class _Begin:
    """The part of the metrics that earlier versions wrote too."""

    threshold: Threshold


@dataclass(frozen=True)
class Exported:
    """What 05 left in a run. Raises CheckpointError where it has not finished."""

    run: Run

    @cached_property
    def record(self) -> Record:
        """Its checkpoint."""
        return from_json(Record, completed(self.run, FOLDER), f"{FOLDER}/checkpoint.json")

    def path(self, name: str) -> Path:
        """Where one of its files is; FileNotFoundError where it is not there."""
        return self.run.find(f"{FOLDER}/{name}")

    @property
    def model(self) -> Path:
        """The model that ships."""
        return self.path(self.record.model)

    @cached_property
    def threshold(self) -> Threshold:
        """The rule that ships."""
        path = self.path(self.record.metrics)
        return from_json(_Begin, read_json(path), str(path)).threshold

    @cached_property
    def metrics(self) -> Metrics:
        """All that it measured; ValueError where an earlier version measured less."""
        return read_metrics(self.path(self.record.metrics))


def read_metrics(path: Path) -> Metrics:
    """A file of metrics; ValueError, with what to do, where an earlier version wrote less."""
    try:
        return from_json(Metrics, read_json(path), str(path))
    except DataError as error:
        raise WrongInput(
            f"{error}: an earlier version wrote it; delete {path.parent} and run 05 again"
        ) from error
