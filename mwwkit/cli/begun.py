"""Whether a run that is begun can go on under some settings, told before anything is made.

    refuse_changes(config, run)
    refuse_other_clips(config, run)     # 01's, where stages after it are to go on as well

Each stage refuses other settings than those it was begun with when it comes to it; in a chain the
stages before it have then worked for nothing, and written. 05 is not among them: it makes its files
again.
"""

import shlex
from typing import Any

from mwwkit.run.checkpoint import refuse_changes as refuse
from mwwkit.run.checkpoint import states
from mwwkit.run.checkpoint_files import OtherSettings
from mwwkit.run.ending import next_places
from mwwkit.run.paths import Run
from mwwkit.run.settings import FILE
from mwwkit.stages import acquire, featurize, mine, train


def refuse_changes(config: Any, run: Run) -> None:
    """CheckpointError where what is in the run was made with other values of the settings."""
    if isinstance(config, acquire.Config):
        refuse(run, acquire.FOLDER, acquire.as_begun(config, run).shaping(), config)
    elif isinstance(config, featurize.Config):
        refuse(run, featurize.FOLDER, config.shaping(), config, featurize.anew(run))
    elif isinstance(config, train.Config | mine.Config):
        stage = train if isinstance(config, train.Config) else mine
        for folder, settings in stage.begun_with(config, run).items():
            try:
                refuse(run, folder, settings, config)
            except OtherSettings as error:
                raise OtherSettings(f"{error}{_on_the_same_clips(run)}") from error


def _on_the_same_clips(run: Run) -> str:
    """How to train otherwise on what is there, to end a refusal; nothing where that is spread.

    As an earlier run this one will not do: what 03 left in it was made with the other values.
    """
    needed = FILE, acquire.FOLDER, featurize.FOLDER
    for folder in (run.folder, *reversed(run.earlier)):
        if all((folder / name).exists() for name in needed):
            new, _ = next_places(run, is_full=True)
            names = [*needed, *(["decisions"] if (folder / "decisions").exists() else [])]
            copied = shlex.join([*(str(folder / name) for name in names), str(new)])
            return (
                f". To train otherwise on the same clips: mkdir {shlex.quote(str(new))}; cp -r "
                f"{copied}; then, without what is 01's and 02's, such as WORD and RECORDINGS, "
                f"which the copy has: this command with --run-dir {shlex.quote(str(new))} "
                "--stages 03-05"
            )
    return ""


def refuse_other_clips(config: Any, run: Run) -> None:
    """CheckpointError where 01 would change the clips that 02 has made features of.

    What 01 is given is listed for that, as its plan does, in a run that has features alone.
    """
    if isinstance(config, acquire.Config) and any(states(run, featurize.FOLDER)):
        acquire.refuse_to_change(config, run)
