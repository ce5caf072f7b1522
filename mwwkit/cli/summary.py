"""What a demo ends with: where the model is, what it reaches, and what it cannot.

print(demo(Run.of("run/demo"), minutes=9.5))
"""

from typing import Any

from mwwkit.run.checkpoint import completed
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run

HONEST = """\
This model was taught by synthetic voices only: it shows that everything works, and it does not know
people's voices. Twenty recordings of your own change that. Put them in a folder named positive:

    recordings/positive/          one wake word a file, any format
    python -m mwwkit run --preset standard --run-dir run/mine \\
        -p WORD="{word}" RECORDINGS=recordings
"""


def demo(here: Run, minutes: float) -> str:
    """The lines that `mwwkit demo` prints last, from what 05 left in the run."""
    names = completed(here, "export")
    path = here.find(f"export/{names['manifest']}")
    manifest = read_json(path)
    metrics = read_json(here.find(f"export/{names['metrics']}"))
    threshold, test = metrics["threshold"], metrics["test"]
    hourly = test["false_accepts_per_hour"]
    conditions = sorted(test["recall"], key=lambda name: (name != "clean", name))
    rows = [
        ("model", f"{path} and {names['model']}"),
        ("threshold", f"{threshold['cutoff']}, on the mean of {threshold['window']} scores"),
        *((f"recall, {name}", _counted(test["recall"][name])) for name in conditions),
        ("other words taken for it", _counted(test["other_clips_accepted"])),
        ("false accepts", f"{hourly['events']} in {hourly['hours']:.2f} h of other sound"),
        ("latency", _latency(test["median_latency_s"])),
        ("size, arena", f"{metrics['model']['bytes']:,} and {metrics['arena']['stated']:,} bytes"),
        *_report(here, names),
        ("executed notebooks", str(here / "executed")),
        ("minutes", f"{minutes:.1f}"),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    head = f'"{manifest["wake_word"]}", on voices that it was not taught by:'
    return "\n".join(["", head, *lines, "", HONEST.format(word=manifest["wake_word"])])


def _report(here: Run, names: dict[str, Any]) -> list[tuple[str, str]]:
    """Where the report is; an earlier version of 05 wrote none."""
    return [("report", str(here.find(f"export/{names['page']}")))] if "page" in names else []


def _counted(facts: dict[str, Any]) -> str:
    if not facts["of"]:
        return "none to count"
    interval = f"95 %: {facts['low']:.1%} to {facts['high']:.1%}"
    return f"{facts['value']:.1%} ({facts['count']} of {facts['of']}; {interval})"


def _latency(seconds: float | None) -> str:
    return "none heard" if seconds is None else f"{seconds:.2f} s after the word's end, median"
