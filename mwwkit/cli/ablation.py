"""What each part of the recipe is worth: the same run with one part left out at a time.

    study = Ablation(Path("run/ablation"), presets.load("standard"), ("no_rir", "no_specaugment"))
    for row in study.rows(show=True):
        print(row.flag, row.facts)
    print(table(rows))

The clips are made once, features once for each flag that changes them, and every flag has a run of
its own (02 to 05) that reads them as earlier runs. All are ordinary runs, so what was finished is
never made again: run it once more to go on. Validation and test are the same sounds in all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mwwkit.cli import chain
from mwwkit.corpus.asked import MADE_OF_THEM
from mwwkit.device.detector import Rule
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.measured import ConditionRate
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.presets import Preset, PresetError, suggest
from mwwkit.report.voices import heard_words
from mwwkit.run.paths import Run
from mwwkit.run.settings import NAMES as RUN_WIDE
from mwwkit.run.typed_json import Keyed, absent
from mwwkit.run.views import REPORTED, view_of

BASELINE = "baseline"
VIEW = "of-previous"  # no step's: nothing is written through its links
# A part of the recipe, and the parameters of 02 and 03 that leave it out.
FLAGS: dict[str, dict[str, str]] = {
    "no_rir": {"RIR": "0.0"},
    "no_background": {
        "BACKGROUND_NOISE": "0.0",
        "COLOR_NOISE": "0.0",
        "VOICE": "0.0",
        "BABBLE": "0.0",
    },
    "no_babble": {"BABBLE": "0.0"},
    "no_effects": {"EQ": "0.0", "DISTORTION": "0.0", "PITCH_SHIFT": "0.0", "BAND_STOP": "0.0"},
    "no_speed": {"SPEED_LOG": "0.0"},
    "no_gain": {"GAIN": "0.0"},
    "no_specaugment": {"SPEC_AUGMENT": "false"},
    "no_mining": {},
}


@dataclass(frozen=True)
class Reached(Rule):
    """The rates of a finished run on its test split, and the rule that ships.

    `recall` and latency are of the words that count, `words_of` says whose; `people` and `machines`
    are apart, over all conditions.
    """

    recall: Annotated[tuple[ConditionRate, ...], Keyed("condition")]
    other_clips_accepted: Rate
    false_accepts_per_hour: Hourly
    median_latency_s: float | None
    words_of: str
    people: Rate
    machines: Rate

    @property
    def shipped(self) -> str:
        """ "0.93/5": the cutoff and its window."""
        return f"{self.cutoff:g}/{self.window}"


@dataclass(frozen=True)
class Row:
    """A run that is compared: what it reached, or why it failed."""

    flag: str
    facts: Reached | None = absent()
    failed: str | None = absent()


@dataclass(frozen=True)
class Step:
    """One run of some stages in its own folder, going on from other steps' folders."""

    name: str  # of the folder
    stages: tuple[str, ...]
    previous: tuple[str, ...]  # names of steps, oldest first
    given: dict[str, str]


