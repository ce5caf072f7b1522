"""The command line, behind `python -m mwwkit`: one module a command or family.

run           `run` and `demo`
tune          `tune`
sweep         `sweep`
check         `check`
score         `score`
report        `report`
verify        `verify`
voices_command  `voices`
advise        `advise`: a wake word looked at before any work
kaggle        `kaggle`: notebooks and wheels for Kaggle
measure       `shift`, `ablate` and `folds`
command       a command, and how the words after its name are read
options       options that several commands take
chain         the notebooks one after another, by papermill
watching      what a person sees of a notebook that runs
forecast      how long they will take
run_folder    where a run is kept and which preset it takes, where nobody says
preflight     every value tried before the first notebook starts
unchanged     whether a chain has nothing to do
list_parameters  `parameters`: what -p sets
given_folders whether the folders and tables that 01 is given are there
begun         whether what is in a run was made with them
tuning        the search over 03's settings
kaggle_kernels  what Kaggle wants of each notebook
wheelhouse    what its images lack, as wheels
search_space  what that search may vary
words_table   a table of wake words, one run a row
sweeping      their runs, one after another or several at once
sweep_child   one of them, which ends with the sweep
sweep_summary what came out of them
ablation      the same run with parts left out
folding       the runs of `folds --run`, and what they tell together
rehearse      `rehearse`
rehearsal     its sessions: killed, on a small disk, with read-only inputs
summary       what `make demo` ends with
"""
