"""What `mwwkit tune` varies: a table of ranges and choices, by default or from a YAML file.

    learning_rate: {low: 0.001, high: 0.01, log: true}
    batch: {low: 8, high: 32, step: 8}
    shape: [mixed, okay_nabu]

The names are those of 03's parameters, in lower case. A range is of whole numbers where the
parameter is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mwwkit.cli import chain, preflight
from mwwkit.presets import PresetError, read_yaml, suggest
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import given_path

SECTION, STAGE = "train", "03"
# Those of them that 03 has: around the values that train well, wide enough to leave them.
DEFAULT = {
    "learning_rate": {"low": 1e-3, "high": 1e-2, "log": True},
    "dropout": {"low": 0.0, "high": 0.3},
    "pooling": {"low": 0.0, "high": 1.0},
    "label_to_s": {"low": 0.15, "high": 0.5},
    "negative_weight": {"low": 0.1, "high": 2.0, "log": True},
    "hard_weight": {"low": 0.1, "high": 4.0, "log": True},
}
# What a trial is, rather than how it is trained: comparing across these would compare nothing.
FIXED = set(
    """
    steps evaluate_every target_fah max_clip_fpr seed
    threads device replicas find_rate tensorboard profile
    run_dir previous preset budget_gb session_hours workers mwwkit
    """.split()
)


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; on a `log` scale, or in steps of `step`."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:  # noqa: D105
        if not self.low < self.high:
            raise WrongInput(f"low is {self.low} and high {self.high}; wanted low below high")
        if self.log and (self.low <= 0 or self.step is not None):
            raise WrongInput(f"log is true, low {self.low}; wanted low above 0, and no step")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise WrongInput(f"step is {self.step}; wanted more than 0, up to high - low")

    def __contains__(self, value: Any) -> bool:
        """Whether a value can be drawn, to the rounding of floats."""
        steps = (value - self.low) / (self.step or 1)
        on_grid = self.step is None or abs(steps - round(steps)) < 1e-9
        return self.low <= value <= self.high and on_grid

    @property
    def ends(self) -> tuple:
        """Smallest and largest value, which are what validation has to accept."""
        return self.low, self.high


@dataclass(frozen=True)
class Choices:
    """One of several values."""

    values: tuple

    def __post_init__(self) -> None:  # noqa: D105
        if len(self.values) < 2 or len(set(self.values)) < len(self.values):
            raise WrongInput(f"there are {list(self.values)}; wanted two or more, each once")

    def __contains__(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value in self.values

    @property
    def ends(self) -> tuple:
        """All choices, each of which validation has to accept."""
        return self.values


Space = Mapping[str, Range | Choices]


def load(path: str = "") -> Space:
    """The space in a YAML file; the default one without.

    Raises PresetError, in one line, for a name that 03 does not have or that may not vary, and for
    what is no range. Whether 03 takes the values is for `refuse_outside` to say.
    """
    takes = chain.parameters(STAGE)
    defaults = {name.lower(): chain.stands_for(name, value) for name, value in takes.items()}
    if not path:
        return {n: _one(n, values, defaults[n]) for n, values in DEFAULT.items() if n in defaults}
    table = read_yaml(given_path(path))
    if not isinstance(table, dict) or not table:
        raise PresetError(f"{path} holds {table!r}; wanted a table of ranges and choices")
    known = {n for n, value in defaults.items() if n not in FIXED and not isinstance(value, list)}
    for name in table:
        if name not in known:
            raise PresetError(
                f"{path} has {name!r}, which is nothing to vary{suggest(str(name), known)}"
            )
    return {name: _one(name, values, defaults[name]) for name, values in table.items()}


def refuse_outside(space: Space, base: Mapping[str, Any]) -> None:
    """Raise PresetError where the search space holds values that stage 03 would refuse."""
    for name, values in space.items():
        for end in values.ends:
            if problem := preflight.fault({SECTION: {**base, name.upper(): end}}):
                raise PresetError(f"the space of {name} goes to {end}: {problem}")


def _one(name: str, values: Any, default: Any) -> Range | Choices:
    """A range or choices, of the type of the parameter's default."""
    try:
        if isinstance(values, list):
            return Choices(tuple(chain.fitting(name, value, default) for value in values))
        if not isinstance(values, dict):
            raise WrongInput(f"it is {values!r}; wanted {{low: ..., high: ...}} or [..., ...]")
        if unknown := values.keys() - {"low", "high", "log", "step"}:
            raise WrongInput(
                f"it has {sorted(map(str, unknown))[0]!r}; wanted low, high, log, step"
            )
        if not {"low", "high"} <= values.keys() or type(default) not in (int, float):
            raise WrongInput("wanted low and high for a number, a list of choices for the rest")
        numbers = {
            key: chain.fitting(f"{name}'s {key}", value, default)
            for key, value in values.items()
            if key != "log"
        }
        return Range(**numbers, log=chain.fitting(f"{name}'s log", values.get("log", False), False))
    except PresetError:
        raise
    except ValueError as error:
        raise PresetError(f"the space of {name}: {error}") from error
