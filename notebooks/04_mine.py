# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 Mine
#
# Streams the negatives of the training split through the int8 model, keeps what fools it, and
# fine-tunes on it.
#
# | | |
# |---|---|
# | **Reads** | `features/` from 02, `training/` from 03 |
# | **Writes** | `mined/`: what fooled it; `tuned/`: the weights for 05 |
# | **Takes** | ten hours of audio in about a minute on one core, then some training |
#
# Timed out? Run all cells again: finished units are kept.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = ""  # earlier runs to go on from, separated by commas; only read; auto asks paths.md
PRESET = ""  # values to begin with: demo, fast_test, standard, max_quality, or your own .yaml
KEEP_ABOVE = 0.3  # a sliding mean over this is kept; well under any cutoff
MAX_PER_CLIP = 3  # events kept of one clip
MAX_EVENTS = 500  # events kept in all, the worst
DROP = []  # ids of mined.csv that are no mistakes, after listening
FINE_TUNE_STEPS = 500  # of training against them
LEARNING_RATE = 0.0005  # of these steps
MINED_SHARE = 0.25  # of every batch
MINED_PENALTY = 1.0  # weight of their negative steps
POOLING = 0.0  # 0 supervises every step of a word; 1 only its best
TRIPLET = 0.0  # weight of keeping words apart from what fooled the model: 0.1 to 1; 0 is off
TRIPLET_MARGIN = 0.2  # by how much, in squared distance
BATCH = 16  # scenes a step
TARGET_FAH = None  # false accepts an hour that are allowed; None is the run's, said in 01
MAX_CLIP_FPR = None  # share of other clips, near misses apart, that may pass; None is the run's
DEVICE = "cpu"  # cpu hides GPUs from TensorFlow; gpu trains on them, and SpecAugment by CuPy
THREADS = 1  # of TensorFlow; their number shapes the last bits of the weights
SEED = None  # of everything drawn; None is the run's own, said in 01
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
from mwwkit.previews import clip_player
from mwwkit.previews.training_curves import LiveCurves
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run, platform
from mwwkit.run.session import Limits
from mwwkit.stages import mine

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "mine", globals(), run, mine.Config)
limits = Limits.from_parameters(given)
config = mine.Config.from_parameters(given)
ending = Ending(run)
platform(), run

# %% [markdown]
# ## Plan
#
# What is done, what is left, and the minutes it takes.

# %%
given

# %%
mine.plan(config, run, limits)

# %% [markdown]
# ## Run
#
# Reports the figures before and after; the new weights are kept only where they are better.

# %%
ending.of(mine.run, config, run, limits, on_unit=LiveCurves(run, "tuned"))

# %% [markdown]
# ## Look
#
# What fooled the model. Ids of what is no mistake go into `DROP`; then run again.

# %%
ending.stopped or clip_player.mined(run)

# %% [markdown]
# ## Check
#
# Raises if 05 could not work with what is on disk.

# %%
ending.stopped or mine.check(run)
