"""03 end to end on made-up words: no interruption changes what comes out."""

import json
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from forking import finish, kill_after, start
from hearing import deaf, hears
from small_run import FEATURES, LIMITS, STANDS, featured, stamps, tree
from varied import THREADS, seed

from mwwkit.corpus.clips import Kind, Label, Split
from mwwkit.run.checkpoint import CheckpointError, completed
from mwwkit.run.paths import Run
from mwwkit.run.quantities import span
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits, StoppedEarly
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import train
from mwwkit.stages.inputs import validation_evaluator
from mwwkit.training import loop
from mwwkit.training.trainer import Trainer

SHORT = {
    **{"shape": "tiny", "steps": 70, "batch": 4, "evaluate_every": 40, "learning_rate": 1e-2},
    **{"seed": seed(42), "threads": THREADS},
}
UNIT_STEPS = 20  # of the short runs, set aside the 250 that a notebook has
UNITS = ["step-0000020", "step-0000040", "step-0000060", "step-0000070"]


@pytest.fixture
def short_units(monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, request):
    """A short training in one go."""
    features = request.getfixturevalue("featured")
    here = Run(tmp_path_factory.mktemp("whole"), (features.folder,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)
        train.run(train.Config(**SHORT), here, LIMITS)
    return here


def child(folder, earlier, log):
    """A session: the short training, noting from where to where it takes steps."""
    loop.UNIT_STEPS = UNIT_STEPS
    take = Trainer.train

    def noted(self, dataset, until, on_step=lambda: None):
        with open(log, "a") as file:
            print(self.step, until, file=file)
        return take(self, dataset, until, on_step)

    Trainer.train = noted
    train.run(train.Config(**SHORT), Run(folder, tuple(earlier)), LIMITS)


def interrupted(n_units):
    """Called after each unit: the user stops it after so many."""

    def on_unit(done):
        if len(done) == n_units:
            raise KeyboardInterrupt

    return on_unit


@pytest.fixture(scope="module")
def begun(tmp_path_factory, featured):
    """The same training, stopped by its user before the last unit."""
    here = Run(tmp_path_factory.mktemp("begun"), (featured.folder,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)
        with pytest.raises(KeyboardInterrupt):
            train.run(train.Config(**SHORT), here, LIMITS, interrupted(3))
    return here


@pytest.fixture
def copy(begun, tmp_path):
    shutil.copytree(begun.folder, tmp_path / "copy")
    return Run(tmp_path / "copy", begun.earlier)


def test_a_net_that_hears_the_word_and_nothing_else_is_judged_so(trained):
    unit, choice = train.chosen(trained)
    assert choice["recall"] == 1
    assert choice["clip_false_accepts"] == choice["false_accepts_per_hour"] == 0
    assert 0 < choice["cutoff"] < 1
    found = train.check(trained)
    assert found["chosen"] == unit
    hours = choice["hours"]
    told = (
        f"hears 100 % of people's words (24 of 24) at 0 false accepts an hour (0 in {span(hours)})"
    )
    assert found["reached"] == f"{told} on the validation split"
    assert found["cutoff"] == f"{choice['cutoff']:g}, on the mean of {choice['window']} scores"


def test_a_net_that_hears_nothing_is_judged_so(featured):
    evaluator = validation_evaluator(
        featured, FeatureSet.open(featured, "train"), 0.5, max_clip_fpr=0.0
    )
    assert evaluator.choice(hears(), train.SHAPES["tiny"]).recall.value == 1
    assert evaluator.choice(deaf(hears()), train.SHAPES["tiny"]).recall.value == 0


def test_a_finished_training_left_its_history_and_its_choice(whole):
    history = json.loads((whole / "training/checkpoint.json").read_text())["done"]
    assert list(history) == UNITS
    assert all(np.isfinite([f["loss"], f["gradient_norm"]]).all() for f in history.values())
    evaluated = [unit for unit, facts in history.items() if "choice" in facts]
    assert evaluated == ["step-0000040", "step-0000070"]
    chosen = train.check(whole)
    assert chosen["chosen"] in evaluated
    assert chosen["weights"] == str(whole / f"training/averaged-{chosen['chosen']}.npz")
    snapshots = sorted(path.name for path in (whole / "training").glob("snapshot-*"))
    assert snapshots == ["snapshot-step-0000060.npz", "snapshot-step-0000070.npz"]


def test_a_second_run_makes_nothing_and_touches_nothing(whole, short_units):
    before = stamps(whole.folder)
    found = train.run(train.Config(**SHORT), whole, LIMITS)
    assert found["units made now"] == 0
    assert stamps(whole.folder) == before
    planned = train.plan(train.Config(**SHORT), whole, LIMITS)
    assert (planned["units done"], planned["units left"]) == (4, 0)


def test_killed_at_random_moments_it_ends_with_the_same_bytes_and_redoes_a_unit_a_kill(
    whole, featured, tmp_path
):
    draw, kills = rng(11, "kills"), 0
    args = (tmp_path, [featured.folder], tmp_path / "steps.log")
    for unit in UNITS[:3]:
        snapshot = tmp_path / f"training/snapshot-{unit}.npz"
        kills += kill_after(start(child, *args), snapshot, draw.uniform(0, 0.15))
    assert kills == 3
    finish(start(child, *args))
    assert tree(tmp_path / "training") == tree(whole / "training")
    taken = [
        tuple(map(int, line.split()))
        for line in (tmp_path / "steps.log").read_text().split("\n")[:-1]
    ]
    ends = [0, *(int(unit[-7:]) for unit in UNITS)]
    units = list(zip(ends, ends[1:], strict=False))
    assert set(taken) == set(units)  # from one unit's end to the next, never from anywhere else
    assert len(taken) <= len(units) + kills


@pytest.fixture
def read_only(request):
    """Mount a folder read-only where that is allowed; anyway it must be the same afterwards."""

    def make(folder, place):
        place.mkdir()
        before = tree(folder), stamps(folder)
        mount = ["mount", "--bind", str(folder), str(place)]
        mounted = not subprocess.run(mount, capture_output=True, check=False).returncode
        if mounted:
            request.addfinalizer(lambda: subprocess.run(["umount", str(place)], check=True))
            subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
            with pytest.raises(OSError):
                (place / "x").write_text("")

        def same():
            assert (tree(folder), stamps(folder)) == before

        return (place if mounted else folder), same

    return make


def test_cut_in_two_the_second_session_goes_on_from_the_first_which_is_only_read(
    whole, begun, tmp_path, short_units, read_only
):
    place, same = read_only(begun.folder, tmp_path / "mounted")
    second = Run(tmp_path / "second", (*begun.earlier, place))
    planned = train.plan(train.Config(**SHORT), second, LIMITS)
    assert (planned["units done"], planned["units left"]) == (3, 1)
    units = []
    train.run(train.Config(**SHORT), second, LIMITS, lambda done: units.append(max(done)))
    assert units == UNITS[3:]
    same()
    made, wanted = tree(second / "training"), tree(whole / "training")
    of_the_first = {"averaged-step-0000040.npz", "snapshot-step-0000060.npz"}
    assert set(wanted) - set(made) == of_the_first
    for name in made:
        if name.endswith(".npz"):
            assert made[name] == wanted[name], name
    assert train.check(second)["chosen"] == train.check(whole)["chosen"]


def test_going_on_on_another_kind_of_device_is_told_before_work_begins(copy, short_units):
    path = copy / "training/checkpoint.json"
    state = json.loads(path.read_text())
    assert {facts["device"] for facts in state["done"].values()} == {"cpu"}
    state["settings"]["device"] = state["done"][UNITS[0]]["device"] = "gpu"  # as on such a machine
    path.write_text(json.dumps(state))
    told = "^finished units: 1 on gpu; this goes on on cpu, so the bytes of the weights will differ"
    with pytest.warns(UserWarning, match=told):
        assert train.plan(train.Config(**SHORT), copy, LIMITS)["device"].startswith("cpu; ")
    with pytest.warns(UserWarning, match=told):
        train.run(train.Config(**SHORT), copy, LIMITS)
    state = json.loads(path.read_text())
    assert state["settings"]["device"] == "gpu" and list(state["done"]) == UNITS
    assert state["done"][UNITS[-1]]["device"] == "cpu"


def test_a_damaged_snapshot_is_named_and_the_one_before_it_serves(whole, copy, short_units):
    here = copy
    damaged = here / f"training/snapshot-{UNITS[2]}.npz"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    with pytest.warns(UserWarning) as told:
        train.run(train.Config(**SHORT), here, LIMITS)
    said = [str(warning.message) for warning in told]
    assert any(f"{damaged} is damaged" in words for words in said)
    assert "going on from step 40: the steps to 60 are taken again" in said
    assert tree(here / "training") == tree(whole / "training")


def test_without_any_snapshot_it_starts_over_and_ends_the_same(whole, copy, short_units):
    for snapshot in (copy / "training").glob("snapshot-*"):
        snapshot.unlink()
    with pytest.warns(UserWarning, match="from step 0: the steps to 60 are taken again"):
        train.run(train.Config(**SHORT), copy, LIMITS)
    assert tree(copy / "training") == tree(whole / "training")


def test_a_damaged_choice_is_refused_with_what_to_do(trained, tmp_path):
    from mwwkit.stages.inputs import chosen_net

    shutil.copytree(trained.folder, tmp_path / "run")
    here = Run(tmp_path / "run", trained.earlier)
    weights = here / completed(here, "training")["weights"]
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=f"{weights} is damaged.*delete training/"):
        chosen_net(here, "training")


def test_the_disk_budget_stops_it_between_units_and_more_room_goes_on(
    whole, featured, tmp_path, short_units
):
    here = Run(tmp_path, (featured.folder,))
    config = train.Config(**SHORT)
    with pytest.raises(StoppedEarly, match="disk budget.*[1-3] units are left") as stopped:
        train.run(config, here, Limits(budget_gb=0.00012, workers=1))
    assert "PREVIOUS" in str(stopped.value)
    done = len(list((here / "training").glob("snapshot-*")))
    assert done >= 1
    with pytest.raises(CheckpointError, match="training is not finished"):
        train.check(here)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train.run(config, here, LIMITS)
    assert tree(here / "training") == tree(whole / "training")


def test_when_the_sessions_hours_are_over_no_unit_is_begun(featured, tmp_path, short_units):
    here = Run(tmp_path, (featured.folder,))
    with pytest.raises(StoppedEarly, match="hours are over; 4 units are left"):
        train.run(train.Config(**SHORT), here, Limits(session_hours=1e-9, workers=1))
    assert not (here / "training").exists()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"learning_rate": 2e-2}, r"learning_rate \(0\.01 then, 0\.02 now\)"),
        ({"seed": 1}, "seed"),
        ({"pooling": 0.5}, "pooling"),
        ({"label_to_s": 0.2}, "label_to_s"),
        ({"threads": THREADS + 1}, "threads"),
    ],
)
def test_other_settings_are_refused_by_their_names(whole, short_units, changed, named):
    with pytest.raises(CheckpointError, match=f"other values of {named}"):
        train.plan(train.Config(**SHORT | changed), whole, LIMITS)


