"""A disk that fills up in the middle of a unit: the stage stops, and goes on when there is room."""

import subprocess
from dataclasses import replace

import pytest
from small_run import FEATURES, LIMITS, write_corpus
from varied import THREADS, seed

from mwwkit.run import disk_budget
from mwwkit.run.paths import Run
from mwwkit.run.session import StoppedEarly
from mwwkit.stages import export, featurize, train


@pytest.fixture
def tight(mounted, monkeypatch):
    """`tight(kb)` -> a folder on a disk of so little room, whose fullness nothing foresees."""
    monkeypatch.setattr(disk_budget.Budget, "refusal", lambda self, n_bytes: "")
    return lambda kb: mounted(f"size={kb}k")


def fills_up_and_goes_on(stage, config, here):
    with pytest.raises(StoppedEarly, match="the disk is full .*No space left.*Make room"):
        stage.run(config, here, LIMITS)
    subprocess.run(["mount", "-o", "remount,size=50m", str(here.folder.parent)], check=True)
    assert not any(path.name.startswith(".part-") for path in here.folder.rglob("*"))
    stage.run(config, here, LIMITS)
    stage.check(here)


def test_02_stops_and_goes_on(tight, tmp_path):
    write_corpus(Run(tmp_path / "clips"))
    here = Run(tight(200) / "run", (tmp_path / "clips",))
    fills_up_and_goes_on(featurize, replace(FEATURES, scenes=60), here)


def test_03_stops_and_goes_on(tight, featured):
    here = Run(tight(40) / "run", (featured.folder,))
    fills_up_and_goes_on(
        train, train.Config(shape="tiny", steps=30, batch=4, seed=seed(42), threads=THREADS), here
    )


def test_05_stops_and_goes_on(tight, featured, trained):
    here = Run(tight(30) / "run", (featured.folder, trained.folder))
    fills_up_and_goes_on(
        export, export.Config(word="wake", arena_bytes=30_000, other_calibrations=False), here
    )
