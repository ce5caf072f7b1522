"""TensorFlow and Keras, loaded when the first of their names is asked for.

    from mwwkit.model.backend import keras, tf      # costs nothing
    tf.constant(1.0)                                # some seconds, once, and 600 MB

So a stage that has nothing left to do, and whoever only checks its settings, need not wait.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from mwwkit.run.quiet import quiet


class Later(ModuleType):
    """A module that is imported when it is first asked for a name."""

    def __getattr__(self, name: str) -> Any:
        """The module's own; TensorFlow and Keras are loaded together, without their chatter."""
        with quiet():
            import_module("keras")
            tensorflow = import_module("tensorflow")
            tensorflow.config.list_physical_devices()  # a GPU build without one says so, once
        module = import_module(self.__name__)
        self.__dict__.update({n: v for n, v in vars(module).items() if not n.startswith("__")})
        return getattr(module, name)


keras, tf = Later("keras"), Later("tensorflow")
