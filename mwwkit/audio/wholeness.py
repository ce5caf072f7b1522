"""Whether all the sound that a file's own header promises is there, and whether there is more.

    whole = wholeness(path)
    whole.share          # of the promised bytes that are there; 1 where nothing is promised
    whole.broken         # "last page": what breaks off in the middle, where no length is promised
    whole.data           # of a WAV: where its samples are

Read off the containers, so that it holds for every codec in them: WAV (also RIFX, RF64, BW64, W64),
AIFF, AU, CAF, NIST, Ogg, MP3, AAC, MP4 and Matroska. Any other file counts as whole.
"""

import io
import mmap
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MISSING_SHARE = 0.01  # of the promised length: a file that lost more has lost part of a word
PADDING = 1 << 20  # so many zeros after a file's sound are padding, more are silence
TAIL = 1 << 17  # an Ogg page has at most 65,307 bytes
BITRATES = {  # in kbit/s, by MPEG version 1 or 2 and layer
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
BITRATES[2, 2] = BITRATES[2, 3]
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True)
class Span:
    """Where a WAV's samples are, by its header and in truth."""

    at: int  # the first byte
    n_promised: int  # 0 where the writer could not know
    n_there: int  # to the end of the file, if the header's size cannot be right
    form: bytes  # the body of its `fmt ` chunk


@dataclass(frozen=True)
class Wholeness:
    """What a file's header promises, against what is there."""

    share: float = 1.0  # of the promised sound that is there; more than 1: the header is wrong
    broken: str = ""  # the piece that breaks off at the end of the file
    unfinished: bool = False  # nothing is missing that one could see, but no end is marked
    data: Span | None = None

    @property
    def is_cut(self) -> bool:
        """Whether part of it is missing."""
        return self.share < 1 - MISSING_SHARE or bool(self.broken)

    @property
    def has_more(self) -> bool:
        """Whether there is sound that the header does not tell of."""
        return self.share > 1 + MISSING_SHARE


WHOLE = Wholeness()


def wholeness(path: Path) -> Wholeness:
    """What is known of a file; raises OSError where it cannot be opened."""
    n_bytes = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(16)
        for look in (_riff, _w64, _aiff, _au, _caf, _nist, _ogg, _mp4, _matroska, _adts, _mp3):
            file.seek(0)
            try:
                if found := look(file, head, n_bytes):
                    return found
            except (struct.error, IndexError, ValueError):  # the header itself breaks off
                return Wholeness(broken="header")
    return WHOLE


class Mended(io.RawIOBase):
    """A WAV whose header is set right: its form and its samples, to the end of the file."""

    def __init__(self, path: Path, data: Span):
        """Open `path`; its samples are `data.n_there` bytes from `data.at`."""
        self._file, self._data, self._at = open(path, "rb"), data, 0
        n, form = data.n_there, struct.pack("<4sI", b"fmt ", len(data.form)) + data.form
        size, n_riff = n, 4 + len(form) + 8 + n
        head = struct.pack("<4sI4s", b"RIFF", min(n_riff, 0xFFFF_FFFF), b"WAVE")
        if n_riff > 0xFFFF_FFFF:
            sizes = struct.pack("<4sIQQQI", b"ds64", 28, n_riff + 36, n, 0, 0)
            head, size = b"RF64" + head[4:] + sizes, 0xFFFF_FFFF
        self._head = head + form + struct.pack("<4sI", b"data", size)

    def __len__(self) -> int:
        """The bytes of header and samples."""
        return len(self._head) + self._data.n_there

    def readable(self) -> bool:  # noqa: D102
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:  # noqa: D102
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:  # noqa: D102
        return self._at

    def readinto(self, buffer) -> int:  # noqa: D102
        n_head = len(self._head)
        if self._at < n_head:
            piece = self._head[self._at : self._at + len(buffer)]
        else:
            self._file.seek(self._data.at + self._at - n_head)
            piece = self._file.read(min(len(buffer), max(0, len(self) - self._at)))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:  # noqa: D102
        self._file.close()
        super().close()


def _chunks(file, at: int, head: struct.Struct, align: int, n_bytes: int) -> Iterator[tuple]:
    """(name, first byte of its body, bytes of its body) of each chunk, sizes as they are told."""
    while at + head.size <= n_bytes:
        file.seek(at)
        name, size = head.unpack(file.read(head.size))
        if head.size == 24:  # W64 counts the head as well
            name, size = name[:4], size - 24
        yield name, at + head.size, size
        at += head.size + size + -size % align


