"""Where the word is in every short clip of a run: found once, kept as a table.

    find_words(clips, run, workers=2)
    start_s, end_s = word_spans(run)["clips/clip/alexa/0001.wav"]

People's recordings of the wake word are compared with each other (`mwwkit.audio.alignment`); the
word is learned from those of the training split alone. Each other clip is looked at by itself:
what machines say has nothing around it, and other words are of many kinds.
"""

from functools import partial

import numpy as np

from mwwkit.audio.alignment import FEWEST, WordModel, hear, learn
from mwwkit.audio.endpoints import word_span
from mwwkit.audio.wav16 import Wav16, to_float
from mwwkit.corpus.clips import CATALOGUE, Clips, Kind, Label, Split
from mwwkit.run.files import read_json, sha256, write_json
from mwwkit.run.parallel import each, starting
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress

TABLE = "features/word_spans.json"
MOST_LEARNED = 300  # recordings to learn the word from, spread over all of them: 1 CPU second
BLOCK = 100  # clips that a process takes at once
# Loaded by processes as they start: what 02 calls in them next, and what that loads when called.
IN_WORKERS = ("mwwkit.corpus.endpoint_table", "mwwkit.scenes.shards", "scipy.signal", "soxr")


def word_spans(run: Run) -> dict[str, list[float]]:
    """Path -> start and end in seconds; empty where the words have not been looked for yet."""
    return (_table(run) or {"spans": {}})["spans"]


def words_compared(run: Run) -> int:
    """Number of recordings the word was learned from; 0 if each clip was searched by itself."""
    return (_table(run) or {}).get("compared", 0)


def find_words(clips: Clips, run: Run, workers: int) -> None:
    """Find the word in every short clip and keep the table, unless that is done.

    With fewer than `FEWEST` recordings by people to learn from, every clip is looked at by itself.
    """
    if _table(run):
        return
    everything = clips.of(kind=Kind.CLIP)
    people = [r for r in everything.of(label=Label.POSITIVE) if not r.is_synthetic]
    training = [record.path for record in people if record.split is Split.TRAIN]
    training = training[:: -(-len(training) // MOST_LEARNED) or 1]
    model = None
    with starting(workers, IN_WORKERS):
        if len(training) >= FEWEST:
            [model] = each(partial(_learned, run), [training], workers=1)
    spoken = {record.path for record in people}
    rest = [record.path for record in everything if record.path not in spoken]
    jobs = [(model, block) for block in _blocks(sorted(spoken))]
    jobs += [(None, block) for block in _blocks(rest)]
    all_spans: dict[str, list[float]] = {}
    done = each(partial(_spans, run), jobs, workers)
    for spans in progress(done, total=len(jobs), unit="block", desc="02 words"):
        all_spans |= spans
    table = {
        "catalogue": sha256(run.find(CATALOGUE)),
        "compared": len(training) if model else 0,
        "spans": all_spans,
    }
    write_json(run / TABLE, table)


def _table(run: Run) -> dict | None:
    """The table, if one was made from the present catalogue, else None."""
    catalogue = sha256(run.find(CATALOGUE))
    tables = map(read_json, run.all(TABLE))
    return next((table for table in tables if table["catalogue"] == catalogue), None)


def _blocks(paths: list[str]) -> list[list[str]]:
    return [paths[first : first + BLOCK] for first in range(0, len(paths), BLOCK)]


def _audio(run: Run, path: str) -> np.ndarray:
    return to_float(Wav16(run.find(path))[:])


def _learned(run: Run, paths: list[str]) -> WordModel | None:
    return learn([hear(_audio(run, path)) for path in paths])


def _spans(run: Run, job: tuple[WordModel | None, list[str]]) -> dict[str, list[float]]:
    model, paths = job
    spans = {}
    for path in paths:
        audio = _audio(run, path)
        span = model.align(hear(audio)) if model else word_span(audio)
        spans[path] = [round(span.start_s, 3), round(span.end_s, 3)]
    return spans
