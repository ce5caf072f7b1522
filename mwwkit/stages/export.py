"""05 Weights to the files that ESPHome takes, each checked before it is written; and a report."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import numpy as np

from mwwkit.corpus import decided
from mwwkit.corpus.clips import refuse_without_clips
from mwwkit.device import arena
from mwwkit.esphome import esphome_package, gate, manifest
from mwwkit.esphome.certificate import Certificate, certify
from mwwkit.esphome.file_names import former_stem_of, stem_of
from mwwkit.evaluation import calibrated, decided_cutoff, parity
from mwwkit.evaluation.exported import Exported, Names, Shipped
from mwwkit.evaluation.measured import Aim
from mwwkit.evaluation.metrics_file import (
    ArenaFacts,
    Calibrated,
    Metrics,
    ModelFacts,
    OnnxFacts,
    Threshold,
)
from mwwkit.evaluation.mistakes import ScoredSplit
from mwwkit.evaluation.net_forms import Made
from mwwkit.evaluation.split_metrics import of_split
from mwwkit.metrics.cutoff_selection import Choice
from mwwkit.metrics.operating_points import SET_NAMES, PerSet
from mwwkit.model import onnx_model
from mwwkit.report import in_short, writing
from mwwkit.report.key_facts import key_facts, read_report
from mwwkit.run.checkpoint import Checkpoint, completed, finished, former_of
from mwwkit.run.config_base import Checked, Texts, at_least
from mwwkit.run.errors import WrongInput, all_told
from mwwkit.run.files import read_json, replacing, sha256, write_json
from mwwkit.run.lock import one_writer
from mwwkit.run.pace import Watch, expected
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, full_disk_stops
from mwwkit.run.settings import NO_WORD, MaxClipFpr, TargetFah, carry
from mwwkit.run.shown import Facts, sentences
from mwwkit.run.typed_json import to_json
from mwwkit.scenes import provenance
from mwwkit.scenes.shards import FeatureSet, hours_of
from mwwkit.stages.inputs import choosing_words, chosen_net, validation_evaluator, weights_digest
from mwwkit.training import processors
from mwwkit.training.evaluator import (
    WINDOWS,
    calibration,
    int8_model,
    refuse_flat,
    to_float_features,
    tracks,
)

if TYPE_CHECKING:
    from mwwkit.model.streaming import Folded

STAGE = "05 export"
FOLDER = "export"
START_S, HOUR_S = 25.0, 25.0  # before what hangs on the hours of sound, and for each of those
Score = Callable[[str, bytes], ScoredSplit]  # a split and a model
EXPORT_BYTES = 1_000_000 + writing.MOST_BYTES  # all files together, at most
ONNX_CHECKED = 20  # words that ONNX Runtime and the float net are compared on


@dataclass(frozen=True)
class Config(Checked):
    """What 05_export.ipynb can set."""

    word: str = ""  # the wake word, as people say it, e.g. "Computer"
    author: str = "me"
    website: str = ""
    languages: Texts = ("en",)
    target_fah: TargetFah = 0.5  # false accepts an hour, on the validation stream
    max_clip_fpr: MaxClipFpr = 0.01  # share of other words' clips that may be accepted
    # measured in TensorFlow Lite Micro where it is 0
    arena_bytes: Annotated[int, at_least(0, "0 (measure) or more")] = 0
    other_calibrations: bool = True  # also report what other calibration streams would have given
    onnx: bool = False  # write the float net as ONNX too, which needs the extra onnx

    def refuse_together(self) -> None:
        """Raise ValueError for what ESPHome would refuse: before the work, not after it."""
        if not self.word.strip():
            raise WrongInput(f"word is {self.word!r}: {NO_WORD}")
        if self.word == "vad":
            raise WrongInput("word is 'vad', which ESPHome keeps for its voice activity model")
        described = self.described(0.5, WINDOWS[0], self.arena_bytes or 1)
        if faults := manifest.problems(described.as_dict()):
            raise manifest.ManifestError(faults)

    @property
    def slug(self) -> str:
        """The wake word as a file name: letters, digits and underscores."""
        return stem_of(self.word)

    def described(
        self, cutoff: float, window: int, arena_bytes: int, slug: str = ""
    ) -> manifest.Manifest:
        """The manifest of a model with this cutoff, window and arena, in files of a name."""
        return manifest.Manifest(
            wake_word=self.word,
            author=self.author,
            website=self.website,
            model=f"{slug or self.slug}.tflite",
            trained_languages=self.languages,
            probability_cutoff=cutoff,
            sliding_window_size=window,
            tensor_arena_size=arena_bytes,
        )

    def shaping(self) -> dict:
        """The settings that shape the files."""
        return asdict(self)


def plan(config: Config, run: Run, limits: Limits) -> Facts:
    """What will be written from which weights.

    Raises CheckpointError when 03 has not finished or 01's clips, which the report groups by and
    the notebook plays, are out of reach; CannotGoOn where ONNX cannot be written; ArenaError where
    the arena can be neither measured nor was given.
    """
    folder = _weights_of(run)
    refuse_without_clips(run, "05", sounds=True)
    all_told([onnx_model.needed] * config.onnx + [arena.needed] * (not config.arena_bytes))
    names, made_of = _names(config, run), _made_of(config, run)
    decisions = decided.not_yet_heard(run) | dict(decided_cutoff.told(run, made_of["weights"]))
    facts = {
        "weights": completed(run, folder)["weights"],
        "files": list(to_json(names).values()),
        "done": _is_done(config, run, Checkpoint.resume(run, FOLDER, {}), made_of),
        "arena": "measured in TensorFlow Lite Micro" if not config.arena_bytes else "as given",
        **decisions,
    }
    needs = "" if facts["done"] else expected(run, STAGE, _guessed_s(run))
    told = in_short.of_plan(facts["weights"], facts["arena"], names, needs)
    return Facts(facts, *told, *sentences(decisions))


def _guessed_s(run: Run) -> float:
    """What it takes to convert, to score both splits by the device's own arithmetic, to write."""
    sets = {f"{split}-{name}" for split in ("validation", "test") for name in SET_NAMES}
    scored = [unit for unit in finished(run, "features") if unit.split("/")[0] in sets]
    return START_S + HOUR_S * hours_of(run, scored)


