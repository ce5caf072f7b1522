"""Whose words are counted: people's, where there are enough of them, and never both in one rate.

    words = whose_words(clips=["a.wav", "a.wav", "m.wav"], by_machine=[False, False, True])
    words.counted             # indices of those that choose, and are told as recall
    words.beside              # the machines', whose rate stands beside; empty where all count

The rule is `judgement.FEWEST_RECORDINGS`. Of a set of features `scenes.provenance` knows who spoke.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mwwkit.metrics.judgement import FEWEST_RECORDINGS

Whose = Literal["people", "machines", "people and machines", "unknown"]
TOGETHER, MACHINES, UNKNOWN = (
    "words of people and machines together",
    "machines' words",
    "the words",
)


def named(whose: Whose | None) -> str:
    """What a rate of them is of: "people's words"; "the words" where nobody knows whose."""
    names = {"people": "people's words", "machines": MACHINES, "people and machines": TOGETHER}
    return names.get(whose or "unknown", UNKNOWN)


@dataclass(frozen=True)
class WhoseWords:
    """Which words of a list count, whose they are, and how many recordings there are of either."""

    whose: Whose
    counted: tuple[int, ...]
    beside: tuple[int, ...]
    n_people: int  # different recordings; each may be in the list under several conditions
    n_machines: int

    @property
    def recordings(self) -> int:
        """How many different ones count."""
        return self.n_people + (0 if self.beside else self.n_machines)

    @property
    def together(self) -> "WhoseWords":
        """The same words, all of them counted: as a version did that told nobody apart."""
        if not self.beside:
            return self
        everyone = tuple(sorted((*self.counted, *self.beside)))
        return WhoseWords("people and machines", everyone, (), self.n_people, self.n_machines)

    def __str__(self) -> str:
        """Who chooses, for the validation split."""
        if not self.counted:
            return "No word is there to choose by."
        people, machines = _n(self.n_people, "recording"), _n(self.n_machines, "word")
        if self.whose == "unknown":
            return "Whose words choose is not known: 01's catalogue of clips is not at hand."
        if self.whose == "machines":
            return f"No recording by people is there to choose by: {machines} of machines choose."
        if self.whose == "people":
            told = f"{people} by people choose"
            return f"{told}; {machines} of machines stand beside." if self.beside else f"{told}."
        if self.n_people >= FEWEST_RECORDINGS:
            return f"{people} by people and {machines} of machines choose together, as before."
        return (
            f"{people} by people {'is' if self.n_people == 1 else 'are'} too few to choose by "
            f"(wanted {FEWEST_RECORDINGS} in the validation split), so "
            f"{machines} of machines choose too."
        )


def conversion(n_conditions: int, *rates_of: int) -> str:
    """How words become what rates count ("of 288"); empty where each is heard once.

    `rates_of` are what rates are of, under all of the conditions.
    """
    if n_conditions < 2 or not any(rates_of):
        return ""
    made = [f"{round(of / n_conditions):,} words make {of:,}" for of in rates_of if of]
    return (
        f"A word counts once for each of the {n_conditions} conditions that it is heard in: "
        f"{', '.join(made)}."
    )


def whose_words(clips: Sequence[str], by_machine: Sequence[bool | None]) -> WhoseWords:
    """Which words count: `clips` names each one's recording, `by_machine` says who spoke it.

    People's alone where at least FEWEST_RECORDINGS different ones are theirs; all of them where
    fewer are, where machines said none, and where it is not known (None) of one.
    """
    everyone = tuple(range(len(clips)))
    if None in by_machine or not clips:
        return WhoseWords("unknown", everyone, (), len(set(clips)), 0)
    machines = tuple(i for i in everyone if by_machine[i])
    people = tuple(i for i in everyone if not by_machine[i])
    counts = len({clips[i] for i in people}), len({clips[i] for i in machines})
    if not machines or not people:
        return WhoseWords("people" if people else "machines", everyone, (), *counts)
    if counts[0] >= FEWEST_RECORDINGS:
        return WhoseWords("people", people, machines, *counts)
    return WhoseWords("people and machines", everyone, (), *counts)


def _n(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
