"""Impulse responses for the triples: two pools at 48 kHz, and a catalogue that knows them.

    rows = catalogue_of(bad, target, run, workers=4)      # ir_catalogue.json, written as it grows
    response = load(path, row["sha256"])                   # [n] float32, 48 kHz, mono, peak 1

`bad` are rooms, boxes and telephones of all kinds; `target` are the labelled rooms (MIT IR
Survey) that a model shall reach, and are staged into the run. A file whose hash the catalogue
knows is not decoded again.
"""

import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from mwwkit.audio import reading
from mwwkit.audio.reading import AudioValidationError, read
from mwwkit.audio.rooms import onset
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, replacing, sha256, write_json
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.triples.audio_files import Found

RATE_HZ = 48_000
SUFFIXES = reading.SUFFIXES | {".irs"}  # .irs (JamesDSP, ViPER) is WAV inside
BEFORE = frozenset({".irs", ".wav", ".flac", ".mp3"})  # what older versions listed
CATALOGUE = "ir_catalogue.json"
STAGED = "irs/mit_irs"
POOLS = ("bad", "target")
FEWEST_SAMPLES = 64
SILENT_PEAK = 1e-5  # -100 dBFS
GROUP = 32  # responses between two writes of the catalogue
FORMAT_VERSION = 1


def standardise(audio: np.ndarray) -> np.ndarray:
    """[n] float32 of peak 1 from a mono response at 48 kHz.

    Raises AudioValidationError for one that is too short, silent or not finite.
    """
    if reason := degenerate(audio):
        raise AudioValidationError(reason)
    return (audio / np.abs(audio).max()).astype(np.float32)


def degenerate(audio: np.ndarray) -> str:
    """Why a response cannot be used, in plain words; empty when it can."""
    if audio.size < FEWEST_SAMPLES:
        return f"too short: {audio.size} samples; wanted {FEWEST_SAMPLES} or more"
    if not np.isfinite(audio).all():
        return "not finite: holds NaN or infinity"
    if np.abs(audio - audio.mean()).max() < SILENT_PEAK:  # a constant level is silence too
        return f"silent: its peak is under {SILENT_PEAK:g}"
    return ""


def load(path: Path, sha: str = "", *, align_onset: bool = False) -> np.ndarray:
    """[n] float32, 48 kHz, mono, peak 1; with `align_onset` from its direct sound on.

    Raises AudioValidationError for a file that is no usable response, or whose bytes are not
    those of `sha` (SHA-256, "" for any).
    """
    if sha and (digest := sha256(path)) != sha:
        raise AudioValidationError(
            f"{path} has changed: SHA-256 {digest[:16]}..., {sha[:16]}... in {CATALOGUE}; "
            "put the file back, or make the rooms again with FORCE"
        )
    audio = standardise(read(path, RATE_HZ))
    return audio[onset(audio) :] if align_onset else audio


def catalogue_of(
    bad: Sequence[Found],
    target: Sequence[Found],
    run: Run,
    workers: int,
    *,
    afresh: bool = False,
    may_go_on: Callable[[int], bool] = lambda n_bytes: True,
) -> dict | None:
    """Stage the targets, describe both pools, write `ir_catalogue.json`; returns what it holds.

    Rows of this run's or an earlier run's catalogue are kept where the file's hash is still the
    same; `afresh`: of this run's alone. `may_go_on(n_bytes)` is asked before each group is
    copied; None when it said no.
    """
    wanted = [("bad", file) for file in bad] + [("target", file) for file in target]
    known = {
        (r["pool"], r["id"], r["sha256"]): r for r in _known(Run(run.folder) if afresh else run)
    }
    n_loaded, rows = 0, []
    groups = [wanted[i : i + GROUP] for i in range(0, len(wanted), GROUP)]
    describe = partial(_describe, run, known)
    # No worker goes on before its last group is written down: no more than that can be lost.
    for wave in (groups[i : i + workers] for i in range(0, len(groups), workers)):
        described = [*each(describe, _begun(wave, may_go_on), workers)]
        rows += [row for group in described for row, _ in group]
        n_new = sum(loaded for group in described for _, loaded in group)
        n_loaded += n_new
        if n_new and len(rows) < len(wanted):
            _write(run, rows + _not_reached(known.values(), wanted, rows), complete=False)
        if len(described) < len(wave):
            return None
    return _write(run, rows, complete=True) | {"audio files decoded": n_loaded}


