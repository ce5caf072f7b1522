import subprocess
import sys

import numpy as np

from mwwkit.run.seeds import rng


def test_the_same_seed_and_names_give_the_same_draws():
    assert rng(42, "scene", 17).random() == rng(42, "scene", 17).random()


def test_another_process_with_another_hash_seed_draws_the_same():
    code = "from mwwkit.run.seeds import rng; print(rng(42, 'scene', 17).integers(1 << 60))"
    told = [
        int(subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}))
        for seed in ("1", "2")
    ]
    assert told == [int(rng(42, "scene", 17).integers(1 << 60))] * 2


def test_every_seed_and_name_has_draws_of_its_own():
    named = [
        *((42,), (43,), (42, "a"), (42, "b"), (42, 1), (42, "1"), (42, "a", "b"), (42, "ab")),
        *((42, "b", "a"), (42, "a", 1), (42, "a", 11), (42, "a", 1, 1), (-42,)),
    ]
    assert len({rng(*names).integers(1 << 60) for names in named}) == len(named)


def test_draws_of_neighbouring_numbers_are_unrelated():
    draws = np.array([rng(42, "scene", number).standard_normal(50) for number in range(40)])
    between = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(between).max() < 0.6  # 5 standard deviations of an honest zero would be 0.7


def test_numbers_of_numpy_and_of_python_name_the_same_thing():
    assert rng(42, "scene", np.int64(17)).random() == rng(42, "scene", 17).random()