def _unexplained(file, at: int, head: struct.Struct, align: int, n_bytes: int) -> int:
    """Bytes after a file's sound that are no further chunks, no ID3 tag and no padding."""
    for name, body, size in _chunks(file, at, head, align, n_bytes):
        is_file = name in (b"RIFF", b"RIFX", b"RF64", b"FORM")  # a second one behind the first
        is_chunk = re.fullmatch(rb"[\w .-]{3,4}", name) and 0 <= size <= n_bytes + 1 - body
        if is_file or not is_chunk:
            break
        at = body + size + -size % align
    file.seek(at)
    rest = file.read(PADDING)
    is_padding = len(rest) < PADDING and not rest.strip(b"\0")
    return 0 if rest.startswith(b"TAG") or is_padding else max(0, n_bytes - at)


def _measured(file, n_bytes: int, at: int, n_promised: int, head: struct.Struct, align: int):
    """Wholeness of a container whose sound is one chunk, from where that begins."""
    n_there = n_bytes - at
    if n_promised > n_there:
        return Wholeness(n_there / n_promised)
    n_after = _unexplained(file, at + n_promised + -n_promised % align, head, align, n_bytes)
    if not n_promised:
        return Wholeness(2.0 if n_after else 1.0)
    return Wholeness(1 + n_after / n_promised)


def _of_chunk(
    file, n_bytes: int, wanted: bytes, first: int, head: struct.Struct, align: int
) -> Wholeness:
    """Wholeness of a container by the chunk that has its sound; its chunks begin at `first`."""
    for name, at, size in _chunks(file, first, head, align, n_bytes):
        if name == wanted:
            return _measured(file, n_bytes, at, size, head, align)
    return WHOLE


def _riff(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:4] not in (b"RIFF", b"RIFX", b"RF64", b"BW64") or head[8:12] != b"WAVE":
        return None
    layout = struct.Struct(">4sI" if head[:4] == b"RIFX" else "<4sI")
    form, long_size = b"", 0
    for name, at, size in _chunks(file, 12, layout, 2, n_bytes):
        if name == b"ds64":
            file.seek(at + 8)
            long_size = struct.unpack("<Q", file.read(8))[0]
        elif name == b"fmt ":
            file.seek(at)
            form = file.read(size)
        elif name == b"data":
            size = long_size if size == 0xFFFF_FFFF and long_size else size
            piped = 0xFFFF_F000 <= size <= 0xFFFF_FFFF or 0x7FFF_F000 <= size <= 0x8000_0000
            if piped and size > n_bytes - at:  # a writer to a pipe cannot know it
                return WHOLE
            found = _measured(file, n_bytes, at, size, layout, 2)
            data = Span(at, size, n_bytes - at, form)
            file.seek(at + size + size % 2)
            mendable = form and head[:4] == b"RIFF" and file.read(4) != b"RIFF"
            return Wholeness(found.share, data=data if mendable else None)
    return WHOLE  # without a `data` chunk it is no WAV that any decoder takes


def _w64(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:5] != b"riff\x2e":
        return None
    return _of_chunk(file, n_bytes, b"data", 40, struct.Struct("<16sQ"), 8)


def _aiff(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:4] != b"FORM" or head[8:12] not in (b"AIFF", b"AIFC"):
        return None
    return _of_chunk(file, n_bytes, b"SSND", 12, struct.Struct(">4sI"), 2)


def _au(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:4] != b".snd":
        return None
    at, size = struct.unpack(">II", head[4:12])
    if size == 0xFFFF_FFFF or not size:
        return WHOLE
    return Wholeness((n_bytes - at) / size)


def _caf(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:4] != b"caff":
        return None
    layout = struct.Struct(">4sq")
    for name, at, size in _chunks(file, 8, layout, 1, n_bytes):
        if size < 0:
            return WHOLE  # to the end of the file
        if name == b"data":
            return _measured(file, n_bytes, at, size, layout, 1)
    return Wholeness(broken="header")


