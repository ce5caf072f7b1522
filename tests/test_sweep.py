"""`mwwkit sweep`: a run a row, told as they end; killed, it goes on; what is done costs nothing."""

import csv
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mwwkit import __main__ as cli
from mwwkit.cli import sweep_summary, words_table
from mwwkit.cli.sweep import folder_of
from mwwkit.cli.sweeping import Attempts, Sweep
from mwwkit.cli.words_table import Common
from mwwkit.presets import PresetError
from mwwkit.run.session import Limits

COMMON = Common(("01",), "fast_test", (("ROOMS", "2"),))
SMALL = (
    "TTS_POSITIVE=12 TTS_NEGATIVE=6 TTS_HARD_NEGATIVE=2 TTS_AMBIENT_MINUTES=0.1 NOISE_MINUTES=.1"
)


@pytest.fixture
def rows(tmp_path):
    """`rows(text)`: those of a table with that text."""

    def read(text: str, common: Common = COMMON) -> tuple[words_table.Row, ...]:
        path = tmp_path / "words.csv"
        path.write_text(text, encoding="utf-8")
        return words_table.read(path, tmp_path / "runs", common)

    return read


@pytest.mark.parametrize(
    "text",
    [
        'word,seed,tts_spellings\nno,042,"[a, b]"\nmarvin,,\n',
        "\ufeffWord ; SEED ; TTS_SPELLINGS;\r\n\r\n no ;042; [a, b];\r\nmarvin;;\r\n",
        "seed\tword\ttts_spellings\n042\tno\t[a, b]\n\n\tmarvin\n",
    ],
)
def test_a_row_is_given_what_stands_in_it_and_else_what_all_are(rows, text):
    first, second = rows(text)
    [job] = first.jobs
    assert (job.given["WORD"], job.given["SEED"], job.given["ROOMS"]) == ("no", 42, 2)
    assert job.given["TTS_SPELLINGS"] == ["a", "b"] and job.given["TTS_POSITIVE"] == 60
    assert job.given["RUN_DIR"].endswith(f"runs/{first.name}")
    assert second.word == "marvin" and "SEED" not in second.jobs[0].given
    assert (str(first).split(",")[:2], str(second)) == (["no", " seed 042"], "marvin")


def test_a_folder_keeps_its_name_while_other_rows_come_and_go(rows):
    [one] = rows("word,seed\nHey, you,3\n".replace("Hey, you", '"Hey, you"'))
    many = rows('rooms,seed,workers,word\n5,,,up\n,03,2,"Hey, you"\n,,,Ölkännchen/..\n')
    assert many[1].name == one.name and one.name.startswith("hey-you-seed3-")
    assert many[2].name.startswith("ölkännchen-") and "/" not in many[2].name
    assert len({row.name for row in many}) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "words.csv is empty; wanted a line of heads with word"),
        ("word,seed\n", "has no row under its heads; wanted a word in each"),
        ("seed\n1\n", "has no column word; it has seed"),
        ("wrod\nup\n", "has a column 'wrod' that no chosen notebook takes; did you mean WORD?"),
        ("word,steps\nup,5\n", "has a column 'steps' that no chosen notebook takes"),
        ("word,word\nup,up\n", "has the column word twice"),
        ("# mine\nword\nup\n", "has a column '# mine' that no chosen notebook takes; wanted word,"),
        ("w\0ord", "holds a NUL; save it as text in UTF-8"),
        ("word,run_dir\nup,x\n", "has a column run_dir; the option --run-dir holds"),
        ("word,seed\nup,1\n,2\n", "words.csv, line 3: there is no word; wanted the wake word"),
        ("word,seed\nup,1\n\nup,01\n", "line 4: the same as line 2 (up, seed 1); wanted each once"),
        ("word,session_hours\nup,1\nup,2\n", "line 3: the same as line 2"),
        ("word,seed\nup,many\n", "line 2: SEED is 'many'; wanted a whole number, such as 42"),
        ("word,preset\nup,fast\n", "line 2: no preset 'fast'; did you mean fast_test?"),
        ("word,seed\nhey, you,2\n", "line 2: 3 cells under 2 heads; a text with commas wants quo"),
        ('word,seed\n"up,2\n', "line 2: unexpected end of data"),
        (
            "word,previous\nup,/nowhere\n",
            "line 2: PREVIOUS (--previous) names /nowhere, which is no folder",
        ),
        (
            "word,recordings\nup,/nowhere/a\n",
            "line 2: RECORDINGS names /nowhere/a, and there is no",
        ),
    ],
)
def test_a_wrong_table_is_one_line_and_no_work(tmp_path, capsys, text, told):
    path = tmp_path / "words.csv"
    path.write_text(text)
    given = ["--stages", "01", "--preset", "fast_test", "--run-dir", str(tmp_path / "runs")]
    assert cli.main(["sweep", str(path), *given]) == cli.USAGE
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert [path.name for path in tmp_path.iterdir()] == ["words.csv"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path, capsys, encoding):
    path = tmp_path / "words.csv"
    text = "sep=;\r\nword;seed;tts_spellings\r\nhey Küche;3;[a, b]\r\n\r\nup;many;\r\n"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(PresetError, match="line 5: SEED is 'many'"):
        words_table.read(path, tmp_path, COMMON)
    path.write_bytes(text.replace("many", "4").encode(encoding))
    capsys.readouterr()
    first, second = words_table.read(path, tmp_path, COMMON)
    assert (first.word, dict(first.given)["TTS_SPELLINGS"]) == ("hey Küche", "[a, b]")
    assert (second.word, second.line) == ("up", 5)
    assert ("Windows' Western letters" in capsys.readouterr().err) == (encoding == "cp1252")


