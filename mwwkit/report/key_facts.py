"""What most people ask of a finished run, by name: said the same in notebook and terminal.

for name, value in key_facts(read_report(Exported(run))):
    print(name, value)                  # heard, people's words  78 of 84: 92.9 % (...)
"""

from collections.abc import Iterator

from mwwkit.corpus.clips import Split
from mwwkit.evaluation.exported import Exported
from mwwkit.metrics.rates import Hourly, an_hour, latency
from mwwkit.metrics.whose_words import MACHINES
from mwwkit.report.facts import Report
from mwwkit.report.formatting import target
from mwwkit.report.origins import Data
from mwwkit.report.voices import heard_words
from mwwkit.run.files import read_json
from mwwkit.run.typed_json import from_json


def read_report(exported: Exported) -> Report:
    """The report that 05 wrote; ValueError where an earlier version wrote less than this one."""
    path = exported.path(exported.record.report)
    return from_json(Report, read_json(path), str(path))


def key_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Verdict, words heard, false accepts, latency, cutoff, target, and where the words went."""
    threshold, test = report.threshold, report.test
    return (
        ("verdict", report.verdict.headline),
        *((f"heard, {whose}", str(rate)) for whose, rate in heard_words(test, report.data).rows),
        ("false accepts", _hourly(test.false_accepts_per_hour)),
        ("latency", latency(test.median_latency_s)),
        ("cutoff", threshold.told),
        ("target", target(threshold)),
        *([("chosen by", threshold.chosen_by)] if threshold.chosen_by else []),
        *(_splits(report.data) if report.data else ()),
    )


def _hourly(measured: Hourly) -> str:
    if not measured.hours:
        return "not known: no long recordings to test on"
    at_most = f"at most {an_hour(measured.at_most)} with 95 %"
    return f"{measured.counts} of other sound: {measured.an_hour} an hour ({at_most})"


def _splits(data: Data) -> Iterator[tuple[str, str]]:
    """How many words train, choose and test, people's first."""
    if data.recordings:
        yield "recordings", data.recordings
    of_split = [each for split in Split for each in data.splits if each.split == split.value]
    counts = [each.wake_words - each.recordings for each in of_split]
    if any(counts):
        train, choose, test = counts
        yield MACHINES, f"{train:,} train, {choose:,} validation, {test:,} test"
