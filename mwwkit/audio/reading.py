"""Audio files of any format in, 16 kHz mono out.

    audio = read(path)                            # [n] float32, -1..1
    for block in blocks(path, block_s=10): ...    # a three-hour file in flat memory

libsndfile reads first; what it cannot read FFmpeg does (PyAV): what phones record, and FLAC files
whose frames libsndfile refuses although their PCM is whole.
"""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr

from mwwkit.audio.downmix import Downmix
from mwwkit.audio.file_kinds import kind_of
from mwwkit.audio.wholeness import MISSING_SHARE, WHOLE, Mended, Wholeness, wholeness
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.errors import WrongInput

SUFFIXES = frozenset(  # of what is taken for sound without a look into it
    {
        *(".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aiff", ".aif"),
        *(".mp4", ".3gp", ".aac", ".amr", ".mov", ".webm", ".mka", ".mkv", ".wma", ".caf"),
        *(".aifc", ".au", ".oga", ".w64", ".rf64", ".mp2", ".gsm", ".ac3"),
    }
)
INT16_SCALE = 32_768  # -1..1 to PCM; the same as libsndfile's, so 16-bit files come back exactly
RATES_HZ = 1_000, 1_000_000  # of files; what is beyond is a damaged header
Tell = Callable[[str], None]  # takes a remark about a file that is used all the same


class AudioValidationError(WrongInput):
    """A file that cannot be used; the message names it, what was found and what to do."""


def is_audio(name: str) -> bool:
    """Whether a file's name ends as that of an audio file does."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def read(
    path: Path,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    start_s: float = 0.0,
    seconds: float | None = None,
    tell: Tell = warnings.warn,
) -> np.ndarray:
    """A whole file, or `seconds` of it from `start_s`, mono and resampled: [n] float32, -1..1.

    `tell` takes remarks about a file that is used all the same: a length in its header that is
    wrong, channels that cancel each other. Raises AudioValidationError for what is no audio, holds
    none, is cut off or is not finite.
    """
    span = {"start_s": start_s, "seconds": seconds}
    return np.concatenate(list(blocks(path, sample_rate_hz, **span, tell=tell)))


def blocks(
    path: Path,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    start_s: float = 0.0,
    seconds: float | None = None,
    block_s: float = 10.0,
    tell: Tell = warnings.warn,
) -> Iterator[np.ndarray]:
    """The same as `read`, in pieces of about `block_s`; memory does not grow with the file.

    The pieces joined are the bytes that `read` gives, whatever `block_s`. Raises as `read` does,
    for a file that is cut off only after its last piece.
    """
    path = Path(path)
    rate_hz, decoded = _decode(path, start_s, seconds, block_s, tell)
    pieces = Downmix(rate_hz, partial(_remark, path, tell)).mono(decoded)
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        low, high = RATES_HZ
        raise AudioValidationError(
            f"{path} has a sample rate of {rate_hz:,} Hz in its header; wanted {low:,} to "
            f"{high:,}; export it again"
        )
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


def _remark(path: Path, tell: Tell, remark: str) -> None:
    tell(f"{path} {remark}")


def refuse_what_is_no_audio(path: Path) -> None:
    """Raise AudioValidationError, saying what it is, for a file that no decoder takes for sound.

    It is judged by its content alone, whatever its name.
    """
    _refuse_nothing(path)
    _refuse_kind(path)
    try:
        _sndfile(path, WHOLE).close()
    except soundfile.LibsndfileError as error:
        with _Nameless(path) as content:
            _ffmpeg(path, error, content).close()


class _Nameless(io.FileIO):
    """A file without its name, which FFmpeg would go by; it seeks nowhere rather than raise."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The new place, or -1 where there is none."""
        try:
            return super().seek(offset, whence)
        except OSError:
            return -1


def _refuse_kind(path: Path) -> None:
    try:
        kind = kind_of(path)
    except OSError as error:
        raise AudioValidationError(
            f"{path} cannot be read ({error.strerror}); copy it again"
        ) from error
    if kind:
        raise AudioValidationError(f"{path} is no audio but {kind}")


