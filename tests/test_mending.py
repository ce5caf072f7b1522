"""A folder whose files are not what its checkpoint says: a copy made meanwhile, an older fault."""

import shutil

import pytest
from small_run import FEATURES, LIMITS, STANDS, stamps, tree, write_corpus
from varied import seed

from mwwkit.run.checkpoint import Checkpoint, CheckpointError
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.stages import acquire, featurize, train
from mwwkit.training import loop


def settings(words):
    made_up = {"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0}
    made_up |= {"tts_ambient_minutes": 0.0, "noise_minutes": 0.1, "rooms": 2}
    return acquire.Config("wake", recordings="", positive=(str(words),), **made_up)


@pytest.fixture
def words(tmp_path):
    write_corpus(Run(tmp_path / "words"))
    return tmp_path / "words/clips/clip"


def test_units_of_01_that_are_gone_are_made_again(words, tmp_path):
    config, here = settings(words), Run(tmp_path / "run")
    acquire.run(config, here, LIMITS)
    whole, lost = tree(here.folder), sorted(read_json(here / "clips/checkpoint.json")["done"])[0]
    shutil.rmtree(here / "clips" / lost)
    with pytest.warns(UserWarning, match=f"files of 1 finished units of clips are gone .{lost}"):
        acquire.run(config, here, LIMITS)
    assert tree(here.folder) == whole


def test_units_that_an_earlier_run_lost_are_made_here(words, tmp_path):
    config, first = settings(words), Run(tmp_path / "first")
    acquire.run(config, first, LIMITS)
    lost = sorted(read_json(first / "clips/checkpoint.json")["done"])[0]
    whole = tree(first / "clips" / lost)
    shutil.rmtree(first / "clips" / lost)
    here, before = Run(tmp_path / "run", (first.folder,)), stamps(first.folder)
    with pytest.warns(UserWarning, match="are gone"):
        acquire.run(config, here, LIMITS)
    assert tree(here / "clips" / lost) == whole
    assert stamps(first.folder) == before
    acquire.run(config, here, LIMITS)  # and that counts: no warning


def test_a_shard_that_is_gone_is_made_again(tmp_path):
    here = Run(tmp_path / "run")
    write_corpus(here)
    featurize.run(FEATURES, here, LIMITS)
    whole = tree(here.folder)
    shutil.rmtree(here / "features/validation-words/000000")
    with pytest.warns(UserWarning, match="1 finished shards are gone"):
        featurize.run(FEATURES, here, LIMITS)
    assert tree(here.folder) == whole


def test_weights_that_are_gone_are_trained_again_from_there(featured, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", 1)
    config = train.Config(**STANDS | {"steps": 2, "evaluate_every": 1, "seed": seed(42)})
    here = Run(tmp_path / "run", (featured.folder,))
    train.run(config, here, LIMITS)
    whole = tree(here.folder)
    chosen = read_json(here / "training/checkpoint.json")["complete"]["weights"]
    (here / chosen).unlink()
    with pytest.warns(UserWarning, match="units of training are gone"):
        train.run(config, here, LIMITS)
    assert {n: b for n, b in tree(here.folder).items() if n[:7] != "judged/"} == {
        n: b for n, b in whole.items() if n[:7] != "judged/"
    }


def test_a_chain_of_units_is_lost_from_the_first_that_is(tmp_path):
    checkpoint = Checkpoint.resume(Run(tmp_path), "training", {})
    for unit in "abcd":
        checkpoint.finish(unit)
    with pytest.warns(UserWarning, match="2 finished units are gone .c first"):
        checkpoint.mend(lambda unit: unit != "c", "units", "abcdef")
    assert list(checkpoint.done) == ["a", "b"]


def test_a_checkpoint_of_a_newer_version_is_neither_read_nor_written_over(tmp_path):
    here = Run(tmp_path)
    Checkpoint.resume(here, "clips", {"seed": 1}).finish("a")
    path = here / "clips/checkpoint.json"
    write_json(path, read_json(path) | {"layout": 2})
    before = tree(tmp_path)
    with pytest.raises(CheckpointError, match="written by a newer mwwkit: it has layout.*update"):
        Checkpoint.resume(here, "clips", {"seed": 1})
    assert tree(tmp_path) == before


def test_a_setting_of_a_newer_version_is_named_with_both_ways_out(tmp_path):
    here = Run(tmp_path)
    Checkpoint.resume(here, "clips", {"seed": 1, "breath": 0.2}).finish("a")
    told = r"breath \(0.2 then, missing now\).*new RUN_DIR; or update mwwkit: .* not know breath"
    with pytest.raises(CheckpointError, match=told):
        Checkpoint.resume(here, "clips", {"seed": 1})
