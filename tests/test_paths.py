from pathlib import Path

import pytest

from mwwkit.run import paths
from mwwkit.run.paths import Run, locations, places, platform, table

COLUMNS = ["name", "kind", "first run", "chained run", "colab", "local", "licence and notes"]


@pytest.fixture
def plain(monkeypatch):
    for name in ("MWWKIT_PLATFORM", "KAGGLE_KERNEL_RUN_TYPE", "COLAB_RELEASE_TAG"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def document(plain, tmp_path):
    """A paths.md of one's own: `document({"noise": {"local": "a<br>b"}})`."""

    def write(rows):
        lines = [COLUMNS, ["---"] * len(COLUMNS)]
        lines += [[name, *(cells.get(c, "-") for c in COLUMNS[1:])] for name, cells in rows.items()]
        text = "# Words\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)
        (tmp_path / "paths.md").write_text(text + "\n## Inside a run\n\n| a | b |\n|--|--|\n")
        plain.setattr(paths, "_document", lambda: tmp_path / "paths.md")

    return write


def test_the_table_has_every_column_filled_in_every_row():
    rows = table()
    assert {"run", "previous", "recordings"} <= set(rows)
    for name, row in rows.items():
        assert list(row) == COLUMNS
        assert all(row.values()), f"{name} has an empty cell; write - for none"


@pytest.mark.parametrize("column", ["first run", "chained run", "colab", "local"])
def test_every_cell_of_every_platform_is_a_list_of_folders(column):
    for name in table():
        for place in places(name, column):
            assert " " not in place.name and "<br" not in str(place) and "`" not in str(place)
            assert place.is_absolute() == (column != "local")
    assert len(places("run", column)) == 1


@pytest.mark.parametrize("column", ["first run", "chained run"])
def test_what_is_attached_on_kaggle_has_an_owner_and_a_name(column):
    for name in table().keys() - {"run"}:
        for place in places(name, column):
            assert place.parts[:3] == ("/", "kaggle", "input")
            assert place.parts[3] in ("datasets", "notebooks")
            assert len(place.parts) >= 6, f"{place} names no owner and no data set"


def test_the_specification_s_folders_are_where_it_says():
    assert places("run", "first run") == [Path("/kaggle/working")]
    assert len(places("dry_speech", "first run")) == 3
    assert "`itorousa/genesis-data-run<N>`" in table()["previous"]["licence and notes"]
    assert places("previous", "first run") == []


def test_in_a_checkouts_notebooks_local_folders_are_those_of_the_checkout(monkeypatch):
    checkout = Path(__file__).parents[1]
    monkeypatch.chdir(checkout / "notebooks")
    assert places("run", "local") == [checkout / "run"]
    assert places("run", "colab")[0].is_absolute()
    monkeypatch.chdir(checkout / "tests")
    assert places("run", "local") == [Path("run")]


def test_a_folder_that_is_there_in_notebooks_stays_the_one_that_is_meant(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "mwwkit/run/paths.py"))
    (tmp_path / "notebooks/run").mkdir(parents=True)
    monkeypatch.setenv("MWWKIT_PATHS", str(Path(__file__).parents[1] / "paths.md"))
    monkeypatch.chdir(tmp_path / "notebooks")
    assert places("run", "local") == [Path("run")]
    assert places("recordings", "local") == [tmp_path / "recordings"]


def test_a_folder_typed_in_a_checkouts_notebook_is_what_the_command_line_means(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "mwwkit/run/paths.py"))
    notebooks = tmp_path / "notebooks"
    (notebooks / "run/old").mkdir(parents=True)
    (tmp_path / "run/first").mkdir(parents=True)
    typed = {"run/mine": "run/mine", "../run/mine": "run/mine", "run/old": "notebooks/run/old"}
    monkeypatch.chdir(notebooks)
    for text, meant in typed.items():
        here = Run.of(text, previous="run/first")
        assert here.folder.resolve() == tmp_path / meant
        assert str(here.folder) in str(here.told) and here.earlier == (tmp_path / "run/first",)
    assert Run.of(str(tmp_path / "else")).folder == tmp_path / "else"
    monkeypatch.chdir(tmp_path)
    assert Run.of("run/mine").folder == tmp_path / "run/mine"


def test_a_name_that_is_not_in_the_table_is_told_which_are():
    with pytest.raises(KeyError, match="no row 'nois'; it has run, kept, previous"):
        places("nois")


def test_a_row_with_a_cell_too_many_is_named(document, tmp_path):
    document({"noise": {"local": "a | b"}})
    with pytest.raises(ValueError, match="the row 'noise' has 8 cells, not 7"):
        table()


def test_the_platform_is_seen_by_its_own_variables_and_can_be_overridden(plain):
    assert platform() == "local"
    plain.setenv("COLAB_RELEASE_TAG", "release-colab_2025")
    assert platform() == "colab"
    plain.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    assert platform() == "kaggle"
    plain.setenv("MWWKIT_PLATFORM", "local")
    assert platform() == "local"
    assert Run.of().folder == Path("run").absolute()
    plain.setenv("MWWKIT_PLATFORM", "kaggle")
    assert Run.of().folder == Path("/kaggle/working")
    plain.setenv("MWWKIT_PLATFORM", "Kaggle")
    with pytest.raises(ValueError, match="'Kaggle'; wanted one of kaggle, colab, local"):
        platform()


