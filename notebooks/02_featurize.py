# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 Featurize
#
# Draws scenes (words one after another in rooms, noise and other voices), and turns them into
# spectrograms of 40 bands, one frame each 10 ms, exactly as the device computes them.
#
# | | |
# |---|---|
# | **Reads** | `clips/` from 01 |
# | **Writes** | `features/` for 03, 04 and 05 |
# | **Takes** | CPU only; about 20 ms of a core a scene; the Plan cell says how much |
#
# Timed out? Run all cells again: finished shards are kept.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = ""  # earlier runs to go on from, separated by commas; only read; auto asks paths.md
TRAINING = "scenes"  # scenes, or windows: one window and one label, as a baseline
SCENES = 5000  # training scenes; 5000 of 12 s are 240 MB
SCENE_SECONDS = 12.0  # length of a scene
CONDITIONS = ["clean", "noise10", "babble10", "room"]  # held-out words are heard in these
MAX_ROOMS = 200  # rooms used at most; 0 for none
SEED = 42  # of everything drawn; same seed, same bytes
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
from mwwkit.paths import Run, platform
from mwwkit.previews import scenes
from mwwkit.session import Limits
from mwwkit.stages import featurize

here = Run.of(RUN_DIR, PREVIOUS)
limits = Limits(budget_gb=BUDGET_GB, session_hours=SESSION_HOURS, workers=WORKERS)
config = featurize.Config(
    training=TRAINING,
    scenes=SCENES,
    scene_seconds=SCENE_SECONDS,
    conditions=CONDITIONS,
    max_rooms=MAX_ROOMS,
    seed=SEED,
)
platform(), here

# %% [markdown]
# ## Plan
#
# What is done, what is left, and the minutes and room it takes. Raises here, not three hours
# in, if 01 has not finished or the disk is too small.

# %%
featurize.plan(config, here, limits)

# %% [markdown]
# ## Run
#
# Shards are made by all cores and written whole. The front end runs over the whole scene, so its
# adaptation is the device's.

# %%
featurize.run(config, here, limits)

# %% [markdown]
# ## Look
#
# A training scene: how it sounds, what the device hears, what is taught.

# %%
scenes.training(here)

# %% [markdown]
# ## Check
#
# Raises if 03 could not work with what is on disk.

# %%
featurize.check(here)