def test_a_run_with_another_seed_is_refused_before_it_takes_a_step(whole, short_units):
    before = stamps(whole.folder)
    with pytest.raises(CheckpointError, match=f"seed .{SHORT['seed']} then, 7 now.; put them back"):
        train.run(train.Config(**SHORT | {"seed": 7}), whole, LIMITS)
    assert stamps(whole.folder) == before


def test_other_features_are_refused(whole, tmp_path, short_units):
    other = featured(tmp_path / "other", type(FEATURES)(**vars(FEATURES) | {"scenes": 8}))
    mixed = Run(tmp_path / "mixed", (whole.folder, other.folder))
    with pytest.raises(CheckpointError, match="other values of features"):
        train.plan(train.Config(**SHORT), mixed, LIMITS)


def test_a_gpu_asked_for_and_absent_is_told_before_any_work(featured, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    here = Run(tmp_path, (featured.folder,))
    for attempt in (train.plan, train.run):
        with pytest.raises(RuntimeError, match="device is 'gpu' but CuPy is not installed"):
            attempt(train.Config(device="gpu"), here, LIMITS)
    assert not list(tmp_path.iterdir())


def test_before_02_has_finished_it_says_what_to_run_first(tmp_path):
    for attempt in (train.plan, train.run):
        with pytest.raises(CheckpointError, match="features is not finished"):
            attempt(train.Config(threads=THREADS), Run(tmp_path), LIMITS)
    with pytest.raises(CheckpointError, match="training is not finished"):
        train.check(Run(tmp_path))


def test_nothing_to_choose_by_is_told_before_the_first_step(tmp_path):
    without = [(Split.VAL, kind, Label.NEGATIVE) for kind in Kind]
    few = type(FEATURES)(**vars(FEATURES) | {"scenes": 8})
    here = featured(tmp_path, few, without=tuple(without))
    with pytest.raises(
        ValueError, match="validation split has no clip of other words and none of long speech"
    ):
        train.run(train.Config(**STANDS), here, LIMITS)
    assert not (here / "training").exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"shape": "huge"},
        {"steps": 0},
        {"batch": 0},
        {"batch": 5000},
        {"learning_rate": 0.0},
        {"learning_rate": 3.0},
        {"pooling": -1.0},
        {"dropout": 1.0},
        {"evaluate_every": 100},
        {"evaluate_every": 0},
        {"target_fah": 0.0},
        {"max_clip_fpr": 1.5},
        {"device": "tpu"},
        {"threads": 0},
    ],
)
def test_nonsense_is_refused_at_once_with_the_name_and_the_value(nonsense):
    ((name, value),) = nonsense.items()
    with pytest.raises(ValueError, match=f"{name} is {value!r}; wanted"):
        train.Config(**nonsense)


def test_label_times_out_of_order_are_refused():
    with pytest.raises(ValueError, match="label times are"):
        train.Config(label_from_s=0.4, label_to_s=0.3)


def test_the_plan_tells_size_units_and_minutes(featured, tmp_path):
    config = train.Config(steps=3000)
    planned = train.plan(config, Run(tmp_path, (featured.folder,)), LIMITS)
    assert (planned["units left"], planned["units done"]) == (12, 0)
    assert "bytes int8" in planned["size"]
    assert 0.5 < planned["minutes left, about"] < 5
    assert not list(tmp_path.iterdir())
