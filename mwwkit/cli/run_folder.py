"""Where `mwwkit run` keeps a run and which preset it takes, where nobody says.

    of_word("hey kitchen", "standard")      # run/hey_kitchen-standard
    preset_of(Run.of("run/mine"))[0]        # the one that it began with, else standard

Kaggle and Colab keep the one folder that paths.md names for them, so the run is in that itself.
"""

from pathlib import Path

from mwwkit.esphome.file_names import stem_of
from mwwkit.presets import Preset, PresetError, load
from mwwkit.presets.parameters import stays
from mwwkit.run import settings
from mwwkit.run.attached import runs_in
from mwwkit.run.paths import Run, platform

PRESET = "standard"


def preset_of(run: Run) -> tuple[str, str | None, Preset]:
    """The preset that a run began with, else the one for a word of one's own; and its values.

    Between them the name to hand over: none for the run's own, of which the notebooks know. What
    01 settled for the run (word, seed, ...) counts before what that preset has.
    """
    has = settings.of_run(run)
    held = has.get("preset")
    if not held or held.conflict:
        return PRESET, PRESET, load(PRESET)
    values = {
        section: {name: value for name, value in of_section.items() if name.lower() not in has}
        for section, of_section in load(held.value).items()
    }
    return held.value, None, values


def beside(run: Run, preset: Preset) -> Preset:
    """The values of a preset that is named for a run, without what stays as the run has it."""
    has = settings.of_run(run)
    return {
        section: {n: v for n, v in of.items() if n.lower() not in has or not stays(n.upper(), v)}
        for section, of in preset.items()
    }


def word_of(run: Run) -> str:
    """The wake word of a run; empty where nothing says it."""
    held = settings.of_run(run).get("word")
    return held.value if held else ""


def of_word(word: str, preset: str) -> Path:
    """A folder for a word and a preset in paths.md's `run`: two of either do not meet in one.

    That folder itself where there is no such folder yet and it holds a run of this word: the
    notebooks put it there, and older versions did. Raises PresetError, naming the runs that there
    are, where no word is said.
    """
    folder = Run.of().folder
    if platform() != "local":
        return folder
    own = folder / f"{stem_of(word)}-{stem_of(Path(preset or PRESET).stem)}"
    if word and own.is_dir():
        return own
    if _goes_on(folder, word):
        return folder
    if not word:
        runs = [str(path) for path in runs_in(folder)]
        there = f"; there are {', '.join(runs)}" if runs else ""
        raise PresetError(f"neither WORD nor --run-dir says which run is meant{there}")
    return own


def passed_over(word: str, taken: Path) -> Path | None:
    """The folder itself, where it holds a run of this word and another one is taken."""
    folder = Run.of().folder
    return folder if taken != folder and _goes_on(folder, word) else None


def _goes_on(folder: Path, word: str) -> bool:
    """Whether a run lies in the folder itself, and is of this word or none is said."""
    if folder not in runs_in(folder, depth=0):
        return False
    return not word or word_of(Run(folder)) in ("", word)
