"""A folder of recordings: the folders in it that say what is in them, and what else lies there.

roles, beside = roles_in(Path("recordings"))
roles       # [("positive", Path("recordings/positive")), ("background", ...)]
beside      # a Place: folders of other names and loose files, each set aside with its reason
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from mwwkit.audio.discovery import is_systems, names_in, unreachable
from mwwkit.audio.file_kinds import kind_of
from mwwkit.audio.reading import is_audio
from mwwkit.corpus.clips import Rejected
from mwwkit.corpus.folder_names import names_a_split, plain
from mwwkit.corpus.gathering import Place
from mwwkit.corpus.missing_places import refuse_missing
from mwwkit.corpus.sources import FOLDERS, rejected
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable

# A role, and what else people call a folder of it.
_ALSO = {
    "positive": "positives wakeword wakewords wake_word wake_words keyword keywords hotword",
    "negative": "negatives unknown other others other_words not_wakeword non_wakeword",
    "hard_negative": "hard_negatives near_miss near_misses confusable",
    "ambient": "speech talk conversation conversations",
    "background": "backgrounds noise noises background_noise",
    "rirs": "rir ir irs impulse_response impulse_responses",
}
ROLES = {also: role for role, names in _ALSO.items() for also in (role, *names.split())}
DEEPEST = 2  # folders between the recordings and a role's folder
MOST_COUNTED = 1000  # files in a folder that is not used
NAMES = ", ".join(FOLDERS)


def roles_in(root: Path, former: bool = False) -> tuple[list[tuple[str, Path]], Place]:
    """(role, folder) of each folder in `root` that is named after a role, in the roles' order.

    Capitals, spaces and hyphens make no difference. Folders of splits are looked into, and where
    no role lies in `root` or in these every folder is: of people, of rooms. `former`: nothing is
    looked into, and there are no other names of roles. Raises WrongInput where there is none, or
    where `root` cannot be looked into.
    """
    refuse_missing("recordings", root)
    names = {role: role for role in FOLDERS} if former else ROLES
    roles = list(_roles(root, names, 0 if former else DEEPEST, only_splits=True))
    if not roles and not former:
        roles = list(_roles(root, names, DEEPEST, only_splits=False))
    aside, ignored = [], []
    for path in _beside(root, [path for _, path in roles]):
        if is_systems(path.name):
            ignored.append(printable(path.name))
        else:
            aside.append(_unused(path))
    if not roles:
        raise WrongInput(
            f"recordings is {root}, which has none of the folders {NAMES}; make them, or set "
            f"recordings to an empty text{_seen(aside)}{_one_too_deep(root, names)}"
        )
    order = list(FOLDERS)
    roles.sort(key=lambda found: (order.index(found[0]), found[1].relative_to(root).as_posix()))
    return roles, Place(
        f"{printable(root.absolute().name)}, the rest", aside=tuple(aside), ignored=tuple(ignored)
    )


def _roles(
    folder: Path, names: Mapping[str, str], deepest: int, *, only_splits: bool
) -> Iterator[tuple[str, Path]]:
    for path in _inside(folder):
        if not path.is_dir() or is_systems(path.name):
            continue
        if role := names.get(plain(path.name)):
            yield role, path
        elif deepest and os.access(path, os.R_OK | os.X_OK):
            if not only_splits or names_a_split(path.name):
                yield from _roles(path, names, deepest - 1, only_splits=only_splits)


def _beside(folder: Path, used: Sequence[Path]) -> Iterator[Path]:
    """What lies beside the folders that are used."""
    for path in _inside(folder):
        if any(path in other.parents for other in used):
            yield from _beside(path, used)
        elif path not in used:
            yield path


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
    n_files = len(list(islice(names_in(path), MOST_COUNTED)))
    told = f"{n_files:,} files" if n_files < MOST_COUNTED else f"{MOST_COUNTED:,} files or more"
    return rejected(
        path,
        f"is a folder that is not used: {told}; its name is none of {NAMES}: rename it, or name it "
        f"in POSITIVE, NEGATIVE, HARD_NEGATIVE, AMBIENT, BACKGROUND or RIRS{_meant(path)}",
    )


def _meant(folder: Path) -> str:
    near = get_close_matches(plain(folder.name), ROLES, 1, 0.75)
    return f"; is it {ROLES[near[0]]}/?" if near else ""


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


def _one_too_deep(root: Path, names: Mapping[str, str]) -> str:
    """A question, where the folder itself is one for a role, in one that has recordings."""
    above = Path(os.path.abspath(root)).parent
    is_role = plain(root.absolute().name) in names
    beside = is_role and any(plain(path.name) in names for path in _inside(above) if path.is_dir())
    return f"; did you mean {above}?" if beside else ""


def _seen(aside: list[Rejected]) -> str:
    names = Counter(Path(row.path).name for row in aside)
    return f" (found {', '.join(sorted(names)[:6])})" if names else ""
