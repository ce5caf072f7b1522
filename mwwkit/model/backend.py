"""TensorFlow and Keras, loaded when the first of their names is asked for.

    from mwwkit.model.backend import keras, tf      # costs nothing
    tf.constant(1.0)                                # some seconds, once, and 600 MB

So a stage that has nothing left to do, and whoever only checks its settings, need not wait.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from mwwkit.run.quiet import quiet

# What Keras imports where it is installed, for wrappers and galleries that nothing here uses: a
# third of its start. It takes either for missing, which both may be.
UNUSED = ("sklearn", "matplotlib")


class Later(ModuleType):
    """A module that is imported when it is first asked for a name."""

    def __getattr__(self, name: str) -> Any:
        """The module's own; TensorFlow and Keras are loaded together, without their chatter."""
        with quiet(), without(UNUSED):
            import_module("keras")
            tensorflow = import_module("tensorflow")
            tensorflow.config.list_physical_devices()  # a GPU build without one says so, once
        module = import_module(self.__name__)
        self.__dict__.update({n: v for n, v in vars(module).items() if not n.startswith("__")})
        return getattr(module, name)


@contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Those of some packages that are not loaded yet cannot be imported inside; after it they can.

    Not for use from several threads at once.
    """
    left_out = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


keras, tf = Later("keras"), Later("tensorflow")
