"""Progress bars: a widget where a person watches a notebook, lines of text on the command line."""

import os

AS_TEXT = {"MWWKIT_PROGRESS": "text", "TQDM_MININTERVAL": "5"}  # `mwwkit.cli.chain` sets these

if os.environ.get("MWWKIT_PROGRESS") == AS_TEXT["MWWKIT_PROGRESS"]:
    from tqdm import tqdm
else:
    from tqdm.auto import tqdm

__all__ = ["AS_TEXT", "tqdm"]
