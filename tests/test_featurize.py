import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_run
from forking import start
from small_run import tree

from mwwkit.audio.endpoints import Span
from mwwkit.corpus.clips import CATALOGUE, load_clips
from mwwkit.previews import augmentation_ab
from mwwkit.run.checkpoint import Checkpoint, CheckpointError, finished
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, StoppedEarly
from mwwkit.scenes import materials
from mwwkit.scenes.scene_drawing import Word
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import featurize

CONFIG = featurize.Config(scenes=10, scene_seconds=3.0)
ONE = Limits(workers=1)
SMALL_SHARDS_S = 15.0  # instead of half an hour: 13 units of a few scenes each


def corpus(folder: Path, **changed: int) -> Run:
    here = Run(folder)
    tiny_run.make(here, tiny_run.PER_SPLIT | changed)
    return here


def beginning(folder: Path, clips: Run, *earlier: Path) -> Run:
    """A run that has 01's clips and nothing of 02."""
    shutil.copytree(clips / "clips", folder / "clips")
    return Run(folder, earlier)


def times(here: Run, pattern: str = "**/*") -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in here.folder.glob(pattern)}


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(featurize, "SHARD_SECONDS", SMALL_SHARDS_S)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, clips):
    """A run of 02 in one go, by one worker."""
    here = beginning(tmp_path_factory.mktemp("whole") / "run", clips)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(featurize, "SHARD_SECONDS", SMALL_SHARDS_S)
        featurize.run(CONFIG, here, ONE)
    return here


def test_every_set_is_made_and_has_the_features_it_should(whole):
    hours = featurize.check(whole)
    assert set(hours) == {
        *("train", "train-ambient", "validation-words", "validation-others"),
        *("validation-ambient", "test-words", "test-others", "test-ambient"),
    }
    train = FeatureSet.open(whole, "train")
    assert train.store.n_frames.tolist() == [298] * 10
    words = FeatureSet.open(whole, "validation-words")
    assert len(words) == 3 * len(CONFIG.conditions)
    for (end_s,) in words.ends_s:  # the word was found in its clip, one second into the scene
        assert end_s == pytest.approx(1 + tiny_run.WORD_S[1], abs=0.03)
    others = FeatureSet.open(whole, "validation-others")
    assert len(others) == 7 and not any(others.ends_s)
    ambient = FeatureSet.open(whole, "train-ambient")
    assert ambient.hours == pytest.approx(12 / 3600, abs=0.05 / 3600)
    assert len(finished(whole, "features")) == 13


def test_no_clip_of_another_split_is_in_a_set(whole):
    for name in featurize.check(whole):
        text = json.dumps(list(FeatureSet.open(whole, name).scenes))
        for other in {"train", "validation", "test"} - {name.split("-")[0]}:
            assert f"/{other}-" not in text


def test_statistics_are_of_the_training_scenes_alone(whole):
    frames = [FeatureSet.open(whole, "train").store[n] for n in range(10)]
    values = (np.concatenate(frames).astype(float) + 128) * 26 / 255
    statistics = read_json(whole / "features/statistics.json")
    np.testing.assert_allclose(statistics["mean"], values.mean(axis=0))
    np.testing.assert_allclose(statistics["deviation"], values.std(axis=0))


def test_two_workers_make_the_same_tree_as_one_byte_for_byte(small_shards, tmp_path, clips, whole):
    here = beginning(tmp_path / "run", clips)
    featurize.run(CONFIG, here, Limits(workers=2))
    assert tree(here / "features") == tree(whole / "features")


def child(folder, workers, dies_after=""):
    """A session of 02, which kills itself when a file or folder of that name has its place."""
    featurize.SHARD_SECONDS = SMALL_SHARDS_S
    replace = os.replace

    def killing_replace(part, path):
        replace(part, path)
        if os.path.basename(path) == dies_after:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = killing_replace
    featurize.run(CONFIG, Run.of(str(folder)), Limits(workers=workers))


def sealed(here):
    return times(here, "features/[!.]*/[!.]*/unit.json")


