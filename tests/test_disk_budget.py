import shutil

import pytest

from mwwkit.run.disk_budget import Budget


def test_a_budget_counts_what_the_folder_holds_already(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(bytes(600))
    budget = Budget(tmp_path, 1000)
    assert budget.used_bytes == 600
    assert not budget.refusal(400) and budget.refusal(401)


def test_the_refusal_comes_before_the_write_that_would_cross_it(tmp_path):
    budget = Budget(tmp_path, 1000)
    written = 0
    while not budget.refusal(300):
        (tmp_path / str(written)).write_bytes(bytes(300))
        budget.spent(300)
        written += 300
    assert written == 900 == Budget(tmp_path, 1000).used_bytes


def test_asking_adds_up_and_does_not_look_at_the_tree_again(tmp_path):
    budget = Budget(tmp_path, 1000)
    (tmp_path / "written by somebody else").write_bytes(bytes(5000))
    assert not budget.refusal(1000)
    budget.spent(700)
    budget.spent(50)
    assert budget.used_bytes == 750 and budget.refusal(251)


def test_the_refusal_says_what_is_used_wanted_and_allowed(tmp_path):
    budget = Budget(tmp_path, 19_000_000_000)
    budget.spent(18_990_000_000)
    assert budget.refusal(20_000_000) == (
        "the disk budget is reached: 18.990 GB used, 0.020 GB wanted next, 19.000 GB allowed"
    )
    assert budget.refusal(10_000_000) == ""


def test_a_disk_with_less_free_than_wanted_refuses_whatever_the_budget(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    budget = Budget(tmp_path / "not" / "there" / "yet", 10 * free)
    assert not budget.refusal(free // 2)
    assert "the disk is full" in budget.refusal(2 * free)


@pytest.mark.parametrize("n_bytes", [0, -1])
def test_a_budget_of_nothing_is_nonsense(tmp_path, n_bytes):
    with pytest.raises(ValueError, match=f"budget_bytes is {n_bytes}; wanted more than 0"):
        Budget(tmp_path, n_bytes)
