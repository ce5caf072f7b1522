# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 Export: the model, its cutoff, its figures
#
# [![Open in Colab](attachment:open-in-colab.png)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/05_export.ipynb) [![Open in Kaggle](attachment:open-in-kaggle.png)](https://kaggle.com/kernels/welcome?src=https://github.com/itorousa/mwwkit/blob/main/notebooks/05_export.ipynb)
#
# ![The five notebooks; you are in number 5](attachment:five-5.png)
#
# [previous: 04 Mine](04_mine.ipynb) · [glossary](https://github.com/itorousa/mwwkit/blob/main/docs/glossary.md) · [the demo, executed](https://github.com/itorousa/mwwkit/blob/main/docs/executed/README.md)
#
# Makes what the device runs: a streaming int8 model with its manifest, its cutoff and its measured
# memory. A gate reads the finished file and refuses it if the device could not run it. Then it tests
# the model on the split that nothing has touched so far, and writes a report that you can believe.
#
# ![What the cutoff trades](attachment:trade.png)
#
# *A drawing; yours is below, measured. Further left the device wakes for nothing, further right it
# misses calls. The report offers three cutoffs.*
#
# **What you will see:** the verdict in plain words, all cutoffs and what each would do, a held-out
# word as the device scores it, and yourself: record a sound and see when the device would wake.
#
# | | |
# |---|---|
# | **You need** | finished 01, 02 and 03; 04 if you like |
# | **Reads** | `clips/` from 01, `features/` from 02, `training/` (03), `tuned/` (04, if run) |
# | **Writes** | `export/`: `.tflite`, manifest, certificate, report, model card, ESPHome lines |
# | **Takes** | CPU only; about a minute |
# | **Stopped early?** | run all cells again |

# %% [markdown]
# ## Parameters
#
# `AUTHOR` and `WEBSITE` go into the manifest. `TARGET_FAH` may be another one here, to choose
# another cutoff from the same weights; `None` is what 01 said. A cutoff that you chose by hand below
# counts before it.

# %%
PRESET = None  # values to begin with, as in 01, or "" for none; None is the run's, said in 01
TARGET_FAH = None  # false accepts an hour that are allowed; None is the run's, said in 01
AUTHOR = "me"  # goes into the manifest
WEBSITE = ""  # goes into the manifest; may be empty

# %% [markdown]
# Nothing in the next cell need be touched: go on to Setup. Each line says what it is for.

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
WORD = None  # the wake word, as people say it; None is the run's, said in 01
LANGUAGES = None  # of the people it is for, as a list; None is the run's
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
from mwwkit.previews import (
    audition,
    export_panel,
    good_enough,
    held_out_word,
    mistakes_panel,
    threshold_explorer,
)
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
# A higher cutoff misses more calls, a lower one wakes more often for nothing. The cutoff is chosen
# on the validation split: the one that hears most words within the target, counted, and whose tail of
# scores lets expect no more than the target either. Its figures are told of the test split, which
# chose nothing. Choosing and testing on the same clips would flatter: of two hundred cutoffs one is
# always lucky. It may be another number than 03's or 04's, though the weights be the same: those score
# by quicker arithmetic, 05 by the device's own, so that it may count an event more or fewer, and where
# few sounds make the tail of the scores it may expect half or twice as many. 05's number counts.
#
# Recall, the share of words heard, is of people's words alone, where ten or more recordings are theirs. Machines' words stand
# beside it: they are easier, and a model that hears all of them may miss most of yours.

# %%
ending.of(export.run, config, run, limits)

# %% [markdown]
# ## Look
#
# The verdict and its figures, and the whole report. Every figure has an interval: what the true one
# may be, with 95 %. Of words heard it is by speaker: a voice that is missed is missed in all of its
# clips, so few voices prove little. No false accept in ten minutes is not none in a day; it leaves room
# for eighteen an hour.

# %%
ending.stopped or export_panel.report(run)

# %% [markdown]
# **The cutoff.** Click on a curve or on the map, or move a slider, to see what another one would
# hear, and how often it would wake for nothing. "Use this" is kept in the run, and shipped when the
# cells of 05 are run again. Choose by the validation split; the test split is for looking: a cutoff
# that is chosen by it has no test left.

# %%
ending.stopped or threshold_explorer.explore(run)

# %% [markdown]
# **What it got wrong**, to be heard and judged: sometimes a clip is at fault and not the model.
# *Keep* leaves a clip as it is. *Drop* is for a broken one: no notebook uses it any more. *Mislabelled*
# makes a word of what was none, and the other way round. After the last two run 02 to 05 again. Then a
# held-out word as the device scores it.

# %%
ending.stopped or mistakes_panel.listen(run)

# %%
ending.stopped or held_out_word.show(run)

# %% [markdown]
# **Your own voice.** Record in the browser or upload a file, and see when the device would wake. A
# figure is about many people; this is about you. Each sound is heard after a second of faint noise, as
# a device hears it that was on before; until yours is there it is another held-out word.

# %%
ending.stopped or audition.audition(run)

# %% [markdown]
# The files, to download, and the lines for your device.

# %%
ending.stopped or export_panel.files(run)

# %% [markdown]
# ## Check
#
# What was looked at before anything was written, and what was found. Raises if the files in
# `export/` are not what passed.

# %%
ending.stopped or export.check(run)

# %% [markdown]
# ## Good enough?

# %%
ending.stopped or good_enough.model(run)

# %% [markdown]
# 03 and 04 judge by the validation split, 05 by the test split: where few words test, each may call the
# same model by another of these names. A model that has several faults is called by the worst.
#
# | the verdict says | then |
# |---|---|
# | deaf: it hears next to nothing | listen to the words in 02; more `STEPS` in 03, or a higher `POSITIVE_WEIGHT` |
# | shy: recall is low | record more people; more `STEPS`; or set the lenient cutoff of the report |
# | trigger-happy: many false accepts | more hours of talk and radio in 01, run 04; or set the strict cutoff |
# | untested | too few words or too little speech to tell: record more, run again from 01 |
# | promising, not proven | try it at home for a day; more people and hours would prove more |
# | good | put it on the device |

# %% [markdown]
# ## Next
#
# The files in `export/` go to ESPHome: copy the `.tflite` and the `.json` beside your device's YAML,
# and paste the lines of the `.yaml` into it (the `.url.yaml` has them for files on the web). Another
# cutoff is one line in your YAML, under `- model:`, as in `probability_cutoff: 0.6`; without it the
# number in the `.json` counts. To export again, after more training or with
# another cutoff, attach the outputs of 01 to 04, the newest of each.
