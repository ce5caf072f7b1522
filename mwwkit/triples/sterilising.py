"""Clean dry speech: denoise, trim, normalise loudness, cut into 5 s segments at 48 kHz.

    made = sterilise(path, Settings())           # Sterile: segments int16 [k, 240000], or a reason
    facts = write_chunk(folder, files, Settings(), workers=4)
    segment = read_segments(folder)[17]          # int16 [240000], only that row is read

A chunk is a folder with `segments.npy` (int16 `[n, 240000]`, 32768 is full scale) and
`segments.json` (the name of each row, what was skipped and why). Nothing grows with the corpus:
files are cut into spans of at most five minutes, and rows are written as they come.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from mwwkit.audio.reading import SUFFIXES, AudioValidationError, duration_s, read
from mwwkit.audio.wav16 import to_int16
from mwwkit.run.config_base import Between, Checked
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json, sha256, write_json
from mwwkit.run.parallel import each
from mwwkit.triples.audio_files import Found

RATE_HZ = 48_000
SEGMENT = 240_000  # samples: 5.0 s at 48 kHz
SEGMENT_BYTES = 2 * SEGMENT
HEADER_BYTES = 128  # of `segments.npy`
SPAN_S = 300.0  # of a long file that is worked on at once
FRAME = 960  # 20 ms
QUIET_SHARE = 0.15  # of the frames; more would be speech
DIGITAL_SILENCE = 1e-10  # mean square: -100 dBFS
MASK_HZ = 100  # the gate is smoothed over; the usual 500 Hz takes 3 dB off the pitch of a voice
NOISE_AT_LEAST = 4 * FRAME  # samples that noise can be learnt from
KEPT_AROUND_S = 0.05  # of what is under the threshold, at both ends: soft consonants live there
GATE_S = 0.4  # the block of ITU-R BS.1770: what is shorter cannot be gated
BEFORE = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aiff", ".aif"})  # listed
SEGMENTS, NAMES = "segments.npy", "segments.json"

__all__ = ["SUFFIXES", "Settings", "Sterile", "read_segments", "sterilise", "write_chunk"]


@dataclass(frozen=True)
class Settings(Checked):
    """What shapes the segments."""

    prop_decrease: Annotated[float, Between(0, 1)] = 0.95  # of the noise that is taken off
    # silence at the ends is so far under the loudest 20 ms
    trim_db: Annotated[float, Between(10, 120)] = 40.0
    loudness_lufs: Annotated[float, Between(-60, -5)] = -23.0  # EBU R 128
    # of a file, before anything is cut
    min_seconds: Annotated[float, Between(0.1, 60)] = 1.0


@dataclass(frozen=True)
class Sterile:
    """What became of one span of a file: segments, or the reason for none."""

    segments: np.ndarray  # [k, 240000] int16
    notes: tuple[str, ...] = ()  # what was out of the ordinary
    reason: str = ""  # why there are no segments


_NONE = np.zeros((0, SEGMENT), np.int16)


def spans(seconds: float) -> list[tuple[float, float | None]]:
    """(start, length) in s of the pieces a file is worked on in; the last runs to its end."""
    n = max(1, math.ceil((seconds - 1.0) / SPAN_S))
    return [(i * SPAN_S, SPAN_S if i < n - 1 else None) for i in range(n)]


def segments_at_most(seconds: float) -> int:
    """The most segments a file of that length gives."""
    return sum(math.ceil(((length or seconds - start) + 0.5) * RATE_HZ / SEGMENT)
               for start, length in spans(seconds))  # fmt: skip


def sterilise(
    path: Path, settings: Settings, start_s: float = 0.0, seconds: float | None = None
) -> Sterile:
    """Load at 48 kHz mono, reduce noise, trim, set the loudness, cut into segments."""
    try:
        audio = read(path, RATE_HZ, start_s=start_s, seconds=seconds)
    except AudioValidationError as error:
        return Sterile(_NONE, reason=f"unreadable: {error}")
    if audio.size < settings.min_seconds * RATE_HZ:
        length = f"{audio.size / RATE_HZ:.2f} s; wanted {settings.min_seconds:g} s or more"
        return Sterile(_NONE, reason=f"too short: {length}")
    if np.abs(audio - audio.mean()).max() < 1e-5:
        return Sterile(_NONE, reason="too quiet: under -100 dBFS throughout")
    audio = trim(reduce_noise(audio, settings.prop_decrease), settings.trim_db)
    measured, notes = loudness(audio)
    if not math.isfinite(measured):
        return Sterile(_NONE, reason="too quiet: nothing in it is above -70 LUFS")
    gain = 10 ** ((settings.loudness_lufs - measured) / 20)
    peak = float(np.abs(audio).max())
    if gain * peak > 1:
        gain, notes = 1 / peak, (*notes, "peak at full scale: softer than asked for")
    return Sterile(_sliced(to_int16(audio * np.float32(gain))), notes)


def reduce_noise(audio: np.ndarray, prop_decrease: float) -> np.ndarray:
    """[n] float32 without its steady noise: spectral gating (noisereduce, stationary).

    The noise is learnt from the quietest 20 ms frames. On 40 files of read speech, clean or with
    noise 20 to 40 dB under it, that takes 10 to 15 dB off the floor, 0.4 to 0.6 dB off the voice.
    Learnt from the whole file, noisereduce's own way, it takes the voice for noise: 21 dB and
    11 dB; its non-stationary mode: 15 dB and 4 dB.
    """
    import noisereduce  # slow to import, and only these workers need it

    noise = _quietest(audio)
    if noise.size < NOISE_AT_LEAST:  # sound in digital silence
        return audio
    options = {"y_noise": noise, "prop_decrease": prop_decrease, "freq_mask_smooth_hz": MASK_HZ}
    clean = noisereduce.reduce_noise(y=audio, sr=RATE_HZ, stationary=True, n_jobs=1, **options)
    return np.nan_to_num(clean.astype(np.float32))


def _quietest(audio: np.ndarray) -> np.ndarray:
    """The quietest 15 % of the frames that are not digital silence, joined."""
    frames = audio[: audio.size // FRAME * FRAME].reshape(-1, FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / FRAME
    heard = np.flatnonzero(power > DIGITAL_SILENCE)
    chosen = heard[np.argsort(power[heard], kind="stable")[: round(QUIET_SHARE * heard.size)]]
    return frames[np.sort(chosen)].ravel()


def trim(audio: np.ndarray, under_db: float) -> np.ndarray:
    """Remove silence at both ends, keeping 50 ms; silence is `under_db` below the loudest frame."""
    frames = np.pad(audio, (0, -audio.size % FRAME)).reshape(-1, FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-under_db / 10))
    if not loud.size:
        return audio[:0]
    margin = round(KEPT_AROUND_S * RATE_HZ)
    return audio[max(0, loud[0] * FRAME - margin) : (loud[-1] + 1) * FRAME + margin]


def loudness(audio: np.ndarray) -> tuple[float, tuple[str, ...]]:
    """Integrated loudness in LUFS, and what to know about it; -inf for what is too quiet.

    Audio shorter than the gate's block of 0.4 s is measured as if repeated.
    """
    import pyloudnorm

    notes: tuple[str, ...] = ()
    if not audio.size:
        return -math.inf, notes
    if audio.size < GATE_S * RATE_HZ:
        notes = ("shorter than the loudness gate: measured as if repeated",)
        audio = np.tile(audio, math.ceil(GATE_S * RATE_HZ / audio.size) + 1)
    with np.errstate(divide="ignore"):  # the log of the power of digital silence
        measured = float(pyloudnorm.Meter(RATE_HZ).integrated_loudness(audio.astype(np.float64)))
    return (measured if measured > -70.0 else -math.inf), notes


def _sliced(samples: np.ndarray) -> np.ndarray:
    return np.pad(samples, (0, -samples.size % SEGMENT)).reshape(-1, SEGMENT)


def write_chunk(folder: Path, files: Sequence[Found], settings: Settings, workers: int) -> dict:
    """Write the segments of `files` into `folder`, in order; returns the facts of the chunk.

    Facts: files, segments, seconds, skipped and noted (counts by reason), bytes, sha256.
    """
    folder.mkdir(parents=True)
    jobs = ((f.name, f.path, *span) for f in files for span in spans(duration_s(f.path)))
    names: list[str] = []
    skipped: list[tuple[str, str]] = []
    noted: Counter = Counter()
    with open(folder / SEGMENTS, "wb") as out:
        _write_header(out, 0)
        for name, start_s, sterile in each(partial(_job, settings), jobs, workers):
            out.write(sterile.segments.tobytes())
            at = round(start_s * RATE_HZ / SEGMENT)
            names += [f"{name}:{at + row:03d}" for row in range(len(sterile.segments))]
            noted.update(sterile.notes)
            if sterile.reason and not (start_s and sterile.reason.startswith("too ")):
                skipped.append((name, sterile.reason.replace(f"{_path(files, name)}", name)))
        out.seek(0)
        _write_header(out, len(names))
    kinds = Counter(reason.split(":")[0] for _, reason in skipped)
    facts = {
        "files": len(files),
        "segments": len(names),
        "skipped": dict(sorted(kinds.items())),
        "noted": dict(sorted(noted.items())),
    }
    write_json(folder / NAMES, {"names": names, "refused": skipped, **facts})
    n_bytes = HEADER_BYTES + SEGMENT_BYTES * len(names)
    return facts | {"bytes": n_bytes, "sha256": sha256(folder / SEGMENTS)}


def _job(settings: Settings, job: tuple) -> tuple[str, float, Sterile]:
    name, path, start_s, seconds = job
    return name, start_s, sterilise(path, settings, start_s, seconds)


def _path(files: Iterable[Found], name: str) -> Path:
    return next(file.path for file in files if file.name == name)


def _write_header(file, n_rows: int) -> None:
    """An NPY 1.0 header of 128 bytes whatever the number of rows: that is known at the end."""
    head = f"{{'descr': '<i2', 'fortran_order': False, 'shape': ({n_rows}, {SEGMENT}), }}"
    file.write(
        b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + head.ljust(117).encode() + b"\n"
    )


def read_segments(folder: Path) -> np.ndarray:
    """A view of a chunk's segments, int16 [n, 240000]; rows are read as they are taken.

    Raises ValueError, naming the file, for one that is cut off.
    """
    path = folder / SEGMENTS
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise WrongInput(f"{path} is damaged or cut off ({error}); make it again") from error


def read_segment(folder: Path, row: int) -> np.ndarray:
    """Row `row` of a chunk, int16 [240000], read and not mapped.

    Mapped pages count as memory of the process: joblib takes them for a leak and ends the worker.
    Raises ValueError, naming the file, for one that is cut off.
    """
    path = folder / SEGMENTS
    with open(path, "rb") as file:
        file.seek(HEADER_BYTES + row * SEGMENT_BYTES)
        samples = np.fromfile(file, "<i2", SEGMENT)
    if samples.size < SEGMENT:
        raise WrongInput(f"{path} is cut off: it has no row {row}; make it again")
    return samples


def read_names(folder: Path) -> list[str]:
    """The dry id of each row: file, and number of the segment in it."""
    return read_json(folder / NAMES)["names"]


def rejected(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, reason) of what a chunk left out."""
    yield from map(tuple, read_json(folder / NAMES)["refused"])
