"""What the five notebooks call: acquire, featurize, train, mine, export; and triples.

Each has `Config`, `plan`, `run` and `check`; stages meet only on disk. `inputs` is what 02 hands
over to 03, 04 and 05, in the forms that training and evaluation need.
"""
