"""Tables as other programs write them: kinds, paths, separators, encodings; nothing goes unsaid."""

import pytest

from mwwkit.corpus.clips import Kind, Label, Split
from mwwkit.corpus.near_misses import says
from mwwkit.corpus.table_paths import resolved
from mwwkit.corpus.tables import TableMapping, table
from mwwkit.run.errors import WrongInput

WORD = "marvin"


@pytest.fixture
def made(tmp_path):
    """`made(text)` -> a table of it, beside files a/0.wav to a/3.wav, read for the word."""
    (tmp_path / "a").mkdir()
    for i in range(4):
        (tmp_path / f"a/{i}.wav").touch()

    def read(text, word=WORD, encoding="utf-8", mapping=None, **settings):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return table(path, word, mapping or TableMapping(), **settings)

    return read


def sorts(place):
    return [(i.about.label, i.about.kind) for i in place.inputs]


def test_the_kinds_of_our_own_labels_are_taken(made):
    rows = ["a/0.wav,positive,marvin", "a/1.wav,Negative,table", "a/2.wav,hard-negative,"]
    place = made("\n".join(["path,kind,word", *rows, "a/3.wav,positive,"]))
    labels = [i.about.label for i in place.inputs]
    assert labels == [Label.POSITIVE, Label.NEGATIVE, Label.HARD_NEGATIVE, Label.POSITIVE]
    assert place.inputs[3].about.word == WORD and not place.aside


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        *[(kind, (Label.NEGATIVE, Kind.CLIP)) for kind in ("unknown", "other", "wake_word")],
        *[(kind, (Label.NEGATIVE, Kind.AMBIENT)) for kind in ("ambient", "speech", "talk")],
        *[(kind, (Label.NEGATIVE, Kind.NOISE)) for kind in ("noise", "background", "Music")],
        *[(kind, (Label.NEGATIVE, Kind.RIR)) for kind in ("rir", "Impulse Response", "rirs")],
    ],
)
def test_other_trainers_kinds_are_taken(made, kind, found):
    place = made(f"path,kind,word\na/0.wav,wakeword,marvin\na/1.wav,{kind},sheila\n")
    assert sorts(place) == [(Label.POSITIVE, Kind.CLIP), found]


def test_every_row_that_is_not_used_has_its_reason(made):
    rows = ["a/0.wav,keyword,marvin", "a/1.wav,dry,", "a/2.wav,,", "a/3.wav,positive,sheila"]
    place = made("\n".join(["path,kind,word", *rows, "a/1.wav,negative,marvin"]))
    assert [i.about.origin for i in place.inputs] == ["a/0.wav"] and len(place) == 5
    reasons = [row.reason for row in place.aside]
    wanted = ("its kind 'dry' is none of", "has no kind", "its word is 'sheila' and not 'marvin'")
    for reason, part in zip(reasons, (*wanted, "called negative, and its word is"), strict=True):
        assert part in reason


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("path,kind,word\n", r"has a head \(path, kind, word\) and no rows"),
        ("path,kind,word\n,,\n", "and no rows"),
        ("path,word\na/0.wav,marvin\n", r"columns \['path', 'word'\]; wanted also kind"),
        ("file,kind\na/0.wav,positive\n", "wanted also path; rename 'file' to 'path'"),
        ("path,label\na/0.wav,positive\n", "wanted also kind; rename 'label' to 'kind'"),
        (
            "path,kind\na/0.wav,dry\na/1.wav,dry\n",
            r"none of the rows .* 'dry' is none .*\(2 rows\)",
        ),
        ("path,kind\nb/0.wav,positive\n", r"none of the 1 files that .* names is there, .*b/0.wav"),
        ('path,kind\n"a/0.wav,positive\n' + "x" * 140_000, "is no table in CSV that can be read"),
    ],
)
def test_a_table_of_which_nothing_can_be_used_is_an_error_with_its_name(made, text, told):
    with pytest.raises(WrongInput, match=told) as error:
        made(text)
    assert "table.csv" in str(error.value)


HEAD = "path,kind,word,speaker,licence\n"
ROW = 'a/0.wav,positive,marvin,"Bob, jun.",CC0\n'
PLAIN = HEAD + ROW


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",", ";").replace("Bob;", "Bob,"),
        PLAIN.replace(",", "\t").replace("Bob\t", "Bob,"),
        PLAIN.replace(",", "|").replace("Bob|", "Bob,"),
        "sep=;\n" + PLAIN.replace(",", ";").replace("Bob;", "Bob,"),
        PLAIN.replace("\n", "\r\n"),
        "\n" + HEAD.replace("path", " Path ").replace("kind", "KIND") + "\n" + ROW,
        HEAD + ROW.replace('"Bob', '"Bob').replace("CC0", '"of two\nlines"'),
    ],
)
def test_separators_heads_and_ends_of_lines_are_found(made, text):
    [item] = made(text).inputs
    assert (item.about.origin, item.about.speaker) == ("a/0.wav", "Bob, jun.")
    assert item.about.licence in ("CC0", "of two\nlines")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_with_and_without_its_mark(made, encoding):
    [item] = made("path,kind,word\na/0.wav,keyword,schön\n", "schön", encoding).inputs
    assert item.about.label is Label.POSITIVE


