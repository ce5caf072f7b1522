"""The command line, behind `python -m mwwkit`: one module a command or family.

run, tune, check, score, report, verify   the commands of these names
measure                 the commands that measure: shift, ablate, folds
command, options        a command and how its words are read; options that several take
chain, preflight        the notebooks one after another; every value tried before the first
tuning, search_space    the search over 03's settings, and what it may vary
ablation, summary       the same run with parts left out; what `make demo` ends with
"""
