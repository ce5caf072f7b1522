"""A folder of recordings: the folders in it that say what is in them, and what else lies there.

roles, beside = roles_in(Path("recordings"))
roles       # [("positive", Path("recordings/positive")), ("background", ...)]
beside      # a Place: folders of other names and loose files, each set aside with its reason
"""

import os
import re
from collections import Counter
from itertools import islice
from pathlib import Path

from mwwkit.audio.discovery import is_systems, unreachable
from mwwkit.audio.file_kinds import kind_of
from mwwkit.audio.reading import is_audio
from mwwkit.corpus.clips import Rejected
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.sources import FOLDERS, rejected
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable

MOST_COUNTED = 1000  # files in a folder that is not used
NAMES = ", ".join(FOLDERS)


def roles_in(root: Path) -> tuple[list[tuple[str, Path]], Place]:
    """(role, folder) of each folder in `root` that is named after a role, in the roles' order.

    Capitals, spaces and hyphens make no difference. Raises WrongInput where there is none, or where
    `root` cannot be looked into.
    """
    roles, aside, ignored = [], [], []
    for path in _inside(root):
        role = re.sub(r"[\s-]+", "_", path.name.lower())
        if role in FOLDERS and path.is_dir():
            roles.append((role, path))
        elif is_systems(path.name):
            ignored.append(printable(path.name))
        else:
            aside.append(_unused(path))
    if not roles:
        raise WrongInput(
            f"recordings is {root}, which has none of the folders {NAMES}; make them, or set "
            f"recordings to an empty text{_seen(aside)}"
        )
    order = list(FOLDERS)
    roles.sort(key=lambda found: (order.index(found[0]), found[1].name))
    return roles, Place(
        f"{printable(root.name)}, the rest", aside=tuple(aside), ignored=tuple(ignored)
    )


def _inside(root: Path) -> list[Path]:
    try:
        return sorted(root / name for name in os.listdir(root))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WrongInput(
            f"recordings is {root}, which cannot be opened ({error.strerror}); correct it, or "
            "change its rights"
        ) from error


def _unused(path: Path) -> Rejected:
    if not os.path.isdir(path):
        return rejected(path, _loose(path))
    n_files = len(list(islice(_files(path), MOST_COUNTED)))
    told = f"{n_files:,} files" if n_files < MOST_COUNTED else f"{MOST_COUNTED:,} files or more"
    return rejected(
        path,
        f"is a folder that is not used: {told}; its name is none of {NAMES}: rename it, or name it "
        "in POSITIVE, NEGATIVE, HARD_NEGATIVE, AMBIENT, BACKGROUND or RIRS",
    )


def _files(folder: Path):
    return (name for _, _, names in os.walk(folder) for name in names if not is_systems(name))


def _loose(path: Path) -> str:
    if reason := unreachable(path):
        return reason
    try:
        kind = "" if is_audio(path.name) else kind_of(path)
    except OSError as error:
        return f"cannot be read ({error.strerror}); change its rights"
    if kind:
        return f"is no audio but {kind}"
    return f"lies beside the folders and in none of them; wanted in one of {NAMES}; move it there"


def _seen(aside: list[Rejected]) -> str:
    names = Counter(Path(row.path).name for row in aside)
    return f" (found {', '.join(sorted(names)[:6])})" if names else ""
