"""The commands that measure: what they print, and what they refuse in one line."""

import json
import shlex
from dataclasses import replace

import pytest
from small_run import write_corpus

from mwwkit import __main__ as cli
from mwwkit.cli import ablation
from mwwkit.cli.command import read
from mwwkit.cli.run import RUN
from mwwkit.corpus.clips import CATALOGUE, load_clips, write_catalogue
from mwwkit.corpus.sources import About, FromFile
from mwwkit.corpus.tables import given_splits
from mwwkit.evaluation import domain_shift
from mwwkit.metrics.rates import Rate
from mwwkit.run.paths import Run
from mwwkit.run.settings import RunSettings, keep

RECALL = domain_shift.OfUnits(9, 10, 0.9, 0.55, 0.998, units=10)
ROW = domain_shift.Row("clean", "clean", "people", RECALL, Rate(0, 0), None)


def test_folds_are_written_for_every_run_with_the_command_to_make_it(tmp_path, capsys):
    here = Run(tmp_path / "one")
    write_corpus(here)
    to = tmp_path / "folds of mine"
    assert cli.main(["folds", str(here.folder), "--k", "4", "--to", str(to)]) == cli.OK
    told = capsys.readouterr().out
    assert shlex.quote(f"GIVEN_SPLITS={to}/fold-4.csv") in told and "12 positive" in told  # of 48
    inputs = [
        FromFile(About(r.label, r.kind, r.word, r.speaker, r.source, "", r.origin), tmp_path, 1)
        for r in load_clips(here)
    ]
    assert len(given_splits(to / "fold-1.csv", inputs)[0]) == len(
        {r.origin for r in load_clips(here)}
    )


def catalogued(folder, n_speakers):
    """A run after 01 with a file for each clip, of so many speakers in turn."""
    here = Run(folder)
    write_corpus(here)
    records = [
        replace(r, speaker=f"s{i % n_speakers}", origin=r.path)
        for i, r in enumerate(load_clips(here))
    ]
    write_catalogue(here / CATALOGUE, records)
    return here


def test_a_table_is_written_for_each_speaker_with_the_command_to_run_without_them(tmp_path, capsys):
    here = catalogued(tmp_path / "one", 4)
    to = tmp_path / "by speaker"
    call = ["folds", str(here.folder), "--by-speaker", "--to", str(to)]
    own = {"recordings": str(tmp_path / "my words"), "negative": ["/a,b", "/c"]}
    keep(here, RunSettings("hey cat", preset="fast_test", languages=("de",), **own))
    assert cli.main(call) == cli.OK
    told = capsys.readouterr().out
    table = to / "without-1-s0.csv"
    assert len(list(to.iterdir())) == 2  # of the four two say the word
    assert "without s0: tests" in told and "24 positive" in told
    [line] = [line for line in told.splitlines() if line.endswith("run/without-1-s0")]
    command = read(RUN, shlex.split(line)[2:])
    assert (command.run_dir, command.preset) == (f"run/{table.stem}", "fast_test")
    given = dict(command.parameter)
    assert given.pop("NEGATIVE") == '["/a,b", "/c"]' and given.pop("LANGUAGES") == '["de"]'
    places = {"RECORDINGS": own["recordings"], "GIVEN_SPLITS": str(table)}
    assert given == {"WORD": "hey cat", **places}
    assert told.startswith("Each command has the word, the preset and the recordings")
    assert "Each run's card says how a stranger is heard" in told


def test_folds_of_few_speakers_say_that_a_voice_may_be_on_both_sides(tmp_path, capsys):
    here = catalogued(tmp_path / "one", 3)
    told = "3 speakers are too few to keep apart, so a voice may be on both sides"
    for more, expected in ((["--k", "4"], True), (["--by-speaker"], False)):
        assert cli.main(["folds", str(here.folder), "--to", str(tmp_path), *more]) == cli.OK
        assert (told in capsys.readouterr().out) == expected


def test_the_shift_suite_is_a_table_or_json(tmp_path, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(domain_shift, "measure", lambda *a: asked.append(a) or [ROW])
    call = ["shift", str(tmp_path), "--clips", "7", "--tta", "--workers", "3"]
    assert cli.main(call) == cli.OK
    assert (
        "clean" in (told := capsys.readouterr().out) and "9 of 10: 90.0 % (55.0 to 99.8 %)" in told
    )
    assert asked == [(Run(tmp_path), 3, 7, True)]
    assert cli.main([*call, "--json"]) == cli.OK
    assert json.loads(capsys.readouterr().out) == [
        {
            **{"shift": "clean", "family": "clean", "words_of": "people", "median_latency_s": None},
            "recall": {"count": 9, "of": 10, "units": 10, "value": 0.9, "low": 0.55, "high": 0.998},
            "other_clips_accepted": {"count": 0, "of": 0},
        }
    ]


def test_an_ablation_keeps_its_rows_as_they_come_and_ends_with_one_table(
    tmp_path, capsys, monkeypatch
):
    rows = [ablation.Row("baseline", failed="05_export failed: nothing")]
    made = []
    monkeypatch.setattr(ablation.Ablation, "__post_init__", lambda self: made.append(self))
    monkeypatch.setattr(ablation.Ablation, "rows", lambda self, show: iter(rows))
    call = ["ablate", "--run-dir", str(tmp_path), "--preset", "fast_test", "--flags", "no_rir"]
    assert cli.main([*call, "--seeds", "1", "2", "-p", "WORD=up"]) == cli.BAD
    assert "| baseline | 05_export failed: nothing" in capsys.readouterr().out
    told = [{"flag": "baseline", "failed": "05_export failed: nothing"}]
    assert json.loads((tmp_path / "ablation.json").read_text()) == told
    (study,) = made
    assert (study.flags, study.seeds, study.given) == (("no_rir",), (1, 2), {"WORD": "up"})


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (["shift", "nowhere"], "is no folder"),
        (["shift", ".", "--clips", "0"], "--clips is 0; wanted 1 or more"),
        (["folds", "nowhere"], "is no folder"),
        (["ablate", "--previous", "a", "b"], "wanted one finished run of 01"),
        (["folds", "r", "-p", "STEPS=1"], "go with --run"),
        (["folds", "r", "--json"], "go with --run"),
        (["ablate", "--preset", "fast_test", "--flags", "no_rirs"], "did you mean no_rir?"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(call, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(call) == cli.USAGE
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert told in line