def test_killed_at_any_moment_and_resumed_it_equals_a_run_in_one_go(
    small_shards, tmp_path, clips, whole
):
    """At most one unit a worker is made again a kill; what was sealed is not touched."""
    here = beginning(tmp_path / "run", clips)
    moments = np.random.default_rng(1)  # which units; the kernel's scheduler draws the rest
    for turn, workers in enumerate([1, 2, 1, 2]):
        before = sealed(here)
        process = start(child, here.folder, workers)
        until = len(before) + int(moments.integers(1, 3))
        while len(sealed(here)) < until:
            assert process.is_alive()
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.join()
        wait_for_quiet(here)
        assert before.items() <= sealed(here).items()
        halves = [path for path in here.folder.glob("features/*/.part-*") if path.is_dir()]
        assert len(halves) <= workers
        assert len(sealed(here)) < len(finished(whole, "features")), f"kill {turn} came too late"
    before = sealed(here)
    featurize.run(CONFIG, here, ONE)
    assert before.items() <= sealed(here).items()
    assert tree(here / "features") == tree(whole / "features")


def wait_for_quiet(here):
    """Until the killed session's workers have seen that they are orphans."""
    seen = None
    while seen != (seen := [name for *_, names in os.walk(here.folder) for name in names]):
        time.sleep(0.3)


def test_killed_at_every_kind_of_write_it_resumes_to_the_same_files(
    small_shards, tmp_path, clips, whole
):
    here = beginning(tmp_path / "run", clips)
    for name in ("word_spans.json", "000005", "checkpoint.previous.json", "statistics.json"):
        killed = start(child, here.folder, 1, name)
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
    featurize.run(CONFIG, here, ONE)
    assert tree(here / "features") == tree(whole / "features")


def test_a_second_run_makes_nothing_and_changes_no_file(small_shards, whole):
    before = times(whole)
    assert featurize.run(CONFIG, whole, Limits(workers=2))["shards made now"] == 0
    plan = featurize.plan(CONFIG, whole, ONE)
    featurize.check(whole)
    assert plan["shards left"] == 0 and plan["GB left to write"] < 0.001
    assert times(whole) == before


def test_cut_in_two_with_the_first_half_read_only_it_makes_the_same(
    small_shards, tmp_path, clips, whole
):
    first = beginning(tmp_path / "first", clips)
    with pytest.raises(StoppedEarly, match="disk budget"):
        featurize.run(CONFIG, first, small_budget(first, units=7))
    assert 3 < len(sealed(first)) < 11
    os.system(f"chmod -R a-w {first.folder}")  # root writes all the same: times are compared too
    before = times(first)
    second = Run(tmp_path / "second", (first.folder,))
    plan = featurize.plan(CONFIG, second, ONE)
    assert plan["shards done"] == len(sealed(first))
    made = featurize.run(CONFIG, second, ONE)
    assert made["shards made now"] == plan["shards left"]
    assert times(first) == before
    assert not {p.parent.name for p in sealed(first)} & {
        p.parent.name for p in sealed(second) if p.parents[1].name == "train"
    }  # nothing was copied
    assert finished(second, "features") == finished(whole, "features")
    joined = tree(first / "features") | tree(second / "features")
    for name, data in tree(whole / "features").items():
        if "checkpoint" not in name:
            assert joined[name] == data, name
    assert featurize.check(second) == featurize.check(whole)


def small_budget(here, units):
    """A budget for what is there, the table of words, and about so many units."""
    there = sum(path.stat().st_size for path in here.folder.rglob("*") if path.is_file())
    return Limits(budget_gb=(there + units * 140_000) / 1e9, workers=1)


def test_a_budget_stops_it_before_it_is_crossed_and_a_larger_one_goes_on(
    small_shards, tmp_path, clips, whole
):
    here = beginning(tmp_path / "run", clips)
    limits = small_budget(here, units=5)
    with pytest.raises(StoppedEarly, match="02 featurize.*disk budget.*units are left"):
        featurize.run(CONFIG, here, limits)
    used = sum(path.stat().st_size for path in here.folder.rglob("*") if path.is_file())
    assert used <= limits.budget_gb * 1e9 and len(sealed(here)) >= 3
    with pytest.raises(CheckpointError, match="is not finished"):
        featurize.check(here)
    featurize.run(CONFIG, here, ONE)
    assert tree(here / "features") == tree(whole / "features")


