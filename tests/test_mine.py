"""04 end to end: it finds what was hidden for it, keeps the worst, tunes, and can be told off."""

import csv
import shutil

import numpy as np
import pytest
from forking import finish, kill_after, start
from small_run import FEATURES, LIMITS, featured, stamps, tree
from varied import THREADS, seed

from mwwkit.run.checkpoint import CheckpointError, completed
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, StoppedEarly
from mwwkit.scenes.mining import heard_in
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import export, mine
from mwwkit.training import loop
from mwwkit.training.evaluated import read

HIDDEN_S = (3.0, 7.5, 12.0, 16.5, 21.0)  # where the word is, in a stream said to be without
HIDDEN = "clips/ambient/train-disguised.wav"
SHORT = {
    **{"batch": 4, "fine_tune_steps": 60, "max_per_clip": 3},
    **{"seed": seed(42), "threads": THREADS},
}
UNIT_STEPS = 25  # of these short trainings, set aside the 250 that a notebook has


@pytest.fixture(autouse=True)
def short_units(monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)


@pytest.fixture(scope="module")
def ready(tmp_path_factory, trained):
    """Folders of a run with 01 to 03 done, where the word hides in a training stream."""
    few = type(FEATURES)(**vars(FEATURES) | {"scenes": 30})
    hiding = featured(tmp_path_factory.mktemp("hiding"), few, disguised_s=HIDDEN_S)
    return (*(folder for folder in trained.earlier), trained.folder, hiding.folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, ready):
    """04 in one go."""
    here = Run(tmp_path_factory.mktemp("whole"), ready)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)
        mine.run(mine.Config(**SHORT), here, LIMITS)
    return here


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "copy")
    return Run(tmp_path / "copy", whole.earlier)


def child(folder, earlier):
    loop.UNIT_STEPS = UNIT_STEPS
    mine.run(mine.Config(**SHORT), Run(folder, tuple(earlier)), LIMITS)