@full_disk_stops(STAGE)
@one_writer
def run(config: Config, run: Run, limits: Limits) -> Facts:
    """Calibrate, convert, choose the cutoff, check, write; return where it is and its rates.

    Files made with other settings or of other weights are made again: it takes a minute. Raises
    GateError for a model that the device would not run as meant, ArenaError where the arena
    can be neither measured nor was given, ValueError for a model that recognises nothing,
    CannotGoOn where ONNX is asked for and cannot be written or is not the float net, and
    StoppedEarly when a limit of the session is reached. Then nothing is written.
    """
    checkpoint, made_of = Checkpoint.resume(run, FOLDER, {}), _made_of(config, run)
    if _is_done(config, run, checkpoint, made_of):
        return Facts(check(run), *in_short.of_run(Exported(run)))
    if config.onnx:
        onnx_model.needed()
    session = limits.session(run)
    carry(run)
    session.stop(EXPORT_BYTES)
    session.must_be_continued(STAGE, 1)
    with Watch(run, STAGE) as watch:
        _export(config, run, limits, checkpoint, made_of)
        watch.add(_guessed_s(run))
    return Facts(check(run), *in_short.of_run(Exported(run)))


def _export(
    config: Config, run: Run, limits: Limits, checkpoint: Checkpoint, made_of: dict
) -> None:
    score = partial(_scored, run, limits.n_workers)
    processors.use("cpu")  # nothing here is worth a GPU, and a float net's last bits would differ
    chosen = chosen_net(run, _weights_of(run))
    train = FeatureSet.open(run, "train")
    streams = calibration(train.store)
    refuse_flat(streams)
    evaluator = validation_evaluator(run, train, config.target_fah, config.max_clip_fpr)
    temperature = evaluator.temperature(chosen.net)
    model = int8_model(chosen.net, chosen.shape, streams, temperature)
    if faults := gate.inspect(model):
        raise gate.GateError(faults)
    arena_facts = _arena(config, model)
    validation = score("validation", model)
    counted = validation.of_words(choosing_words(run).counted).tracks
    counted = replace(counted, logit_scale=temperature.scale)
    aim = config.target_fah, config.max_clip_fpr
    choice = decided_cutoff.choice(run, made_of["weights"], counted, *aim)
    described = config.described(
        choice.cutoff, choice.window, arena_facts.stated, _slug(config, run)
    )
    from mwwkit.model.streaming import fold, to_float  # TensorFlow

    folded = fold(chosen.net, temperature.scale, temperature.shift)
    made = Made(chosen.net, temperature, to_float(folded, chosen.shape), model)
    models, onnx = {"model": model, "float": made.float_model}, None
    if config.onnx:
        words = calibration(validation.sets.positives.store, ONNX_CHECKED)
        models["onnx"], onnx = _onnx(made, folded, words, described)
    splits = validation, score("test", model)
    metrics = _metrics(config, run, made, splits, choice, arena_facts, onnx, score)
    sums = _write(config, run, models, described, metrics, made_of)
    checkpoint.complete(**to_json(_names(config, run)), sha256=sums, made_of=made_of)


