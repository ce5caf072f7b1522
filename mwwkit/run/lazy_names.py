"""Names that a room offers, loaded when somebody asks for them.

    __getattr__ = offered(__name__, EMA="stepper")       # in the room's __init__
    from mwwkit.training import EMA                      # loads mwwkit.training.stepper, not before

So a name is found where a user would look for it, and a room costs nothing to import.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def offered(room: str, **module_of: str) -> Callable[[str], Any]:
    """A module `__getattr__` (PEP 562) that imports the given names from `room` on first use."""

    def load(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(f"{room}.{module_of[name]}"), name)

    return load
