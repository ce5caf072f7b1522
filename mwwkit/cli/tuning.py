"""Search the settings of stage 03 with Optuna, on the features of a run that finished 02.

    search = Search(Run(Path("run/mine")), Path("run/tune.db"), train.Config(), search_space.load())
    for trial in search.trials(20, hours=3):
        print(trial.number, trial.choice["recall"], trial.params)

A trial is a run of its own in a folder beside the study, with the features' run as its earlier one:
what was killed continues from its last snapshot, and what is finished is never trained again.
The study is a SQLite file (Optuna's RDBStorage: transactions, and no pickle). What is sought is the
best rank of `Choice`, the rule that chooses weights: the test split takes no part.
"""

import hashlib
import json
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from mwwkit.cli.search_space import Choices, Range, Space
from mwwkit.metrics.rates import percent
from mwwkit.run.checkpoint import finished
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import read_json, write_json
from mwwkit.run.lock import sole_user
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits, StoppedEarly, hours_so_far
from mwwkit.stages import train
from mwwkit.training.evaluated import read

STARTUP_TRIALS = 6  # drawn at random before the sampler has something to learn from
# Folders of a run that were made under other settings than a trial's.
NOT_FOR_TRIALS = {"training", "teacher", "mined", "tuned", "export", "executed", "logs"}


@dataclass(frozen=True)
class Trial:
    """A finished trial: its settings, and what its best weights reach on the validation split.

    `choice` is as `Evaluator.facts` has it; empty where there is none, with the reason in `failed`.
    """

    number: int
    params: dict[str, Any]
    choice: dict[str, Any]
    failed: str = ""

    def __str__(self) -> str:
        """One line for people."""
        shown = {n: f"{v:.4g}" if isinstance(v, float) else str(v) for n, v in self.params.items()}
        settings = ", ".join(f"{name} {value}" for name, value in shown.items())
        if not self.choice:
            return f"trial {self.number} failed ({self.failed}): {settings}"
        reached = read(self.choice)
        return (
            f"trial {self.number}: {reached} and {percent(reached.clip_false_accepts)} of other "
            f"words on the validation split; {settings}"
        )

    @property
    def rank(self) -> tuple[float, ...]:
        """Trials compare by it as candidates of one training do; a failed one is the least."""
        return tuple(self.choice["rank"]) if self.choice else ()


def objective(rank: Sequence[float]) -> float:
    """A rank of `Choice` as one number of the same order, for the sampler and for Optuna's plots.

    2 + recall where the target is reached; 1 / (1 + false accepts an hour) where it is missed; -1
    for a model that recognises nothing. What breaks ties follows in the 7th decimal and further on:
    0.001 of clips falsely accepted is 1e-9, so that no tie-breaker outweighs one clip of recall in
    a million.
    """
    recognises, reached, first, *ties = rank
    if not recognises:
        return -1.0
    value, weight = (2 + first if reached else 1 / (1 - first)), 1e-6
    for tie in ties:
        value += weight * tie / (1 + abs(tie))
        weight *= 1e-3
    return float(value)