def duration_s(path: Path) -> float:
    """A file's length in seconds by its header, 0 where nothing readable says it."""
    try:
        with _sndfile(path, wholeness(path)) as file:
            return file.frames / max(1, file.samplerate)
    except (soundfile.LibsndfileError, OSError):
        pass
    try:
        import av
    except ImportError:
        return 0.0
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return float(container.duration or 0) / av.time_base
    except (av.FFmpegError, OSError):
        return 0.0


def _decode(
    path: Path, start_s: float, seconds: float | None, block_s: float, tell: Tell
) -> tuple[int, Iterator[np.ndarray]]:
    """Sample rate and pieces of a file, [n, channels] each, by libsndfile or else FFmpeg."""
    whole = _refuse_nothing(path)
    try:
        file = _sndfile(path, whole)
    except soundfile.LibsndfileError as error:
        container = _ffmpeg(path, error)
        _refuse_more(path, whole, mendable=False)
        rate_hz = container.streams.audio[0].rate
        start, stop = _span(start_s, seconds, rate_hz)
        pieces = _ffmpeg_pieces(path, container, start, stop)
        return rate_hz, _whole_pieces(path, whole, pieces, rate_hz, start, stop)
    _refuse_more(path, whole, mendable=whole.data is not None)
    _tell_of_header(path, whole, file.frames / max(1, file.samplerate), tell)
    start, stop = _span(start_s, seconds, file.samplerate)
    promised = file.frames if file.format == "FLAC" and file.frames < 1 << 36 else 0
    pieces = _sndfile_pieces(path, file, start, stop, block_s)
    return file.samplerate, _whole_pieces(
        path, whole, pieces, file.samplerate, start, stop, promised
    )


def _refuse_nothing(path: Path) -> Wholeness:
    """How whole a file is; AudioValidationError for one that is not there, empty or not to read."""
    try:
        if not path.is_file():
            raise AudioValidationError(f"{path} is not there (or is no file); check the path")
        if path.stat().st_size == 0:
            raise AudioValidationError(f"{path} is empty (0 bytes); wanted audio; copy it again")
        return wholeness(path)
    except OSError as error:
        raise AudioValidationError(
            f"{path} cannot be read ({error.strerror}); change its rights or copy it again"
        ) from error


def _sndfile(path: Path, whole: Wholeness) -> soundfile.SoundFile:
    """A file as libsndfile opens it, by its bytes where its header's length is wrong."""
    mended = Mended(path, whole.data) if whole.has_more and whole.data else None
    return soundfile.SoundFile(mended or os.fsencode(path))  # a name need not be UTF-8


def _refuse_more(path: Path, whole: Wholeness, mendable: bool) -> None:
    """AudioValidationError where there is more than the header tells of, and no way to read it."""
    if whole.has_more and not mendable:
        raise AudioValidationError(
            f"{path} has more behind the sound that its header tells of: the header is wrong, or "
            "two files were joined; open it in an audio editor and export it"
        )


def _tell_of_header(path: Path, whole: Wholeness, seconds: float, tell: Tell) -> None:
    """`seconds`: what there is in truth."""
    if whole.has_more and whole.data:
        told_s = seconds / whole.share if whole.data.n_promised else 0.0
        remark = f"has a wrong header: it tells of {told_s:.2f} s, and there are {seconds:.2f} s"
        _remark(path, tell, f"{remark}; read to the end of the file")
    if whole.unfinished:
        _remark(path, tell, "has no mark of its end: it may be cut off")


def _span(start_s: float, seconds: float | None, rate_hz: int) -> tuple[int, float]:
    start = round(start_s * rate_hz)
    return start, float("inf") if seconds is None else start + round(seconds * rate_hz)


def _whole_pieces(
    path: Path,
    whole: Wholeness,
    pieces: Iterator[np.ndarray],
    rate_hz: int,
    start: int,
    stop: float,
    promised: float = 0,
) -> Iterator[np.ndarray]:
    """The pieces; then AudioValidationError if they end before `stop` and before what is promised.

    `promised`: frames, where the header tells of them.
    """
    at = start
    for piece in pieces:
        yield piece
        at += len(piece)
    if at >= stop:
        return
    if whole.share < 1 - MISSING_SHARE:
        promised = max(promised, at / whole.share)
    if min(promised, stop) - at > MISSING_SHARE * promised:
        raise AudioValidationError(
            f"{path} is cut off: its header promises {promised / rate_hz:.2f} s, "
            f"it ends at {at / rate_hz:.2f} s; copy or export it again"
        )
    if whole.broken:
        raise AudioValidationError(
            f"{path} is cut off: its {whole.broken} breaks off at {at / rate_hz:.2f} s; copy or "
            "export it again"
        )


