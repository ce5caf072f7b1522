"""Conversions, the gate and training under several versions of TensorFlow, each in its own venv.

    python tests/conformance/tensorflow_matrix.py FOLDER [--versions 2.18 2.19 2.21] [--keep]

Nets of three shapes are trained for a moment here, and their weights handed to every version. It
converts them, shows the gate the files and scores streams; it also trains a tiny net itself.
Exits with 1 unless in every version the gate passes, the float file gives what the net does (1e-5)
and every spectrogram is decided as in the first version.

FOLDER takes some 3 GB while a version is tried; each venv goes after its turn, but with --keep.
"""

import argparse
import json
import shutil
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1]
VERSIONS = ("2.18", "2.19", "2.21")
NETS = {"tiny": 300, "mixed": 80, "hey_jarvis_residual": 80}  # shape -> steps it is trained for
TRAINED_STEPS = 20  # by each version
PACKAGES = ("tensorflow", "keras", "numpy", "ai-edge-litert")
CUTOFF, WINDOW = 0.5, 5
FLOAT_TOLERANCE = 1e-5


def main() -> None:
    """One version's part with --measure, else all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--versions", nargs="+", default=VERSIONS)
    parser.add_argument("--keep", action="store_true", help="the venvs, to look into them")
    parser.add_argument("--measure", action="store_true", help="here and now; what venvs are for")
    given = parser.parse_args()
    sys.path.insert(0, str(TESTS))  # listed
    if given.measure:
        measure(given.folder)
        return
    sys.path.insert(0, str(TESTS.parent))
    given.folder.mkdir(parents=True, exist_ok=True)
    make_nets(given.folder)
    found = [in_venv(given.folder.resolve(), wanted, given.keep) for wanted in given.versions]
    sys.exit(not told(found))


def material(seed: int, n_scenes: int):
    """int8 [scenes, 180, 40]: noise, and in every second scene what the nets learn to hear."""
    from listed import learnable

    return learnable(n_scenes=n_scenes, seed=seed).sources[0].spectrograms.features


def trained(shape: str, steps: int):
    """A net after some steps, and the mean loss of the last of them."""
    from listed import learnable

    from mwwkit.model.shapes import SHAPES
    from mwwkit.training.losses import LossSettings
    from mwwkit.training.trainer import Trainer, TrainingSettings

    settings = TrainingSettings(steps=steps, warmup_steps=5, statistics_batches=10)
    trainer, dataset = Trainer(SHAPES[shape], settings, LossSettings(), seed=1), learnable()
    trainer.train(dataset, steps // 2)
    loss = trainer.train(dataset, steps)["loss"]
    return trainer.averaged(dataset), loss


def make_nets(folder: Path) -> None:
    """The weights that every version converts, so that only the conversion can differ."""
    from mwwkit.training.snapshots import save_arrays
    from mwwkit.training.trainer import limit_threads, weights_of

    limit_threads(1)
    for shape, steps in NETS.items():
        if not (folder / f"{shape}.npz").exists():
            save_arrays(folder / f"{shape}.npz", weights_of(trained(shape, steps)[0]))


def in_venv(folder: Path, wanted: str, keep: bool) -> dict:
    """What `measure` found under TensorFlow `wanted`."""
    place, out = folder / f"venv-{wanted}", folder / f"tensorflow-{wanted}"
    out.mkdir(exist_ok=True)
    for shape in NETS:
        shutil.copy(folder / f"{shape}.npz", out)
    python = place / "bin/python"
    if not python.exists():
        venv.create(place, with_pip=True)
    # The package as users get it: not the checkout's folder.
    packages = [f"tensorflow=={wanted}.*", f"{TESTS.parent}[tflm]"]
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-compile", *packages], check=True)
    call = [python, Path(__file__).resolve(), out, "--measure"]
    subprocess.run(call, check=True, cwd=folder)
    if not keep:
        shutil.rmtree(place)
    return json.loads((out / "found.json").read_text()) | {"folder": str(out)}


def measure(folder: Path) -> None:
    """Convert, judge, score and train with the TensorFlow that is here; into found.json."""
    from mwwkit.training.trainer import limit_threads

    limit_threads(1)  # before anything runs: the sums of a training hang on it
    stream, calibration = material(6, 100), list(material(7, 20))
    facts = {"packages": {name: version(name) for name in PACKAGES}}
    facts["nets"] = {shape: of_net(folder, shape, stream, calibration) for shape in NETS}
    facts["loss"] = trained("tiny", TRAINED_STEPS)[1]
    (folder / "found.json").write_text(json.dumps(facts, indent=1))


def of_net(folder: Path, shape_name: str, stream: np.ndarray, calibration: list) -> dict:
    """One net: its file, what the gate says of it, and how far it is from the float net."""
    from mwwkit.device import arena
    from mwwkit.device.simulator import Device
    from mwwkit.esphome import manifest
    from mwwkit.esphome.certificate import certify
    from mwwkit.evaluation import net_forms
    from mwwkit.model import float_stream, streaming
    from mwwkit.model.shapes import SHAPES
    from mwwkit.training import evaluator
    from mwwkit.training.snapshots import load_arrays
    from mwwkit.training.trainer import net_of

    shape = SHAPES[shape_name]
    net = net_of(load_arrays(folder / f"{shape_name}.npz"), shape)
    model, scale = (
        evaluator.int8_model(net, shape, calibration),
        evaluator.headroom(net, calibration),
    )
    (folder / f"{shape_name}.tflite").write_bytes(model)
    size = arena.measure(model).size
    names = shape_name, "a matrix", f"{shape_name}.tflite", ("en",)
    manifest.write(manifest.Manifest(*names, CUTOFF, WINDOW, size), folder / f"{shape_name}.json")
    report = certify(folder / f"{shape_name}.json")
    print(report, file=sys.stderr)
    float_file = streaming.to_float(streaming.fold(net, scale), shape)
    floats = float_stream.float_tracks(float_file, stream)
    whole = [net_forms.float_scores(net, features, scale) for features in stream]
    device = Device(model, reference=True)
    scores = np.array([device.scores(features) for features in stream])
    np.save(folder / f"{shape_name}.npy", scores)
    apart = np.abs(scores / 256 - whole)
    rounded = np.clip(np.rint(np.multiply(whole, 256)), 0, 255).astype(np.uint8)
    return {
        "bytes": len(model),
        "arena": size,
        "gate": "passed" if report.ok else "; ".join(f.fault for f in report.findings),
        "float_file": float(np.abs(np.subtract(floats, whole)).max()),
        "largest_difference": round(float(apart.max()), 4),
        "mean_difference": round(float(apart.mean()), 4),
        "decided_differently": int(np.count_nonzero(woke(scores) != woke(rounded))),
        "spectrograms": len(stream),
    }


def told(found: list[dict]) -> bool:
    """Print both tables; whether all is as promised."""
    print("| " + " | ".join(PACKAGES) + " | loss after 20 steps of its own |")
    print("|" + "---|" * (len(PACKAGES) + 1))
    for facts in found:
        versions = (facts["packages"][name] for name in PACKAGES)
        print("| " + " | ".join(versions) + f" | {facts['loss']:.6f} |")
    head = ("net", "TensorFlow", "bytes", "arena", "gate", "float file, off by")
    head += ("int8, off by: most", "mean", "decided otherwise than float", "same file")
    head += ("other scores than the first", "most, of 256", "decided otherwise")
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    good = True
    for shape in NETS:
        for facts in found:
            net = facts["nets"][shape]
            compared = against(found[0], facts, shape)
            good &= net["gate"] == "passed" and net["float_file"] <= FLOAT_TOLERANCE
            good &= not compared[-1]
            cells = (shape, facts["packages"]["tensorflow"], f"{net['bytes']:,}", net["arena"])
            cells += (net["gate"], f"{net['float_file']:.1e}", net["largest_difference"])
            cells += (net["mean_difference"],)
            cells += (f"{net['decided_differently']} of {net['spectrograms']}", *compared)
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return good


def woke(tracks: np.ndarray) -> np.ndarray:
    """Whether each track of scores has a detection, bool [tracks]."""
    from mwwkit.device.detector import Rule

    return Rule(CUTOFF, WINDOW).wakes(tracks)


def against(first: dict, other: dict, shape: str) -> tuple:
    """Whether the files are the same; steps that differ, by how much at most; decisions."""
    folders = [Path(facts["folder"]) for facts in (first, other)]
    files = [(folder / f"{shape}.tflite").read_bytes() for folder in folders]
    one, two = (np.load(folder / f"{shape}.npy").astype(int) for folder in folders)
    decided = int(np.count_nonzero(woke(one) != woke(two)))
    n_other = f"{np.count_nonzero(one != two)} of {one.size}"
    return "yes" if files[0] == files[1] else "no", n_other, int(np.abs(one - two).max()), decided


if __name__ == "__main__":
    main()