def read_catalogue(path: Path) -> dict:
    """The catalogue at `path`; ValueError, naming it, for anything else."""
    catalogue = read_json(path)
    keys = {"format_version", "complete", "irs", "rejected"}
    if not isinstance(catalogue, dict) or not keys <= catalogue.keys():
        raise WrongInput(f"{path} is no catalogue of impulse responses; delete it to make it again")
    if catalogue["format_version"] != FORMAT_VERSION:
        raise WrongInput(
            f"{path} is of format {catalogue['format_version']}; this mwwkit writes "
            f"{FORMAT_VERSION}"
        )
    return catalogue


def reasons(catalogue: dict) -> dict[str, int]:
    """How many responses were rejected, by kind of reason."""
    counts: dict[str, int] = {}
    for row in catalogue["rejected"]:
        kind = row["reason"].split(":")[0]
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _known(run: Run) -> list[dict]:
    rows = []
    for path in reversed(run.all(CATALOGUE)):
        try:
            catalogue = read_catalogue(path)
        except ValueError as error:
            warnings.warn(f"{error}; its rooms are looked at again", stacklevel=3)
            continue
        rows += catalogue["irs"] + catalogue["rejected"]
    return rows


def _begun(groups: Sequence[list], may_go_on: Callable[[int], bool]) -> Iterator[list]:
    for group in groups:
        if not may_go_on(sum(f.n_bytes for pool, f in group if pool == "target") + 20_000):
            return
        yield group


def _not_reached(known: Iterable[dict], wanted: Sequence, rows: Sequence[dict]) -> list[dict]:
    """Rows that a session which was killed left, of files that this one has not come to yet."""
    left = {(pool, file.name) for pool, file in wanted} - {(r["pool"], r["id"]) for r in rows}
    return [row for row in known if (row["pool"], row["id"]) in left]


def _write(run: Run, rows: Sequence[dict], *, complete: bool) -> dict:
    rows = sorted(rows, key=lambda row: (row["pool"], row["id"], row["sha256"]))
    catalogue = {
        "format_version": FORMAT_VERSION,
        "complete": complete,
        "sample_rate_hz": RATE_HZ,
        "irs": [row for row in rows if "reason" not in row],
        "rejected": [row for row in rows if "reason" in row],
    }
    write_json(run / CATALOGUE, catalogue)
    return catalogue


def _describe(run: Run, known: dict, group: list[tuple[str, Found]]) -> list[tuple[dict, bool]]:
    return [_row(run, known, pool, file) for pool, file in group]


def _row(run: Run, known: dict, pool: str, file: Found) -> tuple[dict, bool]:
    """One row, and whether audio was decoded for it."""
    path = _staged(run, file) if pool == "target" else file.path
    sha = sha256(path)
    if row := known.get((pool, file.name, sha)):
        return row, False
    row = {"id": file.name, "pool": pool, "bytes": file.n_bytes, "sha256": sha}
    try:
        audio = read(path, RATE_HZ)
        standardise(audio)
    except AudioValidationError as error:
        reason = str(error).replace(str(path), file.name)
        kinds = ("too short", "not finite", "silent")
        if "NaN or infinite" in reason:
            reason = f"not finite: {reason}"
        elif not reason.startswith(kinds):
            reason = f"unreadable: {reason}"
        return row | {"reason": reason}, True
    late_s = onset(audio) / RATE_HZ
    about = {"seconds": round(audio.size / RATE_HZ, 6), "onset_s": round(late_s, 6)}
    return row | about, True


def _staged(run: Run, file: Found) -> Path:
    """A target's copy in this run, made now unless it is there and whole."""
    path = run / STAGED / file.name
    if not path.exists() or path.stat().st_size != file.n_bytes:
        with replacing(path) as part:
            shutil.copyfile(file.path, part)
    return path
