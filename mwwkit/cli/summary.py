"""What a demo ends with: where the model is, its rates, and what it cannot do.

print(demo(Run.of("run/demo"), minutes=9.5))
"""

from mwwkit.esphome import manifest
from mwwkit.evaluation.exported import Exported
from mwwkit.run.paths import Run

HONEST = """\
This model was taught by synthetic voices only: it shows that everything works, and it does not know
people's voices. Twenty recordings of your own change that. Put them in a folder named positive:

    recordings/positive/          one wake word a file, any format
    python -m mwwkit run --preset standard --run-dir run/mine \\
        -p WORD="{word}" RECORDINGS=recordings
"""


def demo(run: Run, minutes: float) -> str:
    """The lines that `mwwkit demo` prints last, from what 05 left in the run."""
    exported = Exported(run)
    record, metrics = exported.record, exported.metrics
    path, threshold, test = exported.path(record.manifest), metrics.threshold, metrics.test
    word = manifest.read(path).wake_word
    recall = sorted(test.recall, key=lambda row: (row.condition != "clean", row.condition))
    rows = [
        ("model", f"{path} and {record.model}"),
        ("threshold", f"{threshold.cutoff}, on the mean of {threshold.window} scores"),
        *((f"recall, {row.condition}", str(row)) for row in recall),
        ("other words taken for it", str(test.other_clips_accepted)),
        ("false accepts", f"{test.false_accepts_per_hour.counts} of other sound"),
        ("latency", _latency(test.median_latency_s)),
        ("size, arena", f"{metrics.model.bytes:,} and {metrics.arena.stated:,} bytes"),
        *([("report", str(exported.path(record.page)))] if record.page else []),
        ("executed notebooks", str(run / "executed")),
        ("minutes", f"{minutes:.1f}"),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    head = f'"{word}", on voices that it was not taught by:'
    return "\n".join(["", head, *lines, "", HONEST.format(word=word)])


def _latency(seconds: float | None) -> str:
    return "none heard" if seconds is None else f"{seconds:.2f} s after the word's end, median"