@dataclass(frozen=True)
class Ablation:
    """Which flags, under which preset, in which folder.

    `given` are notebooks' parameters as texts; `seeds`, if any, are of 03 and 04, a run each.
    `clips` is a run whose 01 is finished, to use its clips instead of making some; what else is in
    it was made by its own settings and is not used, and its word, seed and targets are taken.

    Raises:
        PresetError: an unknown flag or one twice, or a parameter that a stage refuses.
    """

    folder: Path
    preset: Preset
    flags: tuple[str, ...]
    given: dict[str, str]
    seeds: tuple[int, ...] = ()
    clips: str = ""

    def __post_init__(self) -> None:  # noqa: D105
        for flag in self.flags:
            if flag not in FLAGS:
                raise PresetError(f"no flag {flag!r}{suggest(flag, FLAGS)}")
        if len(set(self.flags)) < len(self.flags) or len(set(self.seeds)) < len(self.seeds):
            raise PresetError(f"flags {self.flags}, seeds {self.seeds}; wanted each once")
        # All that is wrong is said before work begins; a stage takes all flags at once as it
        # takes one.
        every = self.given | {name: t for flag in self.flags for name, t in FLAGS[flag].items()}
        stages = [stage for stage in chain.NOTEBOOKS if not (self.clips and stage == "01")]
        previous = [str(self._place("clips"))] if self.clips else []
        takes = set().union(*map(chain.parameters, stages))
        if unused := every.keys() & chain.parameters("01").keys() - takes:
            raise PresetError(
                f"{', '.join(sorted(unused))} is 01's, whose clips are those of {self.clips}; take "
                "it off, or leave --previous away"
            )
        chain.plan(stages, self._own_preset(), every, self.folder, previous)

    def steps(self) -> list[Step]:
        """Everything to run, in order; the runs that are compared end with stage 05."""
        steps = [] if self.clips else [Step("clips", ("01",), (), self.given)]
        features: dict[str, str] = {}
        for flag in (BASELINE, *self.flags):
            changed = _changes("02", flag)
            if str(changed) not in features:
                features[str(changed)] = f"features-{flag}"
                step = Step(f"features-{flag}", ("02",), ("clips",), self.given | changed)
                steps.append(step)
            tuned = () if flag == "no_mining" else ("04",)
            before = ("clips", features[str(changed)])
            for name, seed in self._runs(flag):
                given = self.given | _changes("03", flag) | seed
                steps.append(Step(name, ("03", *tuned, "05"), before, given))
        return steps

    def _runs(self, flag: str) -> list[tuple[str, dict[str, str]]]:
        if not self.seeds:
            return [(flag, {})]
        return [(f"{flag}-seed{seed}", {"SEED": str(seed)}) for seed in self.seeds]

    def run(self, step: Step, show: bool = False) -> Run:
        """Run what is left of one step. Raises StageFailed or StoppedEarly as `chain` does."""
        run = self.run_of(step)
        takes = set().union(*(chain.parameters(stage) for stage in step.stages))
        given = {name: text for name, text in step.given.items() if name in takes}
        previous = [str(path) for path in run.earlier]
        jobs = chain.plan(list(step.stages), self._own_preset(), given, run.folder, previous)
        for _ in chain.execute(jobs, run, show=show):
            pass
        return run

    def run_of(self, step: Step) -> Run:
        """The folder of a step as a `Run`, with the runs it goes on from."""
        before = tuple(self._place(name).absolute() for name in step.previous)
        return Run(self._place(step.name).absolute(), before)

    def _place(self, name: str) -> Path:
        """A step's folder; that of the clips of another run has links to them and nothing else."""
        if name == "clips" and self.clips:
            view = self.folder / VIEW
            return view_of(Path(self.clips), view, {*MADE_OF_THEM, *REPORTED})
        return self.folder / name

    def _own_preset(self) -> Preset:
        """The preset; where the clips are another run's, without what belongs to a whole run."""
        if not self.clips:
            return self.preset
        return {
            section: {name: value for name, value in values.items() if name not in RUN_WIDE}
            for section, values in self.preset.items()
        }

    def rows(self, show: bool = False) -> Iterator[Row]:
        """Run every step; a row for each run that is compared, when it is done.

        A run that failed has `failed` instead of `facts`: a net that recognises nothing without a
        part of the recipe is a result. A failure of 01 or 02 is raised.
        """
        for step in self.steps():
            if step.stages[-1] != "05":
                self.run(step, show)
                continue
            try:
                yield Row(step.name, reached(self.run(step, show)))
            except chain.StageFailed as failed:
                yield Row(step.name, failed=str(failed).splitlines()[0])


def _changes(stage: str, flag: str) -> dict[str, str]:
    """Those parameters of a flag that a stage takes."""
    takes = chain.parameters(stage)
    return {name: text for name, text in FLAGS.get(flag, {}).items() if name in takes}


def reached(run: Run) -> Reached:
    """The rates of a finished run on its test split, with counts and intervals."""
    metrics = Exported(run).metrics
    test, rule = metrics.test, metrics.threshold
    heard = heard_words(test)
    return Reached(
        rule.cutoff,
        rule.window,
        recall=test.recall,
        other_clips_accepted=test.other_clips_accepted,
        false_accepts_per_hour=test.false_accepts_per_hour,
        median_latency_s=test.median_latency_s,
        words_of=heard.called,
        people=heard.people,
        machines=heard.machines,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as one table in Markdown: each rate with its counts and 95 % interval."""
    reached = [row.facts for row in rows if row.facts]
    conditions = list(dict.fromkeys(rate.condition for each in reached for rate in each.recall))
    counted = reached[0].words_of if reached else "words"
    head = ["run", *(f"{counted} heard, {name}" for name in conditions)]
    head += ["people's words heard", "machines' words heard", "other clips accepted"]
    head += ["false accepts an hour", "latency s", "cutoff"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        if row.facts is None:
            lines.append([row.flag, row.failed, *[""] * (len(head) - 2)])
            continue
        facts = row.facts
        by = {rate.condition: str(rate) for rate in facts.recall}
        cells = [by.get(name, "-") for name in conditions]
        both = facts.people, facts.machines
        cells += map(str, (*both, facts.other_clips_accepted, facts.false_accepts_per_hour))
        latency_s = facts.median_latency_s
        cells += ["-" if latency_s is None else f"{latency_s:.2f}", facts.shipped]
        lines.append([row.flag, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
