"""Every place mwwkit reads or writes. paths.md is the table; this parses it.

run = Run.of("auto", previous=["/kaggle/input/run1"])
catalogue = run.find("clips/catalogue.csv")     # in this run, else in an earlier one
shard = run / "features" / "train-00000"        # where to write
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mwwkit.run import attached
from mwwkit.run.errors import WrongInput
from mwwkit.run.shown import Sentence

_MOUNTS = ("datasets", "notebooks")  # Kaggle's, each with owners in it; once there were none
_COLUMN = {"kaggle": "first run", "colab": "colab", "local": "local"}


@dataclass(frozen=True)
class Run:
    """A working folder, and earlier runs that are read where they lie (oldest first)."""

    folder: Path
    earlier: tuple[Path, ...] = ()
    # What "auto" looked for and what it found; nothing where paths.md names no place, as at home.
    looked: str = field(default="", compare=False)

    @classmethod
    def of(cls, run_dir: str = "auto", previous: str | list[str] | tuple[str, ...] = ()) -> "Run":
        """The run at `run_dir` ("auto": this platform's output folder in paths.md).

        `previous` lists earlier runs, oldest first, or names them in one string separated by
        commas; "auto" stands for all that are attached: the folders in the places of paths.md that
        hold a stage's checkpoint, in the order of what they hold. Raises FileNotFoundError for an
        earlier run that is not there, and ValueError when it is the working folder itself, or when
        attached ones are not parts of one run.
        """
        _refuse_what_is_no_path(run_dir, previous)
        folder = (places("run")[0] if run_dir == "auto" else typed_path(run_dir)).absolute()
        if isinstance(previous, str):
            previous = [p.strip() for p in previous.split(",") if p.strip()]
        earlier, looked = [], ""
        for name in previous:
            if name == "auto":
                found = attached.earlier_runs_in(locations("previous"), folder)
                looked = looked_for("previous", found) if _named("previous") else ""
                earlier += found
            else:
                earlier.append(typed_path(name).absolute())
        _refuse(earlier, folder)
        return cls(folder, tuple(dict.fromkeys(earlier)), looked)

    def __repr__(self) -> str:
        """As a notebook shows it: the folder, earlier runs, and what "auto" looked for."""
        named = {"folder": self.folder, "earlier": self.earlier, "looked": self.looked}
        shown = ", ".join(f"{n}={str(v) if n == 'folder' else v!r}" for n, v in named.items() if v)
        return f"Run({shown})"

    @property
    def told(self) -> Sentence:
        """The same in words: where it is, what it goes on from."""
        of = f" It goes on from {', '.join(map(str, self.earlier))}." if self.earlier else ""
        looked = f" Earlier runs, {self.looked}." if self.looked and not self.earlier else ""
        return Sentence(f"This run is kept in {self.folder}.{of}{looked}")

    def __truediv__(self, name: str) -> Path:
        """The path of `name` in the working folder, to write to."""
        return self.folder / name

    def all(self, name: str) -> list[Path]:
        """Every existing `name`: the working folder's first, then earlier runs', newest first."""
        folders = [self.folder, *reversed(self.earlier)]
        return [f / name for f in folders if (f / name).exists()]

    def find(self, name: str) -> Path:
        """The existing `name`: the working folder's, else the newest earlier run's.

        Raises FileNotFoundError that names every place looked in.
        """
        if paths := self.all(name):
            return paths[0]
        looked = ", ".join(str(f / name) for f in [self.folder, *reversed(self.earlier)])
        also = f" ({self.looked})" if self.looked else ""
        raise FileNotFoundError(
            f"{name} is not in this run or an earlier one; looked at {looked}{also}"
        )


def _refuse(earlier: Iterable[Path], folder: Path) -> None:
    for path in earlier:
        if not path.is_dir():
            raise FileNotFoundError(
                f"PREVIOUS names {path}, which is no folder; attach that run's output, or "
                "take it off the list"
            )
        if path.resolve() == folder.resolve():
            raise WrongInput(f"PREVIOUS names {path}, which is RUN_DIR itself; take it off")


def _refuse_what_is_no_path(run_dir: object, previous: object) -> None:
    """WrongInput by name: these two reach a notebook without a Config that would look at them."""
    if not isinstance(run_dir, str | Path) or not str(run_dir).strip():
        raise WrongInput(f"RUN_DIR is {run_dir!r}; wanted a folder as a text, or 'auto'")
    folders = [previous] if isinstance(previous, str) else previous
    if not isinstance(folders, list | tuple) or any(
        not isinstance(folder, str | Path) for folder in folders
    ):
        raise WrongInput(
            f"PREVIOUS is {previous!r}; wanted folders as a text with commas, or a list"
        )


def given_path(text: str | Path) -> Path:
    """A path as a person gave it, with their home in the place of `~` (or of `~name`, name's).

    Raises WrongInput for the home of nobody, unless something has just that name.
    """
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError as error:
        if path.exists():
            return path
        raise WrongInput(f"{text} begins with the home of nobody known here") from error


def typed_path(text: str | Path) -> Path:
    """A path as a person typed it into a parameter: in a checkout from its top, see there.

    What begins with `..` says from where it is seen: from here. Raises as `given_path` does.
    """
    path = given_path(text)
    return path if path.parts[:1] == ("..",) else _from_the_top(path)


def without_dots(text: str) -> str:
    """A path as it is shown: "/a/c" for "/a/b/../c", unless a link makes that another place."""
    plain = os.path.normpath(text) if ".." in Path(text).parts else text
    return plain if os.path.realpath(plain) == os.path.realpath(text) else text


def refuse_unwritable(folder: Path) -> None:
    """PermissionError for a run's folder that cannot be made, or not be written to."""
    existing = next(p for p in [folder, *folder.absolute().parents] if p.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        raise PermissionError(
            f"{folder} cannot be written ({existing} is read-only or no folder); set RUN_DIR to "
            "another one, and give a finished run that is mounted read-only as PREVIOUS"
        )


def platform() -> str:
    """Where this runs: "kaggle", "colab" or "local"; MWWKIT_PLATFORM overrides."""
    if named := os.environ.get("MWWKIT_PLATFORM"):
        if named not in _COLUMN:
            raise WrongInput(f"MWWKIT_PLATFORM is {named!r}; wanted one of {', '.join(_COLUMN)}")
        return named
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "kaggle"
    return "colab" if "COLAB_RELEASE_TAG" in os.environ else "local"


def table() -> dict[str, dict[str, str]]:
    """The table of paths.md: name -> column -> cell."""
    text = _document().read_text(encoding="utf-8")
    lines = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    for row in rows:
        if len(row) != len(head):
            raise WrongInput(f"paths.md: the row {row[0]!r} has {len(row)} cells, not {len(head)}")
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def places(name: str, column: str = "") -> list[Path]:
    """The folders of one row for this platform (or another column), existing or not.

    Raises KeyError for a name that paths.md does not have.
    """
    rows = table()
    if name not in rows:
        raise KeyError(f"paths.md has no row {name!r}; it has {', '.join(rows)}")
    cell = rows[name][column or _COLUMN[platform()]]
    parts = [part.strip() for part in cell.split("<br>")]
    return [_from_the_top(Path(part)) for part in parts if part not in ("", "-")]


def _from_the_top(place: Path) -> Path:
    """A relative path as `mwwkit run` means it, in a notebook of a checkout too.

    JupyterLab starts those in notebooks/. What is there already stays what is meant: a folder that
    an older version made.
    """
    here = Path.cwd()
    if place.is_absolute() or here != Path(__file__).parents[2] / "notebooks" or place.exists():
        return place
    return here.parent / place


def locations(name: str) -> list[Path]:
    """The folders of one row that exist here: this platform's, else the chained run's.

    `<N>` matches any number, `<owner>` and the like any one name; matches come in the order of
    their numbers and names. What Kaggle mounts under `datasets/<owner>/` or `notebooks/<owner>/`
    is also found at its older place, without these two.
    """
    for column in _columns():
        found = [match for place in places(name, column) for match in _everywhere(place)]
        if found:
            return list(dict.fromkeys(found))
    return []


def looked_for(name: str, found: Iterable[object]) -> str:
    """What "auto" looked for in one row, and what of it was found, in a line."""
    if not (where := _named(name)):
        return f"auto: paths.md names no place for {name} on this platform ({platform()})"
    return f"auto: looked in {', '.join(where)}; found {', '.join(map(str, found)) or 'none'}"


def _named(name: str) -> list[str]:
    """The places that paths.md names here for one row, each once."""
    return list(dict.fromkeys(str(p) for column in _columns() for p in places(name, column)))


def _columns() -> list[str]:
    return ["", "chained run"] if platform() == "kaggle" else [""]


def _everywhere(place: Path) -> list[Path]:
    """The folders that an address stands for, at the newer mount and at the older one."""
    parts, found = place.parts, _matches(place)
    for at in (at for at, part in enumerate(parts) if part in _MOUNTS):
        older = _matches(Path(*parts[:at], *parts[at + 2 :]))
        found += [path for path in older if path.name not in _MOUNTS]
    return found


def _matches(place: Path) -> list[Path]:
    found = [((), Path())]
    for part in place.parts:
        found = [
            ((*key, *more), inside)
            for key, folder in found
            for more, inside in _inside(folder, part)
        ]
    return [path for _, path in sorted(found) if path.is_dir()]


def _inside(folder: Path, part: str) -> list[tuple[tuple[int | str, ...], Path]]:
    """What one part of an address stands for in a folder, each with what its placeholder took."""
    if not (holder := re.search("<[^>]+>", part)):
        return [((), folder / part)]
    taken = r"(\d+)" if holder[0] == "<N>" else "(.+)"
    pattern = re.escape(part[: holder.start()]) + taken + re.escape(part[holder.end() :])
    names = (entry.name for entry in folder.iterdir()) if folder.is_dir() else ()
    fitting = (match for name in names if (match := re.fullmatch(pattern, name)))
    return [((int(m[1]) if holder[0] == "<N>" else m[1],), folder / m[0]) for m in fitting]


def _document() -> Path:
    """The table: the user's own, beside the package in a checkout, or inside it when installed."""
    if own := os.environ.get("MWWKIT_PATHS"):
        return given_path(own)
    package = Path(__file__).parents[1]
    inside = package / "paths.md"
    return inside if inside.exists() else package.parent / "paths.md"
