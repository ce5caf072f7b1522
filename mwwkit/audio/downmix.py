"""Several channels to one: their mean, or the loudest of them where they cancel each other.

    pieces = Downmix(rate_hz, tell=print).mono(decoded)     # [n, channels] each -> [n]

Which of the two is decided once, from the first `HEAD_S` seconds, so it does not hang on how a
file is cut into pieces.
"""

from collections.abc import Callable, Iterator

import numpy as np

HEAD_S = 20.0
CANCELLED = 0.02  # of the power that the mean of channels without anything in common has
AUDIBLE = 1e-6  # mean square of the loudest channel: -60 dBFS; under it there is nothing to cancel


class Downmix:
    """Turns pieces of several channels into pieces of one."""

    def __init__(self, rate_hz: int, tell: Callable[[str], None]):
        """`tell` takes a remark if channels cancel each other."""
        self._n_head, self._tell = round(HEAD_S * rate_hz), tell

    def mono(self, pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """[n] float32 for each [n, channels]; the first pieces are held until it is decided."""
        held: list[np.ndarray] = []
        n_held, mix = 0, None
        for piece in pieces:
            if piece.shape[1] == 1:
                yield piece[:, 0]
            elif mix:
                yield mix(piece)
            else:
                held.append(piece)
                n_held += len(piece)
                if n_held >= self._n_head:
                    mix = self._decided(held)
                    yield from map(mix, held)
                    held = []
        if held:
            yield from map(self._decided(held), held)

    def _decided(self, held: list[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        head = np.concatenate(held)[: self._n_head].astype(np.float64)
        powers = np.nan_to_num(np.var(head, axis=0))
        apart = powers.sum() / head.shape[1] ** 2  # of the mean, had they nothing in common
        together = float(np.nan_to_num(np.var(head.mean(axis=1))))
        if powers.max() < AUDIBLE or together > CANCELLED * apart:
            return _mean
        loudest = int(np.argmax(powers > 0.99 * powers.max()))  # the first of equals
        self._tell(
            f"has channels that cancel each other (one is wired the wrong way round?): only "
            f"channel {loudest + 1} of {head.shape[1]} is used"
        )
        return lambda piece: np.ascontiguousarray(piece[:, loudest])


def _mean(piece: np.ndarray) -> np.ndarray:
    return piece.mean(axis=1, dtype=np.float32)
