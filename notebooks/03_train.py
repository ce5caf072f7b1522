# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 Train: a net that scores every 30 ms
#
# [![Open in Colab](attachment:open-in-colab.png)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/03_train.ipynb) [![Open in Kaggle](attachment:open-in-kaggle.png)](https://kaggle.com/kernels/welcome?src=https://github.com/itorousa/mwwkit/blob/main/notebooks/03_train.ipynb)
#
# ![The five notebooks; you are in number 3](attachment:five-3.png)
#
# [previous: 02 Featurize](02_featurize.ipynb) · [next: 04 Mine](04_mine.ipynb) · [glossary](https://github.com/itorousa/mwwkit/blob/main/docs/glossary.md) · [the demo, executed](https://github.com/itorousa/mwwkit/blob/main/docs/executed/README.md)
#
# Trains a net of some 24,000 parameters on the scenes. On the device it gets three frames, 30 ms, at
# a time, keeps a short memory, and answers with a score from 0 to 1: has the wake word just ended?
# The device averages the last few scores and wakes when the mean passes the *cutoff*.
#
# ![Scores, their mean, and the cutoff](attachment:decision.png)
#
# *A drawing. The mean of some scores must pass the cutoff: so a word wakes it, and a short blip does
# not.*
#
# **What you will see:** the training's curves, and what the model reaches as the device would run it,
# on recordings that it was not taught by: of speakers it never heard, or, where 01 says that it is
# tested on voices it knows, of the same ones.
#
# | | |
# |---|---|
# | **You need** | finished 01 and 02; no GPU |
# | **Reads** | `features/` from 02, `clips/catalogue.csv` from 01 |
# | **Writes** | `training/` for 04 and 05 |
# | **Takes** | one CPU core, about 15 ms a step of 8 scenes: the demo's 6,000 steps in two minutes; or a GPU, if `DEVICE` says so |
# | **Stopped early?** | run all cells again: it goes on from the last snapshot, to the same bytes |

# %% [markdown]
# ## Parameters
#
# `STEPS` is the one to change: more steps, more time, mostly a better model. The rest is for those
# who want to know.

# %%
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
STEPS = 12000  # of training
SHAPE = "mixed"  # of the net: mixed, tiny, or an official one such as okay_nabu
DEVICE = "cpu"  # cpu hides GPUs from TensorFlow; gpu trains on them, and SpecAugment by CuPy
SESSION_HOURS = 0.0  # stop between units after so many hours; 0 for no deadline

# %% [markdown]
# Nothing in the next cell need be touched: go on to Setup. It is in groups, in the order in which you
# might come to need them.

# %% tags=["parameters"]
# Nothing here need be touched: with these values it works.

# What the loss weighs more:
POSITIVE_WEIGHT = 1.0  # of the words' steps in the loss
NEGATIVE_WEIGHT = 0.5  # of all other steps
HARD_WEIGHT = 1.0  # of the hardest of them once more
HARD_SHARE = 0.01  # how many of all steps are those
CLASS_RATIO = []  # [2, 1, 1] of every batch with the word, without, with a near miss; [] as drawn
CLASS_PENALTY = []  # weights of their negative steps, as [1, 1, 2]; [] for 1 each
FOCAL = 0.0  # 2 lets steps that are right already count less; 0 is off
SMOOTHING = 0.0  # doubt that is taught: 0.05 wants 0.95 instead of 1
TRIPLET = 0.0  # weight of keeping words apart from what sounds like them; 0 is off
TRIPLET_MARGIN = 0.2  # by how much, in squared distance

# How it learns:
BATCH = 8  # scenes a step; 8 of 12 s are some 3200 decisions
LEARNING_RATE = 0.003  # at its highest, after the warm-up
WARMUP_STEPS = 100  # over which the rate rises to it
SCHEDULE = []  # stages instead of a cosine: [[3000, 0.003, 0.5], [1500, 0.0005, 1.0]]
WEIGHT_DECAY = 0.001  # AdamW's
CLIP_NORM = 5.0  # the longest gradient that is followed
DROPOUT = 0.1  # share of channels left out before the head
EMA_DECAY = 0.999  # of the averaged weights, which are the ones that are kept
EMA_DECAY_LATE = 0.9995  # in the last fifth
QAT_STEPS = 0  # the last so many feel the rounding of the int8 file, at twice the time; 0 is off
FIND_RATE = False  # try 100 rates first and draw the loss; nothing is kept of it

