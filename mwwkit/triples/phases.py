"""The data engine's phases 2 and 4: rooms and their catalogue, and sterile speech in chunks.

Each does what is left of it, unit by unit, records every unit last, and returns whether it came
to its end. What was done before is not done again, and the file that proves it is named.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mwwkit.audio.reading import duration_s
from mwwkit.corpus.clips import Rejected, write_quarantine
from mwwkit.run.checkpoint import SEAL
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import read_json, replacing, sha256, write_json
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.session import full_disk_stops
from mwwkit.triples import examples, impulse_responses, ledger, sterilising
from mwwkit.triples.audio_files import Found, fingerprint
from mwwkit.triples.ledger import Work, of_kind, unit

STAGE = "01 triples"
STATE = "sterilize_state.json"
CHUNK_ROOM = 1 << 20  # beside its segments: names and reasons


def rooms(work: Work, bad: Sequence[Found], target: Sequence[Found]) -> dict | None:
    """Phase 2: both pools and their catalogue; None where a limit stopped it.

    Raises CannotGoOn for an empty pool, and for files that changed after triples were made.
    """
    prints = {"bad": fingerprint(bad), "target": fingerprint(target)}
    if proved := _proved_rooms(work, bad, target, prints):
        return proved

    def may_go_on(n_bytes: int) -> bool:
        if work.session.stop(n_bytes):
            return False
        work.session.budget.spent(n_bytes)
        return True

    with full_disk_stops(STAGE):
        afresh = "irs" in work.checkpoint.forced
        catalogue = impulse_responses.catalogue_of(
            bad, target, work.run, work.workers, afresh=afresh, may_go_on=may_go_on
        )
    if catalogue is None:
        return None
    rejected = [(row["id"], row["reason"], row["pool"]) for row in catalogue["rejected"]]
    quarantine(work, "rooms", [(f"{pool}/{name}", reason) for name, reason, pool in rejected])
    pools = Counter(row["pool"] for row in catalogue["irs"])
    counts = {pool: pools[pool] for pool in impulse_responses.POOLS}
    for pool in (pool for pool, count in counts.items() if not count):
        raise CannotGoOn(
            f"no {pool} impulse response can be used ({len(rejected)} files were rejected: "
            f"{impulse_responses.reasons(catalogue)}); see paths.md for where they are looked for"
        )
    digest = sha256(work.run / impulse_responses.CATALOGUE)
    work.checkpoint.finish("irs", sha256=digest, prints=prints, **counts)
    work.say(
        f"phase 2, rooms: {counts['bad']} bad, {counts['target']} target; rejected "
        f"{len(rejected)} {impulse_responses.reasons(catalogue) or ''}; "
        f"{catalogue['audio files decoded']} files decoded"
    )
    return catalogue


def _proved_rooms(work: Work, bad, target, prints: dict[str, str]) -> dict | None:
    """The catalogue of a phase 2 that is done and still fits the files."""
    facts = work.checkpoint.done.get("irs")
    if not facts:
        return None
    files = {"bad": bad, "target": target}
    changed = [p for p in impulse_responses.POOLS if files[p] and prints[p] != facts["prints"][p]]
    if changed and of_kind(work.checkpoint.done, "batch"):
        raise CannotGoOn(
            f"the {' and '.join(changed)} impulse responses are not those that the batches were "
            "made with (names or sizes differ); put them back, or give FORCE=['irs'] or a new "
            "RUN_DIR"
        )
    for path in [] if changed else work.run.all(impulse_responses.CATALOGUE):
        if sha256(path) == facts["sha256"]:
            work.say(f"phase 2, rooms: skipped, {path} proves it and fits the files")
            return impulse_responses.read_catalogue(path)
    on_disk = work.run / impulse_responses.CATALOGUE
    why = "fits the files no more" if changed else "is damaged or missing"
    warnings.warn(f"{on_disk} {why}; it is made again", stacklevel=2)
    return None


def rooms_on_disk(
    work: Work, catalogue: dict, pool: str, files: Sequence[Found], align: bool = False
) -> dict[str, examples.Room]:
    """id -> the file of each response of a pool, of any run; CannotGoOn where none has it."""
    path_of = {file.name: file.path for file in files}
    rooms_of: dict[str, examples.Room] = {}
    for row in catalogue["irs"]:
        name = row["id"]
        if row["pool"] != pool:
            continue
        staged = work.run.all(f"{impulse_responses.STAGED}/{name}") if pool == "target" else []
        path = next((p for p in staged if p.stat().st_size == row["bytes"]), path_of.get(name))
        if path is None:
            raise CannotGoOn(
                f"the {pool} impulse response {name} is in {impulse_responses.CATALOGUE} but not "
                "on disk; attach the data set or the run that has it"
            )
        rooms_of[name] = examples.Room(path, row["sha256"], align)
    return rooms_of


def quarantine(work: Work, what: str, rows: Sequence[tuple[str, str]]) -> None:
    """Replace what quarantine.jsonl says of one phase."""
    stage = f"{STAGE}: {what}"
    write_quarantine(work.run, stage, [Rejected(name, reason, stage) for name, reason in rows])


def set_aside(work: Work, others: Sequence[tuple[str, str]]) -> None:
    """Say what in the folders is no audio or out of reach; it goes into the quarantine."""
    quarantine(work, "folders", others)
    if others:
        name, reason = others[0]
        work.say(f"set aside, no audio or out of reach: {len(others)} ({name}: {reason}; ...)")


def speech(
    work: Work,
    files: Sequence[Found],
    settings: sterilising.Settings,
    chunk_files: int,
    share: float,
) -> str:
    """Phase 4: chunks of sterile segments, in order; "" at its end, else why it stopped.

    `share`: of the budget that the segments may take. Raises CannotGoOn where the files are not
    those that were begun with, or where not even one chunk fits.
    """
    checkpoint = work.checkpoint
    if "sterile" in checkpoint.done:
        work.say(f"phase 4, speech: skipped, {_last_chunk(work)} proves it")
        return ""
    corpus = fingerprint(files)
    done = of_kind(checkpoint.done, "sterile")
    _refuse_other_speech(done, corpus)
    ledger.gaps(work, "sterile")
    chunks = [files[i : i + chunk_files] for i in range(0, len(files), chunk_files)]
    n_taken = _bytes_in_this_run(work)
    _state(work)
    so_far = {"total": len(chunks), "initial": len(done), "disable": len(done) == len(chunks)}
    with progress(unit="chunk", desc="01 speech", **so_far) as bar:
        for number, chunk in enumerate(chunks):
            name = unit("sterile", number)
            if name in checkpoint.done or _adopted(work, name, number, corpus):
                continue
            n_bytes = _bytes_at_most(chunk)
            if n_taken + n_bytes > share * work.session.budget.budget_bytes:
                _refuse_if_nothing(work, n_bytes, share, chunk_files)
                return f"sterilised speech has its share of the budget ({share:g})"
            if reason := work.session.stop(n_bytes):
                return reason
            n_taken += _chunk(work, number, chunk, settings, corpus)["bytes"]
            bar.update()
    chunks_done = of_kind(checkpoint.done, "sterile").values()
    checkpoint.finish("sterile", segments=sum(facts["segments"] for facts in chunks_done))
    work.say(f"phase 4, speech: {_state(work)}")
    return ""


def _refuse_other_speech(done: dict[int, dict], corpus: str) -> None:
    if done and any(facts["corpus"] != corpus for facts in done.values()):
        raise CannotGoOn(
            f"the dry speech is not what chunk {min(done)} was made of (names or sizes of files "
            "differ); put it back, or give FORCE=['sterile'] or a new RUN_DIR"
        )


def _bytes_in_this_run(work: Work) -> int:
    """What finished chunks take here; some may lie in an earlier run."""
    units = of_kind(work.checkpoint.own, "sterile").items()
    return sum(f["bytes"] for n, f in units if (work.run / ledger.file_of("sterile", n)).exists())


def _bytes_at_most(files: Sequence[Found]) -> int:
    """What a chunk of these files can take."""
    most = sum(sterilising.segments_at_most(duration_s(file.path)) for file in files)
    return most * sterilising.SEGMENT_BYTES + CHUNK_ROOM


def _chunk(
    work: Work, number: int, files: Sequence[Found], settings: sterilising.Settings, corpus: str
) -> dict:
    """Write one chunk and record it; its facts."""
    folder = (work.run / ledger.file_of("sterile", number)).parent
    with full_disk_stops(STAGE), replacing(folder) as part:
        facts = sterilising.write_chunk(part, files, settings, work.workers) | {"corpus": corpus}
        work.checkpoint.seal(part, facts)
    work.session.budget.spent(facts["bytes"] + CHUNK_ROOM)
    with full_disk_stops(STAGE):
        work.checkpoint.finish(unit("sterile", number), **facts)
        _state(work)
    return facts


def _adopted(work: Work, name: str, number: int, corpus: str) -> bool:
    """Take over a chunk that a killed session, of this run or an earlier one, did not record."""
    checkpoint = work.checkpoint
    # Of a phase that is made again, earlier runs' chunks are what shall not be taken.
    run = Run(work.run.folder) if "sterile" in checkpoint.forced else work.run
    for chunk in run.all(ledger.file_of("sterile", number)):
        if (seal := chunk.parent / SEAL).exists():
            facts = read_json(seal)["facts"]
            if sha256(chunk) == facts["sha256"] and corpus == facts["corpus"]:
                return checkpoint.adopt(name, chunk.parent)
    return False


def _last_chunk(work: Work) -> Path | None:
    done = of_kind(work.checkpoint.done, "sterile")
    return ledger.proof(work.run, "sterile", max(done), done[max(done)]) if done else None


def _refuse_if_nothing(work: Work, n_bytes: int, share: float, chunk_files: int) -> None:
    if not of_kind(work.checkpoint.done, "sterile"):
        raise CannotGoOn(
            f"a chunk of {chunk_files} files takes up to {n_bytes / 1e6:.0f} MB, and STERILE_SHARE "
            f"{share:g} of the budget is {share * work.session.budget.budget_bytes / 1e6:.0f} MB; "
            "raise BUDGET_GB or STERILE_SHARE, or lower CHUNK_FILES"
        )


def _state(work: Work) -> dict:
    """How far phase 4 is, written for people; a damaged file is named and written again."""
    done = of_kind(work.checkpoint.done, "sterile")
    totals: dict[str, dict[str, int]] = {"skipped": {}, "noted": {}}
    for facts in done.values():
        for kind, total in totals.items():
            for reason, count in facts[kind].items():
                total[reason] = total.get(reason, 0) + count
    state = {
        "vocal_cursor": sum(f["files"] for f in done.values()),
        "segments": sum(f["segments"] for f in done.values()),
        "chunks": len(done),
        **totals,
    }
    path = work.run / STATE
    try:
        if path.exists() and read_json(path) == state:
            return state
    except ValueError as error:
        warnings.warn(f"{error}; it is written again from the checkpoint", stacklevel=3)
    write_json(path, state)
    rows = []
    for number, facts in done.items():
        if chunk := ledger.proof(work.run, "sterile", number, facts):
            rows += sterilising.rejected(chunk.parent)
    quarantine(work, "speech", rows)
    return state
