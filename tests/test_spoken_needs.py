"""What machines say beside people's recordings, by how many of those there are."""

from pathlib import Path

import pytest

from mwwkit.corpus.clips import Kind, Label
from mwwkit.corpus.sources import About, FromFile, FromSeed
from mwwkit.corpus.spoken_needs import ENOUGH_OTHERS, ENOUGH_WORDS, needs_of


def given(n, label=Label.NEGATIVE, kind=Kind.CLIP, source="home"):
    about = About(label, kind, "up", "", source, "", "a.wav")
    return [FromFile(about, Path("a.wav"), 1)] * n


@pytest.mark.parametrize(
    ("n_words", "n_others", "n_long", "says"),
    [
        (0, 0, 0, (True, True)),
        (ENOUGH_WORDS - 1, ENOUGH_OTHERS, 1, (True, True)),
        (ENOUGH_WORDS, ENOUGH_OTHERS - 1, 1, (False, True)),
        (ENOUGH_WORDS, ENOUGH_OTHERS, 0, (False, True)),
        (ENOUGH_WORDS, ENOUGH_OTHERS, 1, (False, False)),
    ],
)
def test_machines_say_what_people_said_too_seldom(n_words, n_others, n_long, says):
    inputs = given(n_words, Label.POSITIVE) + given(n_others) + given(n_long, kind=Kind.AMBIENT)
    needs = needs_of(inputs)
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