def test_a_deadline_stops_it_between_units(tmp_path, clips):
    here = beginning(tmp_path / "run", clips)
    with pytest.raises(StoppedEarly, match="hours are over; .* units are left"):
        featurize.run(CONFIG, here, Limits(session_hours=1e-9, workers=1))
    assert not sealed(here) and not list(here.folder.rglob(".part-*"))


def test_other_settings_and_other_clips_are_refused_by_name(small_shards, whole, tmp_path):
    other = featurize.Config(scenes=10, scene_seconds=3.0, seed=43)
    for ask in (featurize.plan, featurize.run):
        with pytest.raises(CheckpointError, match=r"other values of seed \(42 then, 43 now\)"):
            ask(other, whole, ONE)
    changed = Run(tmp_path / "run")
    shutil.copytree(whole.folder, changed.folder)
    lines = (changed / CATALOGUE).read_text().splitlines(keepends=True)
    (changed / CATALOGUE).write_text("".join(lines[:-1]))
    told = r"other clips than 01 has made since \(\d+ clips now\): .* not known.* delete features/"
    for refused in (lambda: featurize.run(CONFIG, changed, ONE), lambda: featurize.check(changed)):
        with pytest.raises(CheckpointError, match=told):
            refused()


def test_words_found_in_other_clips_are_not_taken_for_these(tmp_path):
    here = corpus(tmp_path / "run", wake=2)
    with pytest.raises(StoppedEarly):
        featurize.run(CONFIG, here, Limits(session_hours=1e-9, workers=1))
    assert not (here / "features/checkpoint.json").exists()
    tiny_run.make(here, tiny_run.PER_SPLIT | {"wake": 3})  # one more was recorded
    featurize.run(CONFIG, here, ONE)
    ends_s = [end_s for (end_s,) in FeatureSet.open(here, "test-words").ends_s]
    np.testing.assert_allclose(ends_s, 1 + tiny_run.WORD_S[1], atol=0.03)


def test_the_baseline_of_windows_is_made_the_same_way(tmp_path, clips):
    here = beginning(tmp_path / "run", clips)
    featurize.run(featurize.Config(training="windows", scenes=10), here, ONE)
    train = FeatureSet.open(here, "train")
    assert train.store.n_frames.tolist() == [318] * 10 and all(f["window"] for f in train.facts)
    assert [len(ends) for ends in train.ends_s] == [0, 1] * 5


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"wake": 0}, "0 clips of the wake word and 7 others"),
        ({"other": 0}, "3 clips of the wake word and 0 others"),
    ],
)
def test_a_corpus_without_words_or_others_is_refused_before_any_work(tmp_path, changed, told):
    here = corpus(tmp_path / "run", **changed)
    with pytest.raises(ValueError, match=told):
        featurize.plan(CONFIG, here, ONE)


def test_conditions_that_nothing_can_be_heard_under_are_refused_before_any_work(tmp_path):
    here = corpus(tmp_path / "run", room=0)
    with pytest.raises(ValueError, match="validation split.*no sounds for any of .* room"):
        featurize.plan(featurize.Config(conditions=("room",)), here, ONE)


def test_without_clips_it_says_where_they_were_looked_for(tmp_path):
    told = "02 reads clips/ of 01, .*catalogue.csv is not in this run.*; run 01 first, or give"
    for stage in (featurize.plan, featurize.run):
        with pytest.raises(CheckpointError, match=told):
            stage(CONFIG, Run(tmp_path), ONE)
    with pytest.raises(CheckpointError, match=told):  # the cell before Plan
        augmentation_ab.compare(Run(tmp_path), CONFIG, CONFIG.max_rooms, CONFIG.seed)


