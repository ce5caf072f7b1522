"""What 05 made, for people: the verdict and its figures, the files, the checks, the lines to copy.

export_panel.report(run)                         # verdict, figures, a link to the whole page
export_panel.files(run)                          # to download, with what each is for
"""

from collections.abc import Iterator
from html import escape

from IPython.display import HTML, display

from mwwkit.esphome.certificate import certify
from mwwkit.esphome.findings import FAIL, UNCHECKED
from mwwkit.evaluation.exported import Exported
from mwwkit.metrics.rates import Rate
from mwwkit.previews.html_tables import Told, table
from mwwkit.previews.panel import Words, is_live, sentence
from mwwkit.report import in_short
from mwwkit.report.facts import Report
from mwwkit.report.formatting import in_order
from mwwkit.report.key_facts import key_facts, read_report
from mwwkit.report.markup import tag
from mwwkit.report.voices import INTERVALS, by_condition, heard_words, of_intervals
from mwwkit.run.links import link
from mwwkit.run.paths import Run

COPY = """
<button onclick="navigator.clipboard.writeText(this.previousElementSibling.textContent)
  .then(() => this.textContent = 'copied')">Copy</button>
"""


def report(run: Run) -> None:
    """Show the verdict, the key figures and a link. CheckpointError where 05 has not finished."""
    exported = Exported(run)
    if not exported.record.page:
        display(sentence("An earlier version exported this; mwwkit report makes the report."))
        return
    path, told = exported.path(exported.record.page), read_report(exported)
    near = link(path)
    whole = Words(
        f'<p><a href="{escape(near)}">The whole report</a>, a page of its own.</p>',
        f"The whole report: {near}",
    )
    display(
        _verdict(told), table(("", "on the test split"), _facts(told)), _conditions(told), whole
    )


def _verdict(told: Report) -> Words:
    reached = told.verdict
    lines = [reached.headline, *reached.sentences]
    headline = tag("p", tag("b", reached.headline))
    return Words(headline + tag("p", " ".join(reached.sentences)), "\n".join(lines))


def _facts(told: Report) -> list[tuple[str, str]]:
    """The key figures, without the verdict, which stands over them."""
    return [(name, value) for name, value in key_facts(told) if name != "verdict"]


def _conditions(told: Report) -> Words:
    heard = heard_words(told.test, told.data)
    rows = [
        (name, row.percent, row.interval, row.counts)
        for name, row in in_order(by_condition(told.test))
        if Rate.counted(row.count, row.of).of
    ]
    heads = f"heard, {heard.called}", "share", "95 %", "counted"
    foot = " ".join(filter(None, (heard.conversion, of_intervals(told.test, heard), INTERVALS)))
    shown = table(heads, rows, numbers=(1,))
    return Words(shown.html + tag("p", foot), f"{shown.text}\n{foot}")


def files(run: Run) -> None:
    """Show the files with links, the checks and the YAML. CheckpointError before 05 has ended."""
    exported = Exported(run)
    rows = list(_rows(exported))
    heads = "file", "kB", "what it is for"
    display(table(heads, rows, numbers=(1,), title="The files, in the run's folder export/"))
    display(sentence(_checked(exported)))
    display(_lines_to_copy(exported))


def _rows(exported: Exported) -> Iterator[tuple[Told, str, str]]:
    for name, why in in_short.files(exported.record):
        path, is_page = exported.path(name), name == exported.record.page
        address = tag("a", name, href=link(path), download=None if is_page else "")
        yield Told(address, name), f"{path.stat().st_size / 1000:,.1f}", why


def _checked(exported: Exported) -> str:
    """How the sheet of checks ended, with every fault and what was not looked at."""
    found = certify(exported.path(exported.record.manifest))
    counts = found.counted()
    told = f"Checks: {counts['pass']} passed, {counts[FAIL]} failed, {counts[UNCHECKED]} not made."
    unlike = [check for check in found.checks if check.result in (FAIL, UNCHECKED)]
    said = [f"{check.result}: {check.title} ({check.found})" for check in unlike]
    return " ".join([told, *said])


def _lines_to_copy(exported: Exported) -> Words | HTML:
    text = exported.path(exported.record.yaml).read_text("utf-8")
    head = "For ESPHome: these lines into the YAML of your device, model and manifest beside it."
    button = COPY if is_live() else ""
    return Words(f"<p>{head}</p><pre>{escape(text)}</pre>{button}", f"{head}\n\n{text}")
