"""Ablation: which run reads what, what each flag changes, and the table that comes out."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mwwkit import presets
from mwwkit.cli import ablation, chain, folding
from mwwkit.cli.ablation import FLAGS, Ablation, Reached, Row, table
from mwwkit.evaluation.measured import ConditionRate
from mwwkit.metrics.rates import Hourly, proportion
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.session import StoppedEarly
from mwwkit.run.settings import RunSettings, keep
from mwwkit.stages import featurize, train

ALL = tuple(FLAGS)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The values are checked in this process, for 02's and 03's Configs are loaded already."""
    from mwwkit.stages import acquire, export, mine  # noqa: F401


def made(folder=Path("run/ablation"), flags=ALL, given=None, **more):
    return Ablation(folder, presets.load("fast_test"), flags, given or {}, **more)


def test_the_clips_are_made_once_and_features_once_for_each_flag_that_changes_them():
    steps = {step.name: step for step in made().steps()}
    ones = [name for name, step in steps.items() if step.stages == ("01",)]
    twos = {name for name, step in steps.items() if step.stages == ("02",)}
    assert ones == ["clips"]
    assert twos == {"features-baseline"} | {
        f"features-{f}" for f in ALL if f not in ("no_specaugment", "no_mining")
    }
    assert steps["no_rir"].previous == ("clips", "features-no_rir")
    assert steps["no_specaugment"].previous == ("clips", "features-baseline")


def test_every_flag_is_a_run_that_ends_with_the_model_and_its_figures():
    compared = [step for step in made().steps() if step.stages[-1] == "05"]
    assert [step.name for step in compared] == ["baseline", *ALL]
    assert {step.name for step in compared if "04" not in step.stages} == {"no_mining"}


def test_steps_come_after_what_they_read():
    seen = set()
    for step in made(seeds=(1, 2)).steps():
        assert set(step.previous) <= seen
        seen.add(step.name)