# When it is looked at, and when it ends:
EVALUATE_EVERY = 2500  # steps between two looks at the int8 model's numbers; a multiple of 250
PATIENCE = 0  # stop after so many looks without a better one; 0 takes all steps
TARGET_FAH = None  # false accepts an hour that are allowed; None is the run's, said in 01
MAX_CLIP_FPR = None  # share of other clips, near misses apart, that may pass; None is the run's

# How features are disturbed once more:
SPEC_AUGMENT = True  # warp, gain and masked bands, anew each step
SPEC_WARP = 0.08  # bands are read from up to this share higher or lower
SPEC_GAIN = 0.1  # features times 0.9 to 1.1
SPEC_BAND_MASKS = 2  # spans of bands that are silenced
SPEC_BAND_MASK = 5  # bands in one at most, of 40
SPEC_TIME_MASKS = 0  # spans of frames that are silenced
SPEC_TIME_MASK = 12  # frames in one at most, of 10 ms
CMVN = False  # normalise the bands; folded into the weights by 05

# When a score should be high:
LABEL_FROM_S = 0.0  # s after the word's end: a score there should be high from here
LABEL_TO_S = 0.3  # to here
LABEL_IGNORE_BEFORE_S = 0.25  # s before the word's end in which nothing is asked of a score
POOLING = 0.0  # 0 supervises every step of a word; 1 only its best, for unsure word ends
POOLING_SHARPNESS = 0.0  # 0 takes the best itself; 1 to 10 a smooth one

# A teacher, a larger net that is trained first:
TEACHER_STEPS = 0  # of a larger net that hears ahead, trained first; 1200, or 0 for none
TEACHER_WIDTH = 96  # its channels
TEACHER_BLOCKS = 5  # of 25 steps each
DISTILLATION = 0.0  # share of the loss that a teacher takes over from the labels; 0 is off
DISTILLATION_TEMPERATURE = 2.0  # by which both logits are divided before they are compared

# On what it runs:
REPLICAS = 1  # GPUs that share a batch; 0 for all there are, if DEVICE is gpu
PRECISION = "float32"  # of products: float32, bfloat16 or float16; weights stay float32
THREADS = 1  # of TensorFlow; their number shapes the last bits of the weights
WORKERS = 0  # processes that score hours of sound with the int8 model; 0 for one a core

# Where the run is kept, and what it may take:
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
SEED = None  # of everything drawn; None is the run's own, said in 01
BUDGET_GB = 19.0  # GB the run's folder may hold; stops before the write that would cross it
MWWKIT = ""  # what pip installs where mwwkit is missing; nothing: an attached wheel, else SOURCE
TENSORBOARD = False  # also write events for TensorBoard to training/tensorboard
PROFILE = False  # write where Python's time goes to training/profile.txt

# %% [markdown]
# ## Setup
#
# As in 01: installs what is missing in a fresh session, then reads the parameters.

# %% jupyter={"source_hidden": true} _kg_hide-input=true
import importlib.util
import subprocess
import sys
from glob import glob
from importlib.metadata import distributions
from pathlib import Path
from tempfile import mkdtemp

