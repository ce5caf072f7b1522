"""What a run ends with: the verdict, what was heard, where the model and its report are.

print(ending(Run.of("run/mine")))
print(demo(Run.of("run/demo"), minutes=9.5))   # and what machines cannot do
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mwwkit.evaluation.exported import FOLDER, Exported
from mwwkit.report.key_facts import key_facts, read_report
from mwwkit.report.voices import heard_words
from mwwkit.run.paths import Run

EARLIER = "An earlier version exported this; mwwkit report makes the report."
HONEST = """\
This model was taught by machines (synthetic voices) only: it shows that everything works, and it
does not know people's voices. Twenty recordings of your own change that. Put them into positive/ of
a folder, and name that folder as RECORDINGS:

    recordings/positive/          one wake word a file, any format
    {python} -m mwwkit run -p WORD="{word}" RECORDINGS=recordings
"""


def ending(run: Run) -> str:
    """The lines that `mwwkit run` prints last, where 05 was among its stages; empty without it."""
    if not run.all(f"{FOLDER}/checkpoint.json"):
        return ""
    exported = Exported(run)
    if not exported.record.report:
        return EARLIER
    report = read_report(exported)
    head = f'"{report.wake_word}": {report.verdict.headline}.'
    page = str(exported.path(exported.record.page))
    rows = [*_model(exported), *key_facts(report)[1:], ("report", page)]
    return "\n".join(["", head, *report.verdict.sentences, "", *_lines(rows)])


def demo(run: Run, minutes: float) -> str:
    """The lines that `mwwkit demo` prints last, from what 05 left in the run."""
    exported = Exported(run)
    if not exported.record.report:
        return EARLIER
    record, metrics, report = exported.record, exported.metrics, read_report(exported)
    test = metrics.test
    recall = sorted(test.recall, key=lambda row: (row.condition != "clean", row.condition))
    counted = heard_words(test, report.data).called
    rows = [
        *_model(exported),
        *key_facts(report),
        *((f"{counted}, {row.condition}", str(row)) for row in recall),
        ("other words taken for it", str(test.other_clips_accepted)),
        ("size, arena", f"{metrics.model.bytes:,} and {metrics.arena.stated:,} bytes"),
        ("report", str(exported.path(record.page))),
        ("executed notebooks", str(run / "executed")),
        ("minutes", f"{minutes:.1f}"),
    ]
    word = report.wake_word
    head = f'"{word}", on voices that it was not taught by:'
    return "\n".join(["", head, *_lines(rows), "", HONEST.format(word=word, python=_python())])


def _python() -> str:
    """This Python as it can be typed here: `make` runs one that is on nobody's path."""
    path = Path(sys.executable)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _model(exported: Exported) -> tuple[tuple[str, str], ...]:
    """Where the files for the device are, and what to do with them."""
    record = exported.record
    together = f"{exported.path(record.manifest)} and {record.model}, beside your ESPHome YAML"
    return ("model", together), ("ESPHome's lines", str(exported.path(record.yaml)))


def _lines(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {value}" for name, value in rows]
