# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 Export
#
# Makes the model that the device runs: streaming, int8, with its manifest, its cutoff and its
# measured arena. A gate reads the finished file and refuses it if the device could not run it.
#
# | | |
# |---|---|
# | **Reads** | `tuned/` from 04, or `training/` from 03; `features/` from 02 |
# | **Writes** | `export/`: `.tflite`, manifest, certificate, report, model card, ESPHome lines |
# | **Takes** | CPU only; about a minute |

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = ""  # earlier runs to go on from, separated by commas; only read; auto asks paths.md
PRESET = ""  # values to begin with: demo, fast_test, standard, max_quality, or your own .yaml
WORD = None  # the wake word, as people say it; None is the run's, said in 01
AUTHOR = "me"  # goes into the manifest
WEBSITE = ""  # goes into the manifest; may be empty
LANGUAGES = None  # of the people it is for, as a list; None is the run's
TARGET_FAH = None  # false accepts an hour that are allowed; None is the run's, said in 01
MAX_CLIP_FPR = None  # share of other clips, near misses apart, that may pass; None is the run's
ARENA_BYTES = 0  # 0 measures it in TensorFlow Lite Micro (extra tflm)
OTHER_CALIBRATIONS = True  # tell what other int8 calibration streams would have given; seconds
ONNX = False  # also write the float net as ONNX, for ONNX Runtime elsewhere (extra onnx)
BUDGET_GB = 19.0  # GB the run's folder may hold; stops before the write that would cross it
SESSION_HOURS = 0.0  # stop between units after so many hours; 0 for no deadline
WORKERS = 0  # processes; 0 for one a core
MWWKIT = ""  # what pip installs where mwwkit is missing: git+https://..., a wheel, a folder

# %% [markdown]
# ## Setup

# %%
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("mwwkit") is None:  # a fresh Kaggle or Colab session
    assert MWWKIT, "mwwkit is not installed: set MWWKIT to what pip should install"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", MWWKIT], check=True)

# %%
from mwwkit.presets.parameters import resolve
from mwwkit.previews import audition, cutoffs
from mwwkit.report import writing
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run, platform
from mwwkit.run.session import Limits
from mwwkit.stages import export

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "export", globals(), run, export.Config)
limits = Limits.from_parameters(given)
config = export.Config.from_parameters(given)
ending = Ending(run)
platform(), run

# %% [markdown]
# ## Plan
#
# Which weights are exported, and what is there already.

# %%
given

# %%
export.plan(config, run, limits)

# %% [markdown]
# ## Run
#
# The cutoff is chosen on the validation split and reported on the test split: on people's words
# alone, where ten or more recordings are theirs.

# %%
ending.of(export.run, config, run, limits)

# %% [markdown]
# ## Look
#
# The report, the cutoffs it chose among, and a held-out word as the device scores it. Last, your
# own voice: record in the browser or upload a file, and see when the device would wake.

# %%
ending.stopped or writing.show(run)
ending.stopped or cutoffs.curve(run)
ending.stopped or cutoffs.word(run)
ending.stopped or audition.audition(run)

# %% [markdown]
# ## Check
#
# What was looked at before anything was written, and what was found. Raises if the files in
# `export/` are not what passed.

# %%
ending.stopped or print(export.sheet(run))
ending.stopped or export.check(run)