def table(here):
    with open(here / "mined/mined.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_what_fools_the_model_is_what_was_hidden_for_it(whole):
    rows = [row for row in table(whole) if row["clip"] == HIDDEN]
    assert len(rows) == 3  # of five: no more of one clip
    for row in rows:
        assert any(at_s < float(row["clip_s"]) < at_s + 1.5 for at_s in HIDDEN_S)
        assert float(row["score"]) > 0.3
    found = completed(whole, "mined")
    assert found["found"] >= len(HIDDEN_S) and found["kept"] == len(table(whole))


def test_the_table_has_the_worst_first_and_names_each_row(whole):
    rows = table(whole)
    assert [row["id"] for row in rows] == [f"m{i:04d}" for i in range(len(rows))]
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    counts = [sum(row["clip"] == clip for row in rows) for clip in {row["clip"] for row in rows}]
    assert max(counts) <= 3


def test_a_score_is_kept_in_256ths_for_earlier_versions_and_shown_in_255ths(whole):
    every = [e for facts in mine._mined_checkpoint(mine.Config(**SHORT), whole).done.values()
             for e in facts["events"]]  # fmt: skip
    for row in table(whole):
        [kept] = {score for _, at_s, score in every if at_s == float(row["at_s"])}
        assert float(row["score"]) == round(round(kept * 256 * 5) / (255 * 5), 4)
    for total in range(1, 255 * 5 + 1):  # whichever version scanned a shard, the sum is the same
        kept = mine._in_256ths(total / (255 * 5))
        assert kept == round(total / (256.0 * 5), 4)
        assert mine._score(kept) == pytest.approx(total / (255 * 5), rel=1e-12)


def test_what_is_kept_is_the_stretch_of_features_that_ends_soon_after_the_event(whole):
    hard = FeatureSet.of_folder(whole / "mined/hard")
    n_frames = int(FeatureSet.open(whole, "train").store.n_frames.min())
    for row, facts, kept in zip(
        table(whole), hard.facts, list(map(hard.store.__getitem__, range(len(hard)))), strict=True
    ):
        assert facts == {"id": row["id"]}
        first = int(row["first_frame"])
        stream = FeatureSet.of_unit(whole, row["unit"]).store[int(row["index"])]
        np.testing.assert_array_equal(kept, stream[first : first + n_frames])
        assert first <= 100 * float(row["at_s"]) <= first + n_frames + 5


def test_it_reports_the_figures_before_and_after_by_one_rule(whole):
    found = mine.check(whole)
    facts = completed(whole, "tuned")
    for when in ("before", "after"):
        assert found[when] == str(read(facts[when]))
    assert found["trained against"] == len(table(whole))
    better = facts["after"]["rank"] >= facts["before"]["rank"]
    assert facts["weights"].startswith("tuned/" if better else "training/")
    assert export.plan(export.Config(word="x"), whole, LIMITS)["weights"] == facts["weights"]


def test_a_second_run_makes_nothing_and_touches_nothing(whole):
    before = stamps(whole.folder)
    assert mine.run(mine.Config(**SHORT), whole, LIMITS) == mine.check(whole)
    assert mine.plan(mine.Config(**SHORT), whole, LIMITS)["shards left to scan"] == 0
    assert stamps(whole.folder) == before


def test_killed_while_scanning_and_while_tuning_it_ends_with_the_same_bytes(whole, ready, tmp_path):
    args = (tmp_path, ready)
    assert kill_after(start(child, *args), tmp_path / "mined/checkpoint.json", 0.01)
    snapshot = tmp_path / "tuned/snapshot-step-0000025.npz"
    assert kill_after(start(child, *args), snapshot, 0.02)
    finish(start(child, *args))
    assert tree(tmp_path) == tree(whole.folder)


def test_what_a_listener_threw_out_is_not_trained_against_and_can_be_taken_back(copy, capsys):
    rows, before = table(copy), completed(copy, "tuned")
    found = mine.run(mine.Config(**SHORT, drop=["m0001", "m0000"]), copy, LIMITS)
    assert found["trained against"] == len(rows) - 2
    assert completed(copy, "tuned")["drop"] == ["m0000", "m0001"]
    assert table(copy) == rows  # they are still there to be listened to
    mine.run(mine.Config(**SHORT), copy, LIMITS)
    assert completed(copy, "tuned") == before


def test_throwing_out_an_id_that_is_not_there_is_refused_by_its_name(copy):
    with pytest.raises(ValueError, match="drop names 'm9999', which mined/mined.csv does not have"):
        mine.run(mine.Config(**SHORT, drop=("m0000", "m9999")), copy, LIMITS)


def test_with_everything_thrown_out_03s_net_stays_and_that_is_said(copy, capsys):
    every = tuple(row["id"] for row in table(copy))
    found = mine.run(mine.Config(**SHORT, drop=every), copy, LIMITS)
    assert found["trained against"] == 0
    assert found["weights"] == completed(copy, "training")["weights"]
    assert "nothing over 0.3 is left to train against; 05 takes 03's net" in capsys.readouterr().out


def test_where_nothing_fools_it_03s_net_stays_and_that_is_said(trained, tmp_path, capsys):
    here = Run(tmp_path, (*trained.earlier, trained.folder))
    config = mine.Config(keep_above=0.99, **SHORT)
    found = mine.run(config, here, LIMITS)
    assert found["found"] == found["trained against"] == 0
    assert found["before"] == found["after"]
    assert "nothing over 0.99" in capsys.readouterr().out
    assert table(here) == []
    with pytest.raises(ValueError, match="drop names 'm0000'"):
        mine.run(mine.Config(keep_above=0.99, drop=("m0000",), **SHORT), here, LIMITS)


def test_a_clip_of_another_split_is_refused_by_its_name(ready, tmp_path):
    moved = tmp_path / "moved"
    (moved / "clips").mkdir(parents=True)
    catalogue = (ready[-1] / "clips/catalogue.csv").read_text().splitlines(keepends=True)
    lines = [line.replace(",train,", ",test,") if HIDDEN in line else line for line in catalogue]
    (moved / "clips/catalogue.csv").write_text("".join(lines))
    here = Run(tmp_path / "run", (*ready, moved))
    with pytest.raises(ValueError, match=f"{HIDDEN} is of the split test; only train is mined"):
        mine.run(mine.Config(**SHORT), here, LIMITS)
    assert not (here / "mined/hard").exists()


def test_where_only_the_background_sounds_every_scene_counts_as_a_source_of_its_own(
    ready, tmp_path
):
    here = Run(tmp_path, ready)
    config = mine.Config(max_per_clip=1, batch=4)
    scenes = FeatureSet.of_unit(here, "train/000000")
    quiet = []
    for index, scene in enumerate(map(scenes.scene, range(len(scenes)))):
        moments = [t for t in np.arange(0.1, 2.9, 0.1) if heard_in(scene, t)[0] == ""]
        quiet += [[index, round(float(t), 3), 0.5] for t in moments[:2]]
    assert len({index for index, _, _ in quiet}) >= 3
    mined = mine._mined_checkpoint(config, here)
    mined.finish("train/000000", events=quiet)
    mined.finish("train-ambient/000000", events=[])
    mine._keep(config, here, LIMITS.session(here), mined)
    assert completed(here, "mined")["kept"] == len({index for index, _, _ in quiet})


def test_the_worst_in_all_are_kept_where_there_are_too_many(whole, tmp_path):
    here = Run(tmp_path, whole.earlier)
    config = mine.Config(max_events=2, batch=4)
    mined = mine._mined_checkpoint(config, here)
    for unit, facts in mine._mined_checkpoint(mine.Config(**SHORT), whole).done.items():
        mined.finish(unit, **facts)
    mine._keep(config, here, LIMITS.session(here), mined)
    every = [e[2] for facts in mined.done.values() for e in facts["events"]]  # in 256ths
    worst = [score * 256 / 255 for score in sorted(every, reverse=True)[:2]]
    assert [float(row["score"]) for row in table(here)] == pytest.approx(worst, abs=2e-4)


def test_the_disk_budget_stops_it_before_it_writes(ready, tmp_path):
    here = Run(tmp_path, ready)
    with pytest.raises(StoppedEarly, match="disk budget"):
        mine.run(mine.Config(**SHORT), here, Limits(budget_gb=0.0001, workers=1))
    assert not (here / "mined/hard").exists()


@pytest.mark.parametrize("changed", [{"keep_above": 0.4}, {"max_per_clip": 2}])
def test_other_settings_of_mining_are_refused_by_their_names(whole, changed):
    with pytest.raises(CheckpointError, match=f"other values of {next(iter(changed))}"):
        mine.run(mine.Config(**SHORT | changed), whole, LIMITS)


def test_other_settings_of_tuning_are_refused_by_their_names(whole):
    with pytest.raises(CheckpointError, match=r"learning_rate \(0.0005 then, 0.001 now\)"):
        mine.run(mine.Config(**SHORT, learning_rate=1e-3), whole, LIMITS)


def test_before_03_has_finished_it_says_what_to_run_first(featured, tmp_path):
    here = Run(tmp_path, (featured.folder,))
    for attempt in (mine.plan, mine.run):
        with pytest.raises(CheckpointError, match="training is not finished"):
            attempt(mine.Config(threads=THREADS), here, LIMITS)
    with pytest.raises(CheckpointError, match="tuned is not finished"):
        mine.check(here)


def test_without_the_catalogue_of_01_the_plan_says_so_before_the_scan(ready, tmp_path):
    for name in ("features", "training"):
        folders = [run / name for run in ready if (run / name).is_dir()]
        (tmp_path / name).symlink_to(folders[-1])
    with pytest.raises(CheckpointError, match="04 reads clips/ of 01, and clips/catalogue.csv is"):
        mine.plan(mine.Config(), Run(tmp_path), LIMITS)


def test_the_plan_tells_what_there_is_to_scan(ready, tmp_path):
    planned = mine.plan(mine.Config(), Run(tmp_path, ready), LIMITS)
    assert planned["shards left to scan"] == 2
    assert planned["hours to scan"] == pytest.approx((30 * 2.98 + 62) / 3600, abs=0.01)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "nonsense",
    [
        {"keep_above": 0.0},
        {"keep_above": 1.0},
        {"max_per_clip": 0},
        {"max_events": 0},
        {"mined_share": 0.0},
        {"mined_share": 1.0},
        {"batch": 3},
        {"batch": 10_000},
        {"fine_tune_steps": 0},
        {"learning_rate": 0.0},
        {"pooling": 2.0},
        {"target_fah": 0.0},
        {"max_clip_fpr": -0.1},
        {"threads": 0},
    ],
)
def test_nonsense_is_refused_at_once_by_its_name(nonsense):
    name = next(iter(nonsense)).replace("fine_tune_steps", "steps")
    with pytest.raises(ValueError, match=name):
        mine.Config(**nonsense)