def _arena(config: Config, model: bytes) -> ArenaFacts:
    if config.arena_bytes:
        return ArenaFacts(config.arena_bytes, None)
    measured = arena.measure(model)
    return ArenaFacts(measured.size, measured.smallest)


def _metrics(
    config: Config,
    run: Run,
    made: Made,
    splits: tuple[ScoredSplit, ScoredSplit],
    choice: Choice,
    arena_facts: ArenaFacts,
    onnx: OnnxFacts | None,
    score: Score,
) -> Metrics:
    """What the metrics file says of the model; `splits`: validation and test."""
    training, (validation, test) = FeatureSet.open(run, "train").store, splits
    temperature = made.temperature
    aim = Aim(config.target_fah, config.max_clip_fpr, WINDOWS, temperature.scale)
    others = parity.other_models(made, training) if config.other_calibrations else ()
    return Metrics(
        threshold=_threshold(config, run, choice),
        validation=of_split(validation, choice, aim, run),
        test=of_split(test, choice, aim, run),
        parity=parity.of_run(made, others, validation, test, choice, run),
        model=ModelFacts(
            len(made.model), made.net.shape.name, temperature.scale, temperature.shift
        ),
        arena=arena_facts,
        onnx=onnx,
        calibrated=_calibrated(run, made, test, choice.window, score),
    )


def _calibrated(run: Run, made: Made, test: ScoredSplit, window: int, score: Score) -> Calibrated:
    """What calibration changed on the test split; nothing to compare where nothing was fitted."""
    before, temperature = None, made.temperature
    if not temperature.note:
        streams = calibration(FeatureSet.open(run, "train").store)
        before = score("test", int8_model(made.net, made.net.shape, streams))
    return calibrated.of_test(temperature, before, test, window, provenance.records(run))


def _onnx(
    made: Made,
    folded: Folded,
    words: list[np.ndarray],
    described: manifest.Manifest,
) -> tuple[bytes, OnnxFacts]:
    """The float net as ONNX, and how far ONNX Runtime is from the net on some words."""
    facts = {"wake_word": described.wake_word, "author": described.author}
    facts |= {"cutoff": described.probability_cutoff, "window": described.sliding_window_size}
    model = onnx_model.to_onnx(folded, made.net.shape, facts)
    wanted = made.whole_tracks(words)
    largest = onnx_model.check(model, made.net.shape, list(map(to_float_features, words)), wanted)
    # rounded: the last bits hang on the number of threads
    return model, OnnxFacts(len(model), round(largest, 6))


def _write(
    config: Config,
    run: Run,
    models: dict[str, bytes],
    described: manifest.Manifest,
    metrics: Metrics,
    made_of: dict,
) -> dict[str, str]:
    """Write all files after the gate has checked them in a temporary folder; their SHA-256."""
    names = _names(config, run)
    files = to_json(names)
    with TemporaryDirectory() as trial:
        folder = Path(trial)
        for what, model in models.items():
            (folder / files[what]).write_bytes(model)
        (folder / names.yaml).write_text(esphome_package.yaml_for_file(names.manifest), "utf-8")
        (folder / names.yaml_url).write_text(esphome_package.yaml_for_url(names.manifest), "utf-8")
        write_json(folder / names.metrics, to_json(metrics))
        manifest.write(described, folder / names.manifest)
        certified = certify(folder / names.manifest)
        certified.refuse()
        write_json(folder / names.certificate, certified.sealed().as_dict())
        writing.write(run, Shipped(folder, names, made_of))
        for name in files.values():  # the manifest last: what it names is there before it
            with replacing(run / FOLDER / name) as part:
                shutil.copyfile(folder / name, part)
        if not config.onnx:  # one of other weights would pass for this model's
            (run / FOLDER / f"{_slug(config, run)}.onnx").unlink(missing_ok=True)
        return {name: sha256(folder / name) for name in files.values()}


