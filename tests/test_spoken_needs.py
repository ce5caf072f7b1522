"""What machines say beside people's recordings, by how many of those there are."""

from pathlib import Path

import pytest

from mwwkit.corpus.clips import Kind, Label
from mwwkit.corpus.sources import About, FromFile, FromSeed
from mwwkit.corpus.spoken_needs import ENOUGH_AT_HOME, ENOUGH_OTHERS, ENOUGH_WORDS, needs_of


def given(n, label=Label.NEGATIVE, kind=Kind.CLIP, source="home"):
    about = About(label, kind, "up", "", source, "", "a.wav")
    return [FromFile(about, Path("a.wav"), 1)] * n


@pytest.mark.parametrize(
    ("at_home", "n_words", "n_others", "n_long", "says"),
    [
        (False, 0, 0, 0, (True, True)),
        (False, ENOUGH_WORDS - 1, ENOUGH_OTHERS, 1, (True, True)),
        (False, ENOUGH_WORDS, ENOUGH_OTHERS - 1, 1, (False, True)),
        (False, ENOUGH_WORDS, ENOUGH_OTHERS, 0, (False, True)),
        (False, ENOUGH_WORDS, ENOUGH_OTHERS, 1, (False, False)),
        (True, ENOUGH_AT_HOME - 1, ENOUGH_OTHERS, 1, (True, True)),
        (True, ENOUGH_AT_HOME, ENOUGH_OTHERS, 1, (False, False)),
        (True, ENOUGH_AT_HOME, ENOUGH_OTHERS - 1, 1, (True, True)),
        (True, ENOUGH_AT_HOME, ENOUGH_OTHERS, 0, (True, True)),
        (True, ENOUGH_WORDS, 0, 0, (False, True)),
    ],
)
def test_machines_say_what_people_said_too_seldom(at_home, n_words, n_others, n_long, says):
    inputs = given(n_words, Label.POSITIVE) + given(n_others) + given(n_long, kind=Kind.AMBIENT)
    needs = needs_of(inputs, at_home=at_home)
    assert (needs.words, needs.others) == says
    assert ("machines do not say the word" in str(needs)) == (not needs.words)
    assert f"{n_words} " in str(needs).replace(",", "")


def test_what_is_made_up_is_nobodys_recording():
    about = About(Label.NEGATIVE, Kind.NOISE, "", "", "made", "", "noise 1")
    assert needs_of([FromSeed(about, 1, 1, 60.0)]).n_long == 0
    assert needs_of(given(3, kind=Kind.RIR) + given(2, kind=Kind.NOISE)).n_others == 0


def test_what_a_table_says_a_machine_spoke_is_nobodys_recording():
    spoken = given(ENOUGH_WORDS, Label.POSITIVE, source="piper") + given(3, source="espeak-ng")
    needs = needs_of(spoken + given(2, Label.POSITIVE))
    assert (needs.n_words, needs.n_others, needs.words) == (2, 0, True)


def test_that_twenty_would_be_enough_is_said_where_other_words_lack():
    few = given(ENOUGH_AT_HOME, Label.POSITIVE) + given(7)
    told = str(needs_of(few, at_home=True))
    assert "20, and 100 are enough to do without (20 beside 500 clips" in told
    assert "here 7 and 0" in told and "(" not in str(needs_of(few))
