"""What came out of a sweep: a table for people and one for programs.

    rows = lines(sweep)
    print(markdown(rows))
    write_csv(folder / "summary.csv", rows)

Verdict and figures are those of each run's report; a run without one has none.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields

from mwwkit.cli.sweeping import PENDING, Outcome, Sweep
from mwwkit.evaluation.exported import FOLDER, Exported
from mwwkit.report.key_facts import read_report
from mwwkit.report.voices import heard_words
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run

NAMES = "summary.csv", "summary.md"
EARLIER = "exported by an earlier version; mwwkit report makes the report"


@dataclass(frozen=True)
class Line:
    """One row, every cell as text; empty where there is nothing to say."""

    word: str
    seed: str
    preset: str
    parameters: str  # the row's others
    state: str
    exit_code: str
    verdict: str = ""
    people_heard: str = ""
    people_of: str = ""
    machines_heard: str = ""
    machines_of: str = ""
    cutoff: str = ""
    window: str = ""
    false_accepts: str = ""
    hours: str = ""
    cpu_s: str = ""
    seconds: str = ""
    told: str = ""
    report: str = ""
    run: str = ""


def lines(sweep: Sweep) -> list[Line]:
    """A line for every row of the table, in its order."""
    return [_line(sweep, sweep.outcome(row)) for row in sweep.rows]


def _line(sweep: Sweep, outcome: Outcome) -> Line:
    row, ended = outcome.row, outcome.attempts
    run = Run(sweep.folder / row.name)
    others = " ".join(f"{name}={text}" for name, text in row.own if name != "SEED")
    about = {"word": row.word, "preset": row.preset, "parameters": others, "run": str(run.folder)}
    about["seed"] = dict(row.given + row.own).get("SEED", "")
    if ended is None:
        return Line(**about, state=PENDING, exit_code="")
    about |= {"state": ended.state, "exit_code": str(ended.exit_code), "told": ended.told}
    about |= {"cpu_s": f"{ended.cpu_s:.0f}", "seconds": f"{ended.seconds:.0f}"}
    return Line(**about | (_figures(run) if ended.state == "done" else {}))


def _figures(run: Run) -> dict[str, str]:
    """Of the report, by a line's fields."""
    if not run.all(f"{FOLDER}/checkpoint.json"):
        return {}
    exported = Exported(run)
    if not exported.record.report:
        return {"told": EARLIER}
    report = read_report(exported)
    heard, accepts = heard_words(report.test, report.data), report.test.false_accepts_per_hour
    counts = {"false_accepts": accepts.events}
    if heard.apart:
        counts |= {"people_heard": heard.people.count, "people_of": heard.people.of}
        counts |= {"machines_heard": heard.machines.count, "machines_of": heard.machines.of}
    return {name: str(count) for name, count in counts.items()} | {
        "told": "" if heard.apart else f"heard, whoever said it: {heard.words}",
        "verdict": report.verdict.headline,
        "cutoff": f"{report.threshold.cutoff:g}",
        "window": str(report.threshold.window),
        "hours": f"{accepts.hours:g}",
        "report": str(exported.path(exported.record.page)),
    }


def write(sweep: Sweep) -> list[Line]:
    """Write both tables into the sweep's folder, each whole; returns their lines."""
    made = lines(sweep)
    names = [field.name for field in fields(Line)]
    with replacing(sweep.folder / NAMES[0]) as part:
        with open(part, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(vars(line) for line in made)
    with replacing(sweep.folder / NAMES[1]) as part:
        part.write_text(markdown(made) + "\n", encoding="utf-8")
    return made


def markdown(made: Sequence[Line]) -> str:
    """The lines as a table in Markdown, in fewer columns, without those that say nothing."""
    table = [_cells(line) for line in made]
    heads = [head for head in table[0] if any(cells[head] for cells in table)]
    rows = [heads, ["---"] * len(heads), *([cells[head] for head in heads] for cells in table)]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def _cells(line: Line) -> dict[str, str]:
    has_code = line.exit_code not in ("", "0")
    return {
        "word": line.word,
        "seed": line.seed,
        "preset": line.preset,
        "parameters": line.parameters,
        "state": f"{line.state} ({line.exit_code})" if has_code else line.state,
        "verdict": line.verdict or line.told,
        "people heard": _of(line.people_heard, line.people_of, " of "),
        "machines heard": _of(line.machines_heard, line.machines_of, " of "),
        "cutoff": _of(line.cutoff, line.window, "/"),
        "false accepts": _of(line.false_accepts, line.hours, " in ", " h"),
        "CPU s": line.cpu_s,
        "report": line.report,
    }


def _of(one: str, other: str, between: str, end: str = "") -> str:
    return f"{one}{between}{other}{end}" if one else ""
