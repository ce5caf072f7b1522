"""May a model be shipped commercially? Read off the licences that its data came with.

    found = of_data(origins.data(run))
    print(found.headline, *found.sentences)

It reads what was stated, no more: a wrong licence in a table is a wrong answer here. Whether a
model is an adaptation of what it learnt from is not settled in law, so the careful reading is
taken: every licence counts as if it were.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from mwwkit.report.origins import Data
from mwwkit.run.typed_json import Text, says

YES, CREDIT, UNKNOWN, NO = "yes", "with credit", "not known", "no"
ORDER = (YES, CREDIT, UNKNOWN, NO)  # the whole is as free as its least free source
HEADLINES = {
    YES: "Yes: every source allows it, and asks for nothing",
    CREDIT: "Yes, if you name the sources that ask for it",
    UNKNOWN: "Not before you have looked up what is not stated",
    NO: "No: a source forbids it",
}

# The first that fits counts: what a licence's text holds, with a "-" for each "_" and space, what
# it comes to, and why.
_RULES = (
    (
        r"\bNC\b|non-?commercial|\bno(t-for)?-commercial-use|research-((use|purposes?)-)?only"
        r"|academic(?!-free)",
        NO,
        "forbids commercial use",
    ),
    (
        r"fine-?tuned-from",
        UNKNOWN,
        "is of the last data that it learnt from; look up what it was fine-tuned from",
    ),
    (r"none-claimed|made-by-mwwkit", YES, "nobody claims rights in it"),
    (r"\bCC0\b|public-domain|\bPDDL\b|\bunlicense\b", YES, "all rights are given up"),
    (r"\bND\b|no-?deriv", UNKNOWN, "allows no adaptations; whether a model is one is not settled"),
    (
        r"\bBY-SA\b|share-?alike|\bODbL\b",
        CREDIT,
        "asks for credit, and for the same licence where a model counts as an adaptation",
    ),
    (r"\bCC-?BY\b|\bODC-BY\b|attribution", CREDIT, "asks for credit"),
    (r"\bMIT\b|apache|\bBSD\b|\bISC\b", CREDIT, "asks to keep its notice"),
    (r"GPL", UNKNOWN, "is made for programs; ask whoever published the sound"),
)


def of_text(licence: str) -> tuple[str, str]:
    """What one licence's text comes to (YES, CREDIT, UNKNOWN or NO), and why."""
    if not licence.strip():
        return UNKNOWN, "no licence is stated; your own recordings are yours, others' are not"
    joined = re.sub(r"[\s_-]+", "-", licence)
    for pattern, answer, why in _RULES:
        if re.search(pattern, joined, re.IGNORECASE):
            return answer, why
    return UNKNOWN, "is not one that mwwkit knows; read it"


Answer = Literal["yes", "with credit", "not known", "no"]


@dataclass(frozen=True)
class LicenceOf:
    """A licence of a source, what it comes to, and why."""

    source: str
    licence: str
    answer: Answer
    why: Text


@dataclass(frozen=True)
class Licence:
    """May the model be shipped commercially, and why: read off the licences as stated."""

    answer: Answer
    headline: Text
    sentences: Annotated[tuple[Text, ...], says(minItems=1)]
    sources: tuple[LicenceOf, ...]


def of_data(data: Data | None) -> Licence:
    """An answer for the whole and for each source's licence; without data nothing is known."""
    if not data:
        reason = "The catalogue of clips was not at hand, so nothing is known of their licences."
        return Licence(UNKNOWN, HEADLINES[UNKNOWN], (reason,), ())
    rows = tuple(
        LicenceOf(source.source, licence, *of_text(licence))
        for source in data.sources
        for licence in source.licences
    )
    whole = max((row.answer for row in rows), key=ORDER.index)
    sentences = []
    for answer in reversed(ORDER[1:]):
        named = sorted({row.source for row in rows if row.answer == answer})
        if named:
            sentences.append(_SENTENCES[answer].format(", ".join(named)))
    sentences.append(
        "This is read off the licences as they were stated, and is no legal advice. mwwkit itself "
        "(Apache-2.0) asks nothing of what it makes."
    )
    return Licence(whole, HEADLINES[whole], tuple(sentences), rows)


_SENTENCES = {
    NO: "To ship it commercially, train again without {}.",
    UNKNOWN: "Find out under what licence you have {}, and write it into the table of 01.",
    CREDIT: "Name these where you publish it, with their licences: {}.",
}
