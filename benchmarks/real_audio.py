"""Detection on real recordings: models made by the command line, measured on what they never saw.

    python -m benchmarks.real_audio --word alexa --of 5 --seeds 1 2   # makes what is missing
    python -m benchmarks.real_audio --word alexa --of 5 --model alexa.json  # any finished model
    python -m benchmarks.real_audio                                   # prints the tables of all
    python -m benchmarks.real_audio --into benchmarks/README.md       # puts them between its marks

`MWWKIT_REAL_AUDIO` and `MWWKIT_PEOPLE` name the recordings. A case (`benchmarks.cases`) is a run of
`mwwkit run --preset standard` with RECORDINGS set to a folder as the README describes it, 01 to 05,
nothing else; only the seeds of 02 to 04 are set besides. What the model did is one small file in
`benchmarks/results/`, made once: whoever calls again goes on where it stopped. `--work` keeps the
runs; a run that was killed goes on. Speaking is done once a word, in a run of 01 that the others
read as their earlier one, and is counted in a column of its own.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from benchmarks import tables
from benchmarks.cases import TRIALS, Case, cases_of, folder_of, material
from benchmarks.conditions import prepare
from benchmarks.folds import AtHand
from benchmarks.scoring import score
from benchmarks.tally import WINDOW, Tally
from mwwkit.cli import chain
from mwwkit.device.detector import Rule
from mwwkit.esphome.manifest import read as read_manifest
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.metrics_file import Calibrated
from mwwkit.metrics.operating_points import Surface
from mwwkit.metrics.tail_fit import expected_rates
from mwwkit.presets import load as preset_named
from mwwkit.report.facts import Report
from mwwkit.report.voices import heard_words
from mwwkit.run.files import read_json, sha256, write_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import from_json

RESULTS = Path(__file__).with_name("results")
ROLES = {  # what a trial calls it -> the folder that the README asks for
    "positives": "positive",
    "negatives": "negative",
    "speech": "ambient",
    "noise": "background",
    "rirs": "rirs",
}
SEEDED = ("featurize", "train", "mine")  # 01's seed stays: it decides who trains and what is spoken


def recordings(case: Case, at_hand: AtHand, folder: Path) -> Path:
    """A folder of links as a person would lay it out: a role each, in it a folder a speaker."""
    fold = material(case, at_hand)
    for role, name in ROLES.items():
        for path in fold.train.get(role, ()):
            speaker = at_hand.rows[path].speaker
            if role == "positives" and case.trial.startswith("folders"):
                speaker = folder_of(case, path, fold)
            link = folder / name / speaker / path.replace("/", "--")
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                os.symlink(at_hand.file(path).absolute(), link)
    return folder


def _mwwkit(*arguments: str) -> float:
    """A command of mwwkit; its CPU seconds, its kernels' and voices' included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "mwwkit", *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _counted(file: Path, name: str, *arguments: str) -> None:
    """Run a command and keep its CPU seconds in `file`: None where an earlier try was killed.

    What that one spent went into what this one found, and nobody counted it.
    """
    spent = read_json(file) if file.exists() else {}
    was_killed = name in spent
    write_json(file, spent | {name: None})
    seconds = _mwwkit(*arguments)
    write_json(file, spent | {name: None if was_killed else round(seconds, 1)})


