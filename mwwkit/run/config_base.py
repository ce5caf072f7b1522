"""Settings that say beside each field what it may hold, and refuse anything else when made.

    Probability = Annotated[float, Between(0, 1, "a probability, 0 to 1")]

    @dataclass(frozen=True)
    class Config(Checked):
        steps: Annotated[int, at_least(1), Before(3000)] = 12000
        dropout: Annotated[float, Between(0, 1, below=True)] = 0.1
        drop: Texts = ()

    Config(steps=0)                           # WrongInput: steps is 0; wanted at least 1
    Config.from_parameters(globals())         # of a notebook: STEPS, DROPOUT and DROP

A check of several fields together goes into `refuse_together`.
"""

import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from numbers import Integral, Real
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from mwwkit.run.errors import WrongInput
from mwwkit.run.written import advice, as_written, in_parts, read

ONE = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
SEVERAL = {str: "texts", int: "whole numbers", float: "numbers", bool: "true and false"}
AnyChecked = TypeVar("AnyChecked", bound="Checked")


@dataclass(frozen=True)
class Before:
    """Marks a new field with the value that older checkpoints, which lack it, stand for.

    Every field that is added to settings which a checkpoint keeps says it: a checkpoint that lacks
    the field was made by the older code, and is read as if it held this value. It need not be the
    default, which may say how new runs had better be made.
    """

    value: Any


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`.

    The ends belong to it, but for `low` where it must be `above`, and `high` where it must be
    `below`. `wanted` says the range in words, where those say more than its numbers.
    """

    low: float
    high: float
    wanted: str = ""
    above: bool = False
    below: bool = False

    def fault(self, value: float) -> str:
        """What is wrong with a value, to stand after its name; empty where nothing is."""
        above = self.low < value if self.above else self.low <= value
        below = value < self.high if self.below else value <= self.high
        return "" if above and below else f"is {value}; wanted {self.wanted or self._words()}"

    def _words(self) -> str:
        low, high = _shown(self.low), _shown(self.high)
        if self.high == math.inf:
            if self.above:
                return f"more than {low}"
            return f"at least {low}" if self.low else "0 or more"
        if self.above:
            return f"between {low} and {high}" if self.below else f"more than {low}, at most {high}"
        return f"{low} to less than {high}" if self.below else f"{low} to {high}"


def at_least(low: float, wanted: str = "") -> Between:
    """A finite number, `low` or more."""
    return Between(low, math.inf, wanted, below=True)


def more_than(low: float, wanted: str = "") -> Between:
    """A finite number above `low`."""
    return Between(low, math.inf, wanted, above=True, below=True)


@dataclass(frozen=True)
class OneOf:
    """One of several texts."""

    known: Collection[str]

    def fault(self, value: str) -> str:
        """What is wrong with a value, to stand after its name; empty where nothing is."""
        quoted = " or ".join(map(repr, self.known))
        wanted = quoted if len(self.known) == 2 else f"one of {', '.join(self.known)}"
        return "" if value in self.known else f"is {value!r}; wanted {wanted}"


@dataclass(frozen=True)
class EachOf:
    """A list of texts that are all known."""

    known: Collection[str]

    def fault(self, value: tuple[str, ...]) -> str:
        """What is wrong with a value, to stand after its name; empty where nothing is."""
        unknown = [text for text in value if text not in self.known]
        return f"has {unknown[0]!r}; wanted any of {', '.join(self.known)}" if unknown else ""


@dataclass(frozen=True)
class Rising:
    """Two numbers from `low` to `high`, the lower first."""

    low: float = -math.inf
    high: float = math.inf

    def fault(self, value: tuple[float, ...]) -> str:
        """What is wrong with a value, to stand after its name; empty where nothing is."""
        if len(value) != 2 or not value[0] <= value[1]:
            return f"is {value}; wanted the lower, then the higher"
        inside = self.low <= value[0] and value[1] <= self.high
        return "" if inside else f"is {value}; wanted {_shown(self.low)} to {_shown(self.high)}"


COMMAS = "a text is cut at its commas"
Texts = Annotated[tuple[str, ...], COMMAS]  # several texts, or one with commas between them


class Checked:
    """Settings that refuse nonsense when they are made; a base for frozen dataclasses.

    Lists become tuples and, where a field holds numbers, whole ones become floats, at any depth: 6
    and 6.0 are the same setting. Raises WrongInput, in one line, for a value of another type than
    its field's and for one outside of what its field says.
    """

    whose = ""  # comes before a field's name in a message: "Block.", "the teacher's "

    def __post_init__(self) -> None:  # noqa: D105
        for name, (hint, marks) in hints_of(type(self)).items():
            value = getattr(self, name)
            if COMMAS in marks and isinstance(value, str):
                value = in_parts(value)
            if not fits(value, hint):
                wanted = f"{_kind(hint)}{advice(value)}"
                raise WrongInput(f"{self.whose}{name} is {value!r}; wanted {wanted}")
            value = _as_tuples(value, hint)
            for problem in (rule.fault(value) for rule in marks if hasattr(rule, "fault")):
                if problem:
                    raise WrongInput(f"{self.whose}{name} {problem}")
            object.__setattr__(self, name, _as_floats(value, hint))
        self.refuse_together()

    def refuse_together(self) -> None:
        """Raise for fields that are each in range and make no sense together."""

    @classmethod
    def from_parameters(cls: type[AnyChecked], given: Mapping[str, Any]) -> AnyChecked:
        """Settings from a notebook's parameters: every field from its name in upper case.

        `given` may hold others, so a notebook hands over its `globals()`. A text where another type
        is wanted, as papermill's `-r` gives all, is read as that type. Raises WrongInput for a
        field that is not among them, since a default in its place would go unnoticed.
        """
        for name in (field.name.upper() for field in fields(cls)):
            if name not in given:
                raise WrongInput(
                    f"the parameter {name} is missing, which {cls.__module__}.{cls.__name__} "
                    "reads; put its line back as the notebook came with it"
                )
        return cls(**cls.taken(given))

    @classmethod
    def taken(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a notebook's parameters that are fields, by field; texts as the type wanted."""
        hints = {name.upper(): (name, *hint) for name, hint in hints_of(cls).items()}
        taken = [(hints[name], value) for name, value in given.items() if name in hints]
        return {field: _read(value, hint, marks) for (field, hint, marks), value in taken}


@lru_cache
def hints_of(settings: type) -> dict[str, tuple[Any, tuple]]:
    """Each field's type and what is written beside it, by the field's name."""
    hints = get_type_hints(settings, include_extras=True)
    of = {}
    for field in fields(settings):
        hint = hints[field.name]
        is_bare = get_origin(hint) is not Annotated
        of[field.name] = (hint, ()) if is_bare else (get_args(hint)[0], hint.__metadata__)
    return of


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a field's type; of a list each item is, and its numbers are finite.

    How many items a list has is for the field's rules. Types other than texts, numbers, booleans
    and lists of those are not looked at.
    """
    if get_origin(hint) is tuple:
        is_list = isinstance(value, Sequence) and not isinstance(value, str)
        return is_list and all(map(_item_fits, value, _kinds(value, hint)))
    if hint is float:
        return isinstance(value, Real) and not isinstance(value, bool) and _is_within(value)
    if hint is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, hint) if hint in ONE else True


def _read(value: Any, hint: Any, marks: tuple = ()) -> Any:
    """A parameter with its texts read as the field's type; what is none of it stays as it is."""
    is_text = isinstance(value, str)
    try:
        if get_origin(hint) is tuple:
            if is_text and (COMMAS not in marks or value.lstrip().startswith("[")):
                value = as_written(value)
            is_list = isinstance(value, list | tuple)
            return list(map(_read, value, _kinds(value, hint))) if is_list else value
        return read(value, hint) if is_text and hint in ONE else value
    except (ValueError, yaml.YAMLError):
        return value


def _is_within(value: Real) -> bool:
    """Whether a float can hold it: a whole number may be larger than any."""
    return not isinstance(value, Integral) or abs(value) <= sys.float_info.max


def _item_fits(value: Any, hint: Any) -> bool:
    return fits(value, hint) and (hint is not float or math.isfinite(value))


def _kinds(values: Sequence, hint: Any) -> list[Any]:
    """The type of each item: the last one's again where there are more than the field has."""
    kinds = [kind for kind in get_args(hint) if kind is not ...]
    return kinds + kinds[-1:] * (len(values) - len(kinds))


def _as_tuples(value: Any, hint: Any) -> Any:
    if get_origin(hint) is not tuple:
        return value
    return tuple(map(_as_tuples, value, _kinds(value, hint)))


def _as_floats(value: Any, hint: Any) -> Any:
    """A field's numbers as floats, which is how a file keeps them whatever they were given as."""
    if get_origin(hint) is tuple:
        return tuple(map(_as_floats, value, _kinds(value, hint)))
    return float(value) if hint is float else value


def _kind(hint: Any) -> str:
    """A type in words."""
    if get_origin(hint) is tuple:
        return f"a list of {SEVERAL.get(get_args(hint)[0], 'lists')}"
    return ONE[hint]


def _shown(number: float) -> str:
    """A number for people: 4096, and 10,000 with its comma."""
    return f"{number:,}" if abs(number) >= 10_000 else f"{number}"
