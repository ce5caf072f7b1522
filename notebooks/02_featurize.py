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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/02_featurize.ipynb)
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
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
TRAINING = "scenes"  # scenes, or windows: one window and one label, as a baseline
SCENES = 5000  # training scenes; 5000 of 12 s are 240 MB
SCENE_SECONDS = 12.0  # length of a scene
CONDITIONS = ["clean", "noise10", "babble10", "room"]  # held-out words are heard in these
MAX_ROOMS = 200  # rooms used at most; 0 for none
RIR = 0.5  # probability that a scene is in one of them
DRY = "none"  # of a room's sound left dry: none, fixed, random; adaptive: more where it rings long
DRY_SHARE = [0.3, 0.7]  # how much, at least and at most
BACKGROUND_NOISE = 0.13  # probability of a recording behind a scene
COLOR_NOISE = 0.1  # of white to brown noise
VOICE = 0.15  # of somebody talking
BABBLE = 0.42  # of several; else it is quiet
SNR_DB = [-3.0, 15.0]  # of a word over what is behind
GAIN = 1.0  # probability, for each sound in a scene, of another level
GAIN_DB = 5.0  # up or down
SPEED_LOG = 0.13  # sounds are up to exp(0.13), so 1.14 times, faster and higher, or slower
EQ = 0.4  # probability, for each sound, of another spectrum
DISTORTION = 0.1  # of saturation
PITCH_SHIFT = 0.0  # of another pitch at the same speed, up to 2 semitones
BAND_STOP = 0.05  # of a missing band
TIME_STRETCH = 0.0  # of being faster or slower at the same pitch
STRETCH = [0.85, 1.15]  # how fast, at least and at most
TIME_SHIFT = 0.0  # of coming earlier or later than the pause before it
SHIFT_S = 0.1  # s, either way at most
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
from mwwkit.previews import scene_player
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import featurize

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "featurize", globals(), run, featurize.Config)
limits = Limits.from_parameters(given)
config = featurize.Config.from_parameters(given)
ending = Ending(run)
run.told

# %% [markdown]
# ## Plan
#
# What is done, what is left, and the minutes and room it takes. Raises here, not three hours
# in, if 01 has not finished or the disk is too small.

# %%
given

# %%
featurize.plan(config, run, limits)

# %% [markdown]
# ## Run
#
# Shards are made by all cores and written whole. The front end runs over the whole scene, so its
# adaptation is the device's.

# %%
ending.of(featurize.run, config, run, limits)

# %% [markdown]
# ## Look
#
# A training scene: how it sounds, what the device hears, what is taught.

# %%
ending.stopped or scene_player.training(run)

# %% [markdown]
# ## Check
#
# Raises if 03 could not work with what is on disk.

# %%
ending.stopped or featurize.check(run)

# %% [markdown]
# ## Next
#
# Then 03. On Kaggle: attach the outputs of 01 and of this notebook to it. Stopped early: attach
# this output to this notebook itself, beside 01's, and run it again.
