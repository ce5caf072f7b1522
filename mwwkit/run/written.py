"""What a person wrote, read as the type that is wanted and by no guess of YAML's.

    as_written("[no, 042]")        # ["no", "042"], where YAML 1.1 has [False, 34]
    read("042", int)               # 42
    read("11:30", float)           # ValueError; YAML 1.1 has 690
    spelled(typed("1984"))         # "1984", for a parameter that is a text

Values reach a parameter as texts: from a command line, a preset, an environment variable, or by
papermill's `-r`. Which of `no`, `1_000`, `1e3` and `2024-05-01` is a number and which a word, the
parameter's own type says.
"""

import math
import re
from typing import Any

import yaml

from mwwkit.run.errors import WrongInput

TRUE, FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_TAG = "tag:yaml.org,2002:"


class AsWritten(yaml.SafeLoader):
    """YAML whose scalars stay texts; an empty one is None. A key that stands twice is an error."""

    def resolve(self, kind, value, implicit):
        """The tag of a node that has none."""
        if kind is yaml.ScalarNode:
            plain = {"": "null", "<<": "merge"} if implicit[0] else {}
            return _TAG + plain.get(value, "str")
        return super().resolve(kind, value, implicit)

    def construct_mapping(self, node, deep=False):
        """A table. Raises ConstructorError for a key that it has twice: YAML takes the last."""
        mapping = super().construct_mapping(node, deep)
        keys = [key.value for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            message = f"the key {twice[0]!r} stands there twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return mapping


def as_written(text: str) -> Any:
    """Lists and tables of texts in a YAML text. Raises yaml.YAMLError."""
    loader = AsWritten(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def read(text: str, kind: type) -> Any:
    """A text as a number, as true or false, or as it is. Raises ValueError where it is none.

    Numbers are decimal, whatever zeros they begin with; 0x10 and 1_000 are whole ones, and so is
    1e3. What is infinite or not a number is refused. Yes and on are true, no and off false.
    """
    reader = {int: _whole, float: _number, bool: _true_or_false, str: str}[kind]
    return reader(text)


def in_parts(text: str) -> list[str]:
    """The texts between commas; what is empty is none."""
    return [part.strip() for part in text.split(",") if part.strip()]


def typed(text: str) -> Any:
    """A number, true or false of a text that is spelled as `spelled` would; any other text itself.

    So nothing is lost: `spelled(typed(text))` is the text.
    """
    for kind in (bool, int, float):
        try:
            value = read(text, kind)
        except ValueError:
            continue
        if spelled(value) == text:
            return value
    return text


def spelled(value: Any) -> Any:
    """A number, true or false as text, in lists too; anything else as it is."""
    if isinstance(value, list):
        return [spelled(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else value


def advice(value: Any) -> str:
    """What may have been meant by a text that is no number, to end a message; mostly empty."""
    if clock := re.fullmatch(r"(\d+):([0-5]\d)", str(value)):
        hours = int(clock[1]) + int(clock[2]) / 60
        return f" (if {value} is hours and minutes: {hours:.4g})"
    if comma := re.fullmatch(r"([+-]?\d+),(\d+)", str(value)):
        return f" (with a point: {comma[1]}.{comma[2]})"
    return ""


def _whole(text: str) -> int:
    text = text.strip()
    if re.fullmatch(r"[+-]?0[box]\w+", text, re.IGNORECASE):
        return int(text, 0)
    try:
        return int(text)
    except ValueError:
        number = _finite(text)
        if not number.is_integer() or abs(number) > 2**53:  # from where on floats leave out some
            raise
        return int(number)


def _number(text: str) -> float:
    try:
        return _finite(text)
    except ValueError:
        return _finite(str(_whole(text)))  # 0x10


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise WrongInput(f"{text} is not finite")
    return number


def _true_or_false(text: str) -> bool:
    word = text.strip().lower()
    if word not in TRUE | FALSE:
        raise WrongInput(f"{text} is neither true nor false")
    return word in TRUE