@dataclass(frozen=True)
class Search:
    """A search: base settings, space to vary, run with the features, and the study's file."""

    features: Run
    study: Path
    base: train.Config  # what a trial has where `space` has nothing
    space: Space
    seed: int = 42

    def trials(self, n_trials: int, hours: float = 0.0) -> Iterator[Trial]:
        """Finish the study's trials up to `n_trials` in all; yields each, old ones first.

        No trial is begun that would end after `hours` of this process (0: no deadline), by the
        time that the longest of them took; one under way stops between two units. Then, and where
        the disk is full, StoppedEarly. Raises WrongInput for a study made with other settings,
        Occupied for one in use, CheckpointError where 02 is not finished.
        """
        self._refuse_place()
        settings = self._settings()
        with self._alone(), self._features_only() as earlier:
            study, n_ended = self._open(settings), 0
            for old in study.trials:
                if old.state.is_finished() and self._record(old.number).exists():
                    n_ended += 1
                    yield self._trial(old.number)
            while n_ended < n_trials:
                number = self._begun(study)
                params = {} if number is None else study.trials[number].params
                run = Run(self.folder(len(study.trials) if number is None else number), earlier)
                progress = f"{n_ended} of {n_trials} trials are finished"
                limits = self._in_time(run, self.config(params), hours, progress)
                number = self._ask(study) if number is None else number
                run = Run(self.folder(number), earlier)
                yield self._finish(study, number, run, study.trials[number].params, limits)
                n_ended += 1

    def folder(self, number: int) -> Path:
        """The run of a trial."""
        return self.trials_folder / f"trial-{number:04d}"

    @property
    def trials_folder(self) -> Path:
        """Beside the study, named as it is but for its suffix, or `-trials` where it has none."""
        without = self.study.with_suffix("")
        return without if self.study.suffix else without.with_name(f"{without.name}-trials")

    def config(self, params: dict[str, Any]) -> train.Config:
        """The settings of a trial."""
        return replace(self.base, **params)

    def _begun(self, study: Any) -> int | None:
        """The trial that a killed session left under way; None where there is none."""
        states = _optuna().trial.TrialState
        for trial in study.get_trials(states=(states.RUNNING,)):
            if trial.params.keys() == self.space.keys():
                return trial.number
            study.tell(trial.number, state=states.FAIL)  # killed while it was drawn
        return None

    def _ask(self, study: Any) -> int:
        """Draw the next trial: the first with the base's own settings, where the space has them."""
        optuna, number = _optuna(), len(study.trials)
        base_settings = {name: getattr(self.base, name) for name in self.space}
        if not number and all(base_settings[name] in values for name, values in self.space.items()):
            study.enqueue_trial(base_settings)
        # A seed for each, so that it does not matter in which session a trial is drawn.
        seed = int(rng(self.seed, "tuning", number).integers(2**31))
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
        ranges = {n: _distribution(v, base_settings[n]) for n, v in self.space.items()}
        return study.ask(ranges).number

    def _finish(
        self, study: Any, number: int, run: Run, params: dict[str, Any], limits: Limits
    ) -> Trial:
        """Train what is left of a trial and record it: in its own folder first, then the study."""
        was_begun, began = (run / train.FOLDER).exists(), time.monotonic()
        choice, failed = self._reached(params, run, limits)
        facts = {"number": number, "params": params, "choice": choice, "failed": failed}
        seconds = None if was_begun else round(time.monotonic() - began, 1)
        write_json(self._record(number), facts | {"seconds": seconds})
        if failed:
            study.tell(number, state=_optuna().trial.TrialState.FAIL)
        else:
            study.tell(number, objective(choice["rank"]))
        return self._trial(number)

    def _reached(self, params: dict[str, Any], run: Run, limits: Limits) -> tuple[dict, str]:
        """Train a trial; its best weights' results, or nothing and why its settings failed."""
        try:
            config = self.config(params)
        except ValueError as error:  # each is in its range, but not together
            return {}, str(error)
        try:
            with redirect_stdout(sys.stderr):
                train.run(config, run, limits)
        except FloatingPointError as error:  # the loss is no number
            return {}, str(error)
        return train.chosen(run)[1], ""

    def _record(self, number: int) -> Path:
        return self.folder(number) / "trial.json"

    def _trial(self, number: int) -> Trial:
        facts = read_json(self._record(number))
        return Trial(number, facts["params"], facts["choice"], facts["failed"])

    def _in_time(self, run: Run, config: train.Config, hours: float, progress: str) -> Limits:
        """The limits of a trial; StoppedEarly where it would end too late."""
        limits = Limits(session_hours=hours, workers=1)
        if not hours:
            return limits
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the size: it is the same for all
            planned = train.plan(config, run, limits)
        n_left, n_done = planned["units left"], planned["units done"]
        paths = self.trials_folder.glob("trial-*/trial.json")
        longest_s = max([read_json(path)["seconds"] or 0 for path in paths], default=0)
        left_h = (
            longest_s / 3600 * n_left / (n_left + n_done)
            if longest_s
            else planned["minutes left, about"] / 60
        )
        if (end := hours_so_far() + left_h) > hours:
            raise StoppedEarly(
                f"tune stopped early: the next trial would end after {end:.2g} hours, and "
                f"{hours:g} are given; {progress}. Run it again to go on"
            )
        return limits

    def _open(self, settings: dict[str, Any]) -> Any:
        """The study, made where there is none."""
        optuna = _optuna()
        from sqlalchemy import URL
        from sqlalchemy.exc import SQLAlchemyError

        url = URL.create("sqlite", database=str(self.study.absolute())).render_as_string()
        try:
            storage = optuna.storages.RDBStorage(url)
            named = {"study_name": "mwwkit", "direction": "maximize", "load_if_exists": True}
            study = optuna.create_study(storage=storage, **named)
            if "settings" not in study.user_attrs:
                study.set_user_attr("settings", settings)
            before = study.user_attrs["settings"]
            if not study.trials and any(self.trials_folder.glob("trial-*")):
                raise WrongInput(
                    f"{self.trials_folder} holds trials of another study, and {self.study} has "
                    "none; give the study another name"
                )
        except SQLAlchemyError as error:
            raise WrongInput(
                f"{self.study} cannot be used as a study ({str(error).splitlines()[0]}); give "
                "another file, on a local disk"
            ) from error
        if changed := [name for name in settings if before.get(name) != settings[name]]:
            raise WrongInput(
                f"{self.study} was made with another {' and another '.join(changed)}; put it back "
                "as it was, or begin another study"
            )
        return study

    def _settings(self) -> dict[str, Any]:
        """What shapes a study, as JSON has it."""
        units = json.dumps(finished(self.features, "features"), sort_keys=True)
        base = {n: value for n, value in asdict(self.base).items() if n not in self.space}
        space = {name: asdict(values) for name, values in self.space.items()}
        features = hashlib.sha256(units.encode()).hexdigest()
        settings = {"base": base, "space": space, "seed": self.seed, "features": features}
        return json.loads(json.dumps(settings))

    def _refuse_place(self) -> None:
        """WrongInput for a study that would be in the place of a folder, or of its own lock."""
        if self.study.is_dir():
            raise WrongInput(f"--study is {self.study}, a folder; wanted a file such as study.db")
        if self.study.suffix == ".lock":
            raise WrongInput(f"--study is {self.study}; wanted another suffix, such as .db")

    def _alone(self) -> AbstractContextManager[None]:
        """A lock on the study, so that no second process trains the same trials."""
        message = f"{self.study} is in use by another process; wait for it, or end it"
        return sole_user(self.study.with_suffix(".lock"), message)

    @contextmanager
    def _features_only(self) -> Iterator[tuple[Path, ...]]:
        """The features' runs without what 03 to 05 may have made there under other settings."""
        with TemporaryDirectory(prefix="mwwkit-") as place:
            views = []
            for number, run in enumerate([*self.features.earlier, self.features.folder]):
                view = Path(place) / str(number)
                view.mkdir()
                for path in run.iterdir():
                    if path.is_dir() and path.name not in NOT_FOR_TRIALS:
                        (view / path.name).symlink_to(path)
                views.append(view)
            yield tuple(views)


def _distribution(values: Range | Choices, default: Any) -> Any:
    """A space's values as Optuna has them; whole numbers where the parameter is one."""
    kinds = _optuna().distributions
    if isinstance(values, Choices):
        return kinds.CategoricalDistribution(values.values)
    if isinstance(default, int):
        step = int(values.step or 1)
        ends = int(values.low), int(values.high)
        return kinds.IntDistribution(*ends, log=values.log, step=step)
    return kinds.FloatDistribution(values.low, values.high, log=values.log, step=values.step)


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise CannotGoOn("tune needs the package optuna: pip install 'mwwkit[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def config_of(parameters: dict[str, Any]) -> train.Config:
    """03's Config of its notebook's parameters."""
    return train.Config.from_parameters(parameters)


def parameters(config: train.Config, without: dict[str, Any]) -> list[str]:
    """`-p` arguments NAME=VALUE for every setting in which `config` differs from `without`."""
    values = json.loads(json.dumps({name.upper(): v for name, v in asdict(config).items()}))
    changed = {n: v for n, v in values.items() if v != without[n]}  # both with lists for tuples
    return [f"{n}={v if isinstance(v, str) else json.dumps(v)}" for n, v in changed.items()]
