# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 Acquire and augment: the sounds it learns from
#
# [![Open in Colab](attachment:open-in-colab.png)](https://colab.research.google.com/github/itorousa/mwwkit/blob/main/notebooks/01_acquire_and_augment.ipynb) [![Open in Kaggle](attachment:open-in-kaggle.png)](https://kaggle.com/kernels/welcome?src=https://github.com/itorousa/mwwkit/blob/main/notebooks/01_acquire_and_augment.ipynb)
#
# ![The five notebooks; you are in number 1](attachment:five-1.png)
#
# [next: 02 Featurize](02_featurize.ipynb) · [glossary](https://github.com/itorousa/mwwkit/blob/main/docs/glossary.md) · [the demo, executed](https://github.com/itorousa/mwwkit/blob/main/docs/executed/README.md)
#
# A wake word model is as good as the sounds it learns from. This notebook gathers them: your
# recordings, words that machines say (synthetic voices), noise and rooms. It looks at every file, says what
# it cannot use and why, and decides who trains the model, who helps to choose it, and who tests it.
# How the sounds are mixed and disturbed ("augmented") is drawn in 02.
#
# **What you will see:** what became of every file that you gave, some clips to look at and play, and
# three sentences on whether there is enough.
#
# | | |
# |---|---|
# | **You need** | nothing to try it: `PRESET = "demo"` lets machines speak. To be heard yourself: twenty recordings of the word or more, brought or made here |
# | **Reads** | folders of recordings, and the places in `paths.md` |
# | **Writes** | `clips/` for 02 to 05; `quarantine.jsonl`, what was set aside and why |
# | **Takes** | CPU only; one to three minutes for some thousand spoken words on two cores; Plan says how long here |
# | **Stopped early?** | run all cells again: finished units are kept |

# %% [markdown]
# ## Parameters
#
# Most people set two: `WORD`, and `RECORDINGS`, your own folder with `positive/` in it (one word a
# file, a folder for each speaker) and, if you have them, `negative/`, `ambient/`, `background/`. To
# see first that all of it works, set `PRESET = "demo"` and nothing else.
#
# `TARGET_FAH` is how often an hour the device may wake for nothing while people talk: 0.5 is eight
# times in a day of sixteen hours with a radio on, and far fewer in a quiet home.

# %%
WORD = ""  # the wake word, as it is written
RECORDINGS = "auto"  # your folder, with any of positive/ negative/ ... in it; auto asks paths.md
# The preset says how much is made and trained. With "", as it comes, the notebooks' own values count:
# fewer scenes and steps than "standard", which `mwwkit run` takes where none is named; for a word of
# your own set "standard" here.
PRESET = ""  # values to begin with: demo, fast_test, standard, max_quality, or your own .yaml
LANGUAGES = ["en"]  # of the people it is for; goes into the manifest
TARGET_FAH = 0.5  # false accepts an hour that 03, 04 and 05 allow; here for all of them
SESSION_HOURS = 0.0  # stop between units after so many hours; 0 for no deadline

# %% [markdown]
# The next cell is long, and nothing in it need be touched: go on to Setup. It is in groups, in the
# order in which you might come to need them.

# %% tags=["parameters"]
# Nothing here need be touched: with these values it works.

# Sounds of yours that lie elsewhere than in RECORDINGS:
POSITIVE = []  # more folders of the wake word
NEGATIVE = []  # words that are not the wake word
HARD_NEGATIVE = []  # words that sound like it
AMBIENT = []  # continuous speech without it
BACKGROUND = []  # noise
RIRS = []  # impulse responses of rooms
TABLE = ""  # a CSV with path and kind, at best also word, source, speaker, licence
TABLE_POSITIVE = []  # its words or path patterns; none for the wake word
TABLE_HARD_NEGATIVE = []  # its words or path patterns
TABLE_EXCLUDE = []  # its words or path patterns that are left out

# What machines say beside people:
TTS_POSITIVE = 1000  # spoken wake words
TTS_NEGATIVE = 2000  # spoken other words
TTS_HARD_NEGATIVE = 600  # spoken near misses
TTS_AMBIENT_MINUTES = 30.0  # spoken sentences
TTS_WHEN = "needed"  # machines say what people said too little of; or "always", all of the above
TTS_SPELLINGS = []  # other spellings, where the engine misreads the first
TTS_NOT_NEAR = []  # near misses that machines shall not say, as the list under Plan has them
TTS_SPEAKERS = 0  # voices of each engine at most; 0 for all
TTS_LANGUAGES = []  # espeak-ng voices such as gmw/en-US; none for all of English
TTS_ACCENT_SHARE = 0.1  # share of voices with a foreign accent
TTS_ENGINES = []  # who speaks: espeak-ng, kokoro, piper, or several; none for the first alone
PIPER_VOICES = ""  # a folder of Piper's voices; where TTS_ENGINES names none, it alone speaks then
TTS_CHECK = False  # True: a recogniser of English drops what does not sound like the word

# What is made up:
NOISE_MINUTES = 20.0  # of noise
ROOMS = 60  # impulse responses of rooms

# Who trains, who chooses, who tests; and how long a clip may be:
SPEAKER_LEVEL = 0  # the folder that is the speaker, 1 the outermost, -1 the innermost; 0 by names
SHARES = [0.7, 0.15, 0.15]  # of train, validation, test
GIVEN_SPLITS = ""  # a CSV with path and split; wins over drawn splits
MIN_SECONDS = 0.1  # length of a clip at least
MAX_SECONDS = 15.0  # length of a clip at most

