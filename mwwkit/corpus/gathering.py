"""What a person gave and what machines shall add, place by place, and what of it cannot be used.

    everything = Gathered((Place("words.csv", rows, aside=(Rejected(path, reason, STAGE),)), ...))
    everything.inputs                                     # to make clips from, in order
    everything.aside                                      # rows for the quarantine

Whatever was given stands in exactly one of a place's lists, so that `corpus.fates` can say what
became of all of it: nothing else is needed to be told there than a row in `aside`.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Protocol

from mwwkit.corpus.clips import Rejected, Split


class Given(Protocol):
    """Something to make clips from, as each `Input` of `corpus.sources` is."""

    about: Any  # its origin names it within its source


def given_thing(item: Given) -> Hashable:
    """What of that which was given an input is: the same for all parts of a file that is cut."""
    return item.path if getattr(item, "split", None) else id(item)


@dataclass(frozen=True)
class Place:
    """A folder, a table or a machine, and all that was found there.

    inputs: to make clips from; aside: what is known to be of no use before it is read; left_out:
    what the user asked to leave out, a line each, such as "a/2.wav: excluded"; ignored: names of
    hidden files and of the system's own; splits: what the user's own folders or table say, by
    origin; notices: what to know about how it was read, whole sentences.
    """

    name: str
    inputs: tuple[Given, ...] = ()
    aside: tuple[Rejected, ...] = ()
    left_out: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    splits: Mapping[str, Split] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many things were given: all but what is ignored."""
        return len(set(map(given_thing, self.inputs))) + len(self.aside) + len(self.left_out)


@dataclass(frozen=True)
class Gathered:
    """All places, in order."""

    places: tuple[Place, ...]

    @property
    def inputs(self) -> list[Given]:
        """The inputs of all places."""
        return [item for place in self.places for item in place.inputs]

    @property
    def aside(self) -> list[Rejected]:
        """What is set aside at all places."""
        return [row for place in self.places for row in place.aside]

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that the user's own folders and table say, by origin."""
        return {name: split for place in self.places for name, split in place.splits.items()}

    @property
    def notices(self) -> list[str]:
        """What to know about how all of it was read."""
        return [text for place in self.places for text in place.notices]

    def noted(self, notices: Iterable[str]) -> "Gathered":
        """The same, which must have a place, with more to know about how all of it was read."""
        first, *others = self.places
        return Gathered((replace(first, notices=(*first.notices, *notices)), *others))

    def without(self, excluded: Collection[str], why: str) -> "Gathered":
        """The same with the inputs of some origins left out."""
        return Gathered(tuple(_without(place, excluded, why) for place in self.places))

    def lines(self) -> Iterator[str]:
        """What is not used at all, for a fingerprint; nothing where everything is."""
        for place in self.places:
            # Not the folders: what is mounted elsewhere is the same.
            yield from (f"{PurePath(row.path).name}: {row.reason}" for row in place.aside)
            yield from (f"{place.name}: {line}" for line in (*place.left_out, *place.ignored))


def _without(place: Place, excluded: Collection[str], why: str) -> Place:
    out = [item for item in place.inputs if item.about.origin in excluded]
    kept = tuple(item for item in place.inputs if item.about.origin not in excluded)
    lines = (f"{item.about.origin}: {why}" for item in out)
    return replace(place, inputs=kept, left_out=(*place.left_out, *lines)) if out else place
