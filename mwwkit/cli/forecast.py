"""How long the notebooks of a chain will take: said before the first, and after each.

    forecast = Forecast(jobs, run)
    forecast.told(jobs)          # "about 12 min to go for 01 to 05 (a guess: ...)"

A guess from the parameters, put right by what was measured in this run or in earlier ones
(`run.pace`): on a machine that is half as fast 03 is known to take twice as long once 01 has run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mwwkit.cli.chain import Job, every_value
from mwwkit.corpus.units import LISTENING_S
from mwwkit.presets.notebooks import ENDS_IN, SECTIONS
from mwwkit.run import pace
from mwwkit.run.checkpoint import states
from mwwkit.run.paths import Run
from mwwkit.run.quantities import how_long
from mwwkit.run.session import Limits

NOTEBOOK_S = 12.0  # a kernel, its imports, and what a notebook shows
# CPU seconds of a spoken word, and of a minute of sentences, by engine:
SPEAKING_S = {"espeak-ng": (0.015, 0.2), "kokoro": (0.8, 50.0), "piper": (0.2, 12.0)}
NOISE_S = 0.2  # of a minute that is made up
LOOK_S = 5.0  # at the int8 model
EXPORT_S = 45.0
Values = Mapping[str, Any]


class Forecast:
    """Of the jobs of one chain."""

    def __init__(self, jobs: Sequence[Job], run: Run) -> None:
        """Guess from every parameter that counts."""
        self.run, values = run, every_value(jobs)
        self.guessed_s = {job.stage: _guess(job.stage, values) for job in jobs}

    def seconds(self, jobs: Sequence[Job]) -> float:
        """What they will take together."""
        return sum(map(self._seconds, jobs))

    def told(self, jobs: Sequence[Job]) -> str:
        """The same in words; empty where none is left."""
        if not jobs:
            return ""
        first, last = jobs[0].stage, jobs[-1].stage
        which = first if first == last else f"{first} to {last}"
        _, why = pace.times_the_guess(self.run, pace_name(first))
        if "guess" not in why and not why.startswith("by what"):
            why = f"a guess {why}"
        elif "guess" not in why:
            why = "by what was measured in this run"
        return f"about {how_long(self.seconds(jobs))} to go for {which} ({why})"

    def _seconds(self, job: Job) -> float:
        if _is_complete(self.run, ENDS_IN[job.stage]):
            return NOTEBOOK_S
        factor, _ = pace.times_the_guess(self.run, pace_name(job.stage))
        return NOTEBOOK_S + factor * self.guessed_s[job.stage]


def pace_name(stage: str) -> str:
    """A stage as `run.pace` names it: "03 train"."""
    return f"{stage} {SECTIONS[stage]}"


def _is_complete(run: Run, folder: str) -> bool:
    return any(state["complete"] is not None for _, state in states(run, folder))


def _guess(stage: str, values: Mapping[str, Values]) -> float:
    """Seconds on a small machine, by the parameters of a stage (and, where it says, of 01)."""
    mine, of_01 = values[SECTIONS[stage]], values.get(SECTIONS["01"], {})
    cores = Limits(workers=int(_amount(mine, "WORKERS"))).n_workers
    if stage == "01":
        return (_speaking_s(mine) + NOISE_S * _amount(mine, "NOISE_MINUTES")) / cores
    if stage == "02":
        held_out_s = 0.3 * 2.3 * len(mine.get("CONDITIONS", ())) * _spoken(of_01)
        train_s = _amount(mine, "SCENES") * _amount(mine, "SCENE_SECONDS")
        return (train_s + held_out_s + 60 * _minutes(of_01)) / pace.SCENES_TIMES_REAL_TIME / cores
    if stage == "03":
        steps, between = _amount(mine, "STEPS"), _amount(mine, "EVALUATE_EVERY")
        n_looks = 1 + (steps / between if between else 0)
        return 10 + steps * _amount(mine, "BATCH") / 16 * pace.STEP_S + n_looks * LOOK_S
    if stage == "04":
        steps_s = _amount(mine, "FINE_TUNE_STEPS") * _amount(mine, "BATCH") / 16 * pace.STEP_S
        return 20 + steps_s + 2 * LOOK_S
    return EXPORT_S


def _amount(values: Values, name: str) -> float:
    """A parameter's number; 0 in a notebook that does not have it, since a guess stops nothing."""
    return values.get(name, 0)


def _speaking_s(of_01: Values) -> float:
    """What machines' words and sentences take, where the engines share them out evenly."""
    default = "piper" if of_01.get("PIPER_VOICES") else "espeak-ng"
    named = of_01.get("TTS_ENGINES") or [default]
    each = [of for name, of in SPEAKING_S.items() if name in named] or [SPEAKING_S[default]]
    word_s, minute_s = (sum(column) / len(each) for column in zip(*each, strict=True))
    listening_s = LISTENING_S * _amount(of_01, "TTS_POSITIVE") if of_01.get("TTS_CHECK") else 0
    speaking_s = word_s * _spoken(of_01) + minute_s * _amount(of_01, "TTS_AMBIENT_MINUTES")
    return speaking_s + listening_s


def _spoken(of_01: Values) -> float:
    names = ("TTS_POSITIVE", "TTS_NEGATIVE", "TTS_HARD_NEGATIVE")
    return sum(_amount(of_01, name) for name in names)


def _minutes(of_01: Values) -> float:
    return sum(_amount(of_01, name) for name in ("TTS_AMBIENT_MINUTES", "NOISE_MINUTES"))