def _nist(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:7] != b"NIST_1A":
        return None
    n_head = int(head[8:16])
    text = file.read(n_head)
    values = [
        re.search(rb"\n" + key + rb" -i (\d+)", text)
        for key in (b"sample_count", b"sample_n_bytes", b"channel_count")
    ]
    if not all(values):
        return WHOLE
    n_promised = 1
    for value in values:
        n_promised *= int(value[1])
    is_packed = re.search(rb"\nsample_coding -s\d+ \S*(shorten|embedded)", text)
    return WHOLE if is_packed or not n_promised else Wholeness((n_bytes - n_head) / n_promised)


def _ogg(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:4] != b"OggS":
        return None
    file.seek(max(0, n_bytes - TAIL))
    tail = file.read()
    page = tail[tail.rindex(b"OggS") :]
    n_pieces = page[26]
    n_page = 27 + n_pieces + sum(page[27 : 27 + n_pieces])
    if len(page) < 27 + n_pieces or n_page > len(page):
        return Wholeness(broken="last page")
    return Wholeness(unfinished=not page[5] & 4)


def _mp4(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[4:8] not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return None
    at, names = 0, set()
    while at + 8 <= n_bytes:
        file.seek(at)
        size, name, long_size = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
        size = long_size if size == 1 else size or n_bytes - at
        if size < 8 or not name.isalnum():
            break
        if at + size > n_bytes:
            return Wholeness((n_bytes - at) / size, "MP4 box")
        names.add(name)
        at += size
    return WHOLE if b"moov" in names else Wholeness(broken="index (moov), which is missing,")


def _matroska(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return None
    n_first, at = _matroska_size(head, 4)
    file.seek(at + n_first)
    segment = file.read(12)
    if segment[:4] != b"\x18\x53\x80\x67":
        return WHOLE
    size, at_in_segment = _matroska_size(segment, 4)
    unknown = size == (1 << 7 * (at_in_segment - 4)) - 1  # of a recorder that streams
    n_there = n_bytes - (at + n_first + at_in_segment)
    return WHOLE if unknown or not size else Wholeness(min(1.0, n_there / size))


def _matroska_size(data: bytes, at: int) -> tuple[int, int]:
    """A size that says its own length, and where it ends."""
    length = 9 - data[at].bit_length()
    first = data[at] & (0xFF >> length)
    return int.from_bytes(bytes([first]) + data[at + 1 : at + length], "big"), at + length


def _mp3(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if not n_bytes:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while data[at : at + 3] == b"ID3" and at + 10 <= n_bytes:
            a, b, c, d = data[at + 6 : at + 10]
            at += 10 + (a << 21 | b << 14 | c << 7 | d)
        if not (first := _frame_bytes(data[at : at + 4])):
            return None
        frame = data[at : at + first]
        tag = max(frame.find(b"Xing", 0, 64), frame.find(b"Info", 0, 64))
        if tag > 0 and frame[tag + 7] & 2:
            skip = 8 + 4 * (frame[tag + 7] & 1)
            n_promised = int.from_bytes(frame[tag + skip : tag + skip + 4], "big")
            return Wholeness(min(1.0, (n_bytes - at) / n_promised)) if n_promised else WHOLE
        return _in_frames(data, at, n_bytes, 4, _frame_bytes)


def _adts(file, head: bytes, n_bytes: int) -> Wholeness | None:
    if len(head) < 8 or not _adts_bytes(head):
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _in_frames(data, 0, n_bytes, 7, _adts_bytes)


def _adts_bytes(head: bytes) -> int:
    """The length of a frame of AAC, 0 for what is none."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else 0


def _in_frames(data, at: int, n_bytes: int, n_head: int, size_of) -> Wholeness | None:
    """Wholeness of sound in frames that tell their own length, from the first of them on."""
    n_frames = 0
    while size := size_of(data[at : at + n_head]):
        if at + size > n_bytes:
            # Two frames in a row: what looks like one need not be sound.
            return Wholeness(broken="last frame") if n_frames > 1 else None
        at, n_frames = at + size, n_frames + 1
    if n_frames > 1 and 0 < n_bytes - at < n_head:
        return Wholeness(broken="last frame")
    return WHOLE if n_frames > 1 else None


def _frame_bytes(head: bytes) -> int:
    """The length of an MPEG audio frame of layer II or III, 0 for what is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer not in (2, 3) or not 0 < bitrate < 15 or rate == 3:
        return 0
    n_samples = 1152 if version == 3 or layer == 2 else 576
    bits = BITRATES[1 if version == 3 else 2, layer][bitrate] * 1000
    return n_samples * bits // 8 // RATES[version][rate] + (head[2] >> 1 & 1)
