"""The presets that come with mwwkit: what each promises, and that its training trains."""

import numpy as np
import pytest
from varied import THREADS, seed

from mwwkit import presets
from mwwkit.cli import chain
from mwwkit.model.mixednet import SHAPES, build
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire, export, featurize, mine, train
from mwwkit.training import loop
from mwwkit.training.snapshots import load_arrays

STAGES = (acquire, featurize, train, mine, export)  # loaded, so that plans need no child
LIMITS = Limits(workers=1)
FREE_GB, FREE_HOURS, FREE_CORES = 20, 12, 4  # a Kaggle session that costs nothing


@pytest.fixture
def given(tmp_path):
    """`given("standard")` -> what each stage's notebook is given, defaults included, by section."""

    def plan(name: str) -> dict[str, dict]:
        preset = {"all": {"word": "computer"}} | presets.load(name)
        jobs = chain.plan(list(chain.NOTEBOOKS), preset, {}, tmp_path)
        return chain.every_value(jobs)

    return plan


def config(parameters: dict, **other) -> train.Config:
    names = train.Config.__dataclass_fields__
    own = {n.lower(): v for n, v in parameters.items() if n.lower() in names}
    return train.Config(**own | other)


def test_there_are_these():
    assert presets.names() == ["demo", "fast_test", "max_quality", "standard"]


@pytest.mark.parametrize("name", presets.names())
def test_a_free_session_is_enough_for_it_with_a_half_to_spare(given, name):
    of = given(name)
    scenes_s = of["featurize"]["SCENES"] * of["featurize"]["SCENE_SECONDS"]
    spoken_s = 2.0 * sum(of["acquire"][f"TTS_{what}"] for what in ("POSITIVE", "NEGATIVE"))
    long_s = 60 * (of["acquire"]["TTS_AMBIENT_MINUTES"] + of["acquire"]["NOISE_MINUTES"])
    # Features are a byte for each of 40 bands each 10 ms; clips are 16 kHz in two bytes.
    gb = (scenes_s * 40 * 100 + (spoken_s + long_s) * 32_000) / 1e9
    assert gb < FREE_GB / 2
    # 02 makes 500 seconds in one of a core; a step of 16 scenes is 28 ms of one (03's own figure).
    steps = [(of["train"], "STEPS"), (of["mine"], "FINE_TUNE_STEPS")]
    train_s = sum(values[name] * 0.028 * values["BATCH"] / 16 for values, name in steps)
    assert scenes_s / 500 / FREE_CORES + train_s < FREE_HOURS * 3600 / 2


def test_each_larger_one_does_no_less_than_the_smaller(given):
    sizes = [
        [of["featurize"]["SCENES"], of["train"]["STEPS"], of["mine"]["FINE_TUNE_STEPS"]]
        + [len(of["featurize"]["CONDITIONS"]), of["acquire"]["TTS_POSITIVE"]]
        for of in map(given, ("fast_test", "demo", "standard", "max_quality"))
    ]
    assert (np.diff(sizes, axis=0) >= 0).all() and (np.diff(sizes, axis=0) > 0).any(axis=1).all()


@pytest.mark.parametrize("name", ["standard", "max_quality"])
def test_its_training_takes_steps_that_change_the_net(given, name, featured, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "UNIT_STEPS", 10)
    settings = {"steps": 20, "evaluate_every": 20, "warmup_steps": 0}
    varied = {"seed": seed(42), "threads": THREADS}
    shortened = config(given(name)["train"], **settings, **varied)
    here = Run(tmp_path, (featured.folder,))
    history = []
    train.run(shortened, here, LIMITS, on_unit=lambda done: history.append(done))
    for unit in history[-1].values():
        assert np.isfinite(unit["loss"]) and unit["gradient_norm"] > 0
    untrained = build(SHAPES[shortened.shape], shortened.seed).stem.kernel
    made = load_arrays(here / train.check(here)["weights"])
    assert all(np.isfinite(array).all() for array in made.values())
    assert not np.array_equal(made["net/000"], untrained)
