"""What a file is that no decoder takes for sound, by its first bytes, and what to do about it.

print(kind_of(path))
# a Git LFS pointer and not the file itself; fetch it with `git lfs pull`
"""

import re
from pathlib import Path

HEAD = 4096  # bytes that are looked at
LEAVE_IT = "leave it out"
BEGINNINGS = (  # bytes at the start: what it is, what to do
    (b"PK\x03\x04", "a ZIP archive (or a document that is one inside)", "unpack it"),
    (b"PK\x05\x06", "an empty ZIP archive", LEAVE_IT),
    (b"\x1f\x8b", "packed by gzip", "unpack it"),
    (b"BZh", "packed by bzip2", "unpack it"),
    (b"\xfd7zXZ\x00", "packed by xz", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
    (b"%PDF", "a PDF document", LEAVE_IT),
    (b"\x89PNG", "a picture (PNG)", LEAVE_IT),
    (b"\xff\xd8\xff", "a picture (JPEG)", LEAVE_IT),
    (b"GIF8", "a picture (GIF)", LEAVE_IT),
    (b"\x93NUMPY", "an array of NumPy", "export it as WAV"),
    (b"SQLite format 3", "a data base (SQLite)", LEAVE_IT),
    (b"\x7fELF", "a program", LEAVE_IT),
    (b"L\0\0\0\x01\x14\x02\0", "a shortcut of Windows", "copy the file itself"),
    (b"book\0\0\0\0mark", "an alias of macOS", "copy the file itself"),
    (b"MThd", "MIDI, notes and no sound", LEAVE_IT),
)
LFS = b"version https://git-lfs.github.com/spec/"
PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)", re.I | re.S)
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def kind_of(path: Path) -> str:
    """What a file is and what to do, such as "text; leave it out"; "" where that is not known."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if head.startswith(LFS):
        return "a Git LFS pointer and not the file itself; fetch it with `git lfs pull`"
    for beginning, what, cure in BEGINNINGS:
        if head.startswith(beginning):
            return f"{what}; {cure}"
    if b"ustar" == head[257:262]:
        return "a tar archive; unpack it"
    if PAGE.match(head):
        return "a web page (of a download that failed?); download the file again"
    return f"text; {LEAVE_IT}" if _is_text(head) else ""


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and len(head) % 2 == 0:
        try:
            return head.decode("utf-16").isprintable() or "\n" in head.decode("utf-16")
        except UnicodeDecodeError:
            return False
    if CONTROLS.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= HEAD - 4  # a letter that the end of the head cuts in two
    return True
