# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 Train
#
# Trains MixedNet on the scenes: every 30 ms step of each is a decision. Which weights
# are kept is decided by the streaming int8 model on the validation split, not by the loss.
#
# | | |
# |---|---|
# | **Reads** | `features/` from 02 |
# | **Writes** | `training/` for 04 and 05 |
# | **Takes** | one CPU core: about 20 ms a step; a GPU when there is one |
#
# Timed out? Run all cells again: it goes on from the last snapshot, to the same bytes.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = ""  # earlier runs to go on from, separated by commas; only read; auto asks paths.md
SHAPE = "mixed"  # of the net: mixed, tiny, or an official one such as okay_nabu
STEPS = 4500  # of training
BATCH = 16  # scenes a step; 16 of 12 s are some 6400 decisions
LEARNING_RATE = 0.003  # at its highest, after the warm-up
POOLING = 0.0  # 0 supervises every step of a word; 1 only its best, for unsure word ends
LABEL_FROM_S = 0.0  # s after the word's end: a score there should be high from here
LABEL_TO_S = 0.3  # to here
DROPOUT = 0.1  # share of channels left out before the head
CMVN = False  # normalise the bands; folded into the weights by 05
EVALUATE_EVERY = 750  # steps between two looks at the int8 model's numbers; a multiple of 250
TARGET_FAH = 0.5  # false accepts an hour that the choice of weights allows
MAX_CLIP_FPR = 0.01  # share of other words' clips that it allows to be accepted
DEVICE = "cpu"  # cpu or gpu: where SpecAugment runs
THREADS = 1  # of TensorFlow; their number shapes the last bits of the weights
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
from mwwkit.previews.curves import LiveCurves
from mwwkit.session import Limits
from mwwkit.stages import train

here = Run.of(RUN_DIR, PREVIOUS)
limits = Limits(budget_gb=BUDGET_GB, session_hours=SESSION_HOURS, workers=WORKERS)
config = train.Config(
    shape=SHAPE,
    steps=STEPS,
    batch=BATCH,
    learning_rate=LEARNING_RATE,
    pooling=POOLING,
    label_from_s=LABEL_FROM_S,
    label_to_s=LABEL_TO_S,
    dropout=DROPOUT,
    cmvn=CMVN,
    evaluate_every=EVALUATE_EVERY,
    target_fah=TARGET_FAH,
    max_clip_fpr=MAX_CLIP_FPR,
    device=DEVICE,
    threads=THREADS,
    seed=SEED,
)
platform(), here

# %% [markdown]
# ## Plan
#
# What is done, what is left, the size of the model, and the minutes it takes.

# %%
train.plan(config, here, limits)

# %% [markdown]
# ## Run
#
# The curves are drawn while it trains.

# %%
train.run(config, here, limits, on_unit=LiveCurves(here, "training"))

# %% [markdown]
# ## Check
#
# Raises if 04 and 05 could not work with what is on disk.

# %%
train.check(here)
