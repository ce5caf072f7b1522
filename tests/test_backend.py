"""TensorFlow is loaded when it is needed, not before: it takes seconds and 600 MB."""

import importlib.util
import subprocess
import sys

import killing
import pytest
from small_run import STANDS

from mwwkit.model.backend import UNUSED, without

CODE = """
import sys
from pathlib import Path
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire, export, featurize, mine, train, triples
from mwwkit.previews import training_curves
from mwwkit.training import loop
loop.UNIT_STEPS = 1
acquire.Config("wake"), featurize.Config(), mine.Config(), export.Config("wake"), triples.Config()
run = Run(Path(sys.argv[2]), tuple(map(Path, sys.argv[3:])))
config = train.Config(**eval(sys.argv[1]))
train.plan(config, run, Limits(workers=1))
print(train.run(config, run, Limits(workers=1))["units made now"])
assert not {"tensorflow", "keras"} & sys.modules.keys()
"""


def test_settings_and_a_finished_stage_load_no_tensorflow(trained, tmp_path):
    settings = repr(STANDS | {"steps": 2, "evaluate_every": 1})  # as it was trained
    earlier = map(str, (*trained.earlier, trained.folder))
    call = [sys.executable, "-c", CODE, settings, str(tmp_path / "run"), *earlier]
    done = subprocess.run(call, capture_output=True, text=True, cwd=killing.TESTS.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "0"


APART = """
import sys
from mwwkit.model.backend import UNUSED, keras
keras.layers
assert not {*UNUSED} & sys.modules.keys()
import matplotlib.pyplot, sklearn.base
"""


def test_keras_is_loaded_without_what_only_its_wrappers_need_and_that_can_be_imported_after():
    done = subprocess.run([sys.executable, "-c", APART], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"sklearn", "matplotlib"} == set(UNUSED)


def test_what_is_loaded_already_stays_importable_inside(monkeypatch):
    monkeypatch.setitem(sys.modules, "loaded", sys)
    with without(("loaded", "no_such_package")):
        assert importlib.import_module("loaded") is sys
        with pytest.raises(ImportError):
            importlib.import_module("no_such_package")
        assert importlib.util.find_spec("no_such_package") is None
    assert "no_such_package" not in sys.modules
