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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/05_export.ipynb)
#
# Makes the model that the device runs: streaming, int8, with its manifest, its cutoff and its
# measured arena. A gate reads the finished file and refuses it if the device could not run it.
#
# | | |
# |---|---|
# | **Reads** | `clips/` from 01, `features/` from 02, `training/` (03), `tuned/` (04, if run) |
# | **Writes** | `export/`: `.tflite`, manifest, certificate, report, model card, ESPHome lines |
# | **Takes** | CPU only; about a minute |

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
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
WORKERS = 0  # processes that score hours of sound with the int8 model; 0 for one a core
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
from mwwkit.previews import audition, cutoffs
from mwwkit.report import writing
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import export

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "export", globals(), run, export.Config)
limits = Limits.from_parameters(given)
config = export.Config.from_parameters(given)
ending = Ending(run)
run.told

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
ending.stopped or export.check(run)

# %% [markdown]
# ## Next
#
# The files in `export/` go to ESPHome: the `.yaml` has the lines for them. To export again, after
# more training or with another cutoff, attach the outputs of 01 to 04, the newest of each.