def _sndfile_pieces(
    path: Path, file: soundfile.SoundFile, start: int, stop: float, block_s: float
) -> Iterator[np.ndarray]:
    at = start
    with file:
        n_block = max(1, round(block_s * file.samplerate))
        try:
            file.seek(min(start, file.frames))
            while at < stop:
                piece = file.read(int(min(n_block, stop - at)), dtype="float32", always_2d=True)
                if not len(piece):
                    break
                yield piece
                at += len(piece)
        except soundfile.LibsndfileError as error:
            # A frame it will not decode: FFmpeg goes on from the sample it stopped at.
            yield from _ffmpeg_pieces(path, _ffmpeg(path, error), at, stop)


def _ffmpeg(path: Path, refusal: Exception, content=None):
    """An open PyAV container with a sound track, or AudioValidationError with both reasons.

    `content`: the open file, if its name shall say nothing.
    """
    _refuse_kind(path)
    try:
        import av  # only for files that libsndfile refuses
    except ImportError as error:
        raise AudioValidationError(
            f"{path}: libsndfile refuses it ({refusal}) and FFmpeg is not here; pip install av"
        ) from error
    try:
        # Titles and names of artists come in any encoding.
        container = av.open(content or str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        if (whole := wholeness(path)).is_cut:
            raise AudioValidationError(
                f"{path} is cut off: its {whole.broken or 'end'} is not there; copy or export it "
                "again"
            ) from error
        reasons = ", ".join(_plain(str(reason), path) for reason in (refusal, error))
        raise AudioValidationError(
            f"{path} is no audio that libsndfile or FFmpeg can read ({reasons}); wanted WAV, FLAC, "
            "OGG, MP3, M4A or what else they know; convert it or leave it out"
        ) from error
    sound = container.streams.audio
    if sound and sound[0].codec_context and sound[0].rate:
        return container
    container.close()
    if not sound:
        raise AudioValidationError(f"{path} has no sound track; leave it out")
    raise AudioValidationError(
        f"{path} has a sound track that FFmpeg has no decoder for (is it protected against "
        "copying?); export it as WAV or leave it out"
    )


def _plain(reason: str, path: Path) -> str:
    """What a decoder says, without the file's name and numbers of its own."""
    words = reason.replace(f"{os.fsencode(path)!r}", "").replace(f"'{path}'", "").strip()
    return words.rpartition("] ")[2].removeprefix("Error opening").strip(" :.")


def _ffmpeg_pieces(path: Path, container, start: int, stop: float) -> Iterator[np.ndarray]:
    """Pieces [n, channels] from `start` to `stop`, counted in decoded frames: unlike a seek, exact.

    Raises AudioValidationError for what is damaged, or cut off in the middle of a packet.
    """
    import av

    with container:
        resampler = av.AudioResampler(format="fltp")
        at, end = 0, 0
        try:
            for packet in container.demux(audio=0):
                end = (packet.pos or 0) + packet.size if packet.size else end
                for frame in _flushed(packet):
                    for converted in resampler.resample(frame):
                        piece = converted.to_ndarray().T  # [n, channels] float32
                        wanted = piece[max(0, start - at) : int(min(len(piece), max(0, stop - at)))]
                        at += len(piece)
                        if len(wanted):
                            yield wanted
                    if at >= stop:
                        return
        except av.FFmpegError as error:
            if end >= path.stat().st_size:
                raise AudioValidationError(
                    f"{path} is cut off: it breaks off in the middle of its sound, after sample "
                    f"{at}; copy or export it again"
                ) from error
            raise AudioValidationError(
                f"{path} is damaged: neither libsndfile nor FFmpeg reads past sample {at} "
                f"({_plain(str(error), path)}); copy or export it again"
            ) from error


def _flushed(packet) -> Iterable:
    """A packet's frames; after the last one, which is empty, the mark that hands out the rest."""
    yield from packet.decode()
    if not packet.size:
        yield None
