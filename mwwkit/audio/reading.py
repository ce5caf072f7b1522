"""Audio files of any format in, 16 kHz mono out.

    audio = read(path)                            # [n] float32, -1..1
    for block in blocks(path, block_s=10): ...    # a three-hour file in flat memory

libsndfile reads first; what it cannot read FFmpeg does (PyAV): M4A, and FLAC files whose frames
libsndfile refuses although their PCM is whole.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.errors import WrongInput

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aiff", ".aif"})
INT16_SCALE = 32_768  # -1..1 to PCM; the same as libsndfile's, so 16-bit files come back exactly
MISSING_SHARE = 0.01  # of the declared length: a file that lost more has lost part of a word


class AudioValidationError(WrongInput):
    """A file that cannot be used; the message names it, what was found and what to do."""


def discover(folder: Path) -> list[Path]:
    """The audio files under `folder`, sorted by their path in it; hidden ones are left out."""
    paths = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(root, n) for n in names if not n.startswith(".") and is_audio(n)]
    return sorted(paths, key=lambda path: path.relative_to(folder).as_posix())


def is_audio(name: str) -> bool:
    """Whether a file's name ends as that of an audio file does."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def read(
    path: Path,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    start_s: float = 0.0,
    seconds: float | None = None,
) -> np.ndarray:
    """A whole file, or `seconds` of it from `start_s`, mono and resampled: [n] float32, -1..1.

    Raises AudioValidationError for what is no audio, holds none, is cut off or is not finite.
    """
    return np.concatenate(list(blocks(path, sample_rate_hz, start_s=start_s, seconds=seconds)))


def blocks(
    path: Path,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    start_s: float = 0.0,
    seconds: float | None = None,
    block_s: float = 10.0,
) -> Iterator[np.ndarray]:
    """The same as `read`, in pieces of about `block_s`; memory does not grow with the file.

    The pieces joined are the bytes that `read` gives, whatever `block_s`. Raises as `read` does,
    for a file that is cut off only after its last piece.
    """
    path = Path(path)
    rate_hz, pieces = _decode(path, start_s, seconds, block_s)
    resampler = soxr.ResampleStream(rate_hz, sample_rate_hz, 1, "float32")
    n_samples = 0
    for piece in pieces:  # [n] float32 at the file's own rate
        _refuse_non_finite(path, piece, n_samples, rate_hz)
        n_samples += len(piece)
        yield piece if rate_hz == sample_rate_hz else resampler.resample_chunk(piece)
    if rate_hz != sample_rate_hz:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
    if n_samples == 0:
        raise AudioValidationError(f"{path} holds no samples; wanted audio; leave it out")


def _refuse_non_finite(path: Path, piece: np.ndarray, offset: int, rate_hz: int) -> None:
    finite = np.isfinite(piece)
    if not finite.all():
        first_s = (offset + int(np.argmin(finite))) / rate_hz
        raise AudioValidationError(
            f"{path} holds samples that are NaN or infinite, the first at {first_s:.3f} s; "
            "wanted finite PCM; export it again"
        )


def _decode(
    path: Path, start_s: float, seconds: float | None, block_s: float
) -> tuple[int, Iterator[np.ndarray]]:
    """Sample rate and mono pieces of a file, by libsndfile or else FFmpeg."""
    if not path.is_file():
        raise AudioValidationError(f"{path} is not there (or is no file); check the path")
    if path.stat().st_size == 0:
        raise AudioValidationError(f"{path} is empty (0 bytes); wanted audio; copy it again")
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        container = _ffmpeg(path, error)
        rate_hz = container.streams.audio[0].rate
        start, stop = _span(start_s, seconds, rate_hz)
        return rate_hz, _ffmpeg_pieces(path, container, start, stop)
    start, stop = _span(start_s, seconds, file.samplerate)
    return file.samplerate, _sndfile_pieces(path, file, start, stop, block_s)


def _span(start_s: float, seconds: float | None, rate_hz: int) -> tuple[int, float]:
    start = round(start_s * rate_hz)
    return start, float("inf") if seconds is None else start + round(seconds * rate_hz)


