# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 Featurize: what the device will hear
#
# [![Open in Colab](attachment:open-in-colab.png)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/02_featurize.ipynb) [![Open in Kaggle](attachment:open-in-kaggle.png)](https://kaggle.com/kernels/welcome?src=https://github.com/itorousa/mwwkit/blob/main/notebooks/02_featurize.ipynb)
#
# ![The five notebooks; you are in number 2](attachment:five-2.png)
#
# [previous: 01 Acquire and augment](01_acquire_and_augment.ipynb) · [next: 03 Train](03_train.ipynb) · [glossary](https://github.com/itorousa/mwwkit/blob/main/docs/glossary.md) · [the demo, executed](https://github.com/itorousa/mwwkit/blob/main/docs/executed/README.md)
#
# A device never hears a clean word alone. It hears it in a room, after other words, with a radio on.
# So the model learns from *scenes*: some seconds of life, made of the clips of 01, each drawn anew
# and written down, so that it can be made again and listened to. Every scene is then turned into a
# *spectrogram* by the device's own front end: 40 bands, a frame each 10 ms, small whole numbers.
#
# ![A scene: words over babble, and what the model is taught](attachment:scene.png)
#
# *A drawing of one scene of 12 s. Below, what the model is taught: to be sure just after the word's
# end, and to stay quiet elsewhere.*
#
# **What you will see:** a training scene, heard, seen, labelled, with all that was done to it.
#
# | | |
# |---|---|
# | **You need** | a finished 01 |
# | **Reads** | `clips/` from 01 |
# | **Writes** | `features/` for 03, 04 and 05: 48 kB a scene |
# | **Takes** | CPU only; about 20 ms of a core a scene: 3,000 in a minute and a half on two cores; Plan says how long here |
# | **Stopped early?** | run all cells again: finished shards (files of some scenes) are kept |

# %% [markdown]
# ## Parameters
#
# With a preset in 01 there is nothing to set. More `SCENES` are more varied training, in more time
# and room. In `CONDITIONS` each held-out word is heard in turn: clean, 10 dB over noise, 10 dB over
# people talking, in a room; the report tells recall, the share of words heard, for each.

# %%
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
SCENES = 5000  # training scenes; 5000 of 12 s are 240 MB
CONDITIONS = ["clean", "noise10", "babble10", "room"]  # held-out words are heard in these
SESSION_HOURS = 0.0  # stop between units after so many hours; 0 for no deadline

# %% [markdown]
# Nothing in the next cell need be touched: go on to Setup. It is in groups, in the order in which you
# might come to need them.

# %% tags=["parameters"]
# Nothing here need be touched: with these values it works.

# What is behind the word, and how loud:
BACKGROUND_NOISE = 0.13  # probability of a recording behind a scene
COLOR_NOISE = 0.1  # of white to brown noise
VOICE = 0.15  # of somebody talking
BABBLE = 0.42  # of several; else it is quiet
SNR_DB = [-3.0, 15.0]  # of a word over what is behind

# In which rooms:
MAX_ROOMS = 200  # rooms used at most; 0 for none
RIR = 0.5  # probability that a scene is in one of them
DRY = "none"  # of a room's sound left dry: none, fixed, random; adaptive: more where it rings long
DRY_SHARE = [0.3, 0.7]  # how much, at least and at most

# What is done to each sound:
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

# What a scene is:
TRAINING = "scenes"  # scenes, or windows: one window and one label, as a baseline
SCENE_SECONDS = 12.0  # length of a scene

# Where the run is kept, and what it may take:
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
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
from mwwkit.previews import augmentation_ab, good_enough, scene_player
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
# ## Compare
#
# A word as it was said, and as training may hear it. Each slider is how often an effect happens, so
# that at 1 you hear it each time; *draw* gives other strengths. Can you still make the word out? Then
# a model can. *Use these* keeps the values in `decisions/parameters.json`; then run from Setup on.

# %%
augmentation_ab.compare(run, config, config.max_rooms, config.seed)

# %% [markdown]
# ## Plan
#
# What is done, what is left, and the minutes and room it takes. Raises here, not three hours in, if
# 01 has not finished or the disk is too small.
#
# Why so much disturbance: a net learns whatever tells words apart, also the microphone, the room,
# the loudness. Each sound gets another level, speed and spectrum each time, so that the word is all
# that stays the same.

# %%
given

# %%
featurize.plan(config, run, limits)

# %% [markdown]
# ## Run
#
# First it finds where the word is in each recording, a *block* of recordings at a time; then all cores
# make *shards*, files of some scenes each, each written whole. The front end runs over the whole scene,
# since it adapts to what it has heard, on the device as well.

# %%
ending.of(featurize.run, config, run, limits)

# %% [markdown]
# ## Look
#
# A training scene. Is the word to be heard over what is behind it, by you? Then a model can learn
# it. The label says where the model shall wake: just after the word's end. Before it, nobody knows
# yet how the word goes on; later would feel slow. The moment around the end is left open, since it is
# known to a tenth of a second at best.

# %%
ending.stopped or scene_player.training(run)

# %% [markdown]
# ## Check
#
# Raises if 03 could not work with what is on disk.

# %%
ending.stopped or featurize.check(run)

# %% [markdown]
# ## Good enough?

# %%
ending.stopped or good_enough.scenes(run)

# %% [markdown]
# If that disappoints:
#
# | you read or hear | then |
# |---|---|
# | the word drowns in noise | `SNR_DB = [3.0, 15.0]`: at least 3 dB over what is behind it |
# | it sounds like no room of yours | your own `background/` and `rirs/` in 01 |
# | little speech without the word | minutes of talk or radio in 01 (`ambient/`): they tell how often it wakes for nothing |
# | the label is not at the word's end | clips with two words, or a cut word: listen to them in 01 |

# %% [markdown]
# ## Next
#
# Then 03. On Kaggle: attach the outputs of 01 and of this notebook to it. Stopped early: attach this
# output to this notebook itself, beside 01's, and run it again.
