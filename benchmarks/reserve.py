"""Half of the speakers of MWWKIT_PEOPLE, put aside for training: no table tests them.

    MWWKIT_PEOPLE=... python -m benchmarks.reserve     # writes reserved_people.csv, once

    test = [row for row in index(people).values() if not is_reserved(row.speaker)]

Drawn from a seed and the speakers' names, half of each source. The committed list decides, not
the draw: with other speakers in the folder another half would be drawn, so it is never made again.
"""

import csv
import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchmarks.folds import index
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing
from mwwkit.run.seeds import rng

LIST = Path(__file__).with_name("reserved_people.csv")
COLUMNS = ["source", "speaker"]
SEED = 1


def is_reserved(speaker: str) -> bool:
    """Whether somebody may be trained on, mined and pretrained on, and never tested.

    Raises WrongInput without a name: of a speaker who is not known nobody can say.
    """
    if not speaker:
        raise WrongInput("the speaker is not named; wanted one as the people's index.csv has it")
    return speaker in reserved()


@cache
def reserved(path: Path = LIST) -> frozenset[str]:
    """Everybody on the committed list."""
    with open(path, encoding="utf-8", newline="") as file:
        return frozenset(row["speaker"] for row in csv.DictReader(file))


def halved(sources: Mapping[str, str], seed: int = SEED) -> list[str]:
    """The half to reserve of speakers and their sources, in order of sources and names.

    Of a source with an odd number of speakers one less than half is taken, of the next such one
    more, so that all together differ from half by one at most.
    """
    of_source: dict[str, list[str]] = defaultdict(list)
    for speaker in sorted(sources):
        of_source[sources[speaker]].append(speaker)
    taken: list[str] = []
    n_seen = 0
    for source, speakers in sorted(of_source.items()):
        drawn = {name: rng(seed, "reserved", source, name).random() for name in speakers}
        n_seen += len(speakers)
        taken += sorted(sorted(speakers, key=drawn.__getitem__)[: n_seen // 2 - len(taken)])
    return taken


def sources_of(people: Path) -> dict[str, str]:
    """Each speaker's source. Raises WrongInput for one of two sources and for rows without any."""
    sources: dict[str, str] = {}
    for row in index(people).values():
        if not row.speaker or sources.setdefault(row.speaker, row.source) != row.source:
            raise WrongInput(
                f"{row.path} is of speaker {row.speaker!r} of {row.source}; wanted a speaker on "
                "every row, and each of one source"
            )
    return sources


def write(people: Path, path: Path = LIST) -> int:
    """Draw and write the list; how many it names. Raises WrongInput where there is one."""
    if path.exists():
        raise WrongInput(f"{path} is there and stays: nobody on it was ever tested")
    sources = sources_of(people)
    taken = halved(sources)
    with replacing(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows([sources[speaker], speaker] for speaker in taken)
    return len(taken)


def main() -> None:
    """Write the list, once."""
    named = os.environ.get("MWWKIT_PEOPLE")
    if not named:
        sys.exit("set MWWKIT_PEOPLE to the folder of people's words and speech, with its index.csv")
    try:
        print(f"{write(Path(named))} speakers reserved: {LIST.name}")
    except WrongInput as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