def finished(folder):
    """Files as a whole run has them."""
    for name in ("clips/catalogue.csv", "features/checkpoint.json", "export/model.json"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(f"those of {folder.name}")
    keep(Run(folder), RunSettings("hey cat"))
    return folder


def test_a_finished_run_can_be_taken_instead_and_only_its_clips_are(tmp_path):
    study = made(tmp_path / "study", ("no_rir",), clips=str(finished(tmp_path / "mine")))
    steps = study.steps()
    assert "clips" not in [step.name for step in steps]
    (clips,) = study.run_of(steps[0]).earlier
    assert sorted(path.name for path in clips.iterdir()) == ["clips", "settings.json"]
    assert clips.name not in [
        step.name for step in made(flags=ALL).steps()
    ]  # a 01 would write in it
    assert (clips / "clips" / "catalogue.csv").read_text() == "those of mine"


def test_a_study_goes_on_with_the_clips_that_it_was_begun_with(tmp_path):
    for name in ("mine", "other"):
        finished(tmp_path / name)
    made(tmp_path / "study", (), clips=str(tmp_path / "mine"))
    with pytest.raises(WrongInput, match="was begun with another run; give that again"):
        made(tmp_path / "study", (), clips=str(tmp_path / "other"))


def test_a_run_that_is_not_there_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(WrongInput, match="PREVIOUS names .*nosuch, which is no folder"):
        made(tmp_path / "study", clips=str(tmp_path / "nosuch"))
    assert not (tmp_path / "study").exists()


def test_a_study_of_a_run_has_the_values_of_its_own_preset(tmp_path, monkeypatch):
    mine, given = finished(tmp_path / "mine"), []
    keep(Run(mine), RunSettings("hey cat", preset="max_quality"))

    def execute(planned, here, *, show=False):
        given.extend(job.given for job in planned)
        here.folder.mkdir(parents=True)
        return iter(())

    monkeypatch.setattr(chain, "execute", execute)
    monkeypatch.setattr(ablation, "reached", lambda here: None)
    list(made(tmp_path / "study", (), clips=str(mine)).rows())
    presets_given = {values["PRESET"] for values in given if "PRESET" in values}
    assert presets_given == {""}  # the run's would fill what it leaves
    assert [values.get("STEPS") for values in given if "STEPS" in values] == [250]
    assert not any("WORD" in values for values in given)  # the run's own counts


def test_what_01_takes_is_refused_where_its_clips_are_given(tmp_path):
    mine = str(finished(tmp_path / "mine"))
    with pytest.raises(presets.PresetError, match="TTS_POSITIVE is 01's, whose clips are those of"):
        made(tmp_path / "study", clips=mine, given={"TTS_POSITIVE": "5", "STEPS": "250"})


def test_seeds_train_anew_on_the_same_features():
    steps = made(flags=("no_rir",), seeds=(1, 2)).steps()
    names = [step.name for step in steps]
    assert names.count("features-no_rir") == 1
    assert [n for n in names if "seed" in n] == [
        "baseline-seed1",
        "baseline-seed2",
        "no_rir-seed1",
        "no_rir-seed2",
    ]
    assert [s.given["SEED"] for s in steps if s.name == "no_rir-seed2"] == ["2"]
    assert all("SEED" not in s.given for s in steps if s.stages == ("02",))


@pytest.mark.parametrize("flag", [f for f in ALL if f != "no_mining"])
def test_a_flag_leaves_its_part_out_and_changes_nothing_that_is_tested_on(flag):
    """The sets of validation and test are drawn from the same material by the same seed."""
    names = chain.parameters("02") | chain.parameters("03")
    assert FLAGS[flag].keys() <= names.keys()
    kept = {"CONDITIONS", "MAX_ROOMS", "SEED", "SCENES", "STEPS"}
    assert not FLAGS[flag].keys() & kept
    values = {
        n.lower(): t == "true" if t in ("true", "false") else float(t)
        for n, t in FLAGS[flag].items()
    }
    config = train.Config(**values) if flag == "no_specaugment" else featurize.Config(**values)
    assert all(not getattr(config, name) for name in values)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"flags": ("no_rirs",)}, "no flag 'no_rirs'; did you mean no_rir?"),
        ({"flags": ("no_rir", "no_rir")}, "wanted each once"),
        ({"given": {"STEP": "3"}}, "no notebook takes a parameter STEP; did you mean STEPS?"),
    ],
)
def test_what_is_wrong_is_said_before_work_begins(wrong, told):
    with pytest.raises(presets.PresetError, match=told.replace("?", r"\?")):
        made(**wrong)


def facts(hits, of, events, late=0.12):
    recall = ConditionRate(**vars(proportion(hits, of)), condition="clean")
    hourly = Hourly.counted(events, 2.0)
    both = proportion(hits, of), proportion(3, 4)
    return Reached(0.9, 5, (recall,), proportion(0, 50), hourly, late, "people's words", *both)


def test_the_table_has_counts_and_intervals_beside_every_rate():
    rows = [
        Row("baseline", facts(19, 20, 1)),
        Row("no_rir", facts(12, 20, 0, late=None)),
        Row("no_gain", failed="05_export failed: The model recognises nothing."),
    ]
    lines = table(rows).splitlines()
    head = ["run", *(f"people's words heard{which}" for which in (", clean", ""))]
    head += ["machines' words heard", "other clips accepted", "false accepts an hour"]
    assert lines[0] == f"| {' | '.join([*head, 'latency s', 'cutoff'])} |"
    assert lines[2] == (
        "| baseline | 19 of 20: 95.0 % (75.1 to 99.9 %) | 19 of 20: 95.0 % (75.1 to 99.9 %) "
        "| 3 of 4: 75.0 % (19.4 to 99.4 %) | 0 of 50: 0 % (0 to 7.1 %) "
        "| 1 in 2.00 h: at most 2.37 | 0.12 | 0.9/5 |"
    )
    assert lines[3].startswith("| no_rir | 12 of 20: 60.0 % (") and "| - |" in lines[3]
    assert "recognises nothing" in lines[4]
    assert len({line.count("|") for line in lines}) == 1


