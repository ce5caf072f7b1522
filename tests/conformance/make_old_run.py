"""Make the fixture tests/fixtures/run-33b86c6: a small run by an old version, stopped inside 03.

    python tests/conformance/make_old_run.py FOLDER

Needed once, when the fixture was made; it stands here so that everybody can see how. Version
33b86c6, in a git worktree of its own, makes 01, 02 and a part of 03 with `python -m mwwkit run`
from recordings that are made up here, and is killed (SIGKILL) in its third unit of steps. What it
left is packed as it stands, but for `executed/` and `logs/`. The words are cut to few levels and
the long recordings are put together of the same words, so that all of it packs well.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import yaml
from old_version import ROOT, VERSION, chain_of, worktree
from whole_runs import OUR_OWN, alive, half_made, kill, recorded

sys.path.insert(0, str(Path(__file__).parents[1]))

from old_run_fixture import PLACE, SETTINGS, pack  # noqa: E402
from small_run import OTHER_WORDS, WAKE_WORD, spoken  # noqa: E402

from mwwkit.audio.wav16 import to_int16, write_wav16  # noqa: E402
from mwwkit.run.seeds import rng  # noqa: E402

VOICES = {"train": 3, "validation": 3, "test": 3}  # each says both kinds of words
TAKES = 2
LEVELS = 128  # of 65,536: a word of fewer levels packs well and sounds as good
WITH_DISGUISED = "train"  # its long recording holds the wake word, which 04 then mines
N_DISGUISED = 2
FINISHED = ("step-0000250", "step-0000500")  # of 03, when it is killed

# What is not as in the notebooks; every other parameter is written down with its default.
CHANGED = {
    "acquire": {
        "word": "hey you",
        "recordings": "recordings",
        "given_splits": "splits.csv",
        **{f"tts_{n}": 0 for n in ("positive", "negative", "hard_negative")},
        "tts_ambient_minutes": 0.0,
        "noise_minutes": 0.0,
        "rooms": 3,
        "workers": 1,
    },
    "featurize": {
        "scenes": 60,
        "scene_seconds": 3.0,
        "conditions": ["clean"],
        "background_noise": 0.0,
        "workers": 1,
    },
    "train": {
        "shape": "tiny",
        "steps": 1010,  # units of 250, and a last one of ten
        "batch": 2,
        "learning_rate": 1e-2,
        "evaluate_every": 500,
        "workers": 1,
    },
    "mine": {
        "keep_above": 0.05,
        "max_events": 8,
        "fine_tune_steps": 260,  # two units
        "batch": 4,
        "workers": 1,
    },
    "export": {
        "word": "hey you",
        "arena_bytes": 16000,  # not measured, so that TensorFlow Lite Micro is not needed
        "other_calibrations": False,
        "workers": 1,
    },
}
PLACES = {"run_dir", "previous"}  # options of the command line


def settings(tree: Path) -> dict[str, dict]:
    """Every parameter of every notebook of the version at `tree`, as a preset."""
    code = (
        "import json; from mwwkit import chain; "
        "print(json.dumps({chain.SECTIONS[s]: chain.parameters(s) for s in chain.SECTIONS}))"
    )
    call = [sys.executable, "-c", code]
    told = subprocess.run(call, cwd=tree, check=True, capture_output=True, text=True).stdout
    found = {}
    for section, values in json.loads(told).items():
        plain = {name.lower(): value for name, value in values.items()}
        plain = {name: value for name, value in plain.items() if name not in PLACES}
        assert CHANGED[section].keys() <= plain.keys(), section
        found[section] = plain | CHANGED[section]
    return found


def write_recordings(folder: Path) -> None:
    """Words of some voices, a long recording for each split, and a table of who is in which."""
    rows = []

    def write(name: str, samples: np.ndarray, split: str) -> None:
        (folder / "recordings" / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav16(folder / "recordings" / name, samples)
        rows.append({"path": name, "split": split})

    for split, n_voices in VOICES.items():
        others, wakes = [], []
        for number in range(n_voices):
            for take in range(TAKES):
                voice = rng(9, split, number, take)
                wakes.append(_coarse(spoken(WAKE_WORD, voice)))
                other = OTHER_WORDS[(number * TAKES + take) % len(OTHER_WORDS)]
                others.append(_coarse(spoken(other, voice)))
                for role, made in (("positive", wakes), ("negative", others)):
                    write(f"{role}/{split} {number}/{take}.wav", made[-1], split)
        talk = others * 2
        if split == WITH_DISGUISED:
            talk[len(others) : len(others)] = wakes[:N_DISGUISED]
        write(f"ambient/{split}.wav", np.concatenate(talk), split)
    with open(folder / "splits.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["path", "split"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _coarse(audio: np.ndarray) -> np.ndarray:
    """[n] int16 on few levels."""
    step = 65_536 // LEVELS
    return (np.round(to_int16(audio.astype(np.float32)) / step) * step).astype(np.int16)


def make(folder: Path, tree: Path) -> Path:
    """Run 01 to 03 of the version at `tree`, kill it inside 03; returns the folder of it all."""
    work = folder / "old"
    work.mkdir()
    (work / SETTINGS).write_text(yaml.safe_dump(settings(tree), sort_keys=False), "utf-8")
    write_recordings(work)
    process = chain_of(tree, work, folder / "old.log", "01-03")
    while process.poll() is None and recorded(work / "run")["training"] != set(FINISHED):
        time.sleep(0.01)
    time.sleep(0.3)  # well into the third unit
    started = kill(process, everything=True)
    while alive(started):
        time.sleep(0.05)
    if (found := recorded(work / "run")["training"]) != set(FINISHED):
        log = (folder / "old.log").read_text()[-2000:]
        sys.exit(f"03 was stopped with the units {sorted(found)}; try again:\n{log}")
    for name in OUR_OWN:
        shutil.rmtree(work / "run" / name)
    return work


def refuse_traces(work: Path) -> None:
    """Stop the script if a file tells where it was made, or is only half there."""
    if half := half_made(work / "run"):
        sys.exit(f"half-made files are left: {half}; try again")
    for path in sorted(p for p in work.rglob("*") if p.is_file()):
        for place in (work, Path.home(), ROOT, Path(sys.prefix)):
            if str(place).encode() in path.read_bytes():
                sys.exit(f"{path} holds the path {place}")


def main() -> None:
    """Make, look, pack, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for the worktree and the run; an empty one")
    folder = options.parse_args().folder.absolute()
    if PLACE.exists():
        sys.exit(f"{PLACE} is there: another one would prove something else; move it away first")
    folder.mkdir(parents=True, exist_ok=True)
    with worktree(folder / VERSION) as tree:
        work = make(folder, tree)
    refuse_traces(work)
    pack(work)
    sizes = {path.name: path.stat().st_size for path in sorted(PLACE.iterdir())}
    print(f"made by version {VERSION}: {sizes}")


if __name__ == "__main__":
    main()
