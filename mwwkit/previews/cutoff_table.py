"""Strict, balanced and lenient side by side: what each hears, and what it costs.

display(cutoff_table.of(read_report(exported)))
"""

from collections.abc import Iterator

from mwwkit.metrics.rates import Rate
from mwwkit.previews.html_tables import table
from mwwkit.previews.panel import Words
from mwwkit.report.cutoff_choices import Advice, Reached, alike, told_once
from mwwkit.report.facts import Report
from mwwkit.report.formatting import hourly
from mwwkit.report.voices import heard_words

TITLE = "Three cutoffs to choose from, chosen on the validation split"


def of(report: Report) -> Words:
    """The report's own choices on both splits, and a sentence where two of them are one."""
    heard = f"{heard_words(report.test, report.data).called} heard"
    heads = "", "cutoff", "split", heard, "false accepts an hour (95 %)", "other words taken for it"
    rows = [row for names, each in told_once(report.advice) for row in _rows(names, each)]
    shown, same = table(heads, rows, title=TITLE), alike(report.advice)
    return Words(f"{shown.html}<p>{same}</p>", f"{shown.text}\n{same}") if same else shown


def _rows(names: str, each: Advice) -> Iterator[tuple[str, ...]]:
    named = names.replace("balanced", "balanced (ships)")
    yield named, f"{each.cutoff:g}", "validation", *_cells(each.validation)
    yield "", "", "test", *_cells(each.test)


def _cells(reached: Reached) -> tuple[str, str, str]:
    """Shares without intervals: all are of the same clips, and the report has the interval."""
    heard, others = map(_share, (reached.recall, reached.other_clips_accepted))
    return heard, hourly(reached.false_accepts_per_hour), others


def _share(rate: Rate | None) -> str:
    return f"{rate.counts}: {rate.percent}" if rate and rate.of else "none to count"
