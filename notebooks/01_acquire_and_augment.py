# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 Acquire and augment
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/01_acquire_and_augment.ipynb)
#
# Gathers the clips that the wake word is learnt from: folders of recordings, and words spoken by
# synthetic voices. Every clip is validated, split by speaker (few speakers: by file), and written
# as 16 kHz mono.
# The augmentation itself is drawn and applied by 02, from what is gathered here.
#
# A second product, for a model of rooms: triples of a messy recording, a room's embedding and the
# clean target, at 48 kHz (`PRODUCT`). The wake word needs none of it.
#
# | | |
# |---|---|
# | **Reads** | folders of recordings, the places in `paths.md` |
# | **Writes** | `clips/` for 02 to 05, `quarantine.jsonl` for you; `batches/` and `manifest.json` |
# | **Takes** | CPU only; seconds for thousands of clips; the Plan cell says how many |
#
# Timed out? Run all cells again: finished units are kept.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
PRESET = ""  # values to begin with: demo, fast_test, standard, max_quality, or your own .yaml
PRODUCT = "clips"  # clips of a wake word; triples for a model of rooms; or both
WORD = ""  # the wake word, as it is written
RECORDINGS = "auto"  # a folder with any of positive/ negative/ background/ ...; auto asks paths.md
POSITIVE = []  # more folders of each
NEGATIVE = []  # words that are not the wake word
HARD_NEGATIVE = []  # words that sound like it
AMBIENT = []  # continuous speech without it
BACKGROUND = []  # noise
RIRS = []  # impulse responses of rooms
TABLE = ""  # a CSV with path and kind, at best also word, source, speaker, licence
TABLE_POSITIVE = []  # its words or path patterns; none for the wake word
TABLE_HARD_NEGATIVE = []  # its words or path patterns
TABLE_EXCLUDE = []  # its words or path patterns that are left out
GIVEN_SPLITS = ""  # a CSV with path and split; wins over drawn splits
TTS_POSITIVE = 1000  # spoken wake words
TTS_NEGATIVE = 2000  # spoken other words
TTS_HARD_NEGATIVE = 600  # spoken near misses
TTS_AMBIENT_MINUTES = 30.0  # spoken sentences
TTS_WHEN = "needed"  # machines say what people said too little of; or "always", all of the above
TTS_SPELLINGS = []  # other spellings, where the engine misreads the first
TTS_SPEAKERS = 0  # voices at most; 0 for all
TTS_LANGUAGES = []  # espeak-ng voices such as gmw/en-US; none for all of English
TTS_ACCENT_SHARE = 0.1  # share of voices with a foreign accent
PIPER_VOICES = ""  # a folder of Piper's voices; it then speaks instead of espeak-ng
NOISE_MINUTES = 20.0  # made up
ROOMS = 60  # made up
SHARES = [0.7, 0.15, 0.15]  # of train, validation, test
SPEAKER_LEVEL = 0  # the folder that is the speaker, 1 the outermost, -1 the innermost; 0 by names
INPUT_RULES = 2  # how folders and tables are read; 1 as in runs that older versions began
MIN_SECONDS = 0.1  # length of a clip at least
MAX_SECONDS = 15.0  # and at most
BAD_IRS = []  # for triples: folders of impulse responses of all kinds; none asks paths.md
TARGET_IRS = []  # folders of labelled rooms
DRY_SPEECH = []  # folders of speech
EMBEDDINGS = "clap"  # of the target rooms; none leaves zeros in their place
TRIPLES_PER_FILE = 500  # examples in a batch file
AUGMENTATIONS = [3, 6]  # what happens to an input, at least and at most
WET = [0.3, 1.0]  # the share of room in an input
COMPRESSED = False  # batches as zlib makes them: smaller and slower
ALIGN_ONSETS = False  # rooms from their direct sound on
CHUNK_FILES = 500  # files of speech between two saves
STERILE_SHARE = 0.3  # of the budget, for sterilised speech
STERILE_IS_ENOUGH = False  # go on with the speech that is sterilised, and no more
PROP_DECREASE = 0.95  # of the speech's noise that is taken off
TRIM_DB = 40.0  # silence at its ends is so far under the loudest
LOUDNESS_LUFS = -23.0  # of the speech
FORCE = []  # phases of the triples to make again: irs, embeddings, sterile, triples
SEED = 42  # of everything drawn in the whole run; same seed, same bytes
TARGET_FAH = 0.5  # false accepts an hour that 03, 04 and 05 allow; here for all of them
MAX_CLIP_FPR = 0.01  # share of other words' clips, near misses apart, that they let pass
LANGUAGES = ["en"]  # of the people it is for; goes into the manifest
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
from mwwkit.corpus import fates
from mwwkit.presets.parameters import resolve
from mwwkit.previews import clip_player
from mwwkit.previews import triple_player as previews
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire, triples

run = Run.of(RUN_DIR, PREVIOUS)
given = resolve(PRESET, "acquire", globals(), run, acquire.Config, triples.Config)
limits = Limits.from_parameters(given)
wants_clips, wants_triples = triples.products(PRODUCT)
clips = acquire.Config.from_parameters(given) if wants_clips else None
triples_config = triples.Config.from_parameters(given) if wants_triples else None
ending = Ending(run)
run.told

# %% [markdown]
# ## Plan
#
# What is done, what is left, and the room it needs. Raises here, not three hours in, if a folder is
# empty or the disk too small.

# %%
given

# %%
clips and acquire.plan(clips, run, limits)

# %%
triples.plan(triples_config, run, limits) if triples_config else triples.NOT_MADE

# %% [markdown]
# ## Run
#
# What cannot be used goes to `quarantine.jsonl` with its reason; nothing is deleted.

# %%
clips and ending.of(acquire.run, clips, run, limits)

# %%
triples_config and triples.run(triples_config, run, limits)

# %% [markdown]
# ## Look
#
# Some clips of each label: how they sound, and what the device hears of them. A triple: its dry
# speech, the bad room alone, the messy input and the target, and all that was done.

# %%
ending.stopped or (clips and clip_player.clips(run))

# %%
triples_config and previews.triple(run, triples_config.bad_irs)

# %% [markdown]
# ## Check
#
# Raises if 02 could not work with what is on disk, or if a sound is in two splits, or a speaker of
# six or more. Says where people's recordings of the word went, and whether it knows who tests it.
# The last table says what became of everything that was given: used, set aside or left out, and
# why; its rows add up, and each single reason is in `quarantine.jsonl`.

# %%
ending.stopped or (clips and acquire.check(run))

# %%
triples_config and triples.check(run)

# %%
ending.stopped or (clips and fates.fates_of(run))

# %% [markdown]
# ## Next
#
# Then 02. On Kaggle: attach this notebook's output to it. Stopped early: attach it to this notebook
# itself and run it again.
