"""What the five notebooks call: acquire, featurize, train, mine, export.

Each module has `Config`, `plan`, `run` and `check`; stages meet only on disk.
"""
