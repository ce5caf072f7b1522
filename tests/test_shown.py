"""What plans and results show: sentences and tables, the same as text and as HTML."""

import pytest

from mwwkit.run.quantities import (
    as_sentence,
    how_it_stands,
    how_long,
    how_many,
    how_much,
    made_now,
    span,
)
from mwwkit.run.shown import WIDTH, Facts, Heading, Sentence, Table


def test_facts_show_their_blocks_and_stay_a_dictionary():
    table = Table([("train", "5,000"), ("test", "40")], ("set", "scenes"))
    facts = Facts({"left": 2}, "2 of 28 shards are left.", table, "", Table([]), "That is all.")
    lines = ["2 of 28 shards are left.", "", "set     scenes", "train    5,000", "test        40"]
    assert repr(facts).splitlines() == [*lines, "", "That is all."]
    assert facts["left"] == 2 and dict(facts) == {"left": 2} and "{" not in repr(facts)


def test_html_escapes_what_it_shows_and_has_heads():
    shown = Facts({}, "a < b", Table([("x<y", "1")], ("name", "n")))._repr_html_()
    assert "a &lt; b" in shown and "x&lt;y" in shown
    assert shown.count("<th ") == 2 and shown.count("<td ") == 2
    assert Sentence("a < b")._repr_html_() == '<p style="max-width:60em">a &lt; b</p>'
    assert repr(Sentence("no quotes")) == "no quotes"
    assert "<b>a &lt; b</b>" in Facts({}, Heading("a < b"))._repr_html_()


def test_long_texts_are_folded_and_paths_are_not_cut():
    path = "/a/very-long-folder/" + "x" * 120
    facts = Facts({}, "word " * 60, Table([("name", "much to say " * 20)]), f"It is in {path} now.")
    told = repr(facts).splitlines()
    assert all(len(line) <= WIDTH for line in told if path not in line)
    assert any(path in line for line in told)
    folded = [line for line in told if "much to say" in line]
    assert len(folded) > 2 and all(line.startswith("       ") for line in folded[1:])


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (48, "48 s"), (100, "1.7 min"), (1500, "25 min"), (9000, "2.5 h")],
)
def test_times_are_told_in_the_unit_that_fits(seconds, told):
    assert how_long(seconds) == told


def test_amounts_are_told_as_people_say_them():
    assert [how_much(n) for n in (12_480, 331e6, 1.24e9)] == ["12 kB", "331 MB", "1.2 GB"]
    counts = [how_many(n, "clip") for n in (0, 1, 1020)]
    assert counts == ["no clips", "1 clip", "1,020 clips"]
    assert as_sentence("cpu; no GPU is used") == "Cpu; no GPU is used."
    for told in (
        "mywords/negative: 4 known speakers.",
        "my words/negative: two.",
        "own/ is left.",
        "a.csv: 1 row.",
    ):
        assert as_sentence(told) == told
    assert as_sentence("long talk in ambient/: none") == "Long talk in ambient/: none."


@pytest.mark.parametrize(
    ("hours", "told"),
    [(0.0039, "14 s"), (0.0474, "2.8 min"), (0.1, "0.10 h"), (2.4, "2.40 h"), (0.0, "0.00 h")],
)
def test_a_span_of_sound_has_digits_however_short(hours, told):
    assert span(hours) == told


def test_what_is_done_and_left_is_told_in_a_sentence():
    assert how_it_stands(0, 28, "shard", "about 2 min") == "28 shards are to be made: about 2 min."
    assert how_it_stands(8, 20, "shard") == "20 of 28 shards are left."
    assert how_it_stands(28, 0, "shard", "x") == "All 28 shards are done: nothing is left to make."
    assert made_now(28, "shard") == "28 shards made now"
    assert made_now(0, "step", "trained") == "Nothing was left to make"
