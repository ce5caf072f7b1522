"""The small run that version 33b86c6 left in the middle of 03: how it is packed and unpacked.

    work = unpack(folder)       # settings.yaml, recordings/, splits.csv, run/

It names its recordings from that folder, so a process that runs 01 must be in it.
"""

import lzma
import tarfile
from pathlib import Path

PLACE = Path(__file__).parent / "fixtures/run-33b86c6"
PACKED, SETTINGS = "run.tar.xz", "settings.yaml"


def pack(work: Path) -> None:
    """Write the fixture; the same files are the same bytes."""
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / SETTINGS).write_bytes((work / SETTINGS).read_bytes())
    with lzma.open(PLACE / PACKED, "wb", preset=9 | lzma.PRESET_EXTREME) as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path in sorted(work.rglob("*")):
                if path.is_file() and path.name != SETTINGS:
                    tar.add(path, path.relative_to(work), filter=_nobodys)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that does not tell who made it, and when."""
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry


def unpack(folder: Path) -> Path:
    """The fixture in `folder`, which is made; returns it."""
    folder.mkdir(parents=True)
    with tarfile.open(PLACE / PACKED) as tar:
        tar.extractall(folder, filter="data")  # nothing outside the folder, no links to there
    (folder / SETTINGS).write_bytes((PLACE / SETTINGS).read_bytes())
    return folder