def _sndfile_pieces(
    path: Path, file: soundfile.SoundFile, start: int, stop: float, block_s: float
) -> Iterator[np.ndarray]:
    at = start
    with file:
        declared = _declared_frames(path, file)
        n_block = max(1, round(block_s * file.samplerate))
        try:
            file.seek(min(start, file.frames))
            while at < stop:
                piece = file.read(int(min(n_block, stop - at)), dtype="float32", always_2d=True)
                if not len(piece):
                    break
                yield _mono(piece)
                at += len(piece)
        except soundfile.LibsndfileError as error:
            # A frame it will not decode: FFmpeg goes on from the sample it stopped at.
            for piece in _ffmpeg_pieces(path, _ffmpeg(path, error), at, stop):
                yield piece
                at += len(piece)
    missing = min(declared, stop) - at
    if missing > MISSING_SHARE * declared:
        raise AudioValidationError(
            f"{path} is cut off: its header promises {declared / file.samplerate:.2f} s, "
            f"it ends at {at / file.samplerate:.2f} s; copy or export it again"
        )


def _mono(piece: np.ndarray) -> np.ndarray:
    # [n, channels] -> [n]
    return piece[:, 0] if piece.shape[1] == 1 else piece.mean(axis=1, dtype=np.float32)


def _declared_frames(path: Path, file: soundfile.SoundFile) -> int:
    """Number of frames that a WAV or FLAC header declares, 0 where unknown."""
    if file.format == "FLAC":
        return file.frames if file.frames < 1 << 36 else 0  # 36 bits; libsndfile's "unknown"
    if file.format not in ("WAV", "WAVEX"):
        return 0
    with open(path, "rb") as raw:
        raw.seek(12)  # "RIFF", size, "WAVE"
        frame_bytes = 0
        while len(head := raw.read(8)) == 8:  # chunks; a writer to a pipe cannot know their sizes
            name, n_bytes = struct.unpack("<4sI", head)
            if name == b"fmt ":
                frame_bytes = struct.unpack("<H", raw.read(n_bytes)[12:14])[0]
            elif name == b"data":
                piped = n_bytes >= 0xFFFF_F000 or 0x7FFF_F000 <= n_bytes <= 0x8000_0000
                return 0 if piped or not frame_bytes else n_bytes // frame_bytes
            else:
                raw.seek(n_bytes + n_bytes % 2, os.SEEK_CUR)
    return 0


def _ffmpeg(path: Path, refusal: Exception):
    """An open PyAV container with a sound track, or AudioValidationError with both reasons."""
    try:
        import av  # only for files that libsndfile refuses
    except ImportError as error:
        raise AudioValidationError(
            f"{path}: libsndfile refuses it ({refusal}) and FFmpeg is not here; pip install av"
        ) from error
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise AudioValidationError(
            f"{path} is no audio that libsndfile ({refusal}) or FFmpeg ({error}) can read; "
            "wanted WAV, FLAC, OGG, MP3 or M4A; convert it or leave it out"
        ) from error
    if not container.streams.audio:
        container.close()
        raise AudioValidationError(f"{path} has no sound track; leave it out")
    return container


def _ffmpeg_pieces(path: Path, container, start: int, stop: float) -> Iterator[np.ndarray]:
    """Mono pieces from frame `start` to `stop`, counted in decoded frames: exact, unlike a seek."""
    import av

    with container:
        resampler = av.AudioResampler(format="fltp")
        at = 0
        try:
            for frame in _flushed(container.decode(audio=0)):
                for converted in resampler.resample(frame):
                    piece = _mono(converted.to_ndarray().T)  # [n] float32
                    wanted = piece[max(0, start - at) : int(min(len(piece), max(0, stop - at)))]
                    at += len(piece)
                    if len(wanted):
                        yield wanted
                if at >= stop:
                    return
        except av.FFmpegError as error:
            raise AudioValidationError(
                f"{path} is damaged: neither libsndfile nor FFmpeg reads past sample {at} "
                f"({error}); copy or export it again"
            ) from error


def _flushed(frames: Iterable) -> Iterator:
    yield from frames
    yield None  # the resampler hands out what it still holds
