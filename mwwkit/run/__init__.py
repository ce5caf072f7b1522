"""Where, when and how much: files, sessions and work that can be killed. Knows nothing of sound.

paths             every place that is read or written; paths.md as code
attached          earlier runs that are attached: found and put in order
files             files and folders appear whole or not at all
checkpoint        which units of a stage are done (not weights: those are in training/snapshots)
checkpoint_files  its files, and those of earlier runs
fresh_session     before the first stage: TensorFlow, GPU, extras, the state of a session before
kept              a copy of the run that outlives its session
session           when to stop: hours, disk budget, processes; what a full disk does
disk_budget       bytes left under a budget, counted before every write
parallel          one map over many processes
seeds             the only source of randomness: a seed and the names of what is made
config_base       settings that say beside each field what it may hold
errors            what mwwkit raises on purpose
typed_json        dataclasses to JSON and back, and the schema of it
progress_bars     tqdm as a widget or as text
profiling         where Python's time goes
quiet             C++ libraries kept quiet
spacing           evenly spaced indices
lazy_names        the names that a package offers, loaded when asked for
"""
