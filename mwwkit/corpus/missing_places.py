"""A place that 01 is given to read and that is not there: told in the same words everywhere.

refuse_missing("recordings", Path("mywrods"))
# WrongInput: RECORDINGS names /x/mywrods, and there is no such folder (did you mean ...?); ...
"""

import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from mwwkit.run.errors import WrongInput

TABLES = {"table": "path and kind", "given_splits": "path and split"}  # and the columns of each


def refuse_missing(name: str, path: Path) -> None:
    """WrongInput, with the whole path, where a place of a setting of 01 is not there."""
    is_table, path = name in TABLES, Path(os.path.abspath(path))
    if path.is_file() if is_table else path.is_dir():
        return
    wanted = f"a table in CSV with {TABLES[name]}" if is_table else "a folder of recordings"
    if name == "recordings":
        wanted = "a folder with positive/ in it"
    near = close_by(path, Path.is_file if is_table else Path.is_dir)
    raise WrongInput(
        f"{name.upper()} names {path}, {_why_none(path, is_table)}{near}; wanted {wanted}: correct "
        "it or take it out"
    )


def _why_none(path: Path, is_table: bool) -> str:
    one, other = ("file", "folder") if is_table else ("folder", "file")
    return f"which is a {other}" if path.exists() else f"and there is no such {one}"


def close_by(path: Path, is_one: Callable[[Path], bool] = Path.exists) -> str:
    """A question, where something of nearly the same name lies beside a path; else empty."""
    try:
        beside = [each for each in path.parent.iterdir() if is_one(each)]
    except OSError:
        return ""
    names = {each.stem.casefold(): each for each in beside if each != path}
    near = get_close_matches(path.stem.casefold(), sorted(names), 1, 0.6)
    return f" (did you mean {names[near[0]]}?)" if near else ""
