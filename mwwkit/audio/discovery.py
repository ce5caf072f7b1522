"""What is in a folder: the files to hear, what cannot be one of them and why, and what is nobody's.

    found = discover(Path("recordings/positive"))
    found.files                                  # sorted by their path in the folder
    for path, reason in found.others: ...        # text, pictures, broken links, no rights
    found.ignored                                # names: .DS_Store, Thumbs.db, hidden files

Links are followed. A folder is entered once: one that a second link leads to, or that holds the
folder it was found in, is told among the others.
"""

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mwwkit.audio.reading import SUFFIXES, AudioValidationError, refuse_what_is_no_audio

SYSTEMS = frozenset(  # what systems and programs put into folders, in lower case
    {
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
        *("__macosx", "icon\r", "lost+found", "@eadir", "#recycle"),
    }
)
ICLOUD = ".icloud"  # .memo.m4a.icloud stands for a file that was not downloaded
NO_FILES = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device"}
NO_FILES[stat.S_IFBLK] = "device"


@dataclass(frozen=True)
class Discovered:
    """What was found under a folder; each thing is in one of the three."""

    files: tuple[Path, ...]
    others: tuple[tuple[Path, str], ...]  # with the reason
    ignored: tuple[str, ...]  # names


def discover(folder: Path, suffixes: Collection[str] = SUFFIXES) -> Discovered:
    """Everything under `folder`, by what it is.

    A file whose name ends in one of `suffixes` (lower case) is taken without a look into it; any
    other one if a decoder takes it for sound.
    """
    walk = _Walk(folder)
    for path in walk.paths():
        if path.suffix.lower() in suffixes:
            walk.files.append(path)
            continue
        try:
            refuse_what_is_no_audio(path)
            walk.files.append(path)
        except AudioValidationError as error:
            walk.others.append((path, str(error)))

    def in_order(path: Path) -> str:
        return path.relative_to(folder).as_posix()

    files = sorted(walk.files, key=in_order)
    others = sorted(walk.others, key=lambda other: in_order(other[0]))
    return Discovered(tuple(files), tuple(others), tuple(sorted(walk.ignored)))


def is_systems(name: str) -> bool:
    """Whether a name is of a hidden file or of one that a system puts there by itself."""
    return name.startswith((".", "~$")) or name.lower() in SYSTEMS


def names_in(folder: Path) -> Iterator[str]:
    """The names of the files under a folder, without the system's own; links are not followed."""
    return (name for *_, names in os.walk(folder) for name in names if not is_systems(name))


@dataclass
class _Walk:
    """A way through all folders under one."""

    top: Path
    files: list[Path] = field(default_factory=list)
    others: list[tuple[Path, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)  # to folders
    entered: dict[tuple[int, int], Path] = field(default_factory=dict)

    def paths(self) -> Iterator[Path]:
        """Every regular file; the rest goes into `others` and `ignored`.

        Links come after all folders that are truly there, so that a thing keeps its own name.
        """
        folders = [self.top]
        while folders or self.links:
            folder = folders.pop() if folders else self.links.pop(0)
            if reason := self._refuses(folder):
                self.others.append((folder, reason))
                continue
            self.entered[_identity(folder)] = folder
            for path in self._entries(folder):
                mode = self._mode(path)
                if stat.S_ISREG(mode):
                    yield path
                elif stat.S_ISDIR(mode):
                    (self.links if path.is_symlink() else folders).append(path)

    def _refuses(self, folder: Path) -> str:
        """Why a folder is not entered; empty where it is."""
        if folder != self.top and folder.is_symlink():
            target = os.path.realpath(folder)
            if Path(os.path.realpath(self.top)).is_relative_to(target):
                return f"is a link back to {target}, which holds it; not followed"
        if first := self.entered.get(_identity(folder)):
            return f"is a link to a folder that is read already, as {first}"
        return ""

    def _entries(self, folder: Path) -> list[Path]:
        try:
            return [folder / name for name in sorted(os.listdir(folder))]
        except OSError as error:
            reason = f"is a folder that cannot be opened ({error.strerror}): nothing in it is used"
            self.others.append((folder, f"{reason}; change its rights"))
            return []

    def _mode(self, path: Path) -> int:
        """What a path is, as the system says; 0 for what is told in one of the lists already."""
        if path.name.endswith(ICLOUD):
            self.others.append((path, "is in iCloud and not on this disk; download it"))
        elif is_systems(path.name):
            self.ignored.append(path.name)
        elif reason := unreachable(path):
            self.others.append((path, reason))
        else:
            return os.stat(path).st_mode
        return 0


def _identity(path: Path) -> tuple[int, int]:
    state = os.stat(path)
    return state.st_dev, state.st_ino


def unreachable(path: Path) -> str:
    """Why a path is neither a file nor a folder that one could open; empty where it is one."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return _broken(path, error)
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        return ""
    what = NO_FILES.get(stat.S_IFMT(mode), "thing of another kind")
    return f"is a {what} and no file; take it out"


def _broken(path: Path, error: OSError) -> str:
    if not path.is_symlink():
        return f"cannot be reached ({error.strerror}); change the rights of its folder"
    target = os.readlink(path)
    if isinstance(error, FileNotFoundError):
        return f"is a link to {target}, which is not there; copy the file, or take the link out"
    return f"is a link to {target}, which cannot be followed ({error.strerror}); take it out"
