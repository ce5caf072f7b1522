"""Faults put into the code that matters, one after another: does a test catch each?

    python tests/conformance/mutations.py [--only NUMBER ...]

The faults go into a copy of the tree. A fault counts as caught when the tests named for it pass on
the untouched copy and fail on the changed one. Prints a table; exits with 1 unless all are caught.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
COPIED = ("mwwkit", "tests", "notebooks", "pyproject.toml", "paths.md", "requirements.txt")
PASSED, FAILED = 0, 1  # what pytest exits with


@dataclass(frozen=True)
class Fault:
    """A change of one place, and the tests that ought to notice."""

    what: str
    file: str
    old: str
    new: str
    tests: str  # a file of tests, or one with -k and some words


FAULTS = (
    Fault(
        "labels: positive steps end before the word's end, not after",
        "mwwkit/training/labels.py",
        "labels[(at_s >= end_s + settings.from_s) & (at_s < end_s + settings.to_s)] = number",
        "labels[(at_s >= end_s - settings.to_s) & (at_s < end_s - settings.from_s)] = number",
        "test_labels.py",
    ),
    Fault(
        "features: quantised without rounding",
        "mwwkit/audio/frontend.py",
        "scaled = raw.astype(np.int32) * firmware.FEATURE_SCALE_NUM + firmware.FEATURE_ROUNDING",
        "scaled = raw.astype(np.int32) * firmware.FEATURE_SCALE_NUM",
        "test_frontend.py",
    ),
    Fault(
        "detector: a sum equal to the limit fires",
        "mwwkit/device/detector.py",
        "return sliding_sum(scores, self.window) > self.limit",
        "return sliding_sum(scores, self.window) >= self.limit",
        "test_detector.py",
    ),
    Fault(
        "checkpoint: settings that are new are not compared",
        "mwwkit/run/checkpoint_files.py",
        "names = sorted(before | now)",
        "names = sorted(before)",
        "test_checkpoint.py",
    ),
    Fault(
        "checkpoint: a damaged file is handed down as the last good generation",
        "mwwkit/run/checkpoint.py",
        "if self.path.exists() and is_good(self.path):",
        "if self.path.exists():",
        "test_checkpoint.py",
    ),
    Fault(
        "rooms: responses keep the silence before their direct sound",
        "mwwkit/audio/rooms.py",
        "kept = rir[onset(rir) :][:longest]",
        "kept = rir[:longest]",
        "test_rooms.py",
    ),
    Fault(
        "store: lengths are looked up by the place in the shard",
        "mwwkit/scenes/store.py",
        "frames = self._frames[shard][start : start + int(self.n_frames[index])]",
        "at = index - self._first[shard]\n"
        "        frames = self._frames[shard][start : start + int(self.n_frames[at])]",
        "test_store.py",
    ),
    Fault(
        "export: batch norm's mean is folded in with the wrong sign",
        "mwwkit/model/streaming.py",
        "return gain, _array(norm.beta) - gain * _array(norm.mean)",
        "return gain, _array(norm.beta) + gain * _array(norm.mean)",
        "test_streaming.py -k in_float_equals",
    ),
    Fault(
        "training: the average takes the new weights' share for the old ones'",
        "mwwkit/training/stepper.py",
        "average.assign(decay * average + (1 - decay) * tf.convert_to_tensor(variable))",
        "average.assign((1 - decay) * average + decay * tf.convert_to_tensor(variable))",
        "test_trainer.py -k average_is_what",
    ),
    Fault(
        "gate: any state at start will do",
        "mwwkit/esphome/gate.py",
        "if (start.values != read.zero_point).any() or start.values.size != read.size:",
        "if start.values.size != read.size:",
        "test_gate.py -k dirty",
    ),
    Fault(
        "splits: a speaker's clips need not stay together",
        "mwwkit/corpus/splits.py",
        'return [("a speaker", record.speaker), *keys] if record.speaker in whole else keys',
        "return keys",
        "test_splits.py",
    ),
    Fault(
        "budget: units under way reserve nothing",
        "mwwkit/run/session.py",
        "            self.budget.spent(bytes_of(unit))\n",
        "",
        "test_session.py",
    ),
    Fault(
        "seeds: names count in any order",
        "mwwkit/run/seeds.py",
        "str(int(seed)), *typed]",
        "str(int(seed)), *sorted(typed)]",
        "test_seeds.py",
    ),
    Fault(
        "parallel: workers outlive a killed session",
        "mwwkit/run/parallel.py",
        "        _end_with(pid)\n",
        "        pass\n",
        "test_parallel.py -k killed",
    ),
    Fault(
        "scenes: a background is as much louder as it ought to be fainter",
        "mwwkit/audio/effects.py",
        "np.float32(audio_level / noise_level / db_to_gain(snr_db))",
        "np.float32(audio_level / noise_level * db_to_gain(snr_db))",
        "test_effects.py -k db_under",
    ),
    Fault(
        "export: the cutoff is chosen on the test split",
        "mwwkit/stages/export.py",
        'validation = score("validation", model)',
        'validation = score("test", model)',
        "test_export.py -k would_choose",
    ),
    Fault(
        "training: weights are chosen by the test split",
        "mwwkit/stages/inputs.py",
        'FeatureSet.open(run, f"validation-{name}")',
        'FeatureSet.open(run, f"test-{name}")',
        "test_inputs.py -k evaluator",
    ),
    Fault(
        "mining: detections of the wake word itself are mined",
        "mwwkit/scenes/mining.py",
        "wrong &= (at_s < end_s + NEAR_WORD_S[0]) | (at_s > end_s + NEAR_WORD_S[1])",
        "wrong &= np.isfinite(end_s)",
        "test_mining.py",
    ),
    Fault(
        "batches: spectrograms and labels of different scenes",
        "mwwkit/training/batches.py",
        "chosen = np.sort(draw.integers(len(source.labels), size=count))\n"
        "            source.spectrograms.gather(chosen, features[rows])",
        "chosen = draw.integers(len(source.labels), size=count)\n"
        "            source.spectrograms.gather(np.sort(chosen), features[rows])",
        "test_batches.py",
    ),
    Fault(
        "files: written in place, not aside",
        "mwwkit/run/files.py",
        "part, old = path.with_name(PART + path.name),",
        "part, old = path,",
        "test_files.py",
    ),
    Fault(
        "earlier runs: the oldest wins",
        "mwwkit/run/paths.py",
        "folders = [self.folder, *reversed(self.earlier)]\n        return [",
        "folders = [self.folder, *self.earlier]\n        return [",
        "test_paths.py",
    ),
    Fault(
        "splits: the same sound may be on two sides",
        "mwwkit/corpus/splits.py",
        'keys = [("file", record.source, record.origin), ("sound", record.sha256)]',
        'keys = [("file", record.source, record.origin)]',
        "test_splits.py",
    ),
    Fault(
        "full disk: shards are written through a map, which dies of SIGBUS",
        "mwwkit/scenes/store.py",
        "_write_ragged(folder, spectrograms)",
        "RaggedMmap.from_lists(folder, spectrograms)",
        "test_full_disk.py -k 02",
    ),
)


def tests(tree: Path, what: str) -> int:
    """What pytest exits with, in `tree`."""
    file, *options = what.split()
    call = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*call, f"tests/{file}", *options],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ).returncode


def caught(tree: Path, fault: Fault) -> str:
    """Put the fault in, run its tests, take it out; what became of it, in a few words."""
    if tests(tree, fault.tests) != PASSED:
        return "its tests do not pass without it"
    path = tree / fault.file
    before = path.read_text(encoding="utf-8")
    if before.count(fault.old) != 1:
        return f"its place is there {before.count(fault.old)} times"
    path.write_text(before.replace(fault.old, fault.new), encoding="utf-8")
    code = tests(tree, fault.tests)
    path.write_text(before, encoding="utf-8")
    return {PASSED: "NOT CAUGHT", FAILED: "caught"}.get(code, f"caught: pytest ended with {code}")


def main() -> None:
    """One after another; a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", type=int, nargs="*", help="numbers of the table, from 1")
    chosen = options.parse_args().only or range(1, len(FAULTS) + 1)
    print("| | fault | in | tests | |\n|---|---|---|---|---|", flush=True)
    missed = 0
    with TemporaryDirectory(prefix="mwwkit-mutations-") as folder:
        tree = Path(folder)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
            copy(ROOT / name, tree / name)
        for number in chosen:
            fault, began = FAULTS[number - 1], time.monotonic()
            found = caught(tree, fault)
            missed += not found.startswith("caught")
            cells = (number, fault.what, fault.file, fault.tests, found)
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
            print(f"{number}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
