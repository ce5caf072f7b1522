"""The device twin against TensorFlow Lite Micro, pymicro-wakeword and ESPHome's rules in C.

    MWWKIT_REAL_AUDIO=... MWWKIT_OFFICIAL=... \\
        python tests/conformance/twin.py --ours computer.json --word computer [--workers 2]

Everything under the audio folder's index.csv that is speech, a keyword or noise is heard, each
source and word as one long stream; with `--every 2` every second file of it, but all clips of the
two keywords. Exits with 1 unless

* the reference engine's every score is TensorFlow Lite Micro's, for the official models and ours;
* detections are those of the rules in C, with and without a VAD model;
* what pymicro-wakeword decides otherwise, clip by clip of two keywords, has a cause that is shown:
  with its features, its kernels and its rule put in one after another, the last decides as it does.
"""

import argparse
import collections
import csv
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import whole_runs  # noqa: F401  # it puts the checkout on the path

sys.path.insert(0, str(Path(__file__).parents[1]))
from device_rules import DeviceRules, compiler, reports_of

from mwwkit.audio.frontend import MicroFrontend, quantise
from mwwkit.audio.reading import read
from mwwkit.audio.wav16 import to_int16
from mwwkit.device import firmware
from mwwkit.device.detector import StreamingDetector, integer_cutoff, voice_track
from mwwkit.device.simulator import Device, DeviceError, score_all, tflm
from mwwkit.esphome.component import Model
from mwwkit.run.parallel import each
from mwwkit.run.seeds import rng

OFFICIAL = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu", "vad")
ENGINES = ("tflm", "exact", "fast", "litert_ref")
KINDS = ("speech", "keyword", "noise")
LEAD_IN_S, TAIL_S, FLOOR = 1.5, 0.5, 3.0  # faint noise before and after a clip, rms in 16-bit steps


@dataclass(frozen=True)
class Clip:
    """A file of the index."""

    path: Path
    kind: str
    source: str
    word: str

    def pcm(self) -> np.ndarray:
        """int16 at 16 kHz."""
        return to_int16(read(self.path, firmware.SAMPLE_RATE_HZ))


