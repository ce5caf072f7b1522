"""What the data engine costs: triples a second, against their floor; memory; noise reduction.

    python -m benchmarks.engine [--quick] [--workers 2]

Speech and rooms are made up (buzzes of 5 s, already sterile; rooms of 1 s), so it runs anywhere.
The floor of a triple is what cannot be spared: three FFTs, one noise, and the bytes written by
`np.savez`; FFTs and noise are shared by the workers, writing is not. Every figure of phase 6 is
from a process of its own that runs the whole stage on speech that is at hand.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from joblib.externals.loky import get_reusable_executor
from scipy import fft

from mwwkit.audio import irs, ledger, sterile
from mwwkit.audio.listing import fingerprint, listed
from mwwkit.audio.messy import make_noise
from mwwkit.audio.triples import N_SAMPLES, RATE_HZ
from mwwkit.checkpoint import SEAL
from mwwkit.files import sha256, tree_bytes, write_json
from mwwkit.paths import Run
from mwwkit.random import rng
from mwwkit.session import Limits
from mwwkit.stages import engine

N_ROOMS, N_VOICES = 40, 16
PER_FILE = 100


def voice(number: int, seconds: float = 5.0) -> np.ndarray:
    """float32 [n]: a buzz in syllables and some noise, near enough to speech for cost."""
    draw = rng(1, "voice", number)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = draw.uniform(90, 220) * (1 + 0.05 * np.sin(2 * np.pi * 2 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    buzz = sum(np.sin(k * phase) / k for k in range(1, 20))
    audio = buzz * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * t)) + 0.02 * draw.standard_normal(t.size)
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)


def make_rooms(folder: Path) -> None:
    """Rooms of 1 s."""
    folder.mkdir(parents=True)
    for number in range(N_ROOMS):
        draw = rng(1, "room", number)
        ir = 10 ** (-3 * np.arange(RATE_HZ) / RATE_HZ) * draw.standard_normal(RATE_HZ)
        soundfile.write(folder / f"{number:02d}.wav", 0.2 * ir, RATE_HZ, subtype="FLOAT")


def at_hand(root: Path, n_segments: int, compressed: bool) -> tuple[engine.Config, Run]:
    """A run whose speech is sterilised and whose rooms are not yet looked at."""
    for pool in irs.POOLS:
        make_rooms(root / pool)
    config = engine.Config(
        bad_irs=(str(root / "bad"),),
        target_irs=(str(root / "target"),),
        embeddings="none",
        triples_per_file=PER_FILE,
        compressed=compressed,
    )
    here = Run(root / "run")
    made = here / ledger.file_of("sterile", 0)
    made.parent.mkdir(parents=True)
    segments = np.lib.format.open_memmap(made, "w+", "<i2", (n_segments, N_SAMPLES))
    for number in range(n_segments):
        segments[number] = np.rint(32_767 * voice(number % N_VOICES))
    segments.flush()
    names = [f"{number:05d}.wav:000" for number in range(n_segments)]
    write_json(made.parent / sterile.NAMES, {"names": names, "skipped": []})
    facts = {"files": n_segments, "segments": n_segments, "skipped": {}, "noted": {}}
    facts |= {"bytes": made.stat().st_size, "sha256": sha256(made), "corpus": fingerprint([])}
    session = Limits().session(here)
    checkpoint = ledger.open_work(here, config.shaping(), session, 1).checkpoint
    checkpoint.seal(made.parent, facts)
    assert (made.parent / SEAL).exists()
    checkpoint.finish(ledger.unit("sterile", 0), **facts)
    checkpoint.finish("sterile", segments=n_segments)
    return config, here


def one(n_triples: int, workers: int, compressed: bool) -> dict:
    """The whole stage on `n_triples` segments: seconds of it, bytes of batches, peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        config, here = at_hand(Path(folder), n_triples, compressed)
        begun, resident = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        engine.run(config, here, Limits(workers=workers))
        seconds = time.perf_counter() - begun
        get_reusable_executor().shutdown(wait=True)  # so that the workers' memory is known
        session = Limits().session(here)
        started = time.perf_counter()
        for _ in range(2000):
            session.stop(1000)
        check_s = (time.perf_counter() - started) / 2000
        return {
            "triples": n_triples,
            "seconds": seconds,
            "bytes": tree_bytes(here / ledger.BATCHES),
            "budget check, us": check_s * 1e6,
            "share of budget checks": (n_triples / 4 + n_triples / PER_FILE) * check_s / seconds,
            "MB before": resident / 1024,
            "MB main process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "MB largest worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }


