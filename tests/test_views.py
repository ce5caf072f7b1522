"""A run seen in part: links to what others go on from, and what changes behind them."""

import os

import pytest

from mwwkit.cli.chain import snapshot
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.views import view_of


@pytest.fixture
def run(tmp_path):
    for name in ("clips/catalogue.csv", "clips/a/1.wav", "features/x", "settings.json"):
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_text(name)
    return tmp_path / "run"


def test_a_view_has_what_is_not_left_out_and_a_second_one_is_the_same(run, tmp_path):
    for _ in range(2):
        view = view_of(run, tmp_path / "view", {"features"})
        assert sorted(path.name for path in view.iterdir()) == ["clips", "settings.json"]
    assert Run(tmp_path / "x", (view,)).find("clips/a/1.wav").read_text() == "clips/a/1.wav"


def test_a_view_in_the_run_itself_does_not_hold_itself(run):
    view = view_of(run, run / "folds" / "of-run", {"features"})
    assert sorted(path.name for path in view.iterdir()) == ["clips", "settings.json"]


def test_what_changes_behind_the_links_is_seen(run, tmp_path):
    seen = Run(view_of(run, tmp_path / "view", {"features"}))
    before = snapshot(seen)
    assert snapshot(seen) == before and len(before) == 3
    path = run / "clips/catalogue.csv"
    os.utime(path, ns=(1, 1))
    assert snapshot(seen) != before


def test_where_no_link_can_be_made_it_is_said_in_words(run, tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(type(tmp_path), "symlink_to", refuse)
    with pytest.raises(WrongInput, match="no link can be made in .*Operation not supported"):
        view_of(run, tmp_path / "view", ())