def test_a_table_that_cannot_be_read_is_told(tmp_path, rows):
    (tmp_path / "other.csv").write_bytes("word\nПривет\n".encode("cp1251"))
    for name, told in [
        ("none.csv", "is not there"),
        ("other.csv", "save it as UTF-8"),
        ("", "is no file"),
    ]:
        with pytest.raises(PresetError, match=told):
            words_table.read(tmp_path / name, tmp_path, COMMON)
    with pytest.raises(PresetError, match="WORD is given as a parameter; wanted it in the table"):
        rows("word\nup\n", Common(("01",), "fast_test", (("WORD", "up"),)))
    with pytest.raises(PresetError, match="takes no parameter ROOM; did you mean ROOMS?"):
        rows("word\nup\n", Common(("01",), "fast_test", (("ROOM", "1"),)))


def test_its_folder_is_beside_the_plain_run_unless_it_was_begun_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MWWKIT_PLATFORM", "local")
    (tmp_path / "run/clips").mkdir(parents=True)  # of a plain run
    assert folder_of("clips") == tmp_path / "run-clips"
    (tmp_path / "run/words/rows").mkdir(parents=True)
    assert folder_of("words") == tmp_path / "run/words"


def test_runs_at_once_share_the_cores_unless_told_otherwise(rows, tmp_path):
    plain, own = rows("word,workers\nup,\nno,7\n")
    sweep = Sweep(tmp_path, (plain, own), COMMON)
    assert not any("WORKERS" in word for word in sweep.words(plain, jobs=1))
    share = max(1, Limits().n_workers // 2)
    assert f"WORKERS={share}" in sweep.words(plain, jobs=2)
    assert "WORKERS=7" in sweep.words(own, jobs=2)


def test_what_was_stopped_is_told_from_what_failed():
    codes = {0: "done", 3: "stopped", 130: "stopped", -2: "stopped", 1: "failed", -9: "failed"}
    assert {c: Attempts("", c, 1.0, 1.0).state for c in codes} == codes


def of_sweep(folder) -> list[psutil.Process]:
    """The processes that work on a row of the sweep in a folder."""
    found = psutil.process_iter(["cmdline"])
    mark = "mwwkit.cli.sweep_child"
    return [p for p in found if mark in (words := p.info["cmdline"] or []) and str(folder) in
            " ".join(words)]  # fmt: skip


def until(holds, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_it_goes_on_and_a_row_that_fails_stops_no_other(tmp_path, capsys):
    pytest.importorskip("espeakng_loader")
    table, folder = tmp_path / "words.csv", tmp_path / "runs"
    table.write_text("word,seed\nmarvin,\nblocked,7\n")
    first, second = words_table.read(table, folder, COMMON)
    folder.mkdir()
    (folder / second.name).write_text("a file, where its run should be")
    given = ["sweep", str(table), "--stages", "01", "--preset", "fast_test", "--run-dir"]
    given += [str(folder), "-p", "ROOMS=2", *SMALL.split()]
    sweep = subprocess.Popen([sys.executable, "-m", "mwwkit", *given], stderr=subprocess.DEVNULL)
    until((folder / first.name / "clips").exists)
    assert cli.main(given) == cli.USAGE
    assert "is in use by another sweep; wait for it, or end it" in capsys.readouterr().err
    sweep.send_signal(signal.SIGKILL)
    sweep.wait()
    until(lambda: not of_sweep(folder), 10.0)
    assert not any((folder / "rows").glob("*"))

    assert cli.main([*given, "--jobs", "2"]) == cli.BAD
    assert "| marvin |" in capsys.readouterr().out
    with open(folder / sweep_summary.NAMES[0], newline="", encoding="utf-8") as file:
        done, failed = csv.DictReader(file)
    assert (done["state"], done["exit_code"], failed["state"]) == ("done", "0", "failed")
    assert float(done["cpu_s"]) > 0 and "cannot be" in failed["told"]
    assert (folder / first.name / "clips/catalogue.csv").is_file()

    began = [os.stat(path).st_mtime_ns for path in sorted((folder / first.name).rglob("*"))]
    table.write_text("word\nmarvin\n")
    assert cli.main([*given, "--json"]) == cli.OK
    assert "1 of 1 rows are done" in capsys.readouterr().err
    assert began == [os.stat(path).st_mtime_ns for path in sorted((folder / first.name).rglob("*"))]
