"""`mwwkit tune`: a study that is killed goes on, and what it seeks is what selection seeks."""

import json
import os
import shlex
import shutil
import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path

import pytest
from forking import finish, kill_after, start
from small_run import LIMITS, stamps
from varied import THREADS, seed

from mwwkit import __main__ as cli
from mwwkit import presets
from mwwkit.cli import chain, search_space
from mwwkit.cli.search_space import Choices, Range
from mwwkit.run import session
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.lock import Occupied
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import StoppedEarly
from mwwkit.stages import train
from mwwkit.training import loop
from mwwkit.training.trainer import Trainer

optuna = pytest.importorskip("optuna", reason="install the extra tune")
from mwwkit.cli import tuning  # noqa: E402
from mwwkit.cli.tuning import Search, objective  # noqa: E402

UNIT_STEPS = 20  # of these short trainings, set aside the 250 that a notebook has
BASE = {
    **{"shape": "tiny", "steps": 60, "batch": 4, "evaluate_every": 60, "learning_rate": 5e-3},
    **{"seed": seed(42), "threads": THREADS},
}
SPACE = {"learning_rate": Range(1e-3, 2e-2, log=True), "cmvn": Choices((False, True))}
N_TRIALS = 2  # the first is the settings as they are, the second is drawn


@pytest.fixture
def short_units(monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)


@pytest.fixture
def trained_at_once(monkeypatch):
    """Every training takes no time and reaches the same."""
    choice = {"recall": 0.5, "false_accepts_per_hour": 0.0, "clip_false_accepts": 0.0}
    monkeypatch.setattr(train, "run", lambda config, here, limits: None)
    ranked = "step-0000001", choice | {"rank": [1, 1, 0.5, 0, 0.5, 9]}
    monkeypatch.setattr(train, "chosen", lambda here: ranked)


@pytest.fixture
def search(featured, tmp_path, short_units):
    """A search over the small run's features, in a folder with a name to stumble over."""
    study = tmp_path / "a study? 100 %" / "tune it.db"
    return Search(featured, study, train.Config(**BASE), SPACE, seed=5)


def go_on(features, study, log):
    """A session of the study, noting the steps it takes and of which trial."""
    take = Trainer.train

    def noted(self, dataset, until, on_step=lambda: None):
        with open(log, "a") as file:
            print(self.settings.learning_rate, self.step, until, file=file)
        return take(self, dataset, until, on_step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "UNIT_STEPS", UNIT_STEPS)
        patch.setattr(Trainer, "train", noted)
        search = Search(Run(features), study, train.Config(**BASE), SPACE, seed=5)
        list(search.trials(N_TRIALS))