# Where the run is kept, and what it may take:
# To go on with a run of the command line, name its folder here and in the other four notebooks too.
RUN_DIR = "auto"  # where this run is kept; auto is the platform's folder in paths.md
PREVIOUS = "auto"  # earlier runs to go on from, oldest first, with commas; auto: all attached
BUDGET_GB = 19.0  # GB the run's folder may hold; stops before the write that would cross it
WORKERS = 0  # processes; 0 for one a core
MWWKIT = ""  # what pip installs where mwwkit is missing; nothing: an attached wheel, else SOURCE

# What holds for the whole run:
SEED = 42  # of everything drawn in the whole run; same seed, same bytes
MAX_CLIP_FPR = 0.01  # share of other words' clips, near misses apart, that 03 to 05 let pass
INPUT_RULES = 3  # how folders are read and near misses found; 1, 2 as older versions did

# Another product, for a model of rooms; a wake word needs none of it:
PRODUCT = "clips"  # clips of a wake word; triples for a model of rooms; or both
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

# %% [markdown]
# ## Setup
#
# In a fresh Kaggle or Colab session this installs what is missing. Then it reads the parameters;
# what cannot work is told here, in one line.

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
from mwwkit.corpus import fates
from mwwkit.presets.parameters import resolve
from mwwkit.previews import clip_browser, clip_player, good_enough, guided_recorder, triple_player
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
# ## Record
#
# Twenty recordings of the word by people do more for the model than any setting does. Make them here,
# or upload a phone's files: you are told what to say next and whether level and noise were good, and
# each one is kept at once, in `recorded/` of the run, which 01 reads too. Yours are in the folder that
# `RECORDINGS` names? Then go on.

# %%
clips and guided_recorder.guide(run, clips.word)

# %% [markdown]
# ## Plan
#
# Before anything is made: what would be, or is there already, counted in *units*: some clips that are
# made and saved together, so that an interrupted run loses no more than one. Look at one thing before you go on: are
# your recordings counted? If not, `RECORDINGS` names the wrong folder. It stops here, not three
# hours in, where a folder is empty or the disk too small.
#
# Why machines speak: they stand in for what people said too little of, other words and, beside few
# recordings, the word too. They also say *near misses*, words that sound like yours, since a model that
# never heard them wakes to them. espeak-ng sounds like a machine; the voices of
# `TTS_ENGINES = ["kokoro", "espeak-ng"]`, which `mwwkit voices get kokoro` fetches first, are more
# like people's, and take a second a word. Who says the word says the others as often.

# %%
given

# %%
clips and acquire.plan(clips, run, limits)

# %% [markdown]
# Is it a good word? Its near misses, nearest first: strike out (`TTS_NOT_NEAR`) what people at home
# may say for it.

# %%
clips and acquire.advice(clips, run)

# %% [markdown]
# ## Run
#
# Every clip becomes 16 kHz mono, as the device hears. What cannot be used goes to `quarantine.jsonl`
# with its reason; nothing is deleted.

# %%
clips and ending.of(acquire.run, clips, run, limits)

# %% [markdown]
# ## Look
#
# Listen before you train: a word that is cut short, misread by a voice or buried in noise here
# spoils every figure later. Each picture is what the device hears: time runs to the right, pitch
# upwards.

# %%
ending.stopped or (clips and clip_player.clips(run))

# %% [markdown]
# All of it in one picture, and what to do about it:

# %%
ending.stopped or (clips and clip_browser.health(run))

# %% [markdown]
# And one by one. Leave out what is spoilt, call otherwise what is mislabelled, and say why: it is
# written to `decisions/clips.csv` in the run, which 02 and all after it go by. Nothing is deleted.

# %%
ending.stopped or (clips and clip_browser.browse(run))

# %% [markdown]
# ## Check
#
# ![Two ways to split: by file, and by speaker](attachment:splits.png)
#
# *Six people, twelve recordings of each, split in two ways.*
#
# **Why by speaker.** Some clips train, some choose weights and cutoff (the *validation* split), some
# test and are touched at the very end (the *test split*). A model that has heard ann knows ann: tested
# on her it looks better than a stranger will find it. So from six speakers on, nobody is in two splits.
# With fewer, each one's recordings go to all three as far as they reach (one recording is in one split),
# and every report says whether the model is tested on voices it knows.
#
# It raises if 02 could not work with what is on disk, or if a sound, or one of six speakers or more,
# is in two splits. The last table says what became of all that was given; its rows add up.

# %%
ending.stopped or (clips and acquire.check(run))

# %%
ending.stopped or (clips and fates.fates_of(run))

# %% [markdown]
# ## Good enough?

# %%
ending.stopped or (clips and good_enough.clips(run))

# %% [markdown]
# If that disappoints:
#
# | you read | then |
# |---|---|
# | no recordings by people, or few | make twenty or more, under Record above: near and far, quiet and loud, two speakers if you can; run this again |
# | too few to test on | more recordings; until then a figure moves by many points with each word |
# | tested on voices it knows | folders of six speakers or more: then strangers test it |
# | much was set aside | `quarantine.jsonl` has the reason for each file |
# | machines misread the word | spell it as it sounds: `TTS_SPELLINGS = ["oh kay computer"]` |

# %% [markdown]
# ## Next
#
# Then 02. On Kaggle: attach this notebook's output to it. Stopped early: attach it to this notebook
# itself and run it again.

# %% [markdown]
# ## Triples
#
# Not for a wake word. `PRODUCT` can ask for another product, for somebody else's training: 48 kHz
# examples of a messy recording, the room it shall sound like, and how it sounds there. The README
# has their format.

# %%
triples_config and triples.plan(triples_config, run, limits)

# %%
triples_config and triples.run(triples_config, run, limits)

# %%
triples_config and triple_player.triple(run, triples_config.bad_irs)

# %%
triples.check(run) if triples_config else triples.NOT_MADE