def clips(folder: Path) -> list[Clip]:
    """The files of the kinds that are heard."""
    with open(folder / "index.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in KINDS]
    return [Clip(folder / r["path"], r["kind"], r["source"], r["word"]) for r in rows]


def stream(of_one: list[Clip]) -> np.ndarray:
    """uint16 [frames, 40]: clips one after another into one front end."""
    frontend = MicroFrontend()
    return np.concatenate([frontend.process(clip.pcm()) for clip in of_one])


def table(head: str, rows: list[tuple]) -> None:
    """Print a Markdown table."""
    print(f"| {head} |\n|{'---|' * (head.count('|') + 1)}")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def scored(models: dict[str, Model], streams: list, workers: int, chosen: tuple) -> dict:
    """Scores by model and engine, a track a stream (int8 [frames, 40])."""
    return {
        (name, engine): list(
            score_all(Device(m.device.model, engine=engine), streams, workers, f"{name} {engine}")
        )
        for name, m in models.items()
        for engine in chosen
    }


def engines(models: dict[str, Model], tracks: dict, chosen: tuple) -> int:
    """Each engine against tflm, step by step; how many of the reference's steps differ."""
    rows, wrong = [], 0
    for name, model in models.items():
        truth = tracks[name, "tflm"]
        for engine in chosen[1:]:
            mine = tracks[name, engine]
            off = np.concatenate(
                [np.abs(a.astype(int) - b) for a, b in zip(mine, truth, strict=True)]
            )
            over = [[model.over(track) for track in one] for one in (mine, truth)]
            flips = sum(int((a != b).sum()) for a, b in zip(*over, strict=True))
            found = [
                [len(StreamingDetector(model.cutoff, model.window).run(t.tolist())) for t in one]
                for one in (mine, truth)
            ]
            n = int((off > 0).sum())
            wrong += n if engine == "exact" else 0
            share = f"{100 * n / len(off):.3f} %" if n else "0"
            heard = f"{sum(found[0])} / {sum(found[1])}"
            rows.append((name, engine, f"{len(off):,}", f"{n:,}", share, off.max(), flips, heard))
    table(
        "model | engine | steps | other than TFLM | share | most, of 255 | mean over the cutoff or "
        "not: flips | detections / TFLM's",
        rows,
    )
    return wrong


def rules(c: DeviceRules, models: dict[str, Model], tracks: dict, raw: list[np.ndarray]) -> int:
    """Detections, gating and features against C; the number of mismatches."""
    every = np.arange(1 << 16, dtype=np.uint16)
    wrong = sum(int((c.features(x) != quantise(x)).sum()) for x in (every, *raw))
    n_values = sum(x.size for x in raw) + every.size
    thousandths = [k / 1000 for k in range(1001)]
    wrong += sum(c.cutoff(p) != integer_cutoff(p) for p in thousandths)
    print(f"Features: {n_values:,} values, cutoffs: {len(thousandths):,}; {wrong} mismatches.\n")
    rows, vad, heard = [], models["vad"], tracks["vad", "exact"]
    for name, model in models.items():
        if name == "vad":
            continue
        for cutoff in (model.cutoff, 0.2):  # the manifest's, and one at which a lot happens
            for gated in (False, True):
                n, blocked, bad, steps = 0, 0, 0, 0
                for i, track in enumerate(tracks[name, "exact"]):
                    gate = (heard[i], vad.cutoff, vad.window, 3) if gated else None
                    voice = voice_track(heard[i], vad) if gated else None
                    detector = StreamingDetector(cutoff, model.window)
                    ours = reports_of(detector.run(track.tolist(), voice), detector.blocked)
                    theirs = c.detect(3 * len(track), track, cutoff, model.window, 3, gate)
                    bad += len(set(ours) ^ set(theirs)) + abs(len(ours) - len(theirs))
                    n, steps = n + sum(not r[3] for r in theirs), steps + len(track)
                    blocked += sum(r[3] for r in theirs)
                wrong += bad
                rows.append((name, cutoff, "yes" if gated else "no", f"{steps:,}", n, blocked, bad))
    table("model | cutoff | VAD | steps | detections | held back | mismatches", rows)
    return wrong


def _faint(clip: Clip, seconds: float, end: str) -> np.ndarray:
    noise = rng(0, end, clip.path.name).normal(0, FLOOR, int(seconds * firmware.SAMPLE_RATE_HZ))
    return np.rint(noise).astype(np.int16)


def compare(manifest: Path, model: Model, clip: Clip) -> dict:
    """One clip through our twin and through pymicro-wakeword; what it takes to turn one into the
    other.
    """
    import pymicro_wakeword

    pcm = np.concatenate(
        [_faint(clip, LEAD_IN_S, "lead-in"), clip.pcm(), _faint(clip, TAIL_S, "tail")]
    )
    theirs = pymicro_wakeword.MicroWakeWord.from_config(manifest)
    frames = list(pymicro_wakeword.MicroWakeWordFeatures().process_streaming(pcm.tobytes()))
    decided = any([theirs.process_streaming(frame) for frame in frames])
    theirs.reset()
    scores = []  # its kernels' own
    for i, frame in enumerate(frames):
        theirs.process_streaming_prob(frame)
        if i % 3 == 2:
            scores.append(round(theirs._probabilities[-1] * 256))
    theirs_uint8 = np.array(scores, np.uint8)
    grid = np.concatenate(frames)[:, 0] / theirs.input_scale + theirs.input_zero_point
    wrapped = np.round(grid).astype(np.int64)
    features = ((wrapped + 128) % 256 - 128).astype(np.int8)
    own = quantise(MicroFrontend().process(pcm))
    n = min(len(own), len(features))
    assert n == len(own) == len(features)

    def device(track: np.ndarray) -> bool:
        return bool(StreamingDetector(model.cutoff, model.window).run(track.tolist()))

    whole = np.convolve(theirs_uint8.astype(float) / 256, np.ones(model.window), "valid")
    exact = model.device.scores(features)
    one_by_one = (
        ("-", device(model.device.scores(own))),
        ("features", device(exact)),
        ("kernels", device(theirs_uint8)),
        ("rule", bool((whole / model.window > model.cutoff).any())),
    )
    turns = [
        what
        for (_, before), (what, after) in zip(one_by_one, one_by_one[1:], strict=False)
        if before != after
    ]
    return {
        "ours": one_by_one[0][1],
        "theirs": decided,
        "explained": one_by_one[-1][1] == decided,
        "turns": turns,
        "values": own.size,
        "rounded otherwise": int((own != np.clip(wrapped, -128, 127)).sum()),
        "wrapped": int((wrapped > 127).sum()),
        "wrapped clip": bool((wrapped > 127).any()),
        "name": clip.path.name,
        "steps": len(exact),
        "steps with other kernels": int((exact != theirs_uint8).sum()),
    }


def decisions(word: str, manifest: Path, model: Model, of_word: list[Clip], workers: int) -> int:
    """pymicro-wakeword on every clip of a word; the number of unexplained differences."""
    found = list(each(partial(compare, manifest, model), of_word, workers))
    total = {k: sum(f[k] for f in found) for k in found[0] if k not in ("turns", "name")}
    print(
        f"'{word}', {manifest.stem} at {model.cutoff}: {len(found)} clips, ours detects in "
        f"{total['ours']}, pymicro-wakeword in {total['theirs']}. Of {total['values']:,} features "
        f"{total['rounded otherwise']:,} are rounded otherwise, {total['wrapped']:,} in "
        f"{total['wrapped clip']} clips run over and wrap; its kernels give another score than the "
        f"device in {total['steps with other kernels']:,} of {total['steps']:,} steps.\n"
    )
    other = [f for f in found if f["ours"] != f["theirs"]]
    causes = collections.Counter(" then ".join(f["turns"]) or "unexplained" for f in other)
    rows = [(cause, n) for cause, n in causes.most_common()] or [("none", 0)]
    table("decided otherwise because of its | clips", rows)
    for f in other:
        print(f"* {f['name']}: ours {f['ours']}, pymicro-wakeword {f['theirs']}, {f['turns']}")
    bad = [f for f in found if not f["explained"] or (f["ours"] != f["theirs"] and not f["turns"])]
    print(f"\nUnexplained: {len(bad)}.\n")
    return len(bad)


def main() -> None:
    """Read, hear, compare, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ours", type=Path, required=True, help="manifest of a model of ours")
    options.add_argument("--word", required=True, help="its word in index.csv")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--every", type=int, default=1, help="hear every n-th file only")
    options.add_argument("--without-ref", action="store_true", help="leave litert_ref out")
    given = options.parse_args()
    audio, official = (
        Path(os.environ.get(name) or sys.exit(f"skipped: set {name} to its folder"))
        for name in ("MWWKIT_REAL_AUDIO", "MWWKIT_OFFICIAL")
    )
    try:
        tflm()
    except DeviceError as e:
        sys.exit(f"skipped: {e}")
    if compiler() is None:
        sys.exit("skipped: no C compiler; install gcc")
    every = clips(audio)
    heard = every[:: given.every]
    chosen = ENGINES[:-1] if given.without_ref else ENGINES
    manifests = {name: official / f"{name}.json" for name in OFFICIAL} | {"ours": given.ours}
    models = {name: Model.load(path) for name, path in manifests.items()}
    groups = collections.defaultdict(list)
    for clip in heard:
        groups[clip.kind, clip.source, clip.word].append(clip)
    raw = list(each(stream, groups.values(), given.workers))
    hours = {k: 0.0 for k in KINDS}
    for (kind, _, _), frames in zip(groups, raw, strict=True):
        hours[kind] += len(frames) * firmware.HOP_MS / 3.6e6
    told = ", ".join(f"{kind} {h:.2f} h" for kind, h in hours.items())
    print(f"{len(heard)} files in {len(raw)} streams: {told}.\n\n### Engines\n", flush=True)
    tracks = scored(models, [quantise(frames) for frames in raw], given.workers, chosen)
    wrong = engines(models, tracks, chosen)
    print("### Rules in C\n")
    with tempfile.TemporaryDirectory() as folder:
        wrong += rules(DeviceRules(Path(folder)), models, tracks, raw)
    print("### pymicro-wakeword\n")
    for word, name in (("alexa", "alexa"), (given.word, "ours")):
        of_word = [clip for clip in every if clip.word == word]
        wrong += decisions(word, manifests[name], models[name], of_word, given.workers)
    print("All as promised." if not wrong else f"{wrong} things are not as promised.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
