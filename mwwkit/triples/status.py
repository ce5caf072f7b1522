"""What the data engine says of itself, in plain words."""

from mwwkit.triples import batch_manifest, ledger
from mwwkit.triples.ledger import Work

ZEROS = (
    "NO EMBEDDINGS: every `embedding` in the batches is 512 zeros and tells no room from another"
)


def where(work: Work) -> None:
    """Phase 1: what was found, where, and what was chosen."""
    checkpoints = work.run.all("checkpoint.json")
    places = ", ".join(map(str, checkpoints)) or "no checkpoint.json: a first run"
    shown = ", ".join(f"{name} {value}" for name, value in work.checkpoint.figures.items())
    work.say(f"phase 1, state: {places}; going on from {shown}")


def status(work: Work, reason: str) -> dict:
    """The report of a session; its last lines say how far it is and the exact next step."""
    run, figures = work.run, work.checkpoint.figures
    shown = f"{figures['triples_completed']} triples in {figures['batch_id']} files"
    if not reason:
        status_line = f"finished: {shown}, all speech used"
        then = (
            f"give {run / ledger.BATCHES} (and those of earlier runs) to the notebook that trains "
            f"on triples; {run / batch_manifest.MANIFEST} lists every file with its SHA-256"
        )
    else:
        status_line = f"stopped: {reason}; {shown} so far, nothing is lost"
        chain = ", ".join(map(str, [*run.earlier, run.folder]))
        then = (
            "commit this output, attach it to the next notebook, run again: there, in the cell of "
            f'parameters, PREVIOUS = "{chain}" (where they are attached; "auto" takes all attached '
            "runs), and FORCE = []"
        )
    work.say(status_line)
    if work.checkpoint.settings["embeddings"] == "none":
        status_line += f". {ZEROS}"
        work.say(ZEROS)
    work.say(f"next: {then}")
    facts = {"status": status_line, "next": then, "finished": not reason}
    return facts | figures | {"folder": str(run.folder), "said": work.said}