def test_a_hard_negative_is_drawn_as_often_as_three_others(tmp_path):
    here = corpus(tmp_path / "run", other=4, hard=4, speech=0)
    featurize.run(featurize.Config(scenes=60, scene_seconds=3.0, conditions=("clean",)), here, ONE)
    drawn = [i["piece"]["path"] for s in FeatureSet.open(here, "train").scenes for i in s["items"]]
    hard, other = (sum(what in path for path in drawn) for what in ("-hard-", "-other-"))
    assert hard / other == pytest.approx(3, rel=0.35)
    assert len(FeatureSet.open(here, "test-others")) == 8  # elsewhere each counts once


def test_the_longer_a_room_rings_the_more_stays_dry_where_that_is_asked_for(tmp_path, monkeypatch):
    here = corpus(tmp_path / "run", room=8)
    asked = []
    monkeypatch.setattr(materials, "rt60", lambda room: asked.append(room.size) or len(asked) / 8)
    settings = {"scenes": 40, "scene_seconds": 3.0, "conditions": ("clean",), "rir": 1.0}
    scenes = featurize._sets(featurize.Config(**settings), load_clips(here), {})
    assert not asked and not any(scenes["train"].draw(n).dry for n in range(40))
    scenes = featurize._sets(featurize.Config(**settings, dry="adaptive"), load_clips(here), {})
    assert len(asked) == 8  # of the training split alone
    drawn = [scenes["train"].draw(number) for number in range(40)]
    rooms = sorted({scene.room for scene in drawn})
    expected = np.interp(np.arange(1, 9) / 8, (0.2, 1.0), (0.3, 0.7))
    of_room = {scene.room: scene.dry for scene in drawn}
    assert [of_room[room] for room in rooms] == pytest.approx(expected, abs=1e-4)
    assert not any(scenes["test-words"].draw(n).dry for n in range(3))


def test_recorded_noise_behind_every_scene_needs_some(tmp_path):
    here = corpus(tmp_path / "run", noise=0)
    alone = {"background_noise": 1.0, "color_noise": 0.0, "voice": 0.0, "babble": 0.0}
    with pytest.raises(ValueError, match="background_noise is 1 but training has no noise"):
        featurize._sets(featurize.Config(**alone), load_clips(here), {})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"training": "window"}, "training is 'window'; wanted 'scenes' or 'windows'"),
        ({"scenes": 0}, "scenes is 0; wanted 1 to 1,000,000"),
        ({"scenes": 10.5}, "scenes is 10.5; wanted a whole number"),
        ({"scene_seconds": 2.9}, "scene_seconds is 2.9; wanted 3 to 60"),
        ({"scene_seconds": float("nan")}, "scene_seconds is nan"),
        ({"conditions": ("clean", "nois10")}, "conditions has 'nois10'; wanted any of clean"),
        ({"conditions": "clean"}, "conditions is 'clean'; wanted a list of texts"),
        ({"conditions": ()}, "wanted at least one"),
        ({"conditions": ("clean", "clean")}, "each once"),
        ({"max_rooms": -1}, "max_rooms is -1; wanted 0 or more"),
        ({"seed": "42"}, "seed is '42'; wanted a whole number"),
        ({"eq": 2.0}, "eq is 2.0; wanted a probability, 0 to 1"),
    ],
)
def test_settings_that_are_nonsense_are_refused_with_value_and_range(wrong, told):
    with pytest.raises(ValueError, match=told):
        featurize.Config(**wrong)


def test_what_shapes_the_features_is_every_setting(whole):
    assert set(CONFIG.shaping()) == set(vars(CONFIG))
    settings = Checkpoint.resume(
        whole, "features", read_json(whole / "features/checkpoint.json")["settings"]
    ).settings
    assert settings["seed"] == 42 and len(settings["catalogue"]) == 64


def test_peoples_words_are_drawn_as_often_as_synthetic_ones():
    words = [Word(name, 1.0, Span(0.2, 0.8)) for name in ("a", "b", "c", "d", "person")]
    drawn = featurize._people_as_often(words, synthetic={"a", "b", "c", "d"})
    assert sorted(w.path for w in drawn) == ["a", "b", "c", "d"] + 4 * ["person"]
    assert featurize._people_as_often(words[:4], {"a", "b", "c", "d"}) == tuple(words[:4])
    assert featurize._people_as_often(words, set()) == tuple(words)
