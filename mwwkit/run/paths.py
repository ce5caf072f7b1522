"""Every place mwwkit reads or writes. paths.md is the table; this parses it.

run = Run.of("auto", previous=["/kaggle/input/run1"])
catalogue = run.find("clips/catalogue.csv")     # in this run, else in an earlier one
shard = run / "features" / "train-00000"        # where to write
"""

import os
from dataclasses import dataclass
from pathlib import Path

from mwwkit.run.errors import WrongInput

_COLUMN = {"kaggle": "first run", "colab": "colab", "local": "local"}


@dataclass(frozen=True)
class Run:
    """A working folder, and earlier runs that are read where they lie (oldest first)."""

    folder: Path
    earlier: tuple[Path, ...] = ()

    @classmethod
    def of(cls, run_dir: str = "auto", previous: str | list[str] | tuple[str, ...] = ()) -> "Run":
        """The run at `run_dir` ("auto": this platform's output folder in paths.md).

        `previous` lists earlier runs, oldest first, or names them in one string separated by
        commas; "auto" takes the ones paths.md lists that exist. Raises FileNotFoundError for an
        earlier run that is not there, and ValueError when it is the working folder itself.
        """
        folder = Path(places("run")[0] if run_dir == "auto" else run_dir).expanduser().absolute()
        if previous == "auto":
            previous = [str(p) for p in locations("previous")]
        elif isinstance(previous, str):
            previous = [p.strip() for p in previous.split(",") if p.strip()]
        earlier = tuple(Path(p).expanduser().absolute() for p in previous)
        for path in earlier:
            if not path.is_dir():
                raise FileNotFoundError(
                    f"PREVIOUS names {path}, which is no folder; attach that run's output, or "
                    "take it off the list"
                )
            if path.resolve() == folder.resolve():
                raise WrongInput(f"PREVIOUS names {path}, which is RUN_DIR itself; take it off")
        return cls(folder, earlier)

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
        raise FileNotFoundError(f"{name} is not in this run or an earlier one; looked at {looked}")


def given_path(text: str) -> Path:
    """A path as a person gives it: `~` is the home folder; WrongInput where there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise WrongInput(
            f"{text} begins with the home folder of nobody here; write it out"
        ) from error


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
    return [Path(part.strip()) for part in cell.split("<br>") if part.strip() not in ("", "-")]


def locations(name: str) -> list[Path]:
    """The folders of one row that exist here: this platform's, else the chained run's.

    `<N>` matches any number; matches come in the order of their numbers.
    """
    columns = ["", "chained run"] if platform() == "kaggle" else [""]
    for column in columns:
        matches = [match for place in places(name, column) for match in _matches(place)]
        if matches:
            return matches
    return []


def _matches(place: Path) -> list[Path]:
    if "<N>" not in place.name:
        return [place] if place.is_dir() else []
    head, tail = place.name.split("<N>")
    folders = place.parent.iterdir() if place.parent.is_dir() else []
    numbered = {}
    for folder in folders:
        number = folder.name.removeprefix(head).removesuffix(tail)
        fits = folder.name == head + number + tail and number.isdecimal()
        if fits and folder.is_dir():
            numbered[int(number)] = folder
    return [numbered[number] for number in sorted(numbered)]


def _document() -> Path:
    """paths.md: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parents[1]
    inside = package / "paths.md"
    return inside if inside.exists() else package.parent / "paths.md"
