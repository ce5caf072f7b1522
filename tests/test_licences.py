"""May it be shipped commercially: the least free source decides, and what is not known is said."""

import pytest

from mwwkit.corpus.noise_and_rooms import LICENCE
from mwwkit.corpus.piper import Piper
from mwwkit.corpus.speech import Espeak
from mwwkit.report.licences import CREDIT, NO, UNKNOWN, YES, of_data, of_text
from mwwkit.report.origins import Data, Source


@pytest.mark.parametrize(
    ("licence", "answer"),
    [
        ("CC0-1.0", YES),
        ("CC0", YES),
        ("Public domain", YES),
        (LICENCE, YES),
        ("CC-BY-4.0 (Google Speech Commands; not stated in this repo)", CREDIT),
        ("CC-BY", CREDIT),
        ("CC BY 4.0", CREDIT),
        ("CC-BY-SA-4.0", CREDIT),
        ("MIT (repo LICENSE)", CREDIT),
        ("Apache-2.0 (repo); from Freesound", CREDIT),
        ("CC-BY-NC-4.0", NO),
        ("CC BY-NC-SA 3.0", NO),
        ("cc_by_nc_4.0", NO),
        ("for research use only", NO),
        ("non-commercial", NO),
        ("Attribution-Non Commercial 4.0", NO),
        ("CC BY 4.0, not for commercial use", NO),
        ("Attribution; for research purposes only", NO),
        ("CC-BY-ND-4.0", UNKNOWN),
        ("Attribution-No-Derivs", UNKNOWN),
        ("unlicensed", UNKNOWN),
        ("GPL-3.0", UNKNOWN),
        ("all rights reserved", UNKNOWN),
        ("", UNKNOWN),
        ("  ", UNKNOWN),
    ],
)
def test_a_licence_comes_to(licence, answer):
    assert of_text(licence)[0] == answer


def test_voices_that_mwwkit_can_speak_with_are_judged_too():
    assert of_text(Espeak.licence)[0] == YES
    assert of_text(Piper.licence)[0] == UNKNOWN


@pytest.mark.parametrize("licence", ["CC BY SA 4.0", "cc_by_sa_4.0", "Attribution Share Alike"])
def test_a_licence_that_asks_for_the_same_licence_says_so(licence):
    assert "same licence" in of_text(licence)[1]


def source(name, *licences):
    return Source(name, False, licences, 1, 0.1, 1, 1, ())


def of(*sources):
    return of_data(Data(sources, ()))


def test_the_least_free_source_decides_and_is_named():
    free, credit, forbidden = source("a", "CC0"), source("b", "MIT"), source("c", "CC-BY-NC-4.0")
    assert of(free).answer == YES
    found = of(free, credit)
    assert found.answer == CREDIT and "licences: b." in found.sentences[0]
    found = of(free, credit, source("d", "CC0", ""))
    assert found.answer == UNKNOWN and "licence you have d," in found.sentences[0]
    found = of(forbidden, free, credit)
    assert found.answer == NO and "again without c." in found.sentences[0]
    assert [row.source for row in found.sources] == ["c", "a", "b"]
    assert "no legal advice" in found.sentences[-1]


def test_without_a_catalogue_nothing_is_known():
    assert of_data(None).answer == UNKNOWN