def _slug(config: Config, run: Run) -> str:
    """The files' name: the word's, or the one under which an older version wrote this word here."""
    former = former_stem_of(config.word)
    older = [read_json(path) for path in run.all(f"{FOLDER}/{former}.json")]
    is_ours = any(isinstance(m, dict) and m.get("wake_word") == config.word for m in older)
    return former if is_ours else config.slug


def _names(config: Config, run: Run) -> Names:
    return Names.of(_slug(config, run), onnx=config.onnx)


def _scored(run: Run, workers: int, split: str, model: bytes) -> ScoredSplit:
    sets = PerSet(*(FeatureSet.open(run, f"{split}-{name}") for name in SET_NAMES))
    stores = (features.store for _, features in sets.items())
    near = provenance.near_misses(sets.negatives, provenance.records(run))
    heard = tracks(model, *stores, reference=True, workers=workers)
    return ScoredSplit(split, sets, replace(heard, near=near))


def _threshold(config: Config, run: Run, choice: Choice) -> Threshold:
    return Threshold(
        choice.cutoff,
        choice.window,
        target_false_accepts_per_hour=config.target_fah,
        target_reached_on_validation=choice.kept,
        false_accepts_expected_per_hour=choice.fah_expected,
        data_can_support_the_target=choice.supported,
        note=choice.note,
        chosen_by=str(choosing_words(run)),
    )


def _weights_of(run: Run) -> str:
    """The stage whose choice is exported: 04's when it was run, else 03's.

    Raises CheckpointError where decisions changed what it was made of.
    """
    training = weights_digest(run)
    decided.refuse_outdated(run, "tuned", "04", weights=training)
    return "tuned" if run.all("tuned/checkpoint.json") else "training"


def _weights(run: Run) -> str:
    return sha256(run.find(completed(run, _weights_of(run))["weights"]))


def _made_of(config: Config, run: Run) -> dict:
    weights = _weights(run)
    made_of = config.shaping() | {"languages": list(config.languages), "weights": weights}
    if of_clips := decided.mark(run, tests_too=True):
        made_of["decided"] = of_clips
    if cutoff := decided_cutoff.of_weights(run, weights):
        made_of["cutoff"] = [cutoff.cutoff, cutoff.window, cutoff.reason]
    return made_of


def _is_done(config: Config, run: Run, checkpoint: Checkpoint, made_of: dict) -> bool:
    if not checkpoint.is_complete:
        return False
    if not all(map(run.all, (f"{FOLDER}/{name}" for name in checkpoint.facts["sha256"]))):
        return False
    return former_of(config, made_of) | checkpoint.facts["made_of"] == made_of


def check(run: Run) -> Facts:
    """Where the model is, and what most people ask of it.

    Raises GateError if it is unfit, ValueError if a file is not the one that was written.
    """
    names = completed(run, FOLDER)
    for name, digest in names["sha256"].items():
        if sha256(run.find(f"{FOLDER}/{name}")) != digest:
            raise WrongInput(
                f"{run.find(f'{FOLDER}/{name}')} was changed after 05 wrote it; put it back, or "
                f"delete {run / FOLDER} and run 05 again"
            )
    found = sheet(run)
    found.refuse()
    exported = Exported(run)
    facts = {"manifest": str(exported.path(exported.record.manifest))}
    if not exported.record.report:  # an earlier version wrote none
        return Facts(facts | {"cutoff": exported.threshold.told})
    facts |= dict(key_facts(read_report(exported)))
    return Facts(facts, *in_short.of_sheet(found))


def sheet(run: Run) -> Certificate:
    """Every check of the exported model, made again; printed, it is a sheet for people."""
    return certify(run.find(f"{FOLDER}/{completed(run, FOLDER)['manifest']}"))
