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
WORD = ""  # the wake word, as people say it
AUTHOR = "me"  # goes into the manifest
WEBSITE = ""  # goes into the manifest; may be empty
LANGUAGES = ["en"]  # of the people it was trained on
TARGET_FAH = 0.5  # false accepts an hour that the cutoff allows on the validation stream
MAX_CLIP_FPR = 0.01  # share of other words' clips that it allows to be accepted
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
from mwwkit.previews import audition, cutoffs
from mwwkit.report import writing
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run, platform
from mwwkit.run.session import Limits
from mwwkit.stages import export

run = Run.of(RUN_DIR, PREVIOUS)
limits = Limits.from_parameters(globals())
config = export.Config.from_parameters(globals())
ending = Ending(run)
platform(), run

# %% [markdown]
# ## Plan
#
# Which weights are exported, and what is there already.

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