def test_only_folders_that_exist_are_given_in_the_order_of_the_cell(document, tmp_path):
    document({"noise": {"local": f"{tmp_path}/b<br>{tmp_path}/none<br>{tmp_path}/a"}})
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert locations("noise") == [tmp_path / "b", tmp_path / "a"]


def test_numbered_folders_come_in_the_order_of_their_numbers(document, tmp_path):
    document({"runs": {"local": f"{tmp_path}/in/run<N>-x"}})
    assert locations("runs") == []
    for name in ("run10-x", "run2-x", "run1-x", "run-x", "runs-x", "run3", "run3b-x", "arun4-x"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in" / "run7-x").write_text("a file, no run")
    assert [p.name for p in locations("runs")] == ["run1-x", "run2-x", "run10-x"]


def test_on_kaggle_the_chained_column_answers_where_the_first_has_nothing(
    document, plain, tmp_path
):
    first, chained = tmp_path / "first", tmp_path / "chained"
    document({"irs": {"first run": str(first), "chained run": str(chained)}})
    chained.mkdir()
    assert locations("irs") == []  # not on a plain machine
    plain.setenv("MWWKIT_PLATFORM", "kaggle")
    assert locations("irs") == [chained]
    first.mkdir()
    assert locations("irs") == [first]


def test_a_placeholder_stands_for_any_one_name_and_numbers_order_within_names(document, tmp_path):
    document({"irs": {"local": f"{tmp_path}/<owner>/irs-<N>/wav"}})
    for name in ("bob/irs-10/wav", "bob/irs-9/wav", "ann/irs-11/wav", "ann/irs-x/wav", "irs-1/wav"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ann" / "irs-12").mkdir()
    found = [str(p.relative_to(tmp_path)) for p in locations("irs")]
    assert found == ["ann/irs-11/wav", "bob/irs-9/wav", "bob/irs-10/wav"]


def test_what_is_mounted_without_its_owner_is_found_too(document, tmp_path):
    document({"words": {"local": f"{tmp_path}/datasets/<owner>/words/a"}})
    (tmp_path / "words/a").mkdir(parents=True)
    assert locations("words") == [tmp_path / "words/a"]
    (tmp_path / "datasets/me/words/a").mkdir(parents=True)
    assert locations("words")[0] == tmp_path / "datasets/me/words/a"


def test_a_table_of_one_s_own_is_taken(plain, document, tmp_path):
    document({"noise": {"local": "elsewhere"}})
    plain.undo()
    plain.setenv("MWWKIT_PATHS", str(tmp_path / "paths.md"))
    plain.setenv("MWWKIT_PLATFORM", "local")
    assert places("noise") == [Path("elsewhere")]


def test_previous_is_a_list_or_one_string_with_commas(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    wanted = (tmp_path / "a", tmp_path / "b")
    assert Run.of(str(tmp_path / "run"), f"{tmp_path}/a, {tmp_path}/b/,").earlier == wanted
    assert Run.of(tmp_path / "run", [str(tmp_path / "a"), tmp_path / "b"]).earlier == wanted
    assert Run.of(tmp_path / "run", "").earlier == ()


def test_an_earlier_run_that_is_not_attached_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="PREVIOUS names .*/none, which is no folder"):
        Run.of(tmp_path / "run", [str(tmp_path / "none")])


@pytest.mark.parametrize("spelling", ["run", "run/", "other/../run", "link"])
def test_a_run_is_not_its_own_earlier_run_however_it_is_spelled(tmp_path, spelling):
    (tmp_path / "run").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with pytest.raises(ValueError, match="which is RUN_DIR itself; take it off"):
        Run.of(tmp_path / "run", f"{tmp_path}/{spelling}")


def test_a_file_is_found_in_this_run_first_then_in_the_newest_earlier_one(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    here = Run(tmp_path / "run", (old, new))
    for folder in (old, new):
        (folder / "clips").mkdir(parents=True)
    (old / "clips/only old").touch()
    for folder in (old, new):
        (folder / "clips/both").touch()
    assert here.find("clips/only old") == old / "clips/only old"
    assert here.find("clips/both") == new / "clips/both"
    (here / "clips").mkdir(parents=True)
    (here / "clips/both").touch()
    assert here.find("clips/both") == here / "clips/both"
    assert [p.parents[1] for p in here.all("clips/both")] == [here.folder, new, old]
    with pytest.raises(FileNotFoundError) as error:
        here.find("clips/none")
    assert all(str(folder) in str(error.value) for folder in (here.folder, old, new))


def test_a_path_is_shown_without_its_dots_unless_a_link_makes_that_another_place(tmp_path):
    for name in ("a", "b/c"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "b/c")
    assert paths.without_dots(f"{tmp_path}/a/../words") == f"{tmp_path}/words"
    assert paths.without_dots(f"{tmp_path}/link/../words") == f"{tmp_path}/link/../words"
    assert paths.without_dots("") == "" and paths.without_dots("own") == "own"
