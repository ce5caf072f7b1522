"""The command line, behind `python -m mwwkit`.

chain, preflight        the notebooks one after another; every value tried before the first
measuring, ablation     shift, ablate and folds; the same run with parts left out
tuning, search_space    the search over 03's settings, and what it may vary
summary                 what `make demo` ends with
"""
