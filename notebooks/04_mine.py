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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/04_mine.ipynb)
#
# Streams the negatives of the training split through the int8 model, keeps what fools it, and
# fine-tunes on it.
#
# | | |
# |---|---|
# | **Reads** | `clips/` from 01, `features/` from 02, `training/` from 03 |
# | **Writes** | `mined/`: what fooled it; `tuned/`: the weights for 05 |
# | **Takes** | ten hours of audio in about a minute on one core, then some training |
#
# Timed out? Run all cells again: finished units are kept.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
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
MWWKIT = ""  # what pip installs where mwwkit is missing; nothing: an attached wheel, else SOURCE

# %% [markdown]
# ## Setup

# %%
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
from mwwkit.previews import clip_player
from mwwkit.previews.training_curves import LiveCurves
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import mine

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "mine", globals(), run, mine.Config)
limits = Limits.from_parameters(given)
config = mine.Config.from_parameters(given)
ending = Ending(run)
run.told

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

# %% [markdown]
# ## Next
#
# Then 05. On Kaggle: attach the outputs of 01 to 03 and this notebook to it. Stopped early: attach
# this output to this notebook itself, beside those of 01 to 03, and run it again.
