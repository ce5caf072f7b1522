"""Where, when and how much: files, sessions and work that can be killed. Knows nothing of sound.

views             a run seen in part, through a folder of links
paths             every place that is read or written; paths.md as code
attached          earlier runs that are attached: found and put in order
files             files and folders appear whole or not at all
checkpoint        which units of a stage are done (not weights: those are in training/snapshots)
checkpoint_files  its files, and those of earlier runs
decisions         what a person decided about clips, cutoff and parameters; files of the run
settings          what belongs to a run and is said once: word, seed, targets, languages
fresh_session     before the first stage: TensorFlow, GPU, extras, the state of a session before
kept              a copy of the run that outlives its session
session           when to stop: hours, disk budget, processes; what a full disk does
ending            how a notebook ends at a limit, and the lines of the next session
links             addresses of a run's files, relative to the notebook that shows them
environment       variables that kernels started in a block inherit
lock              one writer a folder; who it is
comparison        whether a chain of runs holds what one long run does
disk_budget       bytes left under a budget, counted before every write
parallel          one map over many processes
seeds             the only source of randomness: a seed and the names of what is made
config_base       settings that say beside each field what it may hold
written           what a person wrote, read as the type that is wanted
errors            what mwwkit raises on purpose
typed_json        dataclasses to JSON and back, and the schema of it
shown             what plans, results and checks show: sentences and tables, as HTML and as text
quantities        amounts as people say them
progress_bars     one line that is replaced as work goes on
pace              how long work takes here, by what was measured
profiling         where Python's time goes
quiet             C++ libraries kept quiet
spacing           evenly spaced indices
lazy_names        the names that a package offers, loaded when asked for
"""
