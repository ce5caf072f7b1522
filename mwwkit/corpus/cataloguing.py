"""The catalogue of a run, written from its units' tables: who is in which split, what was rejected.

facts = cataloguing.write(config, run, gathered, units, given_splits)    # 01, once all are made
cataloguing.tell_fates(run, gathered, units, content)
"""

from dataclasses import replace
from typing import Any

from mwwkit.corpus import fates
from mwwkit.corpus.assembly import assemble, remarks
from mwwkit.corpus.caveats import dropped_by_the_check
from mwwkit.corpus.clips import (
    CATALOGUE,
    FOLDER,
    QUARANTINE,
    STAGE,
    Label,
    Split,
    load_clips,
    write_catalogue,
    write_quarantine,
)
from mwwkit.corpus.gathering import Gathered
from mwwkit.corpus.sources import Input
from mwwkit.corpus.splits import assign, audit, lies_in_a_split, with_one_spelling
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run


def write(
    config: Any,
    run: Run,
    gathered: Gathered,
    units: list[str],
    given_splits: dict[str, Split],
) -> dict:
    """Quarantine and catalogue from the units' tables; how many clips and rejects there are."""
    kept, rejected = assemble(run, FOLDER, units)
    rejected += gathered.aside
    write_quarantine(run, STAGE, rejected)
    if not any(clip.about.label is Label.POSITIVE for _, clip in kept):
        shown = "; ".join(f"{row.path}: {row.reason}" for row in rejected[:3])
        raise WrongInput(
            f"no clip of the wake word can be used; {len(rejected)} inputs were rejected ({shown}; "
            f"all of them in {run / QUARANTINE}); mend or replace them"
        )
    records = [clip.record(path, Split.TRAIN) for path, clip in kept]
    notices = [*gathered.notices, *dropped_by_the_check(gathered.inputs, rejected)]
    if config.input_rules > 1:
        records, told = with_one_spelling(records)
        notices += told
    own = {name for name, split in gathered.splits.items() if given_splits.get(name) is split}
    own = {name for name in own if lies_in_a_split(name)}
    parts = {i.about.origin: i.split for i in gathered.inputs if getattr(i, "split", None)}
    splits = assign(records, config.seed, config.shares, given_splits, own, parts)
    records = [replace(r, split=s) for r, s in zip(records, splits, strict=True)]
    audit(records)
    write_catalogue(run / CATALOGUE, records)
    facts = {"clips": len(records), "rejected": len(rejected)}
    return facts | ({"notices": notices} if notices else {})


def tell_fates(run: Run, gathered: Gathered, units: dict[str, list[Input]], content: str) -> None:
    """Keep what became of everything that was given, unless that is told already."""
    content, told = fates.digest(gathered, content), fates.fates_of(run)
    if told is None or told.content != content:
        _, rejected = assemble(run, FOLDER, list(units))
        write_quarantine(run, STAGE, [*rejected, *gathered.aside])
        told = remarks(run, FOLDER, list(units))
        fates.write_fates(run, gathered, units, load_clips(run), rejected, content, told)
