"""Every error that mwwkit raises on purpose, by what can be done about it.

Whoever calls mwwkit catches `MwwkitError`: its message is for people, one line with what was found,
what was wanted and what to do. Any other exception is a fault in mwwkit or in a library.
"""

from collections.abc import Callable, Iterable


class MwwkitError(Exception):
    """What mwwkit refuses or cannot do; the message says what to do about it.

    A notebook shows the message and no traceback: its lines are mwwkit's, and nothing is to be
    mended there.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for it
        return [str(self)]


class WrongInput(MwwkitError, ValueError):
    """Something that was given cannot be used: a setting, a recording, a table, a model."""


class CannotGoOn(MwwkitError, RuntimeError):
    """Nothing given is wrong, but something is missing or has failed: a library, a GPU, a unit."""


def all_told(checks: Iterable[Callable[[], object]]) -> None:
    """Make every check, then raise what they raised: one error as it is, several as CannotGoOn.

    So that a person who mends what is told is not told of the next one only then.
    """
    failed = []
    for check in checks:
        try:
            check()
        except MwwkitError as error:
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise CannotGoOn("; and ".join(dict.fromkeys(map(str, failed))))
