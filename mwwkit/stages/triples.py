"""01, second product: dry speech and impulse responses to triples for a model of rooms.

Phases: 1 what was finished before; 2 rooms; 3 their embeddings; 4 sterile speech; 5 and 6 messy
input, clean target, batch files; 7 manifest and what to do next.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from mwwkit.audio.reading import duration_s
from mwwkit.run import kept, paths
from mwwkit.run.config_base import Between, Checked, EachOf, OneOf, Rising, Texts
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.lock import one_writer
from mwwkit.run.paths import Run
from mwwkit.run.quantities import how_long, how_many, how_much
from mwwkit.run.session import Limits, Session, StoppedEarly, full_disk_stops, well_ended
from mwwkit.run.shown import Facts, Sentence, Table
from mwwkit.triples import (
    batch_files,
    batch_manifest,
    clap,
    examples,
    impulse_responses,
    ledger,
    phases,
    status,
    sterilising,
)
from mwwkit.triples.audio_files import Found, as_before, fingerprint, listing, shuffled
from mwwkit.triples.ledger import PHASES, Work, force, of_kind, open_work

STAGE = phases.STAGE
PRODUCTS = ("clips", "triples", "both")
NOT_MADE = Sentence("Triples for a model of rooms were not asked for (PRODUCT): none are made.")
TRIPLES_S = 0.15  # CPU seconds a triple takes, as measured on a shared core
STERILE_SPEED = 10.0  # seconds of speech that are sterilised in one, there
FOUND = {
    "speech": "dry speech",
    "bad": "impulse responses of all kinds: where the input sounds",
    "target": "labelled rooms: where the target sounds",
}


@dataclass(frozen=True)
class Config(Checked):
    """What 01_acquire_and_augment.ipynb can set for the triples. No folders: those of paths.md."""

    bad_irs: Texts = ()  # folders of impulse responses of all kinds
    target_irs: Texts = ()  # folders of labelled rooms
    dry_speech: Texts = ()  # folders of speech
    embeddings: Annotated[str, OneOf(("clap", "none"))] = "clap"  # none: zeros in their place
    triples_per_file: Annotated[int, Between(1, 10_000)] = 500
    # what happens to an input: at least, at most
    augmentations: Annotated[tuple[int, int], Rising(0, 6)] = (3, 6)
    wet: Annotated[tuple[float, float], Rising(0, 1)] = (0.3, 1.0)  # share of room in an input
    compressed: bool = False  # batches as zlib makes them: smaller and slower
    align_onsets: bool = False  # rooms from their direct sound on
    chunk_files: Annotated[int, Between(1, 100_000)] = 500  # files of speech between two saves
    # of the budget, for sterilised speech
    sterile_share: Annotated[float, Between(0, 1, above=True, below=True)] = 0.3
    sterile_is_enough: bool = False  # go on with the speech that is sterilised, and no more
    prop_decrease: float = 0.95  # this and the next two: see sterilising.Settings
    trim_db: float = 40.0
    loudness_lufs: float = -23.0
    # phases to do again: irs, embeddings, sterile, triples
    force: Annotated[Texts, EachOf(PHASES)] = ()
    seed: int = 42

    def refuse_together(self) -> None:
        """Raise ValueError for settings that sterilising would refuse."""
        self.sterilising()

    def sterilising(self) -> sterilising.Settings:
        """What shapes the sterile segments."""
        return sterilising.Settings(self.prop_decrease, self.trim_db, self.loudness_lufs)

    def mixing(self) -> batch_files.Mixing:
        """What shapes the triples."""
        ranges = self.augmentations, self.wet
        return batch_files.Mixing(self.seed, self.triples_per_file, *ranges, self.compressed)

    def shaping(self) -> dict:
        """The settings that shape the batches, which every run of a chain must share."""
        free = {"bad_irs", "target_irs", "dry_speech", "force"}
        free |= {"sterile_share", "sterile_is_enough"}
        shaping = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in free}
        shaping = {n: list(v) if isinstance(v, tuple) else v for n, v in shaping.items()}  # JSON's
        return shaping | {"format_version": examples.FORMAT_VERSION}


@dataclass(frozen=True)
class Inputs:
    """The files there are; a list is empty where its data set is not attached."""

    bad: list[Found]
    target: list[Found]
    speech: list[Found]
    others: list[tuple[str, str]]  # what is no audio or out of reach, with the reason


def products(product: str) -> tuple[bool, bool]:
    """Whether clips and triples are wanted; ValueError for what is no product."""
    if product not in PRODUCTS:
        raise WrongInput(f"PRODUCT is {product!r}; wanted one of {', '.join(PRODUCTS)}")
    return product != "triples", product != "clips"


def plan(config: Config, run: Run, limits: Limits) -> Facts:
    """What is found, done and left, and the minutes and bytes it takes; writes nothing.

    Raises early: CannotGoOn, CheckpointError or OSError, saying what to do.
    """
    settings = config.shaping()
    batch_manifest.refuse_other_parameters(run, settings, of=config)
    session = limits.session(run)
    work = open_work(run, settings, session, limits.n_workers, record=False, of=config)
    done = work.checkpoint.done
    inputs = _inputs(config, run, done)
    _refuse_missing(inputs, done, config)
    left_files = (
        0 if "sterile" in done else len(inputs.speech) - work.checkpoint.figures["vocal_cursor"]
    )
    seconds = sum(duration_s(f.path) for f in inputs.speech[-left_files:][:200])
    seconds *= left_files / max(1, min(200, left_files)) if left_files else 0
    n_left = len(ledger.Segments(work)) - work.checkpoint.figures["segment_cursor"]
    n_left += int(seconds / 5 + 0.5 * left_files)
    wall_s = (seconds / STERILE_SPEED + n_left * TRIPLES_S) / limits.n_workers
    n_bytes = n_left * (examples.ITEM_BYTES + 480_000)
    facts = {
        "found": work.checkpoint.figures,
        "files": {n: len(getattr(inputs, n)) for n in ("bad", "target", "speech")},
        "set aside already": len(inputs.others),
        "phases done": [phase for phase in PHASES if phase in done],
        "triples left, about": n_left,
        "minutes left, about": round(wall_s / 60, 1),
        "GB left to write, about": round(n_bytes / 1e9, 2),
    }
    before = ", ".join(facts["phases done"])
    rows = [(told, f"{facts['files'][name]:,}") for name, told in FOUND.items()]
    rows += [("not usable, set aside", f"{len(inputs.others):,}")]
    return Facts(
        facts,
        f"About {how_many(n_left, 'triple')} are left to make: about {how_long(wall_s)} (a guess), "
        f"about {how_much(n_bytes)}."
        if n_left
        else "No triple is left to make.",
        Table(rows, ("files", "found")),
        f"Phases done before: {before}." if before else "",
    )


@one_writer
def run(
    config: Config,
    run: Run,
    limits: Limits,
    load_embedder: Callable[[Run, Session | None], clap.Embedder] | None = None,
) -> Facts:
    """Go on with all phases until they end or a limit stops them; returns what there is.

    A stop at the budget or the deadline is a good end of a session, not an error: platforms keep
    the output of notebooks that end well. The report's `next` says what to do.

    Raises StoppedEarly for such a stop under `python -m mwwkit` (exit code 3), and CannotGoOn,
    CheckpointError or CannotGoOn where something has to be put right first.
    """
    settings = config.shaping()
    batch_manifest.refuse_other_parameters(run, settings, of=config)
    work = open_work(run, settings, limits.session(run), limits.n_workers, of=config)
    status.where(work)
    force(work, config.force)
    inputs = _inputs(config, run, work.checkpoint.done)
    _refuse_missing(inputs, work.checkpoint.done, config)
    try:
        with full_disk_stops(STAGE):
            ledger.begin(work)
            phases.set_aside(work, inputs.others)
            reason = _phases(work, config, inputs, load_embedder)
            if not reason:
                work.checkpoint.complete(**_totals(work))
            batch_manifest.write_manifest(work, finished=not reason)
        kind = work.session.kind
    except StoppedEarly as stop:
        reason, kind = f"the disk is full ({stop.__cause__}); make room", type(stop)
    kept.save(run.folder)  # all that was finished, however it ended
    report = status.status(work, reason)
    if reason:
        well_ended(kind(f"{STAGE} {report['status']}. Next: {report['next']}"))
    return Facts(report, f"Triples: {report['status']}.", f"Next: {report['next']}.")


def check(run: Run) -> Facts:
    """Totals, once every batch file is proved to be what was written.

    Raises CannotGoOn that names each file that is missing, changed or malformed.
    """
    found = batch_manifest.verify(run)
    rows = [(name, f"{n:,}") for name, n in found.items() if isinstance(n, int | float)]
    return Facts(
        found,
        "Every batch file is what was written"
        f"{'' if found['finished'] else ', but not all of them are made yet'}.",
        Table([row for row in rows if row[0] != "finished"], ("in this and earlier runs", "")),
        f"{found['manifest']} lists every file with its SHA-256.",
    )


def _phases(work: Work, config: Config, inputs: Inputs, load_embedder) -> str:
    """Phases 2 to 6; "" at the end of all, else why it stopped."""
    catalogue = phases.rooms(work, inputs.bad, inputs.target)
    if catalogue is None:
        return work.session.reason
    vectors = _embeddings(work, config, catalogue, inputs, load_embedder)
    if vectors is None:
        return work.session.reason
    later = ""
    if config.sterile_is_enough:
        work.say("phase 4, speech: taken as it stands (STERILE_IS_ENOUGH)")
    else:
        shape = config.sterilising(), config.chunk_files, config.sterile_share
        later = phases.speech(work, inputs.speech, *shape)
        if later:
            work.say(f"phase 4, speech: to be gone on with ({later})")
    whole = not later
    if whole and (path := batch_files.skipped(work)):
        work.say(f"phase 6, triples: skipped, {path} proves it")
        return ""
    files_of, align = {"bad": inputs.bad, "target": inputs.target}, config.align_onsets
    pools = {
        p: phases.rooms_on_disk(work, catalogue, p, files_of[p], align)
        for p in impulse_responses.POOLS
    }
    before = work.checkpoint.figures["triples_completed"]
    stopped = batch_files.make_batches(work, config.mixing(), pools, vectors, speech_is_whole=whole)
    n_made = work.checkpoint.figures["triples_completed"] - before
    work.say(f"phase 6, triples: {n_made} made now")
    return work.session.reason or later or stopped  # a limit first: more speech would not help


def _embeddings(work: Work, config: Config, catalogue: dict, inputs: Inputs, load) -> dict | None:
    """Phase 3: id -> float32 [512] of each target; None where a limit stopped it."""
    rows = [row for row in catalogue["irs"] if row["pool"] == "target"]
    if config.embeddings == "none":
        work.say(f"phase 3, embeddings: left out (EMBEDDINGS is none). {status.ZEROS}")
        return {row["id"]: np.zeros(examples.EMBEDDING, np.float32) for row in rows}
    rooms = phases.rooms_on_disk(work, catalogue, "target", inputs.target)
    loaders = {
        name: partial(impulse_responses.load, room.path, room.sha256)
        for name, room in rooms.items()
    }
    done = "embeddings" in work.checkpoint.done
    # A forced phase takes nothing from earlier runs but the model.
    caches = Run(work.run.folder) if "embeddings" in work.checkpoint.forced else work.run
    model = partial(_model, work.run, load or clap.Clap.load)
    vectors = clap.embed_all(caches, loaders, config.seed, model, work.session)
    if len(vectors) < len(loaders):
        return None
    for name, vector in vectors.items():
        if vector.shape != (examples.EMBEDDING,):
            raise CannotGoOn(f"the embedding of {name} is {vector.shape}; wanted (512,)")
    cache = work.run.find(clap.CACHE)
    if done:
        work.say(f"phase 3, embeddings: skipped, {cache} proves it")
    else:
        work.checkpoint.finish("embeddings", irs=len(vectors))
        work.say(f"phase 3, embeddings: {len(vectors)} in {cache}")
    return vectors


def _model(run: Run, load, _: Run, session: Session | None) -> clap.Embedder:
    return load(run, session)


def _inputs(config: Config, run: Run, done: dict[str, dict]) -> Inputs:
    """What is attached; target rooms of an earlier run serve where their data set is not.

    What is `done` was made of some files: if those are all that an older version listed, as it did
    not follow links and knew fewer formats, the rest is left alone.
    """
    prints = done.get("irs", {}).get("prints", {})
    corpora = {facts["corpus"] for facts in of_kind(done, "sterile").values()}
    target_roots = _roots(config.target_irs, "target_irs") or run.all(impulse_responses.STAGED)[-1:]
    irs = impulse_responses.SUFFIXES
    bad = listing(_roots(config.bad_irs, "bad_irs"), irs)
    target = listing(target_roots, irs)
    speech = listing(_roots(config.dry_speech, "dry_speech"), sterilising.SUFFIXES)
    others = {"bad_irs": bad, "target_irs": target, "dry_speech": speech}
    return Inputs(
        _as_begun(bad.files, impulse_responses.BEFORE, {prints.get("bad")}),
        _as_begun(target.files, impulse_responses.BEFORE, {prints.get("target")}),
        _as_begun(speech.files, sterilising.BEFORE, corpora, config.seed),
        [(f"{row}/{name}", why) for row, found in others.items() for name, why in found.others],
    )


def _roots(given: tuple[str, ...], row: str) -> list[Path]:
    folders = [paths.typed_path(name).absolute() for name in given]
    for folder in folders:
        if not folder.is_dir():
            raise CannotGoOn(f"{row} names {folder}, which is no folder; mend it")
    return folders or paths.locations(row)


def _as_begun(
    files: list[Found], suffixes: Collection[str], prints: set[str | None], seed: int | None = None
) -> list[Found]:
    """The files in their order, or those that an older version listed if one of `prints` is theirs.

    `seed`: of the order of speech; None for that of names.
    """
    ordered = [
        listed if seed is None else shuffled(listed, seed)
        for listed in (files, as_before(files, suffixes))
    ]
    return ordered[1] if fingerprint(ordered[1]) in prints else ordered[0]


def _refuse_missing(inputs: Inputs, done: dict, config: Config) -> None:
    """CannotGoOn where a phase that is left has no files to work on."""
    left = {"bad": "triples", "target": "irs", "speech": "sterile"}
    rows = {"bad": "bad_irs", "target": "target_irs", "speech": "dry_speech"}
    for name, phase in left.items():
        spared = name == "speech" and config.sterile_is_enough
        if not getattr(inputs, name) and phase not in done and not spared:
            looked = ", ".join(map(str, paths.places(rows[name]))) or "nothing on this platform"
            raise CannotGoOn(
                f"no audio for {rows[name]}: attach the data set or set {rows[name].upper()} "
                f"(paths.md names {looked})"
            )


def _totals(work: Work) -> dict:
    counted = work.checkpoint.figures
    return {name: counted[name] for name in ("triples_completed", "vocal_cursor", "segment_cursor")}
