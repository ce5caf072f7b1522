"""Whether `mwwkit advise` foretells which words wake for nothing: a table and rank correlations.

    python -m benchmarks.advised

For each word: models of twenty recordings (trials `few` and `people20`) in `results/trials/` where
machines said nothing; what they woke on as shipped beside what the advice says of the word, by the
lexicon of English.
"""

from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks.tables import Result, results
from benchmarks.tally import pooled
from mwwkit.corpus.speech import READER
from mwwkit.corpus.word_advice import advise
from mwwkit.run.shown import Table

TRIALS = Path(__file__).parent / "results" / "trials"
SILENT = "TTS_POSITIVE=0"


def _counts(result: Result) -> bool:
    """Whether it is of twenty recordings beside which machines said nothing."""
    of_twenty = result.case.trial in ("few", "people20")
    return of_twenty and SILENT in result.case.changes


def main() -> None:
    """Print the table and how its columns go together."""
    counted: dict[str, list[tuple[float, float]]] = {}
    for result in filter(_counts, results(TRIALS)):
        tally = pooled([result.tally])
        speech, others = tally.streams["speech"], tally.clips["negatives/clean"]
        woke = speech.shipped / speech.hours, 100 * others.woke / others.of
        counted.setdefault(result.case.word, []).append(woke)
    rows = []
    for word, woke in sorted(counted.items()):
        facts = advise(word, READER, ["en"], [])
        measured = np.mean(woke, axis=0)
        rows.append((word, len(woke), *measured, facts["times an hour of talk"], facts["sounds"]))
    heads = ("word", "models", "events an hour", "other clips, %", "said an hour", "sounds")
    shown = [
        (word, str(n), f"{events:.1f}", f"{clips:.2f}", f"{said:.2f}", str(len(sounds)))
        for word, n, events, clips, said, sounds in rows
    ]
    print(Table(shown, heads))
    events, clips, said = (np.array([row[column] for row in rows]) for column in (2, 3, 4))
    for name, measured in (("events an hour", events), ("other clips", clips)):
        found = spearmanr(said, measured)
        print(f"said an hour against {name}: rank correlation {found.statistic:.2f}", end=" ")
        print(f"(p {found.pvalue:.2f}, {len(rows)} words)")


if __name__ == "__main__":
    main()
