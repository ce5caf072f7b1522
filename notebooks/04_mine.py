# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 Mine: what still fools it
#
# [![Open in Colab](attachment:open-in-colab.png)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/04_mine.ipynb) [![Open in Kaggle](attachment:open-in-kaggle.png)](https://kaggle.com/kernels/welcome?src=https://github.com/itorousa/mwwkit/blob/main/notebooks/04_mine.ipynb)
#
# ![The five notebooks; you are in number 4](attachment:five-4.png)
#
# [previous: 03 Train](03_train.ipynb) · [next: 05 Export](05_export.ipynb) · [glossary](https://github.com/itorousa/mwwkit/blob/main/docs/glossary.md) · [the demo, executed](https://github.com/itorousa/mwwkit/blob/main/docs/executed/README.md)
#
# Most of what people say is no trouble to the model. What wakes it for nothing is rare: seconds in
# hours. This notebook plays it all negatives of the training split, keeps the moments that score
# highest, lets you hear them, and trains a little more against them.
#
# ![False accepts in a day, and what silence proves](attachment:day.png)
#
# *Left: a day of sixteen hours in which talk or a radio is on, at three rates; a red line is a wake
# for nothing. 0.5 an hour is what is asked for unless you say otherwise. Right: having heard none for
# so many hours, the true rate may still be that high.*
#
# **What you will see:** what fools the model, with players; the figures before and after.
#
# | | |
# |---|---|
# | **You need** | finished 01, 02 and 03 |
# | **Reads** | `clips/` from 01, `features/` from 02, `training/` from 03 |
# | **Writes** | `mined/`: what fooled it; `tuned/`: the weights for 05 |
# | **Takes** | ten hours of audio in about a minute on one core, then some training: a minute for the demo |
# | **Stopped early?** | run all cells again: finished units are kept |

# %% [markdown]
# ## Parameters
#
# Nothing to set at first. `DROP` is for afterwards: ids of moments not to train against.

# %%
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
FINE_TUNE_STEPS = 500  # of training against them
DROP = []  # ids of mined.csv not to train against, after listening
DEVICE = "cpu"  # cpu hides GPUs from TensorFlow; gpu trains on them, and SpecAugment by CuPy
SESSION_HOURS = 0.0  # stop between units after so many hours; 0 for no deadline

# %% [markdown]
# Nothing in the next cell need be touched: go on to Setup. Each line says what it is for.

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
KEEP_ABOVE = 0.3  # a sliding mean over this is kept; well under any cutoff
MAX_PER_CLIP = 3  # events kept of one clip, the worst: else a few clips would teach everything
MAX_EVENTS = 500  # events kept in all, the worst
LEARNING_RATE = 0.0005  # of these steps
MINED_SHARE = 0.25  # of every batch
MINED_PENALTY = 1.0  # weight of their negative steps
POOLING = 0.0  # 0 supervises every step of a word; 1 only its best
TRIPLET = 0.0  # weight of keeping words apart from what fooled the model: 0.1 to 1; 0 is off
TRIPLET_MARGIN = 0.2  # by how much, in squared distance
BATCH = 16  # scenes a step
TARGET_FAH = None  # false accepts an hour that are allowed; None is the run's, said in 01
MAX_CLIP_FPR = None  # share of other clips, near misses apart, that may pass; None is the run's
THREADS = 1  # of TensorFlow; their number shapes the last bits of the weights
SEED = None  # of everything drawn; None is the run's own, said in 01
BUDGET_GB = 19.0  # GB the run's folder may hold; stops before the write that would cross it
WORKERS = 0  # processes; 0 for one a core
MWWKIT = ""  # what pip installs where mwwkit is missing; nothing: an attached wheel, else SOURCE

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
from mwwkit.previews import good_enough, mistakes_panel
from mwwkit.previews.training_panel import TrainingPanel
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
#
# Why only the training split: what chooses and tests must stay unseen. A model trained against the
# very mistakes that it is tested on would look better than it is.

# %%
given

# %%
mine.plan(config, run, limits)

# %% [markdown]
# ## Run
#
# The figures before and after are of the validation split. The new weights are kept only where they
# are better there; else 03's stay, and nothing is lost.

# %%
TrainingPanel(ending, mine.run, config, run, limits, "tuned").go()

# %% [markdown]
# ## Look
#
# Listen to the worst, one by one. A near miss, a name, a jingle: fine, that is what it shall learn to
# let pass. But if you hear the wake word itself, the clip is mislabelled: say so, else the model is
# taught to ignore you; then run 02 to 04 again, which take it as the word. Drop is for all else that
# should not be trained against, such as a broken sound; then run 04 again.

# %%
ending.stopped or mistakes_panel.mined(run)

# %% [markdown]
# ## Check
#
# Raises if 05 could not work with what is on disk.

# %%
ending.stopped or mine.check(run)

# %% [markdown]
# ## Good enough?

# %%
ending.stopped or good_enough.mining(run)

# %% [markdown]
# If that disappoints:
#
# | you read | then |
# |---|---|
# | fine-tuning did not help | quite usual with little audio to search: more hours of talk and radio in 01 (`ambient/`), then 02 to 04 again |
# | next to nothing was found | the same; or `KEEP_ABOVE = 0.2` |
# | recall, the share of words heard, fell | fewer `FINE_TUNE_STEPS`, or a smaller `MINED_SHARE` |

# %% [markdown]
# ## Next
#
# Then 05. On Kaggle: attach the outputs of 01 to 03 and this notebook to it. Stopped early: attach
# this output to this notebook itself, beside those of 01 to 03, and run it again.
