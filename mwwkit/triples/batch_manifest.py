"""The manifest of the triples, and the check that the files are what it says.

write_manifest(work, finished=True)
facts = verify(run)             # raises CannotGoOn that names every file that is wrong
"""

import platform
import warnings
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mwwkit import __version__
from mwwkit.run.checkpoint import Checkpoint, former_of
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import read_json, sha256, write_json
from mwwkit.run.paths import Run
from mwwkit.triples import examples
from mwwkit.triples.ledger import Segments, Work, figures, file_of, of_kind

MANIFEST = "manifest.json"
LIBRARIES = ("numpy", "scipy", "soundfile", "soxr", "noisereduce", "pyloudnorm")


def refuse_other_parameters(run: Run, settings: dict, of: Any = None) -> None:
    """Raise CannotGoOn for a manifest that was written under other parameters.

    One that cannot be read is named; it is written again. `of`: see `Checkpoint.resume`.
    """
    for path in run.all(MANIFEST):
        try:
            recorded = former_of(of, settings) | read_json(path)["parameters"]
        except (ValueError, KeyError, TypeError) as error:
            warnings.warn(f"{path} is damaged ({error}); it is written again", stacklevel=3)
            continue
        changed = [n for n in sorted(recorded | settings) if recorded.get(n) != settings.get(n)]
        if changed:
            shown = ", ".join(f"{n} ({recorded.get(n)!r} there)" for n in changed)
            raise CannotGoOn(
                f"{path} is of other parameters: {shown}; use another RUN_DIR, or take that run "
                "off PREVIOUS"
            )


def write_manifest(work: Work, *, finished: bool) -> dict:
    """Verify every batch and write `manifest.json`; returns what it holds."""
    run, checkpoint = work.run, work.checkpoint
    if wrong := wrong_batches(run, checkpoint.done):
        raise CannotGoOn(_named(wrong))
    rows = [
        {"file": file_of("batch", n)}
        | {k: f[k] for k in ("sha256", "bytes", "triples")}
        | {"first_segment": f["first"], "stop_segment": f["stop"], "rejected": f["rejected"]}
        for n, f in of_kind(checkpoint.done, "batch").items()
    ]
    versions = {name: metadata.version(name) for name in LIBRARIES}
    manifest = {
        "format": "mwwkit triples",
        "format_version": examples.FORMAT_VERSION,
        "finished": finished,
        "parameters": checkpoint.settings,
        "dimensions": {
            "sample_rate_hz": examples.RATE_HZ,
            "samples": examples.N_SAMPLES,
            "embedding": examples.EMBEDDING,
        },
        "versions": versions | {"mwwkit": __version__, "python": platform.python_version()},
        "chain": _totals(checkpoint.done) | {"segments": len(Segments(work))},
        "this_run": _totals(checkpoint.own) | {"run_number": checkpoint.figures["run_number"]},
        "batches": rows,
    }
    path = run / MANIFEST
    if not path.exists() or _unreadable(path) or read_json(path) != manifest:
        write_json(path, manifest)
    return manifest


def _totals(done: dict[str, dict]) -> dict[str, Any]:
    batches = of_kind(done, "batch").values()
    rejected: dict[str, int] = {}
    for facts in [*batches, done.get("triples", {})]:
        for reason, count in facts.get("rejected", {}).items():
            rejected[reason] = rejected.get(reason, 0) + count
    return {
        "batches": len(batches),
        "triples": sum(facts["triples"] for facts in batches),
        "rejected": dict(sorted(rejected.items())),
        "bytes": sum(facts["bytes"] for facts in batches),
        "files_sterilised": figures(done)["vocal_cursor"],
    }


def _unreadable(path: Path) -> bool:
    try:
        read_json(path)
    except ValueError:
        return True
    return False


def wrong_batches(run: Run, done: dict[str, dict]) -> list[str]:
    """What is wrong with each batch that is not what was written, by name."""
    wrong = []
    for number, facts in of_kind(done, "batch").items():
        paths = run.all(file_of("batch", number))
        if not paths:
            wrong.append(f"{run / file_of('batch', number)} is missing")
        elif not any(sha256(path) == facts["sha256"] for path in paths):
            wrong.append(
                f"{paths[0]} is not what was written: SHA-256 {sha256(paths[0])[:16]}..., "
                f"wanted {facts['sha256'][:16]}..."
            )
    return wrong


def _named(wrong: list[str]) -> str:
    return (
        "; ".join(wrong) + ". Move such a file away and run again: it is made again, the same "
        "bytes; all other batches are whole and stay"
    )


def verify(run: Run) -> dict:
    """Totals and status, once every batch of this and earlier runs is proved to be whole.

    Raises CannotGoOn, naming each file that is missing, changed, or of another form than the
    manifest says; CheckpointError where the checkpoint itself is damaged.
    """
    path = run / MANIFEST
    if not path.exists():
        raise CannotGoOn(f"{path} is not there: run the engine first; it writes it at each end")
    if _unreadable(path):
        raise CannotGoOn(f"{path} is damaged; run again, and it is written again")
    manifest = read_json(path)
    checkpoint = Checkpoint.resume(run, ".", manifest["parameters"])
    listed = {row["file"]: row["sha256"] for row in manifest["batches"]}
    done = {file_of("batch", n): f for n, f in of_kind(checkpoint.done, "batch").items()}
    if listed != {name: facts["sha256"] for name, facts in done.items()}:
        differ = sorted(set(listed.items()) ^ {(n, f["sha256"]) for n, f in done.items()})
        raise CannotGoOn(
            f"{path} and checkpoint.json differ on {differ[0][0]} ({len(differ)} in all); run again"
        )
    wrong = wrong_batches(run, checkpoint.done)
    wrong += [p for n, f in done.items() if (p := _malformed(run.find(n), f)) and not wrong]
    if wrong:
        raise CannotGoOn(_named(wrong))
    return {"finished": manifest["finished"], **manifest["chain"], "manifest": str(path)}


def _malformed(path: Path, facts: dict) -> str:
    """What is wrong with the names, shapes and types inside a batch, by its headers alone."""
    n = facts["triples"]
    wanted = {
        "input": ((n, examples.N_SAMPLES), np.dtype("<i2")),
        "target": ((n, examples.N_SAMPLES), np.dtype("<i2")),
        "embedding": ((n, examples.EMBEDDING), np.dtype("<f4")),
    }
    with zipfile.ZipFile(path) as file:
        names = tuple(name.removesuffix(".npy") for name in file.namelist())
        if names != examples.KEYS:
            return f"{path} holds {names}; wanted {examples.KEYS}"
        for name, (shape, dtype) in wanted.items():
            with file.open(f"{name}.npy") as entry:
                np.lib.format.read_magic(entry)
                header = np.lib.format.read_array_header_1_0(entry)
            if (header[0], header[2]) != (shape, dtype):
                return f"{path}: {name} is {header[0]} {header[2]}; wanted {shape} {dtype}"
    return ""
