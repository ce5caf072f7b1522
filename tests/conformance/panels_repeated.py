"""A run made in panels, repeated by papermill from what the panels wrote: the same bytes.

    python tests/conformance/panels_repeated.py FOLDER

FOLDER/panels: eight words and others are recorded in the guided recorder; the five notebooks run;
then one recording is left out and one clip called otherwise in the browser of clips, the effects
are changed in the comparison of before and after, and the notebooks run again, which makes anew
what hangs on that and nothing else; then another cutoff is chosen, and 05 runs again.
FOLDER/batch: `recorded/` and `decisions/` of that run in a new folder, and the notebooks once.
Exits with 1 unless clips, features, training, mined, tuned and export are the same, byte for byte.
"""

import argparse
import base64
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import soundfile
from whole_runs import FOLDERS, ROOT, contents

from mwwkit.corpus.clips import Label, Split, load_clips
from mwwkit.corpus.synthetic_inputs import other_words, positives
from mwwkit.evaluation.exported import Exported
from mwwkit.previews import augmentation_ab, clip_browser, guided_recorder
from mwwkit.run.checkpoint import finished
from mwwkit.run.decisions import CutoffDecision, decide_cutoff
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.scenes.augmentation import Recipe
from mwwkit.stages import acquire

WORD = "computer"
SPEAKERS = ("ann", "ben", "cleo", "dan")
PARTS = sorted({part for parts in FOLDERS.values() for part in parts})


def notebooks(run: Path, stages: str = "01-05") -> None:
    """Run the chain's notebooks by papermill, as a person would type it."""
    call = [sys.executable, "-m", "mwwkit", "run", "--preset", "fast_test", "--run-dir", str(run)]
    log = run.with_suffix(".log")
    with open(log, "a") as out:
        done = subprocess.run(
            [*call, "--stages", stages],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=run.parent,
            stdout=out,
            stderr=out,
        )
    if done.returncode:
        sys.exit(f"the notebooks ended with {done.returncode}:\n{log.read_text()[-3000:]}")


def as_recorded(audio) -> str:
    """What a browser hands over."""
    stream = io.BytesIO()
    soundfile.write(stream, audio, 16_000, format="OGG", subtype="VORBIS")
    return "data:audio/ogg;base64," + base64.b64encode(stream.getvalue()).decode()


def record(run: Run) -> None:
    """Eight words, four other words, by four people, through the guided recorder."""
    config = acquire.Config(word=WORD, seed=7)
    engines = config.engines()
    said = [(text, engines.all[0].draw(rng(7, text))) for text in other_words(config, 4)]
    words = [(item.texts[0], item.voice) for item in positives(engines, WORD, (), 8, 7)]
    asked = {"near": words, "other": said}
    guide = guided_recorder.Guide(run, WORD)
    for task, orders in asked.items():
        for number, audio in enumerate(engines.all[0].speak_many(orders)):
            name = SPEAKERS[number % len(SPEAKERS)]
            guide.task.value = task
            guide.draw(as_recorded(audio), name, task, (), False)


def browse(run: Run) -> None:
    """One recording of the training split left out, one clip of validation called otherwise."""
    clips = load_clips(run)
    own = [r for r in clips.of(label=Label.POSITIVE, split=Split.TRAIN) if not r.is_synthetic]
    other = clips.of(label=Label.NEGATIVE, split=Split.VAL).records[0]
    browser = clip_browser.Browser(run)
    for record, action, why in ((own[0], "exclude", "a door"), (other, "hard_negative", "alike")):
        browser.text.value = record.path
        values = (browser.sort.value, "all", "all", record.path, 0, action, why)
        browser.draw(*values, not browser._written)


def compare(run: Run) -> None:
    """Other effects, kept by "use these"."""
    compared = augmentation_ab.Comparison(run, Recipe(), 200, 42)
    values = {name: slider.value for name, slider in compared.sliders.items()}
    compared.draw(0, 0, True, **values | {"eq": 0.7, "gain_db": 8.0})


def choose(run: Run) -> None:
    """The cutoff one lower than the one that was chosen."""
    exported = Exported(run)
    threshold, made_of = exported.threshold, exported.record.made_of
    cutoff = max(threshold.integer - 1, 1)
    decide_cutoff(run, CutoffDecision(cutoff, threshold.window, made_of["weights"], "rather hear"))


def units(run: Run) -> dict[str, int]:
    """When each of 02's shards was written, by name."""
    shards = finished(run, "features")
    return {n: (run / "features" / n / "scenes.jsonl.xz").stat().st_mtime_ns for n in shards}


def main() -> None:
    """Make both runs and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.absolute()
    folder.mkdir(parents=True)
    panels, batch = Run(folder / "panels"), Run(folder / "batch")
    record(panels)
    notebooks(panels.folder)
    before = units(panels)
    browse(panels), compare(panels)
    notebooks(panels.folder)
    after = units(panels)
    anew = sorted({name.split("/")[0] for name in after if after[name] != before.get(name)})
    print("sets of 02 that were made anew:", ", ".join(anew))
    choose(panels)
    notebooks(panels.folder, "05")
    for name in ("recorded", "decisions"):
        shutil.copytree(panels / name, batch / name)
    notebooks(batch.folder)
    one, other = contents(panels.folder), contents(batch.folder)
    failed = anew != ["train", "validation-others"]
    for part in (*PARTS, "recorded", "decisions"):
        of_panels, of_batch = (
            {n: d for n, d in each.items() if n.startswith(f"{part}/")} for each in (one, other)
        )
        names = of_panels.keys() | of_batch.keys()
        differ = sorted(n for n in names if of_panels.get(n) != of_batch.get(n))
        failed |= bool(differ) or not names
        print(f"{part:10} {len(names):5} files, {len(differ)} differ {', '.join(differ[:4])}")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
