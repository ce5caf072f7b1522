r"""Paths as tables name them: relative, absolute, with `~`, file:// or in quotes, and Windows'.

    file, problem = resolved(Path("index.csv"), r"clips\1.wav")    # clips/1.wav beside the table

A path in a table is relative to the table's folder and stays in it; one that the table says in
full is its user's own and is read where it is.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import given_path

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def resolved(table: Path, named: str) -> tuple[Path, str]:
    """The file that a row of `table` names, and why it cannot be read here, if that is known.

    The file need not exist. Raises WrongInput for a relative path that leads out of the table's
    folder, and for the home of nobody.
    """
    text = _unquoted(named)
    if text.casefold().startswith("file:"):
        parts = urlsplit(text)
        text = f"//{parts.netloc}" * bool(parts.netloc not in ("", "localhost")) + parts.path
        text = unquote(text)
    if os.name != "nt":
        if _DRIVE.match(text.lstrip("/")) or text.startswith("\\\\"):
            return table.parent / text, _of_windows(text)
        text = _with_slashes(table.parent, text)
    path = given_path(text) if text.startswith("~") else Path(text)
    if not path.is_absolute():
        _refuse_leading_out(table, named, path)
    return table.parent / path, ""


def _unquoted(text: str) -> str:
    quoted = len(text) > 2 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1].strip() if quoted else text


def _of_windows(text: str) -> str:
    what = "a share of a Windows network" if text.startswith("\\\\") else "a drive of Windows"
    return (
        f"is on {what}, which is not here; write the paths from the table's folder on, "
        "with / between folders, and keep the clips beside the table"
    )


def _with_slashes(folder: Path, text: str) -> str:
    """Windows' backslashes as slashes, unless a file's name really has them."""
    if "\\" in text and not (folder / text).exists():
        return text.replace("\\", "/")
    return text


def _refuse_leading_out(table: Path, named: str, path: Path) -> None:
    # By the names alone: a link in the table's folder is the user's own, as absolute paths are.
    inside = Path(os.path.normpath(table.parent / path))
    if not inside.is_relative_to(os.path.normpath(table.parent)):
        raise WrongInput(
            f"{table} names {named}, which leads out of its folder; if that is meant, write the "
            "whole path, from / on, or move the table to a folder above its clips"
        )