def test_each_run_is_given_only_what_its_stages_take_and_a_failure_is_a_row(monkeypatch, tmp_path):
    jobs = {}

    def execute(planned, here, *, show=False):
        for job in planned:
            jobs.setdefault(here.folder.name, {})[job.stage] = job.given
        here.folder.mkdir(parents=True)
        if here.folder.name == "no_rir":
            raise chain.StageFailed("05_export failed: nothing is recognised\n(see x.ipynb)")
        yield chain.Done("x", here.folder, 0.0)

    monkeypatch.setattr(chain, "execute", execute)
    monkeypatch.setattr(ablation, "reached", lambda here: {"in": here.folder.name})
    study = made(tmp_path, ("no_rir", "no_specaugment"), {"STEPS": "250", "WORD": "up"})
    assert list(study.rows()) == [
        Row("baseline", {"in": "baseline"}),
        Row("no_rir", failed="05_export failed: nothing is recognised"),
        Row("no_specaugment", {"in": "no_specaugment"}),
    ]
    assert set(jobs) == {
        *("clips", "features-baseline", "features-no_rir"),
        *("baseline", "no_rir", "no_specaugment"),
    }
    assert (jobs["features-no_rir"]["02"]["RIR"], jobs["no_rir"]["03"]["STEPS"]) == (0.0, 250)
    assert "RIR" not in jobs["features-baseline"]["02"]
    assert jobs["no_specaugment"]["03"]["SPEC_AUGMENT"] is False
    assert "SPEC_AUGMENT" not in jobs["baseline"]["03"]
    assert jobs["clips"]["01"]["WORD"] == jobs["baseline"]["05"]["WORD"] == "up"
    previous = jobs["no_specaugment"]["05"]["PREVIOUS"]
    assert [Path(p).name for p in previous] == ["clips", "features-baseline"]


def test_folds_are_added_up_each_at_its_own_cutoff():
    rows = [Row("fold-1", facts(19, 20, 1)), Row("fold-2", facts(12, 20, 0, late=0.2))]
    together = folding.pooled([*rows, Row("fold-3", failed="exit code 1")]).facts
    assert (together.recall[0].count, together.recall[0].of) == (31, 40)
    assert together.recall[0].low == proportion(31, 40).low
    assert (together.false_accepts_per_hour.events, together.false_accepts_per_hour.hours) == (1, 4)
    assert (together.machines.count, together.other_clips_accepted.of) == (6, 100)
    assert together.median_latency_s == 0.2
    last = table([*rows, Row("together", together)]).splitlines()[-1]
    assert last.startswith("| together | 31 of 40: 77.5 %") and last.endswith("| each its own |")
    assert folding.pooled([Row("fold-1", failed="no")]) == Row("together", failed="no run ended")


def test_a_folds_run_goes_on_from_the_clips_with_splits_of_its_own(tmp_path, monkeypatch):
    table_1 = tmp_path / "fold-1.csv"
    folded = Run(finished(tmp_path / "mine"))
    study = folding.Folds(folded, tmp_path / "to", {"fold-1": table_1}, ["-p", "A=1"])
    words = study.words("fold-1")
    assert words[:3] == ["-p", "A=1", f"GIVEN_SPLITS={table_1}"]
    clips = tmp_path / "to" / "of-run" / "1"
    assert words[3:] == ["--run-dir", str(tmp_path / "to" / "fold-1"), "--previous", str(clips)]
    assert sorted(path.name for path in clips.iterdir()) == ["clips", "settings.json"]
    ended = iter([SimpleNamespace(returncode=1), SimpleNamespace(returncode=3)])
    monkeypatch.setattr(folding.subprocess, "run", lambda call, stdout: next(ended))
    assert list(study.rows()) == [Row("fold-1", failed="exit code 1; what it said is above")]
    with pytest.raises(StoppedEarly, match="fold-1 stopped to be continued"):
        list(study.rows())