def spoken(case: Case, work: Path) -> Path:
    """The run of 01 with all that machines say for the word; made once a word and its settings."""
    folder = work / "spoken" / case.voices_name
    if not (folder / "01.done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        given = (f"WORD={case.word}", "RECORDINGS=", *case.spoken_changes)
        places = ("--run-dir", str(folder / "run"))
        command = ("run", "--preset", case.preset, "--stages", "01", *places, "-p", *given)
        _counted(folder / "cpu.json", "speaking", *command)
        (folder / "01.done").touch()
    return folder


def make(case: Case, at_hand: AtHand, work: Path) -> Run:
    """The run of a case, finished: 01 to 05 by the command line."""
    folder, voices = work / "runs" / case.run_name, spoken(case, work)
    run = Run.of(str(folder / "run"))
    laid_out = recordings(case, at_hand, folder / "recordings")
    given = {"WORD": case.word, "RECORDINGS": str(laid_out) if laid_out.exists() else ""}
    given |= dict(change.split("=", 1) for change in case.changes)
    sections = preset_named(case.preset)
    for name in SEEDED:
        sections[name] = sections.get(name, {}) | {"seed": case.seed}
    preset = folder / "preset.yaml"
    preset.parent.mkdir(parents=True, exist_ok=True)
    preset.write_text(yaml.safe_dump(sections))
    places = ("--run-dir", str(run.folder), "--previous", str(voices / "run"))
    for stage in chain.SECTIONS:  # one by one, so that the CPU seconds of each are known
        if (folder / f"{stage}.done").exists():
            continue
        own = [f"{name}={given[name]}" for name in given.keys() & chain.parameters(stage).keys()]
        command = ("run", "--preset", str(preset), "--stages", stage, *places)
        _counted(folder / "cpu.json", stage, *command, *(["-p", *own] if own else []))
        (folder / f"{stage}.done").touch()
    return run


def measure(case: Case, at_hand: AtHand, work: Path, workers: int) -> dict:
    """Make, score and describe a case, as its file in the results has it."""
    run = make(case, at_hand, work)
    exported = Exported(run)
    fold = material(case, at_hand)
    files = prepare(fold, at_hand, work / "stimuli", workers)
    model = exported.path(exported.record.model)
    tally = Tally.of(score(model, files, workers), exported.metrics.threshold)
    path = exported.path(exported.record.report)
    report = from_json(Report, read_json(path), str(path))
    cpu = read_json(spoken(case, work) / "cpu.json") | read_json(run.folder.parent / "cpu.json")
    return {
        "case": asdict(case) | {"recipe": case.recipe},
        "cpu_seconds": cpu,
        "card": _card(report),
        "calibrated": _calibrated(exported.metrics.calibrated),
        "expected_an_hour": _expected(exported.metrics.validation.surface),
        "tally": tally.as_dict(),
    }


def recipe_of(manifest: Path) -> str:
    """What stands for the recipe of a finished model: eight hex digits of its file's SHA-256."""
    return sha256(manifest.parent / read_manifest(manifest).model)[:8]


def measure_finished(case: Case, manifest: Path, at_hand: AtHand, work: Path, workers: int) -> dict:
    """The same of a finished model with its manifest, at the cutoff and window that this names."""
    described = read_manifest(manifest)
    model = manifest.parent / described.model
    rule = Rule(described.probability_cutoff, described.sliding_window_size)
    files = prepare(material(case, at_hand), at_hand, work / "stimuli", workers)
    tally = Tally.of(score(model, files, workers), rule)
    return {
        "case": asdict(case) | {"recipe": recipe_of(manifest)},
        "cpu_seconds": {},
        "card": {"threshold": asdict(rule)},
        "tally": tally.as_dict(),
    }


def _calibrated(facts: Calibrated | None) -> dict | None:
    """What calibrating did on the run's test split: [before, after]."""
    if facts is None or not facts.words:
        return None
    return {
        "scale": facts.scale,
        "shift": facts.shift,
        "ece": {
            c.condition: [c.before.expected_error, c.after.expected_error] for c in facts.conditions
        },
        "at": {
            f"{both.cutoff:g}": {
                "recall": [both.before.recall.value, both.after.recall.value],
                "others": [
                    both.before.other_clips_accepted.value,
                    both.after.other_clips_accepted.value,
                ],
                "events": [
                    both.before.false_accepts_per_hour.value,
                    both.after.false_accepts_per_hour.value,
                ],
            }
            for both in facts.cutoffs
        },
    }


def _expected(surface: Surface) -> list[float] | None:
    """Events an hour that the run's own tail lets expect at each cutoff, to three digits.

    Of the same sound as `choose_cutoff` takes it of, or the tables would test another rule.
    """
    events, hours = surface.other_sound
    of_window = np.asarray(events)[surface.windows.index(WINDOW)]
    rates = expected_rates(of_window, hours, surface.logit_scale or 0.0)
    return None if rates is None else [float(f"{rate:.3g}") for rate in rates]


def _card(report: Report) -> dict:
    """What the run told its user."""
    threshold, heard = report.threshold, heard_words(report.test, report.data)
    clean = next((row for row in report.test.recall if row.condition == "clean"), None)
    splits = report.data.splits if report.data else ()
    on_test = report.test.false_accepts_per_hour
    return {
        "verdict": report.verdict.headline,
        "recordings": {split.split: split.recordings for split in splits},
        "threshold": asdict(threshold),
        "people": asdict(heard.people),
        "machines": asdict(heard.machines),
        "clean": None if clean is None else asdict(clean),
        "events": {"count": on_test.events, "hours": on_test.hours},
    }


def _make_missing(options: argparse.Namespace) -> None:
    """Make the cases that have no file of their recipe yet."""
    people = os.environ.get("MWWKIT_PEOPLE")
    at_hand = AtHand(Path(os.environ["MWWKIT_REAL_AUDIO"]), people and Path(people))
    preset = f"model-{options.model.stem}" if options.model else options.preset
    args = options.word, options.trial, options.seeds, options.of, preset, tuple(options.changes)
    for case in (case for row in cases_of(*args) for case in row):
        file = options.results / f"{case.name}.json"
        recipe = recipe_of(options.model) if options.model else case.recipe
        if file.exists() and read_json(file)["case"]["recipe"] == recipe:
            continue
        rest = at_hand, options.work, options.workers
        if options.model:
            write_json(file, measure_finished(case, options.model, *rest))
        else:
            write_json(file, measure(case, *rest))
            if not options.keep:
                shutil.rmtree(options.work / "runs" / case.run_name)


def main() -> None:
    """Make the cases that are missing and print the tables of all."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--word", help="make cases of this wake word; without it only print")
    parser.add_argument("--trial", choices=TRIALS, default="all")
    parser.add_argument("--of", type=int, default=3, help="folds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--preset", default="standard")
    parser.add_argument("-p", dest="changes", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--model", type=Path, help="measure this manifest's model, make none")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mwwkit-real"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--into", type=Path, help="a text with marks for the tables")
    parser.add_argument("--keep", action="store_true", help="keep finished runs")
    options = parser.parse_args()
    if options.word:
        _make_missing(options)
    told = tables.everything(options.results)
    if options.into:
        options.into.write_text(tables.put_into(options.into.read_text("utf-8"), told), "utf-8")
    else:
        print(told)


if __name__ == "__main__":
    main()