SOURCE = "git+https://github.com/itorousa/mwwkit"  # where MWWKIT is empty and no wheel is attached
python = f"Python {sys.version.split()[0]} ({sys.executable})"
if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"{python} runs here; mwwkit wants 3.10 to 3.13: choose a kernel or image of these")
if importlib.util.find_spec("mwwkit") is None:  # a fresh Kaggle or Colab session
    looked = [MWWKIT] if MWWKIT else ["../input" + "/*" * depth for depth in range(1, 6)]
    wheels = sorted(wheel for folder in looked for wheel in glob(f"{folder}/mwwkit-*.whl"))
    if len(wheels) > 1:
        sys.exit(f"several wheels are attached: {', '.join(wheels)}; set MWWKIT to one of them")
    source = (wheels or [MWWKIT or SOURCE])[0]
    ours = ("tensorflow", "keras", "numpy")
    here = {d.name: d.version for d in distributions() if d.name in ours}
    stays = Path(mkdtemp(), "stays.txt")  # the image's own: pip adds to it and changes none of them
    stays.write_text("".join(f"{name}=={version}\n" for name, version in here.items()))
    pip = [sys.executable, "-m", "pip", "install", "-q", "-c", str(stays), source]
    inside = ["--no-index", "--find-links", str(Path(source).parent)]  # a wheelhouse needs no net
    tries = [inside, []] if source.endswith(".whl") else [[]]
    done = subprocess.run([*pip, *tries[0]], capture_output=True, text=True)
    if done.returncode and tries[1:]:
        done = subprocess.run(pip, capture_output=True, text=True)
    lines = done.stderr.split("\n") if done.stderr.strip() else [f"exit code {done.returncode}"]
    why = " ".join([line for line in lines if "ERROR" in line] or lines).strip()[-400:]
    beside = ", ".join(f"{n} {v}" for n, v in here.items()) or "neither TensorFlow nor NumPy"
    if done.returncode:
        cannot = f"{python} has no mwwkit and {beside}, and its pip cannot add {source}: {why}"
        sys.exit(f"{cannot}; choose the kernel that has mwwkit, or set MWWKIT to another source")
    importlib.invalidate_caches()

from mwwkit.run import fresh_session

fresh_session.prepare(globals())

# %%
from mwwkit.presets.parameters import resolve
from mwwkit.previews import good_enough, lr_sweep
from mwwkit.previews.training_panel import TrainingPanel
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import train

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "train", globals(), run, train.Config)
limits = Limits.from_parameters(given)
config = train.Config.from_parameters(given)
ending = Ending(run)
run.told

# %% [markdown]
# ## Plan
#
# What is done, what is left, the size of the model and the minutes it takes. Where `FIND_RATE` asks
# for it, also the loss of single steps at rising rates, and a rate to try.
#
# Which weights are kept is not decided by the loss: it counts every moment alike, and you care for
# two things, words heard and waking for nothing. So the weights are turned into the int8 model of
# the device, stepped over the validation split, and those win that hear most words at a cutoff which
# keeps to `TARGET_FAH`. People's words alone decide, where ten or more recordings are theirs.

# %%
given

# %%
train.plan(config, run, limits)

# %%
lr_sweep.show(train.find_rate(config, run))

# %% [markdown]
# ## Run
#
# The curves follow the training. The loss should fall and flatten; recall, the share of words heard,
# should rise and stay; false accepts should end near the target. The ring marks what is kept.
#
# "Stop after this unit" (250 steps), or one interrupt of the kernel, ends it between two units; nothing is lost,
# and Start goes on.

# %%
TrainingPanel(ending, train.run, config, run, limits).go()

# %% [markdown]
# ## Check
#
# Raises if 04 and 05 could not work with what is on disk.

# %%
ending.stopped or train.check(run)

# %% [markdown]
# ## Good enough?

# %%
ending.stopped or good_enough.weights(run)

# %% [markdown]
# If that disappoints:
#
# | you read | then |
# |---|---|
# | deaf, too shy, rather shy (recall is low) | more `STEPS`; more recordings or voices of the word in 01; a higher `POSITIVE_WEIGHT` |
# | trigger-happy (it wakes for nothing) | more talk, radio and other words in 01; then 04; a higher `NEGATIVE_WEIGHT` |
# | untested | the validation split is too small: more recordings and more long speech in 01 |
# | overfitting | more clips in 01 or scenes in 02, or fewer steps |
# | exploding, dead | a lower `LEARNING_RATE`, in a new `RUN_DIR` |

# %% [markdown]
# ## Next
#
# Then 04. On Kaggle: attach the outputs of 01, 02 and this notebook to it. Stopped early: attach
# this output to this notebook itself, beside 01's and 02's, and run it again.
