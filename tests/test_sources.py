from pathlib import Path

import pytest

from mwwkit.corpus.clips import Kind, Label, Split
from mwwkit.corpus.recording_folders import read_folders
from mwwkit.corpus.sources import fingerprint, folder
from mwwkit.corpus.tables import TableMapping, given_splits, table
from mwwkit.run.errors import WrongInput

HEAD = "path,kind,word,source,speaker,seconds,sample_rate,licence\n"
ROWS = [
    "a/1.flac,keyword,computer,set one,ann,1,16000,CC0",
    "a/2.flac,keyword,Hey Computer,set one,,1,16000,CC0",
    "b/3.flac,keyword,alexa,set two,,1,16000,CC0",
    "b/4.flac,keyword,commuter,set two,,1,16000,CC0",
    "c/5.flac,speech,,set two,bob,1,16000,CC0",
    "d/6.flac,noise,,set two,,1,16000,CC0",
    "e/7.flac,rir,,set two,,1,16000,CC0",
    "f/8.flac,dry_speech_48k,,set two,,1,48000,CC0",
]


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index.csv"
    path.write_text(HEAD + "\n".join(ROWS) + "\n")
    for row in ROWS:
        (tmp_path / row.split(",")[0]).parent.mkdir(exist_ok=True)
        (tmp_path / row.split(",")[0]).touch()
    return path


def mapping(**settings):
    return TableMapping(**({"positive": ("computer",), "exclude": ("Hey Computer",)} | settings))


def test_rows_become_inputs_by_kind_and_word(index):
    rows = table(index, "computer", mapping(hard_negative=("comm*", "commuter")[1:]))
    found = [(i.about.origin[0], i.about.kind, i.about.label) for i in rows.inputs]
    assert found == [
        ("a", Kind.CLIP, Label.POSITIVE),
        ("b", Kind.CLIP, Label.NEGATIVE),
        ("b", Kind.CLIP, Label.HARD_NEGATIVE),
        ("c", Kind.AMBIENT, Label.NEGATIVE),
        ("d", Kind.NOISE, Label.NEGATIVE),
        ("e", Kind.RIR, Label.NEGATIVE),
    ]
    assert rows.left_out == ("a/2.flac: excluded",)
    [unused] = rows.aside
    assert unused.path == "f/8.flac" and "kind 'dry_speech_48k' is none of" in unused.reason
    assert len(rows) == len(ROWS)
    assert rows.inputs[0].about.speaker == "ann" and rows.inputs[0].about.source == "set one"


def test_rows_are_also_chosen_by_patterns_of_their_paths(index):
    rows = table(index, "computer", mapping(exclude=("a/2*", "b/*", "f/*")))
    assert [i.about.origin for i in rows.inputs] == ["a/1.flac", "c/5.flac", "d/6.flac", "e/7.flac"]
    assert [line.rpartition(": ")[2] for line in rows.left_out] == ["excluded"] * 4
    assert not rows.aside


def test_a_negative_whose_word_holds_the_wake_word_is_refused(index):
    with pytest.raises(WrongInput, match="a/2.flac of the word 'Hey Computer', which holds"):
        table(index, "computer", mapping(exclude=()))


def test_a_pattern_that_matches_nothing_is_refused(index):
    with pytest.raises(WrongInput, match="'komputer' matches no word and no path"):
        table(index, "computer", mapping(positive=("komputer",)))


def test_a_path_that_leads_out_of_its_folder_is_refused(index):
    index.write_text(HEAD + "../secret.wav,keyword,computer,,,,,\n")
    with pytest.raises(WrongInput, match="leads out of its folder"):
        table(index, "computer", mapping(exclude=()))


def test_a_table_that_is_missing_or_lacks_a_column_says_what_it_found(tmp_path, index):
    with pytest.raises(
        WrongInput, match="TABLE names .*gone.csv, and there is no such file; wanted a table in CSV"
    ):
        table(tmp_path / "gone.csv", "computer", mapping())
    index.write_text("file,kind\na,b\n")
    with pytest.raises(WrongInput, match=r"columns \['file', 'kind'\]; wanted also path"):
        table(index, "computer", mapping())


def test_a_folder_in_a_folder_is_a_speaker(tmp_path):
    for name in ("positive/ann b/1.wav", "positive/ann b/x/2.wav", "positive/3.WAV"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    inputs = folder(tmp_path / "positive", "positive", "hey you").inputs
    assert [(i.about.origin, i.about.speaker) for i in inputs] == [
        ("positive/3.WAV", ""),
        ("positive/ann b/1.wav", "ann b"),
        ("positive/ann b/x/2.wav", "ann b"),
    ]
    assert {i.about.word for i in inputs} == {"hey you"}


def test_a_source_has_one_name_from_within_its_folder_and_by_its_whole_path(tmp_path, monkeypatch):
    (tmp_path / "mine/positive/ann").mkdir(parents=True)
    (tmp_path / "mine/positive/ann/1.wav").touch()
    monkeypatch.chdir(tmp_path / "mine")
    here, whole = (read_folders([root], [], "hey") for root in (Path("."), tmp_path / "mine"))
    assert [place.name for place in here] == [place.name for place in whole]
    assert here[0].name == "mine/positive"
    assert fingerprint(here[0].inputs) == fingerprint(whole[0].inputs)


def test_a_missing_folder_and_one_without_audio_say_what_to_do(tmp_path):
    with pytest.raises(WrongInput, match="RIRS names .*gone, and there is no such folder"):
        folder(tmp_path / "gone", "rirs", "x")
    with pytest.raises(WrongInput, match="has no audio in it: found nothing; wanted WAV"):
        folder(tmp_path, "rirs", "x")
    (tmp_path / "a.txt").touch()
    with pytest.raises(WrongInput, match="found 1 .txt"):
        folder(tmp_path, "rirs", "x")


def test_given_splits_are_read_by_path_and_wrong_ones_refused(tmp_path, index):
    inputs = table(index, "computer", mapping()).inputs
    path = tmp_path / "splits.csv"
    path.write_text("path,split\na/1.flac,test\nb/3.flac,train\nb/4.flac,exclude\n")
    assert given_splits(path, inputs) == (
        {"a/1.flac": Split.TEST, "b/3.flac": Split.TRAIN},
        {"b/4.flac"},
    )
    path.write_text("path,split\na/1.flac,dev\nb/3.flac,Training\n")
    assert given_splits(path, inputs)[0] == {"a/1.flac": Split.VAL, "b/3.flac": Split.TRAIN}
    path.write_text("path,split\na/1.flac,later\n")
    with pytest.raises(WrongInput, match="'later'; wanted train, validation, test, exclude"):
        given_splits(path, inputs)
    path.write_text("path,split\na/99.flac,test\n")
    with pytest.raises(WrongInput, match="a/99.flac, which is none of the 6 inputs"):
        given_splits(path, inputs)


def test_a_fingerprint_changes_with_the_files_and_not_with_where_they_are_mounted(tmp_path):
    def made(root, size):
        (tmp_path / root / "positive").mkdir(parents=True, exist_ok=True)
        (tmp_path / root / "positive/1.wav").write_bytes(bytes(size))
        return fingerprint(folder(tmp_path / root / "positive", "positive", "x").inputs)

    assert made("a/set", 10) == made("b/set", 10) != made("b/set", 11)
