"""A run seen in part: a folder of links that other runs go on from as from the run.

view_of(run_folder, view, without={"features", "training"})     # clips/, decisions/, settings.json

What is left out was made under settings that those other runs do not share.
"""

from collections.abc import Collection
from pathlib import Path

from mwwkit.run.errors import WrongInput

REPORTED = {"executed", "logs"}  # of no stage


def view_of(run: Path, view: Path, without: Collection[str]) -> Path:
    """Links in `view` to what is in a run's folder but `without`; those there are stay.

    A view is an earlier run, which is read: never a run's own folder, since what is written into
    it would be written into the run. Raises WrongInput where `run` is no folder, where `view` is of
    another run or holds what is no link, and where no links can be made.
    """
    if not run.is_dir():
        raise WrongInput(f"PREVIOUS names {run}, which is no folder; give a finished run's")
    view.mkdir(parents=True, exist_ok=True)
    for path in sorted(run.iterdir()):
        link = view / path.name
        if path.name in without or view.absolute().is_relative_to(path.absolute()):
            continue
        if link.is_symlink() or link.exists():
            if link.resolve() != path.resolve():
                raise WrongInput(
                    f"{link} is not of {run}: {view.parent} was begun with another run; give that "
                    "again, or another folder (--run-dir, --to)"
                )
            continue
        try:
            link.symlink_to(path.absolute())
        except OSError as error:  # as on some network drives, or Windows without the right to
            raise WrongInput(
                f"no link can be made in {view} ({error}); choose a folder on a local disk"
            ) from error
    return view