def child(*args):
    """The same, in a process of its own that is not to be seen."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    go_on(*args)


def facts(study: Path) -> list[dict]:
    """Every trial as its folder has it, but for where that is and how long it took."""
    told = []
    for path in sorted(study.with_suffix("").glob("trial-*/trial.json")):
        one = json.loads(path.read_text())
        one["choice"] = {n: v for n, v in one["choice"].items() if n != "weights"}
        told.append({n: v for n, v in one.items() if n != "seconds"})
    return told


def steps(log: Path) -> list[tuple[float, int, int]]:
    rows = [line.split() for line in log.read_text().splitlines()]
    return [(float(rate), int(begin), int(end)) for rate, begin, end in rows]


def test_a_study_that_is_killed_ends_as_one_that_is_not_and_trains_nothing_twice(
    featured, tmp_path
):
    whole, cut = tmp_path / "whole.db", tmp_path / "cut.db"
    go_on(featured.folder, whole, tmp_path / "whole.log")
    args = (featured.folder, cut, tmp_path / "cut.log")
    # Recorded last of the first of three units: the second is under way.
    assert kill_after(start(child, *args), tmp_path / "cut/trial-0001/training/checkpoint.json", 0)
    assert len(facts(cut)) == 1, "it was killed in its second trial"
    finish(start(child, *args))

    assert facts(cut) == facts(whole)
    assert [one["number"] for one in facts(cut)] == list(range(N_TRIALS))
    assert facts(cut)[0]["params"] == {"learning_rate": BASE["learning_rate"], "cmvn": False}
    rates = [one["params"]["learning_rate"] for one in facts(cut)]
    assert len(set(rates)) == N_TRIALS
    once = [(rate, a, a + UNIT_STEPS) for rate in rates for a in range(0, 60, UNIT_STEPS)]
    assert steps(tmp_path / "whole.log") == once
    taken = steps(tmp_path / "cut.log")
    again = [row for row in taken if taken.count(row) > 1]
    assert sorted(set(taken)) == sorted(once)
    assert len(taken) <= len(once) + 1  # the unit under way when it was killed
    assert all(rate == rates[1] and begin > 0 for rate, begin, _ in again)

    before = stamps(tmp_path)
    go_on(*args)  # a third session finds everything done
    assert len(steps(tmp_path / "cut.log")) == len(taken)
    made = {path for path, at in stamps(tmp_path).items() if before.get(path) != at}
    assert not [path for path in made if "trial-" in path]


def test_the_objective_has_the_order_of_the_rule():
    draw = rng(1, "ranks")

    def rank():
        alive, reached = draw.random() < 0.9, draw.random() < 0.6
        recall = int(draw.integers(1, 200)) / 200 if alive else 0.0
        first = recall if reached else -int(draw.integers(0, 60)) / 2.4
        wrong = int(draw.integers(0, 5)) / 500
        return [float(alive), float(reached), first, -wrong, recall, float(draw.integers(1, 40))]

    ranks = sorted((rank() for _ in range(3000)), key=lambda r: (r[0], r[0] and r[1:]))
    alive = [r for r in ranks if r[0]]
    assert len(alive) > 2000
    assert all(objective(a) <= objective(b) for a, b in pairwise(alive))
    assert all((objective(a) < objective(b)) == (a < b) for a, b in pairwise(alive))
    assert {objective(r) for r in ranks if not r[0]} == {-1.0}
    assert objective(alive[0]) > -1.0


def test_a_run_that_03_to_05_have_been_at_is_only_read(featured, trained, search, tmp_path):
    before = stamps(featured.folder) | stamps(trained.folder)
    search = Search(trained, search.study, search.base, SPACE)
    [trial] = search.trials(1)
    assert trial.choice["rank"]
    assert before == stamps(featured.folder) | stamps(trained.folder)


def test_no_trial_is_begun_that_would_end_too_late(search, monkeypatch, trained_at_once):
    with pytest.raises(StoppedEarly, match="0 of 2 trials are finished. Run it again to go on"):
        list(search.trials(2, hours=1e-9))
    assert not search.folder(0).exists()
    [first] = search.trials(1, hours=1000)
    # That one, they say, took 40 hours: the next is not begun in 41, of which two are over.
    path = search.folder(0) / "trial.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds": 40 * 3600}))
    monkeypatch.setattr(session, "_STARTED", time.monotonic() - 2 * 3600)
    told = []
    with pytest.raises(StoppedEarly, match="would end after 42 hours, and 41 are given; 1 of 2"):
        told += search.trials(2, hours=41)
    assert not search.folder(1).exists()


def test_a_trial_whose_loss_is_no_number_is_noted_and_the_study_goes_on(
    search, monkeypatch, trained_at_once
):
    real = train.run

    def diverges(config, here, limits):
        if here.folder.name == "trial-0000":
            raise FloatingPointError("the loss is nan at step 7")
        return real(config, here, limits)

    monkeypatch.setattr(train, "run", diverges)
    first, second = search.trials(2)
    assert "the loss is nan at step 7" in str(first) and not first.choice
    assert second.rank > first.rank
    assert [t.failed for t in search.trials(2)] == ["the loss is nan at step 7", ""]


def test_settings_that_cannot_be_together_fail_one_trial(search):
    space = {"label_to_s": Range(0.1, 0.7), "label_from_s": Choices((0.65, 0.68))}
    base = train.Config(**BASE | {"label_to_s": 0.69})
    trials = list(Search(search.features, search.study, base, space, seed=1).trials(1))
    assert "label times" in trials[0].failed


def test_a_study_made_otherwise_or_in_use_or_none_at_all_is_refused(
    search, tmp_path, trained_at_once
):
    list(search.trials(1))
    other = Search(search.features, search.study, train.Config(**BASE | {"batch": 8}), SPACE, 6)
    with pytest.raises(WrongInput, match="was made with another base and another seed; put it"):
        next(other.trials(1))
    going = search.trials(1)
    next(going)
    with pytest.raises(Occupied, match="is in use by another process"):
        next(search.trials(1))
    going.close()
    (tmp_path / "notes.db").write_text("no study " * 1000)
    with pytest.raises(WrongInput, match="cannot be used as a study .*not a database"):
        next(Search(search.features, tmp_path / "notes.db", search.base, SPACE).trials(1))


def test_the_line_it_prints_makes_the_same_training_again(featured, tmp_path, capsys):
    (tmp_path / "space.yaml").write_text("learning_rate: {low: 1e-3, high: 2e-2, log: true}")
    varied = f"seed: {seed(42)}, threads: {THREADS}"
    (tmp_path / "tiny.yaml").write_text("train: {shape: tiny, batch: 4, " + varied + "}")
    options = ["--preset", str(tmp_path / "tiny.yaml"), "--space", str(tmp_path / "space.yaml")]
    given = ["-p", "STEPS=20", "EVALUATE_EVERY=250", "LABEL_TO_S=0.25"]
    study = ["--study", str(tmp_path / "s.db"), "--trials", "1", "--seed", "3"]
    assert cli.main(["tune", str(featured.folder), *options, *given, *study]) == cli.OK
    best, line, _ = capsys.readouterr().out.splitlines()
    assert best.startswith("best: trial 0: hears ")
    again = dict(part.partition("=")[::2] for part in shlex.split(line)[1:])
    assert set(again) == {"STEPS", "EVALUATE_EVERY", "LABEL_TO_S"}  # the first trial's rate is 03's
    preset = presets.load(str(tmp_path / "tiny.yaml"))
    [job] = chain.plan(["03"], preset, again, tmp_path / "again")
    config = tuning.config_of(chain.every_value([job])["train"])
    [path] = (tmp_path / "s").glob("trial-0000/training/checkpoint.json")
    settings = json.loads(path.read_text())["settings"]
    assert settings == json.loads(json.dumps(config.shaping())) | {"features": settings["features"]}


def test_a_study_without_a_suffix_has_its_trials_beside_it(
    featured, tmp_path, short_units, trained_at_once
):
    found = Search(featured, tmp_path / "mine", train.Config(**BASE), SPACE, seed=5)
    for _ in range(2):  # the second goes on from what there is
        assert len(list(found.trials(1))) == 1
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"mine", "mine-trials"} and (tmp_path / "mine").is_file()


def test_a_study_is_refused_where_it_would_write_over_something(
    featured, tmp_path, short_units, trained_at_once
):
    def told(name: str) -> str:
        study = Search(featured, tmp_path / name, train.Config(**BASE), SPACE, seed=5)
        with pytest.raises(WrongInput) as refused:
            next(study.trials(1))
        return str(refused.value)

    (tmp_path / "folder").mkdir()
    assert "folder, a folder; wanted a file" in told("folder")
    assert "wanted another suffix, such as .db" in told("a.lock")
    next(Search(featured, tmp_path / "a.db", train.Config(**BASE), SPACE, seed=5).trials(1))
    assert "a holds trials of another study, and" in told("a.sqlite3")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "learning_rat: {low: 1, high: 2}",
            "'learning_rat', which is nothing to vary; did you mean",
        ),
        ("seed: [1, 2]", "has 'seed', which is nothing to vary"),
        ("schedule: [[], []]", "has 'schedule', which is nothing to vary"),
        ("steps: [1000, 2000]", "has 'steps', which is nothing to vary"),
        (
            "dropout: {low: 0.3, high: 0.1}",
            "the space of dropout: low is 0.3 and high 0.1; wanted lo",
        ),
        (
            "dropout: {low: 0, high: 0.3, log: true}",
            "log is true, low 0.0; wanted low above 0, and",
        ),
        ("dropout: {low: 0.1, high: 0.3, steps: 2}", "it has 'steps'; wanted low, high, log, step"),
        ("dropout: {low: 0.1}", "wanted low and high for a number, a list of choices for the rest"),
        (
            "shape: {low: a, high: b}",
            "wanted low and high for a number, a list of choices for the re",
        ),
        ("shape: [tiny]", "there are ['tiny']; wanted two or more, each once"),
        ("batch: [8, many]", "batch is 'many'; wanted a whole number"),
        ("dropout: 0.1", "it is 0.1; wanted {low: ..., high: ...} or [..., ...]"),
        (
            "dropout: {low: 0.5, high: 1}",
            "the space of dropout goes to 1.0: train: dropout is 1.0;",
        ),
        (
            "shape: [tiny, tinny]",
            "the space of shape goes to tinny: train: shape is 'tinny'; wanted",
        ),
        ("- 5", "holds [5]; wanted a table of ranges and choices"),
        ("dropout: {", "not readable as YAML: "),
    ],
)
def test_a_space_that_will_not_do_is_told_in_one_line_before_any_work(
    featured, tmp_path, capsys, text, told
):
    (tmp_path / "space.yaml").write_text(text)
    study = ["--study", str(tmp_path / "s.db"), "--space", str(tmp_path / "space.yaml")]
    assert cli.main(["tune", str(featured.folder), *study]) == cli.USAGE
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["space.yaml"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-p", "LEARNING_RATE=7"], "train: learning_rate is 7.0; wanted 0 to 1"),
        (["-p", "STEPPS=7"], "03_train takes no parameter STEPPS; did you mean STEPS?"),
        (["--preset", "demmo"], "no preset 'demmo'; did you mean demo?"),
        (["--space", "nowhere.yaml"], "there is no file nowhere.yaml"),
    ],
)
def test_a_wrong_option_of_tune_is_told_before_any_work(featured, tmp_path, capsys, options, told):
    study = ["--study", str(tmp_path / "s.db")]
    assert cli.main(["tune", str(featured.folder), *study, *options]) == cli.USAGE
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert not list(tmp_path.iterdir())


def test_what_is_given_by_name_is_not_varied(featured, tmp_path, capsys):
    given = ["--space", str(tmp_path / "space.yaml"), "-p", "DROPOUT=0.2"]
    (tmp_path / "space.yaml").write_text("dropout: {low: 0.1, high: 0.3}")
    assert cli.main(["tune", str(featured.folder), *given]) == cli.USAGE
    assert "DROPOUT is given and varied too; wanted one of the two" in capsys.readouterr().err


def test_the_default_space_is_taken_by_03_from_end_to_end():
    space = search_space.load()
    assert {"learning_rate", "dropout", "pooling", "label_to_s"} <= space.keys()
    search_space.refuse_outside(space, chain.parameters("03"))
    assert train.Config().learning_rate in space["learning_rate"]


def test_without_optuna_it_says_how_to_get_it(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(CannotGoOn, match=r"pip install 'mwwkit\[tune\]'"):
        next(search.trials(1))


def test_a_run_without_features_is_told(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    assert cli.main(["tune", str(tmp_path / "run")]) == cli.BAD
    assert "is not finished (no units done); run " in capsys.readouterr().err
    shutil.rmtree(tmp_path / "run")
    assert cli.main(["tune", str(tmp_path / "run")]) == cli.USAGE


def test_the_plan_of_a_training_tells_which_devices_it_fits(featured, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        planned = train.plan(train.Config(shape="tiny"), Run(tmp_path, (featured.folder,)), LIMITS)
    shown = str(planned)
    assert "ESP32-S3 with PSRAM" in shown and "fits" in shown
    assert "in an arena of about" in planned["size"]
