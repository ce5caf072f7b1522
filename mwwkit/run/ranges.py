"""What a field of settings may hold, written beside the field.

@dataclass(frozen=True)
class Config:
    steps: Annotated[int, Before(3000)] = 12000
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Before:
    """The value by which mwwkit behaved before it had this field.

    Every field that is added to settings which a checkpoint keeps says it: a checkpoint that lacks
    the field was made by the older code, and is read as if it held this value. It need not be the
    default, which may say how new runs had better be made.
    """

    value: Any
