"""All files of a report: what 05 writes, what the command line makes again.

write(run, Shipped(folder, names, settings))    # beside the files that it tells of
remake(run)                                     # of a finished run
"""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import FOLDER, Exported, Record, Shipped, Sum
from mwwkit.report.card import Certified, card
from mwwkit.report.facts import Report, facts_of
from mwwkit.report.mistake_sounds import moments
from mwwkit.report.page import page
from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.files import read_json, replacing, sha256, write_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import from_json, to_json

FILES = ("report", "page", "card")
CALLED = ("its figures", "report", "model card")  # as people read of them
ENDINGS = (".report.json", ".report.html", ".card.md")
MOST_BYTES = 5_000_000  # all files together


def named(record: Record) -> Record:
    """With the names of the report's files, which an earlier version did not write."""
    slug = Path(record.manifest).stem
    return replace(record, **{what: slug + end for what, end in zip(FILES, ENDINGS, strict=True)})


def write(run: Run, shipped: Shipped) -> Report:
    """All files into `shipped.folder`, under the names that `shipped` has for them.

    Raises ValueError for metrics that an earlier version wrote.
    """
    report, device = facts_of(run, shipped), Device(shipped.path("model"), reference=True)
    mistakes, unlike = report.test.worst, report.parity.test.differ
    heard = [
        moments(run, listed, device, report.threshold)
        for listed in (mistakes.misses, mistakes.false_accepts, unlike)
    ]
    html = page(report, *heard, shipped.names.report)
    write_json(shipped.path("report"), to_json(report))
    shipped.path("page").write_text(html, encoding="utf-8", newline="\n")
    certified = None
    if shipped.names.certificate:
        path = shipped.path("certificate")
        certified = from_json(Certified, read_json(path), str(path))
    card_text = card(report, certified)
    shipped.path("card").write_text(card_text, encoding="utf-8", newline="\n")
    return report


def remake(run: Run) -> tuple[tuple[str, str], ...]:
    """Make the report of a finished run again, in that run; where its files are, and the verdict.

    Raises CheckpointError where 05 has not finished, ValueError for metrics of an earlier version.
    """
    exported = Exported(run)
    done = named(exported.record)
    with TemporaryDirectory() as folder:
        trial = Shipped(Path(folder), done, done.made_of)
        for name in exported.record.files():
            if name not in made_here(done):
                shutil.copyfile(exported.path(name), trial.folder / name)
        report = write(run, trial)
        remade = tuple(Sum(name, sha256(trial.folder / name)) for name in made_here(done))
        if not set(remade) <= set(done.sha256):
            for file in remade:
                with replacing(run / FOLDER / file.name) as part:
                    shutil.copyfile(trial.folder / file.name, part)
            kept = (file for file in done.sha256 if file.name not in made_here(done))
            checkpoint = Checkpoint.resume(run, FOLDER, {})
            checkpoint.complete(**to_json(replace(done, sha256=(*kept, *remade))))
    places = zip(CALLED, made_here(done), strict=True)
    verdict = report.verdict.headline
    return (*((what, str(exported.path(name))) for what, name in places), ("verdict", verdict))


def made_here(record: Record) -> tuple[str, str, str]:
    """The report's own files, in the order of FILES."""
    return record.report, record.page, record.card
