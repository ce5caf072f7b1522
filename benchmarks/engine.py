"""What the data engine costs: triples a second, against their floor; memory; noise reduction.

    python -m benchmarks.engine [--quick] [--workers 2]

Speech and rooms are made up (buzzes of 5 s, already sterile; rooms of 1 s), so it runs anywhere.
The floor of a triple is what cannot be spared: three FFTs, one noise, and the bytes written by
`np.savez`; FFTs and noise are shared by the workers, writing is not. Every figure of phase 6 is
from a process of its own that runs the whole stage on speech that is at hand.

Rates are given in wall time and as if the workers had had a core each: CPU seconds over workers.
Where others use the machine, only the second says anything of the engine.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from joblib.externals.loky import get_reusable_executor
from scipy import fft, signal

from mwwkit.run.checkpoint import SEAL
from mwwkit.run.files import sha256, tree_bytes, write_json
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.stages import triples
from mwwkit.triples import batch_files, impulse_responses, ledger, sterilising
from mwwkit.triples.audio_files import fingerprint, listed
from mwwkit.triples.examples import N_SAMPLES, RATE_HZ
from mwwkit.triples.messy import make_noise

N_ROOMS, N_VOICES = 40, 16
PER_FILE = 100
ROOMS_S = (0.3, 1.0, 3.0)


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(work) -> tuple[float, float]:
    """Wall and CPU seconds of `work()`, its worker processes included."""
    begun, cpu = time.perf_counter(), cpu_s()
    work()
    seconds = time.perf_counter() - begun
    get_reusable_executor().shutdown(wait=True)  # only then are the workers' figures known
    return seconds, cpu_s() - cpu


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


def at_hand(root: Path, n_segments: int, compressed: bool) -> tuple[triples.Config, Run]:
    """A run whose speech is sterilised and whose rooms are not yet looked at."""
    for pool in impulse_responses.POOLS:
        make_rooms(root / pool)
    config = triples.Config(
        bad_irs=(str(root / "bad"),),
        target_irs=(str(root / "target"),),
        embeddings="none",
        triples_per_file=PER_FILE,
        compressed=compressed,
    )
    here = Run(root / "run")
    made = here / ledger.file_of("sterile", 0)
    made.parent.mkdir(parents=True)
    voices = [np.rint(32_767 * voice(number)).astype("<i2").tobytes() for number in range(N_VOICES)]
    shape = {"descr": "<i2", "fortran_order": False, "shape": (n_segments, N_SAMPLES)}
    with open(made, "wb") as file:  # not mapped: that would count as memory
        np.lib.format.write_array_header_1_0(file, shape)
        for number in range(n_segments):
            file.write(voices[number % N_VOICES])
    names = [f"{number:05d}.wav:000" for number in range(n_segments)]
    write_json(made.parent / sterilising.NAMES, {"names": names, "skipped": []})
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
        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, cpu = timed(lambda: triples.run(config, here, Limits(workers=workers)))
        session = Limits().session(here)
        started = time.process_time()
        for _ in range(2000):
            session.stop(1000)
        check_s = (time.process_time() - started) / 2000
        return {
            "triples": n_triples,
            "wall": wall,
            "cpu": cpu,
            "bytes": tree_bytes(here / ledger.BATCHES),
            "check": check_s,
            "checks": (n_triples / batch_files.TASK + n_triples / PER_FILE) * check_s / cpu,
            "MB before": resident / 1024,
            "MB main": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "MB worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }


def apart(n_triples: int, workers: int, compressed: bool = False) -> dict:
    """`one` in a process of its own, so that peaks are its own."""
    arguments = ["--one", str(n_triples), "--workers", str(workers)]
    arguments += ["--compressed"] if compressed else []
    command = [sys.executable, "-m", "benchmarks.engine", *arguments]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def each_s(n: int, work) -> float:
    """CPU seconds of one `work()`, the least of `n`: others can only add to it."""
    found = []
    for _ in range(n):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


def floor(n: int = 20) -> dict[str, float]:
    """CPU seconds of one core a triple: FFTs, noise, and `np.savez` of its bytes."""
    size = fft.next_fast_len(N_SAMPLES + RATE_HZ, real=True)
    dry, response = voice(0), fft.rfft(voice(1)[:RATE_HZ], size)

    def ffts() -> None:
        spectrum = fft.rfft(dry, size)
        for _ in range(2):
            fft.irfft(spectrum * response, size)

    sound = np.zeros((n, N_SAMPLES), np.int16)
    with tempfile.TemporaryDirectory() as folder:
        batch = Path(folder) / "batch.npz"
        return {
            "ffts": each_s(n, ffts),
            "noise": each_s(n, lambda: make_noise(N_SAMPLES, RATE_HZ, "pink", 1)),
            "savez": each_s(3, lambda: np.savez(batch, input=sound, target=sound)) / n,
        }


def convolutions(n: int = 12) -> list[tuple[float, dict[str, float]]]:
    """CPU seconds of one 5 s segment in two rooms, by length of room and by method."""
    dry, rows = voice(0), []
    for seconds in ROOMS_S:
        draw = rng(1, "convolution", round(10 * seconds))
        rooms = draw.standard_normal((2, round(seconds * RATE_HZ))).astype(np.float32)
        size = fft.next_fast_len(N_SAMPLES + rooms.shape[1], real=True)
        kept = [fft.rfft(room, size) for room in rooms]

        def cached(size=size, kept=kept) -> None:
            spectrum = fft.rfft(dry, size)
            for room in kept:
                fft.irfft(spectrum * room, size)

        def afresh(size=size, rooms=rooms) -> None:
            spectrum = fft.rfft(dry, size)
            for room in rooms:
                fft.irfft(spectrum * fft.rfft(room, size), size)

        def overlapped(rooms=rooms) -> None:
            for room in rooms:
                signal.oaconvolve(dry, room)

        ways = {"one FFT, spectra kept": cached, "one FFT": afresh, "overlap-add": overlapped}
        rows.append((seconds, {name: each_s(n, way) for name, way in ways.items()}))
    return rows


def noise_reduction(n_files: int, workers: int) -> dict[int, tuple[float, float]]:
    """Wall and CPU seconds of sterilising `n_files` with one worker and with several.

    The difference of two amounts, so that what it costs to start the workers falls out.
    """
    with tempfile.TemporaryDirectory() as folder:
        speech, found = Path(folder) / "speech", {}
        speech.mkdir()
        for number in range(n_files + workers):
            soundfile.write(speech / f"{number}.wav", voice(number, 10.0), RATE_HZ)
        files, settings = listed([speech], sterilising.SUFFIXES), sterilising.Settings()
        for count in (1, workers):
            few, all_ = (
                timed(lambda f=f, c=count: sterilising.write_chunk(_new(folder), f, settings, c))
                for f in (files[:workers], files)
            )
            found[count] = all_[0] - few[0], all_[1] - few[1]
        return found


def _new(folder: str) -> Path:
    return Path(tempfile.mkdtemp(dir=folder)) / "chunk"


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
    few, many, files = (100, 500, 20) if given.quick else (1000, 5000, 120)
    load = os.getloadavg()[0]
    bottom = floor()
    shared_s = (bottom["ffts"] + bottom["noise"]) / given.workers + bottom["savez"]
    runs = [("plain", apart(few, given.workers))]
    runs += [("compressed", apart(few, given.workers, compressed=True))]
    runs += [("plain", apart(many, given.workers))]
    print("| figure | value |\n|---|---|")
    for name, seconds in bottom.items():
        print(f"| floor: {name} | {1000 * seconds:.1f} ms a triple, one core |")
    print(f"| floor, {given.workers} workers | {1 / shared_s:.1f} triples/s |")
    for name, found in runs:
        print(f"| {found['triples']} triples, {name} | {told(found, given.workers, shared_s)} |")
    plain, long = runs[0][1], runs[-1][1]
    more = {k: long[k] - plain[k] for k in ("triples", "wall", "cpu", "bytes")}
    print(f"| the last {more['triples']} | {rates(more, given.workers, shared_s)} |")
    print(f"| a budget check | {1e6 * plain['check']:.0f} us, {plain['checks']:.3%} of the time |")
    for seconds, ways in convolutions():
        shown = ", ".join(f"{name} {1000 * s:.1f} ms" for name, s in ways.items())
        print(f"| 5 s in two rooms of {seconds:g} s | {shown} |")
    reduced = noise_reduction(files, given.workers)
    for count, (wall, cpu) in reduced.items():
        had = f"{cpu / wall / count:.0%} of {count} cores"
        print(f"| {files} files of 10 s made sterile | {wall:.1f} s, {cpu:.1f} s CPU, {had} |")
    (alone, alone_cpu), (_, cpu) = reduced[1], reduced[given.workers]
    print(f"| speed-up | {alone / reduced[given.workers][0]:.2f} wall, ", end="")
    print(f"{alone_cpu / (cpu / given.workers):.2f} by CPU |")
    print(f"| load before and after | {load:.1f}, {os.getloadavg()[0]:.1f} |")


def rates(found: dict, workers: int, shared_s: float) -> str:
    """Triples a second: wall, by CPU, and of the floor."""
    wall, ideal = found["triples"] / found["wall"], found["triples"] * workers / found["cpu"]
    megabytes = found["bytes"] / found["triples"] / 1e6
    return (
        f"{wall:.2f}/s wall, {ideal:.2f}/s by CPU ({ideal * shared_s:.0%} of the floor), "
        f"{megabytes:.3f} MB each"
    )


def told(found: dict, workers: int, shared_s: float) -> str:
    """A row of the table."""
    return (
        f"{rates(found, workers, shared_s)}; peak {found['MB main']:.0f} MB "
        f"({found['MB before']:.0f} before), a worker {found['MB worker']:.0f} MB"
    )


if __name__ == "__main__":
    main()