def test_windows_letters_are_read_and_told_and_those_of_other_scripts_explained(made):
    place = made("path,kind,word\na/0.wav,keyword,schön\n", "schön", "cp1252")
    assert place.inputs[0].about.word == "schön" and "(cp1252)" in place.notices[0]
    with pytest.raises(WrongInput, match=r"table.csv is not in UTF-8: byte 0xc0 in line 2 .*Excel"):
        made("path,kind,word\na/0.wav,keyword,Алиса\n", "Алиса", "cp1251")


def test_a_comma_too_many_is_told(made):
    place = made("path,kind,seconds\na/0.wav,positive,0,6\na/1.wav,positive,1,\n")
    assert "1 row has more cells than the head, row 2 for one" in place.notices[0]


def test_the_same_word_in_the_other_form_of_its_accents_is_the_word(made):
    [item] = made("path,kind,word\na/0.wav,keyword,cafe\u0301\n", "caf\u00e9").inputs
    assert item.about.label is Label.POSITIVE


def test_a_column_of_splits_is_the_users_own(made):
    rows = ["a/0.wav,positive,train", "a/1.wav,positive,dev", "a/2.wav,positive,exclude"]
    place = made("\n".join(["path,kind,split", *rows, "a/3.wav,positive,maybe"]))
    assert place.splits == {"a/0.wav": Split.TRAIN, "a/1.wav": Split.VAL}
    assert place.left_out == ("a/2.wav: exclude",)
    assert "has 'maybe', which is none of train, validation, test" in place.notices[0]


def test_absolute_paths_are_read_in_every_spelling(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "my clips/ä.wav"
    file.parent.mkdir()
    file.touch()
    here = tmp_path / "tables/index.csv"
    for named in (str(file), f'"{file}"', "~/my clips/ä.wav", file.as_uri(), f"file://{file}"):
        assert resolved(here, named) == (file, ""), named
    with pytest.raises(WrongInput, match="begins with the home of nobody known here"):
        resolved(here, "~nobody-at-all/ä.wav")
    assert resolved(tmp_path / "index.csv", r"my clips\ä.wav") == (file, "")
    assert resolved(tmp_path / "index.csv", "./my clips/../my clips/ä.wav")[0].samefile(file)


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ("D:\\clips\\0.wav", "a drive of Windows"),
        ("c:/clips/0.wav", "a drive of Windows"),
        ("file:///C:/clips/0.wav", "a drive of Windows"),
        ("\\\\nas\\clips\\0.wav", "a share of a Windows network"),
    ],
)
def test_windows_own_paths_are_explained(made, named, what):
    text = f"path,kind\na/0.wav,positive\n{named},positive\n"
    place = made(text)
    assert [row.path for row in place.aside] == [named] and what in place.aside[0].reason
    with pytest.raises(WrongInput, match=rf"none of the rows .* {what}.*\(1 rows\)"):
        made(f"path,kind\n{named},positive\n")


@pytest.mark.parametrize("named", ["../b.wav", "a/../../b.wav", "..\\b.wav"])
def test_a_relative_path_out_of_the_folder_says_how_to_mean_it(made, named):
    with pytest.raises(WrongInput, match="leads out of its folder; if that is meant, write the"):
        made(f"path,kind\n{named},positive\n")


def test_a_linked_folder_beside_the_table_is_the_users_own(made, tmp_path):
    (tmp_path / "linked").symlink_to(tmp_path.parent)
    target = tmp_path.parent / f"{tmp_path.name} elsewhere.wav"
    target.touch()
    [item] = made(f"path,kind\nlinked/{target.name},positive\n").inputs
    assert item.path.samefile(target)


@pytest.mark.parametrize(
    ("word", "other", "same"),
    [
        ("schön", "schon", False),
        ("café", "cafe", False),
        ("かき", "がき", False),
        ("はは", "ぱぱ", False),
        ("कि", "की", False),
        ("kırmızı", "kirmizi", False),
        ("straße", "Strasse", True),
        ("İstanbul", "istanbul", True),
        ("ﾊﾟﾊﾟ", "パパ", True),
        ("שלום", "שָׁלוֹם", True),
        ("שָׁלוֹם", "שִׁלֵּם", False),
        ("مرحبا", "مَرْحَبًا", True),
        ("hey jarvis", "Hey-Jarvis!", True),
        ("cafe\u0301", "caf\u00e9", True),
    ],
)
def test_marks_tell_words_apart_where_they_are_letters_of_their_own(word, other, same):
    assert says(other, word, whole=True) is same
    assert says(f"oh {other} please", word) is same


def test_a_word_that_differs_in_its_marks_alone_is_among_the_negatives(made):
    place = made("path,kind,word\na/0.wav,keyword,schön\na/1.wav,keyword,schon\n", "schön")
    assert [i.about.label for i in place.inputs] == [Label.POSITIVE, Label.NEGATIVE]


def test_a_run_of_older_rules_takes_the_kinds_it_took(made):
    rows = "path,kind,split\na/0.wav,keyword,test\na/1.wav,negative,\n"
    place = made(rows, mapping=TableMapping(positive=("a/0*",)), former=True)
    assert [i.about.origin for i in place.inputs] == ["a/0.wav"] and not place.splits
    assert len(place.aside) == 1
    place = made("path,kind\na/0.wav,noise\na/1.wav,negative\n", former=True)
    assert len(place.inputs) == len(place.aside) == 1
    place = made("path,kind,word\na/0.wav,positive,marvin\n", former=True)
    assert not place.inputs and len(place.aside) == 1  # it went on without, and does