def apart(n_triples: int, workers: int, compressed: bool = False) -> dict:
    """`one` in a process of its own, so that peaks are its own."""
    arguments = ["--one", str(n_triples), "--workers", str(workers)]
    arguments += ["--compressed"] if compressed else []
    command = [sys.executable, "-m", "benchmarks.engine", *arguments]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def floor(n: int = 20) -> dict[str, float]:
    """Seconds of one core a triple: FFTs, noise, and `np.savez` of its bytes."""
    size = fft.next_fast_len(N_SAMPLES + RATE_HZ, real=True)
    dry, response = voice(0), fft.rfft(voice(1)[:RATE_HZ], size)
    begun = time.perf_counter()
    for _ in range(n):
        spectrum = fft.rfft(dry, size)
        for _ in range(2):
            fft.irfft(spectrum * response, size)
    ffts_s = (time.perf_counter() - begun) / n
    begun = time.perf_counter()
    for seed in range(n):
        make_noise(N_SAMPLES, RATE_HZ, "pink", seed)
    noise_s = (time.perf_counter() - begun) / n
    sound = np.zeros((n, N_SAMPLES), np.int16)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        np.savez(Path(folder) / "batch.npz", input=sound, target=sound)
        savez_s = (time.perf_counter() - begun) / n
    return {"ffts": ffts_s, "noise": noise_s, "savez": savez_s}


def noise_reduction(n_files: int, workers: int) -> tuple[float, float]:
    """Seconds that sterilising takes with one worker and with several, processes being up."""
    with tempfile.TemporaryDirectory() as folder:
        speech, seconds = Path(folder) / "speech", []
        speech.mkdir()
        for number in range(n_files):
            soundfile.write(speech / f"{number}.wav", voice(number, 10.0), RATE_HZ)
        files = listed([speech], sterile.SUFFIXES)
        for turn, count in enumerate((1, workers, 1, workers)):
            begun = time.perf_counter()
            sterile.write_chunk(Path(folder) / f"{turn}", files, sterile.Settings(), count)
            seconds.append(time.perf_counter() - begun)
        return seconds[2], seconds[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the triples")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--compressed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.workers, given.compressed)))
        return
    few, many, files = (100, 500, 8) if given.quick else (1000, 5000, 40)
    bottom = floor()
    shared_s = (bottom["ffts"] + bottom["noise"]) / given.workers + bottom["savez"]
    plain, packed = apart(few, given.workers), apart(few, given.workers, compressed=True)
    long = apart(many, given.workers)
    alone_s, together_s = noise_reduction(files, given.workers)
    print("| figure | value |\n|---|---|")
    for name, seconds in bottom.items():
        print(f"| floor: {name} | {1000 * seconds:.1f} ms a triple, one core |")
    print(f"| floor, {given.workers} workers | {1 / shared_s:.1f} triples/s |")
    for name, found in (("plain", plain), ("compressed", packed), ("plain", long)):
        rate = found["triples"] / found["seconds"]
        megabytes = found["bytes"] / found["triples"] / 1e6
        print(
            f"| {found['triples']} triples, {name} | {rate:.2f}/s, {megabytes:.3f} MB each, "
            f"{rate * shared_s:.0%} of the floor; peak {found['MB main process']:.0f} MB "
            f"({found['MB before']:.0f} before), worker {found['MB largest worker']:.0f} MB |"
        )
    print(f"| a budget check | {plain['budget check, us']:.1f} us |")
    print(f"| budget checks, of the time | {plain['share of budget checks']:.4%} |")
    print(f"| sterilising {files} files of 10 s, one worker | {alone_s:.1f} s |")
    speedup = alone_s / together_s
    print(f"| the same, {given.workers} workers | {together_s:.1f} s, {speedup:.2f} times |")


if __name__ == "__main__":
    main()
